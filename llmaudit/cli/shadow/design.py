"""`llmaudit shadow design`: how many pairs, days and judgements a test on the user's own traffic needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, or_unanswered, table, warn
from llmaudit.cli.shadow.common import Alpha, Looks, Margin, Power, Unit, check_numbers, plain, tier_name
from llmaudit.errors import NotEnoughError
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.shadow.design import Design, TierDesign
    from llmaudit.store import Store

SCHEMA = "llmaudit/shadow-design/1"


def design(
    settings: Settings,
    margin: Margin = 0.02,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    share: Annotated[float, typer.Option("--share", help="Share of traffic that gets a shadow.")] = 0.1,
    days: Annotated[int, typer.Option("--days", help="Planned days of the test.")] = 7,
    looks: Looks = "daily",
    disagree: Annotated[
        float | None, typer.Option("--disagree", help="Share of pairs whose outcomes differ; assumed 0.2.")
    ] = None,
    correlation: Annotated[float, typer.Option("--correlation", help="Correlation of outcomes within a user.")] = 0.05,
    saving: Annotated[float, typer.Option("--saving", help="Say when a saving of this share becomes certain.")] = 0.3,
    unit: Unit = "auto",
) -> None:
    """Plan a shadow test from your own traffic.

    Gives pairs, days and judging budget by tier, the looks, and the power by day.
    """
    from llmaudit.shadow.design import Aims, Design, enough_units, plan_test
    from llmaudit.shadow.traffic import best_unit, tier_traffic

    check_numbers(
        margin=margin, alpha=alpha, power=power, share=share, days=days, disagree=disagree, correlation=correlation
    )
    check_numbers(saving=saving)
    with open_store(settings, read_only=True) as store:
        chosen = best_unit(store) if unit == "auto" else unit
        traffic = tier_traffic(store, catalog(settings), settings.period, chosen)
        seen = _seen_disagreement(store) if disagree is None else {one.tier: disagree for one in traffic}
    known = {"timezone": settings.timezone, "unit": chosen}
    with or_unanswered(settings, SCHEMA, Design.__struct_fields__, **known):
        _must_hold(traffic)
    aims = Aims(
        margin=margin,
        alpha=alpha,
        power=power,
        share=share,
        days=days,
        correlation=correlation,
        saving=saving,
        daily=looks == "daily",
    )
    found = plan_test(traffic, aims, seen)
    warnings = enough_units(found)
    document = {"schema": SCHEMA, **known, **plain(found)}
    answer(settings, document | {"warnings": warnings}, lambda: _show_design(settings, found))
    if not settings.json:
        warn(settings, warnings)


def _must_hold(traffic: Sequence[object]) -> None:
    if not traffic:
        raise NotEnoughError(
            "there are no good requests in the period to plan from",
            next_step="Ingest a month of logs first, or widen --since and --until.",
            slug="no-traffic",
        )


def _seen_disagreement(store: Store) -> dict[int | None, float]:
    """Return how often outcomes differed by tier in earlier tests of this database, where that is known."""
    rows = store.rows(
        "SELECT tier, avg(CASE WHEN primary_score <> shadow_score THEN 1.0 ELSE 0.0 END) FROM shadow_pairs "
        "WHERE primary_score IN (0, 1) AND shadow_score IN (0, 1) GROUP BY tier HAVING count(*) >= 100"
    )
    return {tier: max(float(share), 0.01) for tier, share in rows}


def _show_design(settings: Settings, found: Design) -> None:
    columns = ["tier", "requests/day", "pairs/day", "differ", "design effect", "pairs to judge", "days", "power, day 5"]
    columns += [f"power, day {found.planned_days}", "days for cost"]
    rows = [_tier_row(row) for row in found.tiers]
    table(settings, "What each tier needs", columns, rows)
    days = ("1", "3", "7", "14", "28", "56")
    curve = [[tier_name(row.tier), *(f"{row.curve[day]:.0%}" for day in days)] for row in found.tiers]
    table(settings, "Power by day, every pair judged", ["tier", *(f"day {day}" for day in days)], curve)
    line(
        f"Margin {found.margin * 100:g} points, level {found.alpha:g}, {found.share:.0%} sampled, {found.looks} looks."
    )
    line(f"Boundaries (z): {', '.join(f'{bound:.3f}' for bound in found.boundaries)}")
    line(f"Requests answered twice: {found.requests:,}. Pairs to judge in all: {found.judging_budget:,}.")
    line(f"Within five days: {found.five_day_claim}.")
    for text in found.assumed:
        line(f"Assumed: {text}.")


def _tier_row(row: TierDesign) -> list[Any]:
    return [
        tier_name(row.tier),
        f"{row.requests_per_day:,.0f}",
        f"{row.pairs_per_day:,.0f}",
        f"{row.disagreement:.0%}",
        f"{row.design_effect:.2f}",
        f"{row.judged_pairs:,}",
        row.days,
        f"{row.power_after_5_days:.0%}",
        f"{row.power:.0%}",
        row.cost_days,
    ]


def register(group: typer.Typer) -> None:
    """Add the command."""
    command(group, design, "design", "llmaudit shadow design --margin 0.02 --share 0.1")
