"""What an offer costs under the conditions of a cell, and the indexes of the quantities that plans work with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from llmaudit.catalog.units import PRICED, SUB_COUNTS

INPUT, READ, WRITE, OUTPUT, THOUGHT, AUDIO, AUDIO_READ = (
    PRICED.index(name)
    for name in (
        "input_tokens",
        "cache_read_tokens",
        "cache_write_5m_tokens",
        "output_tokens",
        "reasoning_tokens",
        "input_audio_tokens",
        "cache_read_audio_tokens",
    )
)
"""Places in `PRICED`."""


@dataclass(frozen=True, eq=False)
class Prices:
    """The rates of an offer under a cell's conditions; the same object wherever they are the same.

    Attributes:
        expected: As far as is known, in US dollars per one of each of `PRICED`.
        low: The lowest that may apply.
        high: The highest.
        priced: The quantities that have a price at all.
        notes: What was assumed of the conditions.
    """

    expected: tuple[Decimal, ...]
    low: tuple[Decimal, ...]
    high: tuple[Decimal, ...]
    priced: frozenset[str]
    notes: tuple[str, ...]

    def lacking(self, quantities: Sequence[int]) -> str | None:
        """Return a quantity that is there but has no price, or None."""
        return next((PRICED[place] for place in self.unpriced if quantities[place]), None)

    @cached_property
    def unpriced(self) -> tuple[int, ...]:
        """Places in `PRICED` of the quantities that cannot be priced where there are any."""
        optional = {*SUB_COUNTS, "requests", *self.priced}
        return tuple(place for place, name in enumerate(PRICED) if name not in optional)
