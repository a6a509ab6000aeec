"""The price catalog in memory: who sells what under which names, and at what price at which instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from itertools import chain

import msgspec

from llmaudit.catalog.compiled import Compiled
from llmaudit.catalog.instants import FOREVER, naive
from llmaudit.catalog.model import (
    Abilities,
    CatalogFile,
    Dated,
    Fee,
    Hosting,
    ModelFacts,
    Price,
    PromptCache,
    Rate,
    Schedule,
    SellerKind,
    Sku,
    SkuEntry,
    Tokenizer,
    When,
)
from llmaudit.catalog.names import MAX_NAME, Named, NameIndex, of_resource, spellings
from llmaudit.catalog.schedule import Slot, slots_of_day
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
from llmaudit.deployments import Deployment, behind

DIRECT_KINDS = {"provider", "cloud", "host", "example"}
Key = tuple[str, str]


@dataclass(frozen=True)
class Offer:
    """A sku as sold by one seller."""

    seller: str
    sku: Sku

    @property
    def key(self) -> Key:
        """The seller and the seller's id."""
        return (self.seller, self.sku.sku)


@dataclass(frozen=True)
class Match:
    """What a model name in a log means: an offer, or why none.

    Attributes:
        offer: The offer, or None.
        reason: Where there is none: `unknown-model`, `ambiguous-model`, `no-model-name` or `unknown-seller`.
        by_maker: Whether others sell it too and, for want of a named seller, its maker's offer is meant.
    """

    offer: Offer | None
    reason: str = ""
    by_maker: bool = False


