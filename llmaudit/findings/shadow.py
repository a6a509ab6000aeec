"""What shadow tests showed: which tiers may move, at what cost and latency, and whether the data suffice to say so."""

from __future__ import annotations

import msgspec

from llmaudit.evidence import Evidence
from llmaudit.shadow.model import Analysis


class Shadow(msgspec.Struct, frozen=True):
    """Every shadow test in the database.

    Attributes:
        tests: Their analyses, by name.
        caveat: What they cannot tell.
    """

    tests: list[Analysis]
    caveat: str = (
        "A shadow test compares single answers to the same prompt. It cannot tell what a user would have asked next, "
        "how load would change with all traffic moved, or whether the score measures what users value. "
        '"Not decided" never means "no difference".'
    )


def find(evidence: Evidence) -> Shadow | None:
    """Return the analysis of every shadow test, or None where there is none."""
    if not evidence.shadow:
        return None
    from llmaudit.shadow.analysis import analyze  # noqa: PLC0415 -- scipy only where there is a test to read

    return Shadow([test if isinstance(test, Analysis) else analyze(*test) for test in evidence.shadow])
