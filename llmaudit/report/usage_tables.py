"""Usage exports as tables and sentences: the same values in the report and on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from llmaudit.findings.usage import AtList, Billed, BillSide, DayUsage, Logged, ModelUsage, Row
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report.content import Column, Kind, Mark, Table, Tone, Value
from llmaudit.report.wording import between, headline, month, name, percent

VERDICTS: dict[str, tuple[str, Tone]] = {
    "agrees": ("agrees with list", "good"),
    "discounted": ("list less a discount", "good"),
    "not-told-apart": ("within the bounds", "open"),
    "below": ("below list", "good"),
    "above": ("above list", "bad"),
    "unpriced": ("no list price", "none"),
    "not-billed": ("not on the bill", "open"),
    "not-in-usage": ("not in the usage", "bad"),
}
NO_POINT = "only bounds"
YEAR = 366
UNTOLD = "models not told apart"

_AT_LIST = (
    Column("At list", Kind.MONEY),
    Column("Could be", Kind.TEXT),
    Column("Without a price", Kind.COUNT),
)


def overview(rows: list[Row]) -> Table:
    """Return usage exports by seller and month."""
    return Table(
        "Usage exports at list, by seller and month",
        (
            Column("Seller", Kind.NAME),
            Column("Month", Kind.TEXT),
            Column("Tokens", Kind.COUNT),
            *_AT_LIST,
            Column("On the bill", Kind.TEXT),
            Column("In the logs", Kind.TEXT),
        ),
        tuple(
            (
                row.seller,
                _month(row),
                row.tokens,
                *_at_list(row),
                "no bill" if row.bill is None else shown(row.bill.billed_usd),
                _coverage(row),
            )
            for row in rows
        ),
        total=_total(rows),
    )


def by_model(row: Row) -> Table:
    """Return a seller's usage by model."""
    return Table(
        f"{title_of(row)}: at list by model",
        (Column("Model", Kind.NAME), Column("Tokens", Kind.COUNT), *_AT_LIST),
        tuple((one.model or UNTOLD, sum(one.tokens.values()), *_at_list(one)) for one in row.by_model),
        total=_total(row.by_model),
    )


def by_day(row: Row) -> Table:
    """Return a seller's usage by day."""
    billed = any(one.billed_usd is not None for one in row.by_day)
    return Table(
        f"{title_of(row)}: at list by day",
        (
            Column("Day", Kind.TEXT),
            Column("Tokens", Kind.COUNT),
            *_AT_LIST,
            *((Column("Billed for usage", Kind.MONEY),) if billed else ()),
        ),
        tuple((day_of(one), one.tokens, *_at_list(one), *((one.billed_usd,) if billed else ())) for one in row.by_day),
        total=_total(row.by_day),
        limit=YEAR,
    )


def beside_bill(row: Row) -> tuple[Table, ...]:
    """Return the difference to the bill by model, and in all by cause."""
    if row.bill is None:
        return ()
    causes = Table(
        f"{title_of(row)}: billed minus usage at list, by cause",
        (Column("Cause", Kind.TEXT), Column("Billed minus list", Kind.MONEY)),
        tuple((cause.title, cause.usd) for cause in row.bill.causes),
    )
    return (*_beside_bill_by_model(row, row.bill), *((causes,) if causes.rows else ()))


def _beside_bill_by_model(row: Row, bill: BillSide) -> tuple[Table, ...]:
    models = [(one, one.bill) for one in row.by_model if one.bill is not None]
    if not models:
        return ()
    lines: list[tuple[Value, ...]] = [
        (one.model or UNTOLD, Mark(*VERDICTS[told.verdict]), *_beside(told), one.batch_and_tiers_usd)
        for one, told in models
    ]
    gone = Mark(*VERDICTS["not-in-usage"])
    lines += [(one.model, gone, one.billed_usd, None, None, None, None) for one in bill.billed_only]
    money = ("Billed", "Usage at list", "Billed minus list", "The bill's own discount", "Batch and tiers, in list")
    columns = (Column("Model", Kind.NAME), Column("Verdict", Kind.MARK), *(Column(one, Kind.MONEY) for one in money))
    caption = f"{title_of(row)}: billed against list by model, on days that both have"
    return (Table(caption, columns, tuple(lines), total=None),)


def _beside(told: Billed) -> tuple[Value, ...]:
    discount = "not stated" if told.discount_usd is None and told.billed_usd is not None else told.discount_usd
    return told.billed_usd, told.list_usd, told.difference_usd, discount


