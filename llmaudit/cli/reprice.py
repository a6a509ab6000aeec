"""`llmaudit reprice`: what the same traffic would have cost under other plans."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.inputs import catalog, nothing_in, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, notice, percent, table
from llmaudit.cli.plan.files import share_of
from llmaudit.errors import UsageError
from llmaudit.money import ZERO, shown
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.findings.savings import PlanRow, Savings

LEAST_SHOWN = Decimal("0.005")
"""Parts of a plan that would show as no cent are counted instead of listed."""

MOST_SENTENCES = 3
"""Sentences of one kind of assumption; a plan over many models has dozens."""


def reprice(
    settings: Settings,
    plan: Annotated[list[str] | None, typer.Option("--plan", help="Preset or plan file; repeatable.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="One row per request and plan (.parquet).")] = None,
) -> None:
    """Reprice every request under one or more plans.

    --out writes one row per request and plan.
    """
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
        empty = nothing_in(evidence)
        if empty and not settings.json:
            raise empty
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
    if empty:
        raise empty


def _show(settings: Settings, found: Savings) -> None:
    for plan in found.plans:
        _legs(settings, plan, found.actual_usd)
        saved = f"{shown(plan.savings_usd)} ({percent(plan.savings_pct)})"
        line(
            f"  saves {saved} = unproven {shown(plan.unproven_usd)} + certified {shown(plan.certified_usd)}"
            f" + without changing an answer {shown(plan.no_risk_usd)} - verification {shown(plan.verification_usd)}"
        )
        if plan.cost_per_call_usd is not None and plan.cost_per_call_now_usd is not None:
            line(
                f"  a call with a good answer: {shown(plan.cost_per_call_usd, 6)}"
                f" instead of {shown(plan.cost_per_call_now_usd, 6)}"
            )
        for row in plan.refusals:
            line(f"  left in place: {share_of(row)}, {row.sentence}")
        for row in plan.doubts:
            line(f"  moved on trust: {share_of(row)}, {row.sentence}")
        for judged in plan.constraints:
            line(f"  {judged.verdict}: {judged.name} {judged.limit} ({judged.subject}: {judged.reason})")
        _assumptions(settings, plan)
        line()
    line(found.caveat)


def _legs(settings: Settings, plan: PlanRow, actual_usd: Decimal | None) -> None:
    large = [leg for leg in plan.legs if max(leg.cost_usd, leg.before_usd or leg.cost_usd) >= LEAST_SHOWN]
    large.sort(key=lambda leg: (-abs(leg.cost_usd - (leg.before_usd or ZERO)), -leg.cost_usd))
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
        for leg in large
    ]
    band = f"{shown(plan.low_usd)} to {shown(plan.high_usd)}"
    title = f"{plan.name}: {shown(plan.cost_usd)} ({band}) instead of {shown(actual_usd)}"
    table(settings, title, ["tier", "", "from", "to", "requests", "now", "then"], rows, left=(0, 1, 2, 3))
    if len(large) < len(plan.legs):
        line(f"  and {len(plan.legs) - len(large)} parts below half a cent; --json has them")


def _assumptions(settings: Settings, plan: PlanRow) -> None:
    """Print what each assumption is worth, with the first of its sentences, and what has no band."""
    if plan.assumption_table:
        rows = [
            [row.name, shown(row.low_usd), shown(row.high_usd), shown(row.worth_usd)] for row in plan.assumption_table
        ]
        table(settings, "Cost with one assumption at its ends", ["assumption", "low", "high", "worth"], rows, left=(0,))
    for row in plan.assumption_table:
        for said in row.details[:MOST_SENTENCES]:
            line(f"  assumed ({row.name}): {said}")
        if len(row.details) > MOST_SENTENCES:
            line(f"  assumed ({row.name}): and {len(row.details) - MOST_SENTENCES} more of the kind; --json has them")
    banded = {said for row in plan.assumption_table for said in row.details}
    for note in (note for note in plan.assumptions if note not in banded):
        line(f"  assumed: {note}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, reprice, "reprice", "llmaudit reprice --plan tiered --plan direct")
