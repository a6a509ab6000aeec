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


def claims_against_bill(gateway: str, found: Sequence[MarkupRule], catalog: Catalog) -> list[str]:
    """Return each statement of a gateway on its fees beside what was found; none where it states nothing.

    A statement that the amounts contradict comes first.
    """
    current = [fee for fee in catalog.fees(gateway) if fee.valid_to is None]
    amounts = [one for one in found if one.kind not in {"top_up", "token_count"}]
    topups = [one for one in found if one.kind == "top_up"]
    said = [_on_amounts(fee, amounts) for fee in current if fee.kind in IN_AMOUNTS]
    said += [_on_topup(fee, topups) for fee in current if fee.kind == "topup_pct"] if topups else []
    return sorted((one for one in said if one), key=lambda text: not text.startswith(CONTRADICTED))


CONTRADICTED = "Contradicted: "


def _words(fee: Fee) -> str:
    quote = f'"{fee.wording}"' if fee.wording else f"{fee.kind.replace('_', ' ')} on {fee.applies_to or 'tokens'}"
    dated = f", as of {fee.as_of}" if fee.as_of else ""
    return f"it states {quote} ({fee.source}{dated})"


def _on_amounts(fee: Fee, found: Sequence[MarkupRule]) -> str | None:
    if fee.kind == "none_on_tokens":
        if found:
            return f"{CONTRADICTED}{_words(fee)}; {rule_sentence(found[0])}"
        return f"Not contradicted: {_words(fee)}; nothing is added in its amounts"
    if fee.pct is None:
        return None
    pct = float(fee.pct)
    rate = next((one for one in found if one.pct is not None), None)
    if rate is None or rate.pct is None:
        return f"Not seen here: {_words(fee)}, {pct:g}%; nothing of it is in these amounts"
    if abs(rate.pct - pct) <= AGREES_PCT:
        return f"Confirmed: {_words(fee)}, {pct:g}%; {rule_sentence(rate)}"
    return f"{CONTRADICTED}{_words(fee)}, {pct:g}%; {rule_sentence(rate)}"


def _on_topup(fee: Fee, found: Sequence[MarkupRule]) -> str | None:
    if fee.pct is None or not found or found[0].pct is None:
        return None
    agrees = abs(found[0].pct - float(fee.pct)) <= AGREES_PCT
    lead = "Confirmed: " if agrees else "Another rate was paid: "
    least = "" if fee.min_usd is None else f", at least {shown(fee.min_usd)}"
    return f"{lead}{_words(fee)}, {float(fee.pct):g}%{least}; {rule_sentence(found[0])}"
