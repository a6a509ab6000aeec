"""Reads outcome files (JSON lines, CSV or Parquet); every record that cannot be used is named by line and field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
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
"""Every column that is read, with its other spellings; other columns are ignored."""

BY_NAME = {name: one for one in FIELDS for name in (one.name, *one.also)}
JOINS = ("request_id", "case_id", "template_hash", "route", "feature")
SOURCES = ("judge", "human", "conversion")
METRIC, SOURCE = "score", "unstated"
"""The metric and source of a record that does not state them."""


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome, as the file states it; None is not stated.

    Attributes:
        line: Line, CSV row or array element, the first being 1.
        request_id: The logged request that was scored.
        case_id: The case of an eval suite.
        template_hash: The template whose requests it is a sample of.
        route: The feature or endpoint whose requests it is a sample of.
        tier: 0 to 3.
        task: The kind of task.
        model: The model that answered, as the file names it.
        metric: What was measured.
        score: The result; larger is better.
        source: Who scored it: one of `SOURCES`, or `unstated`.
        user_id: The user, as the file names them: never stored like this.
        scored_at: When (naive UTC).
    """

    line: int
    request_id: str | None = None
    case_id: str | None = None
    template_hash: str | None = None
    route: str | None = None
    tier: int | None = None
    task: str | None = None
    model: str | None = None
    metric: str = METRIC
    score: float
    source: str = SOURCE
    user_id: str | None = None
    scored_at: datetime | None = None


@dataclass
class Read:
    """One file of outcomes.

    Attributes:
        path: The file.
        sha256: Of its bytes, unpacked.
        records: Records in it.
        rows: Those that can be used.
        rejected: Those that cannot.
    """

    path: Path
    sha256: str
    records: int = 0
    rows: list[OutcomeRow] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def read_outcomes(path: Path, is_model: Callable[[str], bool]) -> Read:
    """Return the outcomes of a file.

    Args:
        path: The file; plain, gzip or zstd.
        is_model: Says whether a name is a model's. In a record without `model`, such a `route` is the model.

    Raises:
        InputError: Missing, damaged or empty, or no record can be used; the message has the first three reasons.
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
    """Yield each record with its line; what is no record at all is yielded as a `Rejected`."""
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
            next_step="Write it again; nothing was read from it.",
            slug="damaged-parquet",
        ) from None
    yield from enumerate(rows, start=1)


def _row(line: int, record: dict[str, Any], is_model: Callable[[str], bool]) -> OutcomeRow | Rejected:
    """Return a record's outcome, or why it is none."""
    values: dict[str, Any] = {}
    for name, value in record.items():
        column = BY_NAME.get(name)
        if column is None or values.get(column.name) is not None:
            continue
        try:
            values[column.name] = read_value(column.kind, value)
        except BadValue as error:
            return Rejected(line, str(error), name)
    if values.get("score") is None:
        return Rejected(line, "is missing", "score")
    if not any(values.get(name) is not None for name in JOINS):
        return Rejected(line, "has none of request_id, case_id, template and route: it belongs to no traffic")
    values["metric"] = values.get("metric") or METRIC
    values["source"] = values.get("source") or SOURCE
    if values["source"] not in {*SOURCES, SOURCE}:
        return Rejected(line, f"is none of {', '.join(SOURCES)}", "source")
    route, feature = values.pop("route", None), values.pop("feature", None)
    if values.get("model") is None and route is not None and is_model(route):
        values["model"], route = route, None
    return OutcomeRow(line=line, route=feature if feature is not None else route, **values)
