"""`llmaudit reprice`: what the same traffic would have cost under other plans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, notice, percent, table
from llmaudit.cli.work import catalog, open_store
from llmaudit.errors import UsageError
from llmaudit.money import shown
from llmaudit.settings import Settings


def reprice(
    settings: Settings,
    plan: Annotated[list[str] | None, typer.Option("--plan", help="Preset or plan file; repeatable.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="One row per request and plan (.parquet).")] = None,
) -> None:
    """Reprice every request under one or more plans; --out writes one row per request and plan."""
    from llmaudit.audit import DEFAULT_PLANS, gather
    from llmaudit.findings import savings, spend
    from llmaudit.parquetfile import write_parquet
    from llmaudit.plans.rows import plan_rows

    if out and out.suffix != ".parquet":
        raise UsageError(
            f"--out {out}: rows are written as Parquet", next_step="End the name in .parquet.", slug="not-parquet"
        )
    prices = catalog(settings)
    with open_store(settings, read_only=True) as store:
        evidence = gather(store, prices, plan or DEFAULT_PLANS, settings.period)
        if out:
            write_parquet(plan_rows(store, prices, evidence.plans, settings.period), out)
            notice(settings, f"rows written to {out}")
    spent, found = spend.find(evidence), savings.find(evidence)
    document = {
        "schema": "llmaudit/reprice/1",
        "catalog_version": prices.version,
        "timezone": settings.timezone,
        "actual": {
            "billed_usd": spent.billed_usd,
            "list_usd": spent.list_usd,
            "spend_usd": spent.spend_usd,
            "unpriced_requests": spent.unpriced_requests,
        },
        "plans": found.plans,
        "caveat": found.caveat,
    }
    answer(settings, document, lambda: _show(settings, found))


def _show(settings: Settings, found: object) -> None:
    from llmaudit.findings.savings import Savings

    assert isinstance(found, Savings)  # noqa: S101 -- narrows for the type checker; imported late for speed
    for plan in found.plans:
        rows = [
            [
                "unknown" if leg.tier is None else leg.tier,
                leg.kind,
                leg.model_before or "",
                leg.model or "",
                f"{leg.requests:,}",
                "" if leg.before_usd is None else shown(leg.before_usd),
                shown(leg.cost_usd),
            ]
            for leg in plan.legs
        ]
        band = f"{shown(plan.low_usd)} to {shown(plan.high_usd)}"
        title = f"{plan.name}: {shown(plan.cost_usd)} ({band}) instead of {shown(found.actual_usd)}"
        table(settings, title, ["tier", "", "from", "to", "requests", "now", "then"], rows, left=(0, 1, 2, 3))
        saved = f"{shown(plan.savings_usd)} ({percent(plan.savings_pct)})"
        line(
            f"  saves {saved} = unproven {shown(plan.unproven_usd)} + certified {shown(plan.certified_usd)}"
            f" + without another answer {shown(plan.no_risk_usd)} - verification {shown(plan.verification_usd)}"
        )
        for reason, count in plan.refused.items():
            line(f"  left in place: {count:,} requests, {reason}")
        for note in plan.assumptions:
            line(f"  assumed: {note}")
        line()
    line(found.caveat)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, reprice, "reprice", "llmaudit reprice --plan tiered --plan direct")
