"""What a sentence needs of the one before it: a least amount is that fee's, "Not on Enterprise." denies it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from llmaudit.pages.lexicon.files import Lexicon, everywhere, lexicons
from llmaudit.pages.lexicon.language import lexicons_for
from llmaudit.pages.sentence.examples import SUM_OF_MONEY
from llmaudit.pages.sentence.terms import find_terms

MAX_WORDS = 14

MAX_CHARACTERS = 40
"""Words of a sentence that only denies the one before, or characters where words have no edges."""

_SHARE = re.compile(r"(?:[1-9][\d.,]*|\d[.,]\d*[1-9])\s?(?:[%％‰]|percent|Prozent|pour cent|por ciento)|百分之")
"""A share of something, and more than nothing."""

_FIGURE = re.compile(r"\d[\d.,]*")


@cache
def _least(language: str) -> re.Pattern[str]:
    """Return a text that only states the least of a fee: "The minimum is $1.", "At least $0.50 a purchase"."""
    lexicon = lexicons()[language]
    lead, tail = (r"\W{0,4}(?:\w+[\s,]+){0,3}?", r"(?:[\s/]\s?[\w'’-]+){0,6}")
    if lexicon.wide:
        lead = tail = r"[^\d。]{0,12}?"
    return re.compile(
        rf"{lead}(?:{lexicon.sources['minimum']})[^\d.。%％]{{0,30}}?(?:{SUM_OF_MONEY}){tail}\W*",
        re.IGNORECASE,
    )


def is_least(text: str, language: str) -> bool:
    """Say whether a text states the least of a fee and nothing else; one that must be paid in is none."""
    return not everywhere("least_paid_in").search(text) and any(
        _least(lexicon.language).fullmatch(text.strip()) for lexicon in lexicons_for(text, language)
    )


def has_share(text: str) -> bool:
    """Say whether a text has a share in it that a least amount can be of."""
    return bool(_SHARE.search(text))


def with_bounds(found: Iterable[tuple[int, str]], text: str, language: str) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a text, each that only states the least of a fee as a part of the one before it."""
    held: tuple[int, str] | None = None
    for offset, sentence in found:
        if held is not None and has_share(held[1]) and is_least(sentence, language):
            held = held[0], text[held[0] : offset + len(sentence)]
            continue
        if held is not None:
            yield held
        held = offset, sentence
    if held is not None:
        yield held


def charge_before(before: str, sentence: str, language: str) -> str | None:
    """Return what to put before a sentence that speaks of the charge of the one before it without its name; or None.

    It may only deny it ("Bank transfers don't.") or give another figure ("With crypto it is 5%.").
    """
    lexicon = next(lexicons_for(f"{before} {sentence}", language))
    if not _FIGURE.search(before):
        return None
    again = _gives_another(sentence, lexicon)
    if not again and (_figures(sentence) or not _only_denies(sentence, lexicon)):
        return None
    if any(term.name != "charge" for term in find_terms(sentence, lexicon)):
        return None
    terms = find_terms(before, lexicon)
    named = [term for term in terms if term.name not in {"charge", "multiplier", "overage", "plus", "hidden"}]
    if not terms:
        return None
    own_way = any(lexicon.bases[name].search(sentence) for name in ("payment", "credits"))  # "Transfers don't."
    name = before[named[-1].start : named[-1].end] if named and not own_way else lexicon.phrases["fee"]
    if again and not named:
        return None
    return lexicon.phrases["some" if again else "none"].replace("…", name)


def _figures(sentence: str) -> bool:
    return any(match[0].strip(".,0") for match in _FIGURE.finditer(sentence))


def _gives_another(sentence: str, lexicon: Lexicon) -> bool:
    """Say whether a short sentence gives one share of what was spoken of before: "bei Krypto sind es 5 %"."""
    short = len(sentence) <= MAX_CHARACTERS if lexicon.wide else len(sentence.split()) <= MAX_WORDS
    one = len(_SHARE.findall(sentence)) == 1 and len(_FIGURE.findall(sentence)) == 1
    return short and one and bool(lexicon["goes_on"].search(sentence)) and not sentence.endswith(("?", "？"))


def _only_denies(sentence: str, lexicon: Lexicon) -> bool:
    """Say whether a short sentence begins or ends with words that deny what was said before."""
    short = len(sentence) <= MAX_CHARACTERS if lexicon.wide else len(sentence.split()) <= MAX_WORDS
    if not short or sentence.endswith(("?", "？")):
        return False
    return bool(_begins(lexicon.language).match(sentence) or _ends(lexicon.language).search(sentence))


@cache
def _begins(language: str) -> re.Pattern[str]:
    lexicon = lexicons()[language]
    edge = "" if lexicon.wide else r"(?!\w)"
    return re.compile(rf"\W{{0,3}}(?:{lexicon.sources['denies_first']}){edge}", re.IGNORECASE)


@cache
def _ends(language: str) -> re.Pattern[str]:
    lexicon = lexicons()[language]
    edge = "" if lexicon.wide else r"(?<!\w)"
    return re.compile(rf"{edge}(?:{lexicon.sources['denies_last']})\W*$", re.IGNORECASE)
