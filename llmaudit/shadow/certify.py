"""What a shadow test proves, as rows of `evals`, by which the legs of a plan are certified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from llmaudit.shadow.model import Analysis, TierResult
from llmaudit.store import Store

MIN_PAIRS = 30
"""Judged pairs below which no leg is certified, whatever the test says: few pairs fail when a plan picks among many."""


class _Eval(NamedTuple):
    """A row of `evals`, without the span of the test: its last two columns."""

    test: str
    tier: int | None
    model_from: str
    model_to: str
    metric: str
    source: str
    verdict: str
    certified: bool
    pairs: int
    clusters: int
    delta: float | None
    bound: float | None
    margin: float
    cost_ratio: float | None
    cost_ratio_low: float | None
    cost_ratio_high: float | None


def certify(store: Store, analysis: Analysis) -> int:
    """Write what a test shows of each tier to `evals`, and return how many legs it certifies.

    A leg is certified by its own tier only, after Holm's correction over the tiers, with enough judged pairs. A blocked
    test certifies nothing. If an arm has several models, there is no leg to certify.
    """
    span = store.one("SELECT min(primary_at), max(primary_at) FROM shadow_pairs WHERE test = ?", [analysis.name])
    evals = list(_evals(analysis))
    with store.transaction():
        store.execute("DELETE FROM evals WHERE test = ?", [analysis.name])
        for row in evals:
            values = (*row, *span)
            store.execute(f"INSERT INTO evals VALUES ({', '.join('?' * len(values))})", values)
    return sum(row.certified for row in evals)


def _evals(analysis: Analysis) -> Iterator[_Eval]:
    """Yield the pooled result, then that of each known tier."""
    if analysis.primary is None or analysis.shadow is None:
        return
    cost_by_tier = {figure.tier: figure for figure in analysis.metrics if figure.metric == "cost_ratio"}
    is_only_tier = len(analysis.by_tier) == 1  # then its costs are the pooled ones
    for result in [analysis.pooled, *analysis.by_tier]:
        is_tier = result is not analysis.pooled
        if is_tier and result.tier is None:
            continue
        cost = cost_by_tier.get(None if is_tier and is_only_tier else result.tier)
        yield _Eval(
            test=analysis.name,
            tier=result.tier,
            model_from=analysis.primary,
            model_to=analysis.shadow,
            metric="quality",
            source="shadow",
            verdict=result.verdict,
            certified=is_tier and _certifies(result),
            pairs=result.judged_pairs,
            clusters=result.clusters,
            delta=result.delta,
            bound=result.bound,
            margin=analysis.margin,
            cost_ratio=cost.delta if cost else None,
            cost_ratio_low=cost.low if cost else None,
            cost_ratio_high=cost.high if cost else None,
        )


def _certifies(result: TierResult) -> bool:
    return result.may_move and result.judged_pairs >= MIN_PAIRS
