"""The list cost in SQL is the list cost of `quote`, request by request, and that of the cells, sum by sum.

Random requests with every condition a price can depend on are put into a store; each is then priced alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from llmaudit.catalog import Catalog, Conditions, quote
from llmaudit.catalog.units import PRICED
from llmaudit.cells import price
from llmaudit.listcost import list_costs
from llmaudit.money import total
from llmaudit.rollup import build
from llmaudit.store import Store

ROWS = 600
MODELS = [
    ("openai", "gpt-5.6-sol"),
    ("openai", "gpt-4.1-mini"),
    ("anthropic", "claude-opus-4-6"),
    ("anthropic", "claude-sonnet-4-5"),
    ("deepseek", "deepseek-v4-pro"),
    ("google", "gemini-2.5-flash"),
    ("mistral", "mistral-large-4"),
    ("xai", "grok-4.20"),
    ("alibaba", "qwen-plus"),
    ("openrouter", "openai/gpt-5.6-sol"),
    ("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    ("nobody", "nothing"),
]


def random_request(number: int, rng: random.Random) -> dict[str, Any]:
    seller, model = rng.choice(MODELS)
    start = datetime(2026, 9, 1) + timedelta(seconds=rng.randrange(90 * 86_400))  # noqa: DTZ001 -- naive UTC
    tokens: dict[str, int | None] = {
        "input_tokens": rng.randrange(rng.choice([3_000, 400_000])),
        "cache_read_tokens": rng.choice([None, 0, rng.randrange(200_000)]),
        "cache_write_5m_tokens": rng.choice([None, 0, rng.randrange(9_000)]),
        "cache_write_1h_tokens": rng.choice([None, 0, rng.randrange(9_000)]),
        "cache_write_other_tokens": rng.choice([None, 0, rng.randrange(9_000)]),
        "output_tokens": rng.randrange(5_000),
    }
    return tokens | {
        "row_id": number,
        "request_id": f"r-{number}",
        "started_at": start,
        "ended_at": rng.choice([None, start + timedelta(seconds=rng.randrange(600))]),
        "seller": seller,
        "model_raw": model,
        "service_tier": rng.choice([None, None, "default", "flex", "priority", "fast", "flexx"]),
        "is_batch": rng.choice([None, False, False, True]),
        "region_class": rng.choice([None, "global", "us", "eu", "mars"]),
        "reasoning_tokens": rng.choice([None, 0, int(tokens["output_tokens"] or 0) // 2]),
        "input_audio_tokens": rng.choice([None, 0, int(tokens["input_tokens"] or 0) // 3]),
        "cache_read_audio_tokens": rng.choice([None, int(tokens["cache_read_tokens"] or 0) // 2]),
        "input_image_tokens": rng.choice([None, int(tokens["input_tokens"] or 0) // 3]),
        "web_searches": rng.choice([None, 0, 0, 2]),
        "status": "ok",
        "usage_status": "reported",
    }


@pytest.fixture(scope="module")
def requests() -> list[dict[str, Any]]:
    rng = random.Random(7)  # noqa: S311 -- seeded on purpose
    return [random_request(number, rng) for number in range(ROWS)]


@pytest.fixture(scope="module")
def store(requests: list[dict[str, Any]]) -> Iterator[Store]:
    constant = {"source_id": 1, "id_space": "test", "line": 1}
    with Store(None) as store:
        with store.table("made", pa.Table.from_pylist([constant | row for row in requests])):
            store.execute("INSERT INTO requests BY NAME SELECT * FROM made")
        yield store


def alone(catalog: Catalog, row: dict[str, Any]) -> tuple[Decimal | None, ...]:
    """Price one request by itself: at its completion where its seller goes by that and it is known."""
    offer = catalog.find(row["model_raw"], seller=row["seller"], at=row["started_at"]).offer
    by_end = offer is not None and catalog.goes_by_completion(offer)
    ended = row["ended_at"] if by_end else None
    conditions = Conditions(
        ended or row["started_at"],
        service_tier=row["service_tier"],
        is_batch=row["is_batch"],
        region=row["region_class"],
        at_is_start=ended is None,
    )
    tokens = {name: row[name] for name in PRICED if row.get(name) is not None}
    found = quote(catalog, row["model_raw"], tokens, conditions, seller=row["seller"])
    return found.cost_usd, found.low_usd, found.high_usd


def test_each_request_costs_what_its_quote_says(catalog: Catalog, store: Store, requests: list[dict[str, Any]]) -> None:
    rows = list_costs(store, catalog).to_pylist()
    assert [row["row_id"] for row in rows] == list(range(ROWS))
    for row, request in zip(rows, requests, strict=True):
        found = (row["list_usd"], row["list_low_usd"], row["list_high_usd"])
        assert found == alone(catalog, request), request
        assert (row["list_usd"] is None) == (row["why_unpriced"] is not None)
    priced = sum(row["list_usd"] is not None for row in rows)
    ranges = sum(row["list_low_usd"] != row["list_high_usd"] for row in rows)
    assert priced > ROWS / 4
    assert ranges > ROWS / 50


def test_cells_add_up_to_the_same(catalog: Catalog, store: Store) -> None:
    rows = list_costs(store, catalog)
    cells = price(build(store, catalog), catalog)
    assert sum(cell.cell.requests for cell in cells) == ROWS
    for name in ("list_usd", "list_low_usd", "list_high_usd"):
        known = [usd for usd in rows[name].to_pylist() if usd is not None]
        assert total(known) == total(usd for cell in cells if (usd := getattr(cell, name)) is not None)
    assert sum(usd is None for usd in rows["list_usd"].to_pylist()) == sum(
        cell.cell.requests for cell in cells if cell.list_usd is None
    )


def test_sums_do_not_depend_on_threads_or_order(catalog: Catalog, store: Store) -> None:
    amounts = list_costs(store, catalog)["list_usd"].to_pylist()
    known = [usd for usd in amounts if usd is not None]
    assert total(known) == total(reversed(known)) == total(sorted(known))
