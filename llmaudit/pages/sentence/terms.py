"""The words of a sentence that name a charge, and the phrases that claim none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.figures import TIMES_WORDS
from llmaudit.pages.source.variables import VARIABLE

MAX_TERMS = 12
"""Words for charges looked at in one sentence; more are no sentence, and every one is held against every figure."""


@dataclass(frozen=True)
class Term:
    """A word for a charge; `name` is its class in the lexicon, `zero` for a phrase that claims none."""

    start: int
    end: int
    name: str


def find_terms(sentence: str, lexicon: Lexicon) -> list[Term]:
    """Return the words for charges in order; the longest wins, look-alikes ("HTML markup") are left out."""
    taken = [match.span() for match in lexicon["lookalikes"].finditer(sentence)]
    taken += [match.span() for match in VARIABLE.finditer(sentence)]  # the "fee" of {{fee}} is a name
    found = [
        Term(match.start(), match.end(), name)
        for name, pattern in lexicon.terms.items()
        for match in pattern.finditer(sentence)
        if match.end() > match.start()
    ]
    found.sort(key=lambda term: (term.name == "charge", term.start - term.end, term.name == "fee"))
    kept: list[Term] = []
    for term in found[: 8 * MAX_TERMS]:
        if all(term.end <= start or term.start >= end for start, end in taken):
            kept.append(term)
            taken.append((term.start, term.end))
    return sorted(kept, key=lambda term: term.start)[:MAX_TERMS]


_ANAPHORA = re.compile(
    r"(?:^(?:this|that|it) (?:is|was|remains) (?:the only|our only)\s|^(?:das|dies) ist (?:der|die) einzige\s"
    r"|^c'est (?:la seule|le seul)\s|^es (?:la única|el único)\s"
    r"|\b(?:this|that|these|those|such|said|diese[rsn]?|dieses|cette|ces|esta|este|esa|dicha)\s|该|此|上述|この|その|当該)$",
    re.IGNORECASE,
)

_BARE_DENIAL = re.compile(
    r"(?:additional|extra|any|other|further|such|added|token|inference|usage|per-token|zusätzliche\w?|weitere\w?|autres?|aucuns?|adicional\w*|ningun\w?|任何|其他|额外)?\s*$",
    re.IGNORECASE,
)


def is_repeated(sentence: str, term: Term) -> bool:
    """Say whether a term points back to a charge named before: "this fee is deducted from …"."""
    return bool(_ANAPHORA.search(sentence[max(0, term.start - 24) : term.start]))


def is_bare_denial(sentence: str, term: Term, lexicon: Lexicon) -> bool:
    """Say whether a denial is of fees as such ("no additional fees"), not of some fee ("no agent surcharge")."""
    if lexicon.wide:
        return True
    before = sentence[max(0, term.start - 40) : term.start]
    matches = list(lexicon["negators"].finditer(before))
    if not matches:
        return True  # the denial stands after it
    return bool(_BARE_DENIAL.fullmatch(before[matches[-1].end() :].strip()))


_GOES_ON = re.compile(
    r"\s?(?:[$€¥￥]\s?\d|\+|plus\b|zzgl|zuzüglich|más\b|majoré|×|x\s?\d|\*|\(?\d[\d.]*[%％]"
    r"|的?\s?(?:[×xX*]|约?\s?\d)(?!\s?[:：比]\s?1)"
    r"|,? (?:including|inclusive of|with) (?:\w+[- ]){0,3}?(?:mark-?ups?|fees?|margins?|surcharges?))",
    re.IGNORECASE,
)
"""What makes a price out of the provider's: "list price plus 5%"."""

_TIMES_SOME = re.compile(
    rf"[^.;,，。]{{0,25}}?(?:{TIMES_WORDS}\s?\d|\d\s?[×x](?!\w)|\d\s?を(?:掛け|乗じ))", re.IGNORECASE
)
"""What makes a factor's base out of it: "the real cost of tokens at DeepSeek × 10"."""


@cache
def _plus_some(raised: str) -> re.Pattern[str]:
    """Return what makes the base of a fee out of a price: "at the real cost of a call, plus 8%"."""
    return re.compile(
        rf"[^.;。、]{{0,25}}?(?:{raised})\s?(?:(?:an?|une?|um|etwa|another|约)\s)?\d[\d.,]*\s?[%％]", re.IGNORECASE
    )


