"""What a user asks of a plan: the acceptable loss, latency and cost, the allowed makers, and the number of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

MARGIN = 0.01
"""The default for the acceptable loss over all traffic: one point of a score from 0 to 1."""


@dataclass(frozen=True)
class Limits:
    """What a plan has to keep.

    Attributes:
        margin: Largest loss over all traffic, in the score's unit.
        floor: Lowest score that a cohort may move to, by its lower bound.
        latency_p95_ms: Largest 95th percentile of the time to the whole answer, by the log's own answers.
        cost_ceiling_usd: Largest mean cost of a request of a cohort.
        providers: Makers whose models may be used; None for any.
        most_models: Largest number of models in use.
        models: Models that may be moved to; None for those that outcomes speak of.
        keep_tiers: Tiers whose traffic stays where it is.
        allow_unproven: Whether cohorts of which no outcome speaks may move all the same.
    """

    margin: float = MARGIN
    floor: float | None = None
    latency_p95_ms: float | None = None
    cost_ceiling_usd: Decimal | None = None
    providers: tuple[str, ...] | None = None
    most_models: int | None = None
    models: tuple[str, ...] | None = None
    keep_tiers: frozenset[int] = frozenset()
    allow_unproven: bool = False


Latency = Mapping[tuple[str, int | None], float]
"""95th percentile in milliseconds by canonical model and tier; tier `ALL_TIERS` is all of them together."""

ALL_TIERS = -1
