"""The same thing twice: a file, a call, a record. Totals must not depend on how the records lie in files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import PACKERS, line, lines, row, write

from llmaudit.ingest import Period, Setup, ingest
from llmaudit.store import Store


def at(*parts: int) -> datetime:
    """Return a time as the database holds it: UTC without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


TOTALS = "SELECT count(*), sum(billed_amount), sum(input_tokens), sum(output_tokens) FROM requests"


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", ["log.jsonl", "renamed.txt"])
def test_the_same_content_again_changes_nothing(packer: str, name: str, tmp_path: Path, load, contents) -> None:
    load(write(tmp_path / "log.jsonl", lines(range(1, 9)) + b"bad\n\n"))
    before = contents()
    result = load(write(tmp_path / name, PACKERS[packer](lines(range(1, 9)) + b"bad\n\n")))
    (file,) = result.files
    assert file.skipped == "already ingested"
    assert (file.lines, file.accepted, file.duplicates, file.ignored, file.rejected) == (10, 0, 8, 1, 1)
    assert contents() == before


def test_the_same_content_in_two_files_of_one_run_counts_once(tmp_path: Path, load) -> None:
    result = load(write(tmp_path / "a.jsonl", lines([1, 2])), write(tmp_path / "b.jsonl", lines([1, 2])))
    assert [file.skipped for file in result.files] == [None, "already ingested"]
    assert (result.totals.lines, result.totals.accepted, result.totals.duplicates) == (4, 2, 2)


def test_a_call_that_comes_again_with_other_content_is_a_conflict_and_the_first_stays(
    tmp_path: Path, load, store
) -> None:
    load(write(tmp_path / "a.jsonl", lines([1, 2])))
    result = load(write(tmp_path / "b.jsonl", line(1) + b"\n" + line(2, completion_tokens=99) + b"\n" + line(3)))
    (file,) = result.files
    assert (file.accepted, file.duplicates, file.conflicts) == (1, 2, 1)
    assert store.rows("SELECT line, id_space, request_id FROM conflicts") == [(2, "litellm", "r-2")]
    assert store.rows("SELECT output_tokens FROM requests ORDER BY request_id") == [(1,), (2,), (3,)]


def test_a_call_that_comes_again_within_a_file_is_one(tmp_path: Path, load, store) -> None:
    (file,) = load(write(tmp_path / "a.jsonl", lines([1, 1]) + line(1, spend=5) + b"\n" + lines([2]))).files
    assert (file.lines, file.accepted, file.duplicates, file.conflicts) == (4, 2, 2, 1)
    assert store.rows("SELECT line FROM conflicts") == [(3,)]


