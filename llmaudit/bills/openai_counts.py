"""OpenAI: the counts of a usage export as disjoint kinds of tokens, for its API pages and for the dashboard's table."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from llmaudit import usage
from llmaudit.bills.base import TokenKind

Counts = dict[TokenKind, Decimal | None]

PARTS: tuple[tuple[TokenKind, TokenKind, str], ...] = (
    ("cache_write_other", "cache_write_30m", "input_cache_write_30m_tokens"),
    ("cache_write_other", "cache_write_12h", "input_cache_write_12h_tokens"),
    ("input", "input_audio", "input_audio_tokens"),
    ("input", "input_image", "input_image_tokens"),
    ("cache_read", "cache_read_audio", "input_cached_audio_tokens"),
    ("cache_read", "cache_read_image", "input_cached_image_tokens"),
    ("output", "output_audio", "output_audio_tokens"),
    ("output", "output_image", "output_image_tokens"),
)
"""A kind, a part of it that has a price of its own, and the export's name for that part."""


def counts_of(told_as: Callable[[str], Decimal | None], *, caches: bool = True) -> tuple[Counts, bool]:
    """Return the disjoint counts of one result, and whether its counts contradict each other.

    Every whole includes its parts: `input_tokens` what was read from a cache or written to one, and each kind its audio
    and images. Writes that are not told apart by lifetime stay `cache_write_other`.

    Args:
        told_as: A count by its name in the export, or None where the export does not tell it.
        caches: Whether prompts of this family are cached at all; if so, input without a count of cached tokens is not
            told apart (`input_all`).
    """
    whole, read, rest = (told_as(name) for name in ("input_tokens", "input_cached_tokens", "input_uncached_tokens"))
    written = told_as("input_cache_write_tokens")
    if written is None and None not in {whole, read, rest}:
        written = usage.uncached(whole, read, rest) or None  # a table without a column for writes; what is left is one
    fresh = usage.uncached(whole, read, written) if rest is None else rest
    contradicts = (whole is not None and fresh is None) or _exceeds(whole, read, written, rest)
    kinds: Counts = {
        "input": fresh,
        "cache_read": read,
        "cache_write_other": written,
        "output": told_as("output_tokens"),
    }
    if caches and whole is not None and read is None and rest is None:
        kinds = {"input_all": whole, "output": kinds["output"]}
    for kind, part, name in PARTS:
        count, base = told_as(name), kinds.get(kind)
        if count and base is not None:
            kinds[kind], kinds[part] = usage.uncached(base, count), count
            contradicts = contradicts or kinds[kind] is None
    return kinds, contradicts


def _exceeds(whole: Decimal | None, *parts: Decimal | None) -> bool:
    """Say whether the parts, if all are given, do not add up to the whole."""
    return None not in {whole, *parts} and usage.uncached(whole, *parts) != 0
