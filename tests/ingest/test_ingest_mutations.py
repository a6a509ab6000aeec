"""One byte changed in a good file, many times: never a traceback, a lost line, or another line's record changed.

A digit that becomes another digit in plain JSON cannot be noticed by anybody; so what is held is that a change reaches
the record it was made in (or the two whose line end it was), and that every line is accounted for. In CI some hundred
changes a file are tried; LLMAUDIT_FULL_TESTS=1 tries 10,000 in all (CONTRIBUTING.md).
"""

from __future__ import annotations

import gzip
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from logs import lines, write
from test_ingest_containers import HEADER, csv_row

from llmaudit.errors import InputError
from llmaudit.ingest import Setup, ingest
from llmaudit.ingest.detect import detect
from llmaudit.ingest.read import opened
from llmaudit.ingest.work import decoded, job_of
from llmaudit.store import Store

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FULL = bool(os.environ.get("LLMAUDIT_FULL_TESTS"))
COUNT = 8
CHAT = b"".join(
    b'{"id":"chatcmpl-%d","object":"chat.completion","created":179000000%d,"model":"gpt-4o","choices":[],'
    b'"usage":{"prompt_tokens":%d,"completion_tokens":%d}}\n' % (n, n, n * 10, n)
    for n in range(1, COUNT + 1)
)
CSV = "\n".join([HEADER, *(csv_row(n) for n in range(1, COUNT + 1))]).encode() + b"\n"
FILES: dict[str, tuple[bytes, Callable[[bytes], bytes], int]] = {
    "litellm": (lines(range(1, COUNT + 1)), bytes, 3000),
    "openai_compatible": (CHAT, bytes, 2500),
    "openrouter": (CSV, bytes, 2500),
    "litellm in gzip": (lines(range(1, COUNT + 1)), gzip.compress, 1000),
    "litellm in zstd": (lines(range(1, COUNT + 1)), lambda data: zstd.compress(data, options=CHECKED), 1000),
}
CHECKED = {zstd.CompressionParameter.checksum_flag: 1}


def account(path: Path) -> tuple[dict[int, Any], int]:
    """Return the rows of a file by line, and how many records it has; every one must be accounted for."""
    found = detect(path)
    if found.form is None:
        raise InputError("no format", slug="unknown-format")
    rows: dict[int, Any] = {}
    records = others = made = 0
    with opened(path) as content:
        for part in decoded(content, job_of(found, Setup(b"k" * 32))):
            records += part.tally.records
            others += len(part.tally.rejects) + part.tally.ignored.total()
            for _, batch in part.batches:
                made += batch.num_rows
                rows.update({row["line"]: row for row in batch.to_pylist()})
    assert records == made + others
    return rows, records


def lines_of(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n"))


@pytest.mark.parametrize("name", FILES)
def test_one_byte_changed(name: str, tmp_path: Path) -> None:
    data, pack, times = FILES[name]
    dice = random.Random(name)  # noqa: S311 -- any places will do, the same every time
    path = tmp_path / "file"
    good, _ = account(write(path, pack(data)))
    packed = pack(data)
    for _ in range(times if FULL else times // 20):
        changed = bytearray(packed)
        place = dice.randrange(len(changed))
        changed[place] = dice.randrange(256)
        path.write_bytes(changed)
        try:
            rows, records = account(path)
        except InputError:  # said, and nothing taken in
            continue
        if packed != data:  # what an archive lets through is what was packed
            assert rows == good
            continue
        line = data[:place].count(b"\n") + 1
        header = HEADER.encode() in data
        assert header or records == lines_of(bytes(changed))
        shift = bytes(changed).count(b"\n") - data.count(b"\n")
        for number, row in good.items():
            if number in {line, line + 1} or (header and line == 1):
                continue  # the record that was changed, and the one its line end may have run into
            there = number + (shift if number > line else 0)
            assert rows.get(there, {}) | {"line": number} == row, (place, changed[place], number)


def test_mutated_files_in_a_database(tmp_path: Path) -> None:
    """The ledger adds up whatever is read."""
    dice = random.Random(7)  # noqa: S311 -- any places will do, the same every time
    with Store(tmp_path / "audit.duckdb") as store:
        for number in range(300 if FULL else 40):
            data = bytearray(FILES[dice.choice(["litellm", "openai_compatible", "openrouter"])][0])
            data[dice.randrange(len(data))] = dice.randrange(256)
            ingest(store, [str(write(tmp_path / f"{number}.log", bytes(data)))], Setup(b"k" * 32))
        wrong = store.one(
            "SELECT count(*) FROM sources WHERE lines <> accepted + duplicates + ignored + rejected + bills"
        )
        counted = store.one("SELECT sum(accepted) FROM sources"), store.one("SELECT count(*) FROM requests")
    assert wrong == (0,)
    assert counted[0] == counted[1]
