"""What dependence on sellers and models costs, and how hard it would be to leave."""

from __future__ import annotations

from llmaudit.dependence.outages import Outage
from llmaudit.findings.lockin import LockIn
from llmaudit.phrases import counted
from llmaudit.report.content import (
    TOP,
    Block,
    Bullets,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Mark,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
    Value,
)
from llmaudit.report.wording import UNKNOWN, count, headline, name, percent, tier

UNPROVEN = Mark("unproven", "open")
CERTIFIED = Mark("certified", "good")
LEVELS = {"high": Mark("concentrated", "bad"), "moderate": Mark("moderate", "open"), "low": Mark("spread", "good")}


def build(found: LockIn) -> SectionContent:
    """Return what is forgone, outages and fallbacks, concentration, days to leave and leverage."""
    return SectionContent(
        blocks=(
            Prose(_lead(found), lead=True),
            _figures(found),
            Part("Arbitrage forgone", (*_cheaper(found), *_sold(found))),
            Part("Hours without a fallback", _outages(found)),
            Part("Concentration", (_concentration(found), _shares(found))),
            Part("What leaving would take", (_switches(found), Bullets("Assumed days", tuple(found.assumptions)))),
        ),
        source=(
            "Catalog list prices at each request's own time; good answers and failures by hour from the log; counts of "
            "features, templates and what they use."
        ),
        caveat=found.caveat,
        commands=(
            Command("llmaudit pricing show MODEL", "who else sells a model, and at what price"),
            Command("llmaudit checklist", "the gateway checklist, whose last question this answers"),
        ),
    )


def _lead(found: LockIn) -> str:
    said = (
        f"Staying with the current models and sellers cost {headline(found.forgone_usd)} more than the cheapest models "
        f"of the same class that serve the same tier here or are certified for it. Other sellers of the same "
        f"models would save {headline(found.seller_usd)}."
    )
    if not found.outage_hours:
        return said
    hours = (
        f"{counted(found.outage_hours, 'hour')} of outages, {found.hours_without_fallback or 'none'} without a fallback"
    )
    return f"{said} The logs show {hours}."


def _figures(found: LockIn) -> Figures:
    first = found.leverage[0] if found.leverage else None
    leaving = max(found.switches, key=lambda one: one.spend_usd, default=None)
    return Figures(
        (
            KeyFigure("Arbitrage forgone", headline(found.forgone_usd), _forgone(found), UNPROVEN),
            KeyFigure("Hours without a fallback", count(found.hours_without_fallback), _hours(found)),
            KeyFigure(
                "Leverage at renewal",
                percent(first.movable_pct) if first else UNKNOWN,
                f"of the {headline(first.spend_usd)} spent on {name(first.provider)} could go elsewhere in its class"
                if first
                else "none of the models used is in the catalog",
            ),
            KeyFigure(
                "Days to leave",
                f"{leaving.days_low:.0f} to {leaving.days_high:.0f}" if leaving else UNKNOWN,
                f"estimate for leaving {name(leaving.provider)}: {counted(leaving.features, 'feature')}"
                if leaving
                else "",
            ),
        )
    )


def _forgone(found: LockIn) -> str:
    return (
        f"{headline(found.seller_usd)} with the same models at other sellers, "
        f"{headline(found.model_usd)} with other models of the same class; the better of the two counts"
    )


def _hours(found: LockIn) -> str:
    if found.outage_hours is None:
        return "no requests have a time"
    unknown = f"; {found.hours_unknown:,} unknown" if found.hours_unknown else ""
    return f"of {counted(found.outage_hours, 'outage hour')}{unknown}"


def _cheaper(found: LockIn) -> tuple[Table, ...]:
    if not found.arbitrage:
        return ()
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            row.model,
            row.instead,
            tier(row.tier),
            row.good_answers,
            row.spend_usd,
            row.saving_usd,
            row.low_usd,
            row.high_usd,
            CERTIFIED if row.certified_usd == row.saving_usd else UNPROVEN,
        )
        for row in found.arbitrage
    )
    columns = (
        Column("Model", Kind.NAME),
        Column("Cheaper, same class", Kind.NAME),
        Column("Tier", Kind.TEXT),
        Column("Its good answers in the tier", Kind.COUNT, adds=False),
        Column("Cost now", Kind.MONEY),
        Column("Would save", Kind.MONEY),
        Column("At worst", Kind.MONEY, adds=False),
        Column("At best", Kind.MONEY, adds=False),
        Column("Status", Kind.MARK),
    )
    return (
        Table(
            "Cheaper models of the same class that serve the same tier in this log or are certified for it",
            columns,
            rows,
        ),
    )


def _sold(found: LockIn) -> tuple[Table, ...]:
    if not found.sold_elsewhere:
        return ()
    rows: list[tuple[Value, ...]] = []
    for row in found.sold_elsewhere:
        best = row.sellers[0] if row.sellers else None
        rows.append(
            (
                row.model,
                row.seller,
                row.list_usd,
                len(row.sellers),
                best.seller if best else "none",
                best.list_usd if best else "none",
                row.saving_usd,
                row.sure_usd,
            )
        )
    columns = (
        Column("Model", Kind.NAME),
        Column("Sold by", Kind.NAME),
        Column("List cost", Kind.MONEY),
        Column("Other sellers", Kind.COUNT, adds=False),
        Column("Cheapest of them", Kind.NAME),
        Column("List cost there", Kind.MONEY, adds=False),
        Column("Would save", Kind.MONEY),
        Column("In any region", Kind.MONEY),
    )
    note = (
        "Other sellers are providers, clouds and hosts with a price in the same units for everything the requests used."
    )
    return (Table("The same model at another seller, list against list", columns, tuple(rows), note=note),)


