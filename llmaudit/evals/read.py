"""Outcome files to rows: JSON lines, CSV or Parquet; every record that cannot be used is named by line and field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as arrow_parquet

from llmaudit.errors import InputError, printable
from llmaudit.ingest.read import HEAD_BYTES, UTF8_BOM, file_name, opened
from llmaudit.ingest.records import Rejected
from llmaudit.ingest.tables import rows_of
from llmaudit.shadow.columns import BadValue, Field, read_value
from llmaudit.shadow.read import PARQUET, records_in, reject_text

FIELDS: tuple[Field, ...] = (
    Field("request_id", "text", ("request",)),
    Field("case_id", "text", ("case", "example_id")),
    Field("template_hash", "text", ("template",)),
    Field("route", "text"),
    Field("feature", "text", ("endpoint",)),
    Field("tier", "tier"),
    Field("task", "text"),
    Field("model", "text"),
    Field("metric", "text", ("metric_name",)),
    Field("score", "score", ("value",)),
    Field("source", "text"),
    Field("user_id", "text", ("user",)),
    Field("scored_at", "time", ("at", "timestamp")),
)
"""Every column that is read, with its other spellings; others are passed over."""

BY_NAME = {name: one for one in FIELDS for name in (one.name, *one.also)}
JOINS = ("request_id", "case_id", "template_hash", "route", "feature")
SOURCES = ("judge", "human", "conversion")
METRIC, SOURCE = "score", "unstated"
"""What a record is counted under that does not say."""


@dataclass
class Read:
    """One file of outcomes.

    Attributes:
        path: The file.
        sha256: Of its bytes, unpacked.
        records: Records in it.
        rows: Those that can be used, by column name, with `line`.
        rejected: The others.
    """

    path: Path
    sha256: str
    records: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def read_outcomes(path: Path, is_model: Callable[[str], bool]) -> Read:
    """Return the outcomes of a file.

    Args:
        path: The file; plain, gzip or zstd.
        is_model: Says whether a name is a model's: a `route` that is one, in a record without `model`, is the model.

    Raises:
        InputError: Missing, damaged or empty, or without one record that can be used; the message names the first.
    """
    with opened(path) as content:
        head = content.read(HEAD_BYTES).removeprefix(UTF8_BOM)
        while content.read(1 << 20):
            pass
        digest = content.digest.hexdigest()
    if not head.strip():
        raise InputError(
            f"{printable(file_name(path))} is empty", next_step="Check the export that wrote it.", slug="empty-file"
        )
    found = Read(path, digest)
    for line, record in _parquet(path) if head.startswith(PARQUET) else _text(path, head):
        found.records += 1
        if isinstance(record, Rejected):
            found.rejected.append(record)
            continue
        row = _row(line, record, is_model)
        if isinstance(row, Rejected):
            found.rejected.append(row)
        else:
            found.rows.append(row)
    if not found.rows:
        first = "; ".join(reject_text(one) for one in found.rejected[:3])
        raise InputError(
            f"{printable(file_name(path))}: none of {found.records:,} records is an outcome ({first})",
            next_step="docs/evals.md has the columns.",
            slug="no-outcomes",
        )
    return found


def _text(path: Path, head: bytes) -> Iterator[tuple[int, Any]]:
    """Yield records of text with their lines; one that is no record at all comes as its reject."""
    is_json = head.lstrip()[:1] in {b"{", b"["}
    with opened(path) as content:
        for rows, tally in records_in(content, head, is_json=is_json):
            for line, raw in rows:
                yield line, raw if isinstance(raw, dict) else _decoded(line, raw)
            for one in tally.rejects:
                yield one.line, one


def _decoded(line: int, raw: bytes) -> dict[str, Any] | Rejected:
    try:
        record = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Rejected(line, "is not valid JSON")
    return record if isinstance(record, dict) else Rejected(line, "is no JSON object")


def _parquet(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        with opened(path) as content:
            file = arrow_parquet.ParquetFile(content.stream)
            names = [name for name in file.schema_arrow.names if name in BY_NAME]
            rows = [row for batch in file.read(columns=names).to_batches() for row in rows_of(batch)]
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(
            f"{printable(file_name(path))} is a damaged Parquet file: {printable(str(error))}",
            next_step="Write it again; nothing of it was taken in.",
            slug="damaged-parquet",
        ) from None
    yield from enumerate(rows, start=1)


def _row(line: int, record: dict[str, Any], is_model: Callable[[str], bool]) -> dict[str, Any] | Rejected:
    """Return a record's outcome, or why it is none."""
    row: dict[str, Any] = {"line": line}
    for name, value in record.items():
        one = BY_NAME.get(name)
        if one is None or row.get(one.name) is not None:
            continue
        try:
            row[one.name] = read_value(one.kind, value)
        except BadValue as error:
            return Rejected(line, str(error), name)
    if row.get("score") is None:
        return Rejected(line, "is missing", "score")
    if not any(row.get(name) is not None for name in JOINS):
        return Rejected(line, "has none of request_id, case_id, template and route: it belongs to no traffic")
    row["metric"] = row.get("metric") or METRIC
    row["source"] = row.get("source") or SOURCE
    if row["source"] not in {*SOURCES, SOURCE}:
        return Rejected(line, f"is none of {', '.join(SOURCES)}", "source")
    route, feature = row.pop("route", None), row.pop("feature", None)
    if row.get("model") is None and route is not None and is_model(route):
        row["model"], route = route, None
    row["route"] = feature if feature is not None else route
    return row
