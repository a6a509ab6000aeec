"""How the records of a file are arranged, inferred from its first bytes: lines, documents, rows, tables, events."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from llmaudit.formats.base import Reads

Container = Literal["lines", "document", "csv", "copy", "parquet", "sqlite", "sse", "text", "empty", "other"]

READ_AS: dict[Container, Reads] = {
    "lines": "json",
    "document": "json",
    "csv": "table",
    "copy": "table",
    "parquet": "table",
    "sqlite": "sqlite",
    "sse": "sse",
    "text": "text",
}
"""What a format must be able to read for each container."""

WORDS: dict[Container, str] = {
    "lines": "JSON lines",
    "document": "one or several JSON documents",
    "csv": "a table of separated values with a header",
    "copy": "a Postgres dump with COPY rows",
    "parquet": "Parquet",
    "sqlite": "an SQLite database",
    "sse": "a captured event stream",
    "text": "lines of text",
    "empty": "nothing",
    "other": "binary data",
}

ENVELOPES = (
    "data",
    "value",
    "Records",
    "records",
    "logEvents",
    "events",
    "results",
    "result",
    "requests",
    "logs",
    "items",
    "rows",
    "runs",
)
"""Keys under which an export wraps its records in an object, at most two deep (`data.items`)."""

WRAPPERS = ("@message", "message", "log", "jsonPayload", "textPayload", "_raw", "line")
"""Keys under which a log shipper keeps the record, as JSON text or as an object, beside its own few fields."""

_ENVELOPES, _WRAPPERS = frozenset(ENVELOPES), frozenset(WRAPPERS)
SHIPPER_KEYS = 12
"""An object with more keys is a record itself, not a shipper's envelope around one."""

UNDECODABLE = (msgspec.DecodeError, ArithmeticError, ValueError, RecursionError)
"""What decoding a stranger's record can raise: bad JSON or UTF-8, numbers beyond all bounds, nesting without end."""

LINES_TRIED = 6
"""Lines looked at for JSON lines whose first is damaged."""

LINES_SPLIT = 4 * LINES_TRIED
"""Lines cut off the head at first: mostly enough of them hold something."""

DELIMITERS = (",", "\t", ";", "|")
COPY = re.compile(rb'^COPY\s+(?P<table>[\w".]+)\s*\((?P<columns>[^)]*)\)\s+FROM\s+stdin;\s*$', re.MULTILINE)
SSE_FIELD = re.compile(rb"^(?:data|event|id|retry): ?|^: ?", re.MULTILINE)
_SSE_DATA = re.compile(rb"^data: ?[\[{]", re.MULTILINE)
_record_start = (b"{", b"[")


@dataclass(frozen=True)
class Layout:
    r"""How records lie (picklable).

    Attributes:
        container: What holds them.
        envelope: Keys that lead to the list of records in a JSON value, outermost first.
        wrapper: Key of the record inside a log shipper's object.
        delimiter: Of a table of separated values.
        quoted_whole: Every line of the table stands in one more pair of quotes.
        escapes: Cells are escaped as Postgres COPY writes them (`\N` is NULL) rather than quoted.
    """

    container: Container
    envelope: tuple[str, ...] = ()
    wrapper: str | None = None
    delimiter: str = ","
    quoted_whole: bool = False
    escapes: bool = False


def layout_of(head: bytes) -> Layout:
    """Return how the records of a file lie, from its first bytes (UTF-8, no byte-order mark)."""
    if head.startswith(b"PAR1"):
        return Layout("parquet")
    if head.startswith(b"SQLite format 3\0"):
        return Layout("sqlite")
    text = head.strip()
    if not text:
        return Layout("empty")
    lines = _first_lines(text)
    if SSE_FIELD.match(lines[0]) and _SSE_DATA.search(text):
        return Layout("sse")
    container = _json_container(text, lines)
    if container is not None:
        return Layout(container)
    if b"\0" in head:
        return Layout("other")
    if COPY.search(head):
        return Layout("copy", delimiter="\t", escapes=True)
    return _table(lines) or Layout("text")


def _first_lines(text: bytes) -> list[bytes]:
    """Return lines that hold something: as many of the first as the layout is told from, and more where it is one."""
    start = b"\n".join(text.split(b"\n", LINES_SPLIT)[:LINES_SPLIT])
    for part in (start, text):
        lines = [line for line in (part.splitlines() if b"\n" in part else part.split(b"\r")) if line.strip()]
        if len(lines) > LINES_TRIED:
            break
    return lines


