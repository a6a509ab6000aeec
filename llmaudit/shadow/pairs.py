"""Pairs as arrays: the same request answered twice, once by the primary that the user saw, once in its shadow.

Unknown is nan in floating-point arrays, -1 in codes and flags, and `UNKNOWN` in amounts and instants; it is never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llmaudit.arrays import Bools, Floats, Ints
from llmaudit.money import PICO

UNKNOWN = np.iinfo(np.int64).min
"""An amount or an instant that is not known."""

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Arm:
    """One side of every pair. All arrays have shape (n,).

    Attributes:
        present: Whether this arm has a row at all.
        ok: Whether it has a good answer.
        score: Quality in the score's own unit; nan if it was not judged.
        cost: Whole cost in 1e-12 US dollars, with retries, fallback and verification in; or `UNKNOWN`.
        success: Whether the task was done, -1 unknown.
        latency_ms: Time to the whole answer.
        ttft_ms: Time to the first token.
        at: When it started, in microseconds since 1970 (UTC).
        cached: Whether a cache answered instead of the model, -1 unknown.
        cache_share: Share of the prompt that was read from the provider's prompt cache; nan unknown.
        length: Output tokens.
        model: Code into `Pairs.models`.
        params: Code of its parameters (temperature and the like), -1 unknown.
        copies: Rows the file has for it; the first one counts.
        human: Score by a human, if there is one besides the judge's.
    """

    present: Bools
    ok: Bools
    score: Floats
    cost: Ints
    success: Ints
    latency_ms: Floats
    ttft_ms: Floats
    at: Ints
    cached: Ints
    cache_share: Floats
    length: Floats
    model: Ints
    params: Ints
    copies: Ints
    human: Floats

    def take(self, index: Any) -> Arm:
        """Return some of the pairs, in the order of an index or mask."""
        return Arm(**{one.name: _taken(getattr(self, one.name), index) for one in fields(self)})

    @property
    def cost_usd(self) -> Floats:
        """Cost in US dollars, as floats: for statistics only."""
        return np.where(self.cost == UNKNOWN, np.nan, self.cost / float(1 / PICO))


@dataclass(frozen=True)
class Pairs:
    """A shadow test's pairs.

    Attributes:
        primary: What users saw.
        shadow: What the other model answered.
        tier: 0 to 3, -1 unknown.
        day: Days since 1970 in the run's time zone, -1 unknown.
        cluster: Code of the user, session or other group within which answers are alike.
        cluster_kind: What a cluster is.
        route: Code into `routes`, -1 unknown.
        routes: Names of routes (features, endpoints).
        session: Code of the conversation, -1 unknown.
        turn: Place in the conversation, from 0; nan unknown.
        size: Prompt tokens, nan unknown.
        shown_first: Whether a judge saw the shadow's answer first: 1 yes, 0 no, -1 unknown.
        models: Names of models.
        kind: What scores are: binary, graded or pairwise.
        notes: What was assumed while reading.
    """

    primary: Arm
    shadow: Arm
    tier: Ints
    day: Ints
    cluster: Ints
    cluster_kind: str
    route: Ints
    routes: tuple[str, ...]
    session: Ints
    turn: Floats
    size: Floats
    shown_first: Ints
    models: tuple[str, ...] = ()
    kind: str = "binary"
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.tier)

    def take(self, index: Any) -> Self:
        """Return some of the pairs."""
        arrays: dict[str, Any] = {
            one.name: _taken(getattr(self, one.name), index) for one in fields(self) if one.name in _ARRAYS
        }
        return replace(self, primary=self.primary.take(index), shadow=self.shadow.take(index), **arrays)


def _taken(values: NDArray[Any], index: Any) -> NDArray[Any]:
    """Return some values; a column that is one value throughout stays one, and takes no memory."""
    some = values[index]
    return np.broadcast_to(some[0], some.shape) if values.strides == (0,) and len(some) else some


_MEASURED = ("score", "latency_ms", "ttft_ms", "length", "human", "cache_share")
_ARRAYS = {"tier", "day", "cluster", "route", "session", "turn", "size", "shown_first"}


def make_arm(pairs: int, **known: Any) -> Arm:
    """Return an arm from the arrays that are known; present and good, everything else unknown."""
    plain: dict[str, Any] = {
        "present": np.ones(pairs, bool),
        "ok": np.ones(pairs, bool),
        "cost": np.full(pairs, UNKNOWN),
        "at": np.full(pairs, UNKNOWN),
        "model": np.zeros(pairs, np.int64),
        "copies": np.ones(pairs, np.int64),
    }
    plain |= {name: np.full(pairs, np.nan) for name in _MEASURED}
    plain |= {name: np.full(pairs, -1) for name in ("success", "cached", "params")}
    return Arm(**plain | known)


def make_pairs(primary: Arm, shadow: Arm, **known: Any) -> Pairs:
    """Return pairs from two arms and what else is known; by default one tier, one day, each pair its own cluster."""
    n = len(primary.present)
    plain: dict[str, Any] = {
        "tier": np.full(n, -1),
        "day": np.zeros(n, np.int64),
        "cluster": np.arange(n),
        "cluster_kind": "user",
        "route": np.full(n, -1),
        "routes": (),
        "session": np.full(n, -1),
        "turn": np.full(n, np.nan),
        "size": np.full(n, np.nan),
        "shown_first": np.full(n, -1),
        "kind": score_kind(primary.score, shadow.score),
    }
    return Pairs(primary=primary, shadow=shadow, **plain | known)


def score_kind(first: Floats, second: Floats) -> str:
    """Say whether scores are binary (0 and 1 only) or graded."""
    scores = np.concatenate([first, second])
    known = scores[~np.isnan(scores)]
    return "binary" if np.all((known == 0) | (known == 1)) else "graded"
