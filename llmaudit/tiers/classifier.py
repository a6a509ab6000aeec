"""A small classifier trained on the user's own labels: calibrated, and silent where it is not sure.

It is a linear model over the signals of a request, stored as plain coefficients in JSON. Nothing that could run code is
ever loaded, and a reader can see the weight of each signal. llmaudit ships no trained model: one trained on public
benchmarks does worse than the rules on anybody else's traffic. `llmaudit.tiers.train` trains it; this module uses it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.store import Store
from llmaudit.tiers.signals import HIGH_STAKES, Signals, Verdict

SCHEMA = "llmaudit/tier-model/1"
PRIOR_MASS = 20.0
"""Labels that the linear model's own opinion counts for against the labels of a cohort."""

FEATURES = (
    "endpoint", "feature", "task_hint", "effort_hint", "stakes_hint", "hint_rule", "needs_tools", "needs_json",
    "needs_images", "size", "answer", "thought", "limit", "turns",
)  # fmt: skip
"""Signals the model sees; each value is a feature of its own."""

MAX_BYTES = 20_000_000

Weight = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A trained classifier.

    Attributes:
        schema: Name and major version of the file.
        classes: The tiers it knows, ascending.
        intercepts: One per class.
        weights: `signal=value` to one weight per class.
        temperature: Divides the scores, so that probabilities mean what they say on labels not learnt from.
        abstain_below: Below this probability it says nothing.
        cohorts: Labels per class of each cohort (feature and task), which pull the probabilities towards themselves.
        prior_mass: How many labels of a cohort weigh as much as the linear model.
        labels: Labels learnt from.
        labels_sha256: Hash of the labels' file.
        metrics: Measured on held-out labels; see the card beside the file.
    """

    schema: str
    classes: list[Annotated[int, msgspec.Meta(ge=0, le=3)]]
    intercepts: list[Weight]
    weights: dict[str, list[Weight]]
    temperature: Annotated[float, msgspec.Meta(gt=0, le=1000)]
    abstain_below: Annotated[float, msgspec.Meta(ge=0, le=1)]
    cohorts: dict[str, list[Annotated[int, msgspec.Meta(ge=0)]]]
    prior_mass: Annotated[float, msgspec.Meta(gt=0, le=1e6)]
    labels: int
    labels_sha256: str
    metrics: dict[str, float | int | None]

    def probabilities(self, signals: Signals) -> list[float]:
        """Return one probability per class, in the order of `classes`."""
        scores = list(self.intercepts)
        for name in features_of(signals):
            for index, weight in enumerate(self.weights.get(name, ())):
                scores[index] += weight
        linear = softmax([score / self.temperature for score in scores])
        return shrunk(linear, self.cohorts.get(cohort_of(signals)), self.prior_mass)

    def verdict(self, signals: Signals) -> Verdict | None:
        """Return the likeliest tier, or None if it is not likely enough."""
        chances = self.probabilities(signals)
        best = max(range(len(chances)), key=lambda index: (chances[index], index))
        if chances[best] < self.abstain_below:
            return None
        tier, chance = self.classes[best], round(chances[best], 3)
        effort, stakes = (None, "learnt from labels") if tier == HIGH_STAKES else (tier, None)
        reason = f"the classifier of {self.labels} labels: {chance:.0%}"
        return Verdict(tier, signals.task_hint, "classifier", chance, reason, effort, stakes)


def features_of(signals: Signals) -> list[str]:
    """Return the features that the model sees, each `signal=value`; an unknown signal is no feature."""
    return [f"{name}={value}" for name in FEATURES if (value := getattr(signals, name)) is not None]


def cohort_of(signals: Signals) -> str:
    """Return the cohort of a request: its feature and task."""
    return f"{signals.feature}|{signals.task_hint}"


def softmax(scores: list[float]) -> list[float]:
    """Return scores as probabilities."""
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    return [power / sum(powers) for power in powers]


def shrunk(linear: list[float], counts: list[int] | None, mass: float) -> list[float]:
    """Return a cohort's probabilities: its label counts with `mass` labels spread as the linear model says."""
    if not counts:
        return linear
    whole = mass + sum(counts)
    return [(mass * chance + count) / whole for chance, count in zip(linear, counts, strict=True)]


def load_model(path: Path) -> Model:
    """Read a model file.

    Raises:
        InputError: Missing, too large, or not a model of this version; nothing in it is ever run.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the model file {printable(str(path))} cannot be read: {error.strerror}",
            next_step="Give a file written by `llmaudit tag train LABELS --out FILE`.",
            slug="file-unreadable",
        ) from None
    try:
        return _checked(data)
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(
            f"{printable(str(path))} is not a tier model: {printable(str(error))}",
            next_step="Train one with `llmaudit tag train LABELS --out FILE`.",
            slug="bad-model",
        ) from None


def _checked(data: bytes) -> Model:
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES // 1_000_000} MB")
    model = msgspec.json.decode(data, type=Model)
    if model.schema != SCHEMA:
        raise ValueError(f"schema {model.schema}, expected {SCHEMA}")
    sizes = {len(model.intercepts), *map(len, model.weights.values()), *map(len, model.cohorts.values())}
    if sizes != {len(model.classes)} or not model.classes:
        raise ValueError("a row of it has not one number per class")
    return model


def keep_model(store: Store, path: Path | None) -> None:
    """Keep a classifier with the database, for every later tagging; None forgets it.

    Raises:
        InputError: As `load_model`; the one kept before stays.
    """
    model = load_model(path) if path else None
    store.remember("tier_model", msgspec.json.encode(model).decode() if model else None)


def kept_model(store: Store) -> Model | None:
    """Return the classifier that a database keeps, or None."""
    encoded = store.remembered("tier_model")
    return msgspec.json.decode(encoded, type=Model) if encoded else None
