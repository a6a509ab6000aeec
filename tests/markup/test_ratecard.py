"""Published prices of resellers in the shipped catalog: the fixtures of facts that were measured on it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from llmaudit.catalog import Catalog
from llmaudit.markup.ratecard import rate_card

AT = datetime(2026, 11, 22, 12)  # noqa: DTZ001 -- naive UTC; a Sunday, when DeepSeek has no dearer hours

MARKED: dict[str, tuple[str, set[str]]] = {
    # seller; ratio; models that are on it. AIHubMix: exactly 1.10 on one maker's two models, and on a third one's
    "aihubmix": ("1.1", {"anthropic/claude-haiku-4-5", "anthropic/claude-fable-5", "meta/muse-spark-1.2"}),
    "inferenceapis": ("1.3", {"zai/glm-5.3", "minimax/minimax-m3"}),
}


@pytest.mark.parametrize("seller", MARKED)
def test_a_reseller_with_a_markup(catalog: Catalog, seller: str) -> None:
    ratio, models = MARKED[seller]
    found = rate_card(seller, catalog, AT)
    assert found.verdict == "markup"
    assert found.ratio is not None
    assert abs(found.ratio - Decimal(ratio)) < Decimal("0.001")
    assert set(found.models) == models


@pytest.mark.parametrize("seller", ["vercel-ai-gateway", "github-copilot", "openrouter", "huggingface-novita"])
def test_a_gateway_at_list(catalog: Catalog, seller: str) -> None:
    found = rate_card(seller, catalog, AT)
    assert found.verdict == "none"
    assert not found.models


def test_a_cloud_that_resells_one_model_at_six_fifths(catalog: Catalog) -> None:
    """Bedrock sells GLM-5.3 at 1.68 and 5.28, Z.ai at 1.40 and 4.40: 1.2 times. Its other ratios are regional."""
    found = rate_card("bedrock", catalog, AT)
    (glm,) = (one for one in found.compared if one.model == "zai/glm-5.3")
    assert (glm.standing, glm.ratio) == ("above", Decimal("1.2"))
    assert found.verdict != "markup"
    assert all(
        one.standing == "regional"
        for one in found.compared
        if one.ratio and abs(one.ratio - Decimal("1.1")) < Decimal("0.005")
    )


def test_a_seller_without_prices_is_undisclosed(catalog: Catalog) -> None:
    assert rate_card("zed", catalog, AT).verdict == "undisclosed"
