"""The only access from pages to the catalog: the maker's list price of a model as a page names it, on a given day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from llmaudit.catalog import Catalog, Conditions, Offer, Rates, rates_for
from llmaudit.pages.names import maker_of

UNIT_OF = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_5m_tokens",
}
PAST_DAYS = 550
STEP_DAYS = 10
"""How far back, and how finely, an old list price is looked for."""

LONG_PROMPT = 1_000_000
HOURS = (2, 8, 20)
"""Hours (UTC) of a working day in which a seller with a calendar may ask another price."""


@dataclass(frozen=True)
class Explanation:
    """A list price of the same model that equals the page's, and under which condition it holds."""

    price: Decimal
    when: str


class ListPrices:
    """List prices on one day.

    Args:
        catalog: The prices.
        day: The day; noon UTC is taken.
    """

    def __init__(self, catalog: Catalog, day: date) -> None:
        self.catalog = catalog
        self.at = datetime.combine(day, time(12))
        self._offers: dict[str, Offer | None] = {}

    def offer(self, model: str) -> Offer | None:
        """Return the maker's own offer of a model as a page writes it, or None where that is not certain."""
        if model not in self._offers:
            self._offers[model] = self._find(model)
        return self._offers[model]

    def _find(self, model: str) -> Offer | None:
        maker = maker_of(model)
        for name in _spellings(model):
            for seller in dict.fromkeys((maker, None)):
                match = self.catalog.find(name, seller=seller, at=self.at)
                if match.offer is not None and match.offer.sku.model.partition("/")[0] == match.offer.seller:
                    return match.offer
        return None

    def price(self, offer: Offer, unit: str, prompt: int = 0) -> Decimal | None:
        """Return the global list price of a unit in US dollars per million tokens for prompts of a size, or None."""
        return self._price(offer, unit, Conditions(self.at, prompt, region="global"))

    def _price(self, offer: Offer, unit: str, conditions: Conditions) -> Decimal | None:
        rates = rates_for(self.catalog, offer, conditions)
        if not isinstance(rates, Rates):
            return None
        rate = rates.used.get(UNIT_OF[unit])
        if rate is None or (unit.startswith("cache") and not rate.unit.startswith(unit)):
            return None  # the fallback to the input price is an assumption about requests, not a price on a list
        return rate.usd

    def explanation(self, offer: Offer, unit: str, price: Decimal, prompt: int = 0) -> Explanation | None:
        """Return another list price of the model that equals the page's: region, hour, tier, prompt size, past day."""
        for when, conditions in self._variants(prompt):
            if self._price(offer, unit, conditions) == price:
                return Explanation(price, when)
        return None

    def _variants(self, prompt: int) -> Iterator[tuple[str, Conditions]]:
        for region in ("regional", "us", "eu", "datazone", "gov"):
            yield f"the list price of region class {region}", Conditions(self.at, region=region)
        monday = self.at - timedelta(days=self.at.weekday())
        for hour in HOURS:
            yield f"the list price at {hour:02}:00 UTC", Conditions(monday.replace(hour=hour), region="global")
        yield "the list price of long prompts", Conditions(self.at, LONG_PROMPT, region="global")
        for tier in ("priority", "flex", "fast"):
            yield f"the list price of service tier {tier}", Conditions(self.at, service_tier=tier, region="global")
        yield "the list price of batches", Conditions(self.at, is_batch=True, region="global")
        for days in range(STEP_DAYS, PAST_DAYS, STEP_DAYS):
            day = self.at - timedelta(days=days)
            known = Conditions(day, prompt, region="global")
            yield f"the list price of {day:%Y-%m-%d}: the page or the catalog is behind", known


def prompt_of(model: str) -> int:
    """Return the prompt size that a page writes into a model's name, 200,001 of `… (> 200K tokens)`; else 0."""
    match = re.search(r"(?:>|over|above|more than)\s?(\d{1,4})\s?[kK]\b", model)
    return int(match[1]) * 1_000 + 1 if match else 0


def _spellings(model: str) -> Iterator[str]:
    """Yield the names a catalog may have for a model as a page writes it: `Anthropic: Claude Sonnet 4.5 (latest)`."""
    plain = re.sub(r"\s*[(（\[].*?[)）\]]", "", model).strip()
    plain = re.sub(r"^[A-Za-z .]{2,20}:\s+", "", plain)
    bare = re.sub(r"^(?:OpenAI|Anthropic|Google|Meta|xAI|Alibaba)\s+(?=\w)", "", plain)
    seen: set[str] = set()
    for text in (model.strip(), plain, plain.rpartition("/")[2], bare):
        base = re.sub(r"[\s_]+", "-", text.lower())
        for name in (
            text.lower(),
            base,
            re.sub(r"(?<=\d)\.(?=\d)", "-", base),
            re.sub(r"(?<=\d)-(?=\d(?!\d))", ".", base),
        ):
            for variant in (name, re.sub(r"-(?:preview|latest|instruct)$", "", name)):
                if variant and variant not in seen:
                    seen.add(variant)
                    yield variant
