"""The price catalog in memory: who sells what under which names, and at what price at which instant."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cached_property

from llmaudit.catalog.model import CatalogFile, DatedName, Fee, Price, Schedule, Sku, Tokenizer, When
from llmaudit.catalog.schedule import Slot, naive, slots_of_day

FOREVER = datetime(9999, 1, 1)  # noqa: DTZ001 -- instants here are naive UTC
DIRECT_KINDS = {"provider", "cloud", "example"}
MAX_NAME = 200
"""Longer model names are not matched: no seller has one, and matching cost grows with the name."""


@dataclass(frozen=True)
class Offer:
    """A sku as sold by one seller."""

    seller: str
    sku: Sku

    @property
    def key(self) -> tuple[str, str]:
        """The seller and the seller's id."""
        return (self.seller, self.sku.sku)


@dataclass(frozen=True)
class Match:
    """What a model name in a log means: an offer, or why none.

    Attributes:
        offer: The offer, or None.
        reason: Where there is none: `unknown-model`, `ambiguous-model`, `no-model-name` or `unknown-seller`.
    """

    offer: Offer | None
    reason: str = ""


@dataclass(frozen=True)
class Span:
    """A price with the end of its validity worked out (naive UTC, half-open)."""

    start: datetime
    end: datetime
    price: Price