def test_one_repeat_beside_records_without_an_id_is_seen(tmp_path: Path, load, store) -> None:
    """Failures of a batch have no id; one answer twice among them is one call all the same."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5", "content": []}
    usage = {"input_tokens": 11, "output_tokens": 36}
    answered = {"custom_id": "a", "result": {"type": "succeeded", "message": message | {"usage": usage}}}
    failed = {"custom_id": "b", "result": {"type": "expired"}}
    records = b"\n".join(map(msgspec.json.encode, [answered, failed, failed, answered]))
    (file,) = load(write(tmp_path / "results.jsonl", records)).files
    assert (file.lines, file.accepted, file.duplicates) == (4, 3, 1)
    assert store.rows("SELECT sum(output_tokens) FROM requests") == [(36,)]


def test_records_without_an_id_are_all_kept(tmp_path: Path, load) -> None:
    nameless = line(1, request_id="") + b"\n"
    assert load(write(tmp_path / "a.jsonl", nameless * 3)).totals.accepted == 3


def test_a_file_read_for_another_period_brings_only_what_is_new(tmp_path: Path, store: Store) -> None:
    rows = [row(n, startTime=f"2026-10-0{n}T10:00:00", request_id="" if n == 2 else f"r-{n}") for n in (1, 2, 3)]
    path = str(write(tmp_path / "a.jsonl", b"\n".join(map(msgspec.json.encode, rows))))
    first = ingest(store, [path], Setup(b"k" * 32, period=Period(until=at(2026, 10, 3))))
    assert (first.totals.accepted, first.totals.ignored) == (2, 1)
    second = ingest(store, [path], Setup(b"k" * 32))
    assert (second.totals.accepted, second.totals.duplicates) == (1, 2)
    assert store.one("SELECT count(*), sum(output_tokens) FROM requests") == (3, 1 + 2 + 3)


def test_a_period_is_half_open(tmp_path: Path, store: Store) -> None:
    rows = [row(n, startTime=f"2026-10-0{n}T00:00:00") for n in (1, 2, 3)]
    path = str(write(tmp_path / "a.jsonl", b"\n".join(map(msgspec.json.encode, rows))))
    result = ingest(store, [path], Setup(b"k" * 32, period=Period(at(2026, 10, 2), at(2026, 10, 3))))
    assert result.files[0].reasons == {"outside the period asked for": 2}
    assert store.rows("SELECT request_id FROM requests") == [("r-2",)]


NUMBERS = range(1, 31)


@st.composite
def _arrangements(draw: Callable[..., Any]) -> list[tuple[str, bytes]]:
    """Draw the same thirty records shuffled, some of them repeated, and cut into files in any packing."""
    order = draw(st.permutations(NUMBERS)) + draw(st.lists(st.sampled_from(NUMBERS), max_size=5))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=3)))
    parts = [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    return [(draw(st.sampled_from(sorted(PACKERS))), lines(part)) for part in parts]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arranged=_arrangements())
def test_totals_do_not_depend_on_order_files_or_packing(arranged: list[tuple[str, bytes]], tmp_path: Path) -> None:
    with Store(None) as store:
        paths = [
            str(write(tmp_path / f"{number}.log", PACKERS[packer](data)))
            for number, (packer, data) in enumerate(arranged)
        ]
        totals = ingest(store, paths, Setup(b"k" * 32)).totals
        whole = sum(NUMBERS)
        count, billed, prompt, output = store.one(TOTALS)
    assert (count, f"{billed:.3f}", prompt, output) == (30, f"{whole / 1000:.3f}", 10 * whole, whole)
    assert totals.lines == totals.accepted + totals.duplicates == sum(data.count(b"\n") for _, data in arranged)


def claude_line(uuid: str, at: str, output: int, **changes: Any) -> dict[str, Any]:
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 5000,
        "output_tokens": output,
    }
    return {
        "isSidechain": False,
        "sessionId": "s1",
        "uuid": uuid,
        "type": "assistant",
        "timestamp": f"2026-10-01T10:00:{at}.000Z",
        "cwd": "/w",
        "version": "2.1.0",
        "message": {"id": "msg_1", "model": "claude-x-5", "role": "assistant", "usage": usage},
    } | changes


G9 = [claude_line("u1", "05", 8), claude_line("u2", "06", 8), claude_line("u3", "07", 108)]
NO_ANSWER = {"id": "x", "model": "<synthetic>", "usage": {"input_tokens": 0, "output_tokens": 0}}
LIMIT = claude_line("u4", "59", 0, message=NO_ANSWER)
ONE_CALL = [("msg_1", 3, 5000, 100, 108, at(2026, 10, 1, 10, 0, 5))]
CALLS = (
    "SELECT request_id, input_tokens, cache_read_tokens, cache_write_other_tokens, output_tokens, started_at"
    " FROM requests"
)


def session(path: Path, rows: list[dict[str, Any]]) -> Path:
    return write(path, b"\n".join(map(msgspec.json.encode, rows)))


def test_one_answer_in_several_lines_is_one_call_with_its_largest_output(tmp_path: Path, load, store) -> None:
    (file,) = load(session(tmp_path / "s1.jsonl", [*G9, LIMIT])).files
    assert (file.lines, file.accepted, file.duplicates, file.ignored, file.conflicts) == (4, 1, 2, 1, 0)
    assert store.rows(CALLS) == ONE_CALL


@pytest.mark.parametrize("parts", [([0, 1], [0, 1, 2]), ([0, 1, 2], [0, 1]), ([0], [2]), ([2], [0]), ([2, 0], [1])])
def test_a_resumed_session_counts_each_call_once_in_either_order(parts, tmp_path: Path, load, store) -> None:
    files = [session(tmp_path / f"{n}.jsonl", [G9[i] for i in part]) for n, part in enumerate(parts)]
    result = load(*files)
    assert (result.totals.accepted, result.totals.duplicates) == (1, sum(map(len, parts)) - 1)
    assert store.rows(CALLS) == ONE_CALL
    assert store.one("SELECT count(*) FROM conflicts") == (0,)