def _json_container(text: bytes, lines: Sequence[bytes]) -> Container | None:
    whole = value_of(lines[0])
    if isinstance(whole, dict):
        return "document" if len(lines) == 1 and envelope_of(whole) else "lines"
    if isinstance(whole, list):
        return "document" if len(lines) == 1 else "lines"
    # A first line that is no JSON: damage before whole lines, or the opening of one document over many lines, of which
    # the last record may be a line of its own (`{"rows":[`, then records).
    opens = text.startswith(b"[") or lines[0].rstrip().endswith((b"[", b"{"))
    if not opens and any(isinstance(value_of(line), dict) for line in lines[1:LINES_TRIED]):
        return "lines"
    return "document" if text.startswith(_record_start) else None


def _table(lines: Sequence[bytes]) -> Layout | None:
    """Return the layout of separated values: the delimiter that cuts the header into most names."""
    first = lines[0].decode("utf-8", "replace")
    whole = first.startswith('"') and first.endswith('"') and len(_cells(first, ",")) == 1 and len(lines) > 1
    header = _cells(first, ",")[0] if whole else first
    counts = {delimiter: len(_cells(header, delimiter)) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda each: counts[each])
    if counts[delimiter] < 2:  # noqa: PLR2004 -- a table of one column is a list
        return None
    if not all(name.strip() and len(name) < 100 for name in _cells(header, delimiter)[:3]):  # noqa: PLR2004 -- a name
        return None
    escapes = delimiter == "\t" and any(b"\\N" in line.split(b"\t") for line in lines[1:LINES_TRIED])
    return Layout("csv", delimiter=delimiter, quoted_whole=whole, escapes=escapes)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return [line]


def header_of(head: bytes, layout: Layout) -> list[str]:
    """Return the column names of separated values."""
    first = next(line for line in head.splitlines() if line.strip()).decode("utf-8", "replace")
    if layout.quoted_whole:
        first = _cells(first, ",")[0]
    return [name.strip() for name in _cells(first, layout.delimiter)]


def value_of(line: bytes) -> Any:
    """Return the JSON value of a line that opens an object or array, else None."""
    if not line.lstrip()[:1] or line.lstrip()[:1] not in _record_start:
        return None
    try:
        return msgspec.json.decode(line)
    except UNDECODABLE:
        return None


def envelope_of(value: Any) -> tuple[str, ...]:
    """Return the keys that lead to the records of an export's object; nothing where it is a record itself."""
    if not isinstance(value, dict) or _ENVELOPES.isdisjoint(value):
        return ()
    for name in ENVELOPES:
        inner = value.get(name)
        if isinstance(inner, list) and (not inner or isinstance(inner[0], dict)):
            return (name,)
        if isinstance(inner, dict):
            for second in ENVELOPES:
                listed = inner.get(second)
                if isinstance(listed, list) and (not listed or isinstance(listed[0], dict)):
                    return (name, second)
    return ()


def wrapper_of(value: Any) -> str | None:
    """Return the key under which a log shipper keeps the record, or None where the object is a record itself."""
    if not isinstance(value, dict) or len(value) > SHIPPER_KEYS or _WRAPPERS.isdisjoint(value):
        return None
    for name in WRAPPERS:
        inner = value.get(name)
        if name != "message" and isinstance(inner, dict):
            return name
        if isinstance(inner, str) and isinstance(value_of(inner.strip().encode("utf-8", "replace")), dict):
            return name
    return None


_as_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_as_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_as_text = msgspec.json.Decoder(str).decode


def records_in(raw: msgspec.Raw | bytes, layout: Layout) -> Iterator[msgspec.Raw | bytes]:
    """Yield the records of a JSON value, out of the envelope and the wrapper that the file has around them.

    A value that has neither is a record itself: mixed files are normal.
    """
    for element in _elements(raw, layout.envelope) if layout.envelope else (raw,):
        yield _unwrapped(element, layout.wrapper) if layout.wrapper else element


def _elements(raw: msgspec.Raw | bytes, path: tuple[str, ...]) -> Iterator[msgspec.Raw | bytes]:
    try:
        inner = _as_object(raw)[path[0]]
        listed = _as_list(inner) if bytes(memoryview(inner)[:1]) == b"[" else None
    except (*UNDECODABLE, KeyError):
        yield raw
        return
    for element in (inner,) if listed is None else listed:
        if path[1:]:
            yield from _elements(element, path[1:])
        else:
            yield element


def _unwrapped(raw: msgspec.Raw | bytes, key: str) -> msgspec.Raw | bytes:
    try:
        inner = _as_object(raw)[key]
        return _as_text(inner).encode() if bytes(memoryview(inner)[:1]) == b'"' else inner
    except (*UNDECODABLE, KeyError):
        return raw
