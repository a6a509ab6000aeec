"""`llmaudit reconcile`: bills against logs, by seller and month."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import answer, bullets, line, shaped, table, warn
from llmaudit.errors import Exit, UsageError, printable
from llmaudit.period import Period
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.findings.reconcile import Reconcile, Row
    from llmaudit.findings.usage import Usage


DAYS_OF_BILLS = "UTC"
"""Sellers bill by UTC days, wherever the customer is; logs are grouped by the same days to be compared."""

CURRENCY = re.compile("[A-Z]{3}")
"""A code of ISO 4217, as bills have it."""

NO_BILL = (
    "There is no bill with an amount in the database for this period. Ingest the seller's cost export or invoice, "
    "or give the total: --official SELLER=AMOUNT."
)
NOTHING = f"{NO_BILL} A usage export would be shown at list price, but there is none either."


def reconcile(
    settings: Settings,
    official: Annotated[
        list[str] | None,
        typer.Option("--official", help="Invoice total, SELLER=AMOUNT in US dollars; repeatable."),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option("--rate", help="US dollars for one unit of a bill's currency, such as EUR=1.08; repeatable."),
    ] = None,
) -> None:
    """Compare bills with the logs, by seller and month.

    Shows coverage first (how much of a bill the logs have), then the difference by cause.

    Usage exports, which have tokens but no amounts, are shown at list price: by model and day, against the bill of the
    same seller and month, and with how much of them the logs have.

    --official takes the invoice's total for the period (--month). --rate converts bills in a currency for which they
    state no rate; a rate on the bill itself comes first.
    """
    from llmaudit.audit import gather
    from llmaudit.billing.lines import at_rates
    from llmaudit.findings import reconcile as finding
    from llmaudit.findings import usage

    prices = catalog(settings)
    totals, rates = _totals(official or [], prices), _rates(rate or [])
    with open_store(settings, read_only=True) as store:
        evidence = gather(store, prices, (), _in_days_of_bills(settings.period), only=())
    met = {line.currency for line in evidence.bills if not line.per_usd}
    evidence = replace(evidence, bills=at_rates(evidence.bills, rates))
    found, used = finding.find(evidence, totals), usage.find(evidence, totals)
    warnings = [
        *_strangers(totals, found, prices),
        *(f"--rate {name}: no bill of the period needs a rate for {name}" for name in rates if name not in met),
        *finding.foreign_amounts(found.rows),
        *([] if found.rows else [NO_BILL if used.rows else NOTHING]),
    ]
    document = {
        "schema": "llmaudit/reconcile/1",
        "catalog_version": prices.version,
        "timezone": DAYS_OF_BILLS,
        "rows": found.rows,
        "unbilled": found.unbilled,
        "caveat": found.caveat,
        "rates": {name: f"{value:f}" for name, value in rates.items()},
        "usage": used,
        "warnings": warnings,
    }
    answer(settings, document, lambda: _show(settings, found, used))
    if not settings.json:
        warn(settings, warnings[: len(warnings) - (not found.rows)])  # the last one stands in the answer
    if not found.rows and not used.rows:
        raise Ended(Exit.NOT_ENOUGH_DATA)


def _in_days_of_bills(period: Period) -> Period:
    """Return a period whose days are those of bills: a bound at midnight in the user's zone means that day in UTC."""

    def bound(moment: datetime | None) -> datetime | None:
        if moment is None:
            return None
        wall = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(period.timezone)).replace(tzinfo=None)
        return wall if wall.time() == time.min else moment

    return Period(bound(period.since), bound(period.until), DAYS_OF_BILLS, period.has_undated)


def _strangers(totals: dict[str, Decimal], found: Reconcile, prices: Catalog) -> list[str]:
    """Return a sentence on each invoice of a seller whom neither the catalog nor the logs know: a name misspelt."""
    met = {row.seller for row in found.rows if row.logged_usd} | {row.seller for row in found.unbilled}
    strangers = [seller for seller in totals if prices.seller_id(seller) is None and seller not in met]
    near = {seller: ", ".join(prices.nearest_sellers(seller)) for seller in strangers}
    return [
        f"--official {seller}: neither the logs nor the catalog have such a seller"
        + (f"; the nearest names are {near[seller]}" if near[seller] else "")
        for seller in strangers
    ]


