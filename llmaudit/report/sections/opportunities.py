"""Further savings: every lever that keeps the model, with its evidence and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from llmaudit.findings.opportunities import Opportunities, Opportunity, Reasoning
from llmaudit.levers.base import LeverRow
from llmaudit.money import ZERO, shown
from llmaudit.phrases import counted
from llmaudit.report import charts
from llmaudit.report.content import (
    Block,
    Bullets,
    Chart,
    Column,
    Command,
    Kind,
    Mark,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
    Value,
)
from llmaudit.report.wording import NO_DATA, between, count, headline, name, short_model, tier

FOUND = Mark("found", "bad")
POSSIBLE = Mark("possible", "open")
NOTHING = Mark("nothing found", "good")
UNKNOWN = Mark(NO_DATA, "none")


def build(found: Opportunities) -> SectionContent:
    """Return the levers side by side, then each one that found something, then what stays unknown."""
    return SectionContent(
        blocks=(
            Prose(_opening(found.levers)),
            *_chart(found.levers),
            _table(found.levers),
            *(_part(one) for one in found.levers if one.high_usd),
            *_rest(found.levers),
            *_reasoning(found.reasoning),
        ),
        source=(
            "Each lever is computed from sums over the requests it concerns, at the rates of their own minute, and "
            "scaled to what was billed. It never exceeds what those requests cost."
        ),
        caveat=found.caveat,
        commands=(Command("llmaudit report --format json", "every lever with its groups, to the picodollar"),),
    )


def _opening(levers: Sequence[Opportunity]) -> str:
    saving = [one for one in levers if one.usd]
    if not saving:
        return (
            f"None of {counted(len(levers), 'way')} to pay less for the same answers shows an expected saving. The "
            "table says which are possible, and for which the logs have no data."
        )
    best, ways = saving[0], counted(len(levers), "way")
    found = f"{len(saving):,} {'shows' if len(saving) == 1 else 'show'} an expected saving"
    return (
        f"Of {ways} to pay less for the same answers, {found}. The largest is {best.title.lower()}: {_amounts(best)}."
    )


def _chart(levers: Sequence[Opportunity]) -> tuple[Chart, ...]:
    kept = [one for one in levers if one.usd]
    if not kept:
        return ()
    names = [one.title for one in kept]
    figures = [shown(one.usd) for one in kept]
    bars = [_bar(i, one) for i, one in enumerate(kept)]
    spans = [(charts.position(one.low_usd), charts.position(one.high_usd)) for one in kept]
    drawn = charts.rows(names, figures, [charts.Series("expected, with low and high", "green", bars, spans=spans)])
    alt = "; ".join(f"{text}: {figure}" for text, figure in zip(names, figures, strict=True))
    return (Chart("What each lever would have saved on its own", drawn, f"Bar chart. {alt}."),)


def _bar(row: int, one: Opportunity) -> charts.Bar:
    bounds = f"low {shown(one.low_usd)}, high {shown(one.high_usd)}"
    return charts.Bar(row, charts.position(one.usd), charts.hover(one.title, f"expected {shown(one.usd)}", bounds))


def _table(levers: Sequence[Opportunity]) -> Table:
    return Table(
        "Levers, each on its own",
        (
            Column("Lever", Kind.TEXT),
            Column("Low", Kind.MONEY, adds=False),
            Column("Expected", Kind.MONEY, adds=False),
            Column("High", Kind.MONEY, adds=False),
            Column("Of spend", Kind.PERCENT),
            Column("Requests", Kind.COUNT, adds=False),
            Column("Status", Kind.MARK),
        ),
        tuple(_row(one) for one in levers),
        total=None,
        note="Expected is what the log shows; high is what it does not rule out.",
    )


def _row(one: Opportunity) -> tuple[Value, ...]:
    if one.usd is None:
        return (one.title, NO_DATA, NO_DATA, NO_DATA, NO_DATA, NO_DATA, UNKNOWN)
    return (one.title, one.low_usd, one.usd, one.high_usd, one.pct, one.requests, _status(one))


def _status(one: Opportunity) -> Mark:
    if one.usd:
        return FOUND
    return POSSIBLE if one.high_usd else NOTHING


def _part(one: Opportunity) -> Part:
    groups = [row for row in one.groups if row.saved_usd] or one.groups
    blocks: list[Block] = [
        Prose(f"{_amounts(one)}. {one.next_step}"),
        Bullets("What the logs show", tuple(one.evidence)),
        _groups(one, groups),
        Bullets("Assumptions", tuple(one.assumptions), collapsed=True),
    ]
    if one.missing:
        blocks.insert(2, Prose(f"Not covered: {one.missing}."))
    return Part(one.title, tuple(blocks), _status(one), collapsed=not one.usd)


def _amounts(one: Opportunity) -> str:
    low, high = one.low_usd or ZERO, one.high_usd or ZERO
    return f"{headline(one.usd)} expected" + (f" ({between(low, high)})" if low < high else "")


def _groups(one: Opportunity, groups: list[LeverRow]) -> Table:
    rows: list[tuple[Value, ...]] = [
        (
            row.gateway or "direct",
            short_model(row.model),
            tier(row.tier),
            row.feature,
            row.requests,
            row.saved_usd,
            row.high_usd,
        )
        for row in groups
    ]
    left = one.other_groups + len(one.groups) - len(groups)
    return Table(
        f"{one.title}, by group",
        (
            Column("Gateway", Kind.NAME),
            Column("Model", Kind.NAME),
            Column("Tier", Kind.TEXT),
            Column("Feature", Kind.NAME),
            Column("Requests", Kind.COUNT, adds=False),
            Column("Expected", Kind.MONEY, adds=False),
            Column("High", Kind.MONEY, adds=False),
        ),
        tuple(rows),
        total=None,
        collapsed=True,
        note=_left_out(left, one.other_usd),
    )


def _left_out(groups: int, usd: Decimal) -> str:
    return f"{counted(groups, 'more group')}, {shown(usd)} expected." if groups else ""


def _rest(levers: Sequence[Opportunity]) -> tuple[Bullets, ...]:
    rest = [one for one in levers if not one.high_usd]
    if not rest:
        return ()
    return (Bullets("Nothing found, or no data", tuple(_why(one) for one in rest)),)


def _why(one: Opportunity) -> str:
    facts = "; ".join([*one.evidence, *([f"not covered: {one.missing}"] if one.missing else [])])
    return f"{one.title}: {facts or 'none in the logs'}."


def _reasoning(found: Reasoning) -> tuple[Part, ...]:
    if not found.by_model:
        return ()
    tokens = sum(row.tokens for row in found.by_model)
    table = Table(
        "Reasoning on tiers 0 and 1, by model",
        (
            Column("Model", Kind.NAME),
            Column("Requests", Kind.COUNT),
            Column("Reasoning tokens", Kind.COUNT),
            Column("Cost", Kind.MONEY),
        ),
        tuple((name(row.model), row.requests, row.tokens, row.usd) for row in found.by_model),
    )
    text = (
        f"{count(tokens)} reasoning tokens on trivial and standard requests cost {headline(found.usd)}. That is an "
        "upper bound on what less reasoning could save. It is not a lever, since answers may change: test it as you "
        "would another model."
    )
    return (Part("Reasoning on simple requests", (Prose(text), table), Mark("unproven", "open")),)


SECTION = Section(52, "opportunities", "Money left on the table", "opportunities", build, of_money=True)
