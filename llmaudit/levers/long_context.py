"""Prompts slightly above a size step of the price list: the step raises the price of the whole request."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from llmaudit.catalog.quote import cost
from llmaudit.evidence import Evidence
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.levers.worth import Gain, Worth, rate
from llmaudit.money import ZERO, shown, times, total
from llmaudit.phrases import counted
from llmaudit.summaries.steps import Step

EXPECTED_PCT, LOW_PCT = 10, 2
ASSUMPTIONS = [
    (
        f"expected: prompts at most {EXPECTED_PCT}% over the step are trimmed to just below it; low: only those at "
        f"most {LOW_PCT}% over; high: those up to 50% over"
    ),
    (
        "only uncached input is trimmed; the answer stays the same only if it does not depend on what was removed, "
        "so remove what the model does not use: old turns, tool output, the lowest-ranked documents"
    ),
]


def find(evidence: Evidence) -> LeverResult:
    """Return what trimming prompts to just below a price step would have saved."""
    worth = Worth(evidence)
    priced = [(row, saved) for row in evidence.rows(Step) if (saved := _saved(worth, row)) is not None]
    gains = [
        Gain(
            row,
            saved if row.within_pct <= EXPECTED_PCT else ZERO,
            saved if row.within_pct <= LOW_PCT else ZERO,
            saved,
            row.requests if row.within_pct <= EXPECTED_PCT else 0,
        )
        for row, saved in priced
    ]
    return LeverResult(
        rows=worth.rows(gains), evidence=list(_sentences(evidence, worth, priced)), assumptions=ASSUMPTIONS
    )


def _saved(worth: Worth, row: Step) -> Decimal | None:
    """Return the difference to the same requests one token below the step; None where no price steps there."""
    cell = row.cell
    here, below = worth.rates(cell), worth.rates(cell, prompt_band=row.price_step - 1)
    if here is None or below is None or here.lacking(cell.quantities) or below.lacking(cell.quantities):
        return None
    if below.expected == here.expected:
        return None
    trimmed = total([cost(cell.quantities, below.expected), -times(rate(below, "input_tokens"), row.amount)])
    saved = cost(cell.quantities, here.expected) - trimmed
    return worth.paid(row, saved) if saved > 0 else None


def _sentences(evidence: Evidence, worth: Worth, priced: list[tuple[Step, Decimal]]) -> Iterator[str]:
    requests, more = 0, ZERO
    for one in evidence.cells:
        low = worth.rates(one.cell, prompt_band=0) if one.cell.prompt_band and one.rates else None
        if one.rates and low and low.expected != one.rates.expected and not low.lacking(one.cell.quantities):
            requests += one.cell.requests
            more += (one.list_usd or ZERO) - cost(one.cell.quantities, low.expected)
    if requests:
        yield f"{counted(requests, 'request')} above a price step, {shown(more)} more at list price than below it"
    for pct in (2, 10, 50):
        inside = [(row, saved) for row, saved in priced if row.within_pct <= pct]
        count = sum(row.requests for row, _ in inside)
        if count:
            tokens = sum(row.amount for row, _ in inside)
            yield (
                f"at most {pct}% over: {counted(count, 'request')}, {tokens:,} tokens too many, "
                f"{shown(total(saved for _, saved in inside))}"
            )


LEVER = Lever(
    "long_context",
    "Prompts just over a price step",
    60,
    find,
    "Keep these prompts below the step: drop old turns or the lowest-ranked documents when the token count gets close.",
)
