"""`llmaudit markup letter`: a page to send to a gateway; `markup rates`: a reseller's prices against the providers'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import typer

from llmaudit.cli.inputs import catalog, nothing_lies_in, open_store
from llmaudit.cli.output import answer, line, table
from llmaudit.errors import InputError, NotEnoughError, UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.findings.markup import GatewayRow, Markup
    from llmaudit.markup.ratecard import RateCard
    from llmaudit.period import Period
    from llmaudit.store import Store

FORMATS = {".html": "html", ".htm": "html", ".md": "md"}


class Found(NamedTuple):
    """What was found on gateways.

    Attributes:
        markup: The finding.
        notes: What a reader must know of it.
        empty: The error to end with where no request lies in the period.
    """

    markup: Markup
    notes: Sequence[str]
    empty: NotEnoughError | None


def found_markup(settings: Settings, prices: Catalog, gateway: str | None = None) -> Found:
    """Return what is found of the gateways in the database; one that is asked for by name is judged by itself."""
    from llmaudit.audit import gather_gateways
    from llmaudit.findings import markup as finding

    with open_store(settings, read_only=True) as store:
        evidence = gather_gateways(store, prices, settings.period, gateway)
        found = finding.find(evidence)
        gateways = [_with_ids(row, store) for row in found.gateways]
        empty = None if evidence.cells or _any_request(store, settings.period) else nothing_lies_in(settings.period)
        return Found(msgspec.structs.replace(found, gateways=gateways), evidence.notes, empty)


def _any_request(store: Store, period: Period) -> bool:
    """Say whether a request lies in a period; cells of gateways alone have none of those sent directly."""
    bounds = "($since IS NULL OR started_at >= $since) AND ($until IS NULL OR started_at < $until)"
    span = {"since": period.since, "until": period.until}
    return bool(store.rows(f"SELECT 1 FROM requests WHERE {bounds} LIMIT 1", span))


def _with_ids(row: GatewayRow, store: Store) -> GatewayRow:
    """Return a gateway whose sample requests have their ids: what an audit is made of has none."""
    known = {
        (file, line): request_id
        for file in {one.file for one in row.samples}
        for line, request_id in store.rows(
            "SELECT r.line, r.request_id FROM requests r JOIN sources s USING (source_id)"
            " WHERE s.path = $file AND r.line IN (SELECT unnest($lines))",
            {"file": file, "lines": [one.line for one in row.samples if one.file == file]},
        )
    }
    samples = [msgspec.structs.replace(one, request_id=known.get((one.file, one.line))) for one in row.samples]
    return msgspec.structs.replace(row, samples=samples)


def letter(
    settings: Settings,
    gateway: Annotated[str, typer.Argument(help="The gateway, as `llmaudit markup` names it.")],
    out: Annotated[Path, typer.Option("--out", help="File to write; it ends in .html or .md.")],
    page: Annotated[
        list[Path] | None, typer.Option("--page", help="Its saved pricing page, to compare what it says with the bill.")
    ] = None,
) -> None:
    """Write a page to send to one gateway.

    It has the claim, evidence, arithmetic, sample requests and the cost per year.

    It has ids of requests and no text of any.
    """
    from llmaudit.report.letter import render_letter
    from llmaudit.report.write import write

    form = FORMATS.get(out.suffix.lower())
    if form is None:
        raise UsageError(
            f"--out {printable(str(out))}: a letter is .html or .md",
            next_step="End it in .html or .md.",
            slug="no-such-report",
        )
    prices = catalog(settings)
    found, _, empty = found_markup(settings, prices, gateway)
    if empty:
        raise empty
    row = next((one for one in found.gateways if one.gateway == gateway), None)
    if row is None:
        known = ", ".join(one.gateway for one in found.gateways) or "none"
        raise InputError(
            f"no request went through a gateway {printable(gateway)}",
            next_step=f"Gateways in the database: {known}.",
            slug="no-such-gateway",
        )
    quotes = tuple(quote for one in page or [] for quote in _quotes(one, prices))
    write(out, render_letter(row, form, catalog_version=prices.version, quotes=quotes))
    document = {
        "schema": "llmaudit/markup-letter/1",
        "catalog_version": prices.version,
        "path": str(out),
        "gateway": row.gateway,
        "verdict": row.verdict,
        "overpaid_usd": row.overpaid_usd,
        "requests": row.requests,
    }
    answer(settings, document, lambda: line(f"letter to {printable(gateway)} written to {out}: {row.verdict}"))


def _quotes(path: Path, prices: Catalog) -> list[str]:
    from llmaudit.pages import audit_page

    found = audit_page(path, prices, on=None, today=datetime.now(UTC).date(), spend_usd=None)
    said = [f'line {one.line}, {one.kind}{" denied" if one.negated else ""}: "{one.quote}"' for one in found.findings]
    return [f"verdict on the page: {found.verdict}: {found.reason}", *said]


def rates(
    settings: Settings,
    sellers: Annotated[list[str], typer.Argument(help="Resellers in the catalog, such as aihubmix.")],
    on: Annotated[str | None, typer.Option("--date", help="Day to compare prices on, such as 2026-11-01.")] = None,
) -> None:
    """Compare a reseller's published prices with list.

    List is the providers' price on the same day. No log is needed.
    """
    from llmaudit.markup.ratecard import rate_card

    at = _noon(on)
    prices = catalog(settings)
    cards = []
    for seller in sellers:
        known = prices.seller_id(seller)
        if known is None:
            near = ", ".join(prices.nearest_sellers(seller)) or "none"
            raise InputError(
                f"the catalog has no seller {printable(seller)}",
                next_step=f"The nearest are: {near}.",
                slug="no-such-gateway",
            )
        cards.append(rate_card(known, prices, at))
    document = {
        "schema": "llmaudit/markup-rates/1",
        "catalog_version": prices.version,
        "at": at,
        "sellers": cards,
    }
    answer(settings, document, lambda: _show(settings, cards))


def _noon(text: str | None) -> datetime:
    """Return noon of a day (naive UTC): an ordinary hour for sellers that have more expensive ones."""
    try:
        day = datetime.fromisoformat(text).date() if text else datetime.now(UTC).date()
    except ValueError:
        raise UsageError(
            f"--date {printable(text or '')} is not a day", next_step="Write 2026-10-01.", slug="not-a-time"
        ) from None
    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 -- naive UTC, as prices are


def _show(settings: Settings, cards: list[RateCard]) -> None:
    for card in cards:
        line(f"{card.seller}: {card.verdict}: {card.why}")
        above = [one for one in card.compared if one.standing in {"above", "regional", "dated"}]
        if above:
            rows = [[one.model, one.standing, "" if one.ratio is None else f"{one.ratio:.4f}"] for one in above]
            table(settings, "Not at list", ["model", "standing", "times list"], rows, left=(0, 1))
