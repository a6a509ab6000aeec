"""`llmaudit plan payback`: when the saving of a plan has paid for the switch, for three ways to get there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from llmaudit.cli.inputs import catalog, gathered
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, or_unanswered, table, warn
from llmaudit.errors import NotEnoughError, UsageError, printable
from llmaudit.money import parse_decimal, shown
from llmaudit.phrases import counted
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.cells import PricedCell
    from llmaudit.plans.payback import WayResult
    from llmaudit.plans.payback_file import Assumptions

SCHEMA = "llmaudit/plan-payback/1"
PARTS = ("plan", "days", "savings_a_month", "ways", "certified_only", "scenarios")
"""What the document holds of a saving; null where there is no traffic to save on."""


def payback(
    settings: Settings,
    plan: Annotated[str, typer.Option("--plan", help="Preset or plan file.")] = "tiered",
    assume: Annotated[
        Path | None, typer.Option("--assume", help="YAML file with every assumption (docs/optimize.md).")
    ] = None,
    engineer_week: Annotated[
        str | None, typer.Option("--engineer-week", help="US dollars for a week of one engineer.")
    ] = None,
    weeks: Annotated[str | None, typer.Option("--weeks", help="Weeks to build your own router.")] = None,
    fee_pct: Annotated[
        str | None, typer.Option("--fee-pct", help="Percent that the marked-up gateway adds.")
    ] = None,
    growth: Annotated[str | None, typer.Option("--growth", help="Growth of the traffic in percent per month.")] = None,
    price_drop: Annotated[str | None, typer.Option("--price-drop", help="Fall of prices in percent per year.")] = None,
    months: Annotated[int | None, typer.Option("--months", help="Months to look ahead.", min=1, max=600)] = None,
    days: Annotated[
        int | None, typer.Option("--days", help="Days that the log covers; by default from its first day to its last.",
                                 min=1)
    ] = None,
) -> None:  # fmt: skip
    """Show when a plan pays for the switch.

    Gives the break-even month, with a range, for three ways to get there: build a router, use a gateway that adds a
    percentage, or use one that adds nothing. Figures are one number, or low,expected,high.
    """
    from llmaudit.plans.payback import payback as find
    from llmaudit.plans.payback import savings_of, scenarios
    from llmaudit.plans.payback_file import check, load_assumptions

    known = _with_flags(load_assumptions(assume), engineer_week, weeks, fee_pct, growth, price_drop, months)
    check(known)
    prices = catalog(settings)
    stated = {"catalog_version": prices.version, "timezone": settings.timezone}
    with or_unanswered(settings, SCHEMA, PARTS, **stated, assumptions=known):
        evidence = gathered(settings, prices, [plan])
        (cost,) = evidence.plans
        span = days or _span(settings, evidence.cells)
    whole, certified = savings_of(cost, span), savings_of(cost, span, certified_only=True)
    found, proven = find(whole, known), find(certified, known)
    warnings = _warnings(span, settings, given=days is not None)
    document = {
        "schema": SCHEMA,
        **stated,
        "plan": cost.plan.name,
        "days": span,
        "savings_a_month": whole,
        "ways": found,
        "certified_only": {"savings_a_month": certified, "ways": proven},
        "scenarios": scenarios(whole, known),
        "assumptions": known,
        "warnings": warnings,
    }

    def people() -> None:
        _show(settings, f"{cost.plan.name}: everything it saves", whole["expected"].saving_usd, found)
        _show(settings, "Certified moves and what changes no answer", certified["expected"].saving_usd, proven)
        line(f"Every figure is an assumption that you can change: --assume FILE. Looked ahead: {known.months} months.")

    answer(settings, document, people)
    if not settings.json:
        warn(settings, warnings)


def _span(settings: Settings, cells: Sequence[PricedCell]) -> int:
    """Return the days of the period asked for, else from the first day of the traffic to its last."""
    since, until = settings.period.since, settings.period.until
    if since is not None and until is not None:
        return max(round((until - since) / timedelta(days=1)), 1)
    seen = [priced.cell.day for priced in cells if priced.cell.day is not None]
    if not seen:
        raise NotEnoughError(
            "no request in the period has a time, so the saving per month is unknown",
            next_step="Use --days to say how many days the log covers.",
            slug="no-span",
        )
    return (max(seen) - min(seen)).days + 1


def _warnings(span: int, settings: Settings, *, given: bool) -> list[str]:
    short = 14
    if given or span >= short or settings.period.since is not None:
        return []
    return [f"the log spans {counted(span, 'day')}: a month is made of it by multiplication"]


def _with_flags(
    known: Assumptions,
    engineer_week: str | None,
    weeks: str | None,
    fee_pct: str | None,
    growth: str | None,
    price_drop: str | None,
    months: int | None,
) -> Assumptions:
    """Return assumptions with what was said on the command line in place of them."""
    flags = {
        "engineer_week_usd": ("--engineer-week", engineer_week),
        "growth_pct_per_month": ("--growth", growth),
        "price_drop_pct_per_year": ("--price-drop", price_drop),
    }
    said = {name: _figure(flag, text) for name, (flag, text) in flags.items() if text is not None}
    ways = [
        msgspec.structs.replace(way, weeks=_figure("--weeks", weeks))
        if weeks is not None and way.name == "build"
        else msgspec.structs.replace(way, fee_pct=_figure("--fee-pct", fee_pct))
        if fee_pct is not None and way.name == "marked-up-gateway"
        else way
        for way in known.ways
    ]
    changed = msgspec.structs.replace(known, ways=ways, **said)
    return changed if months is None else msgspec.structs.replace(changed, months=months)


def _figure(flag: str, text: str) -> object:
    from llmaudit.plans.payback_file import Range

    try:
        parts = [parse_decimal(part.strip()) for part in text.split(",")]
    except ValueError:
        parts = []
    if len(parts) not in {1, 3}:
        raise UsageError(
            f"{flag} {printable(text)} is neither a number nor low,expected,high",
            next_step=f"Write {flag} 5, or {flag} 4,6,8.",
            slug="bad-number",
        )
    return parts[0] if len(parts) == 1 else Range(low=parts[0], expected=parts[1], high=parts[2])


def _show(settings: Settings, title: str, saving: Decimal, ways: Sequence[WayResult]) -> None:
    from llmaudit.report.sections.payback import month_of

    rows = [
        [
            way.title,
            shown(way.expected.one_time_usd, 0),
            shown(way.expected.first_month_usd, 0),
            month_of(way.expected),
            f"{month_of(way.best)} to {month_of(way.worst)}",
            "" if way.expected.after_12_usd is None else shown(way.expected.after_12_usd, 0),
            shown(way.expected.after_all_usd, 0),
        ]
        for way in ways
    ]
    heads = ["way", "one-time", "net, month 1", "pays back", "best to worst", "after a year", "at the end"]
    table(settings, f"{title}: {shown(saving)} a month", heads, rows, left=(0, 3, 4))


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, payback, "payback", "llmaudit plan payback --plan tiered --engineer-week 4000")
