"""How many days it would take to leave a maker: an estimate with all its assumptions stated.

The days are counts from the log, times fixed days per item. The counts are facts. The days per item are a judgement:
half and twice their value are the ends of the range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.dependence.concentration import provider_of
from llmaudit.evidence import grouped, spend
from llmaudit.summaries.templates import TemplateRow

SERVED = 30
"""Good answers of other makers in a feature after which its prompts are taken as tuned for them."""

USED = 5
"""Requests after which a template counts as one; a prompt without a fixed template makes one apiece."""

ADAPTER_DAYS = 3.0
FEATURE_DAYS = 1.0
TEMPLATE_DAYS = 0.5
EVAL_DAYS: Mapping[int | None, float] = {0: 0.5, 1: 1.0, 2: 2.0, 3: 3.0, None: 1.0}
SPECIFIC_DAYS = {"tools": 1.0, "JSON output": 0.5, "images": 1.0, "cache writes": 0.5, "batch": 1.0}
LOW, HIGH = 0.5, 2.0

ASSUMPTIONS = (
    f"{ADAPTER_DAYS:g} days for another API's client, none if every request goes through a gateway",
    f"{FEATURE_DAYS:g} day to roll out and watch each feature",
    f"{TEMPLATE_DAYS:g} days to tune each template; one template per feature where the log has no text to count them",
    "days of evals by a feature's highest tier: "
    + ", ".join(f"{days:g} for tier {tier}" for tier, days in EVAL_DAYS.items() if tier is not None),
    "days for what a feature uses besides text: "
    + ", ".join(f"{days:g} for {name}" for name, days in SPECIFIC_DAYS.items()),
    f"a feature to which other providers have given at least {SERVED} good answers needs no tuning and no evals",
    f"the range is from {LOW:g} to {HIGH:g} times the estimate",
)
"""What the days rest on, in words."""

USES: Mapping[str, Callable[[PricedCell], bool]] = {
    "tools": lambda priced: priced.cell.needs_tools,
    "JSON output": lambda priced: priced.cell.needs_json,
    "images": lambda priced: priced.cell.needs_images,
    "cache writes": lambda priced: any(priced.cell.tokens[2:5]),
    "batch": lambda priced: priced.cell.is_batch,
}


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """What leaving one maker would take.

    Attributes:
        provider: The maker of the models.
        spend_usd: What its models cost.
        features: Features that use them.
        tuned_features: Of those, features that other makers serve already.
        templates: Templates to tune; counted as one a feature where the log has no text.
        templates_known: Whether templates were counted for any feature.
        specific: Features that use each thing beside text.
        is_direct: Whether any of its requests go to a seller directly.
        days_low: The estimate at its low end.
        days: The estimate, in working days of one person.
        days_high: The estimate at its high end.
    """

    provider: str
    spend_usd: Decimal
    features: int
    tuned_features: int
    templates: int
    templates_known: bool
    specific: dict[str, int]
    is_direct: bool
    days_low: float
    days: float
    days_high: float


def switches(cells: Sequence[PricedCell], templates: Iterable[TemplateRow]) -> list[Switch]:
    """Return what leaving each maker would take, the one with most spend first."""
    counted: dict[tuple[str | None, str | None], int] = {}
    for row in templates:
        if row.template is not None and row.requests >= USED:
            counted[row.provider, row.feature] = counted.get((row.provider, row.feature), 0) + 1
    known = [priced for priced in cells if priced.offer]
    by_feature: dict[str | None, dict[str | None, int]] = {}
    for priced in known:
        if priced.cell.status == "ok":
            answers = by_feature.setdefault(priced.cell.feature, {})
            maker = provider_of(priced)
            answers[maker] = answers.get(maker, 0) + priced.cell.requests
    return [_switch(str(provider), group, by_feature, counted) for provider, group in grouped(known, provider_of)]


def _switch(
    provider: str,
    group: Sequence[PricedCell],
    answers: Mapping[str | None, Mapping[str | None, int]],
    counted: Mapping[tuple[str | None, str | None], int],
) -> Switch:
    features = dict(grouped(group, lambda priced: priced.cell.feature))
    tuned = {
        name
        for name in features
        if sum(count for maker, count in answers.get(name, {}).items() if maker != provider) >= SERVED
    }
    templates = {name: counted.get((provider, name), 1) for name in features}
    specific = {
        use: count
        for use, has in USES.items()
        if (count := sum(any(has(priced) for priced in own) for own in features.values()))
    }
    direct = any(priced.cell.gateway is None for priced in group)
    days = ADAPTER_DAYS * direct + FEATURE_DAYS * len(features)
    days += sum(SPECIFIC_DAYS[use] * count for use, count in specific.items())
    for name, own in features.items():
        if name not in tuned:
            days += TEMPLATE_DAYS * templates[name] + EVAL_DAYS[_highest(own)]
    return Switch(
        provider=provider,
        spend_usd=spend(group),
        features=len(features),
        tuned_features=len(tuned),
        templates=sum(count for name, count in templates.items() if name not in tuned),
        templates_known=any((provider, name) in counted for name in features),
        specific=specific,
        is_direct=direct,
        days_low=days * LOW,
        days=days,
        days_high=days * HIGH,
    )


def _highest(cells: Iterable[PricedCell]) -> int | None:
    return max((priced.cell.tier for priced in cells if priced.cell.tier is not None), default=None)
