"""The whole check as one JSON document."""

from __future__ import annotations

from llmaudit.gate.check import Check
from llmaudit.jsonform import to_text


def render(check: Check) -> str:
    """Return the document; it is complete also where there is nothing to say."""
    return to_text(check)
