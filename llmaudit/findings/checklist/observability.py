"""Question 5: can every request be identified, attributed and explained?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmaudit.errors import printable
from llmaudit.evidence import Evidence
from llmaudit.findings.checklist.base import Item, Status, of, share
from llmaudit.summaries.fields import FieldCounts

GOOD_PCT, POOR_PCT = 95.0, 50.0
FIELDS = (
    ("request_id", "request id", "requests"),
    ("call_id", "call id shared by all attempts", "requests"),
    ("user", "user or key", "requests"),
    ("feature", "feature", "requests"),
    ("seller", "seller", "requests"),
    ("error_class", "error class", "failed"),
)
"""Field, what it is in words, and what it is counted over."""

RULE = (
    f"pass: at least {GOOD_PCT:.0f}% of the requests, or failed attempts, have each field "
    f"({', '.join(words for _, words, _ in FIELDS)}); fail: under {POOR_PCT:.0f}% have one of them; "
    "no-evidence: there are no requests"
)


def answer(evidence: Evidence) -> Item:
    """Return the answer: the share of rows that have each field, and who lacks it."""
    rows = evidence.rows(FieldCounts)
    shares, sentences = [], []
    for field, words, over in FIELDS:
        whole = sum(getattr(row, over) for row in rows)
        if not whole:
            continue
        have = sum(getattr(row, field) for row in rows)
        shares.append(share(have, whole))
        lacking = _lacking(rows, field, over) if have < whole else ""
        sentences.append(f"{words}: {of(have, whole, 'failed attempts' if over == 'failed' else 'requests')}{lacking}")
    status: Status
    if not shares:
        status = "no-evidence"
    elif min(shares) >= GOOD_PCT:
        status = "pass"
    else:
        status = "fail" if min(shares) < POOR_PCT else "warn"
    return Item(
        id="observability",
        title="Observability per request: ids, cost by user and feature, errors by provider",
        status=status,
        evidence=sentences or ["there are no requests"],
        next_step="Keep it that way when you add a gateway or a client."
        if status == "pass"
        else "Send the missing fields with each request (call id, user or key, feature), and log the seller.",
        rule=RULE,
    )


def _lacking(rows: Sequence[FieldCounts], field: str, over: str) -> str:
    missing: dict[str, int] = {}
    for row in rows:
        missing[row.gateway or "direct"] = (
            missing.get(row.gateway or "direct", 0) + getattr(row, over) - getattr(row, field)
        )
    return f"; missing at {', '.join(_most(missing.items()))}"


def _most(missing: Iterable[tuple[str, int]]) -> list[str]:
    most = sorted((-count, name) for name, count in missing if count)
    return [f"{printable(name, 60)} ({-count:,})" for count, name in most[:3]]