def _show(settings: Settings, found: Reconcile, used: Usage) -> None:
    """Print bills against logs, each difference by cause, then usage exports at list price."""
    from llmaudit.money import shown
    from llmaudit.report.wording import month

    columns = ["seller", "month", "verdict", "billed", "logged", "list", "difference", "in the log"]
    rows = [
        [
            row.seller,
            month(row.month),
            row.verdict,
            shown(row.billed_usd),
            shown(row.logged_usd),
            shown(row.list_usd),
            shown(row.difference_usd),
            _coverage(row),
        ]
        for row in found.rows
    ]
    if rows:
        table(settings, "Bills against logs", columns, rows, left=(0, 1, 2))
    for row in found.rows:
        _explain(row)
    for other in found.unbilled:
        line(f"{other.seller} {month(other.month)}: {shown(other.logged_usd)} logged, but there is no bill for it")
    line(found.caveat if found.rows else NO_BILL if used.rows else NOTHING)
    _usage(settings, used)


def _coverage(row: Row) -> str:
    return "unknown" if row.coverage_pct is None else f"{row.coverage_pct:.1f}% by {row.coverage_by}"


def _explain(row: Row) -> None:
    """Print the parts of a row's difference, rounded so that they add up to it."""
    from llmaudit.findings.reconcile import foreign_of
    from llmaudit.money import share_out, shown
    from llmaudit.report.wording import month

    if not (row.causes or row.other_bills or row.other_amounts or row.notes):
        return
    line(f"{row.seller} {month(row.month)}, by {row.bill}:")
    for cause, usd in zip(row.causes, share_out([cause.usd for cause in row.causes]), strict=True):
        line(f"  {shown(usd):>14}  {cause.title}")
    for other in row.other_bills:
        line(f"  {shown(other.billed_usd):>14}  in {other.bill}, which lists the same charges: not added")
    if row.other_amounts:
        line(f"  {foreign_of([row])} without an exchange rate: in no sum")
    for note in row.notes:
        line(f"  {note}")


def _usage(settings: Settings, used: Usage) -> None:
    """Print usage exports at list, as the report has them."""
    if not used.rows:
        return
    from llmaudit.report import usage_tables

    line()
    shaped(settings, usage_tables.overview(used.rows))
    for row in used.rows:
        for shape in (
            usage_tables.by_model(row),
            *usage_tables.beside_bill(row),
            *usage_tables.beside_logs(row),
            usage_tables.by_day(row),
        ):
            shaped(settings, shape)
        bullets(usage_tables.notes(row))
    line(used.caveat)


def _totals(given: list[str], prices: Catalog) -> dict[str, Decimal]:
    """Read SELLER=AMOUNT.

    Raises:
        UsageError: No seller, no amount, a negative one, or a seller twice.
    """
    from llmaudit.formats.values import without_thousands
    from llmaudit.money import parse_decimal

    found: dict[str, Decimal] = {}
    for text in given:
        name, equals, written = text.partition("=")
        try:
            amount = parse_decimal(without_thousands(written.strip().removeprefix("$")))
        except ValueError:
            amount = Decimal(-1)
        if not name.strip() or not equals or amount < 0:
            raise UsageError(
                f"--official {printable(text)}: it must be a seller, `=` and an amount in US dollars",
                next_step="For instance --official openai=1234.56; put the seller's id from `llmaudit pricing list`.",
                slug="bad-official",
            )
        seller = prices.seller_id(name.strip()) or name.strip()
        if seller in found:
            raise UsageError(
                f"--official names {printable(seller)} twice", next_step="Add the amounts up.", slug="bad-official"
            )
        found[seller] = amount
    return found


def _rates(given: list[str]) -> dict[str, Decimal]:
    """Read CURRENCY=DOLLARS.

    Raises:
        UsageError: No code of three letters, US dollars themselves, no rate above 0, or a currency twice.
    """
    from llmaudit.money import parse_decimal

    found: dict[str, Decimal] = {}
    for text in given:
        name, _, written = text.partition("=")
        code = name.strip().upper()
        try:
            value = parse_decimal(written.strip())
        except ValueError:
            value = Decimal(0)
        if not CURRENCY.fullmatch(code) or code == "USD" or value <= 0:
            raise UsageError(
                f"--rate {printable(text)}: it must be a currency, `=` and the US dollars for one unit of it",
                next_step="For instance --rate EUR=1.08: one euro is 1.08 dollars.",
                slug="bad-rate",
            )
        if code in found:
            raise UsageError(
                f"--rate names {code} twice", next_step="Give one rate; --month cuts the period.", slug="bad-rate"
            )
        found[code] = value
    return found


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, reconcile, "reconcile", "llmaudit reconcile --month 2026-10 --official openai=1234.56")
