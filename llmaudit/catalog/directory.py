"""What names mean: the seller, gateway or maker that a log or a person names, and the offer behind a model name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from typing import Self

from llmaudit.catalog.compiled import Compiled
from llmaudit.catalog.model import CatalogFile, OwnEntry, Tokenizer
from llmaudit.catalog.names import MAX_NAME, Named, NameIndex, Reading, at_a_cloud, of_resource, spellings
from llmaudit.catalog.stock import DIRECT_KINDS, Offer, Stock
from llmaudit.deployments import Deployment, behind


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


class Directory(Stock):
    """The stock by every name it goes under."""

    def __init__(self, files: Sequence[CatalogFile], compiled: Compiled) -> None:
        super().__init__(files, compiled)
        self._aka = {word.lower(): seller for seller, words in compiled.aka.items() for word in words}
        self._aka |= {alias.lower(): seller for seller, file in self._sellers.items() for alias in file.aka}
        self._aka |= {seller.lower(): seller for seller in self._sellers}  # an id is never another's alias
        self._hosts = {host.lower(): seller for seller, file in self._sellers.items() for host in file.hosts}
        self._matches: dict[tuple[str, str | None, datetime | None], Match] = {}
        self._deployments: Mapping[str, Deployment] = {}

    def knowing(self, deployments: Mapping[str, Deployment]) -> Self:
        """Return this catalog with the user's names for what hides a model (`llmaudit.deployments`)."""
        other = copy(self)
        vars(other).update(_matches={}, _deployments=deployments)
        return other

    def seller_id(self, name: str | None) -> str | None:
        """Return the id of a seller by any name a log uses for it, or None."""
        return self._aka.get(name.lower()) if name else None

    def maker_id(self, name: str) -> str | None:
        """Return a maker by any name a log uses for it, or None if the catalog has nothing made by it."""
        return next((one for one in (name.lower(), self.seller_id(name)) if one in self.makers), None)

    def gateway_id(self, name: str | None) -> str | None:
        """Return a gateway's id by name or host; a host nobody knows is its own name; a provider's host is none."""
        if not name:
            return None
        seller = self._aka.get(name.lower()) or self._hosts.get(name.lower())
        if seller is None:
            return name.lower()
        return None if self.kind(seller) in DIRECT_KINDS and not self._sellers[seller].fees else seller

    def knows_gateway(self, name: str) -> bool:
        """Say whether the catalog has what passes calls on under a name or host: a gateway, or a seller's own host."""
        return name.lower() in self._aka or name.lower() in self._hosts

    def seller_of_host(self, host: str | None) -> str | None:
        """Return the seller that answers at a host and sells what it hosts, or None."""
        seller = self._hosts.get((host or "").lower())
        return seller if seller and self.kind(seller) in DIRECT_KINDS else None

    def _direct_seller(self, name: str | None) -> str | None:
        """Return the id of a seller that sells what it hosts; a gateway's name says nothing about the model."""
        seller = self.seller_id(name)
        return seller if seller and self.kind(seller) in DIRECT_KINDS else None

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
            return self._at_seller(names, known or by_prefix or "", at)
        own = self._by_its_maker(names, at)
        if own.offer and any(seller != own.offer.seller for seller in self._names.sellers_of(model)):
            return Match(own.offer, by_maker=True)
        return own if own.offer or own.reason == "ambiguous-model" else self._one(names, self._direct, at)

    def _at_seller(self, names: Sequence[str], seller: str, at: datetime | None) -> Match:
        """Return what a seller has under some names; a cloud also under the id that the model's maker has for it."""
        own = self._one(names, [seller], at)
        if own.offer or self.kind(seller) != "cloud":
            return own
        made = self._by_its_maker(names, at).offer
        model = made.sku.model if made else ""
        sold = self._one(at_a_cloud(seller, (*names, model.partition("/")[2])), [seller], at) if made else own
        return sold if sold.offer and sold.offer.sku.model == model else own

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
            named.append(Named(key, key[1], "sku" if key in self._entries else "compiled"))
            named.append(Named(key, self._model_as_stated(key).partition("/")[2], "canonical"))
        for key, entries in self._entries.items():
            for entry in entries:
                reading: Reading = "own" if isinstance(entry, OwnEntry) else "name"
                named.extend(Named.of(key, name, reading) for name in entry.names)
                named.extend(Named(key, pattern, "pattern") for pattern in entry.patterns)
        named.extend(
            Named((one.seller, one.sku), one.name, "stated", one.start, one.end)
            for one in self._compiled.names
            if (one.seller, one.sku) in self._compiled.rows
        )
        return NameIndex(named)

    def canonical(self, model: str) -> Offer | None:
        """Return the offer that a plan means by a model: its maker's own (`provider/name`), or `seller/sku`."""
        provider, _, rest = model.lower().partition("/")
        own = self.find(model, seller=provider).offer
        if own and own.sku.model == self._same_model.get(model.lower(), model.lower()):
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

    def sellers_of(self, model: str) -> list[str]:
        """Return every seller that has something under a name at some time, in order of their ids."""
        return sorted(self._names.sellers_of(model.lower()))

    def skus_of(self, model: str, seller: str) -> list[str]:
        """Return the ids of what a seller has under a name at some time: the seller's name in a log, or its id."""
        return self._names.skus_of(model.lower(), self.seller_id(seller) or seller)

    def nearest(self, model: str, seller: str | None = None) -> list[str]:
        """Return up to three names that are spelt like a model name, for a message: a seller's own, or makers'."""
        name, sold_by = model[:MAX_NAME].lower().rpartition("/")[2], self.seller_id(seller)
        names = sorted(key[1] for key in self.keys if key[0] == sold_by) if sold_by else self._all_names
        return get_close_matches(name, names, n=3, cutoff=0.6)

    @cached_property
    def _all_names(self) -> list[str]:
        direct = {key[1] for key in self.keys if self.kind(key[0]) in {"provider", "example"}}
        return sorted(direct or {key[1] for key in self.keys})

    def nearest_sellers(self, seller: str) -> list[str]:
        """Return up to three sellers that are spelt like a name, for a message."""
        near = get_close_matches(seller[:MAX_NAME].lower(), self._aka, n=3, cutoff=0.6)
        return list(dict.fromkeys(self._aka[word] for word in near))

    def nearest_makers(self, name: str) -> list[str]:
        """Return up to three makers that are spelt like a name, for a message."""
        near = get_close_matches(name[:MAX_NAME].lower(), sorted(self.makers), n=3, cutoff=0.6)
        return near or [one for one in self.nearest_sellers(name) if one in self.makers]
