"""Failed and repeated attempts: what was paid for answers that never came.

The expected saving is everything paid for failed attempts, since nothing came back for it. The low end is what a
circuit breaker would prevent: repeats that failed again. At the high end the repeats would not have been needed either.
But a successful repeat usually costs what the first attempt would have cost, so that end is an upper bound.
"""

from __future__ import annotations

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.levers.base import Lever, LeverResult, LeverRow
from llmaudit.levers.composing import Group, group_of

ASSUMED = (
    "expected: nothing is paid for failed attempts; low: only repeats that failed again are avoided; high: repeats "
    "that succeeded are avoided too"
)


def find(evidence: Evidence) -> LeverResult:
    """Return what failed and repeated attempts cost, by group; 429s and server errors mostly cost nothing."""
    troubled = [priced for priced in evidence.cells if is_failed(priced) or is_repeat(priced)]
    failed = [priced for priced in troubled if is_failed(priced)]
    silent = requests(
        priced for priced in failed if priced.cell.usage_status == "missing" and not priced.cell.billed_usd
    )
    paid, repeats = (
        requests(priced for priced in failed if priced.spend_usd),
        requests(priced for priced in troubled if is_repeat(priced)),
    )
    sentence = f"{requests(failed):,} attempts failed, {paid:,} of them at a cost; {repeats:,} repeated a failed one"
    return LeverResult(
        rows=[_row(key, group) for key, group in grouped(troubled, group_of) if spend(group)],
        evidence=[sentence] if troubled else [],
        assumptions=[ASSUMED] if troubled else [],
        missing=f"{silent:,} failed attempts are logged without tokens: their cost is unknown and in no figure"
        if silent
        else None,
    )


def is_failed(priced: PricedCell) -> bool:
    """Say whether attempts failed; one that its caller cut off did not."""
    return priced.cell.status == "error"


def is_repeat(priced: PricedCell) -> bool:
    """Say whether attempts were made because the one before had failed."""
    return priced.cell.attempt_kind != "first"


def _row(key: Group, group: list[PricedCell]) -> LeverRow:
    gateway, model, tier, feature = key
    return LeverRow(
        gateway=gateway,
        model=model,
        tier=tier,
        feature=feature,
        requests=requests(group),
        saved_usd=spend(one for one in group if is_failed(one)),
        low_usd=spend(one for one in group if is_failed(one) and is_repeat(one)),
        high_usd=spend(group),
    )


LEVER = Lever(
    name="retries",
    title="Failed attempts that were paid for",
    order=6,
    find=find,
    next_step="Cap retries, use a circuit breaker for failing sellers, and ask for credit for billed failures.",
)
