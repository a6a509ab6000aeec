"""Sessions and kinds of text, from logs written by hand: which cached tokens follow what, and what prompts hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmaudit.catalog import Catalog
from llmaudit.rollup import keyed_requests
from llmaudit.store import Store
from llmaudit.summaries import content, links

START = datetime(2026, 10, 1, 9)  # noqa: DTZ001 -- naive UTC, as the store has it
PLAIN: dict[str, Any] = {
    "source_id": 1,
    "id_space": "t",
    "line": 1,
    "seller": "openai",
    "model_raw": "gpt-5.6-sol",
    "status": "ok",
    "usage_status": "reported",
    "input_tokens": 100,
    "output_tokens": 10,
}


@contextmanager
def store_of(path: Path, catalog: Catalog, rows: list[dict[str, Any]]) -> Iterator[Store]:
    with Store(path / "a.duckdb") as store:
        for number, row in enumerate(rows):
            own = PLAIN | {"row_id": number} | {name: value for name, value in row.items() if name != "tier"}
            own["started_at"] = START + timedelta(seconds=own.pop("second", 0))
            names = ", ".join(own)
            store.execute(f"INSERT INTO requests ({names}) VALUES ({', '.join('?' * len(own))})", list(own.values()))
            tag = {"row_id": number, "tier": row.get("tier"), "signal": "test", "confidence": 1.0, "reason": ""}
            store.execute(f"INSERT INTO tiers ({', '.join(tag)}) VALUES (?, ?, ?, ?, ?)", list(tag.values()))
        with keyed_requests(store, catalog):
            yield store


def asks(session: str | None, second: int, cached: int, tier: int, **more: Any) -> dict[str, Any]:
    return {"session_id": session, "second": second, "cache_read_tokens": cached, "tier": tier, **more}


def test_what_follows_what(catalog: Catalog, tmp_path: Path) -> None:
    rows = [
        asks("a", 0, 0, 0),
        asks("a", 100, 500, 0),  # follows tier 0
        asks("a", 200, 700, 2),  # follows tier 0
        asks("a", 900, 900, 2),  # too late: 700 seconds after
        asks("a", 950, 40, 2, model_raw="gpt-5.6-luna"),  # another model, nothing before it
        asks("a", 1000, 60, 0),  # follows tier 2 of its own model, 100 seconds before
        asks("b", 1001, 800, 0),  # another session
        asks(None, 1002, 800, 0),  # no session
        asks("c", 0, 0, 1, status="error"),
        asks("c", 10, 300, 1),  # a failed request writes nothing
    ]
    with store_of(tmp_path, catalog, rows) as store:
        found = links.build(store)
    assert {(row.tier, row.before[2], row.cached_tokens) for row in found} == {(0, 0, 500), (2, 0, 700), (0, 2, 60)}
    assert {row.model for row in found} == {"openai/gpt-5.6-sol"}
    assert [row.cached_tokens for row in found] == [700, 500, 60]
    twice = links.merge([*found, *found])
    assert [row.cached_tokens for row in twice] == [1400, 1000, 120]
    assert [msgspec.json.decode(msgspec.json.encode(row), type=links.LinkRow) for row in found] == found


def test_no_session_or_no_cache_is_no_row(catalog: Catalog, tmp_path: Path) -> None:
    with store_of(tmp_path, catalog, [asks("a", 0, 0, 0), asks(None, 1, 50, 0)]) as store:
        assert links.build(store) == []


TEXTS = [
    # prompt features, kind
    ({"prompt_chars": 450, "has_code": False}, "latin"),
    ({"prompt_chars": 320, "has_code": True}, "code"),
    ({"prompt_chars": 130, "has_code": False}, "cjk"),
    (
        {"prompt_chars": 130, "has_code": False, "needs_tools": True},
        "latin",
    ),  # tools are in the tokens, not in the text
    ({"prompt_chars": 450, "has_code": None}, None),
]


@pytest.mark.parametrize(("features", "kind"), TEXTS)
def test_kinds_of_text(catalog: Catalog, tmp_path: Path, features: dict[str, Any], kind: str | None) -> None:
    with store_of(tmp_path, catalog, [asks(None, 0, 0, 0, **features)]) as store:
        (row,) = content.build(store)
    assert (row.model, row.content, row.tokens) == ("openai/gpt-5.6-sol", kind, 100)


def test_kinds_add_up_by_model_and_task(catalog: Catalog, tmp_path: Path) -> None:
    rows = [asks(None, i, 0, 0, prompt_chars=450, has_code=i == 2) for i in range(3)]
    with store_of(tmp_path, catalog, rows) as store:
        found = content.build(store)
    assert {(row.content, row.tokens) for row in found} == {("latin", 200), ("code", 100)}
    assert {(row.content, row.tokens) for row in content.merge([*found, *found])} == {("latin", 400), ("code", 200)}


def test_a_log_without_prompt_features_says_nothing(catalog: Catalog, tmp_path: Path) -> None:
    with store_of(tmp_path, catalog, [asks(None, 0, 0, 0)]) as store:
        assert content.build(store) == []
