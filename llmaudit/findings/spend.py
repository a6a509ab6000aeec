"""Where the money goes: what was spent, on which models, through whom, for what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.money import ZERO, percent, total
from llmaudit.request import COUNTERS


class Slice(msgspec.Struct, frozen=True):
    """One row of a breakdown.

    Attributes:
        name: What the row is about; None where the log does not say (unattributed).
        requests: Upstream calls.
        spend_usd: Billed where a log says so, else list; None where nothing is known but failures that cost nothing.
        share_pct: Of the whole spend.
        cost_per_request_usd: Spend over the requests whose cost is known.
        unpriced_requests: Requests whose cost is not known.
    """

    name: str | None
    requests: int
    spend_usd: Decimal | None
    share_pct: float | None
    cost_per_request_usd: Decimal | None
    unpriced_requests: int


class Tokens(msgspec.Struct, frozen=True):
    """Sums of the disjoint counters; reasoning is a part of output."""

    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    cache_write_other: int
    output: int
    reasoning: int


class Spend(msgspec.Struct, frozen=True):
    """What was spent.

    Attributes:
        spend_usd: Everything whose cost is known: `billed_usd` + `list_only_usd`. Measured and estimated tokens.
        billed_usd: What logs or bills say was charged.
        billed_estimate_usd: The part of `billed_usd` that the logging tool worked out from list prices itself.
        list_usd: Tokens x list price, over all priced requests, billed or not.
        list_only_usd: List cost of the requests that no log or bill has an amount for.
        list_low_usd: `list_usd` with the cheapest price that may apply where a condition is unknown.
        list_high_usd: `list_usd` at the highest price that may apply where a condition is unknown.
        estimated_usd: The part of `spend_usd` that rests on tokens counted offline.
        assumed_time_usd: The part of `spend_usd` of requests without a time, priced as of one that was assumed.
        assumed_time_requests: How many those are.
        requests: Upstream calls, failed ones included.
        calls: Calls of the application.
        unpriced_requests: Requests whose cost is not known.
        first_day: Day of the first request, UTC.
        last_day: Day of the last.
        tokens: Sums over every request whose usage is reported or estimated.
    """

    spend_usd: Decimal
    billed_usd: Decimal
    billed_estimate_usd: Decimal
    list_usd: Decimal
    list_only_usd: Decimal
    list_low_usd: Decimal
    list_high_usd: Decimal
    estimated_usd: Decimal
    assumed_time_usd: Decimal
    assumed_time_requests: int
    requests: int
    calls: int
    unpriced_requests: int
    first_day: date | None
    last_day: date | None
    tokens: Tokens

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the cost: without it every amount is an empty sum, which is no 0."""
        return bool(self.spend_usd) or not self.unpriced_requests

    by_model: list[Slice]
    by_gateway: list[Slice]
    by_seller: list[Slice]
    by_feature: list[Slice]
    by_team: list[Slice]
    by_day: list[Slice]


def find(evidence: Evidence) -> Spend:
    """Return what was spent, and its breakdowns; each breakdown adds up to the whole."""
    cells = evidence.cells
    whole = spend(cells)
    assumed = [priced for priced in cells if priced.cell.slot_by == "assumed"]
    days = [priced.cell.day for priced in cells if priced.cell.day]

    def by(key: Callable[[PricedCell], str | None]) -> list[Slice]:
        return [_slice(name, group, whole) for name, group in grouped(cells, key)]

    return Spend(
        spend_usd=whole,
        billed_usd=total(priced.cell.billed_usd or Decimal(0) for priced in cells),
        billed_estimate_usd=total(
            priced.cell.billed_usd or ZERO for priced in cells if priced.cell.billed_kind == "list_estimate"
        ),
        list_usd=total(priced.list_usd for priced in cells if priced.list_usd is not None),
        list_only_usd=spend(priced for priced in cells if not priced.cell.billed_kind),
        list_low_usd=total(priced.list_low_usd for priced in cells if priced.list_low_usd is not None),
        list_high_usd=total(priced.list_high_usd for priced in cells if priced.list_high_usd is not None),
        estimated_usd=spend(priced for priced in cells if priced.cell.usage_status == "estimated"),
        assumed_time_usd=spend(assumed),
        assumed_time_requests=requests(assumed),
        requests=requests(cells),
        calls=sum(priced.cell.calls for priced in cells),
        unpriced_requests=requests(priced for priced in cells if priced.spend_usd is None),
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        tokens=_tokens(cells),
        by_model=by(lambda priced: priced.cell.model),
        by_gateway=by(lambda priced: priced.cell.gateway or "direct"),
        by_seller=by(lambda priced: priced.cell.seller),
        by_feature=by(lambda priced: priced.cell.feature),
        by_team=by(lambda priced: priced.cell.team),
        by_day=sorted(
            by(lambda priced: priced.cell.day.isoformat() if priced.cell.day else None), key=lambda row: row.name or ""
        ),
    )


def _slice(name: str | None, group: list[PricedCell], whole: Decimal) -> Slice:
    known = [priced for priced in group if priced.spend_usd is not None]
    counted = requests(known)
    amount = spend(known) or (ZERO if counted == requests(group) else None)
    return Slice(
        name=name,
        requests=requests(group),
        spend_usd=amount,
        share_pct=percent(amount, whole),
        cost_per_request_usd=amount / counted if amount is not None and counted else None,
        unpriced_requests=requests(group) - counted,
    )


def _tokens(cells: list[PricedCell]) -> Tokens:
    sums = {name.removesuffix("_tokens"): sum(p.cell.tokens[i] for p in cells) for i, name in enumerate(COUNTERS)}
    return Tokens(**sums, reasoning=sum(priced.cell.reasoning_tokens or 0 for priced in cells))
