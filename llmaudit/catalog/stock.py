"""What the catalog's files state about sellers, skus and models; nothing here depends on a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import msgspec

from llmaudit.catalog.compiled import Compiled
from llmaudit.catalog.instants import naive
from llmaudit.catalog.model import (
    Abilities,
    CatalogFile,
    Fee,
    ModelFacts,
    PromptCache,
    SellerKind,
    Sku,
    SkuEntry,
    Tokenizer,
)
from llmaudit.catalog.timeline import touches

DIRECT_KINDS = {"provider", "cloud", "host", "example"}
"""Sellers of what they host themselves; a gateway resells."""

Key = tuple[str, str]
"""A seller and the seller's id of a sku."""


@dataclass(frozen=True)
class Offer:
    """A sku as sold by one seller."""

    seller: str
    sku: Sku

    @property
    def key(self) -> Key:
        """The seller and the seller's id."""
        return (self.seller, self.sku.sku)


class Stock:
    """Every seller and sku, and what the files say of them.

    Args:
        files: The merged YAML files, one a seller.
        compiled: The compiled rates below them.
    """

    def __init__(self, files: Sequence[CatalogFile], compiled: Compiled) -> None:
        self._compiled = compiled
        self._sellers = {file.seller: file for file in files if file.seller}
        for seller in dict.fromkeys(seller for seller, _ in compiled.rows):
            self._sellers.setdefault(seller, CatalogFile(seller=seller))
        self.tokenizers: dict[str, Tokenizer] = {t.family: t for file in files for t in file.tokenizers}
        self.caching: list[PromptCache] = [rule for file in files for rule in file.caching][::-1]
        self._entries: dict[Key, list[SkuEntry]] = {}
        for file in files:
            for entry in file.models:
                self._entries.setdefault((str(file.seller), entry.sku), []).append(entry)
        self._facts = _facts_by_model(files)
        self._open_weights = [pattern for file in files for pattern in file.open_weights]
        self._abilities: dict[str, Abilities] = {}
        self._offers: dict[Key, Offer] = {}
        self._caching_of: dict[Key, PromptCache | None] = {}

    @property
    def sellers(self) -> Mapping[str, CatalogFile]:
        """Every seller by id."""
        return self._sellers

    def kind(self, seller: str) -> SellerKind:
        """Say what a seller is: the maker of models, a gateway, a cloud or host, or an example."""
        compiled = self._compiled.kinds.get(seller)
        return self._sellers[seller].kind or (msgspec.convert(compiled, SellerKind) if compiled else "provider")

    def fees(self, gateway: str) -> list[Fee]:
        """Return what a gateway charges beyond the tokens; empty where nothing is known."""
        file = self._sellers.get(gateway)
        return file.fees if file else []

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
        """Return the canonical model of a sku: one name for it, whatever a seller or package calls it."""
        model = self._model_as_stated(key)
        return self._same_model.get(model, model)

    def _model_as_stated(self, key: Key) -> str:
        stated = [entry.model for entry in self._entries.get(key, ()) if entry.model]
        return stated[-1] if stated else self._compiled.models.get(key, f"{key[0]}/{key[1]}")

    @cached_property
    def _same_model(self) -> dict[str, str]:
        """The canonical model behind other names that a maker's own file gives it, whoever sells it.

        Packages take `anthropic/claude-sonnet-4-5-20250929` for a model of its own; it then had no class, at no seller.
        """
        same: dict[str, str] = {}
        for (seller, sku), entries in self._entries.items():
            for entry in entries:
                if entry.model and entry.model.partition("/")[0] == seller:
                    names = (name for name in (sku, *entry.names) if isinstance(name, str))
                    same |= {f"{seller}/{name}": entry.model for name in names}
        return same

    def _sku(self, key: Key) -> Sku:
        """Return a sku with what the files say of it: its own statements first, then those about its model."""
        model = self._model(key)
        facts = self._facts.get(model)
        statements: list[SkuEntry | ModelFacts] = [*self._entries.get(key, ())][::-1]
        statements += [facts] if facts else []
        retired = [entry.retired_at for entry in self._entries.get(key, ()) if entry.retired_at]
        context = next((one.context for one in statements if one.context), None)
        longest = next((one.max_output for one in statements if one.max_output), None)
        return Sku(
            sku=key[1],
            model=model,
            model_class=next((one.model_class for one in statements if one.model_class), None),
            context=context or self._compiled.contexts.get(model),
            max_output=longest or self._compiled.longest.get(model),
            tokenizer=next((one.tokenizer for one in statements if one.tokenizer), None),
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

    @cached_property
    def makers(self) -> frozenset[str]:
        """Who made the models, as the names of models begin; some sell nothing themselves."""
        return frozenset(self._model(key).partition("/")[0] for key in self.keys)

    def prompt_cache(self, offer: Offer) -> PromptCache | None:
        """Return how a seller caches the prompts of a sku, or None where that is not known."""
        if offer.key not in self._caching_of:
            seller, sku = offer.key
            rules = (rule for rule in self.caching if seller in rule.sellers)
            found = next((rule for rule in rules if touches(rule.models, sku, offer.sku.model)), None)
            self._caching_of[offer.key] = found
        return self._caching_of[offer.key]


def _facts_by_model(files: Sequence[CatalogFile]) -> dict[str, ModelFacts]:
    """Return what is true of each model: as a file of facts has it, else as its maker's first entry states it."""
    facts = {fact.model: fact for file in files for fact in file.facts}
    for file in files:
        for entry in file.models:
            if entry.model and entry.model.partition("/")[0] == file.seller:
                by_maker = ModelFacts(
                    model=entry.model,
                    model_class=entry.model_class,
                    context=entry.context,
                    max_output=entry.max_output,
                    tokenizer=entry.tokenizer,
                )
                facts.setdefault(entry.model, by_maker)
    return facts
