"""Pairs files to rows: JSON lines, CSV or Parquet, read from an open file and checked value by value.

Two ways give the same rows. `fast_read` takes a file whose every line is as it should be. Where it stumbles, the file
is read again record by record, and every record that cannot be used is named by its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as arrow_parquet

from llmaudit.errors import InputError, printable
from llmaudit.ingest.blocks import blocks
from llmaudit.ingest.delimited import CsvReader
from llmaudit.ingest.documents import json_documents
from llmaudit.ingest.layout import layout_of
from llmaudit.ingest.read import HEAD_BYTES, UTF8_BOM, Content, file_name, opened
from llmaudit.ingest.records import Rejected, Tally, text_lines
from llmaudit.shadow.columns import ENCODED, BadValue, field_of
from llmaudit.shadow.fast_read import fast
from llmaudit.shadow.record import MISSING, Collected, fields_in
from llmaudit.shadow.type_casts import canonical, encoded

PARQUET = b"PAR1"
MOST_REJECTED = 0.01
"""Share of records that may be unusable: with more, the rest may no longer be representative."""


@dataclass
class Rows:
    """The rows of one file.

    Attributes:
        table: Columns by their own names, canonical types, and `line`.
        records: Records in the file.
        rejected: Those that cannot be used.
    """

    table: pa.Table
    records: int
    rejected: list[Rejected] = field(default_factory=list)


PAIR = ("pair_id", "arm")
"""What every row of a pairs file has."""


def read_rows(path: Path, needs: tuple[str, ...] = PAIR) -> Rows:
    """Return the rows of a pairs file, or of another file of answers.

    Args:
        path: The file.
        needs: Columns that every row must have.

    Raises:
        InputError: Missing, damaged, empty, no such file as was meant, without the columns it needs, or with more
            than 1% of its records unusable; the message names the first lines.
    """
    with opened(path) as content:
        head = content.read(HEAD_BYTES).removeprefix(UTF8_BOM)
    if not head.strip():
        raise InputError(
            f"{printable(file_name(path))} is empty", next_step="Check the export that wrote it.", slug="empty-file"
        )
    if head.startswith(PARQUET):
        rows = _parquet(path, needs)
    else:
        is_json = head.lstrip()[:1] in {b"{", b"["}
        quick = fast(path, head, needs, is_json=is_json)
        rows = _slow(path, head, needs, is_json=is_json) if quick is None else Rows(quick, quick.num_rows)
    _check(path, rows, needs)
    return Rows(encoded(rows.table).unify_dictionaries(), rows.records, rows.rejected)


def _check(path: Path, rows: Rows, needs: tuple[str, ...]) -> None:
    name = printable(file_name(path))
    reasons = {(rejected.field, rejected.reason) for rejected in rows.rejected}
    if len(rows.rejected) == rows.records and len(reasons) == 1 and rows.rejected[0].field in needs:
        raise InputError(
            f"{name}: none of {rows.records:,} records has {'an' if reasons == {('arm', MISSING)} else 'a'} "
            f"{rows.rejected[0].field}: it is no {'pairs file' if needs == PAIR else 'such file'}",
            next_step="docs/shadow.md has the columns. Pairs have one row per request and arm; two ingested logs are "
            "joined with --primary-log and --shadow-log.",
            slug="no-pairs",
        )
    if len(rows.rejected) > MOST_REJECTED * rows.records or not rows.table.num_rows:
        first = "; ".join(reject_text(rejected) for rejected in rows.rejected[:3])
        raise InputError(
            f"{name}: {len(rows.rejected):,} of {rows.records:,} records cannot be used ({first})",
            next_step="Fix them; docs/shadow.md has the columns. Up to 1% may be bad, and is then counted and shown.",
            slug="bad-pairs",
        )
    missing = [column for column in needs if column not in rows.table.column_names]
    if missing:
        raise InputError(
            f"{name} has no column {' and no column '.join(missing)}",
            next_step="docs/shadow.md has the columns of such a file.",
            slug="no-pairs",
        )


def reject_text(rejected: Rejected) -> str:
    """Return where and why a record cannot be used; never its text."""
    where = f": {printable(rejected.field, 80)}" if rejected.field else ""
    return f"line {rejected.line}{where} {rejected.reason}"


def _parquet(path: Path, needs: tuple[str, ...]) -> Rows:
    try:
        with opened(path) as content:
            names = arrow_parquet.ParquetFile(content.stream).schema_arrow.names
            repeated = [name for name in names if (one := field_of(name)) and one.name in ENCODED]
            file = arrow_parquet.ParquetFile(content.stream, read_dictionary=repeated)
            table = canonical(file.read(columns=[name for name in names if field_of(name)]))
        lines = pa.array(np.arange(table.num_rows) + 1, pa.int64())
        return _filled(table.append_column("line", lines), needs)
    except BadValue as error:
        raise InputError(
            f"{printable(file_name(path))}: {error}",
            next_step="Fix the column; docs/shadow.md has the types.",
            slug="bad-pairs",
        ) from None
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(
            f"{printable(file_name(path))} is a damaged Parquet file: {printable(str(error))}",
            next_step="Write it again; nothing was read from it.",
            slug="damaged-parquet",
        ) from None


def _filled(table: pa.Table, needs: tuple[str, ...]) -> Rows:
    """Leave out rows without what every row must have, and note them."""
    rejected: list[Rejected] = []
    kept = table
    for name in needs:
        if name in kept.column_names and kept[name].null_count:
            missing = kept.filter(pc.is_null(kept[name]))["line"].to_pylist()
            rejected += [Rejected(int(line), MISSING, name) for line in missing]
            kept = kept.filter(pc.is_valid(kept[name]))
    return Rows(kept, table.num_rows, sorted(rejected, key=lambda one: one.line))


def _slow(path: Path, head: bytes, needs: tuple[str, ...], *, is_json: bool) -> Rows:
    """Read record by record; each that cannot be used is noted with its line."""
    found = Collected()
    records, rejected = 0, []
    with opened(path) as content:
        for rows, tally in records_in(content, head, is_json=is_json):
            for line, raw in rows:
                found.add(line, fields_in(line, raw, needs, tally))
            records += tally.records - tally.ignored.total()
            rejected += tally.rejects
    return Rows(found.table(), records, sorted(rejected, key=lambda one: one.line))


def records_in(content: Content, head: bytes, *, is_json: bool) -> Iterator[tuple[Iterable[tuple[int, Any]], Tally]]:
    """Yield records with their numbers: a line, a row, or a place in an array."""
    if is_json and head.lstrip().startswith(b"["):
        for rows, tally in json_documents(content, layout_of(head)):
            yield [(number, bytes(raw)) for number, raw in rows], tally
    elif is_json:
        for block in blocks(content):
            tally = Tally()
            yield list(text_lines(block, tally)), tally
    else:
        reader = CsvReader(blocks(content), file_name(content.path), layout_of(head))
        for rows, tally in reader.batches():
            yield list(rows), tally
