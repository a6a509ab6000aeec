"""What kind of charge a word and its figure make, and the clause that says so."""

from __future__ import annotations

import re
from decimal import Decimal

from llmaudit.pages.charges.bases import base_of, bases_in
from llmaudit.pages.charges.processors import of_bank
from llmaudit.pages.lexicon.files import everywhere
from llmaudit.pages.model import Base, Kind
from llmaudit.pages.sentence.belonging import OWN_DISTANCE
from llmaudit.pages.sentence.figures import Amount
from llmaudit.pages.sentence.sentence import Sentence
from llmaudit.pages.sentence.terms import Term

UNIT_KINDS: dict[str, Kind] = {
    "request": "per_request",
    "log": "per_log",
    "tool": "tool_per_request",
    "period": "subscription",
    "payment": "payment_processing",
}
UNIT_BASES: dict[str, Base] = {
    "request": "request",
    "log": "log",
    "tool": "tool",
    "period": "subscription",
    "payment": "payment",
}

LABEL = 50
"""Characters of a label before a dash: "International card fee — an additional 1.5% fee applies …"."""

DIRECT: dict[str, Kind] = {
    "payment": "payment_processing",
    "orchestration": "orchestration_pct",
    "hidden": "hidden_fees",
    "multiplier": "credit_conversion",
    "subscription": "subscription",
    "byok": "byok_pct",
    "topup": "topup_pct",
    "zero": "none_on_tokens",
}
"""Words that tell the kind by themselves."""


def kind_of(sentence: Sentence, term: Term, amount: Amount | None) -> Kind:
    """Return what kind of charge a word and its figure make; docs/markup-page.md has the table."""
    span = sentence.span_of(term.start)
    term = _label(sentence, term, span)
    base = figure_base(sentence, term, amount, percent=amount is not None and amount.kind == "pct")
    by_unit = _kind_by_unit(sentence, amount)
    several = amount is not None and sentence.window(term, amount) is not None
    if base == "byok" and not by_unit and (several if term.name == "topup" else term.name not in DIRECT):
        return "byok_pct"
    if by_unit or term.name in DIRECT:
        return by_unit or DIRECT[term.name]
    if term.name in {"plus", "markup"}:
        return _kind_of_markup(sentence, term, base, amount)
    if amount is not None and _on_list_price(sentence, span, amount):
        return "token_pct"
    on_payment = base == "payment" and not (
        term.name == "platform" and everywhere("own_service").search(sentence.text, term.start, term.end)
    )
    if term.name == "charge" and amount and _told_after(sentence, amount) == "payment_processing":
        return "payment_processing"
    if on_payment or (amount and amount.unit == "payment") or of_bank(sentence.text):
        return "payment_processing"
    if base == "subscription" and (amount is None or amount.kind != "pct") and not _is_beside_price(sentence, term):
        return "subscription"
    return _kind_by_base(term, base, amount)


def _is_beside_price(sentence: Sentence, term: Term) -> bool:
    """Say whether all that a denied fee's sentence says of months is a plan's price: "from $400 a month, no fee"."""
    if not sentence.denied(term):
        return False
    priced = [(a.start, a.end) for a in sentence.amounts if a.unit == "period"]
    months = sentence.lexicon.bases["subscription"].finditer(sentence.text)
    return bool(priced) and all(any(start <= m.start() < end for start, end in priced) for m in months)


def _kind_by_unit(sentence: Sentence, amount: Amount | None) -> Kind | None:
    """Return the kind that an amount's own unit tells: by the month, a request, a search."""
    if amount is None or amount.unit is None:
        return None
    start, end = sentence.span_of(amount.start)
    about = f"{sentence.setting.heading} {sentence.text[start:end]}"
    before = [a.unit for a in sentence.amounts if a.end <= start and a.unit]
    if amount.unit == "request" and before[-1:] == ["tool"]:
        return "tool_per_request"  # "$0.01 per search call (…) and $0.025 per call for the others"
    if amount.unit == "request" and sentence.lexicon.bases["tool"].search(about):
        return "tool_per_request"
    if amount.unit == "period" or (amount.unit != "payment" and amount.kind != "pct"):
        return UNIT_KINDS.get(amount.unit)
    return None


_ON_TOKENS = re.compile(r" on (?:[\w-]+ ){0,2}(?:tokens?|inference|model prices?)\b", re.IGNORECASE)


def _kind_of_markup(sentence: Sentence, term: Term, base: Base | None, amount: Amount | None) -> Kind:
    """Return what a markup is on: tokens, where neither its unit nor its own words name something else."""
    if amount is not None and amount.kind in {"usd", "other"} and amount.unit != "tokens":
        return "per_request" if sentence.lexicon.bases["request"].search(sentence.text) else "platform_pct"
    if term.name == "markup" and base == "payment":
        return "payment_processing"
    if _ON_TOKENS.match(sentence.text, term.end):
        return "token_pct"
    after = _told_after(sentence, amount) if amount is not None else None
    if after and amount is not None and amount.kind == "pct":
        return after
    start = sentence.span_of(term.start)[0]
    if amount is not None and sentence.lexicon["list_price"].search(sentence.text, start, amount.start):
        return "token_pct"
    paid_in = base == "credits" and sentence.lexicon.bases["credits"].search(sentence.text)  # not only its heading's
    on_payment = paid_in and amount is not None and amount.kind == "pct"
    return "topup_pct" if on_payment and term.name == "markup" else "token_pct"


_ON = re.compile(
    r"\s(?:fee |Gebühr )?(?:on|of|for|when|per|bei|auf|für|pro|sur|lors|sobre|al|en)\s"
    r"(?:(?:the|every|each|all|your|you|jede[rsmn]?|les|la|las)\s)?",
    re.IGNORECASE,
)
_KIND_ON: tuple[tuple[Base, Kind], ...] = (
    ("byok", "byok_pct"),
    ("credits", "topup_pct"),
    ("payment", "payment_processing"),
)

