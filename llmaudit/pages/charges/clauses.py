"""One sentence to its clauses: which charge, how much, on what, denied or not, whose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from llmaudit.pages.charges.clause import Clause, clause_at
from llmaudit.pages.charges.conversions import at_par, conversions, own_rates, paid_in_full, unknown_conversions
from llmaudit.pages.charges.free import free_of_charge, uncharged
from llmaudit.pages.charges.named import named_charges
from llmaudit.pages.charges.present import is_of_another_day
from llmaudit.pages.charges.shares import bare_shares
from llmaudit.pages.charges.unnamed import bare_factors, bare_prices, kept_text
from llmaudit.pages.charges.worth import what_credits_are_worth
from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.parse import parse
from llmaudit.pages.sentence.refuted import is_taken_back
from llmaudit.pages.sentence.sentence import Sentence
from llmaudit.pages.sentence.setting import Setting
from llmaudit.pages.sentence.terms import Term, find_terms


def clauses(text: str, lexicon: Lexicon, setting: Setting) -> list[Clause] | None:
    """Return the clauses of a sentence in its order; None where it speaks of charges and states none of them.

    Args:
        text: The sentence, template variables marked.
        lexicon: The language to read it in.
        setting: What surrounds it.
    """
    sentence = parse(text, lexicon, setting)
    if sentence is None:
        return []
    told = [clause for rule in RULES for clause in rule(sentence)] or list(uncharged(sentence))
    found = [clause for clause in told if not _is_skipped(sentence, clause)]
    return None if told and not found else _without_echoes(sorted(found, key=lambda clause: clause.at))


def zero_claims(sentence: Sentence) -> Iterator[Clause]:
    """Yield the phrases that say the provider's own price is charged."""
    free = [*sentence.free, *sentence.untaken]
    for zero in sentence.zero:
        if sentence.is_example(zero.start):
            continue  # "a request costs $5.00 at the provider's rate:" begins a sum
        if any(zero.start < end and zero.end > start for start, end in free) and _is_on_else(sentence, zero):
            continue  # "own keys cost nothing extra" is about them, and says nothing about the price of tokens
        clause = clause_at(sentence, zero, zero.start, "none_on_tokens")
        yield replace(clause, negated=True, base="byok" if clause.base == "byok" else "tokens")


RULES: tuple[Callable[[Sentence], Iterator[Clause]], ...] = (
    conversions,
    what_credits_are_worth,
    unknown_conversions,
    at_par,
    own_rates,
    paid_in_full,
    named_charges,
    bare_prices,
    kept_text,
    bare_factors,
    bare_shares,
    free_of_charge,
    zero_claims,
)
"""What a sentence may state; of two clauses at one place the one of the earlier rule comes first."""


def _is_on_else(sentence: Sentence, zero: Term) -> bool:
    """Say whether the part of a claim is about own keys, or a way to pay in and no tokens."""
    span, lexicon = sentence.span_of(zero.start), sentence.lexicon
    if lexicon.bases["byok"].search(sentence.text, *span):
        return True
    paid_in = any(lexicon.ways[name].search(sentence.text, *span) for name in ("topup", "payment"))
    return paid_in and not lexicon.bases["tokens"].search(sentence.text, *span)


def _is_skipped(sentence: Sentence, clause: Clause) -> bool:
    """Say whether a clause states nothing: taken back, about another matter, or of a part that is not read."""
    if is_taken_back(sentence.text, clause.at, sentence.amounts, sentence.lexicon):
        return True
    asked = sentence.setting.heading.rstrip().endswith(("?", "？"))
    priced = asked and clause.kind == "subscription" and (clause.usd is not None or clause.other_amount is not None)
    if not clause.negated and clause.who == "gateway" and is_about_else(sentence, whatever_heads=priced):
        return True
    if not clause.negated and clause.kind != "credit_conversion" and is_of_another_day(sentence, clause.at):
        return True
    start, end = sentence.span_of(clause.at)
    return bool(sentence.lexicon["skipped"].search(sentence.text[start:end]))


def is_about_else(sentence: Sentence, *, whatever_heads: bool = False) -> bool:
    """Say whether a sentence is about what is paid back, owed for being late, or earned by inviting others.

    A plan's price is one `whatever_heads` it: "Is there a discount? Pro is $100 a year."
    """
    lexicon, above = sentence.lexicon, sentence.setting.heading
    if any(map(lexicon["other_matters"].search, (sentence.text, above))):
        return True
    if whatever_heads:
        return False
    return bool(lexicon["other_topics"].search(above)) and all(t.name == "charge" for t in find_terms(above, lexicon))


def _without_echoes(found: Sequence[Clause]) -> list[Clause]:
    """Leave out what a sentence says twice, and a fee without a number where the same sentence gives it."""
    numbered = any(_has_number(clause) and not clause.negated and clause.kind != "subscription" for clause in found)
    kept: list[Clause] = []
    for clause in found:
        bare = not _has_number(clause)
        if bare and not clause.negated and numbered and clause.kind not in {"payment_processing", "subscription"}:
            continue
        if bare and _leads_to(clause, found):
            continue
        again = next((i for i, other in enumerate(kept) if _same(clause, other)), None)
        if again is not None:
            kept[again] = clause if clause.minimum is not None else kept[again]
            continue
        kept.append(clause)
    return kept


LEADS_WITHIN = 12
"""Characters between the name of a fee and its figure, where another word of the sentence has taken the figure."""


def _leads_to(clause: Clause, found: Sequence[Clause]) -> bool:
    """Say whether a fee without a number stands right beside the same with one: 「決済手数料3.6%が加算」."""
    return not clause.negated and any(
        other.kind == clause.kind and _has_number(other) and 0 < abs(other.at - clause.at) <= LEADS_WITHIN
        for other in found
    )


def _has_number(clause: Clause) -> bool:
    """Say whether a clause has a figure, or a variable in its place."""
    return any(
        value is not None for value in (clause.pct, clause.usd, clause.template, clause.multiplier, clause.other_amount)
    )


def _same(one: Clause, other: Clause) -> bool:
    """Say whether two clauses state the same, wherever they stand."""
    names = ("kind", "pct", "usd", "negated", "who", "template", "multiplier", "other_amount")
    return all(getattr(one, name) == getattr(other, name) for name in names)
