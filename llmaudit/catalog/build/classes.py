"""Classifies a disagreement between packages, by rules over the figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal

from llmaudit.catalog.build.fact import Fact, when_dict
from llmaudit.catalog.build.merge import RateKey, Timelines, is_rounded

FAR_APART = timedelta(days=14)
REGIONAL = frozenset({Decimal("1.1"), Decimal("1.2")})
CURRENCY_SELLERS = frozenset({"volcengine", "tencent", "zhipuai", "sensenova", "bailing"})
CURRENCY = Decimal("0.1")
_MOVING = re.compile(r"(?:^|-)latest(?:-|$)|^mistral-(?:large|medium|small)$|^deepseek-(?:chat|reasoner)$|^gpt-5\.6$")
_NO_TEXT = re.compile(r"image|tts|audio|live|realtime|transcribe|speech|sonic|omni|banana")


@dataclass(frozen=True)
class Case:
    """One disagreement to classify.

    Attributes:
        key: The rate.
        moment: The instant of the comparison.
        used: What is believed.
        other: What another package says.
        record: The believed timeline of the rate.
        stated: Every package's timelines.
        snapshots: When each package's data was current.
    """

    key: RateKey
    moment: datetime
    used: Fact
    other: Fact
    record: list[Fact]
    stated: Timelines
    snapshots: Mapping[str, datetime]

    @property
    def ratio(self) -> Decimal | None:
        """Other over used, to four digits; None where used is 0."""
        return Context(prec=4).divide(self.other.usd, self.used.usd) if self.used.usd else None

    @property
    def is_twice(self) -> bool:
        """One is exactly twice the other."""
        return self.used.usd * 2 == self.other.usd or self.other.usd * 2 == self.used.usd


def package_of(fact: Fact) -> str:
    """Return the name of the package that states a fact."""
    return fact.origin.package.partition("@")[0]


def classify(case: Case) -> tuple[str, str]:
    """Return the class of a disagreement, by what the figures show, and one clause that says it."""
    return next((found for rule in RULES if (found := rule(case))), ("unexplained", f"ratio {case.ratio}"))


def _search_tool(case: Case) -> Found:
    return ("search-tool", "two search products have two prices") if case.key[2].startswith("web_search") else None


def _rounding(case: Case) -> Found:
    return ("rounding", "one of them is rounded") if is_rounded(case.used.usd, case.other.usd) else None


def _alias(case: Case) -> Found:
    moved = _MOVING.search(case.key[1])
    return ("alias-moved", "the name stands for different models over time") if moved else None


def _peak(case: Case) -> Found:
    if case.key[0] == "deepseek" and case.is_twice:
        return "peak-2.0", "one is the peak price, the other the off-peak price"
    return None


def _other_date(case: Case) -> Found:
    same = [fact for fact in case.record if fact.usd == case.other.usd]
    later = next((fact for fact in same if fact.valid_from and fact.valid_from > case.moment), None)
    if later:
        return "promotion", f"it is the price from {later.valid_from:%Y-%m-%d} on"
    earlier = next((fact for fact in reversed(same) if fact.valid_to and fact.valid_to <= case.moment), None)
    return ("stale-date", f"it was the price until {earlier.valid_to:%Y-%m-%d}") if earlier else None


def _modality(case: Case) -> Found:
    seller, sku, unit, when = case.key
    if unit not in {"input", "output", "cache_read"}:
        return None
    modes = {"input": ("input_image", "input_audio"), "output": ("output_image", "output_audio")}.get(unit, ())
    is_rate_of_other = any(
        fact.usd == case.other.usd
        for mode in modes
        for facts in case.stated.get((seller, sku, mode, when), {}).values()
        for fact in facts
    )
    if is_rate_of_other or _NO_TEXT.search(sku.lower()):
        return "image-vs-text", "a model of several modalities: one is the rate of text, the other of images or sound"
    return None


def _regional(case: Case) -> Found:
    one, two = case.used.usd, case.other.usd
    if one and two and {one / two, two / one} & REGIONAL:
        return "regional-1.1", "one is the global price, the other a regional one"
    return None


def _currency(case: Case) -> Found:
    if case.key[0] in CURRENCY_SELLERS and case.ratio is not None and abs(case.ratio - 1) < CURRENCY:
        return "currency-rate", "the seller charges in yuan; two rates of exchange"
    return None


def _batch_cache(case: Case) -> Found:
    if case.key[2].startswith("cache_") and "batch" in when_dict(case.key[3]) and case.is_twice:
        return "batch-cache", "whether a batch halves the cache rates, too"
    return None


def _batch(case: Case) -> Found:
    if "batch" in when_dict(case.key[3]) and case.is_twice:
        return "batch-0.5", "whether the batch discount covers this model"
    return None


def _free(case: Case) -> Found:
    return None if case.used.usd and case.other.usd else ("free-or-priced", "one says 0")


def _outvoted(case: Case) -> Found:
    """Two packages that say the same are likelier right than the one that is used; a person should look first here."""
    at_once = case.stated.get(case.key, {}).values()
    others = sum(any(fact.usd == case.other.usd and fact.valid_to is None for fact in facts) for facts in at_once)
    return ("outvoted", f"{others} packages say the other price") if others > 1 else None


def _other_snapshot(case: Case) -> Found:
    """Two packages without dates that looked at different times: nothing says that either is wrong."""
    read, other = (case.snapshots.get(package_of(fact)) for fact in (case.used, case.other))
    if read is None or other is None or case.used.basis == "documented":
        return None
    days = (other - read).days
    if abs(days) < FAR_APART.days:
        return None
    return (
        "other-snapshot",
        f"read {abs(days)} days {'after' if days > 0 else 'before'} the one used; it may have changed",
    )


Found = tuple[str, str] | None
RULES: tuple[Callable[[Case], Found], ...] = (
    _search_tool,
    _regional,
    _rounding,
    _alias,
    _peak,
    _other_date,
    _modality,
    _currency,
    _batch_cache,
    _batch,
    _free,
    _outvoted,
    _other_snapshot,
)
"""In this order; the first that fits names the class."""
