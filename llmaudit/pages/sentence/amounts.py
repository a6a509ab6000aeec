"""The figures of a sentence in order: each with what it is per and with its role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.figures import Amount, find_figures, with_ranges
from llmaudit.pages.sentence.refuted import refuter
from llmaudit.pages.sentence.roles import role_of
from llmaudit.pages.sentence.units import with_unit

MAX_AMOUNTS = 24
"""Figures looked at in one sentence; more are a table that lost its shape."""


def amounts(sentence: str, lexicon: Lexicon, terms: Sequence[tuple[int, int]]) -> list[Amount]:
    """Return the figures of a sentence in order, each with its role.

    Args:
        sentence: The text.
        lexicon: Its language.
        terms: Spans of words that name a fee: a figure with such a word between it and "discount" is no discount.
    """
    found: list[Amount] = []
    for amount in islice(find_figures(sentence, lexicon), 4 * MAX_AMOUNTS):
        if len(found) < MAX_AMOUNTS and all(amount.end <= other.start or amount.start >= other.end for other in found):
            found.append(amount)
    found = with_ranges(sentence, [with_unit(sentence, amount, lexicon) for amount in found], lexicon)
    return sorted(
        (
            replace(
                amount,
                role="refuted" if refuter(sentence, amount, lexicon) else role_of(sentence, amount, lexicon, terms),
            )
            for amount in found
        ),
        key=lambda a: a.start,
    )
