"""Values as JSON: money as decimal text, unknown as null, times as ISO 8601 with Z, ratios as numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit.money import as_json

RATIO_PLACES = 6
"""Decimals of a ratio (a percentage, a confidence). Ratios are floats; more digits would differ between machines."""


def jsonable(value: Any) -> Any:
    """Return a value as plain JSON data.

    Structs and mappings become objects, sequences arrays, `Decimal` money text, naive datetimes UTC with Z.

    Raises:
        TypeError: A value of a type that has no place in a document.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return as_json(value)
    if isinstance(value, float):
        return round(value, RATIO_PLACES) if math.isfinite(value) else None
    if isinstance(value, datetime):
        parts = "microseconds" if value.microsecond % 1000 else "milliseconds" if value.microsecond else "seconds"
        return value.isoformat(timespec=parts).removesuffix("+00:00") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, msgspec.Struct):
        return {name: jsonable(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no place in a JSON document")


def to_text(document: Any) -> str:
    """Return a document as indented JSON text that ends with a line break."""
    return msgspec.json.format(msgspec.json.encode(jsonable(document)), indent=2).decode() + "\n"
