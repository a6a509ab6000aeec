"""What a gateway states about its fees, compared with what its bill shows."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.catalog import Catalog
from llmaudit.catalog.model import Fee
from llmaudit.markup.markup_rules import rule_sentence
from llmaudit.markup.model import MarkupRule
from llmaudit.money import shown

IN_AMOUNTS = {"token_pct", "none_on_tokens", "per_request"}
"""Kinds of stated fees that speak of what a log's amounts hold."""

AGREES_PCT = 0.25
"""A stated and a found percentage that are nearer than this are the same."""


def claims_against_bill(gateway: str, rules: Sequence[MarkupRule], catalog: Catalog) -> list[str]:
    """Return each statement of a gateway on its fees beside what was found; none where it states nothing.

    A statement that the amounts contradict comes first.
    """
    current = [fee for fee in catalog.fees(gateway) if fee.valid_to is None]
    amount_rules = [rule for rule in rules if rule.kind not in {"top_up", "token_count"}]
    topup_rules = [rule for rule in rules if rule.kind == "top_up"]
    statements = [_on_amounts(fee, amount_rules) for fee in current if fee.kind in IN_AMOUNTS]
    statements += [_on_topup(fee, topup_rules) for fee in current if fee.kind == "topup_pct"] if topup_rules else []
    return sorted(
        (statement for statement in statements if statement), key=lambda text: not text.startswith(CONTRADICTED)
    )


CONTRADICTED = "Contradicted: "


def _words(fee: Fee) -> str:
    quote = f'"{fee.wording}"' if fee.wording else f"{fee.kind.replace('_', ' ')} on {fee.applies_to or 'tokens'}"
    dated = f", as of {fee.as_of}" if fee.as_of else ""
    return f"it states {quote} ({fee.source}{dated})"


def _on_amounts(fee: Fee, rules: Sequence[MarkupRule]) -> str | None:
    if fee.kind == "none_on_tokens":
        if rules:
            return f"{CONTRADICTED}{_words(fee)}; {rule_sentence(rules[0])}"
        return f"Not contradicted: {_words(fee)}; its amounts add nothing"
    if fee.pct is None:
        return None
    pct = float(fee.pct)
    rate_rule = next((rule for rule in rules if rule.pct is not None), None)
    if rate_rule is None or rate_rule.pct is None:
        return f"Not seen here: {_words(fee)}, {pct:g}%; these amounts do not include it"
    if abs(rate_rule.pct - pct) <= AGREES_PCT:
        return f"Confirmed: {_words(fee)}, {pct:g}%; {rule_sentence(rate_rule)}"
    return f"{CONTRADICTED}{_words(fee)}, {pct:g}%; {rule_sentence(rate_rule)}"


def _on_topup(fee: Fee, rules: Sequence[MarkupRule]) -> str | None:
    if fee.pct is None or not rules or rules[0].pct is None:
        return None
    agrees = abs(rules[0].pct - float(fee.pct)) <= AGREES_PCT
    opening = "Confirmed: " if agrees else "A different rate was paid: "
    at_least = "" if fee.min_usd is None else f", at least {shown(fee.min_usd)}"
    return f"{opening}{_words(fee)}, {float(fee.pct):g}%{at_least}; {rule_sentence(rules[0])}"
