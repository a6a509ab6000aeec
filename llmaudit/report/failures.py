"""Tables about failures: hidden costs, what happened to the calls, rate-limit storms, and the cost of a good answer."""

from __future__ import annotations

from llmaudit.dependence.answers import CostRow
from llmaudit.dependence.hidden import HiddenRow
from llmaudit.findings.reliability import Reliability
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report.content import TOP, Bullets, Column, Kind, Table, Value
from llmaudit.report.wording import UNKNOWN, name, tier


def hidden(rows: list[HiddenRow]) -> tuple[Table, ...]:
    """Return failures that may have been charged unseen; nothing where there is none."""
    if not rows:
        return ()
    columns = (
        Column("Gateway", Kind.NAME),
        Column("Model", Kind.NAME),
        Column("Attempts without a token", Kind.COUNT),
        Column("If prompts were charged", Kind.MONEY),
        Column("If answers were too", Kind.MONEY),
    )
    note = (
        "Timeouts and cut-off answers that the log shows with 0 tokens. Providers often charge for them. The figures "
        "use the mean of comparable good answers: an estimate that no other figure includes. The provider's bill would "
        "settle it."
    )
    cells = tuple((row.gateway or "direct", row.model, row.attempts, row.prompt_usd, row.answer_usd) for row in rows)
    return (Table("Failures that may have been charged unseen", columns, cells, note=note),)


def fates(found: Reliability) -> tuple[Table, ...]:
    """Return what became of the calls behind failed attempts; nothing where nothing is known of them."""
    fates = found.fates
    if fates is None or not found.failed_attempts:
        return ()
    columns = (Column("What became of the call", Kind.TEXT), Column("Failed attempts", Kind.COUNT))
    rows: tuple[tuple[Value, ...], ...] = (
        ("answered later by the same seller", fates.answered_again),
        ("answered by another seller", fates.answered_elsewhere),
        ("never answered", fates.unanswered),
        ("never answered, through the caller's own fault", fates.refused),
        ("unknown: no call id", fates.unlinked),
    )
    sunk = f"{shown(fates.lost_usd)} was paid for attempts whose calls were never answered, where the log has amounts."
    rates = (
        f" {found.retries_ok:,} of {found.same_model_retries:,} retries at the same model and "
        f"{found.fallbacks_ok:,} of {counted(found.fallbacks, 'fallback')} were answered."
    )
    return (Table("Failed attempts and their calls", columns, rows, note=sunk + rates),)


def storms(found: Reliability) -> tuple[Table, ...]:
    """Return the storms of refusals, worst first; nothing where there is none."""
    if not found.storms:
        return ()
    columns = (
        Column("From (UTC)", Kind.TEXT),
        Column("Gateway", Kind.NAME),
        Column("Seller", Kind.NAME),
        Column("Minutes", Kind.COUNT),
        Column("Requests", Kind.COUNT),
        Column("Refused", Kind.COUNT),
        Column("Share refused", Kind.PERCENT),
        Column("Retries during it", Kind.COUNT),
        Column("Paid for them", Kind.MONEY),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            f"{storm.start:%Y-%m-%d %H:%M}",
            storm.gateway or "direct",
            storm.seller,
            storm.minutes,
            storm.requests,
            storm.rate_limited,
            storm.limited_pct,
            storm.retries,
            storm.retries_usd,
        )
        for storm in sorted(found.storms, key=lambda one: (-one.rate_limited, one.start))
    )
    note = f"A storm: {found.storm_rule}."
    return (Table("Rate-limit storms (429)", columns, rows, note=note),)


def costs(costs: list[CostRow]) -> Table:
    """Return what a request and what a good answer cost, by gateway, model and tier."""
    columns = (
        Column("Gateway", Kind.NAME),
        Column("Model", Kind.NAME),
        Column("Tier", Kind.TEXT),
        Column("Attempts", Kind.COUNT),
        Column("Good answers", Kind.COUNT),
        Column("Attempts per answer", Kind.FIGURE),
        Column("Spend", Kind.MONEY),
        Column("Per request", Kind.UNIT),
        Column("Per good answer", Kind.UNIT),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            row.gateway or "direct",
            row.model,
            tier(row.tier),
            row.requests,
            row.good,
            UNKNOWN if row.attempts_per_good is None else f"{row.attempts_per_good:.3f}",
            row.spend_usd,
            row.usd_per_request,
            row.usd_per_good,
        )
        for row in costs
    )
    return Table("Cost of a request and of a good answer", columns, rows, collapsed=True)


def inversions(found: Reliability) -> tuple[Bullets, ...]:
    """Return the models that are cheaper by request and more expensive by answer; nothing where there is none."""
    said = tuple(
        f"Tier {one.tier}: {_named(one.cheap_by_request)} costs less per request "
        f"({shown(one.cheap_by_request.usd_per_request, 5)} against {shown(one.cheap_by_answer.usd_per_request, 5)}) "
        f"and more per good answer ({shown(one.cheap_by_request.usd_per_good, 5)} against "
        f"{shown(one.cheap_by_answer.usd_per_good, 5)}) than {_named(one.cheap_by_answer)}."
        for one in found.inversions[:TOP]
    )
    return (Bullets("Cheaper per request, more expensive per answer", said),) if said else ()


def _named(row: CostRow) -> str:
    return f"{name(row.model)} through {name(row.gateway or 'no gateway')}"