def beside_logs(row: Row) -> tuple[Table, ...]:
    """Return how much of the usage the logs have, by model."""
    if row.logs is None:
        return ()
    return (
        Table(
            f"{title_of(row)}: how much of it the logs have",
            (
                Column("Model", Kind.NAME),
                Column("Tokens", Kind.COUNT),
                Column("In the logs", Kind.COUNT),
                Column("Of tokens", Kind.PERCENT),
                Column("Of list cost", Kind.PERCENT),
                Column("List cost in no log", Kind.MONEY),
            ),
            tuple((one.model, *_covered(one, one.logs)) for one in row.by_model if one.logs is not None),
        ),
    )


def _covered(one: ModelUsage, logs: Logged) -> tuple[Value, ...]:
    tokens = sum(one.tokens.values())
    return tokens, logs.covered_tokens, logs.coverage_pct, logs.coverage_usd_pct, logs.missing_usd


def by_day_and_model(row: Row) -> Table:
    """Return a seller's usage by day and model."""
    return Table(
        f"{title_of(row)}: at list by day and model",
        (Column("Day", Kind.TEXT), Column("Model", Kind.NAME), Column("Tokens", Kind.COUNT), *_AT_LIST),
        tuple((day_of(one), one.model or UNTOLD, one.tokens, *_at_list(one)) for one in row.by_day_and_model),
        total=_total(row.by_day_and_model),
        limit=YEAR,
    )


def notes(row: Row) -> tuple[str, ...]:
    """Return what is open of a seller's usage and what closes it, what has no price, what is not added."""
    return (
        *(f"{doubt.text}. {doubt.next_step}" for doubt in row.doubts),
        *(
            f"{name(one.model or UNTOLD)}: {one.quantity:,} {one.kind.replace('_', ' ')} without a price ({one.reason})"
            for one in row.unpriced_usage
        ),
        *(
            f"{one.export}, {one.tells}: {counted(one.tokens, 'token') if one.tokens else 'pieces'} that tell the same"
            " usage, not added"
            for one in row.repeats
        ),
        *((f"in the logs and not in the export: {_names(row.logged_only)}",) if row.logged_only else ()),
        *(row.bill.notes if row.bill else ()),
    )


def said(row: Row) -> str:
    """Return one sentence on a seller's usage."""
    if row.low_usd is None or row.high_usd is None:
        cost = "without a list price"
    elif row.list_usd is None:
        cost = f"{between(row.low_usd, row.high_usd)} at list"
    else:
        bounds = _bounds(row)
        cost = f"{headline(row.list_usd)} at list" + (f" ({bounds})" if bounds else "")
    return f"{title_of(row)}: {cost} for {counted(row.tokens, 'token')} on {counted(row.days, 'day')}"


def _at_list(one: AtList) -> tuple[Value, ...]:
    point = NO_POINT if one.list_usd is None and one.low_usd is not None else one.list_usd
    return point, _bounds(one), one.unpriced


def _bounds(one: AtList) -> str:
    """Return what else it can cost; an end that is the list cost itself is not repeated, since sums round it apart."""
    if one.low_usd == one.high_usd:
        return ""
    if one.low_usd == one.list_usd:
        return f"up to {shown(one.high_usd)}"
    if one.high_usd == one.list_usd:
        return f"down to {shown(one.low_usd)}"
    return f"{shown(one.low_usd)} to {shown(one.high_usd)}"


def _total(parts: Iterable[AtList]) -> str | None:
    """Return the label of a row of sums; None where a part has only bounds, without which a sum would be too small."""
    return None if any(one.list_usd is None and one.low_usd is not None for one in parts) else "Total"


def _coverage(row: Row | ModelUsage) -> str:
    if row.logs is None:
        return "no log"
    tokens = f"{percent(row.logs.coverage_pct)} of tokens"
    return tokens if row.logs.coverage_usd_pct is None else f"{tokens}, {percent(row.logs.coverage_usd_pct)} of list"


def title_of(row: Row) -> str:
    """Return whose usage of which month a row is."""
    return f"{name(row.seller)}, {_month(row)}"


def _month(row: Row) -> str:
    return "without a time" if row.month is None else month(row.month)


def day_of(one: DayUsage) -> str:
    """Return the day of a part, for people."""
    return "without a time" if one.day is None else one.day.isoformat()


def _names(models: Iterable[str], most: int = 8) -> str:
    every = list(models)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(map(name, every[:most])) + more
