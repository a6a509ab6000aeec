"""Arrow columns as numpy arrays: texts as codes, counts, exact amounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from llmaudit.arrays import Ints
from llmaudit.shadow.columns import MONEY


class Columns:
    """Columns of a table by name; one that it lacks is all null."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def has(self, name: str) -> bool:
        """Say whether any row has a value."""
        return name in self.table.column_names and self.table[name].null_count < self.table.num_rows

    def get(self, name: str, kind: pa.DataType) -> Any:
        """Return a column; `kind` is its type if the table lacks it."""
        return self.table[name] if name in self.table.column_names else pa.nulls(self.table.num_rows, kind)

    def counts(self, name: str) -> Ints:
        """Return a column of counts with 0 for null; callers for whom that differs ask `is_known`."""
        column = pc.fill_null(self.get(name, pa.int64()), 0)
        return np.asarray(column.to_numpy(), dtype=np.int64) if len(column) else np.empty(0, np.int64)

    def is_known(self, *names: str) -> NDArray[np.bool_]:
        """Return whether a row has a value in each of some columns of counts."""
        known = np.ones(self.table.num_rows, np.bool_)
        for name in names:
            known &= np.asarray(pc.is_valid(self.get(name, pa.int64())))
        return known

    def mapped(self, name: str, change: Callable[[str], Any], kind: pa.DataType, *, missing: Any = None) -> Any:
        """Return a text column with each distinct value changed.

        Args:
            name: The column.
            change: Called once for each distinct text.
            kind: Type of the result.
            missing: The result for null.
        """
        codes, texts = codes_of(self.get(name, pa.string()))
        values = pa.array([*(change(text) for text in texts), missing], kind)  # the last is for null, whose code is -1
        return pa.DictionaryArray.from_arrays(pa.array(codes % len(values), pa.int32()), values).dictionary_decode()


def codes_of(column: Any) -> tuple[Ints, list[Any]]:
    """Return a column as codes into its distinct values, -1 for null, and these values in order of appearance."""
    if column.null_count == len(column):
        return np.broadcast_to(np.int64(-1), len(column)), []
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    whole = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.unify_dictionaries().chunks) if whole.num_chunks else pa.array([], whole.type)
    codes = np.asarray(pc.fill_null(whole.indices, -1)).astype(np.int64)
    names = whole.dictionary.to_pylist()
    return (codes, names) if encoded is not column else _by_appearance(codes, names)


def _by_appearance(codes: Ints, names: list[Any]) -> tuple[Ints, list[Any]]:
    """Number codes in the order in which they first appear, as rows without codes would get them.

    Sums over clusters are taken in the order of their numbers: another one would change their last digit.
    """
    first = np.full(len(names) + 1, len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # the last write wins: the first row; the last place is null's
    order = np.argsort(first[:-1], kind="stable")[: np.count_nonzero(first[:-1] < len(codes))]
    new = np.full(len(names) + 1, -1)
    new[order] = np.arange(len(order))
    return new[codes], [names[place] for place in order]


def pico_of(column: Any, missing: int = 0) -> Ints:
    """Return amounts in 1e-12 dollars, from the raw 128-bit integers of the decimals: as exact, and much faster."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if whole.null_count == len(whole):
        return np.full(len(whole), missing, np.int64)
    words = np.frombuffer(whole.buffers()[1], dtype=np.int64)[whole.offset * 2 :: 2][: len(whole)]
    return np.where(np.asarray(whole.is_valid()), words, missing)


def as_money(pico: Ints, unknown: NDArray[np.bool_]) -> Any:
    """Return amounts in 1e-12 dollars as an Arrow column of decimals, null where `unknown`."""
    rows = len(pico)
    words = np.empty((rows, 2), np.int64)
    words[:, 0], words[:, 1] = pico, np.where(pico < 0, -1, 0)
    valid = np.packbits(~unknown, bitorder="little")
    return pa.Array.from_buffers(MONEY, rows, [pa.py_buffer(valid.tobytes()), pa.py_buffer(words.tobytes())])