class Catalog:
    """Every seller, sku, price, fee, calendar and tokenizer family.

    Args:
        files: The merged catalog files, one a seller.
        version: Content hash of everything that was read; printed wherever a price was used.
    """

    def __init__(self, files: tuple[CatalogFile, ...], *, version: str) -> None:
        self.version = version
        self._sellers = {file.seller: file for file in files if file.seller}
        self.schedules: dict[str, Schedule] = {s.id: s for file in files for s in file.schedules}
        self.tokenizers: dict[str, Tokenizer] = {t.family: t for file in files for t in file.tokenizers}
        self._aka = {alias.lower(): file.seller for file in files if file.seller for alias in (file.seller, *file.aka)}
        self._hosts = {host.lower(): file.seller for file in files if file.seller for host in file.hosts}
        self._exact: dict[tuple[str, str], list[tuple[DatedName, Offer]]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Offer]]] = {}
        for seller, file in self._sellers.items():
            for sku in file.models:
                self._index(Offer(seller, sku))
        self._spans: dict[tuple[str, str], dict[When, list[Span]]] = {}

    def _index(self, offer: Offer) -> None:
        canonical = offer.sku.model.partition("/")[2]
        names = [n if isinstance(n, DatedName) else DatedName(name=n) for n in offer.sku.names]
        for dated in (DatedName(name=offer.sku.sku), DatedName(name=canonical), *names):
            entries = self._exact.setdefault((offer.seller, dated.name.lower()), [])
            if (dated, offer) not in entries:
                entries.append((dated, offer))
        for pattern in offer.sku.patterns:
            shape = re.escape(pattern.lower()).replace(r"\#", "[0-9]")
            self._patterns.setdefault(offer.seller, []).append((re.compile(shape), offer))

    @property
    def sellers(self) -> dict[str, CatalogFile]:
        """Every seller by id."""
        return self._sellers

    def offers(self) -> Iterator[Offer]:
        """Yield every sku of every seller, in file order."""
        for seller, file in self._sellers.items():
            yield from (Offer(seller, sku) for sku in file.models)

    def offer(self, seller: str | None, sku: str | None) -> Offer | None:
        """Return a seller's sku by its exact ids, or None."""
        return self._offers.get((seller or "", sku or ""))

    @cached_property
    def _offers(self) -> dict[tuple[str, str], Offer]:
        return {offer.key: offer for offer in self.offers()}

    def seller_id(self, name: str | None) -> str | None:
        """Return the id of a seller by any name a log uses for it, or None."""
        return self._aka.get(name.lower()) if name else None

    def _direct_seller(self, name: str | None) -> str | None:
        """Return the id of a seller that sells what it hosts; a gateway's name says nothing about the model."""
        seller = self.seller_id(name)
        return seller if seller and self._sellers[seller].kind in DIRECT_KINDS else None

    def gateway_id(self, name: str | None) -> str | None:
        """Return a gateway's id by name or host; a host nobody knows is its own name; a provider's host is none."""
        if not name:
            return None
        seller = self._aka.get(name.lower()) or self._hosts.get(name.lower())
        if seller is None:
            return name.lower()
        return None if self._sellers[seller].kind in DIRECT_KINDS and not self._sellers[seller].fees else seller

    def fees(self, gateway: str) -> list[Fee]:
        """Return what a gateway charges beyond the tokens; empty where nothing is known."""
        file = self._sellers.get(gateway)
        return file.fees if file else []

    def find(self, model: str | None, *, seller: str | None = None, at: datetime | None = None) -> Match:
        """Return what a model name means; never a guess.

        The seller is taken from the log, else from the name's prefix (`openai/…`), else from the only seller that has
        the name. A name is matched whole, without regard to case.

        Args:
            model: The model as a log names it.
            seller: The seller as a log names it, or None.
            at: The instant (naive UTC), for names that moved; None takes names that never moved.
        """
        if not model or len(model) > MAX_NAME:
            return Match(None, "no-model-name" if not model else "unknown-model")
        prefix, slash, rest = model.lower().partition("/")
        if slash and self.seller_id(prefix) and not self._direct_seller(prefix):
            return self.find(
                rest, seller=seller, at=at
            )  # `openrouter/openai/gpt-4o`: the gateway is no part of the name
        names = (model.lower(), rest) if slash else (model.lower(),)
        known = self._direct_seller(seller) or (self._direct_seller(prefix) if slash else None)
        if known is None and seller:
            return Match(None, "unknown-seller")
        sellers = [known] if known else [s for s, file in self._sellers.items() if file.kind in DIRECT_KINDS]
        found = {offer.key: offer for s in sellers for name in names for offer in self._named(s, name, at)}
        if len(found) == 1:
            return Match(next(iter(found.values())))
        return Match(None, "ambiguous-model" if found else "unknown-model")

    def _named(self, seller: str, name: str, at: datetime | None) -> Iterator[Offer]:
        for dated, offer in self._exact.get((seller, name), ()):
            starts = naive(dated.valid_from) if dated.valid_from else None
            ends = naive(dated.valid_to) if dated.valid_to else None
            if at is None and (starts or ends):
                continue
            if at is None or ((starts is None or starts <= at) and (ends is None or at < ends)):
                yield offer
        yield from (offer for shape, offer in self._patterns.get(seller, ()) if shape.fullmatch(name))

    def nearest(self, model: str) -> list[str]:
        """Return up to three names in the catalog that are spelt like a model name, for a message."""
        name = model[:MAX_NAME].lower().rpartition("/")[2]
        return get_close_matches(name, self._all_names, n=3, cutoff=0.6)

    @cached_property
    def _all_names(self) -> list[str]:
        return sorted({offer.sku.sku for offer in self.offers()})

    def canonical(self, model: str) -> Offer | None:
        """Return the maker's own offer of a canonical model name (`provider/name`), or None."""
        provider, _, _ = model.partition("/")
        offer = self.find(model, seller=provider).offer
        return offer if offer and offer.sku.model == model.lower() else self._canonical_as_written.get(model.lower())

    @cached_property
    def _canonical_as_written(self) -> dict[str, Offer]:
        first_party = (o for o in self.offers() if o.sku.model.partition("/")[0] == o.seller)
        return {offer.sku.model.lower(): offer for offer in first_party}

    def tokenizer_of(self, model: str | None) -> Tokenizer | None:
        """Return the tokenizer family of a model as a log names it, or None where it is not known."""
        offer = self.find(model).offer
        return self.tokenizers.get(offer.sku.tokenizer) if offer and offer.sku.tokenizer else None

    def spans(self, offer: Offer) -> dict[When, list[Span]]:
        """Return an offer's prices by condition, in time order, each with its end worked out."""
        cached = self._spans.get(offer.key)
        if cached is None:
            cached = self._spans[offer.key] = _spans_of(offer.sku)
        return cached

    def price_at(self, offer: Offer, when: When, at: datetime) -> Price | None:
        """Return the price that holds under exactly these conditions at an instant (naive UTC), or None."""
        spans = self.spans(offer).get(when, [])
        index = bisect_right([span.start for span in spans], at) - 1
        return spans[index].price if index >= 0 and at < spans[index].end else None

    def prompt_edges(self) -> list[int]:
        """Return every prompt size, in tokens, at which some price steps, with 0 first."""
        edges = {when.prompt_from for offer in self.offers() for when in self.spans(offer)}
        return sorted({0, *edges})

    def slots(self, first: datetime, last: datetime) -> list[Slot]:
        """Return the spans between two instants in which no rate changes, day by day (naive UTC)."""
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        changes = self._changes
        slots: list[Slot] = []
        while day <= last:
            slots.extend(slots_of_day(day, list(self.schedules.values()), changes))
            day += timedelta(days=1)
        return slots

    @cached_property
    def _changes(self) -> list[datetime]:
        ends = (
            edge
            for offer in self.offers()
            for spans in self.spans(offer).values()
            for span in spans
            for edge in (span.start, span.end)
        )
        return sorted({edge for edge in ends if edge != FOREVER})


def _spans_of(sku: Sku) -> dict[When, list[Span]]:
    by_condition: dict[When, list[Price]] = {}
    for price in sku.prices:
        by_condition.setdefault(price.when, []).append(price)
    spans: dict[When, list[Span]] = {}
    for when, prices in by_condition.items():
        ordered = sorted(prices, key=lambda price: naive(price.valid_from))
        starts = [naive(price.valid_from) for price in ordered]
        stated = [naive(price.valid_to) if price.valid_to else FOREVER for price in ordered]
        ends = [min(end, following) for end, following in zip(stated, [*starts[1:], FOREVER], strict=True)]
        spans[when] = [Span(s, e, p) for s, e, p in zip(starts, ends, ordered, strict=True)]
    return spans
