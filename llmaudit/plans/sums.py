"""Exact sums of many columns over many groups at once, with arrays.

All numbers are whole: tokens, picodollars, or smaller units. numpy adds doubles by group fastest (`bincount`), and a
sum of whole doubles is exact while every partial sum stays below 2^53. A column whose total could exceed that is split
into limbs of fewer bits, none of which can; the sums of the limbs are combined as Python integers, which have no limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from llmaudit.arrays import Ints
from llmaudit.money import EXACT

EXACT_BITS = 53


class Columns:
    """Columns of whole numbers, to be added up by group.

    Args:
        columns: Equally long; of any size and sign.
    """

    def __init__(self, columns: Sequence[Sequence[int]]) -> None:
        rows = len(columns[0]) if columns else 0
        bits = EXACT_BITS - 1 - max(rows, 1).bit_length()
        self._limbs: list[list[npt.NDArray[np.float64]]] = [_limbs(column, bits) for column in columns]
        self._bits = bits

    def by(self, labels: Ints, groups: int) -> list[list[int]]:
        """Return the exact sums of every column by group.

        Args:
            labels: The group of each row, from 0.
            groups: How many there are.

        Returns:
            One list per column, with one sum per group.
        """
        return [self._sums(limbs, labels, groups) for limbs in self._limbs]

    def _sums(self, limbs: list[npt.NDArray[np.float64]], labels: Ints, groups: int) -> list[int]:
        if not limbs:
            return [0] * groups
        parts = [np.bincount(labels, weights=limb, minlength=groups).astype(np.int64).tolist() for limb in limbs]
        found: list[int] = parts[0]
        for place, part in enumerate(parts[1:], start=1):
            found = [low + (high << (self._bits * place)) for low, high in zip(found, part, strict=True)]
        return found


def _limbs(column: Sequence[int], bits: int) -> list[npt.NDArray[np.float64]]:
    """Return a column as limbs of some bits, the lowest first; none where it holds nothing.

    Every limb but the highest is from 0 to 2^bits - 1; the highest has the sign.
    """
    whole = sum(abs(number) for number in column)
    if not whole:
        return []
    if whole < 1 << EXACT_BITS:
        return [np.array(column, np.float64)]
    mask = (1 << bits) - 1
    low, high = [number & mask for number in column], [number >> bits for number in column]
    return [np.array(low, np.float64), *_limbs(high, bits)]


def scaled(amounts: Sequence[Decimal], places: int) -> list[int]:
    """Return amounts as whole numbers of 10^-places; none of them may have more decimals."""
    return [int(amount.scaleb(places, EXACT)) for amount in amounts]


def unscaled(number: int, places: int) -> Decimal:
    """Return a whole number of 10^-places as an amount."""
    return Decimal(number).scaleb(-places, EXACT)
