"""A clause: what one sentence says about one charge, with its owner, base, bounds and hedges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from llmaudit.pages.charges.bases import base_of
from llmaudit.pages.charges.owners import Told, who_of
from llmaudit.pages.model import Base, Kind, Who
from llmaudit.pages.sentence.figures import Amount
from llmaudit.pages.sentence.sentence import Sentence
from llmaudit.pages.sentence.terms import Term
from llmaudit.pages.source.variables import CLOSE, OPEN


@dataclass(frozen=True)
class Clause:
    """A statement about one charge, before it becomes a `Finding`; `at` is where in the sentence it stands."""

    at: int
    kind: Kind
    pct: Decimal | None = None
    pct_from: Decimal | None = None
    usd: Decimal | None = None
    base: Base | None = None
    negated: bool = False
    who: Who = "gateway"
    per: int | None = None
    minimum: Decimal | None = None
    threshold: str | None = None
    hedges: tuple[str, ...] = ()
    condition: str | None = None
    template: str | None = None
    multiplier: Decimal | None = None
    taken: Literal["added", "inside"] | None = None
    other_amount: str | None = None
    language: str = "en"


_FIXED_BASES: dict[Kind, Base] = {
    "topup_pct": "credits",
    "byok_pct": "byok",
    "subscription": "subscription",
    "payment_processing": "payment",
    "per_log": "log",
    "tool_per_request": "tool",
    "per_request": "request",
    "token_pct": "tokens",
    "none_on_tokens": "tokens",
}

WITH_MINIMUM = {"topup_pct", "platform_pct", "payment_processing", "token_pct", "byok_pct"}
"""Fees that may have a least amount."""


def clause_at(sentence: Sentence, term: Term, at: int, kind: Kind) -> Clause:
    """Return the clause of a kind that stands at a place, with everything but its figures."""
    span = sentence.span_of(term.start)
    part = sentence.text[span[0] : span[1]]
    lexicon = sentence.lexicon
    base = base_of(sentence.text, term, span, sentence.setting.heading, lexicon)
    condition = lexicon["conditions"].search(part) or lexicon["conditions"].search(sentence.text)
    told = Told(
        sentence.text,
        term,
        span,
        sentence.setting,
        lexicon,
        payment=kind == "payment_processing",
        at=at,
        denied=at == term.start and sentence.denied(term),
    )
    return Clause(
        at=at,
        kind=kind,
        base=_FIXED_BASES.get(kind, base),
        who=who_of(told),
        minimum=_minimum(sentence, at) if kind in WITH_MINIMUM else None,
        threshold=_threshold(sentence, at),
        hedges=tuple(dict.fromkeys(match[0].lower() for match in lexicon["hedges"].finditer(part))),
        condition=condition[0] if condition else None,
        taken="inside" if lexicon["inside"].search(part) else "added" if lexicon["added"].search(part) else None,
        language=lexicon.language,
    )


def _minimum(sentence: Sentence, at: int) -> Decimal | None:
    """Return the minimum of the fee at a place: one belongs to the figure before it, else to the first."""
    figures = [a.start for a in sentence.amounts if a.role == "amount" and a.kind != "usd"]
    for amount in sentence.amounts:
        if amount.role != "minimum" or amount.kind != "usd":
            continue
        before = [start for start in figures if start < amount.start]
        if not figures or (before[-1] if before else figures[0]) == at or at not in figures:
            return amount.value
    return None


@cache
def _threshold_shape(words: str, units: str) -> re.Pattern[str]:
    """Return how a number of units bounds a fee: "the first 1,000 requests", "above 5M tokens"."""
    return re.compile(
        rf"(?:{words})\s?(?:the |your |les |los |las |die |de |des )?(?:first )?\d[\d.,]*\s?"
        rf"(?:k|K|M|million|万|百万|Mio\.?)?\s?(?:\w+ ){{0,2}}?(?:{units})",
        re.IGNORECASE,
    )


def _threshold(sentence: Sentence, at: int) -> str | None:
    """Return from or up to where a fee holds, in the page's words; the nearest where a sentence has several."""
    spots = [
        (abs(a.start - at), _with_word_before(sentence.text, a)) for a in sentence.amounts if a.role == "threshold"
    ]
    lexicon = sentence.lexicon
    shape = _threshold_shape(lexicon.sources["threshold"], "|".join(p.pattern for p in lexicon.units.values()))
    spots += [(abs(m.start() - at), m[0].strip()) for m in shape.finditer(sentence.text)]
    return min(spots)[1].replace(OPEN, "").replace(CLOSE, "") if spots else None


def _with_word_before(text: str, amount: Amount) -> str:
    start = text.rfind(" ", 0, max(0, amount.start - 1)) + 1
    after = re.match(r"\s(?:or more|and (?:above|up|over)|in \w+(?: \w+)?)", text[amount.end :])
    return (text[start : amount.end] + (after[0] if after else "")).strip()
