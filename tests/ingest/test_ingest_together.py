"""Small files decoded together: what becomes of each is the same whatever lies beside it, in whatever order."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from logs import line as litellm_line
from logs import write

from llmaudit.ingest import IngestResult, Setup, commit, ingest, intake, together
from llmaudit.ingest.decode import Decoder
from llmaudit.request import COLUMNS
from llmaudit.store import Store

KEY = "sk-ant-" + "a1" * 12
BEGAN = datetime.fromisoformat("2026-09-01T10:00")
TOO_EARLY = datetime.fromisoformat("2019-01-01")
PROMPTS = {"msg_0": 11, "msg_1": 22, "msg_2": 33, "msg_3": 44}
"""Input tokens of each call: every line of a call repeats them."""

Line = tuple[str, Any, int, int]
"""Kind of line, id or what it holds, output tokens, and the minute it was written in."""

answers = st.tuples(st.just("answer"), st.sampled_from(sorted(PROMPTS)), st.integers(0, 5), st.integers(0, 50))
others = st.tuples(
    st.sampled_from(["user", "synthetic", "negative", "no id", "broken", "blank", "early", "key"]),
    st.sampled_from(sorted(PROMPTS)),
    st.just(7),
    st.integers(0, 50),
)
sessions = st.lists(st.lists(answers | others, min_size=1, max_size=8), min_size=1, max_size=6)


def text_of(kind: str, ident: str, output: int, minute: int, project: str) -> str:
    if kind in {"broken", "blank"}:
        return {"broken": '{"type":"assistant",', "blank": "  "}[kind]
    usage: dict[str, Any] = {"input_tokens": PROMPTS[ident], "output_tokens": -1 if kind == "negative" else output}
    message: dict[str, Any] = {"id": None if kind == "no id" else ident, "model": "claude-x", "usage": usage}
    if kind == "synthetic":
        message["model"] = "<synthetic>"
    at = TOO_EARLY if kind == "early" else BEGAN + timedelta(minutes=minute)
    entry = {"sessionId": "s", "uuid": "u", "type": "user" if kind == "user" else "assistant", "cwd": project}
    if kind == "key":
        entry["gitBranch"] = KEY
    return json.dumps(entry | {"version": "2", "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}Z", "message": message})


def written(folder: Path, files: Sequence[Sequence[Line]]) -> list[Path]:
    """Write sessions, each with a first line that shows the format and a last one that makes it one of its own."""
    paths = []
    for number, session in enumerate(files):
        own = f"own_{number}"
        PROMPTS[own] = 1
        texts = [text_of(*one, f"/home/p{number}") for one in (("user", own, 0, 0), *session, ("answer", own, 1, 0))]
        paths.append(write(folder / f"{number}.jsonl", "\n".join(texts).encode()))
    return paths


def truth(files: Sequence[Sequence[Line]]) -> dict[str, tuple[int, int, datetime]]:
    """Return input, largest output and earliest time of every call, worked out here from the plan of the lines."""
    found: dict[str, tuple[int, int, datetime]] = {}
    for number, session in enumerate(files):
        found[f"own_{number}"] = (1, 1, BEGAN)
        for kind, ident, output, minute in session:
            if kind in {"answer", "key"}:
                at = BEGAN + timedelta(minutes=minute)
                _, most, first = found.get(ident, (0, output, at))
                found[ident] = (PROMPTS[ident], max(most, output), min(first, at))
    return found


@contextmanager
def sizes(batch: int, group: int, rows: int, *, fold: bool) -> Iterator[None]:
    """Decode and commit by so many files and rows, with or without records of one call folded into one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "BATCH_FILES", batch)
        patch.setattr(commit, "GROUP_FILES", group)
        patch.setattr(together, "ROWS_TOGETHER", rows)
        if not fold:
            really = Decoder.rows
            patch.setattr(Decoder, "rows", lambda *given, **_: really(*given, fold=False))
        yield


def loaded(paths: Sequence[Path]) -> tuple[IngestResult, dict[str, Any]]:
    """Return what became of some files, and everything that is then in the database."""
    with Store(None) as store:
        result = ingest(store, [str(path) for path in paths], Setup(b"k" * 32))
        asked = {"requests": "* EXCLUDE (row_id)", "sources": "*", "rejects": "*", "conflicts": "*"}
        tables = {table: store.rows(f"SELECT {what} FROM {table} ORDER BY ALL") for table, what in asked.items()}
    return result, tables


def calls(tables: dict[str, Any]) -> dict[str, tuple[int, int, datetime]]:
    """Return input, output and time of every call that is in a database."""
    place = ["source_id", "id_space", *COLUMNS]
    wanted = [place.index(name) for name in ("request_id", "input_tokens", "output_tokens", "started_at")]
    rows = [tuple(row[each] for each in wanted) for row in tables["requests"]]
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row[1:] for row in rows}


