"""What failures cost: failed attempts that were paid for, attempts that were repeated, calls that got no answer."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.dependence.answers import CostRow, Inversion, costs, inversions
from llmaudit.dependence.hidden import HiddenRow, hidden
from llmaudit.dependence.storms import RULE, Storm, storms
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.histogram import quantile_ms
from llmaudit.money import total
from llmaudit.summaries.hours import HourRow
from llmaudit.summaries.latency import LatencyBucket
from llmaudit.summaries.rate_limits import LimitedMinute


class RouteRow(msgspec.Struct, frozen=True):
    """Failures of one gateway and seller."""

    gateway: str
    seller: str | None
    requests: int
    failed: int
    failed_pct: float
    by_class: dict[str, int]
    failed_usd: Decimal
    repeated: int
    repeated_usd: Decimal


class LatencyRow(msgspec.Struct, frozen=True):
    """Latency of good answers of one gateway and model, in milliseconds, within 5% (log histogram)."""

    gateway: str | None
    model: str
    measure: str
    requests: int
    p50_ms: int
    p95_ms: int


class Fates(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the calls behind failed attempts.

    Attributes:
        answered_again: Failed attempts whose call the same seller answered later.
        answered_elsewhere: Failed attempts whose call another seller answered.
        unanswered: Failed attempts after which nobody answered.
        refused: The same by the caller's own doing: a bad request, a content filter.
        unlinked: Failed attempts without a call id: nobody can tell. The five add up to the failed attempts.
        lost_usd: Sunk: amounts of failed attempts after which nobody answered, as far as the log links them.
        lost_unbilled: Of those attempts, how many have tokens and no amount; their cost is in no figure here.
    """

    answered_again: int
    answered_elsewhere: int
    unanswered: int
    refused: int
    unlinked: int
    lost_usd: Decimal
    lost_unbilled: int


class Reliability(msgspec.Struct, frozen=True):
    """What failures cost.

    Attributes:
        calls: What the application asked for.
        abandoned_calls: Calls whose last attempt failed.
        failed_attempts: Requests that failed.
        failed_pct: Of all requests.
        by_class: Failed requests by class.
        failed_billed_attempts: Failed requests that cost something all the same.
        failed_usd: What failed requests cost.
        failed_list_usd: The same at list price.
        repeated_attempts: Requests made because the one before had failed.
        same_model_retries: Of those, at the same model and seller again.
        fallbacks: Of those, at another model or seller.
        repeated_usd: What they cost.
        repeated_list_usd: The same at list price.
        cancelled_attempts: Requests the caller cut off.
        cancelled_usd: What those cost.
        routes: By gateway and seller.
        latency: By gateway and model.
        failed_tokens: Input and output tokens of failed requests, as far as their logs say.
        repeated_tokens: The same of repeated ones.
        retries_ok: Retries that were answered.
        fallbacks_ok: Fallbacks that were answered.
        fates: What became of failed attempts' calls; None where the evidence has no hours.
        storms: Storms of refusals for too many requests; empty where there is none.
        storm_rule: What counts as one.
        costs: Cost by request and by good answer, by tier, gateway and model.
        inversions: Pairs of models that change places between the two.
        hidden: Failures that a log shows without a token.
    """

    calls: int
    abandoned_calls: int
    failed_attempts: int
    failed_pct: float | None
    by_class: dict[str, int]
    failed_billed_attempts: int
    failed_usd: Decimal
    failed_list_usd: Decimal
    repeated_attempts: int
    same_model_retries: int
    fallbacks: int
    repeated_usd: Decimal
    repeated_list_usd: Decimal
    cancelled_attempts: int
    cancelled_usd: Decimal
    routes: list[RouteRow]
    latency: list[LatencyRow]
    failed_tokens: int
    repeated_tokens: int
    retries_ok: int
    fallbacks_ok: int
    fates: Fates | None
    storms: list[Storm]
    costs: list[CostRow]
    inversions: list[Inversion]
    hidden: list[HiddenRow]
    storm_rule: str = RULE
    caveat: str = (
        "A failed attempt is costed from the amount or the usage in its log. A gateway that logs failures with 0 "
        "tokens hides what the provider charged for them: that part is unknown, not zero."
    )


