"""Simulated shadow tests: pairs with planted quality loss, cost ratio and latency differences.

Users differ in how much they ask and in how well the shadow serves them, so pairs of one user resemble each other.
Costs and latencies are lognormal, so that every truth has a closed form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtri

from llmaudit.arrays import Floats, Ints
from llmaudit.shadow.pairs import Pairs, make_arm, make_pairs

FIRST_DAY = 20727
"""2026-10-01, in days since 1970."""

PICO_PER_USD = 1e12


@dataclass(frozen=True)
class World:
    """What is true of a simulated test.

    Attributes:
        pairs: Number of pairs.
        users: Number of users.
        days: Days over which they arrive.
        tiers: Share of each tier.
        loss: True mean difference of quality (shadow minus primary) by tier; 0 where a tier is not named.
        quality: Success rate of the primary.
        disagree: Share of pairs whose outcomes differ.
        between: Standard deviation between users of the true difference; makes pairs of a user alike.
        unequal: Standard deviation of the logarithm of how much users ask.
        cost_ratio: Ratio of the two mean costs.
        cost_spread: Standard deviation of the logarithm of a request's cost; 1 is heavy-tailed.
        latency_ratio: Ratio of the two median latencies.
        errors: Share of failed requests of primary and shadow.
        missing: Share of shadows that never answer; rises with prompt size where `missing_by_size`.
        missing_by_size: Whether long prompts, on which the shadow does worse, go missing more often.
    """

    pairs: int = 2800
    users: int = 370
    days: int = 7
    tiers: tuple[float, ...] = (1.0,)
    loss: Mapping[int, float] = field(default_factory=dict)
    quality: float = 0.8
    disagree: float = 0.2
    between: float = 0.09
    unequal: float = 0.6
    cost_ratio: float = 0.3
    cost_spread: float = 1.0
    latency_ratio: float = 0.8
    errors: tuple[float, float] = (0.0, 0.0)
    missing: float = 0.0
    missing_by_size: bool = True

    def quantile_difference_ms(self, p: float) -> float:
        """Return the true difference of the latency quantiles, in milliseconds."""
        return float(MEDIAN_MS * (self.latency_ratio * np.exp(SHADOW_MS * ndtri(p)) - np.exp(PRIMARY_MS * ndtri(p))))

    @property
    def mean_loss(self) -> float:
        """The true difference of quality over all tiers in their shares."""
        return sum(share * self.loss.get(tier, 0.0) for tier, share in enumerate(self.tiers))


MEDIAN_MS = 1000.0
USER_MS, REQUEST_MS, OWN_MS = 0.25, 0.40, 0.30
PRIMARY_MS = SHADOW_MS = float(np.sqrt(USER_MS**2 + REQUEST_MS**2 + OWN_MS**2))
"""Standard deviations of the logarithm of latency: of users, of requests, of each answer, and of all together."""

COST_USER, COST_OWN = 0.4, 0.4
MEAN_COST_USD = 0.01


def simulate(world: World, rng: np.random.Generator) -> Pairs:
    """Return one test drawn from a world."""
    n = world.pairs
    activity = rng.lognormal(0.0, world.unequal, world.users)
    user = rng.choice(world.users, n, p=activity / activity.sum())
    tier = rng.choice(len(world.tiers), n, p=world.tiers) if len(world.tiers) > 1 else np.zeros(n, np.int64)
    day = FIRST_DAY + np.sort(rng.integers(0, world.days, n))
    size = rng.lognormal(6.0, 1.0, n)
    first, second = _outcomes(world, rng, user, tier)
    scores, shadow_ok, present = _answers(world, rng, size, second)
    costs, times = _costs(world, rng, user), _times(world, rng, user)
    primary_ok = rng.random(n) >= world.errors[0]
    primary = make_arm(
        n, ok=primary_ok, score=first, success=(first * primary_ok).astype(np.int64), cost=costs[0], latency_ms=times[0]
    )
    shadow = make_arm(
        n,
        present=present,
        ok=shadow_ok & present,
        score=np.where(present, scores, np.nan),
        success=np.where(present, second * shadow_ok, -1).astype(np.int64),
        cost=np.where(present, costs[1], np.iinfo(np.int64).min),
        latency_ms=np.where(present, times[1], np.nan),
    )
    return make_pairs(primary, shadow, tier=tier, day=day, cluster=user, size=size, kind="binary")


def _outcomes(world: World, rng: np.random.Generator, user: Ints, tier: Ints) -> tuple[Floats, Floats]:
    """Return success of both arms: they differ on a share of pairs, and who wins those depends on user and tier."""
    n = world.pairs
    mean = np.array([world.loss.get(t, 0.0) for t in range(len(world.tiers))])[tier]
    lean = (
        world.between * np.sqrt(3.0) * rng.uniform(-1, 1, world.users)
    )  # bounded, so that no probability leaves [0, 1]
    lean = np.clip(lean, -(world.disagree - np.abs(mean).max()), world.disagree - np.abs(mean).max())
    wins = 0.5 + (mean + lean[user]) / (2 * world.disagree)
    differs = rng.random(n) < world.disagree
    shadow_wins = rng.random(n) < wins
    agreed = rng.random(n) < (world.quality - world.disagree / 2) / (1 - world.disagree)
    first = np.where(differs, ~shadow_wins, agreed)
    return first.astype(float), np.where(differs, shadow_wins, agreed).astype(float)


def _answers(
    world: World, rng: np.random.Generator, size: Floats, second: Floats
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return the shadow's scores, which of its answers are good, and which came at all."""
    n = world.pairs
    ok = rng.random(n) >= world.errors[1]
    rank = np.argsort(np.argsort(size)) / n
    chance = world.missing * (2 * rank if world.missing_by_size else 1.0)
    return second, ok, rng.random(n) >= chance