@settings(max_examples=30, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(sessions, st.sampled_from([(1, 1, 1), (2, 3, 4), (500, 2000, 3)]), st.randoms())
def test_sessions_are_the_same_however_they_are_put_together(files, by: tuple[int, int, int], dice) -> None:
    """Batches, groups, the fold and the order of files change nothing; the truth is worked out from the plan."""
    with TemporaryDirectory() as folder:
        paths = written(Path(folder), files)
        with sizes(1, 1, 1, fold=False):
            one_by_one, expected = loaded(paths)
        with sizes(*by, fold=True):
            result, tables = loaded(paths)
            dice.shuffle(paths)
            shuffled, other = loaded(paths)
    assert tables == expected
    assert result == one_by_one
    assert calls(tables) == truth(files) == calls(other)
    assert shuffled.totals == result.totals
    for file in (*result.files, *shuffled.files):
        assert file.lines == file.accepted + file.duplicates + file.ignored + file.rejected
    kinds = Counter(kind for session in files for kind, *_ in session)
    assert result.totals.rejected == sum(kinds[each] for each in ("negative", "no id", "broken", "early"))
    assert result.totals.ignored == len(files) + sum(kinds[each] for each in ("user", "synthetic", "blank"))
    assert sum(file.masked for file in result.files) == kinds["key"]


def test_a_bad_file_takes_no_other_with_it(tmp_path: Path, load) -> None:
    """Of seven files read together three cannot be used, one is no log, and one is another format's."""
    good = [text_of("answer", ident, 5, 0, "/p") for ident in sorted(PROMPTS)[:2]]
    usual = write(tmp_path / "a.jsonl", good[0].encode())
    nothing = write(tmp_path / "b.jsonl", text_of("user", "msg_0", 0, 0, "/p").encode())
    empty = write(tmp_path / "c.jsonl", b"")
    strange = write(tmp_path / "d.jsonl", b'{"colour":"red"}\n')
    gateway = write(tmp_path / "e.jsonl", litellm_line(3))
    packed = write(tmp_path / "f.jsonl.gz", gzip.compress(good[0].encode() + b"\n" + litellm_line(4)))
    last = write(tmp_path / "g.jsonl", good[1].encode())
    result = load(usual, nothing, empty, strange, gateway, packed, last)
    assert [failure.slug for failure in result.failures] == ["nothing-accepted", "empty-file", "unknown-format"]
    assert [file.skipped for file in result.files] == [
        None, "not used: nothing-accepted", "not used: empty-file", "not used: unknown-format", None, None, None,
    ]  # fmt: skip
    assert [file.format for file in result.files if file.skipped is None] == [
        "claude_code", "litellm", "litellm+claude_code", "claude_code",
    ]  # fmt: skip
    assert [file.accepted for file in result.files if file.skipped is None] == [1, 1, 1, 1]


def test_a_copy_beside_its_original_is_told(tmp_path: Path, load, store) -> None:
    """Of two files with the same content that are read together the second is the first again."""
    data = text_of("answer", "msg_0", 5, 0, "/p").encode()
    useless = text_of("user", "msg_0", 5, 0, "/p").encode()
    paths = [write(tmp_path / name, data) for name in ("a", "b")] + [write(tmp_path / name, useless) for name in "cd"]
    packed = write(tmp_path / "e.gz", gzip.compress(data))
    result = load(*paths, packed)
    assert [(file.accepted, file.duplicates, file.skipped) for file in result.files] == [
        (1, 0, None),
        (0, 1, "already ingested"),
        (0, 0, "not used: nothing-accepted"),
        (0, 0, "not used: nothing-accepted"),
        (0, 1, "already ingested"),
    ]
    assert store.rows("SELECT count(*) FROM sources") == [(1,)]


def test_a_value_that_no_column_holds_is_the_reject_of_its_own_file(tmp_path: Path, load, store) -> None:
    """Half of a surrogate pair can be read and not stored; its neighbours in other files are not touched."""
    fine = text_of("answer", "msg_0", 5, 0, "/p").encode()
    data = [fine.replace(b"msg_0", f"msg_{number}".encode()) for number in range(6, 9)]
    paths = [write(tmp_path / f"{number}.jsonl", each) for number, each in enumerate(data)]
    huge = fine.replace(b'"output_tokens": 5', b'"output_tokens": 5, "server_tool_use": {"web_search_requests": 1e30}')
    paths.insert(1, write(tmp_path / "huge.jsonl", huge + b"\n" + fine))
    result = load(*paths)
    assert [(file.accepted, file.rejected) for file in result.files] == [(1, 0), (1, 1), (1, 0), (1, 0)]
    assert store.rows("SELECT source_id, line, reason FROM rejects") == [(2, 1, "out-of-range")]


def test_a_second_run_reads_only_what_is_new(tmp_path: Path, load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are known are told by their hash alone: nothing of them is detected or decoded again."""
    paths = [write(tmp_path / f"{n}.jsonl", text_of("answer", f"msg_{n}", 5, 0, "/p").encode()) for n in range(4)]
    load(*paths)
    seen: list[Path] = []
    really = together.detect
    monkeypatch.setattr(together, "detect", lambda path, *rest: seen.append(path) or really(path, *rest))
    grown = paths[2].read_bytes() + b"\n" + text_of("answer", "msg_2", 9, 1, "/p").encode()
    write(paths[2], grown)
    result = load(*paths)
    assert seen == [paths[2]]
    assert [(file.format, file.skipped, file.accepted, file.duplicates) for file in result.files] == [
        ("claude_code", "already ingested", 0, 1),
        ("claude_code", "already ingested", 0, 1),
        ("claude_code", None, 1, 1),
        ("claude_code", "already ingested", 0, 1),
    ]


def test_what_is_heavy_is_not_imported_where_nothing_is_new(tmp_path: Path) -> None:
    """Of a thousand known sessions the time goes into hashing them, and not into importing what decodes."""
    log = write(tmp_path / "a.jsonl", text_of("answer", "msg_0", 5, 0, "/p").encode())
    database = tmp_path / "a.duckdb"
    with Store(database) as store:
        ingest(store, [str(log)], Setup(b"k" * 32))
    code = (
        "import sys; from pathlib import Path\n"
        "from llmaudit.store import Store; from llmaudit.ingest import Setup, ingest\n"
        f"with Store(Path({str(database)!r})) as store: ingest(store, [{str(log)!r}], Setup(b'k' * 32))\n"
        "print(sorted({'numpy', 'pyarrow', 'polars', 'llmaudit.formats', 'llmaudit.catalog'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
