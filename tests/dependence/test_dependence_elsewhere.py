"""The same model at other sellers, and cheaper models of the same class: list prices of three invented sellers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import cell, priced

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.dependence.arbitrage import arbitrage
from llmaudit.dependence.concentration import concentration
from llmaudit.dependence.elsewhere import elsewhere
from llmaudit.dependence.leverage import leverage

MILLION = 1_000_000
SKU = """
  - sku: {sku}
    model: {model}
    class: flagship
    prices:
      - {{valid_from: 2020-01-01T00:00:00Z, source: test, usd_per_million: {{{usd}}}{more}}}
"""


def write(folder: Path, seller: str, kind: str, *skus: tuple[str, str, str, str]) -> Path:
    body = "".join(SKU.format(sku=sku, model=model, usd=usd, more=more) for sku, model, usd, more in skus)
    path = folder / f"{seller}.yaml"
    path.write_text(f"seller: {seller}\nkind: {kind}\nmodels:{body}")
    return path


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A maker with a dear and a cheap flagship; a host that sells the dear one for less, one without cached input."""
    folder = tmp_path_factory.mktemp("sellers")
    dear, cheap = "input: 10, cache_read: 1, output: 10", "input: 4, cache_read: 1, output: 4"
    return load_catalog(
        [
            write(
                folder, "zmaker", "provider", ("zbig", "zmaker/zbig", dear, ""), ("zsmall", "zmaker/zsmall", cheap, "")
            ),
            write(folder, "zhost", "host", ("zbig", "zmaker/zbig", "input: 8, cache_read: 1, output: 8", "")),
            write(folder, "zbare", "host", ("zbig", "zmaker/zbig", "input: 2, output: 2", "")),
            write(folder, "zgate", "gateway", ("zbig", "zmaker/zbig", "input: 1, cache_read: 1, output: 1", "")),
        ]
    )


def big(**keys: Any) -> Any:
    return cell(model="zmaker/zbig", **keys)


def test_the_cheapest_seller_of_the_same_model(sold: Catalog) -> None:
    """A million tokens of input: 10 at the maker, 8 at the host, 2 at the bare one; a gateway is not asked."""
    (row,) = elsewhere(priced(sold, big(tokens=MILLION, tier=1), big(tokens=MILLION, tier=2)), sold)
    assert [(quote.seller, quote.list_usd) for quote in row.sellers] == [("zbare", 4), ("zhost", 16)]
    assert (row.list_usd, row.saving_usd, row.sure_usd) == (20, 16, 16)
    assert row.by_tier == {1: 8, 2: 8}


def test_a_missing_price_is_no_discount(sold: Catalog) -> None:
    """Half the tokens are cached: the bare host has no price for them, so it is left out."""
    cached = big(counters=(MILLION, MILLION, 0, 0, 0, 0), tier=1)
    (row,) = elsewhere(priced(sold, cached), sold)
    assert [(quote.seller, quote.list_usd) for quote in row.sellers] == [("zhost", 9)]
    assert (row.list_usd, row.saving_usd) == (11, 2)


def test_nobody_cheaper_saves_nothing(sold: Catalog) -> None:
    (row,) = elsewhere(priced(sold, cell(model="zmaker/zsmall", tokens=MILLION)), sold)
    assert (row.sellers, row.saving_usd, row.by_tier) == ([], 0, {})


def test_a_cheaper_model_counts_for_a_tier_after_thirty_good_answers(sold: Catalog) -> None:
    dear = big(tokens=MILLION, requests=5, tier=2)
    few, enough = (cell(model="zmaker/zsmall", tokens=10, requests=count, tier=2) for count in (29, 30))
    failed = cell(model="zmaker/zsmall", tokens=10, requests=9, tier=2, status="error")
    other_tier = cell(model="zmaker/zsmall", tokens=10, requests=99, tier=1)
    assert arbitrage(priced(sold, dear, few, failed, other_tier), sold) == []
    (row,) = arbitrage(priced(sold, dear, enough), sold)
    assert (row.tier, row.model, row.instead, row.good_answers) == (2, "zmaker/zbig", "zmaker/zsmall", 30)
    assert (row.requests, row.spend_usd, row.saving_usd, row.certified_usd) == (5, 10, 6, 0)


def test_a_certified_move_needs_no_answers_in_the_log(sold: Catalog) -> None:
    dear = big(tokens=MILLION, tier=2)
    moves = frozenset({(2, "zmaker/zbig", "zmaker/zsmall")})
    (row,) = arbitrage(priced(sold, dear), sold, moves)
    assert (row.saving_usd, row.certified_usd, row.good_answers) == (6, 6, 0)


def test_another_class_is_no_arbitrage(catalog: Catalog) -> None:
    cells = [cell(tokens=MILLION, tier=0), cell(model="example/budget-0.5", tokens=MILLION, requests=50, tier=0)]
    assert arbitrage(priced(catalog, *cells), catalog) == []


def test_concentration_is_the_sum_of_squared_shares(catalog: Catalog) -> None:
    """7, 2 and 1 dollars: 70% squared, 20% squared and 10% squared are 5,400, like 1.85 equal names."""
    cells = [
        cell(billed="7", tokens=1, gateway="a"),
        cell(billed="2", tokens=1, gateway="b"),
        cell(billed="1", tokens=1),
    ]
    gateways = {one.by: one for one in concentration(priced(catalog, *cells))}["gateway"]
    assert (gateways.index, gateways.level) == (5400, "high")
    assert gateways.equal_names == pytest.approx(10_000 / 5400)
    assert [(share.name, share.spend_usd) for share in gateways.shares] == [("a", 7), ("b", 2), ("direct", 1)]
    assert {one.by: one.index for one in concentration([])} == dict.fromkeys(["provider", "seller", "gateway", "model"])


def test_leverage_is_what_another_seller_or_maker_could_serve(sold: Catalog) -> None:
    """zbig (10 dollars) is sold elsewhere for less; zsmall (4 dollars) is not, and nobody else serves its tier."""
    cells = priced(sold, big(tokens=MILLION, tier=1), cell(model="zmaker/zsmall", tokens=MILLION, tier=2))
    (row,) = leverage(cells, elsewhere(cells, sold))
    assert (row.provider, row.spend_usd, row.other_seller_usd, row.other_maker_usd) == ("zmaker", 14, 10, 0)
    assert (row.movable_usd, row.movable_pct) == (10, pytest.approx(100 * 10 / 14))


def test_another_maker_that_serves_the_tier_is_leverage(catalog: Catalog) -> None:
    cells = priced(
        catalog,
        cell(model="openai/gpt-5.6-sol", tokens=MILLION, tier=2),
        cell(model="anthropic/claude-opus-5", tokens=1, requests=30, tier=2),
    )
    rows = {row.provider: row for row in leverage(cells, [])}
    assert rows["openai"].other_maker_usd == rows["openai"].spend_usd > 0
    assert rows["anthropic"].other_maker_usd == Decimal(0)  # one good answer of OpenAI is not thirty