def find(evidence: Evidence) -> Reliability:
    """Return the number and the cost of failed and repeated attempts, and latency by route."""
    cells = evidence.cells
    failed = [priced for priced in cells if priced.cell.status == "error"]
    repeated = [priced for priced in cells if priced.cell.attempt_kind != "first"]
    cancelled = [priced for priced in cells if priced.cell.status == "cancelled"]
    hours, found_costs = evidence.rows(HourRow), costs(cells)
    return Reliability(
        calls=sum(priced.cell.calls for priced in cells),
        abandoned_calls=sum(priced.cell.calls for priced in failed),
        failed_attempts=requests(failed),
        failed_pct=100 * requests(failed) / requests(cells) if cells else None,
        by_class=_by_class(failed),
        failed_billed_attempts=requests(priced for priced in failed if priced.spend_usd),
        failed_usd=spend(failed),
        failed_list_usd=_list(failed),
        repeated_attempts=requests(repeated),
        same_model_retries=requests(priced for priced in repeated if priced.cell.attempt_kind == "retry"),
        fallbacks=requests(priced for priced in repeated if priced.cell.attempt_kind == "fallback"),
        repeated_usd=spend(repeated),
        repeated_list_usd=_list(repeated),
        cancelled_attempts=requests(cancelled),
        cancelled_usd=spend(cancelled),
        routes=[_route(key, group) for key, group in grouped(cells, _route_key)],
        latency=_latencies(evidence.rows(LatencyBucket)),
        failed_tokens=_tokens(failed),
        repeated_tokens=_tokens(repeated),
        retries_ok=_answered(repeated, "retry"),
        fallbacks_ok=_answered(repeated, "fallback"),
        fates=_fates(hours) if hours else None,
        storms=storms(evidence.rows(LimitedMinute), hours),
        costs=found_costs,
        inversions=list(inversions(found_costs)),
        hidden=hidden(cells),
    )


def _tokens(cells: list[PricedCell]) -> int:
    return sum(sum(priced.cell.tokens) for priced in cells)


def _answered(repeated: list[PricedCell], kind: str) -> int:
    return requests(one for one in repeated if one.cell.attempt_kind == kind and one.cell.status == "ok")


def _fates(hours: list[HourRow]) -> Fates:
    return Fates(
        answered_again=sum(row.answered_again for row in hours),
        answered_elsewhere=sum(row.answered_elsewhere for row in hours),
        unanswered=sum(row.unanswered for row in hours),
        refused=sum(row.unanswerable for row in hours),
        unlinked=sum(row.unlinked for row in hours),
        lost_usd=total(row.lost_usd for row in hours),
        lost_unbilled=sum(row.lost_unbilled for row in hours),
    )


def _route_key(priced: PricedCell) -> tuple[str, str | None]:
    return (priced.cell.gateway or "direct", priced.cell.seller)


def _route(key: tuple[str, str | None], group: list[PricedCell]) -> RouteRow:
    failed = [priced for priced in group if priced.cell.status == "error"]
    repeated = [priced for priced in group if priced.cell.attempt_kind != "first"]
    return RouteRow(
        gateway=key[0],
        seller=key[1],
        requests=requests(group),
        failed=requests(failed),
        failed_pct=100 * requests(failed) / requests(group),
        by_class=_by_class(failed),
        failed_usd=spend(failed),
        repeated=requests(repeated),
        repeated_usd=spend(repeated),
    )


def _by_class(failed: list[PricedCell]) -> dict[str, int]:
    counts = {
        name or "other": requests(group) for name, group in grouped(failed, lambda priced: priced.cell.error_class)
    }
    return dict(sorted(counts.items()))


def _list(cells: list[PricedCell]) -> Decimal:
    return total(priced.list_usd for priced in cells if priced.list_usd is not None)


def _latencies(rows: list[LatencyBucket]) -> list[LatencyRow]:
    """Merge the histograms of all tiers and read two quantiles from each."""
    histograms: dict[tuple[str | None, str, str], dict[int, int]] = {}
    for row in rows:
        buckets = histograms.setdefault((row.gateway, row.model, row.measure), {})
        buckets[row.bucket] = buckets.get(row.bucket, 0) + row.requests
    found = [
        LatencyRow(*key, sum(buckets.values()), *(round(quantile_ms(buckets, share)) for share in (0.50, 0.95)))
        for key, buckets in histograms.items()
    ]
    return sorted(found, key=lambda row: (row.measure, -row.requests, row.model, row.gateway or ""))
