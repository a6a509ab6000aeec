"""The price catalog in memory: who sells what, under which names, and at what price at which instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import chain

import msgspec

from llmaudit.catalog.compiled import Compiled
from llmaudit.catalog.directory import Directory
from llmaudit.catalog.instants import FOREVER, naive
from llmaudit.catalog.model import (
    GLOBAL_REGIONS,
    STANDARD_TIERS,
    CatalogFile,
    Dated,
    Hosting,
    Price,
    Rate,
    Schedule,
    When,
)
from llmaudit.catalog.schedule import Slot, slots_of_day
from llmaudit.catalog.stock import Key, Offer
from llmaudit.catalog.timeline import (
    Span,
    discounted,
    multiplied,
    rates_of_hosting,
    rates_of_prices,
    spans_of,
    touches,
    without,
)

WINDOWS = (8_000, 16_000, 32_000, 64_000, 160_000, 400_000, 500_000, 900_000, 1_000_000, 2_000_000)
"""Prompt sizes beside those where a price steps at which cells divide, so that a cell fits a window or does not.

They are the usual windows with a little room for the answer. They are fixed: were they the windows that the catalog
holds (107 of them), every new model would make the cells of before unusable.
"""


class Catalog(Directory):
    """Every seller, sku, price, fee, calendar and tokenizer family.

    What the files state is in `Stock`, what names mean in `Directory`; here are the prices.

    Args:
        files: The merged YAML files, one a seller.
        compiled: The compiled rates below them.
        version: Content hash of everything that was read; printed wherever a price was used.
        known_at: Only what the catalog held on this day; None is everything it holds now.
    """

    def __init__(
        self, files: Sequence[CatalogFile], compiled: Compiled, *, version: str, known_at: date | None = None
    ) -> None:
        super().__init__(files, compiled)
        self.version = version
        self.known_at = known_at
        self.schedules: dict[str, Schedule] = {s.id: s for file in files for s in file.schedules}
        self._spans: dict[Key, dict[When, list[Span]]] = {}
        self._steps: dict[Key, tuple[list[int], list[datetime] | None]] = {}
        self.known_rates: dict[tuple[object, ...], object] = {}

    def rates(self, key: Key) -> list[Rate]:
        """Return every atomic rate of a sku: compiled, as the files above replace them, then multiplied, discounted."""
        rates = self._compiled.rates(key, self.known_at)
        for entry in self._entries.get(key, ()):
            known = msgspec.structs.replace(entry, prices=[price for price in entry.prices if self._is_known(price)])
            own = [*rates_of_prices(known), *(rates_of_hosting(entry.hosting) if entry.hosting else ())]
            if own:
                rates = [*(without(rates, own) if entry.replaces == "rate" else ()), *own]
        file, model = self._sellers[key[0]], self._model(key)
        for rule in file.multipliers:
            if touches(rule.models, key[1], model) and not touches(rule.unless, key[1], model):
                rates += multiplied(rates, rule)
        for discount in file.discounts:
            if touches(discount.models, key[1], model):
                rates = list(discounted(rates, discount))
        return rates

    def _is_known(self, price: Price) -> bool:
        """Say whether the catalog held a price; one that it did not hold neither replaces nor ends another."""
        return self.known_at is None or price.learned_on is None or price.learned_on <= self.known_at

    def spans(self, offer: Offer) -> dict[When, list[Span]]:
        """Return an offer's prices by condition, in time order, dense in between."""
        known = self._spans.get(offer.key)
        if known is None:
            known = self._spans[offer.key] = spans_of(self.rates(offer.key))
        return known

    def longest_prompt(self, offer: Offer) -> int | None:
        """Return how many tokens of prompt an offer takes at most, or None where that is not known.

        It is not where a price of it begins above the window on record: the window is then that of the usual access,
        and longer prompts are sold as well (Claude Sonnet 4.5 above 200,000 tokens).
        """
        context = offer.sku.context
        if context is None or any(when.prompt_from >= context for when in self.spans(offer)):
            return None
        return context

    def is_too_long(self, prompt_band: int, offer: Offer) -> bool:
        """Say whether the prompts of a band are too long for an offer; one whose window is not known takes any.

        A band that ends above the context window is too long as a whole. An answer counts in most windows as well, and
        `WINDOWS` leaves usual ones little more than the room for it.
        """
        longest = self.longest_prompt(offer)
        return longest is not None and prompt_band >= max(edge for edge in self._prompt_edges if edge <= longest)

    def goes_by_completion(self, offer: Offer) -> bool:
        """Say whether some price of an offer is decided by the completion of a request."""
        schedules = {when.schedule for when in self.spans(offer) if when.schedule}
        return any(self.schedules[name].decided_by == "completion" for name in schedules)

    def depends_on_thinking(self, offer: Offer) -> bool:
        """Say whether some price of an offer depends on whether the model reasoned."""
        spans = self.spans(offer)
        return any(when.mode or any("reasoning" in span.rates for span in every) for when, every in spans.items())

    def span_at(self, offer: Offer, when: When, at: datetime) -> Span | None:
        """Return the prices that hold under exactly these conditions at an instant (naive UTC), or None."""
        spans = self.spans(offer).get(when, [])
        index = bisect_right([span.start for span in spans], at) - 1
        return spans[index] if index >= 0 and at < spans[index].end else None

    def steps(self, offer: Offer, at: datetime, prompt_tokens: int) -> tuple[object, int]:
        """Return a key for an instant and a prompt size: for equal keys, an offer costs the same.

        The first is a number between two instants at which some price of it changes, or the instant itself where a
        calendar decides; the second counts the prompt sizes passed at which some price steps.
        """
        found = self._steps.get(offer.key)
        if found is None:
            found = self._steps[offer.key] = self._steps_of(offer)
        sizes, edges = found
        return at if edges is None else bisect_right(edges, at), bisect_right(sizes, prompt_tokens)

    def _steps_of(self, offer: Offer) -> tuple[list[int], list[datetime] | None]:
        spans = self.spans(offer)
        sizes = sorted({when.prompt_from for when in spans})
        if any(when.schedule for when in spans):
            return sizes, None
        edges: set[datetime] = set()
        for span in chain.from_iterable(spans.values()):
            edges |= {span.start, span.end}
            promised = (rate.evidence.firm_until for rate in span.rates.values())
            edges |= {naive(until) + timedelta(microseconds=1) for until in promised if until}  # it holds at its end
        return sizes, sorted(edges)

    def price_edges(self) -> list[int]:
        """Return every prompt size, in tokens, at which some price steps, with 0 first."""
        return list(self._price_edges)

    @cached_property
    def _price_edges(self) -> tuple[int, ...]:
        return tuple(sorted({0, *(when.prompt_from for when in self._conditions())}))

    def prompt_edges(self) -> list[int]:
        """Return every prompt size, in tokens, at which cells divide: the price steps and `WINDOWS`, with 0 first."""
        return list(self._prompt_edges)

    @cached_property
    def _prompt_edges(self) -> tuple[int, ...]:
        return tuple(sorted({*self._price_edges, *WINDOWS}))

    def _conditions(self) -> Iterator[When]:
        """Yield every condition that a price states, or a multiplier adds."""
        yield from (price.when for entries in self._entries.values() for entry in entries for price in entry.prices)
        yield from self._compiled.conditions()
        yield from (rule.when for file in self._sellers.values() for rule in file.multipliers)

    def has_region(self, region: str) -> bool:
        """Say whether some price is one of a region, or the region is a word for everywhere."""
        return region.lower() in self._regions

    def has_service_tier(self, tier: str) -> bool:
        """Say whether some price is one of a service tier, or the tier is a word for the ordinary one."""
        return tier.lower() in self._service_tiers

    @cached_property
    def _regions(self) -> set[str]:
        return GLOBAL_REGIONS | {when.region.lower() for when in self._conditions() if when.region}

    @cached_property
    def _service_tiers(self) -> set[str]:
        return STANDARD_TIERS | {when.service_tier.lower() for when in self._conditions() if when.service_tier}

    def slots(self, first: datetime, last: datetime) -> list[Slot]:
        """Return the spans between two instants in which no rate changes, day by day (naive UTC)."""
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        schedules = list(self.schedules.values())
        slots: list[Slot] = []
        while day <= last:
            inside = [change for change in self._changes if day < change < day + timedelta(days=1)]
            slots.extend(slots_of_day(day, schedules, inside))
            day += timedelta(days=1)
        return slots

    @cached_property
    def _changes(self) -> list[datetime]:
        """Every instant at which a price, a name or a rule begins or ends."""
        dated: list[Dated | Price | Hosting] = []
        for file in self._sellers.values():
            dated += [*file.multipliers, *file.discounts]
            for entry in file.models:
                dated += [*entry.prices, *(name for name in entry.names if not isinstance(name, str))]
                dated += [entry.hosting] if entry.hosting else []
        stated = (edge for one in dated for edge in (one.valid_from, one.valid_to))
        named = (edge for name in self._compiled.names for edge in (name.start, name.end))
        edges = chain((naive(edge) for edge in stated if edge), self._compiled.edges(), named)
        return sorted({edge for edge in edges if edge != FOREVER})
