"""The shapes of the price catalog: what a YAML file in pricing/overlay/, or one of the user's, may contain.

`CatalogFile` is a whole file; its parts are in modules by subject. People write a price entry as a vector; the catalog
keeps one `Rate` per atomic price, with its own dates and source (`llmaudit.catalog.timeline`).
"""

from __future__ import annotations

from typing import Literal

from llmaudit.catalog.model.base import Dated, Strict
from llmaudit.catalog.model.calendar import Schedule, Weekday
from llmaudit.catalog.model.facts import Abilities, CacheLifetime, ContentClass, ModelFacts, PromptCache, Tokenizer
from llmaudit.catalog.model.prices import (
    FINEST_PER_MILLION,
    GLOBAL_REGIONS,
    MAX_DECIMALS_PER_MILLION,
    STANDARD_TIERS,
    Evidence,
    Hosting,
    Price,
    Rate,
    When,
)
from llmaudit.catalog.model.skus import DatedName, OwnEntry, Sku, SkuEntry
from llmaudit.catalog.model.terms import Commitment, Discount, Fee, Multiplier, Quota

__all__ = [
    "FINEST_PER_MILLION",
    "GLOBAL_REGIONS",
    "MAX_DECIMALS_PER_MILLION",
    "STANDARD_TIERS",
    "Abilities",
    "CacheLifetime",
    "CatalogFile",
    "Commitment",
    "ContentClass",
    "Dated",
    "DatedName",
    "Discount",
    "Evidence",
    "Fee",
    "Hosting",
    "ModelFacts",
    "Multiplier",
    "OwnEntry",
    "Price",
    "PromptCache",
    "Quota",
    "Rate",
    "Schedule",
    "SellerKind",
    "Sku",
    "SkuEntry",
    "Tokenizer",
    "Weekday",
    "When",
]

SellerKind = Literal["provider", "gateway", "cloud", "host", "example"]


class CatalogFile(Strict, frozen=True):
    """One YAML file: a seller with its models, rules and fees, or calendars, tokenizer families, facts, caching rules.

    Attributes:
        seller: The seller's id; None in a file of what belongs to no seller.
        kind: What it is: maker, gateway, cloud, host, or an example.
        title: Its name for people.
        hosts: Host names under which logs know it.
        aka: Further names under which logs know it.
        replaces: What the prices of a sku take the place of: `sku`, every price below; `rate`, only the prices of the
            same unit under the same conditions, for as long as they hold.
        models: Its skus with their prices.
        multipliers: Rules that make prices out of others.
        discounts: What comes off list, by contract.
        quotas: What is free in a period.
        commitments: What an account has promised to spend.
        fees: What a gateway charges beyond the tokens.
        schedules: Calendars that prices go by.
        tokenizers: Families of tokenizers.
        facts: What is true of a model wherever it is sold.
        caching: How prompts are cached.
        open_weights: Shell patterns of canonical names of models whose weights are published.
    """

    seller: str | None = None
    kind: SellerKind | None = None
    title: str | None = None
    hosts: list[str] = []
    aka: list[str] = []
    replaces: Literal["sku", "rate"] = "sku"
    models: list[SkuEntry] = []
    multipliers: list[Multiplier] = []
    discounts: list[Discount] = []
    quotas: list[Quota] = []
    commitments: list[Commitment] = []
    fees: list[Fee] = []
    schedules: list[Schedule] = []
    tokenizers: list[Tokenizer] = []
    facts: list[ModelFacts] = []
    caching: list[PromptCache] = []
    open_weights: list[str] = []
