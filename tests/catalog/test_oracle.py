"""Ten thousand random usages against two independent calculators: equal, or different for a reason that has a name.

Each usage is priced here, by genai-prices and by LiteLLM's `cost_per_token`, for every sku of the makers that all three
have. LiteLLM computes in floating point, so equal means within a billionth of the amount. A difference has to fall
into one of the classes of oracle_classes.yaml, which says for each who is right and where that is written.
"""

from __future__ import annotations

import csv
import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from yaml_cases import read_cases

from llmaudit.catalog import Catalog, Conditions, Offer, quote
from llmaudit.catalog.load import packaged_folder

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else litellm asks the network when it is imported

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
CLASSES: dict[str, Any] = read_cases(Path(__file__).with_name("oracle_classes.yaml"))
ON_RECORD = "conflict on record"
"""The packages themselves disagree: conflicts.csv has both prices, which one is believed, and why."""

FREE_IN_SILENCE = "free in silence"
"""LiteLLM's calculator returns 0 for names that its file no longer has, and says nothing."""

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


def by_litellm(offer: Offer, tokens: Tokens) -> Decimal:
    from litellm import cost_per_token  # noqa: PLC0415 -- two seconds
    from litellm._internal_context import pinned_billing_time  # noqa: PLC0415 -- as above
    from litellm.types import utils  # noqa: PLC0415 -- as above

    written = tokens["cache_write_5m"] + tokens["cache_write_1h"]
    prompt = tokens["input"] + tokens["cache_read"] + written
    details = utils.PromptTokensDetailsWrapper(
        cached_tokens=tokens["cache_read"],
        cache_creation_tokens=written,
        cache_creation_token_details=utils.CacheCreationTokenDetails(
            ephemeral_5m_input_tokens=tokens["cache_write_5m"], ephemeral_1h_input_tokens=tokens["cache_write_1h"]
        ),
    )
    usage = utils.Usage(
        prompt_tokens=prompt,
        completion_tokens=tokens["output"],
        total_tokens=prompt + tokens["output"],
        prompt_tokens_details=details,
        cache_creation_input_tokens=written,
        cache_read_input_tokens=tokens["cache_read"],
    )
    with pinned_billing_time(AT.replace(tzinfo=UTC)):  # else off-peak prices are those of the hour of the test
        parts = cost_per_token(model=offer.sku.sku, custom_llm_provider=LITELLM[offer.seller], usage_object=usage)
    return sum((Decimal(repr(part)) for part in parts), Decimal(0))


CALCULATORS: dict[str, Callable[[Offer, Tokens], Decimal]] = {"genai-prices": by_genai, "litellm": by_litellm}


@cache
def on_record(name: str) -> frozenset[tuple[str, str]]:
    """Return the skus on whose price conflicts.csv says that a package disagrees."""
    with (packaged_folder() / "compiled" / "conflicts.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return frozenset(
        (row["seller"], row["sku"]) for row in rows if f"{name}=" in row["values"] and row["values"].count("=") > 1
    )


def known_class(name: str, offer: Offer, tokens: Tokens, theirs: Decimal) -> str | None:
    """Return the documented class a difference falls into, or None."""
    if offer.key in on_record(name):
        return ON_RECORD
    if theirs == 0:
        return FREE_IN_SILENCE
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
        elif (title := known_class(name, offer, tokens, theirs)) is not None:
            explained[title] += 1
        else:
            differs.setdefault(offer.sku.sku, (offer, tokens, ours, theirs))
    assert not differs, "\n".join(
        f"{o.seller} {sku}: {t} {ours} != {theirs}" for sku, (o, t, ours, theirs) in differs.items()
    )
    assert set(explained) - {ON_RECORD, FREE_IN_SILENCE} == set(CLASSES[name]), (
        "a class that nothing falls into any more"
    )
    assert set(agreed) == set(GENAI)
    assert agreed.total() > CLASSES["least_agreeing"][name]
    assert len(unknown) <= CLASSES["most_unknown"][name]