def _outages(found: LockIn) -> tuple[Block, ...]:
    rule = Bullets("What counts as an outage", (found.outage_rule[0].upper() + found.outage_rule[1:] + ".",))
    if not found.outages:
        figure = KeyFigure("Outage hours", count(found.outage_hours), _hours(found))
        return (Figures((figure,)), rule)
    columns = (
        Column("From (UTC)", Kind.TEXT),
        Column("Gateway and seller", Kind.TEXT),
        Column("Hours", Kind.COUNT),
        Column("No fallback", Kind.COUNT),
        Column("Attempts", Kind.COUNT),
        Column("Failed", Kind.COUNT),
        Column("Share", Kind.PERCENT),
        Column("Same seller later", Kind.COUNT),
        Column("Elsewhere", Kind.COUNT),
        Column("No answer", Kind.COUNT),
        Column("Paid for failures", Kind.MONEY),
        Column("Paid for repeats", Kind.MONEY),
    )
    rows = tuple(_outage(one) for one in sorted(found.outages, key=lambda one: (-one.failed, one.start)))
    unbilled = sum(one.repeats_unbilled for one in found.outages)
    note = (
        "In an hour without a fallback, no call was answered by another seller. Failed attempts are split by who "
        "answered their call in the end: the same seller later, another seller, or nobody."
    )
    if unbilled:
        note += f" {counted(unbilled, 'repeat')} {'has' if unbilled == 1 else 'have'} no amount in the log."
    return (Table("Outages, worst first", columns, rows, note=note), rule)


def _outage(one: Outage) -> tuple[Value, ...]:
    return (
        f"{one.start:%Y-%m-%d %H:%M}",
        f"{name(one.gateway or 'direct')}, {name(one.seller)}",
        one.hours,
        one.hours_without_fallback,
        one.requests,
        one.failed,
        one.failed_pct,
        one.answered_again,
        one.answered_elsewhere,
        one.abandoned,
        one.failed_usd,
        one.repeated_usd,
    )


def _concentration(found: LockIn) -> Table:
    titles = {"provider": "provider of the model", "seller": "seller", "gateway": "gateway", "model": "model"}
    columns = (
        Column("Spend by", Kind.TEXT),
        Column("Status", Kind.MARK),
        Column("Index", Kind.COUNT, adds=False),
        Column("Like this many equal ones", Kind.FIGURE),
        Column("Largest", Kind.NAME),
        Column("Its share", Kind.PERCENT),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            titles[one.by],
            LEVELS[one.level] if one.level else Mark("no data", "none"),
            one.index,
            UNKNOWN if one.equal_names is None else f"{one.equal_names:.1f}",
            one.shares[0].name if one.shares else None,
            one.shares[0].share_pct if one.shares else None,
        )
        for one in found.concentration
    )
    note = "Herfindahl-Hirschman index: 10,000 is a single name; above 1,800 is concentrated, above 1,000 moderate."
    return Table("How concentrated spend is", columns, rows, total=None, note=note)


def _shares(found: LockIn) -> Table:
    makers = next(one for one in found.concentration if one.by == "provider")
    columns = (Column("Provider", Kind.NAME), Column("Spend", Kind.MONEY), Column("Share", Kind.SHARE))
    known = [one for one in makers.shares if one.name or one.spend_usd]  # a maker that is not known cost what is not
    rows = tuple((one.name, one.spend_usd, one.share_pct) for one in known)
    return Table("Spend by provider", columns, rows)


def _switches(found: LockIn) -> Table:
    moves = {one.provider: one for one in found.leverage}
    columns = (
        Column("Provider", Kind.NAME),
        Column("Spend", Kind.MONEY, adds=False),
        Column("Could go elsewhere", Kind.PERCENT),
        Column("Features", Kind.COUNT, adds=False),
        Column("Served by others too", Kind.COUNT, adds=False),
        Column("Templates to tune", Kind.FIGURE),
        Column("Uses besides text", Kind.TEXT),
        Column("Days", Kind.TEXT),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            one.provider,
            one.spend_usd,
            moves[one.provider].movable_pct if one.provider in moves else None,
            one.features,
            one.tuned_features,
            f"{one.templates:,}" if one.templates_known or not one.templates else f"{one.templates:,}, assumed",
            ", ".join(f"{use} ({used:,})" for use, used in one.specific.items()) or "nothing",
            f"{_days(one.days)} ({_days(one.days_low)} to {_days(one.days_high)})",
        )
        for one in found.switches[:TOP]
    )
    note = "Working days one person needs to leave a provider entirely. In brackets: how many features use it."
    return Table("Days to leave, and leverage at a renewal", columns, rows, total=None, note=note)


def _days(days: float) -> str:
    """Return working days: an estimate of weeks has no quarters of a day."""
    return f"{days:g}" if days < 10 else f"{days:.0f}"  # noqa: PLR2004 -- two working weeks


SECTION = Section(45, "lockin", "What lock-in costs", "lockin", build, of_money=True)
