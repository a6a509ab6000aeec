"""What names mean the same."""

from __future__ import annotations

from datetime import date

import pytest

from llmaudit.catalog.build.align import offer_form
from llmaudit.catalog.build.names import Models, edge, kind_of, maker_of, released_in, seller_id, squashed

SELLERS = [
    ("gemini", "google"),
    ("x-ai", "xai"),
    ("vertex_ai-anthropic_models", "vertex"),
    ("bedrock_converse", "bedrock"),
    ("some_new_host", "some-new-host"),
]


@pytest.mark.parametrize(("word", "seller"), SELLERS)
def test_sellers(word: str, seller: str) -> None:
    assert seller_id(word) == seller


def test_kinds() -> None:
    kinds = [kind_of(seller) for seller in ("openai", "bedrock", "openrouter", "huggingface-together", "some-host")]
    assert kinds == ["provider", "cloud", "gateway", "gateway", "host"]


MODELS = Models({"anthropic": {"claude-opus-4-6", "claude-3-5-haiku-latest"}, "openai": {"gpt-5.6-sol", "gpt-4o"}})
CANONICAL = [
    ("anthropic", "claude-opus-4-6", "anthropic/claude-opus-4-6"),
    ("openrouter", "anthropic/claude-opus-4.6", "anthropic/claude-opus-4-6"),
    ("bedrock", "us.anthropic.claude-opus-4-6-v1:0", "anthropic/claude-opus-4-6"),
    ("vertex", "claude-opus-4-6@default", "anthropic/claude-opus-4-6"),
    ("azure", "gpt-4o-2024-08-06", "openai/gpt-4o"),
    ("openrouter", "openai/gpt-5.6-sol:free", "openai/gpt-5.6-sol"),
    ("github-copilot", "gpt-5.6-sol", "openai/gpt-5.6-sol"),
    ("groq", "llama-3.3-70b-versatile", "meta/llama-3-3-70b-versatile"),
    ("some-host", "house-model", "some-host/house-model"),
]


@pytest.mark.parametrize(("seller", "sku", "model"), CANONICAL)
def test_canonical_names(seller: str, sku: str, model: str) -> None:
    assert MODELS.canonical(seller, sku) == model


def test_a_maker_sells_others_models_too() -> None:
    assert maker_of("deepseek-v4-flash-0731", "alibaba") == "deepseek"
    assert maker_of("trinity-large", "arcee") == "arcee"


DAYS = [
    ("gpt-4o-2024-08-06", date(2024, 8, 6)),
    ("claude-opus-4-20250514", date(2025, 5, 14)),
    ("claude-3-5-haiku@20241022", date(2024, 10, 22)),
    ("gpt-4-0613", None),
    ("gemini-2.5-flash-preview-09-2025", None),
    ("x-20251399", None),
]


@pytest.mark.parametrize(("sku", "day"), DAYS)
def test_days_in_names(sku: str, day: date | None) -> None:
    assert released_in(sku) == day


@pytest.mark.parametrize("tokens", [199_999, 200_000, 200_001])
def test_one_threshold_in_three_spellings(tokens: int) -> None:
    assert edge(tokens, "google") == {"prompt_gt": 200_000}
    assert edge(tokens, "xai") == {"prompt_ge": 200_000}


OFFERS = [
    ("anthropic.claude-opus-4-6", "anthropic.claude-opus-4-6-v1"),
    ("anthropic.claude-3-5-sonnet-v2", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
    ("gpt-4o-0513", "gpt-4o-2024-05-13"),
    ("meta.llama3-1-70b", "meta.llama3-1-70b-instruct-v1:0"),
    ("deepseek-v3.1", "deepseek-ai/deepseek-v3.1-maas"),
]


@pytest.mark.parametrize(("offer", "sku"), OFFERS)
def test_offers_of_clouds(offer: str, sku: str) -> None:
    assert offer_form(offer) == offer_form(sku)


def test_what_must_not_be_one_offer() -> None:
    forms = [
        "anthropic.claude-3-5-sonnet",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "us.anthropic.claude-3-5-sonnet",
    ]
    assert len({offer_form(name) for name in forms}) == len(forms)
    assert squashed("gpt-4o-mini") != squashed("gpt-4o")
