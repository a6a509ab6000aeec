"""Sums that are written out: "five and a half percent", "half a cent" in digits, each place still knowing its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from llmaudit.pages.lexicon.files import Lexicon, lexicons

TEN = 10


@dataclass(frozen=True)
class Spoken:
    """A text with its sums in digits; `shifts` are places in it from which on its original is so much longer."""

    text: str
    shifts: tuple[tuple[int, int], ...] = ()

    def place(self, at: int) -> int:
        """Return where in the original a place of the text is."""
        return at + next((more for start, more in reversed(self.shifts) if start <= at), 0)


@cache
def _shape(language: str) -> re.Pattern[str]:
    """Return a sum in words as a language says it: a number, perhaps "and a half", before what it counts."""
    lexicon = lexicons()[language]
    words = "|".join(sorted(map(re.escape, lexicon.number_words), key=len, reverse=True))
    half, counted = lexicon.sources["and_a_half"] or "(?!)", lexicon.sources["counted"] or "(?!)"
    return re.compile(
        rf"(?<![\w-])(?P<tens>{words})(?:-(?P<ones>{words}))?(?P<half>\s(?:{half}))?[\s-](?=(?:{counted})(?!\w))",
        re.IGNORECASE,
    )


def in_digits(text: str, lexicon: Lexicon) -> Spoken:
    """Return a text with its sums in digits; "not one cent" stays as it is, for that is what a denial says."""
    if lexicon.wide:
        return Spoken(text)
    parts, shifts, done, length = [], [], 0, 0
    for match in _shape(lexicon.language).finditer(text):
        if _is_denied(text, match.start(), lexicon) or (value := _value(match, lexicon)) is None:
            continue
        digits = f"{value.normalize():f} "
        parts += [text[done : match.start()], digits]
        length += match.start() - done + len(digits)
        done = match.end()
        shifts.append((length - len(digits) + 1, done - length))
    return Spoken("".join([*parts, text[done:]]), tuple(shifts))


def _is_denied(text: str, at: int, lexicon: Lexicon) -> bool:
    return any(text[match.end() : at].isspace() for match in lexicon["negators"].finditer(text, 0, at))


def _value(match: re.Match[str], lexicon: Lexicon) -> Decimal | None:
    """Return the number that words say; None where two of them make none ("five-twenty")."""
    value = Decimal(lexicon.number_words[match["tens"].lower()])
    if match["ones"]:
        ones = Decimal(lexicon.number_words[match["ones"].lower()])
        if value % TEN or value < 2 * TEN or not 0 < ones < TEN:
            return None
        value += ones
    return value + Decimal("0.5") if match["half"] else value