_REACH = 45
"""Characters after such a percentage in which another base is looked for: "… plus a 5.5% fee when you buy credits"."""


def _is_base_of_more(sentence: str, at: int, lexicon: Lexicon) -> bool:
    """Say whether the price named before a place is only what a fee or a factor is on."""
    if _GOES_ON.match(sentence, at) or _TIMES_SOME.match(sentence, at):
        return True
    if not (more := _plus_some(lexicon.sources["raised"]).match(sentence, at)):
        return False
    if lexicon["list_price"].search(sentence, at, more.end()):
        return False  # another model's: "ours is the official price, for others we add 8% to the official price"
    bases = (lexicon.bases[base] for base in ("credits", "byok", "payment"))
    return not any(base.search(sentence, at, more.end() + _REACH) for base in bases)


_REFUTED = re.compile(
    r"(?:\b(?:not|never|nicht|nie|pas|no (?:es|son|se)|nunca)|n't)\s"
    r"(?:(?!(?:but|and|only|just|sondern|und|mais|et|sino|y)\b)[\w'-]+\s){0,6}$"
    r"|(?:不是?|并非|並非)\w{0,4}$",
    re.IGNORECASE,
)
"""What before a claim refutes it: "not a platform that simply mirrors provider prices"."""


def _about_a_tool(sentence: str, at: int, lexicon: Lexicon) -> bool:
    """Say whether a sentence is about the price of searches, and of nothing else, up to a place."""
    named = lexicon.bases["tool"].search(sentence, 0, at)
    return bool(named) and not re.search(r"token|model|inference", sentence[:at], re.IGNORECASE)


_RATE = re.compile(r"change|kurs|cambio|汇率|匯率|為替|レート", re.IGNORECASE)
"""What makes a rate between currencies of a factor, which says nothing of a price."""


def find_zero(sentence: str, lexicon: Lexicon, terms: Sequence[Term]) -> list[Term]:
    """Return the phrases that claim the provider's own price, without those that go on ("plus 5%")."""
    excluded = [match.span() for match in lexicon["not_zero"].finditer(sentence)]
    excluded += [(term.start, term.end) for term in terms if term.name in {"plus", "hidden"}]
    if any(term.name == "multiplier" and not _RATE.search(sentence, term.start, term.end) for term in terms):
        return []  # a factor that equals the official one is a part of a formula, not a price
    found = []
    for match in lexicon["zero"].finditer(sentence):
        if any(match.start() < end and match.end() > start for start, end in excluded):
            continue
        if _is_base_of_more(sentence, match.end(), lexicon):
            continue
        paid = any(term.name == "payment" and term.start <= match.end() for term in terms)
        paid = paid or lexicon.bases["payment"].match(sentence) is not None
        if paid and not lexicon.bases["tokens"].search(sentence, 0, match.start()):
            continue  # "card fees are passed along at cost" says nothing about tokens
        if _REFUTED.search(sentence, 0, match.start()) or _about_a_tool(sentence, match.start(), lexicon):
            continue
        found.append(Term(match.start(), match.end(), "zero"))
    return found or [
        term for term in _at_list_price(sentence, lexicon) if not _is_base_of_more(sentence, term.end, lexicon)
    ]


SAME_WORDS, SAME_CHARACTERS = 4, 8
"""How far from the provider's price a word may stand that says it is charged unchanged."""


def _at_list_price(sentence: str, lexicon: Lexicon) -> list[Term]:
    """Return where the provider's price is called the page's own, in whatever phrase: "their rates, one to one"."""
    if re.search(r"\d[\d.,]*\s?(?:[%％]|[×xX](?!\w))", sentence) or sentence.rstrip().endswith(("?", "？")):
        return []
    prices = [match.span() for match in lexicon["list_price"].finditer(sentence)]
    found = []
    for match in lexicon["unchanged"].finditer(sentence):
        for start, end in prices:
            first, second = sorted((match.span(), (start, end)))
            between = sentence[first[1] : second[0]]
            near = len(between) <= SAME_CHARACTERS if lexicon.wide else len(between.split()) <= SAME_WORDS
            if near and not re.search(r"[,;:.!?，；：。]", between) and not _REFUTED.search(sentence, 0, first[0]):
                found.append(Term(first[0], second[1], "zero"))
    return found[:1]
