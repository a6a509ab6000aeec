"""Which word of a sentence each of its figures belongs to."""

from __future__ import annotations

import re

from llmaudit.pages.sentence.figures import Amount
from llmaudit.pages.sentence.sentence import FEE_NOUNS, JOINS, Sentence, is_money_like
from llmaudit.pages.sentence.terms import Term

OWN_DISTANCE = 80
"""Characters over which a figure can belong to a word of the same part of a sentence."""

ADJECTIVES = 30
"""Characters that may stand between a figure and its word: "5% flat platform fee"."""

_LEADS = re.compile(
    r"\W{0,3}(?:of|is|at|costs?|von|beträgt|de|es de|est de|est à|sont à|kostet|kosten|coûtent?|cuestan?|(?:starts?|begins?) (?:at|from)|为|為|は|が|a|an|about|only|just|nur|flat|fixed|equal to"
    r"|amounts? to|\s){0,4}\W{0,3}",
    re.IGNORECASE,
)

_OF_YOURS = re.compile(
    r"\s(?:of|von|de|del|der)\s(?:your|the|its|our|their|this|that|these|ihrer|deiner|votre|la|les|tu|su)\s"
    r"(?:\d[\d.]*\s?% )?(?:[\w']+ ){0,2}|\s(?:der|des)\s(?:\w+ )?",
    re.IGNORECASE,
)


def assign_figures(sentence: Sentence) -> None:
    """Give every figure to the word it belongs to: in its own part of the sentence, else in the part beside it.

    A figure too far from any word goes with the one before it: "4% up to $10,000, 2.5% beyond, 1% above $100,000".
    """
    last: tuple[int, int] | None = None
    for amount in sentence.amounts:
        if amount.role == "refuted" or _denied_with_word(sentence, amount):
            sentence.refuted.append(amount)
            continue
        if amount.role != "amount" or (amount.unit == "tokens" and not _is_named(sentence, amount)):
            continue
        if _goes_with_another(sentence, amount):
            continue
        index = last[0] if last and _is_second_half(sentence, amount, last[1]) else _owner(sentence, amount)
        if index is None and last and amount.kind == "pct" and 0 < amount.start - last[1] <= OWN_DISTANCE:
            index = last[0] if sentence.span_of(last[1] - 1) == sentence.span_of(amount.start) else None
        if index is not None and amount.kind == "pct":
            last = (index, amount.end)
        if index is not None:
            sentence.owned.setdefault(index, []).append(amount)


def _goes_with_another(sentence: Sentence, amount: Amount) -> bool:
    """Say whether a sum makes one fee with a percentage before it that belongs to no word: "cards: 2.9% + $0.25"."""
    if amount.kind not in {"usd", "other"}:
        return False
    given = {id(other) for group in sentence.owned.values() for other in group}
    shares = (a for a in sentence.amounts if a.kind == "pct" and a.role == "amount" and a.end <= amount.start)
    return any(id(a) not in given and JOINS.fullmatch(sentence.text[a.end : amount.start]) for a in shares)


_OF = re.compile(r"\s(?:of|von|in Höhe von|de|du|del?|d'|d’)\s?(?:un |une |einem |einer )?", re.IGNORECASE)


def _denied_with_word(sentence: Sentence, amount: Amount) -> bool:
    """Say whether a figure is denied together with its word: "kein Aufschlag von 5 %"."""
    return (
        bool(amount.value)
        and amount.role == "amount"
        and any(
            term.name in FEE_NOUNS and _OF.fullmatch(sentence.text, term.end, amount.start) and sentence.denied(term)
            for term in sentence.terms
        )
    )


_NAMED = re.compile(
    r"(?:\s(?:of|von|de|at|is|beträgt|est de|es de))?(?:\s?[:：=]|\s(?:about|only|just|etwa|nur|environ))?\s?|[はがを:：]\s?", re.IGNORECASE
)
"""What stands between the name of a fee and its figure: "a fee of $0.25 per million tokens"."""

_NAMED_AFTER = re.compile(r"\s?(?:flat |fixed |的|の)?(?:of )?(?:an? )?", re.IGNORECASE)
"""What stands between a figure and the fee's name after it: "a $0.05 per minute platform fee"."""


def _is_named(sentence: Sentence, amount: Amount) -> bool:
    """Say whether an amount per tokens is a fee's, and no price of a model: "a fee of $0.25 per million tokens"."""
    named = (term for term in sentence.terms if term.name in FEE_NOUNS)
    return any(
        _NAMED.fullmatch(sentence.text, term.end, amount.start)
        if term.end <= amount.start
        else _NAMED_AFTER.fullmatch(sentence.text, amount.end, term.start)
        for term in named
    )


def _is_second_half(sentence: Sentence, amount: Amount, end: int) -> bool:
    """Say whether an amount of money makes one fee with the percentage that ends before it: "5% and $0.30"."""
    return amount.kind in {"usd", "other"} and bool(JOINS.fullmatch(sentence.text[end : amount.start]))


def _owner(sentence: Sentence, amount: Amount) -> int | None:
    """Return the index of the word that a figure belongs to, in the first part that has one; None for none."""
    here = sentence.spans.index(sentence.span_of(amount.start))
    for place in _places(sentence, here):
        if not 0 <= place < len(sentence.spans):
            continue
        if place > here and not _is_bare_part(sentence, here):
            continue
        if not all(_is_bare_part(sentence, between) for between in range(place + 1, here)):
            continue
        owner = _nearest(sentence, amount, place, OWN_DISTANCE * (1 if place == here else 2))
        if owner is not None:
            return owner
        start, end = sentence.spans[place]
        if place == here and any(start <= term.start < end and term.name != "charge" for term in sentence.terms):
            return None
    return None


