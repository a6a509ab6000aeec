"""The last check of rows before they reach the database: live keys are masked, personal addresses become hashes.

All ways of building rows end here, so a format cannot forget it. Columns are searched as bytes first: almost none of
them contains anything of the kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.privacy import KEY_SIGNS, SECRET, masked, pseudonym, without_addresses

PEOPLE = ("user_id", "key_id", "session_id")
"""Columns that name a person, a key or a conversation: the whole value is hashed where it holds an address."""

LABELS = ("team", "feature", "tags", "trace_id", "call_id", "project")
"""Columns in which an address inside a text is replaced."""

COMPILED_ANEW_FROM = 1 << 11
"""Arrow searches fifteen times as fast, but makes its pattern anew at every call."""

FEW = 64
"""A column with so few different values among its first, four times as many, is looked through value by value."""

_ADDRESS = r"@|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{0,4}:"
"""Without one of these a text holds no e-mail address and no IP."""

_PHONE = r"[0-9][ .)-]"
"""Without this a text holds no phone number."""

WITH_PHONES = ("user_id", "key_id")
"""Of the columns that name a person, those in which a phone number is looked for: ids of sessions look like one."""

_FIXED = {"status", "error_class", "billed_kind", "usage_status", "grain", "token_kind"}
"""Columns of fixed words."""


def cleaned(
    batch: pa.RecordBatch, hash_key: bytes, *, keep_users: bool, plain: Collection[str] = ()
) -> tuple[pa.RecordBatch, int]:
    """Return rows that may be kept, and how many values in them looked like live keys and were masked.

    Args:
        batch: Requests or bill lines.
        hash_key: Key of the database.
        keep_users: Leave e-mail addresses, phone numbers and IPs as they are.
        plain: Columns that hold numbers and words of our own only, and need no look.
    """
    texts = [
        (index, name)
        for index, name in _texts_of(batch.schema)
        if name not in plain and batch.column(index).null_count < batch.num_rows
    ]
    columns = list(batch.columns)
    looked = {index: _different(columns[index]) for index, _ in texts}
    found = 0
    if _any_holds([looked[index] for index, _ in texts], KEY_SIGNS):
        for index, _ in texts:
            columns[index], hits = _without_secrets(columns[index], hash_key)
            found += hits
    personal = [(index, name) for index, name in texts if name in PEOPLE or name in LABELS]
    if not keep_users and _any_names_people({name: looked[index] for index, name in personal}):
        for index, name in personal:
            columns[index] = _without_people(columns[index], looked[index], name, hash_key)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema), found


@lru_cache(8)
def _texts_of(schema: pa.Schema) -> tuple[tuple[int, str], ...]:
    """Return the columns that can hold a text of the log: found once, and not for each of thousands of small files."""
    return tuple(
        (index, field.name)
        for index, field in enumerate(schema)
        if pa.types.is_string(field.type) and field.name not in _FIXED
    )


def _different(column: pa.Array) -> pa.Array:
    """Return the different values of a column that has few of them, any other column as it is."""
    if len(column) > 4 * FEW and len(column.slice(0, 4 * FEW).unique()) <= FEW:
        return column.dictionary_encode().dictionary
    return column


def _any_holds(columns: Sequence[pa.Array], pattern: str) -> bool:
    """Say whether a pattern is found in the text of all values of some columns, taken as one: one search for all."""
    texts = {text.address: text for column in columns if (text := column.buffers()[2]) is not None and text.size}
    whole = b"\n".join(texts.values())  # a column that stands twice is looked through once
    if len(whole) < COMPILED_ANEW_FROM:
        return _compiled(pattern).search(whole) is not None
    return bool(pc.match_substring_regex(pa.array([whole], pa.large_binary()), pattern)[0].as_py())


@cache
def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode())


def _without_secrets(column: pa.Array, hash_key: bytes) -> tuple[pa.Array, int]:
    hits = sum(value is not None and SECRET.search(value) is not None for value in column.to_pylist())
    return (_mapped(column, lambda value: masked(value, hash_key)), hits) if hits else (column, 0)


def _any_names_people(looked: Mapping[str, pa.Array]) -> bool:
    """Say whether any column may hold an address or, where they are looked for, a phone number."""
    phones = [column for name, column in looked.items() if name in WITH_PHONES]
    return _any_holds(list(looked.values()), _ADDRESS) or _any_holds(phones, _PHONE)


def _without_people(column: pa.Array, looked: pa.Array, name: str, hash_key: bytes) -> pa.Array:
    if not _any_names_people({name: looked}):
        return column
    change = pseudonym if name in PEOPLE else without_addresses
    return _mapped(column, lambda value: change(value, hash_key))


def _mapped(column: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Return a column with every distinct value changed once."""
    packed = column.dictionary_encode()
    values = packed.dictionary.to_pylist()
    changed = [change(value) for value in values]
    return column if changed == values else pa.array(changed, pa.string()).take(packed.indices)
