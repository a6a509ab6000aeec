"""What usage exports leave open although prices depend on it, in words, and what to export to know it."""

from __future__ import annotations

from collections.abc import Iterable

from llmaudit.billing.listed import Listed
from llmaudit.findings.usage.model import Doubt

TEXTS: dict[str, str] = {
    "tier": "the export does not state the service tier: list is the ordinary tier, the bounds cover every priced tier",
    "batch": "the export does not separate batches: list assumes none, the low bound assumes all usage is batched",
    "speed": "the export does not separate fast mode: list assumes none, the high bound assumes all usage is fast",
    "context": "the export does not state prompt sizes: list assumes short prompts, the high bound assumes long ones",
    "region": "the export does not state the region: list is the global price, the high bound the regional one",
    "mode": "the export does not state whether the model reasoned: list assumes that it did not",
    "time": "a price changes within the period of a line: there is no list price for it, only bounds",
    "lifetime": "the export does not state cache write lifetimes: list is the shortest, the high bound the longest",
    "kind": "the export does not separate cached from uncached input: there is no list price for it, only bounds",
}

DIMENSIONS: dict[str, dict[str, str]] = {
    "openai": {"tier": "service_tier", "batch": "batch"},
    "anthropic": {
        "tier": "service_tier",
        "batch": "service_tier",
        "speed": "speed",
        "context": "context_window",
        "region": "inference_geo",
    },
}
"""What to group a seller's usage API by, to be told."""

ELSE: dict[str, str] = {
    "time": "Export usage by the hour or minute (bucket_width).",
    "lifetime": "Use the API's export, which lists writes by lifetime.",
    "kind": "Use the API's export, which lists cached input separately.",
}


def explained(seller: str, listed: Iterable[Listed]) -> list[Doubt]:
    """Return every doubt that widens the bounds of a seller's usage, in the order of `TEXTS`."""
    found = {doubt for one in listed for doubt in one.doubts}
    return [Doubt(name, text, _next(seller, name)) for name, text in TEXTS.items() if name in found]


def _next(seller: str, name: str) -> str:
    dimension = DIMENSIONS.get(seller, {}).get(name)
    if dimension is not None:
        return f"Export usage grouped by {dimension} too."
    return ELSE.get(name, "No export of this seller states it; the logs do.")
