"""What a credit is worth, in whatever phrase: credits, a word that sets them against money, and a sum."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from llmaudit.pages.charges.clause import Clause, clause_at
from llmaudit.pages.charges.conversions import conversions
from llmaudit.pages.lexicon.files import Lexicon, lexicons
from llmaudit.pages.sentence.figures import NUMBER, SCALE, SCALES, number
from llmaudit.pages.sentence.sentence import Sentence
from llmaudit.pages.sentence.terms import Term

WORDS, CHARACTERS = 7, 14
"""How far a sum of money may stand from the credits it is set against; characters where words have no edges."""

_PARTED = re.compile(r"[.;:!?()|。；：！？（）]\s|[%％]|\d")


_BESIDE = re.compile(r"\s?[(（]\s?[≈~=]?\s?")

_APIECE = re.compile(
    r"\s?(?:each|apiece|(?:per |/\s?)(?:credit|point|unit)|pro Stück|je Stück|chacune?|pièce|cada un[oa])(?!\w)",
    re.IGNORECASE,
)
"""What after a sum says that it is for one of what is not counted: "credits are $0.04 each"."""


@dataclass(frozen=True)
class Side:
    """One side of a rate: credits with their count (0 where none is said), or a sum of money."""

    start: int
    end: int
    value: Decimal
    currency: str = ""


@cache
def _credits(language: str) -> re.Pattern[str]:
    """Return how a number of credits is written: "1,000 credits", "250 more credits", "each point"."""
    lexicon = lexicons()[language]
    start, edge = ("", "") if lexicon.wide else (r"(?<!\w)", r"(?!\w)")
    more = "" if lexicon.wide else r"(?:[^\W\d][\w-]*\s){0,2}?"
    return re.compile(
        rf"(?:(?<![\d.,$€£¥])(?P<n>{NUMBER})\s?(?P<scale>{SCALES})?\s?{more}|(?P<one>{start}(?:{lexicon.sources['one_of']}))\s?{more}"
        rf"|{start})(?:{lexicon.sources['credits_units']}){edge}",
        re.IGNORECASE,
    )


@cache
def _coin(language: str) -> re.Pattern[str]:
    """Return a coin without a figure: "every dollar"."""
    return re.compile(
        rf"(?<!\w)(?:{lexicons()[language].sources['one_of']})\s(?:US\s)?(?P<coin>dollar|euro|cent)"
        r"(?!\w|\s(?:cents?|values?|amounts?|costs?|prices?|signs?)\b)",
        re.IGNORECASE,
    )


def what_credits_are_worth(sentence: Sentence) -> Iterator[Clause]:
    """Yield rates between credits and money: "one credit equals one cent", "every dollar gets you 100 credits"."""
    credits_ = list(_counts(sentence.text, sentence.lexicon))
    if not credits_ or any(conversions(sentence)):
        return
    taken: set[Side] = set()
    for money in _sums(sentence):
        apiece = _APIECE.match(sentence.text, money.end)
        near = [
            side
            for side in credits_
            if side not in taken and (side.value or apiece) and _set_against(sentence, side, money)
        ]
        if near and not sentence.is_example(money.start):
            side = min(near, key=lambda found: abs(found.start - money.start))
            taken.add(side)
            yield _clause(sentence, side, money)


def _counts(text: str, lexicon: Lexicon) -> Iterator[Side]:
    for match in _credits(lexicon.language).finditer(text):
        value = number(match["n"], lexicon.language) if match["n"] else Decimal(1 if match["one"] else 0)
        if value is not None:
            scale = SCALE.get((match["scale"] or "").lower().rstrip("."), 1)
            yield Side(match.start(), match.end(), value * scale)


def _sums(sentence: Sentence) -> Iterator[Side]:
    owned = {
        id(amount)
        for index, group in sentence.owned.items()
        if sentence.terms[index].name != "charge"
        for amount in group
    }
    for amount in sentence.amounts:
        if amount.kind in {"usd", "other"} and amount.value and amount.unit is None and id(amount) not in owned:
            yield Side(amount.start, amount.end, amount.value, "$" if amount.kind == "usd" else amount.text)
    if not sentence.lexicon.wide:
        for match in _coin(sentence.lexicon.language).finditer(sentence.text):
            coin = match["coin"].lower()
            value = Decimal("0.01") if coin == "cent" else Decimal(1)
            of_a_dollar = coin == "dollar" or (coin == "cent" and sentence.lexicon.language == "en")
            yield Side(match.start(), match.end(), value, "$" if of_a_dollar else match[0])


def _set_against(sentence: Sentence, credits_: Side, money: Side) -> bool:
    """Say whether words between two sides, or right before the first, set one against the other."""
    first, second = sorted((credits_, money), key=lambda side: side.start)
    if first.end > second.start:
        return False
    lexicon, between = sentence.lexicon, sentence.text[first.end : second.start]
    if _BESIDE.fullmatch(between):
        return True  # "1 credit ($0.005)"
    far = len(between) > CHARACTERS if lexicon.wide else len(between.split()) > WORDS
    if far or _PARTED.search(between) or (first is credits_ and lexicon["given"].search(between)):
        return False
    return bool(lexicon["sets_against"].search(between))


def _clause(sentence: Sentence, credits_: Side, money: Side) -> Clause:
    """Return the clause of a rate; a whole number of credits for so much, else what one is worth."""
    start, end = min(credits_.start, money.start), max(credits_.end, money.end)
    clause = clause_at(sentence, Term(start, end, "multiplier"), start, "credit_conversion")
    usd = money.value if money.currency == "$" else None
    other = None if usd is not None else sentence.text[start:end]
    return replace(clause, usd=usd, per=int(credits_.value or 1), base="credits", other_amount=other)
