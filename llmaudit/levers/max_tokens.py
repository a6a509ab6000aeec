"""Answers cut off at their token limit, paid for but useless; and limits far above actual use, which cost quota."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from llmaudit.evidence import Evidence
from llmaudit.levers import response_cache
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.levers.worth import Gain, Worth, gap
from llmaudit.money import ZERO, percent, shown, total
from llmaudit.phrases import counted
from llmaudit.summaries.cutoff import CutOff
from llmaudit.summaries.repeats import Repeat
from llmaudit.summaries.reserved import Reserved

ASSUMPTIONS = [
    (
        "expected: an answer cut off at its limit is useless, unless the limit is 16 tokens or less and the cut is "
        "intended; low: only answers where JSON was asked for, which is useless without its end"
    ),
    "with a high enough limit the answer would have been paid for once; the cost of its missing end is not deducted",
]


def find(evidence: Evidence) -> LeverResult:
    """Return what answers cost that were cut off at their limit; unused length is given in tokens, not money."""
    worth = Worth(evidence)
    priced = [(row, spent) for row in evidence.rows(CutOff) if (spent := worth.spent(row)) is not None]
    gains = [Gain(row, spent, spent if row.is_json else ZERO, spent) for row, spent in priced if not row.is_short]
    repeats = [(row, spent) for row in evidence.rows(Repeat) if row.cut and (spent := worth.spent(row)) is not None]
    return LeverResult(
        rows=worth.rows(gains),
        evidence=[*_cut(priced), *_reserved(evidence.rows(Reserved))],
        assumptions=ASSUMPTIONS,
        missing=gap(evidence, "endings", "a finish reason"),
        included={response_cache.LEVER.name: worth.rows(_common(row, spent) for row, spent in repeats)},
    )


def _common(row: Repeat, spent: Decimal) -> Gain:
    """Return what a response cache saves of answers that were cut off as well: they are then asked for by nobody."""
    gain = response_cache.gain_of(row, spent)
    return gain if row.cut == "json" else replace(gain, low=ZERO)


def _cut(priced: list[tuple[CutOff, Decimal]]) -> Iterator[str]:
    above_limit = [(row, spent) for row, spent in priced if not row.is_short]
    count = sum(row.requests for row, _ in above_limit)
    if count:
        yield f"{counted(count, 'answer')} cut off at the limit: {shown(total(spent for _, spent in above_limit))}"
    short = sum(row.requests for row, _ in priced if row.is_short)
    if short:
        yield f"{counted(short, 'more answer')} left out because the limit was 16 tokens or less"


def _reserved(rows: list[Reserved]) -> Iterator[str]:
    limited = sum(row.limited for row in rows)
    reserved, used = sum(row.reserved_tokens for row in rows), sum(row.used_tokens for row in rows)
    share = percent(Decimal(used), Decimal(reserved))
    if share is None:
        return
    yield (
        f"{counted(limited, 'answer')} used {used:,} of {reserved:,} reserved output tokens ({share:.1f}%): no seller "
        "here charges for the rest, but tokens-per-minute limits count it"
    )
    refused = sum(row.rate_limited for row in rows if row.reserved_tokens)
    widest = max(rows, key=lambda row: row.reserved_tokens - row.used_tokens)
    yield (
        f"rate limits refused {counted(refused, 'request')} of the traffic that reserves output; most is left unused "
        f"by {widest.feature or 'requests without a feature'} on {widest.model}"
    )


LEVER = Lever(
    "max_tokens",
    "Answers cut off at their limit",
    30,
    find,
    "Raise the limit where answers are cut off, or ask for shorter answers. Elsewhere set it close to the longest "
    "useful answer, which frees up rate limit.",
)
