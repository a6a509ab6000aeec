"""Facts about a model that hold whoever sells it: its class, abilities, tokenizer, and how its prompts are cached."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.catalog.model.base import Basis, Strict, above_zero

ModelClass = Literal["flagship", "mid", "budget"]

ContentClass = Literal["latin", "code", "cjk"]


class Abilities(msgspec.Struct, frozen=True):
    """What a model can do; None is not known, and is never read as a no.

    Attributes:
        tools: Calls functions.
        images: Takes images.
        json: Answers by a JSON schema.
        reasoning: Thinks before it answers, always or on request.
        open_weights: Its weights are published, so that it can be hosted anywhere.
    """

    tools: bool | None = None
    images: bool | None = None
    json: bool | None = None
    reasoning: bool | None = None
    open_weights: bool | None = None


class ModelFacts(Strict, frozen=True, rename={"model_class": "class"}):
    """What is true of a model whoever sells it; a sku's own statement wins.

    The abilities (`Abilities`) win over what the compiled table says.
    """

    model: str
    model_class: ModelClass | None = None
    context: int | None = None
    max_output: int | None = None
    tokenizer: str | None = None
    tools: bool | None = None
    images: bool | None = None
    json: bool | None = None
    reasoning: bool | None = None
    open_weights: bool | None = None


class Tokenizer(Strict, frozen=True):
    """A family of models that split text alike.

    Attributes:
        family: Its name in `Sku.tokenizer`.
        title: Its name for people.
        ratio_to_o200k: Tokens per o200k_base token on the same text, by content class.
        source: Where that is known from.
        vocabulary: An encoding tiktoken can count exactly with, or None.
        basis: How it is known.
        models_note: Which models it covers, for people; nothing reads it.
    """

    family: str
    title: str
    ratio_to_o200k: dict[ContentClass, Decimal]
    source: str
    vocabulary: Literal["o200k_base", "cl100k_base"] | None = None
    basis: Literal["documented", "measured", "assumed"] = "measured"
    models_note: str | None = None


class CacheLifetime(Strict, frozen=True):
    """How long what is written to a prompt cache is kept after its last use, and which price the write has.

    Attributes:
        minutes: The lifetime.
        write: The unit that prices the write; `input` where it costs no more than an ordinary token.
    """

    minutes: int
    write: Literal["input", "cache_write_5m", "cache_write_1h", "cache_write_other"]

    def __post_init__(self) -> None:
        """Refuse a cache that keeps nothing."""
        above_zero(minutes=Decimal(self.minutes))


class PromptCache(Strict, frozen=True):
    """What some models need for the beginning of a prompt to be cached; a model without one is not known to cache.

    Attributes:
        sellers: Who sells them so.
        models: Shell patterns of skus or canonical names.
        min_tokens: The smallest prefix that is cached.
        automatic: Whether it is cached without being asked for.
        lifetimes: The lifetimes one may choose from, the usual one first.
    """

    sellers: list[str]
    models: list[str]
    min_tokens: int
    automatic: bool
    lifetimes: list[CacheLifetime]
    source: str
    basis: Basis = "documented"
    checked_on: date | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse a rule without a lifetime: nothing could ever be read."""
        if not self.lifetimes:
            raise ValueError("`lifetimes` is empty; a cache keeps a prefix for some time")
        above_zero(min_tokens=Decimal(self.min_tokens))
