"""A look at a file before it is read: records from its head, middle and tail, decoded, with their keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from llmaudit.errors import InputError
from llmaudit.ingest.blocks import Block
from llmaudit.ingest.delimited import CsvReader, copy_columns
from llmaudit.ingest.fragment import documents_at_start
from llmaudit.ingest.keys import keys_of
from llmaudit.ingest.layout import (
    COPY,
    UNDECODABLE,
    Layout,
    envelope_of,
    header_of,
    layout_of,
    records_in,
    value_of,
    wrapper_of,
)
from llmaudit.ingest.read import HEAD_BYTES, Content, file_name, opened
from llmaudit.ingest.records import Tally, event_lines, is_utf8
from llmaudit.ingest.shapes import shapes
from llmaudit.ingest.tables import parquet_file, rows_of, schema_keys, sqlite_database, tables_of

SAMPLE = 200
"""Records looked at, of each part of the file."""

PART_BYTES = 1 << 16
PACKED_BYTES = 1 << 22
"""Of a compressed file, whose middle cannot be reached without unpacking, so much is looked at."""

MAX_ENVELOPES = 3


class Seen:
    """One sampled record: its keys, dotted where nested, and its value, which is decoded when it is asked for.

    Args:
        keys: Of a JSON line those that any format looks for; of every other record all of them.
        value: The value.
        raw: The line that it is decoded from, in its place.
    """

    __slots__ = ("_raw", "_value", "keys")

    def __init__(self, keys: frozenset[str], value: Any = None, raw: bytes | None = None) -> None:
        self.keys = keys
        self._raw = raw
        self._value = value

    @property
    def value(self) -> Any:
        """The decoded value; None for one that cannot be decoded."""
        return self._value if self._raw is None else value_of(self._raw)

    @property
    def all_keys(self) -> frozenset[str]:
        """All of its keys."""
        return self.keys if self._raw is None else keys_of(self.value)


@dataclass(frozen=True)
class Sample:
    """Records of a file under one reading of its layout."""

    layout: Layout
    records: tuple[Seen, ...]


@dataclass(frozen=True)
class Look:
    """What a look at a file gave.

    Attributes:
        layout: How its records lie, by the first bytes alone.
        head: The first bytes.
        samples: One for each reading of the layout: as it is, out of an envelope, out of a shipper's wrapper.
        parts: Which parts of the file were looked at, in words.
    """

    layout: Layout
    head: bytes
    samples: tuple[Sample, ...]
    parts: str = "its head"


def look_at(path: Path) -> Look:
    """Return a sample of a file's records.

    Raises:
        InputError: The file cannot be read, or is a damaged archive, Parquet file or database.
    """
    with opened(path) as content:
        head = content.read(HEAD_BYTES)
        layout = layout_of(head)
        if layout.container in {"lines", "sse", "text", "document"}:
            chunks, parts = _chunks(content, head)
        else:
            chunks, parts = [head], "its head"
    if layout.container in {"parquet", "sqlite"}:
        with opened(path) as content:
            return Look(layout, head, (Sample(layout, tuple(_of_tables(content, layout))),), "its schema")
    return Look(layout, head, tuple(_readings(layout, chunks, path)), parts)


def look_in(path: Path, text: bytes) -> Look | None:
    """Return a sample of a small file's records; None where its bytes alone do not tell.

    Args:
        path: The file, for messages.
        text: All of it, no more than `HEAD_BYTES`; UTF-8 without a byte-order mark.
    """
    layout = layout_of(text)
    if layout.container in {"parquet", "sqlite"}:
        return None
    return Look(layout, text, tuple(_readings(layout, [text], path)), "the whole file")


def _chunks(content: Content, head: bytes) -> tuple[list[bytes], str]:
    """Return whole lines of the head, the middle and the tail."""
    if len(head) < HEAD_BYTES:
        return [head], "the whole file"
    if content.packed or content.is_transcoded:
        more = head
        while len(more) < PACKED_BYTES and (data := content.read(PACKED_BYTES)):
            more += data
        middle = _whole_lines(more[len(more) // 2 :][:PART_BYTES])
        return [_but_last_line(head), middle, _whole_lines(more[-PART_BYTES:])], "its first megabytes"
    size = content.disk_bytes
    chunks = [_but_last_line(head)]
    for start in (size // 2, size - PART_BYTES):
        content.stream.seek(max(start, len(head)))
        chunks.append(_whole_lines(content.stream.read(PART_BYTES), to_end=start == size - PART_BYTES))
    return chunks, "its head, middle and tail"


def _but_last_line(chunk: bytes) -> bytes:
    return chunk.rpartition(b"\n")[0] or chunk


def _whole_lines(chunk: bytes, *, to_end: bool = False) -> bytes:
    """Return a piece from inside a file without the line it begins in, and without the one it ends in."""
    rest = chunk.partition(b"\n")[2]
    return rest if to_end else rest.rpartition(b"\n")[0]


def _readings(layout: Layout, chunks: Sequence[bytes], path: Path) -> Iterator[Sample]:
    """Yield the file's records as they lie, and again out of the envelope and wrapper that most of them show."""
    if layout.container in {"lines", "document", "sse"}:
        if layout.container == "lines" and (plainly := _plain_lines(chunks)) is not None:
            yield Sample(layout, tuple(plainly))
            return
        plain = list(_json_values(layout, chunks))
        yield _sample(layout, plain)
        envelope: tuple[str, ...] = ()
        outer = plain
        for _ in range(MAX_ENVELOPES):
            inside = _most(envelope_of(value) for value in outer)
            if not inside:
                break
            envelope += inside
            outer = list(_within(plain, replace(layout, envelope=envelope)))
            yield _sample(replace(layout, envelope=envelope), outer)
        wrapper = _most(wrapper_of(value) for value in outer)
        if wrapper:
            inner = replace(layout, envelope=envelope, wrapper=wrapper)
            yield _sample(inner, list(_within(plain, inner)))
    elif layout.container == "csv":
        names = frozenset(header_of(chunks[0], layout))
        rows = list(_csv_rows(layout, chunks[0], path)) or [{}]
        yield Sample(layout, tuple(Seen(names, row) for row in rows))
        yield _text_sample(chunks)
    elif layout.container == "copy":
        found = [frozenset(copy_columns(opening["columns"])) for opening in COPY.finditer(chunks[0])]
        yield Sample(layout, tuple(Seen(names, {}) for names in found))
    elif layout.container == "text":
        yield _text_sample(chunks)


