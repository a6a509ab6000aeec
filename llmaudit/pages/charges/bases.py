"""What a fee is charged on: tokens, credits, own keys, requests, a payment."""

from __future__ import annotations

import re
from typing import cast

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.model import Base
from llmaudit.pages.sentence.terms import Term

_CONDITIONAL = re.compile(
    r"(?:yes, )?(?:if|when|with|for|using|on|bei|mit|wenn|wer|avec|si|pour|con|para)\b|使用|自带|如果", re.IGNORECASE
)
"""How a sentence begins that is about own keys to its end: "if you bring your own key (BYOK), … a fee of …"."""

_CONDITION_AFTER = re.compile(r"(?:場合|とき|時|際|なら|利用|使用)(?:は|に)?[、（(]|[的时時]|请求|請求|调用")

_LABEL = re.compile(r"[^:：—–]{2,40}(?:[:：]|\s[—–-]\s)")
"""A label before a colon, which is about what follows to its end: "BYOK: …"."""


def base_of(
    sentence: str,
    term: Term,
    span: tuple[int, int],
    heading: str,
    lexicon: Lexicon,
    *,
    percent: bool = False,
    alone: bool = False,
) -> Base | None:
    """Return what a fee is charged on: the nearest word in its part of the sentence, else in the rest, else above.

    A percentage is of no subscription: "Standard plan: 5%" is 5% of something else. What stands `alone` is on what its
    own part says: "no fee, except 2% on top-ups" denies more than a fee on top-ups; so does one beside a top-up fee.
    """
    own = [found for found in bases_in(sentence, span, term, lexicon) if not (percent and found[1] == "subscription")]
    names = {name for _, name in own}
    paid_in = names & {"credits", "payment"}
    goes_on = lexicon["beyond"].match(sentence) and lexicon.bases["byok"].search(heading)
    if "byok" in names or goes_on or (not paid_in and _is_on_own_keys(sentence, term, span, heading, lexicon)):
        return "byok"
    if own:
        return own[0][1]
    if alone:
        return _base_above(heading, lexicon)
    whole = (0, len(sentence))
    rest = [found for found in bases_in(sentence, whole, term, lexicon) if found[1] != "subscription"]
    return rest[0][1] if rest else _base_above(heading, lexicon)


def _is_on_own_keys(sentence: str, term: Term, span: tuple[int, int], heading: str, lexicon: Lexicon) -> bool:
    """Say whether what leads to a fee makes it one on own keys: an earlier part, the opening, the heading."""
    byok = lexicon.bases["byok"]
    if lexicon["beyond"].search(sentence, *span) and byok.search(sentence, 0, span[0]):
        return True  # "the first 1,000 calls with your own keys are free; above that a 2% fee applies"
    since = sentence.rfind("; ", 0, term.start)
    if byok.match(sentence, since + 2 if since >= 0 else 0):
        return True  # "BYOK moves the cost to your account while we take a fee"
    opening = byok.search(sentence, 0, _end_of_opening(sentence, term, lexicon))
    if opening and not _is_aside(sentence, opening.start(), lexicon):
        return True
    return bool(byok.search(heading)) and not _ALTERNATIVES.search(heading) and not byok.search(sentence)


_ALTERNATIVES = re.compile(r"\b(?:vs\.?|versus|or|oder|ou|o|without|ohne|sans|sin)\b|対|或|不使用", re.IGNORECASE)
"""What makes of a heading a choice between own keys and something else, or about what is without them."""


def _end_of_opening(sentence: str, term: Term, lexicon: Lexicon) -> int:
    """Return up to where a sentence says what all of it is about: a condition up to the fee, or a label."""
    if _CONDITIONAL.match(sentence) or (lexicon.wide and _CONDITION_AFTER.search(sentence, 0, term.start)):
        return term.start
    label = _LABEL.match(sentence)
    return label.end() if label and label.end() <= term.start else 0


def _base_above(heading: str, lexicon: Lexicon) -> Base | None:
    """Return what a heading names that a fee may be on: own keys before credits, credits before requests."""
    above = [name for name, pattern in lexicon.bases.items() if pattern.search(heading)]
    order: tuple[Base, ...] = ("byok", "credits", "payment", "request", "log", "tool")
    return next((name for name in order if name in above), None)


def bases_in(sentence: str, span: tuple[int, int], term: Term, lexicon: Lexicon) -> list[tuple[int, Base]]:
    """Return the bases named in a part of a sentence, the nearest to a term first, with their distances."""
    found: list[tuple[int, Base]] = []
    text = sentence[span[0] : span[1]]
    order = list(lexicon.bases)
    elsewhere = [match.span() for match in lexicon["not_base"].finditer(text)]
    for name, pattern in lexicon.bases.items():
        for match in pattern.finditer(text):
            if any(match.start() < until and match.end() > since for since, until in elsewhere):
                continue  # "deducted from your balance" says how it is paid, not on what it is charged
            start, end = span[0] + match.start(), span[0] + match.end()
            if name == "byok" and _is_aside(sentence, start, lexicon):
                continue
            if start < term.end and end > term.start:
                distance = 0
            elif start >= term.end:
                distance = start - term.end
            else:
                distance = (term.start - end) * (1 if name == "tool" else 2)
            found.append((distance, cast("Base", name)))  # the lexicon's keys are the names of Base
    return sorted(found, key=lambda pair: (pair[0], order.index(pair[1])))


def _is_aside(sentence: str, start: int, lexicon: Lexicon) -> bool:
    """Say whether own keys are only included: "including when you bring your own key" widens a statement."""
    before = re.split(r"[,;，；、]|\d[\d.,]*\s?[%％]", sentence[max(0, start - 28) : start])[-1]
    return bool(lexicon["no_scope"].search(before))
