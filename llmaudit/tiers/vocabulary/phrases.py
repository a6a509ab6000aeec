"""How phrases are written in the tables and matched in texts; `normal` normalizes both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

UNSPACED = "\u2e80"
"""From here on scripts have no spaces between words."""

_ENDS = b',.?!:;"'
"""Deleted: they stand before a space anyway, and `illegal, unethical` is then found by `illegal unethical`."""

_SPACED = b"()\t\n\r\f\v\0"

_UPPER = bytes(range(65, 91))

_TABLE = bytes.maketrans(_SPACED + _UPPER + b"\xff", b" " * len(_SPACED) + _UPPER.lower() + b"\0")

_SEAM = b" \xff "
"""Between two texts: 0xFF is in no UTF-8 text, and becomes the NUL that no normal text has."""


def normal(texts: Sequence[str]) -> pa.LargeStringArray:
    """Return texts as phrases are matched in them: lower case, without punctuation, a space at either end.

    All are made at once, since a call for each would cost more than the search.
    """
    raw = _SEAM.join((text if text.isascii() else text.lower()).encode("utf-8", "replace") for text in texts)
    plain = (b" " + raw + _SEAM.rstrip()).translate(_TABLE, _ENDS)
    ends = np.flatnonzero(np.frombuffer(plain, np.uint8) == 0) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(plain))


def phrases(table: str) -> list[str]:
    """Return the phrases of a table as they are matched: with the spaces that begin and end a word."""
    cells = [cell.strip() for cell in " ".join(table.split()).split(" | ")]
    plain = normal([cell.removesuffix("_") for cell in cells]).to_pylist()
    return sorted({_pattern(cell, text.rstrip("\0").strip()) for cell, text in zip(cells, plain, strict=True) if cell})


def _pattern(cell: str, plain: str) -> str:
    opens = " " if cell[0].isalnum() and cell[0] < UNSPACED else ""
    return opens + plain + (" " if cell.endswith("_") else "")
