"""What a model name means: names are matched whole, dated where they moved, and never guessed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from builders import catalog_of, catalog_text, sku_text

from llmaudit.catalog import Catalog, Conditions, load_catalog, quote

FOUND = [
    ("gpt-5.6-sol", None, "openai/gpt-5.6-sol"),
    ("GPT-5.6-Sol", None, "openai/gpt-5.6-sol"),
    ("openai/gpt-5.6-sol", None, "openai/gpt-5.6-sol"),
    ("gpt-5.6-sol", "openai", "openai/gpt-5.6-sol"),
    ("gpt-5.6-sol-2026-07-09", None, "openai/gpt-5.6-sol"),
    ("claude-opus-4-6", "anthropic", "anthropic/claude-opus-4-6"),
    ("minimax/minimax-m2.7", "Minimax", "minimax/minimax-m2.7"),
]


@pytest.mark.parametrize("name", ["claude-3-7-sonnet", "claude-3-5-haiku", "glm-4.7", "kimi-k3", "grok-4.6"])
def test_a_name_without_a_seller_is_its_makers_also_where_another_maker_resells_it(catalog: Catalog, name: str) -> None:
    """Google lists `claude-3-7-sonnet` on Vertex; Anthropic has it under a dated id, with this as another name."""
    offer = catalog.find(name).offer
    assert offer
    assert offer.seller == offer.sku.model.partition("/")[0]


def test_the_nearest_names_are_those_of_the_seller(catalog: Catalog) -> None:
    assert catalog.find("glm-5.1", seller="fireworks").reason == "unknown-model"
    assert "glm-5p1" in catalog.nearest("glm-5.1", "fireworks")
    assert "glm-5.1" not in catalog.nearest("glm-5.1", "fireworks")


@pytest.mark.parametrize(("name", "seller", "model"), FOUND)
def test_found(catalog: Catalog, name: str, seller: str | None, model: str) -> None:
    match = catalog.find(name, seller=seller)
    assert match.offer
    assert match.offer.sku.model == model


NOT_FOUND = [
    ("gpt-5.6-sol-mini", None, "unknown-model"),
    ("my-gpt-5.6-sol", None, "unknown-model"),
    ("gpt-5.6-sol ", None, "unknown-model"),
    ("gpt-5.6", "anthropic", "unknown-model"),
    ("gpt-5.6-sol-2026-07-0", None, "unknown-model"),
    ("gpt-5.6-sol-2026-07-099", None, "unknown-model"),
    ("gpt-5.6-sol-####-##-##", None, "unknown-model"),
    ("claude", None, "unknown-model"),
    ("", None, "no-model-name"),
    (None, None, "no-model-name"),
    ("x" * 201, None, "unknown-model"),
    ("gpt-5.6-sol", "somebody-else", "unknown-seller"),
    (".*", None, "unknown-model"),
]


@pytest.mark.parametrize(("name", "seller", "reason"), NOT_FOUND)
def test_not_found(catalog: Catalog, name: str | None, seller: str | None, reason: str) -> None:
    match = catalog.find(name, seller=seller)
    assert (match.offer, match.reason) == (None, reason)


PATHS = [
    ("publishers/google/models/gemini-2.5-pro", None, ("vertex", "gemini-2.5-pro")),
    ("projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro", None, ("vertex", "gemini-2.5-pro")),
    ("publishers/anthropic/models/claude-sonnet-4-5@20250929", None, ("vertex", "claude-sonnet-4-5@20250929")),
    ("publishers/google/models/gemini-2.5-pro", "google", ("google", "gemini-2.5-pro")),
    ("models/gemini-2.5-pro", None, ("google", "gemini-2.5-pro")),
    ("bedrock/us-east-1/amazon.nova-pro-v1:0", None, ("bedrock", "amazon.nova-pro-v1:0")),
    ("bedrock/us-gov-west-1/amazon.nova-pro-v1:0", None, ("bedrock", "amazon.nova-pro-v1:0")),
    ("bedrock/converse/us.amazon.nova-pro-v1:0", "openrouter", ("bedrock", "us.amazon.nova-pro-v1:0")),
    ("bedrock/amazon.nova-pro-v1:0", None, ("bedrock", "amazon.nova-pro-v1:0")),
    ("arn:aws:bedrock:x:1:inference-profile/us.amazon.nova-pro-v1:0", None, ("bedrock", "us.amazon.nova-pro-v1:0")),
    ("ft:gpt-4o-2024-08-06:my-org:custom:abc123", None, ("openai", "ft:gpt-4o-2024-08-06")),
    ("openai/ft:gpt-4o:org::ID", None, ("openai", "ft:gpt-4o")),
    ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", None, None),
    ("publishers/google/models/gemini-2.5-pro/versions/1", None, None),
    ("bedrock/us-east-1/no-such-model", None, None),
    ("ft:no-such-base:org::id", None, None),
    ("ft:gpt-4o-2024-08-06:my-org", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "seller", "key"), PATHS)
def test_what_clouds_and_fine_tuning_write_around_a_name(
    catalog: Catalog, name: str, seller: str | None, key: tuple[str, str] | None
) -> None:
    match = catalog.find(name, seller=seller)
    assert (match.offer.key if match.offer else None) == key


def test_ones_own_fine_tuned_model_comes_before_its_base(tmp_path: Path) -> None:
    mine = sku_text("ft:gpt-4o-2024-08-06:my-org:custom:abc123", ["usd_per_million: {input: 1, output: 2}"])
    match = catalog_of(tmp_path, catalog_text("openai", mine)).find("ft:gpt-4o-2024-08-06:my-org:custom:abc123")
    assert match.offer
    assert match.offer.sku.sku == "ft:gpt-4o-2024-08-06:my-org:custom:abc123"


@pytest.mark.parametrize("at", ["1960-01-01", "9999-12-31"])
def test_a_name_that_never_moved_is_one_at_any_instant(catalog: Catalog, at: str) -> None:
    """The price is what is missing then, and the message has to say so."""
    assert catalog.find("gpt-4o", at=datetime.fromisoformat(at)).offer


OWN = """\
seller: own
models:
  - sku: new
    model: maker/new
    names:
      - {name: latest, valid_from: 2026-07-01T00:00:00Z}
      - steady
    patterns: ["new-##"]
    prices: [{valid_from: 2020-01-01T00:00:00Z, source: test, usd_per_million: {input: 2, output: 2}}]
  - sku: old
    model: maker/old
    names:
      - {name: latest, valid_to: 2026-07-01T00:00:00Z}
    prices: [{valid_from: 2020-01-01T00:00:00Z, source: test, usd_per_million: {input: 1, output: 1}}]
  - sku: twin
    model: maker/twin
    names: [steady]
    prices: [{valid_from: 2020-01-01T00:00:00Z, source: test, usd_per_million: {input: 3, output: 3}}]
