"""`llmaudit check`: a log against its baseline and a budget, for CI."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import AssumeTime, Ended, chosen, command
from llmaudit.cli.output import notice, warn, while_read
from llmaudit.cli.reading import Reading, logs_or_database
from llmaudit.errors import Exit, UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.gate.budget import Budget, By
    from llmaudit.gate.check import Check, Prices
    from llmaudit.gate.model import Baseline

BY: tuple[By, ...] = ("feature", "case", "route", "template", "team", "model", "tier")
PRICES: tuple[Prices, ...] = ("frozen", "current")


@dataclass(frozen=True)
class Asked:
    """How a log is to be compared.

    Attributes:
        by: The grouping at whose mix the whole log is compared.
        prices: Costs per request at the baseline's prices, or as they are.
        case: What names a case; None takes the baseline's.
    """

    by: By
    prices: Prices
    case: str | None


def check(
    settings: Settings,
    paths: Annotated[list[str] | None, typer.Argument(help="Logs; without them, what is in the database.")] = None,
    baseline: Annotated[Path | None, typer.Option("--baseline", help="The file written by `baseline save`.")] = None,
    budget: Annotated[
        Path | None, typer.Option("--budget", help="The rules (YAML); by default, 5% more per request is allowed.")
    ] = None,
    format: Annotated[  # noqa: A002 -- the flag is named so
        str, typer.Option("--format", help="text, json, md, junit, github or sarif.")
    ] = "text",
    by: Annotated[str, typer.Option("--by", help=f"Compare by {', '.join(BY)}.")] = "feature",
    prices: Annotated[
        str, typer.Option("--prices", help="frozen: the baseline's prices; current: today's.")
    ] = "frozen",
    case: Annotated[
        str | None, typer.Option("--case", help="What names a case: tag:NAME or id:PATTERN (default: the baseline's).")
    ] = None,
    history: Annotated[
        Path | None, typer.Option("--history", help="A folder of baselines: show the trend and when it changed.")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Save the log as the new baseline afterwards, and end with 0.")
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Report only: end with 0 even if a rule fails.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the result here instead of printing it.")] = None,
    log_format: Annotated[str | None, typer.Option("--log-format", help="Format of every log.")] = None,
    column_map: Annotated[
        Path | None, typer.Option("--map", help="Column map (YAML) for logs in no known format.")
    ] = None,
    assume_time: AssumeTime = None,
) -> None:
    """Compare what a log costs with a baseline.

    Says what caused the difference, and fails if a budget is broken.

    Ends with 0 if every rule passed, 3 if one failed, 4 if there was not enough data to decide.
    """
    from llmaudit.gate.render import forms, render

    form = chosen("--format", "json" if settings.json else format, forms())
    asked = Asked(chosen("--by", by, BY), chosen("--prices", prices, PRICES), case)
    reading = Reading(paths or [], log_format, column_map, assume_time)
    if history is not None:
        _trend(settings, history, form, out, exit_zero=exit_zero)
        return
    if baseline is None:
        raise UsageError(
            "no --baseline was given",
            next_step="Write one with `llmaudit baseline save FILE`, or give a folder of them with --history.",
            slug="no-baseline-named",
        )
    found, new = _checked(settings, reading, baseline, budget, asked, update=update_baseline)
    if found is not None:
        _write(render(found, form), out)
        if form == "text":
            warn(settings, found.warnings)
    if new is not None:
        from llmaudit.cli.baseline import write_file
        from llmaudit.gate.file import to_json

        write_file(baseline, to_json(new))
        notice(settings, f"{printable(str(baseline))}: rewritten from {new.requests:,} requests")
        return
    if found is not None and found.verdict != "passed" and not exit_zero:
        raise Ended(Exit.GATE if found.verdict == "failed" else Exit.NOT_ENOUGH_DATA)


def _checked(
    settings: Settings,
    reading: Reading,
    file: Path,
    budget_file: Path | None,
    asked: Asked,
    *,
    update: bool,
) -> tuple[Check | None, Baseline | None]:
    """Return the check, and the log as a new baseline where one is wanted."""
    from llmaudit.gate.budget import default_budget, read_budget
    from llmaudit.gate.cases import checked_case
    from llmaudit.gate.file import read_baseline
    from llmaudit.gate.measure import measure

    case = None if asked.case is None else checked_case(asked.case)
    warnings: list[str] = []
    before = None if update and not file.exists() else read_baseline(file, warnings.append)
    rules = read_budget(budget_file) if budget_file else default_budget(asked.by)
    book = catalog(settings)
    with logs_or_database(settings, reading) as store:
        new = measure(store, book, settings.period, case=case) if update else None
        if before is None:
            return None, new
        after = measure(
            store,
            book,
            settings.period,
            like=before,
            groupings=_groupings(rules, asked.by),
            case=case,
            with_latency=bool(rules.latency_p50_ms or rules.latency_p95_ms),
        )
    return _compared(before, after, rules, book, asked, warnings), new


def _groupings(rules: Budget, by: str) -> list[str]:
    """Return the groupings whose moments some rule needs: each costs a pass over the requests."""
    from llmaudit.gate.budget import CostLimit

    wanted = {limit.by for _, limit in rules.limits() if isinstance(limit, CostLimit)}
    return [*dict.fromkeys(["all", *sorted({*wanted, "feature" if by == "case" else by} - {"all", "case"})])]


def _compared(
    before: Baseline, after: Baseline, rules: Budget, book: Catalog, asked: Asked, warnings: list[str]
) -> Check:
    from datetime import UTC, datetime

    from llmaudit.gate.check import check as compare

    classes = {}
    for model in {cell.model for cell in after.cells} | {cell.model for cell in before.cells}:
        offer = book.canonical(model)
        classes[model] = offer.sku.model_class if offer else None
    return compare(
        before,
        after,
        rules,
        today=datetime.now(tz=UTC).date(),
        prices=asked.prices,
        by="feature" if asked.by == "case" else asked.by,
        classes=classes,
        warnings=warnings,
    )


def _write(text: str, out: Path | None) -> None:
    """Print the result, or write it to a file: before the exit code is decided, so that CI keeps it when it stops."""
    if out is None:
        with while_read():
            sys.stdout.write(text)
        return
    from llmaudit.cli.baseline import write_file

    write_file(out, text)


def _trend(settings: Settings, folder: Path, form: str, out: Path | None, *, exit_zero: bool) -> None:
    """Report when the cost per request of a series of baselines changed."""
    from llmaudit.gate.trend import read_history, trend
    from llmaudit.jsonform import to_text

    if form not in {"text", "json"}:
        raise UsageError(
            f"--history cannot be written as {printable(form)}", next_step="Use text or json.", slug="no-such-choice"
        )
    warnings: list[str] = []
    found = trend(read_history(folder, warnings.append), warnings)
    lines = [found.headline, *(f"Before that: {one.text}" for one in reversed(found.changes[:-1]))]
    _write(to_text(found) if form == "json" else "\n".join(printable(one, 1000) for one in lines) + "\n", out)
    if form == "text":
        warn(settings, found.warnings)
    if found.verdict != "passed" and not exit_zero:
        raise Ended(Exit.GATE if found.verdict == "failed" else Exit.NOT_ENOUGH_DATA)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, check, "check", "llmaudit check run.jsonl --baseline llmaudit-baseline.json --budget budget.yaml")
