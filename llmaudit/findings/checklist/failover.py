"""Question 2: are failures of the primary answered elsewhere before the caller notices?"""

from __future__ import annotations

from llmaudit.dependence.outages import outages
from llmaudit.evidence import Evidence
from llmaudit.findings.checklist.base import Item, Status, of, share
from llmaudit.summaries.hours import HourRow

GOOD_PCT, POOR_PCT, ENOUGH = 95.0, 50.0, 20
RULE = (
    "counted are failed attempts that are not the caller's fault and whose call is known; "
    f"pass: {GOOD_PCT:.0f}% were answered in the same call, some of them by another seller; "
    f"fail: under {POOR_PCT:.0f}% were answered, or there are {ENOUGH} or more and another seller answered none; "
    "no-evidence: nothing failed, or no call ids are logged"
)


def answer(evidence: Evidence) -> Item:
    """Return the answer: what became of the calls behind failed attempts."""
    rows = evidence.rows(HourRow)
    again, elsewhere = sum(row.answered_again for row in rows), sum(row.answered_elsewhere for row in rows)
    nobody, unlinked = sum(row.unanswered for row in rows), sum(row.unlinked for row in rows)
    linked = again + elsewhere + nobody
    fallbacks, fallbacks_ok = sum(row.fallbacks for row in rows), sum(row.fallbacks_ok for row in rows)
    alone = sum(outage.hours_without_fallback for outage in outages(rows))
    sentences = [f"{sum(row.outside for row in rows):,} attempts failed through no fault of the caller"]
    if linked:
        sentences += [
            f"{of(elsewhere, linked, 'failed attempts')} were answered by another seller in the same call",
            f"{of(again, linked, 'failed attempts')} were later answered by the same seller",
            f"{of(nobody, linked, 'failed attempts')} were never answered",
            f"{of(fallbacks_ok, fallbacks, 'fallbacks')} to another model or seller were answered",
            f"{alone:,} outage hours passed without a fallback",
        ]
    if unlinked:
        sentences.append(
            f"{unlinked:,} failed attempts have no call id, so the log does not show how their calls ended"
        )
    status = _status(linked, again + elsewhere, elsewhere)
    return Item(
        id="failover",
        title="Failover: errors, timeouts and 429s are answered elsewhere before the caller notices",
        status=status,
        evidence=sentences,
        next_step=_next(status),
        rule=RULE,
    )


def _status(linked: int, answered: int, elsewhere: int) -> Status:
    if not linked:
        return "no-evidence"
    if share(answered, linked) < POOR_PCT or (not elsewhere and linked >= ENOUGH):
        return "fail"
    if not elsewhere:
        return "warn"
    return "pass" if share(answered, linked) >= GOOD_PCT else "warn"


def _next(status: Status) -> str:
    return {
        "pass": "Keep the fallback chains, and test them on purpose once a quarter.",
        "warn": "Retry at another seller sooner, and give every route a fallback chain.",
        "fail": "Give every route an ordered fallback chain at another seller, and retry there, not where it failed.",
    }.get(status, "Log one call id for all attempts of a call, so that failovers can be seen.")
