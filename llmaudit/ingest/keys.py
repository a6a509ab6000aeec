"""The keys of a record, dotted where they are nested, and what stands under one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

DEPTH = 3


def keys_of(record: Any) -> frozenset[str]:
    """Return the keys of a record, those of nested objects and of the first object of a list dotted, three deep."""
    found: list[str] = []
    _add_keys(found, record, "", DEPTH)
    return frozenset(found)


def _add_keys(found: list[str], value: Any, before: str, depth: int) -> None:
    if value.__class__ is list:
        value = value[0] if value else None
    if value.__class__ is not dict or depth == 0:
        return
    for key, inner in value.items():
        found.append(before + key)
        if inner.__class__ is dict or inner.__class__ is list:
            _add_keys(found, inner, f"{before}{key}.", depth - 1)


def found_at(value: Any, key: str) -> Iterator[Any]:
    """Yield what stands under a dotted key, through lists."""
    first, _, rest = key.partition(".")
    if isinstance(value, list):
        for inner in value:
            yield from found_at(inner, key)
    elif isinstance(value, dict) and key in value:
        yield value[key]
    elif isinstance(value, dict) and first in value and rest:
        yield from found_at(value[first], rest)
