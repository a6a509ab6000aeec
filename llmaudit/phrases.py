"""Numbers with their nouns, phrased the same way in every sentence."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a count with its noun, such as `1 request`, `2,000 requests`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
