"""Columns of a file converted to a single type: values that do not fit are reported, never bent."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.errors import printable
from llmaudit.money import PICO
from llmaudit.shadow.columns import ARROW, ENCODED, MAX_TEXT, MONEY, TIME, BadValue, Field, field_of, read_value

LONG_MONEY = pa.decimal128(38, 30)
"""Wide enough for a binary fraction's shortest text, such as 2.0999999999999998e-05."""


def canonical(table: pa.Table) -> pa.Table:
    """Return columns under their own names and types.

    Raises:
        BadValue: A value that its column cannot hold.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    for name in table.column_names:
        field = field_of(name)
        if field is not None and field.name not in columns:
            columns[field.name] = cast(field, table[name])
    return pa.table(columns)


def cast(field: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as the type of its field, or say which value does not fit."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        if field.name in ENCODED and kind.value_type == pa.string():
            return _text(field, column)
        column = column.cast(kind.value_type)
        kind = column.type
    if field.kind == "time":
        return _times(field, column)
    target = ARROW[field.kind]
    awkward = (pa.types.is_string(kind) or pa.types.is_large_string(kind)) and field.kind != "text"
    awkward |= pa.types.is_boolean(kind) and field.kind not in {"flag", "score"}
    awkward |= field.kind == "flag" and not pa.types.is_boolean(kind)
    awkward |= field.kind == "money" and not (pa.types.is_decimal(kind) or pa.types.is_floating(kind))
    if awkward:
        return _by_value(field, column)
    try:
        converted = column.cast(target) if kind != target else column
    except pa.ArrowException:
        return _by_value(field, column)
    if field.kind == "text":
        return _text(field, converted)
    _in_range(field, converted)
    return _finite(field, converted) if field.kind in {"score", "measure"} else converted


def _text(one: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts, null where one is empty.

    Raises:
        BadValue: One is too long to be an id or a name.
    """
    sizes = pc.binary_length(_distinct(column))
    seen = pc.min_max(sizes).as_py()
    if (seen["max"] or 0) > MAX_TEXT:
        raise BadValue(f"column {one.name} holds a text of {seen['max']:,} bytes; {MAX_TEXT:,} are the most")
    if seen["min"] != 0:
        return column
    plain = column.cast(pa.string())
    return pc.if_else(pc.equal(plain, ""), pa.scalar(None, pa.string()), plain)


def _distinct(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values of a column; of a column of codes, the texts behind them."""
    if not pa.types.is_dictionary(column.type):
        return column
    return pa.chunked_array([chunk.dictionary for chunk in column.chunks], column.type.value_type)


def encoded(table: pa.Table) -> pa.Table:
    """Return a table with texts of few values as codes: a tenth of the memory of a million rows."""
    for name in ENCODED & set(table.column_names):
        place = table.column_names.index(name)
        table = table.set_column(place, name, pc.dictionary_encode(table[name]))
    return table


def numbers(field: Field, texts: pa.StringArray) -> pa.Array:
    """Return JSON numbers, as they are written, as numbers of the kind that a field needs.

    Raises:
        pa.ArrowInvalid: One is out of all range.
    """
    if field.kind == "money":
        return _amounts(texts)
    if field.kind in {"measure", "score"}:
        return texts.cast(pa.float64())
    try:
        return texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return texts.cast(pa.float64())


def _amounts(texts: pa.StringArray) -> pa.Array:
    try:
        return texts.cast(MONEY)
    except pa.ArrowInvalid:
        places = -int(PICO.as_tuple().exponent)
        return pc.round(texts.cast(LONG_MONEY), places, round_mode="half_to_even").cast(MONEY)


def _finite(one: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return numbers, null where one is no number: not judged, not measured."""
    if pc.all(pc.is_finite(column)).as_py() is not False:
        return column
    if pc.any(pc.is_inf(column)).as_py():
        raise BadValue(f"column {one.name} holds an infinite number")
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


LIMITS: dict[str, tuple[float, float]] = {
    "tier": (0, 3),
    "count": (0, 1e9),
    "measure": (0, 1e15),
    "money": (0, 100_000),
}


def _in_range(one: Field, column: pa.ChunkedArray) -> None:
    if one.kind not in LIMITS or column.null_count == len(column):
        return
    low, high = LIMITS[one.kind]
    seen = pc.min_max(column).as_py()
    if float(seen["min"]) < low or float(seen["max"]) > high:
        raise BadValue(
            f"column {one.name} holds {seen['min']} to {seen['max']}; it has to lie in {low:g} to {high:,.0f}"
        )


def _times(one: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", tz="UTC" if kind.tz else None), safe=False).cast(TIME)
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind) and not pa.types.is_date(kind):
        raise BadValue(f"column {one.name} holds {kind}, no ISO 8601 times")  # seconds or milliseconds? not ours to say
    for zone in ("UTC", None):
        try:
            return column.cast(pa.timestamp("us", tz=zone)).cast(TIME)
        except pa.ArrowException:
            continue
    return _by_value(one, column)


def _by_value(one: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert distinct values one by one: there are few of them, or the file is small."""
    distinct = pc.unique(column)
    found = []
    for value in distinct.to_pylist():
        try:
            found.append(read_value(one.kind, value))
        except BadValue as error:
            raise BadValue(f"column {one.name}: {printable(repr(value), 60)} {error}") from None
    return pa.chunked_array([pa.array(found, ARROW[one.kind]).take(pc.index_in(column, distinct).combine_chunks())])
