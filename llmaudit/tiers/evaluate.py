"""How good tags are, measured on labels: accuracy, under- and over-tiering with intervals, labeller agreement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from llmaudit.interval import wilson
from llmaudit.tiers.labels import Label
from llmaudit.tiers.signals import HIGH_STAKES, TIERS


class Rate(msgspec.Struct, frozen=True):
    """A share with its 95% interval (Wilson's).

    Attributes:
        share: 0 to 1; None of nothing.
        low: Lower bound.
        high: Upper bound.
        count: How many.
        of: Of how many.
    """

    share: float | None
    low: float | None
    high: float | None
    count: int
    of: int


class Source(msgspec.Struct, frozen=True):
    """One source of labels with the share of its rows inside the acceptable tiers."""

    source: str
    labels: int
    acceptable: float


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Tags against labels.

    Attributes:
        labels: Labels compared.
        unmatched: Labels whose request is not there.
        unknown: Of those compared, requests whose tier is unknown; they count as wrong.
        accuracy: Share with exactly the labelled tier.
        acceptable_accuracy: Share inside the acceptable tiers.
        source_mean: The same, averaged over sources; None with fewer than two.
        weighted_accuracy: The same, each label standing for `weight` requests; None without weights.
        macro_f1: Mean over the labelled tiers of the harmonic mean of precision and recall.
        within_one: Share at most one tier off.
        under_tiered_rate: Of labels with every acceptable tier 2 or 3, those tagged below them or not at all.
        over_tiered_rate: Of labels with every acceptable tier 0 or 1, those tagged above them.
        complex_tagged_low: Of the same labels of 2 and 3, those tagged 0 or 1: an unknown tier moves nowhere.
        simple_tagged_high: Of labels with every acceptable tier 0 or 1, those tagged 2 or 3.
        high_stakes_recall: Of labels for which only tier 3 will do, those tagged 3.
        false_high_stakes: Of labels for which tier 3 will not do, those tagged 3.
        confusion: Labelled tier to tagged tier (or `unknown`) to count.
        sources: Per source, where the labels name any.
        agreement: Two labellers' agreement on the same requests (Cohen's kappa), or None.
        agreement_pairs: Requests that two labellers labelled.
    """

    labels: int
    unmatched: int
    unknown: int
    accuracy: Rate
    acceptable_accuracy: Rate
    source_mean: float | None
    weighted_accuracy: float | None
    macro_f1: float
    within_one: float
    under_tiered_rate: Rate
    over_tiered_rate: Rate
    complex_tagged_low: Rate
    simple_tagged_high: Rate
    high_stakes_recall: Rate
    false_high_stakes: Rate
    confusion: dict[str, dict[str, int]]
    sources: list[Source]
    agreement: float | None
    agreement_pairs: int


def evaluate(labels: Sequence[Label], tagged: Sequence[int | None], *, unmatched: int = 0) -> Evaluation:
    """Compare tags with labels.

    Args:
        labels: The labels, at least one.
        tagged: The tier each got, in the same order; None is unknown.
        unmatched: Labels that were left out because their request is not there.
    """
    pairs = list(zip(labels, tagged, strict=True))
    high = [(label, tier) for label, tier in pairs if min(label.acceptable) >= 2]  # noqa: PLR2004 -- complex
    low = [(label, tier) for label, tier in pairs if max(label.acceptable) <= 1]
    only_high_stakes = [(label, tier) for label, tier in pairs if min(label.acceptable) == HIGH_STAKES]
    others = [(label, tier) for label, tier in pairs if HIGH_STAKES not in label.acceptable]
    sources = _sources(pairs)
    kappa, twice = agreement(labels)
    return Evaluation(
        labels=len(pairs),
        unmatched=unmatched,
        unknown=sum(tier is None for _, tier in pairs),
        accuracy=rate(tier == label.tier for label, tier in pairs),
        acceptable_accuracy=rate(tier in label.acceptable for label, tier in pairs),
        source_mean=sum(source.acceptable for source in sources) / len(sources) if len(sources) > 1 else None,
        weighted_accuracy=_weighted(pairs),
        macro_f1=_macro_f1(pairs),
        within_one=sum(tier is not None and abs(tier - label.tier) <= 1 for label, tier in pairs) / len(pairs),
        under_tiered_rate=rate(tier is None or tier < min(label.acceptable) for label, tier in high),
        over_tiered_rate=rate(tier is not None and tier > max(label.acceptable) for label, tier in low),
        complex_tagged_low=rate(tier in {0, 1} for _, tier in high),
        simple_tagged_high=rate(tier in {2, 3} for _, tier in low),
        high_stakes_recall=rate(tier == HIGH_STAKES for _, tier in only_high_stakes),
        false_high_stakes=rate(tier == HIGH_STAKES for _, tier in others),
        confusion=_confusion(pairs),
        sources=sources,
        agreement=kappa,
        agreement_pairs=twice,
    )


def rate(hits: Iterable[bool]) -> Rate:
    """Return the share of true values with Wilson's 95% interval (Wilson 1927)."""
    hit_list = list(hits)
    if not hit_list:
        return Rate(None, None, None, 0, 0)
    low, high = wilson(sum(hit_list), len(hit_list))
    return Rate(sum(hit_list) / len(hit_list), low, high, sum(hit_list), len(hit_list))


def agreement(labels: Sequence[Label]) -> tuple[float | None, int]:
    """Return Cohen's kappa of the first two labellers of each request, and how many requests have two.

    Cohen 1960: the agreement beyond the one that the two labellers' own habits would give by chance.
    """
    by_request: dict[str, dict[str, int]] = defaultdict(dict)
    for label in labels:
        if label.labeller is not None:
            by_request[label.request_id or label.prompt or ""].setdefault(label.labeller, label.tier)
    both = [tuple(tiers[name] for name in sorted(tiers)[:2]) for tiers in by_request.values() if len(tiers) > 1]
    if not both:
        return None, 0
    same = sum(first == second for first, second in both) / len(both)
    ones, twos = (Counter(pair[index] for pair in both) for index in (0, 1))
    chance = sum(ones[tier] * twos[tier] for tier in TIERS) / len(both) ** 2
    return (1.0 if chance == 1 else (same - chance) / (1 - chance)), len(both)


def _sources(pairs: list[tuple[Label, int | None]]) -> list[Source]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for label, tier in pairs:
        if label.source is not None:
            groups[label.source].append(tier in label.acceptable)
    return [Source(name, len(hits), sum(hits) / len(hits)) for name, hits in sorted(groups.items())]


def _weighted(pairs: list[tuple[Label, int | None]]) -> float | None:
    weights = [(label.weight, tier in label.acceptable) for label, tier in pairs if label.weight is not None]
    if len(weights) < len(pairs):
        return None
    return sum(weight for weight, hit in weights if hit) / sum(weight for weight, _ in weights)


def _macro_f1(pairs: list[tuple[Label, int | None]]) -> float:
    scores = []
    for tier in sorted({label.tier for label, _ in pairs}):
        hits = sum(label.tier == tier == tagged for label, tagged in pairs)
        either = sum(label.tier == tier for label, _ in pairs) + sum(tagged == tier for _, tagged in pairs)
        scores.append(2 * hits / either)
    return sum(scores) / len(scores)


def _confusion(pairs: list[tuple[Label, int | None]]) -> dict[str, dict[str, int]]:
    counts = Counter((label.tier, tier) for label, tier in pairs)
    return {
        str(label): {("unknown" if tier is None else str(tier)): counts[label, tier] for tier in (*TIERS, None)}
        for label in sorted({label.tier for label, _ in pairs})
    }
