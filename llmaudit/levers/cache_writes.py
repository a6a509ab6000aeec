"""Cache writes that nobody read in time: the premium for writing was paid for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from llmaudit.evidence import Evidence
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.levers.worth import Gain, Worth, gap, rate
from llmaudit.money import ZERO, percent, shown, times, total
from llmaudit.summaries.unread import Unread

COUNTERS = ("cache_write_5m_tokens", "cache_write_1h_tokens", "cache_write_other_tokens")
ASSUMPTIONS = [
    "the saving is the premium of a write over ordinary input: the tokens would have been sent anyway",
    (
        "a write counts as read if a later request of its session reads that far within 5 minutes, or within 1 hour "
        "for writes with that or an unknown lifetime; without a session id, requests with the same feature and key "
        "count as one session"
    ),
    (
        "low: only sessions that never read anything back; the last turn of a conversation is never read, and nobody "
        "knows in advance which turn is the last"
    ),
]


def find(evidence: Evidence) -> LeverResult:
    """Return the premium of cache writes that no request read within their lifetime."""
    worth = Worth(evidence)
    rows = evidence.rows(Unread)
    gains = list(_gains(worth, rows))
    return LeverResult(
        rows=worth.rows(gains),
        evidence=list(_sentences(rows, gains)),
        assumptions=ASSUMPTIONS,
        missing=gap(evidence, "cache_reads", "a count of cached tokens"),
    )


def _gains(worth: Worth, rows: list[Unread]) -> Iterator[Gain]:
    for row in rows:
        rates = worth.rates(row.as_cell())
        if rates is None:
            continue
        plain = rate(rates, "input_tokens")
        lost = worth.paid(
            row,
            total(
                times(max(rate(rates, counter) - plain, ZERO), count)
                for counter, count in zip(COUNTERS, row.amount, strict=True)
            ),
        )
        yield Gain(row, lost, lost if row.never_read else ZERO, lost, row.requests if row.is_unread else 0)


def _sentences(rows: list[Unread], gains: list[Gain]) -> Iterator[str]:
    written = sum(row.spare for row in rows)
    if not written:
        return
    unread = sum(sum(row.amount) for row in rows)
    share = percent(Decimal(unread), Decimal(written))
    yield f"{written:,} tokens were written to caches; {unread:,} of them ({share:.1f}%) were not read in time"
    never = [row for row in rows if row.never_read]
    if never:
        usd = total(gain.low for gain in gains)
        tokens = sum(sum(row.amount) for row in never)
        yield f"{tokens:,} of those are in sessions that never read anything back: {shown(usd)}"


LEVER = Lever(
    "cache_writes",
    "Cache writes never read",
    40,
    find,
    "Remove cache breakpoints from one-off requests, move content that changes after the last breakpoint, and choose a "
    "cache lifetime that covers the pause between turns.",
)
