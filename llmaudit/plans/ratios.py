"""What is assumed of another model: how many tokens it makes of the same text, and how long it answers.

Everything is a `Band`: a value with a cheap and a dear end, and where it is from. Values come, in this order, from the
plan, from the user's own pairs, from a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from llmaudit.catalog import Catalog, Offer
from llmaudit.cells import PricedCell
from llmaudit.money import EXACT, round_to, times
from llmaudit.plans.model import Assume

RATIO_PLACES = 4
LOW_OUTPUT, HIGH_OUTPUT = Decimal("0.5"), Decimal("1.7")
"""Band of the output length of another model: measured pairs of models range from 0.32 to 1.73 (docs/plans.md)."""

ONE = Decimal(1)
Basis = Literal["stated", "measured", "table", "assumed"]


@dataclass(frozen=True)
class Band:
    """A value that is not known exactly.

    Attributes:
        expected: The value used.
        low: Its cheap end.
        high: Its dear end.
        basis: stated by the plan, measured on the user's own data, from a table, or assumed for want of anything.
        sentence: What is assumed, with the numbers and where they are from; empty where there is nothing to say.
    """

    expected: Decimal
    low: Decimal
    high: Decimal
    basis: Basis = "assumed"
    sentence: str = ""

    @classmethod
    def at(cls, value: Decimal, basis: Basis = "stated", sentence: str = "") -> Band:
        """Return a value without a band."""
        return cls(value, value, value, basis, sentence)

    @property
    def is_open(self) -> bool:
        """Whether its ends differ."""
        return self.low != self.high


class Ratios:
    """Ratios between models.

    Args:
        catalog: Its tokenizer families.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def tokens(self, priced: PricedCell, target: Offer, assume: Assume) -> Band:
        """Return the target's input tokens per token of the present model, on the same text."""
        if assume.token_ratio is not None:
            return Band.at(assume.token_ratio)
        families = self._catalog.tokenizers
        here = families.get(priced.offer.sku.tokenizer or "") if priced.offer else None
        there = families.get(target.sku.tokenizer or "")
        before, after = priced.cell.model, target.sku.model
        if here is None or there is None:
            return Band.at(ONE, "assumed", f"tokenizer of {before} or {after} not known: token ratio 1")
        ratio = round_to(EXACT.divide(there.ratio_to_o200k["latin"], here.ratio_to_o200k["latin"]), RATIO_PLACES)
        sentence = f"{after} needs x{ratio} the tokens of {before} on the same text" if ratio != 1 else ""
        return Band.at(ratio, "table", sentence)

    @staticmethod
    def output(assume: Assume, tokens: Band) -> Band:
        """Return the target's output tokens per output token of the present model.

        Args:
            assume: What the plan states.
            tokens: The ratio on the same text: an answer of the same length has so many tokens more or less.
        """
        ratio = assume.output_ratio
        low, high = ratio * LOW_OUTPUT, ratio * HIGH_OUTPUT
        sentence = f"output length of another model: x{ratio} (low x{low}, high x{high})"
        return Band(times(tokens.expected, ratio), times(tokens.low, low), times(tokens.high, high), "table", sentence)
