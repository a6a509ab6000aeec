"""Calls through a cloud under the maker's own name of the model: its price list, whose bounds are its regions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from builders import write_jsonl
from running import Run

from llmaudit.catalog import Catalog, Conditions, Offer, Rates
from llmaudit.catalog.rates import rates_for

AT = datetime(2026, 10, 15)  # noqa: DTZ001 -- instants of rates are naive UTC
OWN_IDS = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001", "claude-opus-4-6")


def rates(catalog: Catalog, offer: Offer | None) -> Rates:
    assert offer is not None
    found = rates_for(catalog, offer, Conditions(AT, 0))
    assert isinstance(found, Rates)
    return found


def under(catalog: Catalog, sku: str) -> Rates:
    return rates(catalog, catalog.offer("bedrock", sku))


@pytest.mark.parametrize("name", OWN_IDS)
def test_bedrock_between_its_global_and_its_regional_list(catalog: Catalog, name: str) -> None:
    """What Bedrock's own ids with `global.` and `us.` cost, from AWS's price list, are the ends."""
    ending = "v1" if name == "claude-opus-4-6" else "v1:0"
    found = rates(catalog, catalog.find(name, seller="bedrock", at=AT).offer)
    lowest, highest = (under(catalog, f"{place}.anthropic.{name}-{ending}") for place in ("global", "us"))
    for place in (0, 5):  # input and output: of some cached tokens only one of the lists has a price
        assert found.expected[place] == found.low[place] == lowest.expected[place]
        assert found.high[place] == highest.expected[place] == lowest.expected[place] * Decimal("1.1")
    assert any("region unknown" in note for note in found.assumptions)


@pytest.mark.parametrize("name", OWN_IDS)
def test_vertex_under_its_own_spelling(catalog: Catalog, name: str) -> None:
    offer = catalog.find(name, seller="vertex", at=AT).offer
    first, _, date = name.rpartition("-")
    own = catalog.offer("vertex", f"{first}@{date}" if len(date) == 8 else name)
    assert own is not None
    assert rates(catalog, offer).expected == rates(catalog, own).expected


def test_a_model_of_one_price_everywhere(catalog: Catalog) -> None:
    offer = catalog.find("claude-sonnet-4-20250514", seller="bedrock", at=AT).offer
    assert offer is not None
    assert offer.sku.sku == "anthropic.claude-sonnet-4-20250514-v1:0"


@pytest.mark.parametrize("name", ["claude-x-5", "gpt-5.6-sol"])
def test_no_other_model_is_taken_for_it(catalog: Catalog, name: str) -> None:
    for seller in ("bedrock", "vertex"):
        offer = catalog.find(name, seller=seller, at=AT).offer
        maker = catalog.find(name, at=AT).offer
        assert offer is None or (maker is not None and offer.sku.model == maker.sku.model)


def test_a_session_through_a_cloud(call: Run, tmp_path: Path) -> None:
    """100,000 uncached tokens and 10,000 of answer, at $3 and $15 a million globally, a tenth more in a region."""
    used = {"input_tokens": 100_000, "output_tokens": 10_000, "cache_read_input_tokens": 0}
    lines = [
        {
            "parentUuid": None,
            "isSidechain": False,
            "sessionId": "s",
            "uuid": f"u{number}",
            "type": "assistant",
            "timestamp": "2026-10-15T10:00:00Z",
            "message": {"id": f"{mark}{number}", "model": "claude-sonnet-4-5-20250929", "usage": used},
        }
        for number, mark in enumerate(("msg_", "msg_bdrk_", "msg_vrtx_"), start=1)
    ]
    write_jsonl(tmp_path / "session.jsonl", lines)
    assert call("ingest", "session.jsonl").code == 0
    costs = {}
    for mark in ("msg_1", "msg_bdrk_2", "msg_vrtx_3"):
        cost = call("explain", mark, "--json").json["requests"][0]["list"]
        costs[mark] = [Decimal(cost[part]) for part in ("cost_usd", "low_usd", "high_usd")]
    usual, regional = Decimal("0.45"), Decimal("0.495")
    assert costs["msg_1"] == [usual] * 3
    assert costs["msg_bdrk_2"] == costs["msg_vrtx_3"] == [usual, usual, regional]