class Catalog:
    """Every seller, sku, price, fee, calendar and tokenizer family.

    Args:
        files: The merged YAML files, one a seller.
        compiled: The compiled rates below them.
        version: Content hash of everything that was read; printed wherever a price was used.
        known_at: Only what the catalog held on this day; None is everything it holds now.
    """

    def __init__(
        self, files: Sequence[CatalogFile], compiled: Compiled, *, version: str, known_at: date | None = None
    ) -> None:
        self.version = version
        self.known_at = known_at
        self._compiled = compiled
        self._sellers = {file.seller: file for file in files if file.seller}
        for seller in dict.fromkeys(seller for seller, _ in compiled.rows):
            self._sellers.setdefault(seller, CatalogFile(seller=seller))
        self.schedules: dict[str, Schedule] = {s.id: s for file in files for s in file.schedules}
        self.tokenizers: dict[str, Tokenizer] = {t.family: t for file in files for t in file.tokenizers}
        self.caching: list[PromptCache] = [rule for file in files for rule in file.caching][::-1]
        self._facts: dict[str, ModelFacts] = {fact.model: fact for file in files for fact in file.facts}
        self._aka = {word.lower(): seller for seller, words in compiled.aka.items() for word in words}
        self._aka |= {alias.lower(): seller for seller, file in self._sellers.items() for alias in file.aka}
        self._aka |= {seller.lower(): seller for seller in self._sellers}  # an id is never another's alias
        self._hosts = {host.lower(): seller for seller, file in self._sellers.items() for host in file.hosts}
        self._entries: dict[Key, list[SkuEntry]] = {}
        for file in files:
            for entry in file.models:
                key = (str(file.seller), entry.sku)
                self._entries.setdefault(key, []).append(entry)
                if entry.model and entry.model.partition("/")[0] == file.seller:
                    told = ModelFacts(
                        model=entry.model,
                        model_class=entry.model_class,
                        context=entry.context,
                        tokenizer=entry.tokenizer,
                    )
                    self._facts.setdefault(entry.model, told)
        self._open_weights = [pattern for file in files for pattern in file.open_weights]
        self._abilities: dict[str, Abilities] = {}
        self._offers: dict[Key, Offer] = {}
        self._spans: dict[Key, dict[When, list[Span]]] = {}
        self._steps: dict[Key, tuple[list[int], list[datetime] | None]] = {}
        self.known_rates: dict[tuple[object, ...], object] = {}
        self._matches: dict[tuple[str, str | None, datetime | None], Match] = {}
        self._deployments: Mapping[str, Deployment] = {}

    def knowing(self, deployments: Mapping[str, Deployment]) -> Catalog:
        """Return this catalog with the user's names for what hides a model (`llmaudit.deployments`)."""
        other = copy(self)
        vars(other).update(_matches={}, _deployments=deployments)
        return other

    @property
    def sellers(self) -> Mapping[str, CatalogFile]:
        """Every seller by id."""
        return self._sellers

    def kind(self, seller: str) -> SellerKind:
        """Say what a seller is: the maker of models, a gateway, a cloud or host, or an example."""
        compiled = self._compiled.kinds.get(seller)
        return self._sellers[seller].kind or (msgspec.convert(compiled, SellerKind) if compiled else "provider")

    @cached_property
    def keys(self) -> list[Key]:
        """Seller and sku of everything in the catalog: in file order, then as compiled."""
        return list(dict.fromkeys(chain(self._entries, self._compiled.rows)))

    def offers(self) -> Iterator[Offer]:
        """Yield every sku of every seller."""
        yield from (self._offer(key) for key in self.keys)

    def offer(self, seller: str | None, sku: str | None) -> Offer | None:
        """Return a seller's sku by its exact ids, or None."""
        key = (seller or "", sku or "")
        return self._offer(key) if key in self._entries or key in self._compiled.rows else None

    def _offer(self, key: Key) -> Offer:
        known = self._offers.get(key)
        if known is None:
            known = self._offers[key] = Offer(key[0], self._sku(key))
        return known

    def _model(self, key: Key) -> str:
        stated = [entry.model for entry in self._entries.get(key, ()) if entry.model]
        return stated[-1] if stated else self._compiled.models.get(key, f"{key[0]}/{key[1]}")

    def _sku(self, key: Key) -> Sku:
        """Return a sku with what the files say of it: its own statements first, then those about its model."""
        model = self._model(key)
        facts = self._facts.get(model)
        told: list[SkuEntry | ModelFacts] = [*self._entries.get(key, ())][::-1]
        told += [facts] if facts else []
        retired = [entry.retired_at for entry in self._entries.get(key, ()) if entry.retired_at]
        context = next((one.context for one in told if one.context), None) or self._compiled.contexts.get(model)
        return Sku(
            sku=key[1],
            model=model,
            model_class=next((one.model_class for one in told if one.model_class), None),
            context=context,
            tokenizer=next((one.tokenizer for one in told if one.tokenizer), None),
            retired_at=naive(retired[-1]) if retired else self._compiled.retired.get(key),
        )

    def abilities(self, model: str) -> Abilities:
        """Return what a model can do, by canonical name; what nobody states is None."""
        if model not in self._abilities:
            self._abilities[model] = self._able(model)
        return self._abilities[model]

    def _able(self, model: str) -> Abilities:
        compiled, facts = self._compiled.abilities.get(model, Abilities()), self._facts.get(model)
        known = {name: getattr(facts, name, None) for name in Abilities.__struct_fields__}
        open_weights = True if touches(self._open_weights, model, model) else None
        stated = {name: value for name, value in known.items() if value is not None}
        return msgspec.structs.replace(compiled, **({"open_weights": open_weights} | stated))

    def is_self_hosted(self, offer: Offer) -> bool:
        """Say whether an offer is a model one hosts oneself: its price is made from what its hours cost."""
        return any(entry.hosting for entry in self._entries.get(offer.key, ()))

    def seller_id(self, name: str | None) -> str | None:
        """Return the id of a seller by any name a log uses for it, or None."""
        return self._aka.get(name.lower()) if name else None

    @cached_property
    def makers(self) -> frozenset[str]:
        """Who made the models, as the names of models begin; some sell nothing themselves."""
        return frozenset(self._model(key).partition("/")[0] for key in self.keys)

    def maker_id(self, name: str) -> str | None:
        """Return a maker by any name a log uses for it, or None where nothing in the catalog is of it."""
        return next((one for one in (name.lower(), self.seller_id(name)) if one in self.makers), None)

    def nearest_makers(self, name: str) -> list[str]:
        """Return up to three makers that are spelt like a name, for a message."""
        near = get_close_matches(name[:MAX_NAME].lower(), sorted(self.makers), n=3, cutoff=0.6)
        return near or [one for one in self.nearest_sellers(name) if one in self.makers]

    def _direct_seller(self, name: str | None) -> str | None:
        """Return the id of a seller that sells what it hosts; a gateway's name says nothing about the model."""
        seller = self.seller_id(name)
        return seller if seller and self.kind(seller) in DIRECT_KINDS else None

    def gateway_id(self, name: str | None) -> str | None:
        """Return a gateway's id by name or host; a host nobody knows is its own name; a provider's host is none."""
        if not name:
            return None
        seller = self._aka.get(name.lower()) or self._hosts.get(name.lower())
        if seller is None:
            return name.lower()
        return None if self.kind(seller) in DIRECT_KINDS and not self._sellers[seller].fees else seller

    def seller_of_host(self, host: str | None) -> str | None:
        """Return the seller that answers at a host and sells what it hosts, or None."""
        seller = self._hosts.get((host or "").lower())
        return seller if seller and self.kind(seller) in DIRECT_KINDS else None

    def fees(self, gateway: str) -> list[Fee]:
        """Return what a gateway charges beyond the tokens; empty where nothing is known."""
        file = self._sellers.get(gateway)
        return file.fees if file else []

    def find(self, model: str | None, *, seller: str | None = None, at: datetime | None = None) -> Match:
        """Return what a model name means; never the nearest one.

        The seller is the one the log names, else the name's prefix (`openai/…`). Where neither says who bills, a name
        means its maker's own offer, and the match says so; a name that only one other seller has is
        that seller's. A name is matched whole, without regard to case, but for what clouds and fine-tuning write
        around it (`llmaudit.catalog.names`).

        Args:
            model: The model as a log names it.
            seller: The seller as a log names it, or None.
            at: The instant (naive UTC), for names that moved; None takes names that never moved.
        """
        deployed = behind(model, self._deployments) if model and self._deployments else None
        if deployed is not None:
            model, seller = deployed.model, deployed.seller or seller
        if not model or len(model) > MAX_NAME:
            return Match(None, "no-model-name" if not model else "unknown-model")
        key = (model.lower(), seller, at)
        known = self._matches.get(key)
        if known is None:
            known = self._matches[key] = self._find(model.lower(), seller, at)
        return known

    def _find(self, model: str, seller: str | None, at: datetime | None) -> Match:
        sold_by = self.seller_id(seller)
        by_gateway = sold_by is not None and self.kind(sold_by) == "gateway"
        if sold_by and by_gateway:
            own = self._one([model], [sold_by], at)
            if own.offer or own.reason == "ambiguous-model":
                return own
        if resource := of_resource(model):
            cloud, name = resource
            return self._find(name, seller if seller and not by_gateway else cloud, at)
        prefix, slash, rest = model.partition("/")
        by_prefix = self.seller_id(prefix) if slash else None
        if by_prefix and self.kind(by_prefix) == "gateway":
            return self._find(rest, seller, at)  # `openrouter/openai/gpt-4o`: the gateway is no part of the name
        known = self._direct_seller(seller)
        if known is None and seller and sold_by is None:
            return Match(None, "unknown-seller")
        names = spellings(model)
        if known or by_prefix:
            return self._one(names, [known or by_prefix or ""], at)
        own = self._by_its_maker(names, at)
        if own.offer and any(seller != own.offer.seller for seller in self._names.sellers_of(model)):
            return Match(own.offer, by_maker=True)
        return own if own.offer or own.reason == "ambiguous-model" else self._one(names, self._direct, at)

    def _by_its_maker(self, names: Sequence[str], at: datetime | None) -> Match:
        """Return what a name without a seller means among makers.

        Some of them resell others' models, and may call `claude-3-7-sonnet` what its maker has under a dated id: the
        maker's own offer is meant all the same.
        """
        found = self._one(names, self._makers, at)
        maker = self._model(found.offer.key).partition("/")[0] if found.offer else ""
        if found.offer and maker != found.offer.seller and maker in self._makers:
            own = self._one(names, [maker], at)
            return own if own.offer else found
        return found

    @cached_property
    def _makers(self) -> list[str]:
        return [seller for seller in self._sellers if self.kind(seller) in {"provider", "example"}]

    @cached_property
    def _direct(self) -> list[str]:
        return [seller for seller in self._sellers if self.kind(seller) in DIRECT_KINDS]

    def _one(self, names: Iterable[str], sellers: Collection[str], at: datetime | None) -> Match:
        """Return the only sku some sellers have under the first name that any of them has at an instant.

        Of several sellers that have it, the one that made the model is meant.
        """
        found = next((keys for name in names if (keys := self._names.find(name, sellers, at))), [])
        if len(found) > 1:
            found = [key for key in found if self._model(key).partition("/")[0] == key[0]] or found
        if len(found) == 1:
            return Match(self._offer(found[0]))
        return Match(None, "ambiguous-model" if found else "unknown-model")

    @cached_property
    def _names(self) -> NameIndex:
        named: list[Named] = []
        for key in self.keys:
            named.append(Named(key, key[1], "sku"))
            named.append(Named(key, self._model(key).partition("/")[2], "canonical"))
        for key, entries in self._entries.items():
            for entry in entries:
                named.extend(Named.of(key, name) for name in entry.names)
                named.extend(Named(key, pattern, "pattern") for pattern in entry.patterns)
        named.extend(
            Named((one.seller, one.sku), one.name, "name", one.start, one.end)
            for one in self._compiled.names
            if (one.seller, one.sku) in self._compiled.rows
        )
        return NameIndex(named)

    def nearest(self, model: str, seller: str | None = None) -> list[str]:
        """Return up to three names that are spelt like a model name, for a message: a seller's own, or makers'."""
        name, sold_by = model[:MAX_NAME].lower().rpartition("/")[2], self.seller_id(seller)
        names = sorted(key[1] for key in self.keys if key[0] == sold_by) if sold_by else self._all_names
        return get_close_matches(name, names, n=3, cutoff=0.6)

    def nearest_sellers(self, seller: str) -> list[str]:
        """Return up to three sellers that are spelt like a name, for a message."""
        near = get_close_matches(seller[:MAX_NAME].lower(), self._aka, n=3, cutoff=0.6)
        return list(dict.fromkeys(self._aka[word] for word in near))

    def sellers_of(self, model: str) -> list[str]:
        """Return every seller that has something under a name at some time, in order of their ids."""
        return sorted(self._names.sellers_of(model.lower()))

    @cached_property
    def _all_names(self) -> list[str]:
        direct = {key[1] for key in self.keys if self.kind(key[0]) in {"provider", "example"}}
        return sorted(direct or {key[1] for key in self.keys})

    def canonical(self, model: str) -> Offer | None:
        """Return the offer that a plan means by a model: its maker's own (`provider/name`), or `seller/sku`."""
        provider, _, rest = model.lower().partition("/")
        own = self.find(model, seller=provider).offer
        if own and own.sku.model == model.lower():
            return own
        return self._first_party.get(model.lower()) or (own if own and own.sku.sku.lower() == rest else None)

    @cached_property
    def _first_party(self) -> dict[str, Offer]:
        models = {self._model(key).lower(): key for key in reversed(self.keys)}
        return {model: self._offer(key) for model, key in models.items() if model.partition("/")[0] == key[0]}

    def tokenizer_of(self, model: str | None) -> Tokenizer | None:
        """Return the tokenizer family of a model as a log names it, or None where it is not known."""
        offer = self.find(model).offer
        return self.tokenizers.get(offer.sku.tokenizer) if offer and offer.sku.tokenizer else None

    def prompt_cache(self, offer: Offer) -> PromptCache | None:
        """Return how a seller caches the prompts of a sku, or None where that is not known."""
        seller, sku = offer.key
        rules = (rule for rule in self.caching if seller in rule.sellers)
        return next((rule for rule in rules if touches(rule.models, sku, offer.sku.model)), None)

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
        """Return what tells instants and prompt sizes apart for an offer: within both, nothing it costs can differ.

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

    def prompt_edges(self) -> list[int]:
        """Return every prompt size, in tokens, at which some price steps, with 0 first."""
        stated = (price.when for entries in self._entries.values() for entry in entries for price in entry.prices)
        return sorted({0, *(when.prompt_from for when in chain(stated, self._compiled.conditions()))})

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
