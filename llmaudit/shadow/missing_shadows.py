"""Missing shadow answers read four ways. Which one is right cannot be known; whether they agree can be seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from llmaudit.arrays import Bools, Floats, Ints
from llmaudit.shadow.model import Missing
from llmaudit.shadow.pairs import Pairs

BINS = 10
PAIRS_A_BIN = 50
"""Complete pairs that a stratum of prompt sizes needs on average; with fewer pairs there are fewer strata."""


class Strata(NamedTuple):
    """Pairs divided into strata, each of which counts by its target share.

    Attributes:
        codes: Stratum of each pair, from 0. Shape (n,).
        targets: Share of each stratum; they add up to 1 as far as every stratum has pairs. Shape (strata,).
        has_sizes: Whether tiers are divided further by prompt size.
    """

    codes: Ints
    targets: Floats
    has_sizes: bool


def absent(pairs: Pairs) -> Bools:
    """Say which pairs have a judged primary and a shadow that gave no answer to judge."""
    no_answer = ~pairs.shadow.present | ~pairs.shadow.ok
    return ~np.isnan(pairs.primary.score) & np.isnan(pairs.shadow.score) & no_answer


def strata_of(pairs: Pairs, tier_codes: Ints, shares: Floats) -> Strata:
    """Return the strata of a test: its tiers, each divided at deciles of prompt size if answers are missing.

    Within a tier a stratum counts as much as it does among all judged requests, answered or not; tiers count as
    production has them.

    Args:
        pairs: All pairs.
        tier_codes: Shape (n,): tier of each pair, from 0.
        shares: Share of production of each of these tiers.
    """
    gone = absent(pairs)
    complete = ~np.isnan(pairs.primary.score) & ~np.isnan(pairs.shadow.score)
    asked = gone | complete
    known = ~np.isnan(pairs.size)
    if not gone.any() or not known[asked].all():
        return Strata(tier_codes, shares, has_sizes=False)
    codes = np.zeros(len(pairs), np.int64)
    targets: list[float] = []
    for tier, share in enumerate(shares):
        here = tier_codes == tier
        bins = int(np.clip(np.count_nonzero(here & complete) // PAIRS_A_BIN, 1, BINS))
        sizes = pairs.size[here & asked]
        edges = np.unique(np.quantile(sizes, np.linspace(0, 1, bins + 1)[1:-1])) if len(sizes) else np.empty(0)
        codes[here] = len(targets) + np.searchsorted(edges, pairs.size[here])
        counts = np.bincount(codes[here & asked] - len(targets), minlength=len(edges) + 1)
        targets += list(share * counts / max(counts.sum(), 1))
    return Strata(codes, np.asarray(targets), has_sizes=True)


def readings(pairs: Pairs, tier_codes: Ints, shares: Floats, strata: Strata) -> Missing | None:
    """Return the four readings, or None if no pair is judged on both sides."""
    gone = absent(pairs)
    first, second = pairs.primary.score, pairs.shadow.score
    complete = ~np.isnan(first) & ~np.isnan(second)
    asked = gone | complete
    if not complete.any():
        return None
    low, high = scale(pairs)
    can_weight = strata.has_sizes or not gone.any()
    delta = second - first
    filled = {value: np.where(gone, value - first, delta) for value in (low, high)}
    return Missing(
        missing=int(gone.sum()),
        share=float(gone.sum() / asked.sum()),
        complete=_mean(delta, complete, tier_codes, shares),
        post_stratified=_mean(delta, complete, strata.codes, strata.targets) if can_weight else None,
        as_failure=_mean(filled[low], asked, tier_codes, shares),
        worst=_mean(filled[low], asked, tier_codes, shares),
        best=_mean(filled[high], asked, tier_codes, shares),
        used="post-stratified" if strata.has_sizes else "complete pairs",
    )


def scale(pairs: Pairs) -> tuple[float, float]:
    """Return the lowest and highest score: 0 and 1 unless graded scores reach further."""
    if pairs.kind == "binary":
        return 0.0, 1.0
    scores = np.concatenate([pairs.primary.score, pairs.shadow.score])
    known = scores[~np.isnan(scores)]
    if not len(known):
        return 0.0, 1.0
    return min(float(known.min()), 0.0), max(float(known.max()), 1.0)


def _mean(values: Floats, mask: Bools, strata: Ints, targets: Floats) -> float:
    counts = np.bincount(strata[mask], minlength=len(targets))
    sums = np.bincount(strata[mask], weights=values[mask], minlength=len(targets))
    wanted = np.where(counts > 0, targets, 0.0)
    means = np.divide(sums, counts, out=np.zeros(len(targets)), where=counts > 0)
    return float(wanted @ means / wanted.sum()) if wanted.sum() > 0 else float("nan")
