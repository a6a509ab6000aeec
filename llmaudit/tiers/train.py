"""Trains the small classifier: fit, calibrate on held-out labels, choose where to stay silent, and write it to a file.

scikit-learn does the fitting; only the coefficients are kept. Folds never split a template: two requests of one
template are nearly the same example, and would turn the held-out score into a training score.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log
from pathlib import Path

import msgspec

from llmaudit.errors import Exit, LlmauditError
from llmaudit.parquetfile import whole
from llmaudit.tiers.classifier import PRIOR_MASS, SCHEMA, Model, cohort_of, features_of, shrunk, softmax
from llmaudit.tiers.signals import Signals

MIN_LABELS = 40
MIN_PER_TIER = 5
MIN_GROUPS = 5
FOLDS = 5
TARGET = 0.85
"""Accuracy on held-out labels that the classifier has to reach where it speaks."""

GRID = tuple(step / 100 for step in range(40, 100, 5))
"""Candidate probabilities below which it stays silent."""


class NotEnoughLabelsError(LlmauditError):
    """There are not enough labels to learn from."""

    exit_code = Exit.NOT_ENOUGH_DATA


class Example(msgspec.Struct, frozen=True):
    """One labelled request: its signals, its tier, and the template (or request) it must not be split from."""

    signals: Signals
    tier: int
    group: str


def train(examples: Sequence[Example], *, labels_sha256: str) -> Model:
    """Return a classifier trained on labelled requests.

    Tiers with fewer than five labels are left out: the model cannot learn them, and will not say them.

    Raises:
        NotEnoughLabelsError: Fewer than 40 labels, two tiers with five labels each, or five templates.
    """
    frequent = {tier for tier, count in Counter(example.tier for example in examples).items() if count >= MIN_PER_TIER}
    used = [example for example in examples if example.tier in frequent]
    groups = len({example.group for example in used})
    if len(used) < MIN_LABELS or len(frequent) < 2 or groups < MIN_GROUPS:  # noqa: PLR2004 -- two classes at least
        raise NotEnoughLabelsError(
            f"{len(used)} labels in {groups} templates, tiers {sorted(frequent)} with {MIN_PER_TIER} or more;"
            f" {MIN_LABELS} labels, {MIN_GROUPS} templates and two such tiers are needed",
            next_step="Label more requests: `llmaudit tag sample` chooses the most useful ones.",
            slug="not-enough-labels",
        )
    classes = sorted(frequent)
    held_out = _held_out(used, classes)
    temperature = _temperature(held_out)
    chances = [
        shrunk(softmax([s / temperature for s in example.scores]), example.counts, PRIOR_MASS) for example in held_out
    ]
    threshold = _threshold(chances, held_out, classes)
    intercepts, weights = _fit(used, classes)
    return Model(
        schema=SCHEMA,
        classes=classes,
        intercepts=intercepts,
        weights=weights,
        temperature=temperature,
        abstain_below=threshold,
        cohorts=_cohorts(used, classes),
        prior_mass=PRIOR_MASS,
        labels=len(used),
        labels_sha256=labels_sha256,
        metrics=_metrics(chances, held_out, classes, threshold),
    )


class _HeldOut(msgspec.Struct, frozen=True):
    """One label as a model that has not seen its template scores it, with its cohort's other labels."""

    tier: int
    scores: list[float]
    counts: list[int] | None


def _fit(examples: Sequence[Example], classes: list[int]) -> tuple[list[float], dict[str, list[float]]]:
    from sklearn.feature_extraction import DictVectorizer  # noqa: PLC0415 -- over a second to import
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- the same

    vectorizer = DictVectorizer()
    features = vectorizer.fit_transform([dict.fromkeys(features_of(one.signals), 1.0) for one in examples])
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(features, [one.tier for one in examples])
    rows, bases = fitted.coef_.tolist(), fitted.intercept_.tolist()
    if len(fitted.classes_) == 2:  # noqa: PLR2004 -- of two classes scikit-learn keeps one row, that of the second
        rows, bases = [[0.0] * len(rows[0]), rows[0]], [0.0, bases[0]]
    place = {int(tier): index for index, tier in enumerate(fitted.classes_)}
    never = -20.0  # a class that a fold lacks: as good as impossible, yet finite
    intercepts = [bases[place[tier]] if tier in place else never for tier in classes]
    weights = {
        str(name): [rows[place[tier]][column] if tier in place else 0.0 for tier in classes]
        for column, name in enumerate(vectorizer.feature_names_)
    }
    return intercepts, weights


