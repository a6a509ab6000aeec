"""Rows of tables to records: a text cell is read by the type of the field it belongs to.

CSV has only text, so the record type decides whether `12` is a count or an id. A row is written as the JSON object that
it would have been, and decoded like one. So there is one set of rules for what a record may hold: `2.7` tokens in a
cell are rejected as they are in JSON.
"""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal

import msgspec

from llmaudit.formats.values import text_decimal, text_flag
from llmaudit.request import Reject

Kind = Literal["number", "flag", "time", "text", "json"]
_SHORT_ZONE = re.compile(r"[+-]\d\d$")
_raw = msgspec.json.Decoder(msgspec.Raw).decode
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


@cache
def kinds_of(record: Any) -> Mapping[str, Kind]:
    """Return how a cell of each field of a msgspec struct is read, by the name in the log."""
    hints = typing.get_type_hints(record)
    return {field.encode_name: _kind(hints[field.name]) for field in msgspec.structs.fields(record)}


def _kind(hint: Any) -> Kind:
    options = set(typing.get_args(hint)) if isinstance(hint, types.UnionType) else {hint}
    options.discard(types.NoneType)
    plain = {typing.get_origin(option) or option for option in options}
    if plain == {bool}:
        return "flag"
    if datetime in plain:
        return "time"
    if plain <= {int, float, Decimal}:
        return "number"
    return "text" if plain <= {str, int, float, bool, Decimal} else "json"


def encoded_row(row: Mapping[str, Any], kinds: Mapping[str, Kind]) -> bytes:
    """Return a row as a JSON object, with the cells that the record type names.

    Args:
        row: Column name to cell: text, or a value as Parquet and SQLite have it. None and '' are left out.
        kinds: How each column is read.

    Raises:
        Reject: A cell that must hold a number does not.
    """
    cells: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = row.get(name)
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            continue
        cells[name] = _READERS[kind](value, name)
    return _encode(cells)


def _number(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return text_decimal(value, name)  # None for a blank
    if isinstance(value, float) and math.isinf(value):
        raise Reject("not-a-number", name)
    return value


def _flag(value: Any, _: str) -> Any:
    return text_flag(value) if isinstance(value, str) else bool(value)


def _time(value: Any, _: str) -> Any:
    if isinstance(value, str):
        text = value.strip()
        return f"{text}:00" if len(text) > len("2026-10-01") and _SHORT_ZONE.search(text) else text
    return value.isoformat() if isinstance(value, date) else value


def _text(value: Any, _: str) -> Any:
    return value if isinstance(value, str) else _as_text(value)


def _json(value: Any, name: str) -> Any:
    """Embed JSON text as it is, so that its digits stay; other text stays text, and the record type judges it.

    It is decoded first: text such as `{},"spend":0` would otherwise forge the fields after it.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return _time(value, name)
    if value.lstrip()[:1] not in {"{", "[", '"'}:
        return value
    try:
        return _raw(value)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return value


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


_READERS: dict[Kind, Callable[[Any, str], Any]] = {
    "number": _number,
    "flag": _flag,
    "time": _time,
    "text": _text,
    "json": _json,
}


def text_row(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row as column name to text; what is unknown (None, NaN) is left out."""
    return {
        name: value if isinstance(value, str) else _nested(value)
        for name, value in row.items()
        if value is not None and not (isinstance(value, float) and math.isnan(value))
    }


def _nested(value: Any) -> str:
    return _encode(value).decode() if isinstance(value, dict | list) else _as_text(value)
