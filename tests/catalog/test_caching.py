"""Caching rules: which models have one, that a user's file wins, and that nonsense is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import catalog_of

from llmaudit.catalog import Catalog
from llmaudit.errors import InputError

RULE = """
caching:
  - sellers: [openai]
    models: ["gpt-5.6-*"]
    min_tokens: 64
    automatic: true
    lifetimes: {lifetimes}
    source: test
"""


@pytest.mark.parametrize(
    ("seller", "sku", "least", "minutes"),
    [
        ("anthropic", "claude-opus-5", 512, [5, 60]),
        ("anthropic", "claude-haiku-4-5", 4096, [5, 60]),
        ("bedrock", "anthropic.claude-opus-5", 512, [5, 60]),
        ("openai", "gpt-4.1-mini", 1024, [5]),
        ("openai", "gpt-5.6-sol", 1024, [30]),
        ("google", "gemini-2.5-pro", 2048, [5]),
    ],
)
def test_rules_of_the_packaged_catalog(catalog: Catalog, seller: str, sku: str, least: int, minutes: list[int]) -> None:
    offer = catalog.offer(seller, sku)
    assert offer is not None
    rule = catalog.prompt_cache(offer)
    assert rule is not None
    assert (rule.min_tokens, [life.minutes for life in rule.lifetimes]) == (least, minutes)


def test_unknown_is_none(catalog: Catalog) -> None:
    for seller, sku in (("anthropic", "claude-fable-5-2"), ("openai", "gpt-3.5-turbo"), ("mistral", "mistral-large-4")):
        offer = catalog.offer(seller, sku)
        assert offer is not None, sku
        assert catalog.prompt_cache(offer) is None


def test_a_users_rule_wins(tmp_path: Path) -> None:
    mine = catalog_of(tmp_path, RULE.format(lifetimes="[{minutes: 90, write: input}]"))
    offer = mine.offer("openai", "gpt-5.6-sol")
    assert offer is not None
    rule = mine.prompt_cache(offer)
    assert rule is not None
    assert (rule.min_tokens, rule.lifetimes[0].minutes) == (64, 90)


@pytest.mark.parametrize("lifetimes", ["[]", "[{minutes: 0, write: input}]", "[{minutes: 5, write: output}]"])
def test_nonsense_is_refused(tmp_path: Path, lifetimes: str) -> None:
    with pytest.raises(InputError):
        catalog_of(tmp_path, RULE.format(lifetimes=lifetimes))
