"""Five hundred random usages against an independent calculator, genai-prices: equal to 1e-12, or different by a name.

The instant lies after the date of the data that both were made from. Left out is what genai-prices cannot express:
prices that depend on the hour (it knows no weekday and no holiday), service tiers, batch and regions.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price

from llmaudit.catalog import Catalog, Conditions, Offer, quote

AT = datetime(2026, 10, 27, 12, 0)  # noqa: DTZ001 -- naive UTC; noon, which is off-peak everywhere
PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "minimax": "minimax",
    "xai": "x-ai",
}
USAGES = 500

KNOWN = {
    "claude-sonnet-4-5": "genai-prices keeps the rate above 200,000 tokens, which Anthropic retired on 2026-04-30",
    "deepseek-v3.2": "genai-prices has another host's rate (0.2288) under DeepSeek's own name; DeepSeek's was 0.28",
    "labs-devstral-small-2512": "genai-prices takes it for devstral-small; Mistral gives the labs model away",
    "mistral-embed": "genai-prices charges output, which an embedding has none of",
    "deepseek-chat": "the name was retired on 2026-07-24; a price for it is a price for something else",
    "deepseek-reasoner": "the name was retired on 2026-07-24",
    "claude-fable-5-2": "not sold before 2026-11-09",
    "claude-mythos-5-2": "not sold before 2026-11-09",
}
"""Every sku on which the two may differ, with the reason."""

UNKNOWN_TO_GENAI = 10
"""Skus of the catalog that genai-prices does not have, at most."""


def usage_of(offer: Offer, rng: random.Random) -> dict[str, int]:
    """Return tokens by counter: short and long prompts, with and without a cache."""
    tokens = {"input": rng.randrange(1, rng.choice([2_000, 50_000, 600_000])), "output": rng.randrange(20_000)}
    tokens["cache_read"] = rng.choice([0, rng.randrange(150_000)])
    if offer.seller == "anthropic":
        tokens["cache_write_5m"] = rng.choice([0, rng.randrange(60_000)])
        tokens["cache_write_1h"] = rng.choice([0, rng.randrange(60_000)])
    return tokens


def theirs(offer: Offer, tokens: dict[str, int]) -> Decimal:
    written = tokens.get("cache_write_5m", 0) + tokens.get("cache_write_1h", 0)
    counts = {
        "input_tokens": tokens["input"] + tokens["cache_read"] + written,
        "cache_read_tokens": tokens["cache_read"],
        "cache_write_tokens": written,
        "cache_write_1h_tokens": tokens.get("cache_write_1h", 0),
        "output_tokens": tokens["output"],
    }
    usage = Usage(**{name: count for name, count in counts.items() if count})
    at = AT.replace(tzinfo=UTC)
    return calc_price(usage, offer.sku.sku, provider_id=PROVIDERS[offer.seller], genai_request_timestamp=at).total_price


def test_agreement(catalog: Catalog) -> None:
    rng = random.Random(20261027)  # noqa: S311 -- seeded on purpose
    offers = [offer for offer in catalog.offers() if offer.seller in PROVIDERS]
    missing, differs, agreed = set(), {}, Counter[str]()
    for number in range(USAGES):
        offer = offers[number % len(offers)]
        tokens = usage_of(offer, rng)
        try:
            expected = theirs(offer, tokens)
        except LookupError:
            missing.add(offer.sku.sku)
            continue
        given = {f"{name}_tokens": count for name, count in tokens.items()}
        ours = quote(catalog, offer.sku.sku, given, Conditions(AT, region="global"), seller=offer.seller).cost_usd
        if ours is None or abs(ours - expected) > Decimal("1e-12"):
            differs[offer.sku.sku] = (tokens, ours, expected)
        else:
            agreed[offer.seller] += 1
    assert set(differs) <= set(KNOWN), {name: case for name, case in differs.items() if name not in KNOWN}
    assert len(missing) <= UNKNOWN_TO_GENAI, missing
    assert agreed.total() > 400
    assert set(agreed) == set(PROVIDERS)


@pytest.mark.parametrize("sku", KNOWN)
def test_known_differences_are_of_the_catalog(catalog: Catalog, sku: str) -> None:
    """A name that is no longer in the catalog has no business in the list of exceptions."""
    assert any(offer.sku.sku == sku for offer in catalog.offers())
