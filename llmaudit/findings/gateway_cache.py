"""What gateways answered from their own caches: the list cost of the calls that were never made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell, price
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.money import ZERO, total
from llmaudit.request import GATEWAY_CACHE
from llmaudit.summaries.spared import Spared


class SparedRow(msgspec.Struct, frozen=True, kw_only=True):
    """Answers from caches that share a gateway, model or feature.

    Attributes:
        name: Of the gateway, model or feature; None is not attributed.
        requests: Answers from a cache.
        answers: All good answers of that name, those among them.
        hit_pct: Of the good answers, those from a cache.
        avoided_usd: What the calls would have cost at list; None where the log does not say what any would have used.
        unknown_requests: Answers without counts or without a price; they are in no amount.
    """

    name: str | None
    requests: int
    answers: int
    hit_pct: float | None
    avoided_usd: Decimal | None
    unknown_requests: int


class GatewayCache(msgspec.Struct, frozen=True, kw_only=True):
    """What gateways answered from their own caches. Providers were not called: these requests have a list cost of 0.

    Attributes:
        requests: Answers from a cache.
        avoided_usd: What the calls would have cost at list, in no other figure; None where it is not known of any.
        avoided_low_usd: With the cheapest price that may apply where a condition is unknown.
        avoided_high_usd: With the highest.
        unknown_requests: Answers without counts of the stored answer, or without a price; they are in no amount.
        charged_usd: What the gateways charged for them; a part of the spend.
        by_gateway: The rows of each table add up to `requests` and `avoided_usd`.
        by_model: By model.
        by_feature: By feature.
    """

    requests: int
    avoided_usd: Decimal | None
    avoided_low_usd: Decimal | None
    avoided_high_usd: Decimal | None
    unknown_requests: int
    charged_usd: Decimal
    by_gateway: list[SparedRow]
    by_model: list[SparedRow]
    by_feature: list[SparedRow]
    caveat: str = (
        "Avoided is what the same tokens would have cost at list on that day if the gateway had called the provider. "
        "It was never spent, so it is part of neither spend nor any saving still to be had. Plans leave these answers "
        "alone. If you leave the gateway you lose its cache, and they become calls again."
    )


def find(evidence: Evidence) -> GatewayCache:
    """Return what the answers from gateways' caches would have cost; empty where no log shows one."""
    hits = [priced for priced in evidence.cells if priced.cell.usage_status == GATEWAY_CACHE]
    rows = evidence.rows(Spared)
    called = price((msgspec.structs.replace(row.cell, usage_status="reported") for row in rows), evidence.catalog)
    known = [priced for row, priced in zip(rows, called, strict=True) if row.is_counted and priced.list_usd is not None]
    good = [priced for priced in evidence.cells if priced.cell.status == "ok"]

    def by(key: Callable[[PricedCell], str | None]) -> list[SparedRow]:
        answers, avoided = dict(grouped(good, key)), dict(grouped(known, key))
        spared_rows = [
            _row(name, group_hits, answers[name], avoided.get(name, [])) for name, group_hits in grouped(hits, key)
        ]
        return sorted(spared_rows, key=_dearest_first)

    return GatewayCache(
        requests=requests(hits),
        avoided_usd=_sum(hits, [priced.list_usd for priced in known]),
        avoided_low_usd=_sum(hits, [priced.list_low_usd for priced in known]),
        avoided_high_usd=_sum(hits, [priced.list_high_usd for priced in known]),
        unknown_requests=requests(hits) - requests(known),
        charged_usd=spend(hits),
        by_gateway=by(lambda priced: priced.cell.gateway),
        by_model=by(lambda priced: priced.cell.model),
        by_feature=by(lambda priced: priced.cell.feature),
    )


def _dearest_first(row: SparedRow) -> tuple[Decimal, int, bool, str]:
    return -(row.avoided_usd or ZERO), -row.requests, row.name is None, row.name or ""


def _row(
    name: str | None, hits: Sequence[PricedCell], answers: Sequence[PricedCell], known: Sequence[PricedCell]
) -> SparedRow:
    return SparedRow(
        name=name,
        requests=requests(hits),
        answers=requests(answers),
        hit_pct=100 * requests(hits) / requests(answers) if answers else None,
        avoided_usd=_sum(hits, [one.list_usd for one in known]),
        unknown_requests=requests(hits) - requests(known),
    )


def _sum(hits: Sequence[PricedCell], amounts: Sequence[Decimal | None]) -> Decimal | None:
    """Return what is known of an amount, or None where nothing is; without any answer it is nothing."""
    return None if hits and not amounts else total(amount or ZERO for amount in amounts)
