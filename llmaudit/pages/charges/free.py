"""What a page says is free without a word for a fee: calls with own keys, a way to pay in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from llmaudit.pages.charges.clause import Clause, clause_at
from llmaudit.pages.lexicon.files import everywhere
from llmaudit.pages.model import Kind
from llmaudit.pages.sentence.sentence import Sentence
from llmaudit.pages.sentence.terms import Term

WORDS_BETWEEN = 5

CHARACTERS_BETWEEN = 6
"""How far "free" may stand from what is free: words, or characters where words have no edges."""

_APART = re.compile(r"[,，、;；.。]|\d")

_KINDS: dict[str, Kind] = {
    "topup": "topup_pct",
    "payment": "payment_processing",
    "tokens": "none_on_tokens",
    "subscription": "subscription",
    "tool": "tool_per_request",
    "log": "per_log",
}


def free_of_charge(sentence: Sentence) -> Iterator[Clause]:
    """Yield denials that need no word for a fee: "BYOK is free on every plan", "bank transfers cost nothing"."""
    for start, end in _free_spans(sentence):
        kind = _free_kind(sentence, start, end)
        if kind is None:
            continue
        clause = clause_at(sentence, Term(start, end, "zero"), start, kind)
        yield replace(clause, negated=True, minimum=None)
        if kind == "byok_pct":
            return


def uncharged(sentence: Sentence) -> Iterator[Clause]:
    """Yield a denial of a charge on what no list names: "we do not bill failed requests"; for what states nothing else.

    A question asks, and a figure makes a case of it.
    """
    match = sentence.lexicon["uncharged"].search(sentence.text)
    if match and not sentence.amounts and not sentence.text.endswith(("?", "？")):
        kind: Kind = "byok_pct" if sentence.lexicon.bases["byok"].search(sentence.text) else "other_fees"
        clause = clause_at(sentence, Term(*match.span(), "zero"), match.start(), kind)
        yield replace(clause, negated=True, minimum=None)


LABEL_AND_VALUE = 60
"""Characters of a cell with its labels, in which a nought alone says that something is free."""


def _free_spans(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Yield where something is called free, or costs nought: "own keys | 0 €"."""
    yield from sentence.free
    if sentence.setting.example and sentence.setting.is_heading:
        return  # a cell of a worked table
    spoken_of = [
        *sentence.free,
        *((term.start, term.end) for term in sentence.terms if term.name != "charge"),
    ]
    yield from (span for span in sentence.untaken if not any(_overlap(span, other) for other in spoken_of))
    if sentence.setting.is_heading and len(sentence.text) <= LABEL_AND_VALUE:
        nought = (a for a in sentence.amounts if a.value == 0 and a.kind in {"usd", "other", "pct"} and a.unit is None)
        yield from ((amount.start, amount.end) for amount in nought)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _free_kind(sentence: Sentence, at: int, until: int) -> Kind | None:
    """Return what is free: a way to pay that stands right beside the word, else own keys that the sentence is about."""
    bases = ((name, sentence.lexicon.bases[name]) for name in ("tool", "log"))
    for name, pattern in (*sentence.lexicon.ways.items(), *bases):
        if name == "tokens" and not _is_denied_of_tokens(sentence, at, until):
            continue
        beside = (_is_beside(sentence, way.span(), (at, until)) for way in pattern.finditer(sentence.text))
        if any(beside) or (name == "tokens" and any(way.end() == until for way in pattern.finditer(sentence.text))):
            return _KINDS[name]
    start, end = sentence.span_of(at)
    byok = sentence.lexicon.bases["byok"]
    named = byok.search(sentence.text)
    if named and start <= named.start() < end:
        start, end = min(named.start(), at), max(named.end(), until)
    elif not named and (not byok.search(sentence.setting.heading) or everywhere("given_free").search(sentence.text)):
        return None
    others = [
        term
        for term in sentence.terms
        if start <= term.start < end and term.name != "charge" and not at <= term.start < until
    ]
    stated = [a for a in sentence.amounts if start <= a.start < end and a.kind == "pct" and a.value]
    return None if others or stated else "byok_pct"


def _is_denied_of_tokens(sentence: Sentence, at: int, until: int) -> bool:
    """Say whether a denial may be of tokens: "free tokens" are a gift, and with own keys it is of those."""
    own_keys = sentence.lexicon.bases["byok"].search(sentence.text, *sentence.span_of(at))
    return (at, until) in sentence.untaken and not own_keys


def _is_beside(sentence: Sentence, way: tuple[int, int], free: tuple[int, int]) -> bool:
    """Say whether a way to pay is what is free: "transfers are free", "nothing is charged for transfers"."""
    first, second = sorted((way, free))
    if first[1] > second[0]:
        return False
    between = sentence.text[first[1] : second[0]]
    if any(first[1] <= term.start < second[0] and term.name != "charge" for term in sentence.terms):
        return False
    near = len(between) <= CHARACTERS_BETWEEN if sentence.lexicon.wide else len(between.split()) <= WORDS_BETWEEN
    return near and not _APART.search(between) and (first is way or not sentence.lexicon.wide)