def _plain_lines(chunks: Sequence[bytes]) -> list[Seen] | None:
    """Return the records of lines of which no value has to be decoded; None where one has something around it."""
    found: list[Seen] = []
    shape_of = shapes().of
    for chunk in chunks:
        if not is_utf8(chunk):
            return None
        for line in _lines(chunk):
            try:
                keys, around = shape_of(line)
            except UNDECODABLE:  # damaged, or no object
                if line.lstrip().startswith(b"["):
                    return None
                found.append(Seen(frozenset()))
                continue
            if around:
                return None
            found.append(Seen(keys, raw=line))
    return found


def _lines(chunk: bytes) -> list[bytes]:
    """Return the first lines of a piece of a file that hold something."""
    lines = chunk.split(b"\n") if b"\n" in chunk else chunk.split(b"\r")
    return [line for line in lines if line.strip()][:SAMPLE]


def _text_sample(chunks: Sequence[bytes]) -> Sample:
    lines = [line.rstrip(b"\r") for chunk in chunks for line in chunk.split(b"\n")[:SAMPLE] if line.strip()]
    return Sample(Layout("text"), tuple(Seen(frozenset(), line.decode("utf-8", "replace")) for line in lines))


def _sample(layout: Layout, values: Sequence[Any]) -> Sample:
    return Sample(layout, tuple(Seen(keys_of(value), value) for value in values))


def _most(found: Iterable[Any]) -> Any:
    """Return what most records show, or None where most show nothing."""
    counts = Counter(found)
    best = counts.most_common(1)
    return best[0][0] if best and best[0][0] and best[0][1] * 2 >= counts.total() else None


def _within(values: Sequence[Any], layout: Layout) -> Iterator[Any]:
    for value in values:
        for raw in islice(records_in(msgspec.json.encode(value), layout), SAMPLE):
            inner = value_of(bytes(memoryview(raw)))
            if inner is not None:
                yield inner


def _json_values(layout: Layout, chunks: Sequence[bytes]) -> Iterator[Any]:
    if layout.container == "document":
        for document in documents_at_start(chunks[0].decode("utf-8", "ignore")):
            listed = document if isinstance(document, list) else [document]
            yield from (value for value in listed[:SAMPLE] if isinstance(value, dict))
        return
    for chunk in chunks:
        sse = layout.container == "sse"
        events = [raw for _, raw in event_lines(Block(1, chunk), Tally())] if sse else []
        for line in [raw for raw in events if raw.strip()][:SAMPLE] if sse else _lines(chunk):
            value = value_of(line)
            yield from value if isinstance(value, list) else (value,)


def _csv_rows(layout: Layout, head: bytes, path: Path) -> Iterator[dict[str, str]]:
    reader = CsvReader([Block(1, _but_last_line(head) if len(head) >= HEAD_BYTES else head)], file_name(path), layout)
    try:
        for rows, _ in reader.batches():
            yield from (row for _, row in islice(rows, SAMPLE))
    except InputError:  # a header that cannot be used: said again, by its own name, when the file is read
        return


def _of_tables(content: Content, layout: Layout) -> Iterator[Seen]:
    if layout.container == "parquet":
        with parquet_file(content) as opened_file:
            names = frozenset(schema_keys(opened_file.schema_arrow))
            batch = next(opened_file.iter_batches(batch_size=SAMPLE), None)
            rows = rows_of(batch) if batch is not None else []
        yield from (Seen(names, row) for row in rows or [{}])
    else:
        with sqlite_database(content) as database:
            tables = tables_of(database)
        dotted = {f"{table}.{name}" for table, columns in tables.items() for name in columns}
        yield Seen(frozenset(dotted | set(tables)), {})
