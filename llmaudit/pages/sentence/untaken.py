"""Denials put together from their words: a "no" near a word for taking money, in whatever order and phrase."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmaudit.pages.lexicon.files import Lexicon

WORDS, CHARACTERS = 3, 6
"""How far the words of such a denial may stand from each other; characters where words have no edges."""

_PARTED = re.compile(r"[,;:.!?()|，；：。！？（）、—–]|\d")
"""What parts words that say nothing of each other."""


def untaken(text: str, lexicon: Lexicon) -> Iterator[tuple[int, int]]:
    """Yield where a text says that no money is taken: "is never billed", "costs zero credits", "deducts nothing".

    A word that is about money by itself needs a "no" near it; one that may be about anything ("use", "draw on") needs
    a word for money near it too.
    """
    taking = lexicon.taking
    denials = [match.span() for match in taking["none"].finditer(text)]
    if not denials:
        return
    charged = [match.span() for match in taking["charged"].finditer(text)]
    used = [match.span() for match in taking["used"].finditer(text)]
    words = (taking["money"], lexicon["credits_units"]) if used else ()
    money = [match.span() for pattern in words for match in pattern.finditer(text)]
    for denial in denials:
        spans = [_joined(denial, verb) for verb in charged if _near(text, denial, verb, lexicon)]
        for verb in used:
            if _near(text, denial, verb, lexicon):
                whole = _joined(denial, verb)
                spans += [_joined(whole, sum_) for sum_ in money if _near(text, whole, sum_, lexicon, WORDS + 2)]
        if spans:
            span = min(spans, key=lambda found: found[1] - found[0])
            if not taking["limits"].match(text, span[1] + text[span[1] :].startswith(" ")):
                yield span


def _near(text: str, one: tuple[int, int], other: tuple[int, int], lexicon: Lexicon, words: int = WORDS) -> bool:
    """Say whether two words stand near each other, with nothing between that parts them; or one is in the other."""
    first, second = sorted((one, other))
    if first[1] >= second[0]:
        return True
    between = text[first[1] : second[0]]
    if _PARTED.search(between) or lexicon["breakers"].search(between):
        return False
    return len(between) <= CHARACTERS if lexicon.wide else len(between.split()) <= words


def _joined(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return min(one[0], other[0]), max(one[1], other[1])
