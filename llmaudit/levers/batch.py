"""Requests that nobody waits for, sent at the interactive price: as a batch they would have cost half."""

from __future__ import annotations

from collections.abc import Iterator

from llmaudit.evidence import Evidence
from llmaudit.levers import service_tier
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.levers.machine import BURST_PCT, Machine
from llmaudit.levers.worth import Gain, Worth, few, gap
from llmaudit.money import ZERO, shown, total
from llmaudit.phrases import counted
from llmaudit.summaries.waiting import Waiting

ASSUMPTIONS = [
    (
        "expected: answers that were not streamed, are not a step of a conversation or an agent, and belong to a "
        f"feature that is named like background work or sends {BURST_PCT}% of its requests within the same three "
        "hours, day after day"
    ),
    (
        "low: only features named like background work; high: every answer that is not such a step and is not known "
        "to have been streamed"
    ),
    "the batch price is the seller's own for that model at that time; a gateway has to pass batches through",
    "a batch can take up to 24 hours",
]


def find(evidence: Evidence) -> LeverResult:
    """Return what the batch price would have saved on answers that nobody waited for."""
    worth, machine = Worth(evidence), Machine.of(evidence)
    rows = [row for row in evidence.rows(Waiting) if machine.possible(row)]
    gains = [gain for row in rows if (gain := _gain(worth, machine, row)) is not None]
    common = [both for gain in gains if (both := _by_tier(worth, machine, gain)) is not None]
    return LeverResult(
        rows=worth.rows(gains),
        evidence=list(_sentences(machine, rows, gains)),
        assumptions=ASSUMPTIONS,
        missing=gap(evidence, "streamings", "a streaming flag"),
        included={service_tier.LEVER.name: worth.rows(common)},
    )


def _by_tier(worth: Worth, machine: Machine, gain: Gain) -> Gain | None:
    """Return what of a gain another service tier saves as well: a batch comes in place of priority, and of flex."""
    row = gain.part
    if not isinstance(row, Waiting):
        return None
    by_tier = service_tier.below_dear(worth, machine, row) or service_tier.by_flex(worth, machine, row)
    if by_tier is None:
        return None
    return Gain(row, min(gain.saved, by_tier.saved), min(gain.low, by_tier.low), min(gain.high, by_tier.high))


def _gain(worth: Worth, machine: Machine, row: Waiting) -> Gain | None:
    now, batched = worth.listed(row), worth.listed(row, is_batch=True, service_tier=None)
    if now is None or batched is None or batched >= now:
        return None
    saved = worth.paid(row, now - batched)
    is_likely = machine.likely(row)
    return Gain(
        row,
        saved if is_likely else ZERO,
        saved if machine.named(row) else ZERO,
        saved,
        row.requests if is_likely else 0,
    )


def _sentences(machine: Machine, rows: list[Waiting], gains: list[Gain]) -> Iterator[str]:
    whole = sum(row.requests for row in rows)
    if not whole:
        return
    offered = sum(gain.part.requests for gain in gains)
    yield (
        f"{counted(whole, 'answer')} not streamed, as far as is known, and not a step of a conversation or an agent; "
        f"{offered:,} of them at a seller with a batch price for the model, which would save "
        f"{shown(total(gain.high for gain in gains))} on all of them"
    )
    named = sorted({str(row.feature) for row in rows if machine.named(row)})
    if named:
        yield f"features named like background work: {few(named)}"
    for (_, feature), burst in sorted(machine.bursts.items(), key=lambda item: -item[1].requests)[:3]:
        what = feature or "requests without a feature"
        yield f"{what}: {burst.share_pct:.0f}% of {burst.requests:,} requests are sent from {burst.window}"


LEVER = Lever(
    "batch",
    "Background work at interactive prices",
    80,
    find,
    "Send work that can wait until tomorrow through the seller's batch API. Start with scheduled jobs.",
)
