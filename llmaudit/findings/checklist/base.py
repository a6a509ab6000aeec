"""What an answer of the checklist consists of."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["pass", "warn", "fail", "no-evidence"]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One question and its answer from the logs.

    Attributes:
        id: Its slug.
        title: The question.
        status: pass, warn, fail, or no-evidence where the logs cannot tell: absence of proof is never a pass.
        evidence: Sentences with numbers.
        next_step: What to do now.
        rule: What makes each status.
    """

    id: str
    title: str
    status: Status
    evidence: list[str]
    next_step: str
    rule: str


def share(part: int, whole: int) -> float:
    """Return a share in percent; 0 of nothing."""
    return 100 * part / whole if whole else 0.0


def of(part: int, whole: int, what: str) -> str:
    """Return a count with its whole and share, such as `3 of 4 requests (75.0%)`."""
    return f"{part:,} of {whole:,} {what} ({share(part, whole):.1f}%)"
