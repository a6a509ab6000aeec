"""What a seller sells: a sku as a file states it, and as the catalog knows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Literal

from llmaudit.catalog.instants import naive
from llmaudit.catalog.model.base import Dated, Strict
from llmaudit.catalog.model.facts import ModelClass
from llmaudit.catalog.model.prices import Hosting, Price, When


class DatedName(Dated, frozen=True, kw_only=True):
    """A name that meant this sku only for a time (`deepseek-chat`)."""

    name: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class SkuEntry(Strict, frozen=True, rename={"model_class": "class"}):
    """One thing a seller sells, under the seller's own id, as a file states it.

    Attributes:
        sku: The seller's model id.
        model: Canonical name, `provider/name`; may be left out where the sku is in a file below.
        model_class: flagship, mid or budget; None for what is no chat model.
        context: Context window in tokens.
        max_output: Most tokens of one answer.
        tokenizer: Family in tokenizers.yaml.
        names: Further exact names it answers to.
        patterns: Names with `#` for one digit (`gpt-5.6-sol-####-##-##`).
        prices: Prices with their dates; empty keeps the prices of the files below.
        hosting: For a model one hosts: hours instead of prices.
        replaces: As in the file, for this sku alone.
        retired_at: When the seller stopped serving it.
    """

    sku: str
    model: str | None = None
    model_class: ModelClass | None = None
    context: int | None = None
    max_output: int | None = None
    tokenizer: str | None = None
    names: list[str | DatedName] = []
    patterns: list[str] = []
    prices: list[Price] = []
    hosting: Hosting | None = None
    replaces: Literal["sku", "rate"] | None = None
    retired_at: datetime | None = None

    def cut_short(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield the ends, as stated, of vectors that give way earlier, and when (naive UTC).

        Where single rates are replaced, that is how one of a vector's units is said to have changed.
        """
        for timeline in self.timelines().values() if self.replaces != "rate" else ():
            for price, following in pairwise(timeline):
                begins = naive(following.valid_from)
                if price.valid_to is not None and begins < naive(price.valid_to):
                    yield naive(price.valid_to), begins

    def timelines(self) -> dict[tuple[When, str], list[Price]]:
        """Return the prices that follow each other, in time order, by condition and unit.

        The unit is empty where an entry is a whole vector, which ends where the next one under the same condition
        begins, whether that has the unit or not.
        """
        by_unit = self.replaces == "rate"
        found: dict[tuple[When, str], list[Price]] = {}
        for price in sorted(self.prices, key=lambda price: naive(price.valid_from)):
            for unit in (*price.usd_per_million, *price.usd_each) if by_unit else ("",):
                found.setdefault((price.when, unit), []).append(price)
        return found


class OwnEntry(SkuEntry, frozen=True, rename={"model_class": "class"}):
    """An entry of the user's own file: what it calls a sku comes before what others call theirs."""

    @classmethod
    def of(cls, entry: SkuEntry) -> OwnEntry:
        """Return an entry as the user's own."""
        return cls(**{name: getattr(entry, name) for name in entry.__struct_fields__})


class Sku(Strict, frozen=True):
    """One thing a seller sells, with everything the files say of it but its prices (`Catalog.spans`)."""

    sku: str
    model: str
    model_class: ModelClass | None = None
    context: int | None = None
    max_output: int | None = None
    tokenizer: str | None = None
    retired_at: datetime | None = None
