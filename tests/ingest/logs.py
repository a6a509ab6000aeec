"""Logs made for the tests of ingest, in bytes."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from builders import litellm_row

from llmaudit.ingest.detect import detect
from llmaudit.ingest.read import opened
from llmaudit.ingest.records import Tally
from llmaudit.ingest.registry import known_named
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.work import decoded, job_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd.compress}


def row(number: int, **changes: Any) -> dict[str, Any]:
    """Return a LiteLLM row: 10 x `number` prompt tokens, `number` output tokens, `number` thousandths of a dollar."""
    made = litellm_row(
        f"r-{number}", "2026-10-01T10:00:00", prompt=10 * number, completion=number, spend=f"{number / 1000:.3f}"
    )
    return made | changes


def line(number: int, **changes: Any) -> bytes:
    return msgspec.json.encode(row(number, **changes))


def lines(numbers: Iterable[int], **changes: Any) -> bytes:
    return b"".join(line(number, **changes) + b"\n" for number in numbers)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def decode_file(path: Path, form: str = "litellm") -> tuple[list[dict[str, Any]], Tally]:
    """Return the rows of a file and the tally of its other records, without a database."""
    rows: list[dict[str, Any]] = []
    total = Tally()
    with opened(path) as content:
        for part in decoded(content, job_of(detect(path, known_named(form)), Setup(b"k" * 32))):
            rows += [row for _, batch in part.batches for row in batch.to_pylist()]
            total.records += part.tally.records
            total.rejects += part.tally.rejects
            total.ignored += part.tally.ignored
    return rows, total
