"""JSON text as each real system writes it, with exact decimals (the standard encoder would go through floats)."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TypeAlias

Json: TypeAlias = "str | int | bool | Decimal | Raw | Mapping[str, Json] | Sequence[Json] | None"


quoted: Callable[[str], str] = json.JSONEncoder(ensure_ascii=False).encode
"""A JSON string."""


@dataclass(frozen=True)
class Raw:
    """Text that is already JSON."""

    text: str


@dataclass(frozen=True)
class Style:
    """Separators, and whether keys come in jsonb's storage order (shorter first, then by bytes)."""

    comma: str
    colon: str
    jsonb_order: bool = False


COMPACT = Style(",", ":")
"""JSON.stringify in JavaScript; also PostgreSQL's row_to_json outside jsonb columns."""
JSONB = Style(", ", ": ", jsonb_order=True)
"""A PostgreSQL jsonb value printed as text."""


def dumps(value: Json, style: Style = COMPACT) -> str:
    """Serialise one value; decimals are written plainly (0.0000015, not 1.5e-06)."""
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Mapping):
        return "{" + style.comma.join(_members(value, style)) + "}"
    if isinstance(value, Sequence):
        return "[" + style.comma.join(dumps(item, style) for item in value) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _members(value: Mapping[str, Json], style: Style) -> Iterable[str]:
    names = _labels(tuple(value), style)
    return (label + dumps(value[key], style) for key, label in names)


@cache
def _labels(keys: tuple[str, ...], style: Style) -> list[tuple[str, str]]:
    """The keys in the style's order, each with the text that introduces its value."""
    ordered = sorted(keys, key=lambda key: (len(key), key)) if style.jsonb_order else keys
    return [(key, quoted(key) + style.colon) for key in ordered]


def double(amount: Decimal) -> Raw:
    """A double precision column: shortest digits that read back equal, exponent below 1e-4, as PostgreSQL prints it."""
    number = float(amount)
    return Raw("0" if number == 0 else repr(number))
