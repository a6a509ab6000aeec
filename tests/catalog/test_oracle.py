"""Ten thousand random usages against two independent calculators: equal, or different for a reason that has a name.

Each usage is priced here, by genai-prices and by LiteLLM's `cost_per_token`, for the skus that the first-party sellers have in
all three. LiteLLM computes in floating point, so equal means within a billionth of the amount. A difference has to fall
into one of the classes of oracle_classes.yaml, which says for each who is right and where that is written.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from genai_prices import Usage, calc_price

from llmaudit.catalog import Catalog, Conditions, Offer, quote

AT = datetime(2026, 11, 20, 12, 0)  # noqa: DTZ001 -- naive UTC; a Friday noon: off-peak everywhere, promotions in force
GENAI = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "minimax": "minimax",
    "xai": "x-ai",
}
LITELLM = GENAI | {"google": "gemini", "xai": "xai"}
USAGES = 10_000
CLASSES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("oracle_classes.yaml").read_text())
Tokens = dict[str, int]


def usage_of(rng: random.Random) -> Tokens:
    """Return tokens by counter: short and long prompts, with and without a cache."""
    return {
        "input": rng.randrange(1, rng.choice([2_000, 50_000, 600_000])),
        "cache_read": rng.choice([0, rng.randrange(150_000)]),
        "cache_write_5m": rng.choice([0, 0, rng.randrange(60_000)]),
        "cache_write_1h": rng.choice([0, 0, rng.randrange(60_000)]),
        "output": rng.randrange(20_000),
    }


def fitting(offer: Offer, tokens: Tokens) -> Tokens:
    """Return a usage this seller can report: only Anthropic tells lifetimes of cache writes apart."""
    writes = {"cache_write_5m", "cache_write_1h"}
    return {name: 0 if name in writes and offer.seller != "anthropic" else count for name, count in tokens.items()}


def by_genai(offer: Offer, tokens: Tokens) -> Decimal:
    written = tokens["cache_write_5m"] + tokens["cache_write_1h"]
    counts = {
        "input_tokens": tokens["input"] + tokens["cache_read"] + written,
        "cache_read_tokens": tokens["cache_read"],
        "cache_write_tokens": written,
        "cache_write_1h_tokens": tokens["cache_write_1h"],
        "output_tokens": tokens["output"],
    }
    usage = Usage(**{name: count for name, count in counts.items() if count})
    at = AT.replace(tzinfo=UTC)
    return calc_price(usage, offer.sku.sku, provider_id=GENAI[offer.seller], genai_request_timestamp=at).total_price


@cache
def litellm_calculator() -> Callable[..., tuple[float, float]]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network on import
    from litellm import cost_per_token  # noqa: PLC0415 -- two seconds

    return cost_per_token


def by_litellm(offer: Offer, tokens: Tokens) -> Decimal:
    from litellm.types.utils import (  # noqa: PLC0415
        CacheCreationTokenDetails,
        PromptTokensDetailsWrapper,
        Usage as LiteLLMUsage,
    )

    written = tokens["cache_write_5m"] + tokens["cache_write_1h"]
    prompt = tokens["input"] + tokens["cache_read"] + written
    details = PromptTokensDetailsWrapper(
        cached_tokens=tokens["cache_read"],
        cache_creation_tokens=written,
        cache_creation_token_details=CacheCreationTokenDetails(
            ephemeral_5m_input_tokens=tokens["cache_write_5m"], ephemeral_1h_input_tokens=tokens["cache_write_1h"]
        ),
    )
    usage = LiteLLMUsage(
        prompt_tokens=prompt,
        completion_tokens=tokens["output"],
        total_tokens=prompt + tokens["output"],
        prompt_tokens_details=details,
        cache_creation_input_tokens=written,
        cache_read_input_tokens=tokens["cache_read"],
    )
    parts = litellm_calculator()(
        model=offer.sku.sku, custom_llm_provider=LITELLM[offer.seller], usage_object=usage
    )
    return sum((Decimal(repr(part)) for part in parts), Decimal(0))


CALCULATORS: dict[str, Callable[[Offer, Tokens], Decimal]] = {"genai-prices": by_genai, "litellm": by_litellm}


def known_class(name: str, offer: Offer, tokens: Tokens) -> str | None:
    """Return the documented class a difference falls into, or None."""
    prompt = sum(count for counter, count in tokens.items() if counter != "output")
    for title, entry in CLASSES[name].items():
        if offer.sku.sku not in entry["skus"].get(offer.seller, []):
            continue
        needs = entry.get("only_with")
        if (needs is None or any(tokens.get(counter) for counter in needs)) and prompt > entry.get("prompt_gt", -1):
            return str(title)
    return None


@pytest.fixture(scope="module")
def offers(catalog: Catalog) -> list[Offer]:
    """The first-party offers that can be priced by text tokens on the day."""
    text = {"input_tokens": 1, "output_tokens": 1}
    every = [offer for offer in catalog.offers() if offer.seller in GENAI]
    at = Conditions(AT, region="global")
    return [o for o in every if quote(catalog, o.sku.sku, text, at, seller=o.seller).status != "unpriced"]


@pytest.mark.parametrize("name", CALCULATORS)
def test_agreement(catalog: Catalog, offers: list[Offer], name: str) -> None:
    rng = random.Random(20261120)  # noqa: S311 -- seeded on purpose
    differs: dict[str, tuple[Offer, Tokens, Decimal | None, Decimal]] = {}
    agreed, explained, unknown = Counter[str](), Counter[str](), set[str]()
    for number in range(USAGES):
        offer = offers[number % len(offers)]
        tokens = fitting(offer, usage_of(rng))
        try:
            theirs = CALCULATORS[name](offer, tokens)
        except Exception:  # noqa: BLE001 -- either calculator has several ways of saying that it has no price
            unknown.add(offer.sku.sku)
            continue
        given = {f"{counter}_tokens": count for counter, count in tokens.items()}
        ours = quote(catalog, offer.sku.sku, given, Conditions(AT, region="global"), seller=offer.seller).cost_usd
        if ours is not None and abs(ours - theirs) <= max(ours, theirs) * Decimal("1e-9"):
            agreed[offer.seller] += 1
        elif (title := known_class(name, offer, tokens)) is not None:
            explained[title] += 1
        else:
            differs.setdefault(offer.sku.sku, (offer, tokens, ours, theirs))
    assert not differs, "\n".join(f"{o.seller} {sku}: {t} {ours} != {theirs}" for sku, (o, t, ours, theirs) in differs.items())
    assert set(explained) == set(CLASSES[name]), "a class that nothing falls into any more"
    assert set(agreed) == set(GENAI)
    assert agreed.total() > CLASSES["least_agreeing"][name]
    assert len(unknown) <= CLASSES["most_unknown"][name]


def summary() -> None:
    """Print every disagreement, grouped by sku; for working on the classes."""
    from llmaudit.catalog import load_catalog

    catalog = load_catalog()
    text = {"input_tokens": 1, "output_tokens": 1}
    at = Conditions(AT, region="global")
    offers = [
        o for o in catalog.offers() if o.seller in GENAI
        and quote(catalog, o.sku.sku, text, at, seller=o.seller).status != "unpriced"
    ]
    for name, calculator in CALCULATORS.items():
        rows = defaultdict(list)
        rng = random.Random(1)
        miss = []
        for offer in offers:
            for k in range(12):
                tokens = fitting(offer, usage_of(rng))
                try:
                    theirs = calculator(offer, tokens)
                except Exception as e:
                    if k == 0: miss.append((offer.sku.sku, type(e).__name__))
                    continue
                given = {f"{counter}_tokens": count for counter, count in tokens.items()}
                q = quote(catalog, offer.sku.sku, given, at, seller=offer.seller)
                ours = q.cost_usd
                if ours is None or abs(ours - theirs) > max(ours, theirs) * Decimal("1e-9"):
                    rows[offer.seller, offer.sku.sku].append((tokens, ours, theirs))
        print("=====", name, "unknown", len(miss), "of", len(offers), "differs", len(rows))
        for key, cases in rows.items():
            def has(c): return sum(1 for t, *_ in cases if t[c])
            ratio = [str(round(float(th / o), 3)) if o else "none" for _, o, th in cases[:4]]
            minp = min(sum(v for k2, v in t.items() if k2 != "output") for t, *_ in cases)
            print(key, len(cases), "cr", has("cache_read"), "w5", has("cache_write_5m"), "w1h", has("cache_write_1h"), "minprompt", minp, ratio)


if __name__ == "__main__":
    summary()
