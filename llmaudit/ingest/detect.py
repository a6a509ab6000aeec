"""Which format a file is in, how surely, and on which evidence."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.formats import all_formats
from llmaudit.formats.base import Format
from llmaudit.ingest.decode import UNDECODABLE
from llmaudit.ingest.read import HEAD_BYTES, file_name, head_of
from llmaudit.ingest.records import ENVELOPES, elements_of

MIN_MARKS = 3
"""A record must show this many of a format's distinctive keys before it speaks for the format."""

SAMPLE = 200
LINES_TRIED = 6
"""Lines looked at for JSON lines whose first is damaged."""

Container = Literal["jsonl", "json", "csv", "empty", "other"]


@dataclass(frozen=True)
class Detection:
    """What a file is.

    Attributes:
        form: Its format, or None.
        container: How its records lie.
        confidence: 0 to 1: how many sampled records speak for the format, and how plainly.
        evidence: Sentences.
    """

    form: Format | None
    container: Container
    confidence: float
    evidence: tuple[str, ...]


def detect(path: Path) -> Detection:
    """Return what a file is, from its first records.

    Raises:
        InputError: The file cannot be read, or two formats fit it equally well.
    """
    head = head_of(path)
    container = container_of(head)
    if container in {"empty", "other"}:
        return Detection(None, container, 0.0, (_what_else(head),))
    samples = list(_sampled_keys(head, container))
    wanted = "csv" if container == "csv" else "jsonl"
    ranked = sorted(
        ((_score(form, samples), form) for form in all_formats() if form.container == wanted),
        key=lambda pair: -pair[0].weight,
    )
    best, form = ranked[0]
    if best.matched == 0:
        return Detection(None, container, 0.0, (f"keys seen: {', '.join(sorted(set().union(*samples))[:12])}",))
    if len(ranked) > 1 and ranked[1][0].weight == best.weight:
        raise InputError(
            f"{printable(file_name(path))} could be {form.name} or {ranked[1][1].name}",
            next_step="Say which with --format.",
            slug="ambiguous-format",
        )
    evidence = (
        f"{best.matched} of {len(samples)} sampled records have the keys of {form.name}",
        f"distinctive keys: {', '.join(best.marks)}",
    )
    return Detection(form, container, best.confidence, evidence)


@dataclass(frozen=True)
class _Score:
    matched: int
    marks: tuple[str, ...]
    weight: float
    confidence: float


def _score(form: Format, samples: Sequence[set[str]]) -> _Score:
    """Count the records that speak for a format, weighted by how many of its marks they show."""
    hits = [
        sum(mark in keys for mark in form.marks) if all(need in keys for need in form.needs) else 0 for keys in samples
    ]
    matched = sum(count >= MIN_MARKS for count in hits)
    best = max(hits, default=0)
    marks = tuple(mark for mark in form.marks if any(mark in keys for keys in samples))
    share = matched / len(samples) if samples else 0.0
    return _Score(matched, marks, matched * best, round((share + best / len(form.marks)) / 2, 2) if matched else 0.0)


def container_of(head: bytes) -> Container:
    """Return how the records of a file lie, from its first bytes."""
    text = head.strip()
    if not text:
        return "empty"
    lines = [line for line in text.splitlines() if line.strip()]
    whole = _value(lines[0])
    if isinstance(whole, dict):
        return "json" if len(lines) == 1 and any(isinstance(whole.get(name), list) for name in ENVELOPES) else "jsonl"
    if isinstance(whole, list):
        return "json" if len(lines) == 1 else "jsonl"
    # A first line that is no JSON: damage before whole lines, or the opening of one document over many lines.
    if not text.startswith(b"[") and any(isinstance(_value(line), dict) for line in lines[1:LINES_TRIED]):
        return "jsonl"
    if text[:1] in b"[{":
        return "json"
    return "csv" if b"," in lines[0] and b"\0" not in head else "other"


def _value(line: bytes) -> Any:
    """Return the JSON value of a line that opens an object or array, else None."""
    if line[:1] not in (b"{", b"["):
        return None
    try:
        return msgspec.json.decode(line)
    except UNDECODABLE:
        return None


def _what_else(head: bytes) -> str:
    """Say what a file is that holds no records."""
    if not head.strip():
        return "the file is empty"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16 text: write it as UTF-8 first, for instance with `iconv -f UTF-16 -t UTF-8`"
    return "binary or plain text"


def _sampled_keys(head: bytes, container: Container) -> Iterable[set[str]]:
    if container == "csv":
        first = head.lstrip().splitlines()[0].decode("utf-8", "replace")
        yield {name.strip() for name in next(csv.reader([first]))}
    elif container == "json":
        yield from (keys_of(record) for record in islice(_first_elements(head), SAMPLE))
    else:
        lines = head.split(b"\n") if b"\n" in head else head.split(b"\r")
        if len(head) >= HEAD_BYTES and len(lines) > 1:
            lines.pop()
        yield from (keys_of(_value(line)) for line in [line for line in lines if line.strip()][:SAMPLE])


def _first_elements(head: bytes) -> Iterable[Any]:
    """Yield the first records of a JSON document, of which `head` may be only the beginning."""
    try:
        yield from (msgspec.json.decode(element) for element in elements_of(head))
    except UNDECODABLE:
        yield from _elements_of_part(head.decode("utf-8", "ignore"))


def _elements_of_part(text: str) -> Iterable[Any]:
    """Yield the whole elements of the first array in a text that is cut off."""
    decoder = json.JSONDecoder()  # only its raw_decode reads a value and says where it ended
    position = text.find("[") + 1
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        try:
            record, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return
        yield record


def keys_of(record: Any) -> set[str]:
    """Return the keys of a record, those of nested objects dotted, two levels deep."""
    if not isinstance(record, dict):
        return set()
    nested = {f"{key}.{inner}" for key, value in record.items() if isinstance(value, dict) for inner in value}
    return set(record) | nested
