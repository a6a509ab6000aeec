"""Baseline files: JSON with one cell, rate or case per line, in a fixed order, so that a git diff is readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.gate.model import SCHEMA, Baseline, Case, Cell, Detail, Latency, Moments, Rate, Span

MAX_BYTES = 20_000_000
MAX_COUNT = 10**18
MAX_USD = 10**15
"""Counts and amounts from here on are a mistake, and would not fit the exact arithmetic."""

NEXT_STEP = "Write a new one with `llmaudit baseline save FILE`."

_ONE_A_LINE: dict[str, type[msgspec.Struct]] = {
    "rates": Rate,
    "cells": Cell,
    "moments": Moments,
    "cases": Case,
    "latency": Latency,
}


def to_json(baseline: Baseline) -> str:
    """Return a baseline as the text of its file."""
    lines = []
    for name in Baseline.__struct_fields__:
        if name == "frozen":
            continue  # needed by a check only; in a baseline it equals the rates
        value = getattr(baseline, name)
        if isinstance(value, list):
            rows = ",\n".join(f"    {_text(one)}" for one in value)
            lines.append(f'  "{name}": [\n{rows}\n  ]' if rows else f'  "{name}": []')
        elif isinstance(value, dict):
            rows = ",\n".join(f"    {_text(key)}: {_text(one)}" for key, one in sorted(value.items()))
            lines.append(f'  "{name}": {{\n{rows}\n  }}' if rows else f'  "{name}": {{}}')
        else:
            lines.append(f'  "{name}": {_text(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _text(value: Any) -> str:
    return msgspec.json.encode(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """Return a value as JSON data: amounts as decimal text without an exponent, fields in their order."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        if value.__struct_config__.omit_defaults:
            fields = {
                name: one for name, one in fields.items() if one != _defaults(type(value)).get(name, msgspec.NODEFAULT)
            }
        return {name: _plain(one) for name, one in fields.items()}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


@cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    fields = msgspec.structs.fields(kind)
    return {
        one.name: one.default_factory() if one.default_factory is not msgspec.NODEFAULT else one.default
        for one in fields
    }


def read_baseline(path: Path, warn: Callable[[str], None]) -> Baseline:
    """Read a baseline file.

    Args:
        path: The file.
        warn: Called for keys that this llmaudit does not know: they come from a later version and are ignored.

    Raises:
        InputError: The file is missing, truncated, not a baseline, or of a later major version.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _bad(path, f"is larger than {MAX_BYTES // 1_000_000} MB, so it is not a baseline")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the baseline {printable(str(path))} cannot be read: {error.strerror}",
            next_step="Write one with `llmaudit baseline save FILE` and commit it, or check the path.",
            slug="no-baseline",
        ) from None
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise _bad(path, "is not JSON; it may be truncated or contain merge markers") from None
    if not isinstance(plain, dict):
        raise _bad(path, "is not a baseline: it is not a JSON object")
    _check_schema(path, plain.get("schema"))
    _tell_unknown(path, plain, warn)
    try:
        found = msgspec.convert(plain, Baseline, strict=True)
    except msgspec.ValidationError as error:
        raise _bad(path, f"does not fit: {printable(str(error))}") from None
    for where, number in _impossible(found):
        raise _bad(path, f"does not fit: {printable(where)} is {printable(str(number), 40)}, which is not possible")
    return found


def _impossible(value: Any, where: str = "$") -> Iterator[tuple[str, object]]:
    """Yield the numbers that no log can have, and where they are: negative or enormous counts, infinite amounts."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _impossible(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _impossible(one, f"{where}.{name}")
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _impossible(one, f"{where}[{place}]")
    elif isinstance(value, Decimal):
        if not value.is_finite() or abs(value) >= MAX_USD:
            yield where, value
    elif isinstance(value, int) and not 0 <= value <= MAX_COUNT:
        yield where, value


def _check_schema(path: Path, schema: object) -> None:
    name, _, version = str(schema).rpartition("/")
    known_name, _, known = SCHEMA.rpartition("/")
    if name != known_name or not version.isdecimal():
        raise _bad(path, f"is not a baseline: its schema is {printable(str(schema), 80)}, not {SCHEMA}")
    if version != known:
        raise InputError(
            f"the baseline {printable(str(path))} has schema {printable(str(schema), 80)}, not {SCHEMA}",
            next_step="Use the llmaudit that wrote it, or write a new one with `llmaudit baseline save FILE`.",
            slug="other-baseline",
        )


def _tell_unknown(path: Path, plain: dict[str, Any], warn: Callable[[str], None]) -> None:
    unknown = {key for key in plain if key not in Baseline.__struct_fields__}
    parts: tuple[tuple[str, type[msgspec.Struct]], ...] = (("span", Span), ("detail", Detail))
    for name, kind in parts:
        inner = plain.get(name)
        unknown |= (
            {f"{name}.{key}" for key in inner if key not in kind.__struct_fields__}
            if isinstance(inner, dict)
            else set()
        )
    for name, kind in _ONE_A_LINE.items():
        rows = plain.get(name)
        rows = list(rows.values()) if isinstance(rows, dict) else rows
        for row in rows if isinstance(rows, list) else ():
            fields = kind.__struct_fields__
            unknown |= {f"{name}.{key}" for key in row if key not in fields} if isinstance(row, dict) else set()
    if unknown:
        names = ", ".join(printable(key, 60) for key in sorted(unknown)[:5])
        warn(f"{printable(path.name)}: keys that this llmaudit does not know are ignored: {names}")


def _bad(path: Path, what: str) -> InputError:
    return InputError(f"the baseline {printable(str(path))} {what}", next_step=NEXT_STEP, slug="bad-baseline")
