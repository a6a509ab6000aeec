"""Question 6: does the gateway limit rates itself, or do the providers' limits do it?"""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.dependence.storms import storms
from llmaudit.errors import printable
from llmaudit.evidence import Evidence
from llmaudit.findings.checklist.base import Item, Status, share
from llmaudit.summaries.fields import FieldCounts
from llmaudit.summaries.hours import HourRow
from llmaudit.summaries.rate_limits import LimitedMinute

NAMES_PCT = 95.0
RULE = (
    f"a refusal (429) counts as the gateway's own if it names no seller while {NAMES_PCT:.0f}% of the gateway's good "
    "answers do; "
    "pass: the gateway refuses, and no storm reached a provider; "
    "warn: the gateway refuses, but storms reached providers anyway; "
    "fail: storms reached providers, and the gateway never refused; "
    "no-evidence: there were neither refusals nor storms, or it is unknown who refused"
)


def answer(evidence: Evidence) -> Item:
    """Return the answer: refusals by the gateway, refusals by providers, and storms of them."""
    minutes = evidence.rows(LimitedMinute)
    naming = _naming(evidence.rows(FieldCounts))
    limited = sum(row.rate_limited for row in minutes)
    own = sum(row.rate_limited - row.named for row in minutes if row.gateway in naming)
    direct = sum(row.rate_limited for row in minutes if row.gateway is None)
    untold = sum(
        row.rate_limited - row.named for row in minutes if row.gateway is not None and row.gateway not in naming
    )
    all_storms = storms(minutes, evidence.rows(HourRow))
    retries = sum(storm.retries for storm in all_storms)
    behind = limited - own - untold - direct
    sentences = [
        f"{limited:,} requests were refused by a rate limit (429)",
        f"{own:,} of them by a gateway, {behind:,} by a provider behind one, {direct:,} by a provider called directly",
        f"for {untold:,} of them the log does not say who refused",
        f"{len(all_storms):,} storms, during which {retries:,} retries went to the same seller",
    ]
    sentences += [
        f"{printable(storm.gateway or 'direct', 60)}, {printable(storm.seller or 'unknown seller', 60)}, "
        f"{storm.start:%Y-%m-%d %H:%M} UTC: {storm.rate_limited:,} of about {storm.requests:,} requests in "
        f"{storm.minutes:,} minutes"
        for storm in sorted(all_storms, key=lambda storm: -storm.rate_limited)[:3]
    ]
    sentences.append("request logs do not show whether a limit is global, per user or per provider")
    naming_gateways = naming | {row.gateway for row in minutes if row.named} | {None}
    upstream = [storm for storm in all_storms if storm.gateway in naming_gateways]
    status: Status = ("warn" if own else "fail") if upstream else "pass" if own else "no-evidence"
    return Item(
        id="rate-limits",
        title="Rate limits at the gateway: global, per user, per provider",
        status=status,
        evidence=sentences,
        next_step=_next(status),
        rule=RULE,
    )


def _naming(rows: Sequence[FieldCounts]) -> set[str]:
    """Return the gateways whose good answers name who served them."""
    good: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.gateway is not None:
            named, whole = good.get(row.gateway, (0, 0))
            good[row.gateway] = (named + row.good_seller, whole + row.good)
    return {gateway for gateway, (named, whole) in good.items() if whole and share(named, whole) >= NAMES_PCT}


def _next(status: Status) -> str:
    return {
        "pass": "Keep the limits below the providers' own.",
        "warn": "Lower the gateway's limits for the providers that refused, and spread retries over other sellers.",
        "fail": "Set limits at the gateway below the providers' own, back off on a 429, and retry at another seller.",
    }.get(status, "Look up the limits in the gateway's configuration: nothing in the log hit one.")
