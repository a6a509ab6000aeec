"""Prompts that do not fit into a model's context window: each request is held against the window, one by one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from builders import catalog_of, catalog_text, cell, litellm_row, plan_of, priced, sku_text, write_jsonl
from running import Run

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.dependence.elsewhere import elsewhere
from llmaudit.plans import evaluate

DEAR, CHEAP = Decimal("0.00001"), Decimal("0.000001")
PRICES = "usd_per_million: {input: %s, output: %s}"
WINDOWS = (8_192, 16_385, 32_768, 65_536, 128_000, 131_072, 200_000, 1_000_000)
NEAR = 0.92
"""Prompts this near below a window may be taken for too long; above the window none may be taken for short enough."""


def selling(folder: Path, window: int | None) -> Catalog:
    extra = f"context: {window}" if window else ""
    models = sku_text("big", [PRICES % (10, 10)]) + sku_text("small", [PRICES % (1, 1)], extra=extra)
    return catalog_of(folder, catalog_text("maker", models))


@pytest.mark.parametrize("window", WINDOWS)
def test_requests_move_if_they_fit(window: int, call: Run, tmp_path: Path) -> None:
    """One request below, one above the window, and one far below, through ingest, rollup and plan."""
    selling(tmp_path, window)
    sizes = (100, int(window * NEAR * 0.8), window + 1, window + 3_000)
    rows = [
        litellm_row(f"r{size}", "2026-10-01T10:00:00Z", model="big", provider="maker", prompt=size, completion=10)
        for size in sizes
    ]
    write_jsonl(tmp_path / "log.jsonl", rows)
    (tmp_path / "plan.yaml").write_text("name: p\nrules: [{use: maker/small}]\n")
    assert call("ingest", "log.jsonl", "--format", "litellm").code == 0
    (plan,) = call("reprice", "--catalog", tmp_path / "overlay.yaml", "--plan", "plan.yaml", "--json").json["plans"]
    moved = [size + 10 for size in sizes if size < window]
    stays = [size + 10 for size in sizes if size >= window]
    assert plan["moved_requests"] == len(moved) == 2
    assert Decimal(plan["cost_usd"]) == sum(moved) * CHEAP + sum(stays) * DEAR


def test_no_request_above_a_window_moves(tmp_path: Path) -> None:
    """Whatever the window, a band from which some request is longer than it is refused; most shorter ones are not."""
    for window in (*WINDOWS, 4_096, 40_960, 163_840, 262_144, 400_000, 983_616, 1_048_576, 2_000_000):
        catalog = selling(tmp_path, window)
        edges = catalog.prompt_edges()
        offer = catalog.canonical("maker/small")
        assert offer is not None
        for low, above in zip(edges, [*edges[1:], 10**9], strict=True):
            if above - 1 > window:
                assert catalog.is_too_long(low, offer), (window, low)
            if above <= window:
                assert not catalog.is_too_long(low, offer), (window, low)


def test_an_unknown_window_refuses_nothing(tmp_path: Path) -> None:
    catalog = selling(tmp_path, None)
    one = priced(catalog, cell(model="maker/big", counters=(10**6, 0, 0, 0, 0, 10), prompt_band=1_000_000))
    assert evaluate(plan_of("name: p\nrules: [{use: maker/small}]"), one, catalog).moved_requests == 1


def test_texts_to_embed_are_not_one_prompt(tmp_path: Path) -> None:
    """The count of a request that wrote nothing adds up many texts, each within the window."""
    catalog = selling(tmp_path, 8_192)
    one = priced(catalog, cell(model="maker/big", tokens=10**6, prompt_band=524_289))
    assert evaluate(plan_of("name: p\nrules: [{use: maker/small}]"), one, catalog).moved_requests == 1


def test_another_seller_serves_what_fits_its_own_window(tmp_path: Path) -> None:
    """The same model is sold elsewhere at a tenth, with a window of 131,072: not for prompts from 160,000 on."""
    host = catalog_text("host", sku_text("m", [PRICES % (1, 1)], extra="context: 131072"))
    (tmp_path / "host.yaml").write_text(host)
    (tmp_path / "maker.yaml").write_text(catalog_text("maker", sku_text("m", [PRICES % (10, 10)])))
    catalog = load_catalog([tmp_path / "host.yaml", tmp_path / "maker.yaml"])
    for band, sellers in ((64_000, ["host"]), (160_000, [])):
        one = cell(model="maker/m", counters=(900, 0, 0, 0, 0, 100), prompt_band=band)
        (row,) = elsewhere(priced(catalog, one), catalog)
        assert [quote.seller for quote in row.sellers] == sellers
