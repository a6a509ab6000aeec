"""Summaries of a small log whose every failure is known: hours, refusals by the minute, fields, flows and templates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import litellm_row, write_jsonl
from running import run_here

from llmaudit.catalog import Catalog
from llmaudit.rollup import keyed_requests
from llmaudit.store import Store
from llmaudit.summaries import all_summaries, fields, flows, hours, rate_limits, templates

OPUS = {"model": "claude-opus-5", "provider": "anthropic"}
NOON = datetime(2026, 10, 1, 12)  # noqa: DTZ001 -- hours are naive UTC


def rows() -> Iterator[dict[str, Any]]:
    """Five calls: answered again, answered elsewhere, never, refused, and one step after a good one."""
    yield litellm_row("a1", "2026-10-01T12:00:00", failed="429", call="a", spend="0")
    yield litellm_row("a2", "2026-10-01T12:00:10", prompt=100, completion=10, call="a", spend="0.5")
    yield litellm_row("b1", "2026-10-01T12:01:00", failed="500", call="b", spend="0.25")
    yield litellm_row("b2", "2026-10-01T12:01:10", prompt=100, call="b", spend="0.125", **OPUS)
    yield litellm_row("c1", "2026-10-01T12:59:00", failed="408", call="c", spend="0.0625")
    yield litellm_row("c2", "2026-10-01T13:00:30", failed="429", call="c", spend="0")
    yield litellm_row("d1", "2026-10-01T13:02:00", failed="400", call="d", spend="0")
    yield litellm_row("e1", "2026-10-01T13:03:00", prompt=100, call="e", spend="1", tags=["feature:letters"])
    yield litellm_row("e2", "2026-10-01T13:04:00", prompt=100, call="e", spend="1", tags=["feature:letters"])


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failures")
    write_jsonl(folder / "log.jsonl", rows())
    assert run_here(folder, "ingest", "log.jsonl", "--db", "d.duckdb").code == 0
    return folder / "d.duckdb"


@pytest.fixture(scope="module")
def store(database: Path, catalog: Catalog) -> Iterator[Store]:
    with Store(database, read_only=True) as opened, keyed_requests(opened, catalog):
        yield opened


def test_hours_and_what_became_of_failures(store: Store) -> None:
    found = {(row.hour, row.seller): row for row in hours.build(store)}
    assert {key: row.requests for key, row in found.items()} == {
        (NOON, "openai"): 4,
        (NOON, "anthropic"): 1,
        (NOON.replace(hour=13), "openai"): 4,
    }
    noon, elsewhere, one = found[NOON, "openai"], found[NOON, "anthropic"], found[NOON.replace(hour=13), "openai"]
    assert (noon.rate_limited, noon.server_error, noon.timeout, noon.refused) == (1, 1, 1, 0)
    assert (noon.answered_again, noon.answered_elsewhere, noon.unanswered) == (1, 1, 1)
    assert (noon.retries, noon.retries_ok, noon.fallbacks) == (1, 1, 0)
    assert (noon.failed_usd, noon.lost_usd, noon.repeated_usd) == (Decimal("0.3125"), Decimal("0.0625"), Decimal("0.5"))
    assert (elsewhere.fallbacks, elsewhere.fallbacks_ok, elsewhere.repeated_usd) == (1, 1, Decimal("0.125"))
    assert (one.rate_limited, one.refused, one.unanswered, one.unanswerable, one.abandoned) == (1, 1, 1, 1, 2)
    assert (one.retries, one.retries_ok, noon.abandoned) == (1, 0, 0)
    assert sum(row.unlinked for row in found.values()) == 0


def test_failures_without_a_call_id_are_unlinked(database: Path, catalog: Catalog, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(database.read_bytes())
    with Store(copy) as opened:
        opened.execute("UPDATE requests SET call_id = NULL")
        with keyed_requests(opened, catalog):
            found = hours.build(opened)
    assert sum(row.unlinked for row in found) == 5
    assert sum(row.answered_again + row.answered_elsewhere + row.unanswered + row.unanswerable for row in found) == 0


def test_refusals_by_the_minute_and_retries_at_the_same_seller(store: Store) -> None:
    found = {(row.minute, row.seller): row for row in rate_limits.build(store)}
    assert set(found) == {(NOON, "openai"), (NOON.replace(hour=13), "openai")}
    noon, one = found[NOON, "openai"], found[NOON.replace(hour=13), "openai"]
    assert (noon.rate_limited, noon.retries, noon.retries_usd) == (1, 1, Decimal("0.5"))
    assert (one.rate_limited, one.retries, one.retries_usd) == (1, 1, 0)


def test_fields_of_the_rows(store: Store) -> None:
    found = {row.provider: row for row in fields.build(store)}
    openai = found["openai"]
    assert (openai.requests, openai.failed, openai.error_class, openai.good) == (8, 5, 5, 3)
    assert (openai.request_id, openai.call_id, openai.feature, openai.good_seller) == (8, 8, 2, 3)
    assert (found["anthropic"].requests, found["anthropic"].failed) == (1, 0)
    assert {row.endpoint for row in found.values()} == {"acompletion"}


def test_templates_of_a_log_without_text_are_unknown(store: Store) -> None:
    found = {(row.provider, row.feature, row.template): row.requests for row in templates.build(store)}
    assert found == {
        ("openai", None, None): 6,
        ("openai", "letters", None): 2,
        ("anthropic", None, None): 1,
    }


@pytest.mark.parametrize("summary", [one.SUMMARY for one in (hours, rate_limits, fields, flows, templates)])
def test_days_apart_add_up_to_the_whole(store: Store, summary: Any) -> None:
    """What two shards give merges to what one gives, twice the same doubles, and order does not matter."""
    whole = summary.build(store)
    half = len(whole) // 2
    assert summary.merge([*whole[half:], *whole[:half]]) == whole
    doubled = summary.merge([*whole, *whole])
    assert len(doubled) == len(whole)
    assert summary in all_summaries()