def _places(sentence: Sentence, here: int) -> tuple[int, ...]:
    """Return the parts in which a figure's word is looked for, in order; one in brackets adds to what is before."""
    beyond = here + 2 if _is_aside(sentence, here + 1) else here + 1
    before = sentence.text[: sentence.spans[here][0] + 1]
    if sum(map(before.count, "(（")) > sum(map(before.count, ")）")):
        return (here, here - 1, here - 2, here - 3, here + 1, beyond)
    return (here, here - 1, here + 1, beyond, here - 2, here - 3)


def _nearest(sentence: Sentence, amount: Amount, place: int, reach: int) -> int | None:
    """Return the index of the nearest word of a part that may own a figure; one that names a fee before a verb."""
    start, end = sentence.spans[place]
    near = [
        (distance, index)
        for index, term in enumerate(sentence.terms)
        if start <= term.start < end
        and (distance := _distance(sentence, term, amount)) <= reach
        and _may_own(sentence, term, amount)
    ]
    named = [(distance, index) for distance, index in near if _names_it(sentence, sentence.terms[index], amount)]
    return min(named or near)[1] if near else None


def _names_it(sentence: Sentence, term: Term, amount: Amount) -> bool:
    """Say whether a word names the fee that a figure is: "a setup fee of $250 applies"."""
    return term.name in FEE_NOUNS or (term.name == "subscription" and _is_beside(sentence, term, amount))


def _is_aside(sentence: Sentence, place: int) -> bool:
    """Say whether a part stands in brackets: 「4.9%(最低50円)の手数料」 goes on after them."""
    return 0 <= place < len(sentence.spans) and sentence.text[sentence.spans[place][0]] in "(（"


def _is_bare_part(sentence: Sentence, place: int) -> bool:
    start, end = sentence.spans[place]
    return not any(start <= term.start < end for term in sentence.terms)


def _distance(sentence: Sentence, term: Term, amount: Amount) -> int:
    """Return how far a figure is from a word: characters, more where a comma or an "and" lies between."""
    if amount.end <= term.start:
        gap = sentence.text[amount.end : term.start]
        return (
            len(gap)
            if len(gap) < ADJECTIVES and not re.search(r"[,;]|\band\b|\bund\b|\bet\b|\by\b", gap)
            else len(gap) * 2 + 20
        )
    gap = sentence.text[term.end : amount.start]
    weight = 1.4 if term.name == "charge" else 1.0
    return int((len(gap) + (15 if re.search(r"[,;]", gap) else 0)) * weight) + 2


_PER_CREDIT = re.compile(
    r"\s?(?:/|per|pro|par|por|a)\s?(?:credits?|points?|Punkte?|crédits?|créditos?)\b", re.IGNORECASE
)


def _may_own(sentence: Sentence, term: Term, amount: Amount) -> bool:
    """Say whether a figure of this kind can be the figure of such a word."""
    if term.name == "overage" and _PER_CREDIT.match(sentence.text, amount.end):
        return False  # "overage: 1¢ per credit" is what a credit costs
    if term.name == "hidden" or (
        amount.kind in {"usd", "other"} and not amount.unit and not _is_beside(sentence, term, amount)
    ):
        return False
    if amount.kind == "times":
        return term.name == "multiplier" or (term.name == "markup" and _is_factor_of_price(sentence, term, amount))
    if term.name == "multiplier":
        return amount.kind == "pct" and _is_beside(sentence, term, amount)
    if term.name in FEE_NOUNS | {"subscription"} and _OF_YOURS.fullmatch(sentence.text, amount.end, term.start):
        return False  # "10% of your margin" is a share of it
    if amount.unit == "period" and term.name in {"markup", "plus", "topup", "orchestration", "multiplier"}:
        return False
    if term.name == "markup" and amount.kind in {"usd", "other"} and not _is_beside(sentence, term, amount):
        return False
    if amount.kind == "variable" and not is_money_like(sentence, amount):
        if sentence.denied(term):
            return False  # "{{ provider }} list prices with no markup": the name of something
        return term.name != "charge" or bool(
            re.search(r"(?:^|\u2046\s?)[%％]$", amount.text) or sentence.text[amount.end :].startswith(" of ")
        )
    return amount.value == 0 or not sentence.denied(term)


_ON_PRICE = re.compile(
    r"\s(?:(?:is )?appl(?:ies|ied) )?(?:on|over|above|to|auf|sur|sobre)\s(?:[\w'-]+\s){0,4}"
    r"(?:costs?|prices?|rates?|pricing|tokens?|Kosten|Preise?n?|prix|coûts?|precios?|costos?)\b",
    re.IGNORECASE,
)

_TIMES_PRICE = re.compile(r"(?:price|cost|rate)s?\W{0,3}[×*]$", re.IGNORECASE)


def _is_factor_of_price(sentence: Sentence, term: Term, amount: Amount) -> bool:
    """Say whether a factor makes the markup of a price: "2x markup on model costs", and not of a company's value."""
    if not 0 <= term.start - amount.end <= 1:
        return False
    return bool(_ON_PRICE.match(sentence.text, term.end) or _TIMES_PRICE.search(sentence.text, 0, amount.start + 1))


def _is_beside(sentence: Sentence, term: Term, amount: Amount) -> bool:
    """Say whether an amount without a unit stands right at a word ("a fee of $2"); else it is an example."""
    before = next((a for a in reversed(sentence.amounts) if a.end <= amount.start and a.role == "amount"), None)
    if before is not None and JOINS.fullmatch(sentence.text[before.end : amount.start]):
        return True
    if amount.end <= term.start:
        return bool(re.fullmatch(r"\s?(?:[\w-]+ ){0,2}", sentence.text[amount.end : term.start]))
    return bool(_LEADS.fullmatch(sentence.text[term.end : amount.start]))
