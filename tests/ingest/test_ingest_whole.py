"""A file is in whole or not at all: what goes wrong on the way leaves the database as it was. And it adds up."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from logs import decode_file, line, lines, write

from llmaudit.errors import LlmauditError
from llmaudit.formats import alike
from llmaudit.ingest import blocks, ledger, work
from llmaudit.ingest.layout import Layout
from llmaudit.ingest.read import opened
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.work import Job, decoded
from llmaudit.ingest.worker import Worker

LEDGER = "SELECT lines, accepted, duplicates, ignored, rejected, bills FROM sources ORDER BY source_id"


def raising(error: BaseException) -> Callable[..., None]:
    def progress(*_: Any) -> None:
        raise error

    return progress


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few lines, and worker processes from the second on."""
    monkeypatch.setattr(blocks, "CHUNK_BYTES", 4000)
    monkeypatch.setattr(work, "PARALLEL_FROM_BLOCKS", 2)
    monkeypatch.setattr(work, "_cores", lambda: 2)


def test_a_whole_file_adds_up_in_the_ledger(tmp_path: Path, load, store) -> None:
    load(write(tmp_path / "a.jsonl", lines([1, 2, 2]) + b"bad\n\n" + line(3, spend=-1)))
    ((lines_read, accepted, duplicates, ignored, rejected, bills),) = store.rows(LEDGER)
    assert (lines_read, accepted, duplicates, ignored, rejected, bills) == (6, 2, 1, 1, 2, 0)
    assert store.rows("SELECT line, reason, field FROM rejects ORDER BY line") == [
        (4, "malformed-json", None),
        (6, "absurd-amount", "spend"),
    ]
    (reasons,) = store.one("SELECT reasons FROM sources")
    assert reasons == '{"absurd-amount":1,"blank line":1,"malformed-json":1}'


def test_rejects_are_stored_up_to_a_cap_and_counted_beyond_it(tmp_path: Path, load, store, monkeypatch) -> None:
    monkeypatch.setattr(ledger, "MAX_STORED_REJECTS", 3)
    (file,) = load(write(tmp_path / "a.jsonl", lines([1]) + b"bad\n" * 10)).files
    assert (file.rejected, file.reasons) == (10, {"malformed-json": 10})
    assert store.rows("SELECT line FROM rejects ORDER BY line") == [(2,), (3,), (4,)]


FAILURES = {
    "an archive that breaks off": (gzip.compress(lines(range(1, 1000)))[:-2000], {}),
    "an archive with a wrong checksum": (gzip.compress(lines(range(1, 1000)))[:-8] + b"\0" * 8, {}),
}


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("name", FAILURES)
def test_damage_at_the_end_leaves_nothing_of_the_beginning(name: str, tmp_path: Path, load, contents) -> None:
    load(write(tmp_path / "before.jsonl", lines([1])))
    before = contents()
    data, options = FAILURES[name]
    result = load(write(tmp_path / "damaged.gz", data), **options)
    assert [failure.slug for failure in result.failures] == ["damaged-archive"]
    assert contents() == before


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), RuntimeError("a bug"), OSError(5, "I/O error"), SystemExit(143)]
)
def test_an_error_on_the_way_keeps_its_type_and_leaves_nothing(
    error: BaseException, tmp_path: Path, load, contents
) -> None:
    before = contents()
    path = write(tmp_path / "a.jsonl", lines(range(1, 100)))
    with pytest.raises(type(error)):
        load(path, progress=raising(error))
    assert contents() == before
    assert load(path).totals.accepted == 99  # and the database works on


def test_a_source_that_failed_takes_no_number(tmp_path: Path, load, store) -> None:
    path = write(tmp_path / "a.jsonl", lines([1]))
    with pytest.raises(RuntimeError):
        load(path, progress=raising(RuntimeError()))
    load(path)
    assert store.rows("SELECT source_id FROM sources") == [(1,)]


ESCAPED = "a\\b"
"""Lines with an escape in them are decoded one by one, in worker processes."""


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """The worker processes that a test has started."""
    started: list[Worker] = []
    really_start = Worker.__init__

    def start(self: Worker, *args: Any) -> None:
        really_start(self, *args)
        started.append(self)

    monkeypatch.setattr(Worker, "__init__", start)
    return started


@pytest.mark.usefixtures("small_blocks")
def test_an_interrupt_ends_the_workers(tmp_path: Path, load, contents, workers) -> None:
    def interrupt(*_: Any) -> None:
        if workers:
            raise KeyboardInterrupt

    before = contents()
    log = write(tmp_path / "a.jsonl", lines(range(1, 300), user=ESCAPED))
    with pytest.raises(KeyboardInterrupt):
        load(log, progress=interrupt)
    assert contents() == before
    assert [worker._process.poll() is not None for worker in workers] == [True, True]


@pytest.mark.usefixtures("small_blocks")
def test_a_worker_that_dies_is_reported_and_leaves_nothing(tmp_path: Path, load, contents, workers) -> None:
    before = contents()
    log = write(tmp_path / "a.jsonl", lines(range(1, 300), user=ESCAPED))
    with pytest.raises(LlmauditError, match="ended unexpectedly") as caught:
        load(log, progress=lambda *_: [worker._process.kill() for worker in workers[:1]])
    assert caught.value.slug == "worker-died"
    assert contents() == before
    assert all(worker._process.poll() is not None for worker in workers)


@pytest.mark.usefixtures("small_blocks")
def test_an_interrupt_ends_the_threads(
    tmp_path: Path, load, contents, workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alike, "MIN_ALIKE", 2)
    before = contents()
    with pytest.raises(KeyboardInterrupt):
        load(write(tmp_path / "a.jsonl", lines(range(1, 300))), progress=raising(KeyboardInterrupt()))
    assert contents() == before
    assert not workers
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("llmaudit-decode")]


@pytest.mark.parametrize("user", ["u1", ESCAPED], ids=["threads", "processes"])
def test_results_do_not_depend_on_blocks_or_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    monkeypatch.setattr(alike, "MIN_ALIKE", 1)
    data = lines(range(1, 200), user=user) + b"bad\n\n" + line(200, spend=-1) + b"\n"
    data += lines(range(201, 400), user=user)
    path = write(tmp_path / "a.jsonl", data)
    expected_rows, expected = decode_file(path)
    assert (len(expected_rows), len(expected.rejects)) == (398, 2)
    for chunk, parallel_from in ((500, 10**9), (7777, 10**9), (20_000, 2)):
        monkeypatch.setattr(blocks, "CHUNK_BYTES", chunk)
        monkeypatch.setattr(work, "PARALLEL_FROM_BLOCKS", parallel_from)
        rows, tally = decode_file(path)
        assert rows == expected_rows
        assert tally == expected


@pytest.mark.usefixtures("small_blocks")
def test_an_error_in_a_worker_reaches_the_caller(tmp_path: Path) -> None:
    """A catalog overlay that is missing shows when the first text is counted, in the worker."""
    request = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
    exchange = b'{"request":' + request + b',"response":{"model":"gpt-4o","choices":[{}]}}\n'
    path = write(tmp_path / "a.jsonl", exchange * 200)
    setup = Setup(b"k" * 32, overlays=(tmp_path / "missing.yaml",))
    with opened(path) as content, pytest.raises(LlmauditError) as caught:
        list(decoded(content, Job(("openai_compatible",), Layout("lines"), {}, setup)))
    assert "missing.yaml" in str(caught.value)
