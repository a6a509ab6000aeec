"""The promises of ingest from the command line, in processes of their own: killed, out of room, two at once."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from logs import lines, row, write
from running import HANGS, clean_environment, run_here, run_in

from llmaudit.sql import migrations

LINES = 40_000
MEMORY_LIMIT = 700 << 20


def many(count: int) -> Iterator[bytes]:
    return (lines(range(start, min(start + 1000, count + 1))) for start in range(1, count + 1, 1000))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that takes a second or two to read."""
    path = tmp_path_factory.mktemp("large") / "log.jsonl"
    with path.open("wb") as sink:
        sink.writelines(many(LINES))
    return path


def start(folder: Path, *args: object, limits: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "llmaudit", *map(str, args)]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=limits,  # noqa: PLW1509 -- the test has no threads
    )


def facts(folder: Path) -> dict[str, Any]:
    status = run_here(folder, "status", "--json").json
    return {name: status[name] for name in ("requests", "lines", "accepted", "duplicates", "billed_usd")}


def whole(count: int) -> dict[str, Any]:
    """Return what the database must hold of `count` lines: line n costs n thousandths of a dollar."""
    billed = f"{count * (count + 1) // 2 / 1000:.6f}"
    return {"requests": count, "lines": count, "accepted": count, "duplicates": 0, "billed_usd": billed}


@pytest.mark.parametrize("delay", [0.6, 1.0, 1.5, 2.2])
def test_kill_9_leaves_a_file_whole_or_not_at_all_and_the_next_run_completes_it(
    delay: float, large: Path, tmp_path: Path
) -> None:
    small = write(tmp_path / "small.jsonl", lines([900_001]))
    assert run_here(tmp_path, "ingest", small).code == 0
    process = start(tmp_path, "ingest", large)
    time.sleep(delay)
    process.kill()
    process.communicate()
    checked = run_here(tmp_path, "verify", "--json")
    assert (checked.code, checked.json["ok"]) == (0, True), checked.out
    assert facts(tmp_path)["requests"] in {1, LINES + 1}
    assert run_here(tmp_path, "ingest", large).code == 0
    assert facts(tmp_path)["requests"] == LINES + 1
    assert run_here(tmp_path, "verify").code == 0


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_cleanly_and_the_same_command_goes_on(
    sent: signal.Signals, code: int, large: Path, tmp_path: Path
) -> None:
    process = start(tmp_path, "ingest", large)
    while not (tmp_path / "llmaudit.duckdb").exists() and process.poll() is None:
        time.sleep(0.01)  # before that Python is still importing, however long that takes on a busy machine
    time.sleep(0.4)
    process.send_signal(sent)
    _, said = process.communicate(timeout=HANGS)
    # 0: it was faster than the signal; minus the signal: it had finished, and Python was on its way out
    assert process.returncode in {code, 0, -sent}, said
    assert b"Traceback" not in said
    assert run_here(tmp_path, "ingest", large).code == 0
    assert facts(tmp_path) == whole(LINES)


def test_no_room_is_said_and_what_was_there_stays(large: Path, tmp_path: Path) -> None:
    assert run_here(tmp_path, "ingest", write(tmp_path / "small.jsonl", lines([1, 2, 3]))).code == 0

    room = (tmp_path / "llmaudit.duckdb").stat().st_size + (1 << 18)

    def limits() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    process = start(tmp_path, "ingest", large, limits=limits)
    _, said = process.communicate(timeout=HANGS)
    assert process.returncode == 1, said
    assert b"Traceback" not in said
    assert b"disk-full" in said, said
    assert facts(tmp_path) == whole(3)
    assert run_here(tmp_path, "verify").code == 0
    assert run_here(tmp_path, "ingest", large).code == 0
    assert facts(tmp_path)["requests"] == LINES
    assert run_here(tmp_path, "verify").code == 0


HOLDER = """
import sys, time
from pathlib import Path
from llmaudit.store import Store
with Store(Path("llmaudit.duckdb")) as store:
    print("held", flush=True)
    time.sleep(float(sys.argv[1]))
"""