def _held_out(examples: Sequence[Example], classes: list[int]) -> list[_HeldOut]:
    """Return every label as scored by a model trained without its template."""
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415 -- as above

    found: list[_HeldOut] = []
    order = sorted(examples, key=lambda one: (one.group, one.tier, sorted(features_of(one.signals))))
    for learn, test in GroupKFold(FOLDS).split(order, groups=[one.group for one in order]):
        rest = [order[index] for index in learn]
        intercepts, weights = _fit(rest, classes)
        cohorts = _cohorts(rest, classes)
        for index in test:
            one = order[index]
            scores = list(intercepts)
            for name in features_of(one.signals):
                scores = [score + weight for score, weight in zip(scores, weights.get(name, [0.0] * 4), strict=False)]
            found.append(_HeldOut(one.tier, scores, cohorts.get(cohort_of(one.signals))))
    return found


def _cohorts(examples: Sequence[Example], classes: list[int]) -> dict[str, list[int]]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(classes))
    for one in examples:
        counts[cohort_of(one.signals)][classes.index(one.tier)] += 1
    return dict(sorted(counts.items()))


def _temperature(held_out: Sequence[_HeldOut]) -> float:
    """Return the temperature with the least log loss on held-out labels (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 -- wanted only in training

    classes = sorted({one.tier for one in held_out})

    def loss(temperature: float) -> float:
        chances = [softmax([s / temperature for s in one.scores])[classes.index(one.tier)] for one in held_out]
        return -sum(log(max(chance, 1e-12)) for chance in chances)

    return float(minimize_scalar(loss, bounds=(0.25, 10.0), method="bounded").x)


def _threshold(chances: list[list[float]], held_out: Sequence[_HeldOut], classes: list[int]) -> float:
    """Return the lowest probability from which the held-out labels are right often enough."""
    for threshold in GRID:
        kept = [
            classes[row.index(max(row))] == one.tier
            for row, one in zip(chances, held_out, strict=True)
            if max(row) >= threshold
        ]
        if kept and sum(kept) / len(kept) >= TARGET:
            return threshold
    return GRID[-1]


def _metrics(
    chances: list[list[float]], held_out: Sequence[_HeldOut], classes: list[int], threshold: float
) -> dict[str, float | int | None]:
    """Return what the model is worth on labels it has not seen."""
    right = [classes[row.index(max(row))] == one.tier for row, one in zip(chances, held_out, strict=True)]
    sure = [max(row) for row in chances]
    spoken = [hit for hit, chance in zip(right, sure, strict=True) if chance >= threshold]
    return {
        "held_out": len(right),
        "accuracy": round(sum(right) / len(right), 4),
        "coverage": round(len(spoken) / len(right), 4),
        "accuracy_where_it_speaks": round(sum(spoken) / len(spoken), 4) if spoken else None,
        "calibration_error": round(_calibration_error(sure, right), 4),
    }


def _calibration_error(sure: list[float], right: list[bool]) -> float:
    """Return the expected calibration error over ten bins: how far stated chances are from how often they come true."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for chance, hit in zip(sure, right, strict=True):
        bins[min(int(chance * 10), 9)].append((chance, hit))
    gaps = (abs(sum(c for c, _ in rows) - sum(h for _, h in rows)) for rows in bins.values())
    return sum(gaps) / len(sure)


def write_model(model: Model, path: Path) -> Path:
    """Write the model as JSON and its card beside it; return the card's path."""
    with whole(path) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(model), indent=1) + b"\n")
    card = path.with_name(f"{path.name}.card.md")
    with whole(card) as part:
        part.write_text(card_of(model), encoding="utf-8")
    return card


def card_of(model: Model) -> str:
    """Return the model card: what it is for, what it learnt from, what it is worth, what it is not for."""
    metrics = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in model.metrics.items())
    return f"""# Tier classifier

A linear model over the signals of a request (never its text), for the traffic it was trained on and no other.

- Tiers it can say: {", ".join(map(str, model.classes))}
- Labels: {model.labels}, SHA-256 `{model.labels_sha256}`
- Cohorts (feature and task): {len(model.cohorts)}; {model.prior_mass:g} labels of a cohort weigh as much as the model
- Temperature: {model.temperature:.4f}; silent below {model.abstain_below:.2f}

| on labels whose template it had not seen | |
| --- | --- |
{metrics}

It proposes tiers; it does not know whether a cheaper model would fail on a request. Train it anew when features or
prompts change, and check it with `llmaudit tag eval` on labels that it has not seen.
"""
