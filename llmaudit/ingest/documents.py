"""JSON documents to records: an array, an export's envelope, or several documents in a row.

A document is decoded as a whole, so its size is limited. A damaged one cannot be split into records with certainty and
is refused; of several documents, only the damaged one is rejected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.ingest.layout import UNDECODABLE, Layout, records_in
from llmaudit.ingest.read import Content, file_name
from llmaudit.ingest.records import Numbered, Tally

MAX_DOCUMENT_BYTES = 256 << 20
"""A larger file of documents must come as JSON lines."""

RECORDS_PER_BATCH = 20_000
_TRAILING_COMMA = re.compile(rb",(\s*[\]}]\s*)$")
_NEXT_DOCUMENT = re.compile(r"^[\[{]", re.MULTILINE)
_SPACE = re.compile(r"\s*")
_raw = msgspec.json.Decoder(msgspec.Raw).decode
_as_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def json_documents(content: Content, layout: Layout) -> Iterator[tuple[Numbered, Tally]]:
    """Yield the records of a file of JSON documents in batches, numbered from 1, each with its tally.

    Raises:
        InputError: Too large to decode whole, or one document that is not JSON to its end.
    """
    numbers = count(1)
    tally = Tally()
    records: list[tuple[int, msgspec.Raw | bytes]] = []
    for document in _documents(content):
        for raw in (None,) if document is None else _of_document(document, layout):
            number = next(numbers)
            tally.records += 1
            if raw is None:
                tally.reject(number, "malformed-json")
            else:
                records.append((number, raw))
            if len(records) == RECORDS_PER_BATCH:
                yield iter(records), tally
                records, tally = [], Tally()
    yield iter(records), tally


def _of_document(document: msgspec.Raw, layout: Layout) -> Iterator[msgspec.Raw | bytes]:
    listed = _as_list(document) if bytes(memoryview(document)[:1]) == b"[" else (document,)
    for element in listed:
        yield from records_in(element, layout)


def _documents(content: Content) -> Iterator[msgspec.Raw | None]:
    """Yield each document still encoded, None for one that is damaged among others."""
    data = read_bounded(content, MAX_DOCUMENT_BYTES).strip()
    if not data:
        return
    try:
        yield msgspec.Raw(bytes(memoryview(_whole(data))))
    except (*UNDECODABLE,) as error:
        found = list(_one_by_one(data))
        if sum(document is not None for document in found) < 2:  # noqa: PLR2004 -- one document, and it is damaged
            raise InputError(
                f"{printable(file_name(content.path))} begins a JSON document that is incomplete:"
                f" {printable(str(error))}",
                next_step="Fetch the file again; nothing of it was read in.",
                slug="malformed-document",
            ) from None
        yield from found


def _whole(data: bytes) -> msgspec.Raw:
    """Return data that is one JSON value; an exporter's comma before the last bracket is passed over."""
    try:
        return _raw(data)
    except msgspec.DecodeError:
        if not _TRAILING_COMMA.search(data[-64:]):
            raise
        return _raw(_TRAILING_COMMA.sub(rb"\1", data))


def _one_by_one(data: bytes) -> Iterator[msgspec.Raw | None]:
    """Yield documents that follow each other; after a damaged one, reading goes on where a line opens the next."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    scan = json.JSONDecoder().raw_decode  # only it reads a value and says where it ended
    position = 0
    while position < len(text):
        try:
            _, end = scan(text, position)
            yield _raw(text[position:end])
        except (*UNDECODABLE, UnicodeEncodeError):
            yield None
            following = _NEXT_DOCUMENT.search(text, position + 1)
            end = following.start() if following else len(text)
        space = _SPACE.match(text, end)
        position = space.end() if space else end


def read_bounded(content: Content, limit: int) -> bytes:
    """Return all bytes of a file.

    Raises:
        InputError: There are more than the limit.
    """
    parts: list[bytes] = []
    size = 0
    while data := content.read(1 << 22):
        parts.append(data)
        size += len(data)
        if size > limit:
            raise InputError(
                f"{printable(file_name(content.path))} is a single JSON document of more than {limit >> 20} MB",
                next_step="Write it as JSON lines, for instance with `jq -c '.[]'`.",
                slug="document-too-large",
            )
    return b"".join(parts)
