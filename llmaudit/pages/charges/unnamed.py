"""Charges that need no word for a fee: prices with a unit, factors on the list price, what a credit is worth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from llmaudit.pages.charges.clause import Clause, clause_at
from llmaudit.pages.charges.kinds import UNIT_BASES, UNIT_KINDS, kind_of
from llmaudit.pages.lexicon.files import everywhere
from llmaudit.pages.model import Base
from llmaudit.pages.sentence.figures import Amount
from llmaudit.pages.sentence.sentence import JOINS, Sentence, is_money_like
from llmaudit.pages.sentence.terms import Term
from llmaudit.pages.sentence.units import is_per_thing
from llmaudit.pages.source.variables import CLOSE, OPEN


def bare_prices(sentence: Sentence) -> Iterator[Clause]:
    """Yield prices that need no word for a fee: `$49/month`, `$8 per 100,000 requests`."""
    owned = {id(amount) for group in sentence.owned.values() for amount in group}
    for amount in sentence.amounts:
        if id(amount) in owned or amount.role != "amount":
            continue
        if amount.unit == "tokens" and amount.kind == "usd" and _is_of_kept_text(sentence):
            clause = clause_at(sentence, Term(amount.start, amount.end, "charge"), amount.start, "per_log")
            yield replace(clause, usd=amount.value, per=amount.per)
        if amount.unit not in UNIT_KINDS:
            continue
        if amount.kind == "variable" and not is_money_like(sentence, amount):
            continue
        if amount.value == 0 or not _is_price(sentence, amount):
            continue
        if not is_charged(sentence, amount):
            continue
        term = Term(amount.start, amount.end, "charge")
        kind = "payment_processing" if amount.unit == "payment" else kind_of(sentence, term, amount)
        base: Base = "tool" if kind == "tool_per_request" else UNIT_BASES[amount.unit]
        clause = replace(clause_at(sentence, term, amount.start, kind), base=base, per=amount.per)
        if amount.unit == "payment":
            pct = _joined_pct(sentence, amount)
            if pct is None or id(pct) in owned:
                continue
            clause = replace(clause, pct=pct.value, at=pct.start)
        if amount.kind == "usd":
            yield replace(clause, usd=amount.value)
        elif amount.kind == "other":
            yield replace(clause, other_amount=amount.text)
        else:
            yield replace(clause, template=amount.text.strip(OPEN + CLOSE))


def _is_of_kept_text(sentence: Sentence) -> bool:
    """Say whether a price of tokens is one of keeping them, and of no cache: "Data storage: $0.01 per 1M tokens"."""
    about = f"{sentence.setting.heading} {sentence.text}"
    return bool(everywhere("kept_text").search(about)) and "cach" not in about.lower()


def bare_factors(sentence: Sentence) -> Iterator[Clause]:
    """Yield factors on the list price that need no word for a fee: `billed at 1.15x the provider's list price`."""
    owned = {id(amount) for group in sentence.owned.values() for amount in group}
    for amount in sentence.amounts:
        if (
            amount.kind != "times"
            or amount.role != "amount"
            or id(amount) in owned
            or amount.value is None
            or not _is_on_list_price(sentence, amount)
        ):
            continue
        if re.match(
            r"\s?(?:as\b|cheaper|faster|less|lower|more|günstiger|moins|menos|安|速|便宜)", sentence.text[amount.end :]
        ):
            continue
        term = Term(amount.start, amount.end, "multiplier")
        clause = clause_at(sentence, term, amount.start, "credit_conversion")
        yield replace(clause, multiplier=amount.value, pct=(amount.value - 1) * 100, negated=amount.value == 1)


ON_LIST = 45
"""Characters between a factor and the list price that it is on."""


def _is_on_list_price(sentence: Sentence, amount: Amount) -> bool:
    """Say whether the list price is named beside a factor: "1.15x the provider's list price", 「公式価格の1.1倍」."""
    near = max(0, amount.start - ON_LIST), amount.end + ON_LIST
    return bool(sentence.lexicon["list_price"].search(sentence.text, *near))


def _joined_pct(sentence: Sentence, amount: Amount) -> Amount | None:
    """Return the percentage that makes one fee with an amount: `4.4% + $0.30 per transaction`."""
    before = [a for a in sentence.amounts if a.kind == "pct" and a.end <= amount.start and a.role == "amount"]
    return before[-1] if before and JOINS.fullmatch(sentence.text[before[-1].end : amount.start]) else None


_NO_PRICE = re.compile(r"\b(?:no|not|kein\w*|aucun\w*|pas de|sin|ningún)\s*$", re.IGNORECASE)
"""What before a price says that there is none such: "there is no $150/mo plan"."""


_BUYS = re.compile(r"(?:add|buy|load)s?", re.IGNORECASE)

_NAMES_PLAN = re.compile(r"\s?(?:[\w-]+\s){0,2}(?:plan|tier|package|subscription|membership)\b", re.IGNORECASE)
"""What after a price names its plan: "included with the $499/month Pro plan"."""


def _is_price(sentence: Sentence, amount: Amount) -> bool:
    """Say whether an amount with a unit is what something costs, and not a bound, a budget or a part of one."""
    lexicon = sentence.lexicon
    before = re.split(r"[;,:.—]\s|[（、，]", sentence.text[max(0, amount.start - 40) : amount.start])[-1]
    after = sentence.text[amount.end : amount.end + 40]
    near = before[-8:] if lexicon.wide else " ".join(before.split()[-3:])
    if re.search(r"\d\s?=\s?$", sentence.text[: amount.start]):
        return False  # "500 = $0.0005 per call" explains a unit
    firm = re.search(r"\b(?:at|@|for only|desde|à partir de)\s$", before, re.IGNORECASE) or _NAMES_PLAN.match(after)
    set_aside = lexicon["not_a_price"].search(near)
    if set_aside and amount.per and _BUYS.fullmatch(set_aside[0]):
        set_aside = None  # "guardrails add $1 per 1,000 requests"
    if (not firm and set_aside) or (not lexicon.wide and _NO_PRICE.search(near)):
        return False
    if re.match(
        r"\s?(?:of|in|worth|für|de|en)\s(?:\w+\s){0,2}(?:credits?|usage|spend|Guthaben|crédits?|créditos?)",
        after,
        re.IGNORECASE,
    ):
        return False
    return not lexicon["ignored"].match(after.lstrip())


TAG = 6
"""Words beside a price by the month that make no sentence of it yet: "Pro — $20/month, billed yearly"."""

_SIZE = re.compile(r"\bGB|gigabyte", re.IGNORECASE)


def _is_about_logs(sentence: Sentence) -> bool:
    """Say whether a price of so many bytes is one of logs or of data taken in, and not of memory or disks."""
    logs = sentence.lexicon.bases["log"]
    if logs.search(sentence.text) or logs.search(sentence.setting.heading):
        return True
    about = f"{sentence.setting.heading} {sentence.text}"
    return bool(everywhere("metered_data").search(about)) and not everywhere("machines").search(about)


FREE_WITHIN = 20
"""Characters between an amount and the fee that is denied for it."""


MEASURED_WITHIN = 40
"""Characters around an amount in which it is said to be an average."""


def is_charged(sentence: Sentence, amount: Amount) -> bool:
    """Say whether an amount with a unit is a charge of the page's: a plan's price by the month, a price of logs."""
    start, end = sentence.span_of(amount.start)
    near = max(start, amount.start - MEASURED_WITHIN), min(end, amount.end + MEASURED_WITHIN)
    if amount.unit and sentence.lexicon["statistics"].search(sentence.text, *near):
        return False  # "the median request cost $0.0021 last month"
    if amount.unit == "log" and _SIZE.search(amount.text_of(sentence.text)):
        return _is_about_logs(sentence)
    return amount.unit != "period" or _is_of_plan(sentence, amount)


_COSTS_FOR = re.compile(r"\b(?:for|für|pour|por)\s$", re.IGNORECASE)

_COSTS = re.compile(
    r"^\W*(?:(?:while|whereas|and|but|während|und|aber|tandis que|et|mais|mientras que|y|pero)\s)?"
    r"(?:(?:the|an?|each|every|der|die|das|jede[rs]?|ein|eine|le|la|les|chaque|une?|el|los|las|cada|una)\s)?"
    r"[^\W\d]\w*(?:[ '’-]\w+){0,8}?\s"
    r"(?:costs?|kostet|kosten|coûtent?|cuestan?)\s$",
    re.IGNORECASE,
)
"""A sentence that begins with what something costs: "Workflows kosten 449 € im Monat"."""

_EACH_MONTH = re.compile(
    r"[每毎][个位名]?[^每毎，。,、\d]{1,6}[每毎][月年](?:收取?|需|付|约|仅)?\s?$|[1１一][^，。、\d]{1,8}(?:あたり|につき)[月年]額?\s?$"
)
"""What before an amount says that it is for one of something a month: 「每个密钥每月收取」."""

_OFFERS = re.compile(
    r"\b(?:bietet|bieten|bekommen|bekommst|erhalten|erhältst|offers?|get|gets|ofrece|obtienes|tienes|offre|obtenez)\b",
    re.IGNORECASE,
)
"""What a plan does for its price: "Go bietet dir diese Modelle für 10 $/Monat"."""

_LABELLED = re.compile(r"[^:：.!?\d]{2,60}[:：]\s?")

AFTER_LABELLED = 12
"""Characters that may follow a price by the month after the label that names what it is for."""


def _is_paid_from(sentence: Sentence, amount: Amount) -> bool:
    """Say whether an amount is the volume from which on a way to pay is offered: "Invoices. From $2,000 a month."."""
    about = f"{sentence.setting.heading} {sentence.text[: amount.start]}"
    return bool(_FROM.search(sentence.text, 0, amount.start)) and bool(everywhere("invoiced").search(about))


_SOMEBODY_PAYS = re.compile(
    r"(?<!each )(?<!every )(?<!jeder )(?<!jede )(?<!chaque )(?<!cada )(?<!\w)(?!(?:team|plan|pro|member|seat|user|you)\b)[^\W\d]\w+\s"
    r"(?:pays|paid|zahlt|zahlte|paie|payait|paga|pagaba)\s(?:\w+\s)?$",
    re.IGNORECASE,
)
"""What before an amount by the month says that it is what one customer pays: "Acme pays $1,200 a month"."""


_FROM = re.compile(r"\b(?:from|above|over|ab|à partir de|dès|desde|a partir de)\s$", re.IGNORECASE)


def _is_of_plan(sentence: Sentence, amount: Amount) -> bool:
    """Say whether an amount by the month is what a plan costs, and not what somebody spends, saves or is given."""
    lexicon, (start, end) = sentence.lexicon, sentence.span_of(amount.start)
    offered = lexicon["plans"].search(sentence.text, start, end) or _OFFERS.search(sentence.text, start, amount.start)
    if _COSTS_FOR.search(sentence.text, start, amount.start) and offered:
        return True  # "the Team plan adds shared budgets for $29 a month"
    if lexicon["spending"].search(sentence.text, start, end) or _is_paid_from(sentence, amount):
        return False
    if _SOMEBODY_PAYS.search(sentence.text[start : amount.start]):
        return False
    if (
        is_per_thing(amount, sentence.text)
        or _EACH_MONTH.search(sentence.text, start, amount.start)
        or _COSTS.search(sentence.text[start : amount.start])
    ):
        return True
    if _LABELLED.fullmatch(sentence.text, 0, amount.start) and len(sentence.text) - amount.end <= AFTER_LABELLED:
        return True
    after = (term for term in sentence.terms if amount.end <= term.start < min(end, amount.end + FREE_WITHIN))
    if not lexicon["plans"].search(sentence.text, start, amount.start) and any(map(sentence.denied, after)):
        return False  # "$9,000 a month with no fee" is what is free
    ends_part = lexicon.wide and not sentence.text[amount.end : end].strip(" 。.!！")
    until, since = (end, start) if ends_part else (len(sentence.text), 0)
    beside = f"{sentence.text[since : amount.start]} {sentence.text[amount.end : until]}"
    if len(beside) <= TAG * 2 if lexicon.wide else len(beside.split()) <= TAG:
        return True
    return bool(lexicon["plans"].search(sentence.text) or lexicon["plans"].search(sentence.setting.heading))
