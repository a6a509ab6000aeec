"""Charges that a word names: with its figures, with a factor, denied, or named without a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from llmaudit.pages.charges.bases import base_of
from llmaudit.pages.charges.clause import Clause, clause_at
from llmaudit.pages.charges.kinds import UNIT_BASES, kind_of, over_list
from llmaudit.pages.charges.processors import is_processor_figure
from llmaudit.pages.charges.shares import costs_more, is_level, is_of_what_is_spent
from llmaudit.pages.charges.unnamed import is_charged
from llmaudit.pages.lexicon.files import everywhere
from llmaudit.pages.model import Kind
from llmaudit.pages.sentence.denial import is_asserted
from llmaudit.pages.sentence.figures import Amount, number
from llmaudit.pages.sentence.sentence import JOINS, Sentence
from llmaudit.pages.sentence.terms import Term, is_bare_denial, is_repeated
from llmaudit.pages.source.variables import CLOSE, OPEN

FEE_WORDS = {"fee", "platform", "topup", "payment", "orchestration", "byok", "markup"}
"""Classes that name a charge by themselves; the others need a number or a verb."""

PAIRS = ({"pct", "usd"}, {"pct", "other"}, {"variable", "usd"}, {"variable", "other"})
"""Figures that make one fee: `4.4% + $0.30`."""

OF_A_CASE: set[Kind] = {"byok_pct"}
"""What denies a fee named before for a case of its own: "this fee does not apply to calls with your own keys"."""

ON_ANYTHING: set[Kind] = {"platform_pct", "token_pct"}

_OF_A_KIND = re.compile(
    r"\b(?:additional|extra|small|further|our|separate|zusätzliche\w?|weitere\w?|kleine\w?|supplémentaires|nos|nuestr\w+|adicional\w*)\s$",
    re.IGNORECASE,
)
"""What makes fees of a kind of their own of "fees"."""

NEAR = 8
"""Characters between a figure that is no fee and a word that goes with it."""

REFUTED_NEAR = 40
"""Characters between a word for a fee and a figure denied of it."""

VERB_WITHIN = 14
"""Characters between a fee and a verb that is said of it in a language without spaces."""

IF_WITHIN = 40

_IF_NONE = re.compile(
    r"\b(?:if|where|falls|wenn|sofern|soweit|si|cuando)\s(?:there\s(?:is|are)\s|no hay |il n'y a )?"
    r"(?:no|keine?[rnms]?|aucune?|pas de|ning[uú]n\w*)\s(?:[\w-]+\s){0,3}$|(?:如果|若)(?:没有|无)\w{0,6}$",
    re.IGNORECASE,
)
"""What makes a case of a denial, which then says nothing: "if no service fee is shown, a tip is usual"."""

_CACHE = re.compile(r"\bcach|缓存|緩存|キャッシュ|\bbatch", re.IGNORECASE)

_FEE = re.compile(r"fee|charge|gebühr|frais|cuota|tarifa|cargo|[费費料]", re.IGNORECASE)


def named_charges(sentence: Sentence) -> Iterator[Clause]:
    """Yield the charges that words name; a fee that a heading merely names is none."""
    for index, term in enumerate(sentence.terms):
        owned = sentence.owned.get(index, [])
        positive = [amount for amount in owned if amount.value is None or amount.value]
        if positive:
            for group in _groups(sentence, positive):
                yield from _with_numbers(sentence, term, group)
        elif _only_refuted(sentence, term) or _IF_NONE.search(
            sentence.text, max(0, term.start - IF_WITHIN), term.start
        ):
            continue
        elif term.name == "multiplier":
            if not sentence.is_example(term.start):
                yield from _factor(sentence, term)
        elif owned or sentence.denied(term):
            bare = {"charge"} if owned else {"charge", "plus"}
            if term.name in bare:
                continue
            denial = _denial(sentence, term, owned[0] if owned else None)
            if denial.kind in OF_A_CASE or not is_repeated(sentence.text, term):
                yield denial
        elif not sentence.setting.is_heading and _stands_alone(sentence, term):
            kind = kind_of(sentence, term, None)
            if not (kind in ON_ANYTHING and _is_all_fees(sentence, term)):
                yield clause_at(sentence, term, term.start, kind)


def _is_all_fees(sentence: Sentence, term: Term) -> bool:
    """Say whether a word means whatever is owed, as contracts have it: "fees are due within 30 days"."""
    if not everywhere("all_fees").fullmatch(sentence.text, term.start, term.end):
        return False
    return not _OF_A_KIND.search(sentence.text, 0, term.start)


def _only_refuted(sentence: Sentence, term: Term) -> bool:
    """Say whether the figure beside a word is one that is denied: "no 5% markup" does not say that there is none."""
    start, end = sentence.span_of(term.start)
    return any(
        start <= amount.start < end and min(abs(term.start - amount.end), abs(amount.start - term.end)) <= REFUTED_NEAR
        for amount in sentence.refuted
    )


def _groups(sentence: Sentence, owned: list[Amount]) -> Iterator[list[Amount]]:
    """Yield figures that make one fee: `4.4% + $0.30`; every other one is a fee of its own."""
    group: list[Amount] = []
    for amount in owned:
        joined = group and JOINS.fullmatch(sentence.text[group[-1].end : amount.start])
        if group and not (joined and {group[-1].kind, amount.kind} in PAIRS):
            yield group
            group = []
        group.append(amount)
    yield group


def _with_numbers(sentence: Sentence, term: Term, group: list[Amount]) -> Iterator[Clause]:
    """Yield the clause of a word and the figures that make one fee with it, where that is a fee."""
    first = group[0]
    kind = "payment_processing" if any(a.unit == "payment" for a in group) else kind_of(sentence, term, first)
    if (first.unit == "log" or term.name not in {"subscription", "platform"}) and not is_charged(sentence, first):
        return
    if term.name == "charge":
        if _is_no_fee(sentence, first, kind):
            return
        if kind == "platform_pct" and (_names_price(sentence, first) or costs_more(sentence, first)):
            kind = "token_pct"  # "to the maker's price we add 5%", "others add 5%"
        elif kind == "platform_pct" and first.kind == "pct" and _is_on_nothing(sentence, term, first):
            return
    theirs = is_processor_figure(sentence.text, first.start)
    clause = clause_at(sentence, term, first.start, "payment_processing" if theirs else kind)
    clause = replace(clause, who="payment_processor") if theirs else clause
    for amount in group:
        clause = _with_figure(clause, amount, sentence, term)
    unit = next((amount.unit for amount in group if amount.unit in UNIT_BASES), None)
    own_unit = unit and clause.pct is None and kind != "tool_per_request"
    yield replace(clause, base=UNIT_BASES[str(unit)]) if own_unit else clause


def _is_no_fee(sentence: Sentence, amount: Amount, kind: Kind) -> bool:
    """Say whether what only a verb calls a charge is a price or a rate, and no fee on one."""
    if kind != "byok_pct" and is_level(sentence, amount):
        return True  # "charged at 40% of the list price"
    if amount.kind == "pct":
        return bool(_CACHE.search(sentence.text))  # "a cache read costs 10%" is a rate of the model's
    return amount.kind != "variable" and amount.unit is None


def _is_on_nothing(sentence: Sentence, term: Term, amount: Amount) -> bool:
    """Say whether a percentage that only a verb calls a charge is on nothing that its sentence or heading names."""
    if is_of_what_is_spent(sentence, amount) or sentence.text[term.start : term.end].lower().startswith("pay"):
        return False
    span = sentence.span_of(term.start)
    return base_of(sentence.text, term, span, sentence.setting.heading, sentence.lexicon) in {None, "subscription"}


def _names_price(sentence: Sentence, amount: Amount) -> bool:
    """Say whether the part in which a percentage stands names the price it is on, or gateways that all add to it."""
    span = sentence.span_of(amount.start)
    lexicon = sentence.lexicon
    return amount.kind == "pct" and any(lexicon[name].search(sentence.text, *span) for name in ("list_price", "others"))


def _with_figure(clause: Clause, amount: Amount, sentence: Sentence, term: Term) -> Clause:
    """Return a clause with one of its figures."""
    if amount.kind == "pct":
        return replace(clause, pct=amount.value, pct_from=amount.low)
    if amount.kind == "usd":
        return replace(clause, usd=amount.value, per=amount.per)
    if amount.kind == "other":
        return replace(clause, other_amount=amount.text, per=amount.per)
    if amount.kind == "variable":
        return replace(clause, template=amount.text.rstrip(" %％").strip(OPEN + CLOSE) or "%")
    if amount.value is None:
        return clause
    return replace(clause, multiplier=amount.value, pct=over_list(sentence, term, amount.value))


def _factor(sentence: Sentence, term: Term) -> Iterator[Clause]:
    """Yield a factor written as a plain number: `倍率为 1.2`, `multiplier of 1.3`."""
    after = sentence.text[term.end : term.end + 24]
    match = re.match(
        r"\s?(?:is|of|are|set to|为|為|是|按|は|[:：=]|ist|beträgt|von|est|es|de|\s){0,3}\s?"
        r"(\d{1,2}(?:[.,]\d{1,4})?)(?![\d%％.,]*\d|\s?[%％])",
        after,
    )
    if match is None and sentence.lexicon.wide:
        match = re.search(r"(?:按|以)\s?(\d{1,2}(?:\.\d{1,4})?)\s?$", sentence.text[: term.start])  # 「按 0.8 倍率计费」
    value = number(match[1], sentence.lexicon.language, percent=True) if match else None
    if value is not None:
        clause = clause_at(sentence, term, term.start, "credit_conversion")
        yield replace(clause, multiplier=value, pct=over_list(sentence, term, value), negated=value == 1)


def _denial(sentence: Sentence, term: Term, zero: Amount | None) -> Clause:
    """Return the clause that a charge is not made; "no" to tokens or to fees as such is the claim of zero."""
    kind = kind_of(sentence, term, zero)
    if (
        term.name == "fee"
        and zero is None
        and kind in {"token_pct", "platform_pct"}
        and not is_bare_denial(sentence.text, term, sentence.lexicon)
    ):
        kind = "other_fees"
    if kind == "token_pct":
        kind = "none_on_tokens"
    clause = clause_at(sentence, term, term.start, kind)
    return replace(clause, negated=True, minimum=None)


def _stands_alone(sentence: Sentence, term: Term) -> bool:
    """Say whether a word without a number states a charge: it must name one, and be said to be charged."""
    if term.name not in FEE_WORDS and not (
        term.name == "subscription" and _FEE.search(sentence.text, term.start, term.end)
    ):
        return False
    if sentence.is_example(term.start) or everywhere("announces").search(sentence.text):
        return False
    if everywhere("plain_cost").fullmatch(sentence.text, term.start, term.end):
        return False  # what usage costs is no fee
    if _asks_or_announces(sentence) or is_repeated(sentence.text, term):
        return False
    if (term.name != "payment" and everywhere("only_named", r"\s?{}").match(sentence.text, term.end)) or _only_adds(
        sentence, term
    ):
        return False
    if sentence.lexicon["defines"].search(sentence.setting.heading):
        return False  # "What is a platform fee?": explained, not charged
    if any(a.role == "minimum" and a.kind == "usd" for a in sentence.amounts) and term.name != "subscription":
        return not any(a.role == "amount" and a.kind == "pct" for a in sentence.amounts)
    set_aside = [a for a in sentence.amounts if a.role == "ignored" and a.kind == "pct"]
    if any(-1 <= term.start - a.end <= NEAR or 0 <= a.start - term.end <= NEAR for a in set_aside):
        return False  # "19% VAT is added": the figure is the tax's, and so is the word
    if sentence.text.rstrip(" .。*") == sentence.text[term.start : term.end]:
        above = sentence.setting.heading  # an entry of "we charge:", not of "how gateways make money"
        return bool(sentence.lexicon["asserts"].search(above)) and not sentence.lexicon["others"].search(above)
    return is_asserted(sentence.text, term, sentence.span_of(term.start), sentence.lexicon, sentence.terms)


def _asks_or_announces(sentence: Sentence) -> bool:
    """Say whether a sentence asks, or announces the list in which the fee stands; a price with its fee is stated."""
    end = sentence.text.rstrip()[-1:]
    return end in "?？" or (end in ":：" and not sentence.lexicon["list_price"].search(sentence.text))


def _only_adds(sentence: Sentence, term: Term) -> bool:
    """Say whether a "list price plus" only leads to the fee after it, or 「手数料は上乗せ」 is of the one before."""
    end = sentence.span_of(term.start)[1]
    if term.name == "plus":
        return any(term.end <= t.start < end and t.name in FEE_WORDS for t in sentence.terms)
    before = (t for t in sentence.terms if t.name in FEE_WORDS and 0 <= term.start - t.end <= VERB_WITHIN)
    return term.name == "markup" and any(sentence.text[t.end : t.end + 1] in {"は", "を", "が", "も"} for t in before)
