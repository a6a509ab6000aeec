"""What usage exports leave open although prices depend on it, in words, and what to export to know it."""

from __future__ import annotations

from collections.abc import Iterable

from llmaudit.billing.listed import Listed
from llmaudit.findings.usage.model import Doubt

TEXTS: dict[str, str] = {
    "tier": "the service tier is not told: at list as the ordinary tier, the bounds have every tier with a price",
    "batch": "batches are not told apart: at list as if there were none, the low bound has all of it in batches",
    "speed": "the fast mode is not told apart: at list without it, the high bound has all of it in that mode",
    "context": "sizes of prompts are not told: at list as short prompts, the high bound has long ones",
    "region": "the region is not told: at list at the global price, the high bound has the regional one",
    "mode": "whether the model reasoned is not told: at list without it",
    "time": "a price changes within the span of a line: there is no list price of it, only bounds",
    "lifetime": "the lifetime of cache writes is not told: at list as the shortest, the high bound has the longest",
    "kind": "input is not told apart by cached and uncached: there is no list price of it, only bounds",
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
    "lifetime": "Take the export of the API, which has writes by lifetime.",
    "kind": "Take the export of the API, which has cached input apart.",
}


def explained(seller: str, listed: Iterable[Listed]) -> list[Doubt]:
    """Return every doubt that widens the bounds of a seller's usage, in the order of `TEXTS`."""
    found = {doubt for one in listed for doubt in one.doubts}
    return [Doubt(name, text, _next(seller, name)) for name, text in TEXTS.items() if name in found]


def _next(seller: str, name: str) -> str:
    dimension = DIMENSIONS.get(seller, {}).get(name)
    if dimension is not None:
        return f"Export usage grouped by {dimension} too."
    return ELSE.get(name, "No export of this seller tells it; the logs do.")
