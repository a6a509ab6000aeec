"""The seven-point gateway checklist, answered only from evidence in the logs.

If the logs hold nothing about a question, the answer is `no-evidence`, never `pass`. There is one file per question.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from llmaudit.evidence import Evidence
from llmaudit.findings.checklist import escape, failover, latency, limits, observability, routing, schema
from llmaudit.findings.checklist.base import Item

QUESTIONS: tuple[Callable[[Evidence], Item], ...] = (
    schema.answer,
    failover.answer,
    routing.answer,
    latency.answer,
    observability.answer,
    limits.answer,
    escape.answer,
)
"""The checklist, in order."""


class Checklist(msgspec.Struct, frozen=True):
    """The seven answers.

    Attributes:
        items: In order.
        counts: Answers by status.
        caveat: What a log cannot tell.
    """

    items: list[Item]
    counts: dict[str, int]
    caveat: str = (
        "The answers come from what the logs show. A gateway may be able to do things it never had to do here; its "
        "configuration is not examined."
    )


def find(evidence: Evidence) -> Checklist | None:
    """Return the seven answers; None where there is no request."""
    if not evidence.cells:
        return None
    items = [answer(evidence) for answer in QUESTIONS]
    counts = {
        status: sum(item.status == status for item in items) for status in ("pass", "warn", "fail", "no-evidence")
    }
    return Checklist(items, counts)
