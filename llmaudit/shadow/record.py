"""Reads the fields of one record of a pairs file: every value is checked, and errors are noted with their line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa

from llmaudit.ingest.records import Tally
from llmaudit.shadow.columns import ARROW, USAGE, BadValue, Field, field_of, read_value

MISSING = "is missing"
DETAILS = ("prompt_tokens_details", "input_tokens_details")


def fields_in(line: int, raw: Any, needs: tuple[str, ...], tally: Tally) -> dict[str, tuple[Field, Any]] | None:
    """Return the fields of a record by name, or note why it cannot be used.

    Args:
        line: Its number.
        raw: A row of a CSV file, or the text of a JSON object.
        needs: Fields it must have.
        tally: Takes the note.
    """
    if isinstance(raw, dict):
        record = raw
    else:
        try:
            record = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            tally.reject(line, "is not valid JSON")
            return None
        if not isinstance(record, dict):
            tally.reject(line, "is no JSON object")
            return None
        if (twice := _twice(raw, record)) is not None:
            tally.reject(line, "occurs twice", twice)
            return None
    values: dict[str, tuple[Field, Any]] = {}
    for path, name, value in flat(record):
        field = field_of(name)
        if field is None or field.name in values:
            continue
        try:
            values[field.name] = (field, read_value(field.kind, value))
        except BadValue as error:
            tally.reject(line, str(error), path[-1])
            return None
    for needed in needs:
        if needed not in values or values[needed][1] is None:
            tally.reject(line, MISSING, needed)
            return None
    return values


def _twice(raw: bytes, record: dict[str, Any]) -> str | None:
    """Return a name that occurs twice in an object of a record, or None: nobody knows which of its values is meant.

    The decoder silently keeps the last one. So names are counted in the text, and examined if it kept fewer.
    """
    if raw.count(b'":') + raw.count(b'" :') <= _names(record):
        return None
    found: list[str] = []

    def note(members: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in members]
        found.extend(name for name in set(names) if names.count(name) > 1)

    json.loads(raw, object_pairs_hook=note)
    return found[0] if found else None


def _names(value: Any) -> int:
    """Return how many names the objects in a value have; without recursion, since a record may be nested deeply."""
    count, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            count += len(inner)
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)
    return count


def flat(record: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Yield the fields of a record, those of a usage object included: path of keys, column name and value."""
    for name, value in record.items():
        if name in USAGE and isinstance(value, dict):
            for path, known, count in _usage(value):
                yield (name, *path), known, count
        else:
            yield (name,), name, value


def _usage(usage: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Yield the counts of a provider's usage object.

    OpenAI's `prompt_tokens` includes cached tokens; Anthropic's `input_tokens` does not.
    """
    renamed = {
        "cache_read_input_tokens": "cache_read_tokens",
        "cache_creation_input_tokens": "cache_write_other_tokens",
    }
    for name, value in usage.items():
        if not isinstance(value, dict):
            yield (name,), renamed.get(name, name), value
    details = next((name for name in DETAILS if usage.get(name)), "")
    if isinstance(usage.get(details), dict) and "cached_tokens" in usage[details]:
        yield (details, "cached_tokens"), "cached_tokens", usage[details]["cached_tokens"]


class Collected:
    """Records collected into columns."""

    def __init__(self) -> None:
        self._fields: dict[str, Field] = {}
        self._columns: dict[str, list[Any]] = {}
        self._lines: list[int] = []

    def add(self, line: int, record: dict[str, tuple[Field, Any]] | None) -> None:
        """Add a record; one that cannot be used is None, and left out."""
        if record is None:
            return
        before = len(self._lines)
        self._lines.append(line)
        for name, (field, value) in record.items():
            self._fields.setdefault(name, field)
            self._columns.setdefault(name, [None] * before).append(value)
        for values in self._columns.values():
            if len(values) == before:
                values.append(None)

    def table(self) -> pa.Table:
        """Return the records with their lines."""
        arrays = {name: pa.array(values, ARROW[self._fields[name].kind]) for name, values in self._columns.items()}
        return pa.table(arrays | {"line": pa.array(self._lines, pa.int64())})
