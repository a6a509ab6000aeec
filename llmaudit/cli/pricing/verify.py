"""`llmaudit pricing verify`: whether the catalog is complete, plausible and up to date."""

from __future__ import annotations

from typing import Any

from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import Ended
from llmaudit.cli.output import answer, line
from llmaudit.cli.pricing.common import At, moment
from llmaudit.errors import Exit, InputError, printable
from llmaudit.settings import Settings

SHOWN = 20


def verify(settings: Settings, at: At = None) -> None:
    """Check the catalog, your own files included.

    Looks for gaps, overlaps, expired promises, and wrong units, scales and sources.

    Ends with exit code 3 where a check fails.
    """
    from llmaudit.catalog.verify import verify as run_checks

    today = moment(at)
    try:
        prices = catalog(settings)
    except InputError as error:
        checks: list[dict[str, Any]] = [
            {"name": "files", "about": "Every file can be read.", "passed": False, "problems": [_unreadable(error)]}
        ]
        version = None
    else:
        version = prices.version
        checks = [
            {
                "name": check.name,
                "about": check.about,
                "passed": check.passed,
                "problems": [{"seller": p.seller or None, "sku": p.sku, "what": p.what} for p in check.problems],
            }
            for check in run_checks(prices, today)
        ]
    passed = all(check["passed"] for check in checks)
    document = {
        "schema": "llmaudit/pricing-verify/1",
        "catalog_version": version,
        "at": today,
        "ok": passed,
        "checks": checks,
    }
    answer(settings, document, lambda: _show(checks))
    if not passed:
        raise Ended(Exit.GATE)


def _unreadable(error: InputError) -> dict[str, str | None]:
    return {"seller": None, "sku": None, "what": error.what}


def _show(checks: list[dict[str, Any]]) -> None:
    for check in checks:
        problems = check["problems"]
        line(f"{'ok    ' if check['passed'] else 'FAILED'} {check['name']:10} {check['about']}")
        for problem in problems[:SHOWN]:
            where = " ".join(printable(part) for part in (problem["seller"], problem["sku"]) if part)
            line(f"         {where}{': ' if where else ''}{printable(problem['what'], 500)}")
        if len(problems) > SHOWN:
            line(f"         and {len(problems) - SHOWN:,} more (--json has them all)")
