"""Identical requests: answers that a response cache could have given."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from llmaudit.evidence import Evidence
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.levers.worth import Gain, Worth, gap
from llmaudit.money import ZERO, shown, total
from llmaudit.phrases import counted
from llmaudit.summaries.repeats import Repeat

WINDOWS = {1: "1 hour", 24: "24 hours", 168: "7 days"}
USUAL_HOURS = 24
ASSUMPTIONS = [
    (
        "expected: an answer is kept for 24 hours after it was last asked for; low: 1 hour; high: 7 days, and "
        "requests that offered tools count too"
    ),
    (
        "two prompts are the same if text, model, limit and needs are the same; logs do not show temperature and other "
        "parameters, and an application that wants a different answer each time must not cache"
    ),
    "only a complete answer can be reused: requests sent at the same time are not repeats",
]


def find(evidence: Evidence) -> LeverResult:
    """Return what good answers cost whose prompt the same model had answered within a window before."""
    worth = Worth(evidence)
    priced = [(row, spent) for row in evidence.rows(Repeat) if (spent := worth.spent(row)) is not None]
    return LeverResult(
        rows=worth.rows(gain_of(row, spent) for row, spent in priced),
        evidence=list(_sentences(priced)),
        assumptions=ASSUMPTIONS,
        missing=gap(evidence, "prompts", "a prompt"),
    )


def gain_of(row: Repeat, spent: Decimal) -> Gain:
    """Return what a cache saves of repeats that cost some amount."""
    is_usual = not row.needs_tools and row.within_hours <= USUAL_HOURS
    low = spent if is_usual and row.within_hours == 1 else ZERO
    return Gain(row, spent if is_usual else ZERO, low, spent, row.requests if is_usual else 0)


def _sentences(priced: list[tuple[Repeat, Decimal]]) -> Iterator[str]:
    for hours, title in WINDOWS.items():
        inside = [(row, spent) for row, spent in priced if row.within_hours <= hours and not row.needs_tools]
        count = sum(row.requests for row, _ in inside)
        if count:
            yield f"within {title}: {counted(count, 'repeated request')}, {shown(total(s for _, s in inside))}"
    offered = [(row, spent) for row, spent in priced if row.needs_tools]
    if offered:
        count = sum(row.requests for row, _ in offered)
        usd = total(spent for _, spent in offered)
        yield f"{counted(count, 'more repeat')} offered tools ({shown(usd)}), counted only in the high bound"


LEVER = Lever(
    "response_cache",
    "Repeated identical requests",
    10,
    find,
    "Cache answers under a hash of model, prompt and parameters, in the application or at the gateway. Start with the "
    "top feature, and exclude anything that has to answer differently each time.",
)