def test_of_two_at_once_one_works_and_the_other_says_who_or_waits(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", lines([1, 2]))
    assert run_here(tmp_path, "ingest", log).code == 0
    environment = clean_environment(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, "6"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    more = write(tmp_path / "more.jsonl", lines([3]))
    refused = run_here(tmp_path, "ingest", more)
    assert (refused.code, f"process {holder.pid}" in refused.err) == (6, True), refused.err
    waited = run_here(tmp_path, "ingest", more, "--lock-timeout", 60)
    assert waited.code == 0, waited.err
    holder.communicate()
    assert facts(tmp_path) == whole(3)


MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
sys.stdout.buffer.write(done.stdout)
print()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.exit(done.returncode)
"""
"""A program that runs another and says, on its last line, how many kB that held at most."""


def peak_of(folder: Path, *args: object) -> tuple[int, bytes, int]:
    """Run a command; return its exit code, what it said, and the most memory that it or a process of its own held.

    A process between measures it: the peak of a test run's own children is that of all of them, browsers included.
    """
    command = [sys.executable, "-c", MEASURED, sys.executable, "-P", "-m", "llmaudit", *map(str, args)]
    environment = clean_environment(folder)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=HANGS, check=False)
    out, _, peak = done.stdout.rstrip(b"\n").rpartition(b"\n")
    return done.returncode, out, int(peak) << 10


def test_a_line_of_100_mb_is_read_past_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with path.open("wb") as sink:
        sink.write(lines([1]))
        sink.write(b'{"request_id":"')
        sink.writelines(b"x" * (1 << 20) for _ in range(100))
        sink.write(b'"}\n' + lines([2]))
    code, _, peak = peak_of(tmp_path, "ingest", path)
    assert code == 0
    assert facts(tmp_path) == whole(2) | {"lines": 3}
    assert run_here(tmp_path, "ingest", path, "--json").json["files"][0]["rejected"] == 1
    assert peak < MEMORY_LIMIT


FULL = bool(os.environ.get("LLMAUDIT_FULL_TESTS"))
EXPANDED = 2 << 30 if FULL else 256 << 20


def test_a_small_archive_that_expands_without_end_is_read_past_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=6) as sink:
        sink.write(lines([1]))
        piece = b" " * (1 << 20)
        for _ in range(EXPANDED >> 20):
            sink.write(piece)
        sink.write(b"\n" + lines([2]))
    assert path.stat().st_size < EXPANDED // 500
    code, _, peak = peak_of(tmp_path, "ingest", path)
    assert code == 0
    assert facts(tmp_path) == whole(2) | {"lines": 3}
    assert peak < MEMORY_LIMIT


@pytest.mark.parametrize(
    "name", ["log[1].jsonl", "a*.jsonl", "spend=999/x.jsonl", "new\nline.jsonl", "-rf.jsonl", "'; --"]
)
def test_hostile_names_from_the_command_line(name: str, tmp_path: Path) -> None:
    write(tmp_path / "logs" / "log1.jsonl", lines([7]))
    path = write(tmp_path / "logs" / name, lines([1, 2]))
    assert run_here(tmp_path, "ingest", path).code == 0
    assert facts(tmp_path) == whole(2)


def test_the_log_is_not_touched_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path / "logs" / "log.jsonl", lines(range(1, 50)))
    path.chmod(0o400)
    before = (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest(), sorted(path.parent.iterdir()))
    assert run_here(tmp_path, "ingest", path.parent).code == 0
    after = (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest(), sorted(path.parent.iterdir()))
    assert after == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["llmaudit.duckdb", "logs"]
    assert oct((tmp_path / "llmaudit.duckdb").stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_instants_do_not_depend_on_the_zone_of_the_machine(zone: str, tmp_path: Path) -> None:
    times = ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-01T01:30:00", "2026-06-30T23:59:60Z"]
    rows = [row(n, startTime=time, endTime=None, completionStartTime=None) for n, time in enumerate(times, start=1)]
    path = write(tmp_path / "log.jsonl", b"\n".join(map(msgspec.json.encode, rows)))
    done = run_in(tmp_path, "ingest", path, "--json", env={"TZ": zone, "LC_ALL": "C"})
    assert done.json["files"][0]["reasons"] == {"not-a-time": 1}  # a leap second that never was
    found = run_in(tmp_path, "requests", "--json", env={"TZ": zone}).json["rows"]
    assert [each["started_at"] for each in found] == [
        "2026-11-01T05:30:00Z",
        "2026-11-01T06:30:00Z",
        "2026-11-01T01:30:00Z",
    ]


def old_database(path: Path) -> Path:
    """Return a database of the first schema, with one request in it."""
    number, first = migrations()[0]
    with duckdb.connect(str(path), config={"storage_compatibility_version": "v1.4.0"}) as old:
        old.execute(first)
        old.execute("INSERT INTO meta VALUES ('schema', ?), ('hash_key', ?)", [str(number), "00" * 32])
        old.execute(
            "INSERT INTO sources VALUES (1, 'old.jsonl', 'aa', 1, 1, 'litellm', NULL, NULL, 1, 1, 0, 0, 0, 0, '{}',"
            " NULL, NULL)"
        )
        old.execute(
            "INSERT INTO requests (row_id, source_id, id_space, line, request_id, status, usage_status)"
            " VALUES (1, 1, 'litellm', 1, 'r-1', 'ok', 'missing')"
        )
    return path


READERS = (
    "status",
    "requests",
    "report",
    "markup",
    "reprice",
    "export --to out",
    "shadow sample --share 1",
    "evals list",
)


@pytest.mark.parametrize("line", READERS)
def test_a_command_that_only_reads_brings_an_old_database_up_to_date(line: str, tmp_path: Path) -> None:
    old_database(tmp_path / "llmaudit.duckdb")
    done = run_here(tmp_path, *line.split())
    assert (done.code, "[" in done.err and "failed" in done.err) == (0, False), done.err
    assert run_here(tmp_path, "requests", "--json").json["rows"][0]["request_id"] == "r-1"
    assert run_here(tmp_path, "verify").code == 0


def test_an_old_database_that_may_not_be_written_to_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_database(tmp_path / "llmaudit.duckdb")
    before, connect = path.read_bytes(), duckdb.connect

    def refused(name: str, **options: Any) -> Any:
        if not options.get("read_only"):
            raise duckdb.IOException(f'IO Error: Cannot open file "{name}": Permission denied')
        return connect(name, **options)

    monkeypatch.setattr(duckdb, "connect", refused)  # the tests may run as root, who may write everything
    done = run_here(tmp_path, "status")
    assert (done.code, "older schema 1" in done.err, "[older-database]" in done.err) == (6, True, True)
    new = run_here(tmp_path, "ingest", write(tmp_path / "log.jsonl", lines([1])), "--db", "new.duckdb")
    assert (new.code, "[database-not-permitted]" in new.err) == (1, True)
    assert path.read_bytes() == before


def test_an_old_database_is_brought_up_to_date_and_a_newer_one_refused_untouched(tmp_path: Path) -> None:
    path = old_database(tmp_path / "llmaudit.duckdb")
    result = run_here(tmp_path, "ingest", write(tmp_path / "log.jsonl", lines([1, 2])), "--json")
    assert (result.code, result.json["totals"]["accepted"], result.json["totals"]["duplicates"]) == (0, 1, 1)
    assert run_here(tmp_path, "verify").code == 0
    with duckdb.connect(str(path)) as newer:
        newer.execute("UPDATE meta SET value = '999' WHERE name = 'schema'")
    before = path.read_bytes()
    refused = run_here(tmp_path, "ingest", tmp_path / "log.jsonl")
    assert (refused.code, "999" in refused.err) == (6, True)
    assert path.read_bytes() == before


def test_a_changed_database_is_noticed(tmp_path: Path) -> None:
    assert run_here(tmp_path, "ingest", write(tmp_path / "log.jsonl", lines([1, 2, 3]))).code == 0
    path = tmp_path / "llmaudit.duckdb"
    changes = {
        "sums": "UPDATE requests SET billed_amount = billed_amount + 1 WHERE line = 2",
        "counts": "DELETE FROM requests WHERE line = 2",
        "once": "UPDATE requests SET request_id = 'r-1' WHERE line = 2",
        "values": "UPDATE requests SET output_tokens = -5 WHERE line = 2",
        "references": "UPDATE requests SET source_id = 9 WHERE line = 2",
    }
    for name, change in changes.items():
        copy = write(tmp_path / name / "llmaudit.duckdb", path.read_bytes())
        with duckdb.connect(str(copy)) as changed:
            changed.execute(change)
        found = run_here(copy.parent, "verify", "--json")
        assert found.code == 3, name
        assert name in [check["name"] for check in found.json["checks"] if not check["ok"]]


def test_flipped_bits_of_a_database_are_noticed(tmp_path: Path) -> None:
    assert run_in(tmp_path, "ingest", write(tmp_path / "log.jsonl", lines(range(1, 3000)))).code == 0
    data = (tmp_path / "llmaudit.duckdb").read_bytes()
    dice = random.Random(4)  # noqa: S311 -- any places will do
    for number in range(6):
        damaged = bytearray(data)
        place = dice.randrange(3 * 4096, len(data))
        damaged[place] ^= 1 << dice.randrange(8)
        folder = write(tmp_path / str(number) / "llmaudit.duckdb", bytes(damaged)).parent
        found = run_in(folder, "verify", "--json")
        assert "Traceback" not in found.err
        if found.code == 0:  # the bit lies in a block that holds nothing: then everything is there
            assert facts(folder) == whole(2999)
        else:
            assert found.code in {1, 3}


def test_standard_input_is_a_file_like_any_other(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", lines(range(1, 9)))
    command = [sys.executable, "-P", "-m", "llmaudit", "ingest", "-", "--json"]
    environment = clean_environment(tmp_path)
    with log.open("rb") as source:
        done = subprocess.run(command, cwd=tmp_path, env=environment, stdin=source, capture_output=True, check=True)
    assert b'"path": "-"' in done.stdout
    assert facts(tmp_path) == whole(8)
    again = run_here(tmp_path, "ingest", log, "--json").json
    assert again["files"][0]["skipped"] == "already ingested"


def test_forgetting_a_file_is_as_if_it_had_never_been_read(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jsonl", lines([1, 2, 3])), write(tmp_path / "b.jsonl", lines([3, 4]))
    assert run_here(tmp_path, "ingest", first, second).code == 0
    gone = run_here(tmp_path, "forget", first, "--json").json
    assert (gone["removed"], gone["kept"]) == (2, 1)
    assert run_here(tmp_path, "verify").code == 0
    alone = tmp_path / "alone"
    alone.mkdir()
    assert run_here(alone, "ingest", second).code == 0
    assert facts(tmp_path) == facts(alone)
    assert run_here(tmp_path, "ingest", first).code == 0
    assert facts(tmp_path) | {"duplicates": 0} == whole(4) | {"lines": 5}
    missing = run_here(tmp_path, "forget", "nothing.jsonl")
    assert (missing.code, "no-such-source" in missing.err) == (5, True)
