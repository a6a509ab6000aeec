"""What a page says is free without a word for a fee: calls with own keys, a way to pay in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from llmaudit.pages.charges.clause import Clause, clause_at
from llmaudit.pages.model import Kind
from llmaudit.pages.sentence.sentence import Sentence
from llmaudit.pages.sentence.terms import Term

WORDS_BETWEEN = 5

CHARACTERS_BETWEEN = 6
"""How far "free" may stand from what is free: words, or characters where words have no edges."""

_APART = re.compile(r"[,，、;；.。]|\d")

_KINDS: dict[str, Kind] = {"topup": "topup_pct", "payment": "payment_processing"}


def free_of_charge(sentence: Sentence) -> Iterator[Clause]:
    """Yield denials that need no word for a fee: "BYOK is free on every plan", "bank transfers cost nothing"."""
    for match in sentence.lexicon["free"].finditer(sentence.text):
        kind = _free_kind(sentence, match)
        if kind is None:
            continue
        clause = clause_at(sentence, Term(match.start(), match.end(), "zero"), match.start(), kind)
        yield replace(clause, negated=True, minimum=None)
        if kind == "byok_pct":
            return


def _free_kind(sentence: Sentence, match: re.Match[str]) -> Kind | None:
    """Return what is free: a way to pay that stands right beside the word, else own keys that the sentence is about."""
    for name, pattern in sentence.lexicon.ways.items():
        if any(_is_beside(sentence, way, match) for way in pattern.finditer(sentence.text)):
            return _KINDS[name]
    start, end = sentence.span_of(match.start())
    byok = sentence.lexicon.bases["byok"]
    named = byok.search(sentence.text)
    if named and start <= named.start() < end:
        start, end = min(named.start(), match.start()), max(named.end(), match.end())
    elif not named and not byok.search(sentence.setting.heading):
        return None
    others = [
        term
        for term in sentence.terms
        if start <= term.start < end and term.name != "charge" and not match.start() <= term.start < match.end()
    ]
    stated = [a for a in sentence.amounts if start <= a.start < end and a.kind == "pct" and a.value]
    return None if others or stated else "byok_pct"


def _is_beside(sentence: Sentence, way: re.Match[str], free: re.Match[str]) -> bool:
    """Say whether a way to pay is what is free: "transfers are free", "nothing is charged for transfers"."""
    first, second = sorted((way, free), key=lambda match: match.start())
    if first.end() > second.start():
        return False
    between = sentence.text[first.end() : second.start()]
    if any(first.end() <= term.start < second.start() and term.name != "charge" for term in sentence.terms):
        return False
    near = len(between) <= CHARACTERS_BETWEEN if sentence.lexicon.wide else len(between.split()) <= WORDS_BETWEEN
    return near and not _APART.search(between) and (first is way or not sentence.lexicon.wide)