"""


@pytest.mark.parametrize(
    ("name", "at", "sku"),
    [
        ("latest", "2026-06-30T23:59:59", "old"),
        ("latest", "2026-07-01T00:00:00", "new"),
        ("latest", None, None),
        ("new-07", None, "new"),
        ("new-7", None, None),
        ("new-007", None, None),
        ("steady", None, None),
        ("maker/new", None, "new"),
    ],
)
def test_names_that_moved(tmp_path: Path, name: str, at: str | None, sku: str | None) -> None:
    """A name that moved needs an instant; one that means two things is ambiguous."""
    own = catalog_of(tmp_path, OWN)
    match = own.find(name, seller="own", at=datetime.fromisoformat(at) if at else None)
    assert (match.offer.sku.sku if match.offer else None) == sku
    if name == "steady":
        assert match.reason == "ambiguous-model"


def test_overlay_wins(catalog: Catalog, tmp_path: Path) -> None:
    """A user's prices replace the packaged ones of the sku whole; the seller's others stay; the version changes."""
    own = catalog_of(
        tmp_path, catalog_text("openai", sku_text("gpt-5.6-sol", ["usd_per_million: {input: 1, output: 2}"]))
    )
    mine, theirs = own.offer("openai", "gpt-5.6-sol"), catalog.offer("openai", "gpt-5.6-sol")
    assert mine
    assert theirs
    assert len(own.rates(mine.key)) == 2 < len(catalog.rates(theirs.key))
    assert own.offer("openai", "gpt-5.6-luna") == catalog.offer("openai", "gpt-5.6-luna")
    assert own.version != catalog.version
    again = catalog_of(
        tmp_path, catalog_text("openai", sku_text("gpt-5.6-sol", ["usd_per_million: {input: 1, output: 3}"]))
    )
    assert again.version not in {own.version, catalog.version}


RENAMED = """
seller: openai
models:
  - {sku: gpt-4.1-mini, names: [gpt-4.1]}