def _costs(world: World, rng: np.random.Generator, user: Ints) -> tuple[Ints, Ints]:
    """Return costs of both arms in 1e-12 US dollars; their true means are `MEAN_COST_USD` and that times the ratio."""
    n = world.pairs
    own_user, request = rng.normal(size=world.users)[user], rng.normal(size=n)
    found = []
    for mean, share in ((MEAN_COST_USD, 1.0), (MEAN_COST_USD * world.cost_ratio, 0.8)):
        parts = (COST_USER * own_user, share * world.cost_spread * request, COST_OWN * rng.normal(size=n))
        variance = COST_USER**2 + (share * world.cost_spread) ** 2 + COST_OWN**2
        amount = mean * np.exp(sum(parts) - variance / 2)
        found.append(np.round(amount * PICO_PER_USD).astype(np.int64))
    return found[0], found[1]


def _times(world: World, rng: np.random.Generator, user: Ints) -> tuple[Floats, Floats]:
    n = world.pairs
    shared = USER_MS * rng.normal(size=world.users)[user] + REQUEST_MS * rng.normal(size=n)
    first = MEDIAN_MS * np.exp(shared + OWN_MS * rng.normal(size=n))
    second = MEDIAN_MS * world.latency_ratio * np.exp(shared + OWN_MS * rng.normal(size=n))
    return first, second


def swapped(pairs: Pairs, rng: np.random.Generator) -> Pairs:
    """Return an A/A test made of an A/B test: in each cluster the arms change places or not, by a coin.

    Whatever the two models are, no arm is then better on average.
    """
    coin = (rng.random(int(pairs.cluster.max()) + 1) < 0.5)[pairs.cluster]
    first, second = pairs.primary, pairs.shadow
    names = [name for name in vars(first) if name != "model"]
    mixed = [
        {name: np.where(coin, getattr(other, name), getattr(one, name)) for name in names}
        for one, other in ((first, second), (second, first))
    ]
    return replace(pairs, primary=replace(first, **mixed[0]), shadow=replace(second, **mixed[1]))
