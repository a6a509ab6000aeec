"""Whether a plan meets its constraints: each with its limit, the value found, and pass, fail or unknown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.histogram import Histogram, quantile_bucket, upper_ms
from llmaudit.money import EXACT, as_json, total
from llmaudit.plans.evaluate import PlanCost
from llmaudit.plans.legs import PRIMARY
from llmaudit.plans.placing import Placed
from llmaudit.plans.quality import Outcomes
from llmaudit.summaries.latency import LatencyBucket

P95 = 0.95
LEAST_ANSWERS = 100
"""Answers of a model in the log below which its 95th percentile is not known."""


class JudgedConstraint(msgspec.Struct, frozen=True):
    """One constraint of a plan.

    Attributes:
        name: As in the plan file.
        subject: What it was judged on: a model, or the plan.
        limit: The limit.
        value: What was found; None is unknown.
        verdict: pass, fail or unknown.
        reason: A sentence.
    """

    name: str
    subject: str
    limit: str
    value: str | None
    verdict: str
    reason: str


def judge(
    result: PlanCost, catalog: Catalog, latency: Sequence[LatencyBucket], outcomes: Outcomes | None = None
) -> list[JudgedConstraint]:
    """Return every constraint of a plan with how it is held.

    Args:
        result: The plan's cost.
        catalog: Says what is hosted by oneself.
        latency: Histograms of the log's own answers.
        outcomes: Paired outcomes, which judge the quality floor; None where there are none.
    """
    return [
        *_allowed(result, catalog),
        *_latency(result, latency),
        *_ceiling(result),
        *_models(result),
        *_quality(result, catalog, outcomes),
    ]


def _allowed(result: PlanCost, catalog: Catalog) -> Iterator[JudgedConstraint]:
    """Judge what may be used: moves obey, but what stays where it is may not."""
    limits = result.plan.constraints
    rules: dict[str, tuple[str, Callable[[Placed], bool]]] = {}
    if limits.providers:
        rules["providers"] = (
            ", ".join(limits.providers),
            lambda placed: _model(placed).partition("/")[0] in limits.providers,
        )
    if limits.sellers:
        rules["sellers"] = (", ".join(limits.sellers), lambda placed: _seller(placed, catalog) in limits.sellers)
    if limits.pii_self_hosted:
        rules["pii_self_hosted"] = (
            "self-hosted",
            lambda placed: not placed.priced.cell.has_pii or _is_hosted(placed, catalog),
        )
    for name, (limit, holds) in rules.items():
        outside = sum(part.sums.requests for part in result.parts if not holds(part.placed))
        yield JudgedConstraint(
            name,
            "plan",
            limit,
            str(outside),
            "fail" if outside else "pass",
            f"{outside:,} requests break it, because they stay on the model they have now"
            if outside
            else "every request meets it",
        )


def _model(placed: Placed) -> str:
    return placed.legs[0].model or placed.priced.cell.model


def _seller(placed: Placed, catalog: Catalog) -> str | None:
    if not placed.moved:
        return placed.priced.cell.seller
    offer = catalog.canonical(_model(placed))
    return offer.seller if offer else None


def _is_hosted(placed: Placed, catalog: Catalog) -> bool:
    offer = catalog.canonical(_model(placed)) if placed.moved else placed.priced.offer
    return offer is not None and catalog.is_self_hosted(offer)


def _latency(result: PlanCost, rows: Sequence[LatencyBucket]) -> Iterator[JudgedConstraint]:
    limit = result.plan.constraints.latency_p95_ms
    for model in _used(result) if limit is not None else ():
        buckets: dict[int, int] = {}
        for row in rows:
            if row.model == model and row.measure == "latency":
                buckets[row.bucket] = buckets.get(row.bucket, 0) + row.requests
        count = sum(buckets.values())
        if limit is None or count < LEAST_ANSWERS:
            yield JudgedConstraint(
                "latency_p95_ms",
                model,
                f"{limit}",
                None,
                "unknown",
                f"the log has only {count:,} timed answers from it",
            )
            continue
        found = percentile_ms(buckets, P95)
        sentence = f"95% of {count:,} answers in the log took {found:,} ms or less"
        yield JudgedConstraint(
            "latency_p95_ms", model, f"{limit}", f"{found}", "pass" if found <= limit else "fail", sentence
        )


def percentile_ms(histogram: Histogram, share: float) -> int:
    """Return the upper edge, in milliseconds, of the bucket in which a share of the answers is reached."""
    bucket = quantile_bucket(histogram, share)
    return 0 if bucket is None else math.ceil(upper_ms(bucket))


def _ceiling(result: PlanCost) -> Iterator[JudgedConstraint]:
    limit = result.plan.constraints.cost_per_request_usd
    for model in _used(result) if limit is not None else ():
        own = [part for part in result.parts if part.placed.legs[0].kind in PRIMARY and _model(part.placed) == model]
        count = sum(part.sums.requests for part in own)
        cost = total(one.cost_usd for one in result.outcomes if one.part in own)
        mean = EXACT.divide(cost, Decimal(count)) if count else Decimal(0)
        verdict = "pass" if limit is None or mean <= limit else "fail"
        sentence = f"{count:,} requests cost {as_json(mean)} on average, retries, fallbacks and passes included"
        yield JudgedConstraint("cost_per_request_usd", model, f"{limit}", as_json(mean), verdict, sentence)


def _models(result: PlanCost) -> Iterator[JudgedConstraint]:
    limit = result.plan.constraints.max_models
    if limit is not None:
        used = _used(result)
        sentence = f"models used: {', '.join(used)}"
        yield JudgedConstraint(
            "max_models", "plan", f"{limit}", f"{len(used)}", "pass" if len(used) <= limit else "fail", sentence
        )


def _quality(result: PlanCost, catalog: Catalog, outcomes: Outcomes | None) -> Iterator[JudgedConstraint]:
    limit = result.plan.constraints.quality_floor
    if limit is None:
        return
    if outcomes is None and result.moved_requests:
        sentence = (
            "the database has no paired outcomes: add scores of both models on the same cases (`llmaudit evals add`),"
            " or analyse a shadow test"
        )
        yield JudgedConstraint("quality_floor", "plan", f"{limit}", None, "unknown", sentence)
        return
    from llmaudit.plans.floor import judged, scored  # noqa: PLC0415 -- arrays only where there are outcomes

    found = scored(result, outcomes, catalog) if outcomes and result.moved_requests else []
    verdict, value, sentence = judged(float(limit), result.moved_requests, found)
    yield JudgedConstraint("quality_floor", "plan", f"{limit}", value, verdict, sentence)


def _used(result: PlanCost) -> list[str]:
    """Return the models that answer under a plan, by name."""
    return sorted(set(_answering(part.placed for part in result.parts)))


def _answering(placed: Iterable[Placed]) -> Iterator[str]:
    yield from (_model(one) for one in placed if one.legs[0].kind in PRIMARY)
