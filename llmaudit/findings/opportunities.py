"""Further savings: every lever that changes no answer, in dollars, each by itself."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.evidence import Evidence, spend
from llmaudit.levers import all_levers
from llmaudit.levers.base import Lever, LeverRow
from llmaudit.levers.worth import Worth, gap, rate
from llmaudit.money import percent, times, total

TOP = 20
"""Groups of a lever that are listed; the rest is one sum."""

SIMPLE_TIERS = {0, 1}


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """One lever.

    Attributes:
        name: Its id.
        title: For people.
        usd: What it would have saved in the period, standing alone; None where the logs cannot say.
        low_usd: With its assumptions at their worst.
        high_usd: With its assumptions at their best.
        pct: `usd` of the whole spend.
        requests: Requests it touches.
        evidence: Sentences with numbers.
        assumptions: Sentences.
        missing: What the logs do not hold that it would need; None where nothing is missing.
        next_step: What to do about it.
        groups: By gateway, model, tier and feature, largest first; at most 20.
        other_groups: Groups that are not listed.
        other_usd: What they would have saved: `usd` is that of the listed groups and this.
    """

    name: str
    title: str
    usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    pct: float | None
    requests: int
    evidence: list[str]
    assumptions: list[str]
    missing: str | None
    next_step: str
    groups: list[LeverRow]
    other_groups: int
    other_usd: Decimal


class ReasoningRow(msgspec.Struct, frozen=True):
    """Reasoning of one model on requests of tiers 0 and 1."""

    model: str
    requests: int
    tokens: int
    usd: Decimal


class Reasoning(msgspec.Struct, frozen=True):
    """What reasoning on tiers 0 and 1 cost: an upper bound, since nothing shows that answers hold without it.

    Attributes:
        usd: Reasoning tokens at their own price, as paid; None where no log counts them.
        by_model: Largest first.
        missing: What the logs do not hold.
    """

    usd: Decimal | None
    by_model: list[ReasoningRow]
    missing: str | None


class Opportunities(msgspec.Struct, frozen=True):
    """Every lever, the largest saving first.

    Attributes:
        levers: What each would have saved.
        reasoning: What reasoning on simple requests cost; no lever, because answers may change.
    """

    levers: list[Opportunity]
    reasoning: Reasoning
    caveat: str = (
        "Each lever is measured on its own. They overlap (a request can be both a repeat and fit for a batch), so do "
        "not add them up. None of them changes the model, but each has conditions: read its assumptions before you act."
    )


def find(evidence: Evidence) -> Opportunities:
    """Return every lever with what it would have saved, and what reasoning on simple requests cost."""
    whole = spend(evidence.cells)
    levers = [_opportunity(lever, evidence, whole) for lever in all_levers()]
    ordered = sorted(
        levers,
        key=lambda opportunity: (
            -(opportunity.usd or Decimal(0)),
            -(opportunity.high_usd or Decimal(0)),
            opportunity.name,
        ),
    )
    return Opportunities(ordered, _reasoning(evidence))


def _opportunity(lever: Lever, evidence: Evidence, whole: Decimal) -> Opportunity:
    result = evidence.once(lever.find)
    rows = sorted(result.rows, key=lambda row: (-row.saved_usd, -row.high_usd, row.model, str(row.feature)))
    is_known = bool(rows) or result.missing is None
    usd = total(row.saved_usd for row in rows) if is_known else None
    return Opportunity(
        name=lever.name,
        title=lever.title,
        usd=usd,
        low_usd=total(row.low_usd for row in rows) if is_known else None,
        high_usd=total(row.high_usd for row in rows) if is_known else None,
        pct=percent(usd, whole),
        requests=sum(row.requests for row in rows),
        evidence=result.evidence,
        assumptions=result.assumptions,
        missing=result.missing,
        next_step=lever.next_step,
        groups=rows[:TOP],
        other_groups=len(rows[TOP:]),
        other_usd=total(row.saved_usd for row in rows[TOP:]),
    )


def _reasoning(evidence: Evidence) -> Reasoning:
    worth = Worth(evidence)
    rows: dict[str, list[ReasoningRow]] = {}
    for priced in evidence.cells:
        cell, tokens = priced.cell, priced.cell.reasoning_tokens
        if cell.tier in SIMPLE_TIERS and tokens and priced.rates:
            token_usd = rate(priced.rates, "output_tokens") + rate(priced.rates, "reasoning_tokens")
            usd = worth.paid(worth.part(cell), times(token_usd, tokens))
            rows.setdefault(cell.model, []).append(ReasoningRow(cell.model, cell.requests, tokens, usd))
    by_model = [
        ReasoningRow(
            model,
            sum(row.requests for row in some),
            sum(row.tokens for row in some),
            total(row.usd for row in some),
        )
        for model, some in rows.items()
    ]
    missing = gap(evidence, "reasonings", "count of reasoning tokens")
    return Reasoning(
        usd=total(row.usd for row in by_model) if by_model or missing is None else None,
        by_model=sorted(by_model, key=lambda row: (-row.usd, row.model)),
        missing=missing,
    )