_JOINED_SUM = re.compile(r"\s?\+\s?[$€£]?\d[\d.,]*\s?[¢€$]?")


def _told_after(sentence: Sentence, amount: Amount) -> Kind | None:
    """Return what a figure is on whose own words say so right after it: "provider rates + 5.5% on credit top-ups"."""
    joined = _JOINED_SUM.match(sentence.text, amount.end)
    match = _ON.match(sentence.text, joined.end() if joined else amount.end)
    if match is None:
        return None
    if everywhere("paid_by").match(sentence.text, match.end()):
        return "payment_processing"
    return next(
        (kind for base, kind in _KIND_ON if sentence.lexicon.bases[base].match(sentence.text, match.end())), None
    )


def figure_base(sentence: Sentence, term: Term, amount: Amount | None, *, percent: bool) -> Base | None:
    """Return what one figure of a term is on: what its own words say where there are several, else the sentence's."""
    heading, lexicon = sentence.setting.heading, sentence.lexicon
    window = sentence.window(term, amount) if amount else None
    if window and amount:
        near = bases_in(sentence.text, window, Term(amount.start, amount.end, term.name), lexicon)
        named = [name for _, name in near if not (percent and name == "subscription")]
        if named and named[0] == "payment" and "credits" in named and term.name != "payment":
            return "credits"  # "fee on credit purchases: Stripe 5.5%, crypto 5%": the ways to buy the same
        if named:
            return "byok" if "byok" in named and named[0] not in {"credits", "payment"} else named[0]
    denied = (amount is None or amount.value == 0) and sentence.denied(term)
    span = sentence.span_of(term.start)
    if (
        denied
        and term.name == "markup"
        and any(o.name not in {"markup", "plus"} and o.start > term.end for o in sentence.terms)
    ):
        return _base_between_commas(sentence, term)  # "0% markup, 5% on top-ups" denies no fee on top-ups
    beside = any(t.name == "topup" and not span[0] <= t.start < span[1] for t in sentence.terms)
    base = base_of(sentence.text, term, span, heading, lexicon, percent=percent, alone=denied or beside)
    return None if base == "byok" and window and _is_of_another(sentence, window) else base


def _is_of_another(sentence: Sentence, window: tuple[int, int]) -> bool:
    """Say whether own keys go with a later one of several figures: "5% platform fee, or 0% with your own keys"."""
    byok = sentence.lexicon.bases["byok"].search(sentence.text)
    return byok is not None and byok.start() >= window[1]


def _base_between_commas(sentence: Sentence, term: Term) -> Base | None:
    """Return what the words between the commas around a term are about."""
    start, end = sentence.span_of(term.start)
    start = max(start, *(sentence.text.rfind(comma, start, term.start) + 1 for comma in ",，、"))
    comma = re.compile("[,，、]").search(sentence.text, term.end, end)
    found = bases_in(sentence.text, (start, comma.start() if comma else end), term, sentence.lexicon)
    return found[0][1] if found else None


def _label(sentence: Sentence, term: Term, span: tuple[int, int]) -> Term:
    """Return the word that a label before a dash gives the charge, where the sentence then only says "fee"."""
    first = sentence.spans[0]
    if term.name not in {"fee", "charge"} or span == first or first[1] > LABEL:
        return term
    if not re.match(r"\s?[—–:-]", sentence.text[first[1] :]):
        return term
    label = next((t for t in sentence.terms if t.end <= first[1] and t.name not in {"fee", "charge"}), term)
    return term if sentence.denied(label) else label  # "no platform fee — you pay …" labels nothing


_ADDED_TO = re.compile(r"\b(?:added (?:on )?to|on top of|aufgeschlagen auf|en plus de|sobre)\s$", re.IGNORECASE)


def _on_list_price(sentence: Sentence, span: tuple[int, int], amount: Amount) -> bool:
    """Say whether a figure goes with "list price plus" or "added to provider rates": it is on tokens."""
    price = sentence.lexicon["list_price"].search(sentence.text, amount.end)
    if price and amount.kind == "pct" and _ADDED_TO.search(sentence.text, amount.end, price.start()):
        return True
    return any(
        term.name == "plus" and span[0] <= term.start < span[1] and abs(amount.start - term.start) <= OWN_DISTANCE
        for term in sentence.terms
    )


def _kind_by_base(term: Term, base: Base | None, amount: Amount | None) -> Kind:
    """Return the kind of a fee that only its base tells; one on nothing in particular is the platform's."""
    numbered = amount is not None and amount.kind in {"pct", "variable"}
    if term.name == "overage":
        return "per_log" if base == "log" else "per_request"
    if base == "credits":
        return "topup_pct"
    if base in {"request", "log", "tool"} and not numbered and term.name != "platform":
        return UNIT_KINDS[base]
    if base == "tool" or (base == "log" and not numbered and term.name != "platform"):
        return UNIT_KINDS[base]
    if base == "tokens" and term.name in {"fee", "charge"}:
        return "token_pct"
    if base == "request" and term.name in {"fee", "charge"}:
        return "token_pct"
    return "platform_pct"


def over_list(sentence: Sentence, term: Term, factor: Decimal) -> Decimal | None:
    """Return a factor as a percentage over list where it is on the price; a model's weight in credits is on nothing."""
    on_price = everywhere("factor_on_price").search(sentence.text[term.start : term.end]) or sentence.lexicon[
        "list_price"
    ].search(sentence.text)
    return (factor - 1) * 100 if on_price else None
