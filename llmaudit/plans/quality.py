"""Paired outcomes by cohort: how two models scored on the same cases, where in the traffic, and which moves hold.

A cohort is traffic that a plan can name: one value for each label of a grain (feature, tier, task). A move sends a
cohort from the model that serves it now to another one. Quality is what an outcome scores; a loss is the present
model's score minus the other's, so a positive loss is worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmaudit.cells import Cell

LABELS = ("feature", "tier", "task")
"""What distinguishes cohorts; each label is a key of cells and of a plan's `when`."""

ANY = "*"
"""Stands for every value of a label in a certified move."""

LEAST_PAIRS = 30
"""Pairs a cohort needs before a move of it can be certified: fewer fail when a plan picks among many cohorts."""

Label = str | int | None
Key = tuple[Label, ...]
"""Values of a grain's labels, in the grain's order; None is unknown."""

Pair = tuple[str, str]
"""The model that serves now, and the one that would: canonical names."""

CohortMove = tuple[Label, Label, Label, str, str]
"""Feature, tier and task (or `ANY`), the model now, the model then."""

TierMove = tuple[int | None, str, str | None]
"""A tier, the model now, the model then: what a shadow test certifies."""


@dataclass(frozen=True)
class Grain:
    """Which labels make a cohort.

    Attributes:
        labels: Some of `LABELS`, in their order; none is the whole traffic as one cohort.
    """

    labels: tuple[str, ...]

    def key(self, labels: Sequence[Label]) -> Key:
        """Return a cohort's key from the values of all `LABELS`."""
        return tuple(value for name, value in zip(LABELS, labels, strict=True) if name in self.labels)

    def of(self, cell: Cell) -> Key:
        """Return the cohort of a cell."""
        return self.key((cell.feature, cell.tier, cell.task))

    def full(self, key: Key) -> tuple[Label, Label, Label]:
        """Return a key with `ANY` for every label that this grain does not distinguish."""
        named = dict(zip(self.labels, key, strict=True))
        feature, tier, task = (named.get(name, ANY) for name in LABELS)
        return feature, tier, task

    def text(self, key: Key) -> str:
        """Return a cohort for people."""
        parts = [
            f"{name} {'unknown' if value is None else value}" for name, value in zip(self.labels, key, strict=True)
        ]
        return ", ".join(parts) or "all traffic"


@dataclass(frozen=True)
class PairedCase:
    """One case that two models answered and that was scored alike.

    Attributes:
        labels: Feature, tier and task of the case; None is unknown.
        before: Score of the model that serves now.
        after: Score of the other.
        cluster: The group within which answers resemble each other (a user); cases without one are their own group.
    """

    labels: tuple[Label, Label, Label]
    before: float
    after: float
    cluster: str | None = None


@dataclass(frozen=True)
class Outcomes:
    """Every paired outcome of one metric.

    Attributes:
        metric: What was scored.
        pairs: Cases by the two models; both directions are there.
        sources: Cases by who judged them: judge, human, conversion, shadow.
        unpaired: Outcomes without another model's answer to the same case: they prove nothing.
        unmatched: Paired cases none of whose labels is known.
        other_metrics: Paired cases of the metrics that were left out.
    """

    metric: str
    pairs: dict[Pair, list[PairedCase]]
    sources: dict[str, int] = field(default_factory=dict)
    unpaired: int = 0
    unmatched: int = 0
    other_metrics: dict[str, int] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        """Paired cases, each counted once whatever the direction."""
        return sum(len(cases) for (before, after), cases in self.pairs.items() if before < after)


def proven(certified: frozenset[object], cell: Cell, model: str | None) -> bool:
    """Say whether outcomes have shown that another model's answers hold on a cell.

    Args:
        certified: Moves by tier (tier, model now, model then) and by cohort (`CohortMove`).
        cell: The traffic.
        model: The model it would move to.
    """
    if not certified:
        return False
    if (cell.tier, cell.model, model) in certified:
        return True
    return any(
        (feature, tier, task, cell.model, model) in certified
        for feature in (cell.feature, ANY)
        for tier in (cell.tier, ANY)
        for task in (cell.task, ANY)
    )


def by_tier(certified: frozenset[TierMove | CohortMove]) -> frozenset[TierMove]:
    """Return the moves that hold for a tier as a whole."""
    return frozenset(move for move in certified if len(move) == 3)  # noqa: PLR2004 -- a move by cohort has five parts


def best_grain(outcomes: Outcomes) -> Grain:
    """Return the grain that the outcomes can bear: chosen by counts alone, never by scores.

    The first of feature, task and tier that puts half of the cases into cohorts with enough pairs; crossed with the
    tier where that costs no more than a tenth of those cases.
    """
    case_lists = [cases for (before, after), cases in outcomes.pairs.items() if before < after]
    for label in ("feature", "task"):
        held = _held(case_lists, Grain((label,)))
        if held >= 0.5:  # noqa: PLR2004 -- half
            crossed = Grain(tuple(name for name in LABELS if name in {label, "tier"}))
            return crossed if _held(case_lists, crossed) >= 0.9 * held else Grain((label,))
    return Grain(("tier",)) if _held(case_lists, Grain(("tier",))) >= 0.5 else Grain(())  # noqa: PLR2004 -- half


def _held(every: Sequence[Sequence[PairedCase]], grain: Grain) -> float:
    """Return the share of cases that lie in cohorts with enough pairs, every label known."""
    whole = held = 0
    for cases in every:
        counts: dict[Key, int] = {}
        for case in cases:
            key = grain.key(case.labels)
            if None not in key:
                counts[key] = counts.get(key, 0) + 1
        whole += len(cases)
        held += sum(count for count in counts.values() if count >= LEAST_PAIRS)
    return held / whole if whole else 0.0