"""


def test_a_name_of_ones_own_comes_before_any_other_use_of_it(tmp_path: Path) -> None:
    """`gpt-4.1` is a sku of OpenAI's; a proxy that answers by that name with another model is told by the user."""
    file = tmp_path / "own.yaml"
    file.write_text(RENAMED)
    found = [load_catalog(files).find("gpt-4.1", seller="openai").offer for files in ([file], [])]
    assert [offer and offer.sku.sku for offer in found] == ["gpt-4.1-mini", "gpt-4.1"]


@pytest.mark.parametrize(
    ("name", "seller", "sku"),
    [
        ("gpt-5-chat", "openai", "gpt-5-chat-latest"),  # a package takes it for gpt-5
        ("gpt-5.1-chat", "openai", "gpt-5.1-chat-latest"),
        ("mistral-medium", "mistral", "mistral-medium-2508"),  # of 2026-08-31 it is Medium 3.5
        ("grok-4.20-multi-agent", "xai", "grok-4.20"),
        ("claude-sonnet-4-5-20250929", "anthropic", "claude-sonnet-4-5"),  # packages list it as a model of its own
        ("claude-opus-4-5-20251101", "anthropic", "claude-opus-4-5"),
        ("mistral-medium-latest", "mistral", "mistral-medium-2604"),
        ("gemini-flash-latest", "google", "gemini-2.5-flash"),
        ("gpt-5.6-luna-2026-07-09", "azure", "gpt-5.6-luna"),
    ],
)
def test_a_name_kept_by_hand_comes_before_what_a_package_takes_it_for(name: str, seller: str, sku: str) -> None:
    found = load_catalog().find(name, seller=seller, at=datetime(2026, 7, 1))  # noqa: DTZ001 -- naive UTC
    assert found.offer is not None, found.reason
    assert found.offer.sku.sku == sku


@pytest.mark.parametrize(
    ("name", "seller", "model"),
    [
        ("claude-opus-4-5-20251101", None, "anthropic/claude-opus-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock", "anthropic/claude-sonnet-4-5"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock", "anthropic/claude-haiku-4-5"),
        ("gpt-4o-2024-08-06", "azure", "openai/gpt-4o-2024-08-06"),  # snapshots with prices of their own
        ("gpt-4o-2024-11-20", "openai", "openai/gpt-4o-2024-11-20"),
    ],
)
def test_a_dated_id_is_the_model_it_is_of(catalog: Catalog, name: str, seller: str | None, model: str) -> None:
    """Else it has no class, and no plan moves it and no finding about flagships sees it."""
    offer = catalog.find(name, seller=seller).offer
    assert offer
    assert offer.sku.model == model
    assert offer.sku.model_class is not None


def test_a_plan_may_name_a_model_by_its_dated_id(catalog: Catalog) -> None:
    offer = catalog.canonical("anthropic/claude-opus-4-5-20251101")
    assert offer
    assert offer.key == ("anthropic", "claude-opus-4-5")


@pytest.mark.parametrize(
    ("model", "at", "prompt", "rates"),
    [  # Anthropic's long-context prices until 2026-04-30; 200,000 tokens are still short
        ("claude-sonnet-4-5-20250929", "2026-03-01", 200_000, ("3", "15")),
        ("claude-sonnet-4-5-20250929", "2026-03-01", 200_001, ("6", "22.5")),
        ("claude-sonnet-4-20250514", "2026-03-01", 200_001, ("6", "22.5")),
        ("claude-sonnet-4-5-20250929", "2026-05-01", 200_001, ("3", "15")),
    ],
)
def test_long_prompts_under_the_id_that_logs_have(
    catalog: Catalog, model: str, at: str, prompt: int, rates: tuple[str, str]
) -> None:
    conditions = Conditions(datetime.fromisoformat(at), region="global")
    found = quote(catalog, model, {"input_tokens": prompt, "output_tokens": 1000}, conditions)
    assert found.cost_usd == (prompt * Decimal(rates[0]) + 1000 * Decimal(rates[1])) / 1_000_000
