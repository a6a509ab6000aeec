"""Audio and images inside the counters: what was read from a cache is not priced as fresh audio."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import run_here

from llmaudit import usage
from llmaudit.request import Request
from llmaudit.store import Store

COUNTS = st.integers(min_value=0, max_value=100_000)
MILLION = Decimal(1_000_000)


@given(text=COUNTS, audio=COUNTS, text_read=COUNTS, audio_read=COUNTS, output=COUNTS)
def test_audio_read_from_a_cache_is_no_fresh_audio(
    text: int, audio: int, text_read: int, audio_read: int, output: int
) -> None:
    """Four kinds of prompt tokens are drawn apart; the provider states sums, and the fresh audio has to come out."""
    request = Request()
    prompt = text + audio + text_read + audio_read
    usage.openai(request, prompt=prompt, completion=output, cached=text_read + audio_read)
    usage.fill_parts(request, input_audio=audio + audio_read, cached_audio=audio_read, output_audio=output)
    assert request.usage_status == "reported"
    assert (request.input_tokens, request.input_audio_tokens) == (text + audio, audio)
    assert request.output_audio_tokens == output
    assert (request.cache_read_tokens, request.cache_read_audio_tokens) == (text_read + audio_read, audio_read)


@pytest.mark.parametrize(
    ("parts", "expected", "status"),
    [
        ({"input_audio": 500}, 100, "reported"),  # 900 of 1,000 were cached, so at least 400 of the audio were
        ({"input_audio": 60}, 60, "reported"),
        ({"input_audio": 1001}, 100, "inconsistent"),
        ({"input_audio": 500, "cached_audio": 501}, 0, "inconsistent"),
        ({"output_audio": 51}, None, "inconsistent"),
        ({"output_audio": 30, "output_image": 21}, None, "inconsistent"),
        ({}, None, "reported"),
    ],
)
def test_parts_larger_than_their_whole(parts: dict[str, int], expected: int | None, status: str) -> None:
    request = Request()
    usage.openai(request, prompt=1000, completion=50, cached=900)
    usage.fill_parts(request, **parts)
    assert (request.input_audio_tokens, request.usage_status) == (expected, status)


CATALOG = """\
seller: google
models:
  - sku: gemini-2.5-flash
    prices:
      - valid_from: 2026-01-01T00:00:00Z
        source: test
        usd_per_million: {input: 0.3, cache_read: 0.03, cache_read_audio: 0.1, input_audio: 1, output: 2.5}
"""


def answer(text: int, audio: int, cached: dict[str, int]) -> dict[str, Any]:
    def listed(counts: dict[str, int]) -> list[dict[str, Any]]:
        return [{"modality": kind, "tokenCount": count} for kind, count in counts.items()]

    used = {
        "promptTokenCount": text + audio,
        "candidatesTokenCount": 100,
        "totalTokenCount": text + audio + 100,
        "cachedContentTokenCount": sum(cached.values()),
        "promptTokensDetails": listed({"TEXT": text, "AUDIO": audio}),
        "cacheTokensDetails": listed(cached),
        "candidatesTokensDetails": listed({"TEXT": 100}),
    }
    inner = {"responseId": f"r{audio}-{cached}", "modelVersion": "gemini-2.5-flash", "usageMetadata": used}
    return {"timestamp": "2026-11-10T00:00:00Z", "response": {**inner, "candidates": [{"finishReason": "STOP"}]}}


def test_a_log_of_gemini_with_cached_audio(tmp_path: Path) -> None:
    """5,000 audio tokens, 4,500 of them cached: 1,000 text and 500 audio are fresh, not 5,000 audio."""
    (tmp_path / "log.jsonl").write_text(json.dumps(answer(1000, 5000, {"AUDIO": 4500})) + "\n")
    (tmp_path / "prices.yaml").write_text(CATALOG)
    options = ("--db", "a.duckdb", "--catalog", tmp_path / "prices.yaml")
    assert run_here(tmp_path, "ingest", "log.jsonl", *options).code == 0
    found = run_here(tmp_path, "status", "--json", *options).json
    cost = (1000 * Decimal("0.3") + 500 * 1 + 4500 * Decimal("0.1") + 100 * Decimal("2.5")) / MILLION
    assert Decimal(found["list_usd"]) == cost


def test_cached_audio_without_a_price_costs_what_cached_text_does(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(answer(1000, 5000, {"AUDIO": 4000, "TEXT": 500})) + "\n")
    (tmp_path / "prices.yaml").write_text(CATALOG.replace("cache_read_audio: 0.1, ", ""))
    options = ("--db", "a.duckdb", "--catalog", tmp_path / "prices.yaml")
    assert run_here(tmp_path, "ingest", "log.jsonl", *options).code == 0
    found = run_here(tmp_path, "status", "--json", *options).json
    cost = (500 * Decimal("0.3") + 1000 * 1 + 4500 * Decimal("0.03") + 100 * Decimal("2.5")) / MILLION
    assert Decimal(found["list_usd"]) == cost


@pytest.mark.parametrize(
    ("audio", "expected"),
    [(500, 400), (60, 0), (None, None)],  # 100 of 1,000 are fresh: at least 400 of 500 were cached, none of 60 need be
)
def test_how_much_audio_was_cached_where_nothing_says(audio: int | None, expected: int | None) -> None:
    request = Request()
    usage.openai(request, prompt=1000, completion=50, cached=900)
    usage.fill_parts(request, input_audio=audio)
    assert request.cache_read_audio_tokens == expected


def test_a_database_of_before_is_read_without_the_count(tmp_path: Path) -> None:
    """Its cached audio is not known, so it stays cached text, until the log is read again."""
    (tmp_path / "log.jsonl").write_text(json.dumps(answer(1000, 5000, {"AUDIO": 4500})) + "\n")
    (tmp_path / "prices.yaml").write_text(CATALOG)
    options = ("--db", "a.duckdb", "--catalog", tmp_path / "prices.yaml")
    assert run_here(tmp_path, "ingest", "log.jsonl", *options).code == 0
    with Store(tmp_path / "a.duckdb") as store:
        store.execute("ALTER TABLE requests DROP COLUMN cache_read_audio_tokens")
        store.execute("UPDATE meta SET value = '15' WHERE name = 'schema'")
    found = run_here(tmp_path, "status", "--json", *options).json
    cost = (1000 * Decimal("0.3") + 500 * 1 + 4500 * Decimal("0.03") + 100 * Decimal("2.5")) / MILLION
    assert Decimal(found["list_usd"]) == cost
