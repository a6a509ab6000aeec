"""What the figures are based on: every record accounted for, and how much of the traffic could be priced."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.catalog.quote import usage_notes
from llmaudit.catalog.units import PRICED
from llmaudit.cells import PricedCell, price
from llmaudit.evidence import Evidence, LedgerRow, grouped, requests
from llmaudit.money import shown, total
from llmaudit.phrases import counted
from llmaudit.summaries.oversize import Oversize
from llmaudit.summaries.slices import Slice
from llmaudit.summaries.twice import Twice


class Unpriced(msgspec.Struct, frozen=True):
    """Requests of one model that have no list price, and why."""

    model: str
    reason: str
    requests: int
    input_tokens: int
    output_tokens: int


class TooLong(msgspec.Struct, frozen=True):
    """Requests of one model with more tokens than it can read or write in one call.

    Attributes:
        seller: Who sold them.
        model: The model.
        kind: What is too long: `output` or `prompt`.
        limit_tokens: The most that the catalog knows the model to take.
        requests: How many.
        tokens: Tokens of that kind in all of them.
        spend_usd: What they cost; None where nothing of it is known.
    """

    seller: str | None
    model: str
    kind: Literal["output", "prompt"]
    limit_tokens: int
    requests: int
    tokens: int
    spend_usd: Decimal | None


class ToldTwice(msgspec.Struct, frozen=True):
    """Calls that an agent's log events and its session files both tell of; ingest one of the two.

    Attributes:
        other: The format of the session files.
        model: The model.
        requests: How many calls are there twice.
        spend_usd: What they cost by the events, which is counted once too often; None where nothing of it is known.
    """

    other: str
    model: str
    requests: int
    spend_usd: Decimal | None


class Coverage(msgspec.Struct, frozen=True):
    """How far the audit sees.

    Attributes:
        lines: Records read; the sum of the next five.
        accepted: Requests.
        duplicates: Records of a request that was there already.
        ignored: Records that are no requests.
        rejected: Records that cannot be used.
        bills: Bill lines.
        conflicts: Duplicates that contradict what is there.
        reasons: Ignored and rejected records by reason.
        usage: Requests by where their token counts come from.
        priced_requests: Requests with a list cost.
        billed_requests: Requests with an amount in a log or bill.
        spend_known_pct: Share of requests whose cost is known.
        unpriced: Models without a price, or usage that cannot be priced.
        too_long: Requests above a limit of their model; they are in every total all the same.
        told_twice: Calls that log events and session files of coding agents both tell of; in every total twice.
        assumed: Sentences on prices that rest on an assumption, with the requests each touches.
        files: The ledger.
    """

    lines: int
    accepted: int
    duplicates: int
    ignored: int
    rejected: int
    bills: int
    conflicts: int
    reasons: dict[str, int]
    usage: dict[str, int]
    priced_requests: int
    billed_requests: int
    spend_known_pct: float | None
    unpriced: list[Unpriced]
    too_long: list[TooLong]
    told_twice: list[ToldTwice]
    assumed: dict[str, int]
    files: list[LedgerRow]


def twice_sentence(rows: Sequence[ToldTwice]) -> str | None:
    """Return what a reader must know of calls that are there twice; None where there are none."""
    if not rows:
        return None
    costs = [row.spend_usd for row in rows if row.spend_usd is not None]
    others = ", ".join(sorted({row.other for row in rows}))
    return (
        f"{counted(sum(row.requests for row in rows), 'call')} of coding agents told twice, by log events and by "
        f"session files ({others}): {shown(total(costs)) if costs else 'an unknown amount'} too much in every "
        "total; `llmaudit forget` one of the two"
    )


def find(evidence: Evidence) -> Coverage:
    """Return what became of every record, and how much of the traffic has a price."""
    cells = evidence.cells
    files = evidence.ledger
    reasons: dict[str, int] = {}
    for file in files:
        for reason, count in file.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    known = requests(priced for priced in cells if priced.spend_usd is not None)
    return Coverage(
        **{
            name: sum(getattr(file, name) for file in files)
            for name in ("lines", "accepted", "duplicates", "ignored", "rejected", "bills")
        },
        conflicts=evidence.conflicts,
        reasons=dict(sorted(reasons.items())),
        usage={status: requests(group) for status, group in grouped(cells, lambda priced: priced.cell.usage_status)},
        priced_requests=requests(priced for priced in cells if priced.list_usd is not None),
        billed_requests=requests(priced for priced in cells if priced.cell.billed_kind),
        spend_known_pct=round(100 * known / requests(cells), 2) if cells else None,
        unpriced=_unpriced(cells),
        too_long=_too_long(evidence),
        told_twice=_told_twice(evidence),
        assumed=_assumed(cells),
        files=files,
    )


def _unpriced(cells: list[PricedCell]) -> list[Unpriced]:
    without = [priced for priced in cells if priced.list_usd is None]
    rows = [
        Unpriced(
            model=model,
            reason=reason,
            requests=requests(group),
            input_tokens=sum(priced.cell.prompt_tokens for priced in group),
            output_tokens=sum(priced.cell.output_tokens for priced in group),
        )
        for (model, reason), group in grouped(without, lambda priced: (priced.cell.model, priced.why_unpriced))
    ]
    return sorted(rows, key=lambda row: (-row.requests, row.model))


def _too_long(evidence: Evidence) -> list[TooLong]:
    groups: dict[tuple[str | None, str, Literal["output", "prompt"], int], list[Oversize]] = {}
    for row in evidence.rows(Oversize):
        groups.setdefault((row.seller, row.model, row.kind, row.limit_tokens), []).append(row)
    found = [
        TooLong(
            seller=seller,
            model=model,
            kind=kind,
            limit_tokens=limit,
            requests=sum(row.requests for row in rows),
            tokens=sum(row.tokens[-1] if kind == "output" else sum(row.tokens[:-1]) for row in rows),
            spend_usd=_spent(evidence, rows),
        )
        for (seller, model, kind, limit), rows in groups.items()
    ]
    return sorted(found, key=lambda row: (-row.requests, row.model, row.kind, row.seller or ""))


def _told_twice(evidence: Evidence) -> list[ToldTwice]:
    groups: dict[tuple[str, str], list[Twice]] = {}
    for row in evidence.rows(Twice):
        groups.setdefault((row.other, row.model), []).append(row)
    found = [
        ToldTwice(other, model, sum(row.requests for row in rows), _spent(evidence, rows))
        for (other, model), rows in groups.items()
    ]
    return sorted(found, key=lambda row: (-row.requests, row.model, row.other))


def _spent(evidence: Evidence, rows: Sequence[Slice]) -> Decimal | None:
    """Return what slices cost, as far as that is known."""
    costs = [one.spend_usd for one in price([row.cell for row in rows], evidence.catalog)]
    known = [cost for cost in costs if cost is not None]
    return total(known) if known else None


def _assumed(cells: list[PricedCell]) -> dict[str, int]:
    touched: dict[str, int] = {}
    for priced in cells:
        tokens = dict(zip(PRICED, priced.cell.quantities, strict=True))
        for note in usage_notes(priced.rates, tokens) if priced.rates else ():
            touched[note] = touched.get(note, 0) + priced.cell.requests
    return dict(sorted(touched.items(), key=lambda item: -item[1]))
