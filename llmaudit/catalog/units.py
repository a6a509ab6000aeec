"""What prices are for: the units of the catalog, and the quantities of a request that they apply to.

The list cost of a request is linear in its quantities (`PRICED`), so costs of cells and of rows are the same sum. The
six counters are disjoint. A sub-count (reasoning, audio, images) is inside one of them: its factor is the difference
between its own rate and the rate of that counter, and 0 where the seller charges the same for both.
"""

from __future__ import annotations

from typing import Literal, get_args

from llmaudit.request import COUNTERS

TokenUnit = Literal[
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_12h",
    "cache_write_other",
    "output",
    "reasoning",
    "input_audio",
    "input_image",
    "input_video",
    "cache_read_audio",
    "cache_read_image",
    "cache_write_audio",
    "output_audio",
    "output_image",
    "output_video",
    "citation",
    "cache_storage_hour",
]
"""Priced per million tokens (`cache_storage_hour`: per million tokens and hour)."""

PieceUnit = Literal[
    "request",
    "query",
    "web_search",
    "web_search_low",
    "web_search_medium",
    "web_search_high",
    "web_search_preview",
    "web_fetch",
    "file_search",
    "maps_search",
    "code_session",
    "code_hour",
    "file_storage_gb_day",
    "image",
    "image_in",
    "input_page",
    "input_page_annotated",
    "input_character",
    "output_character",
    "second_audio_in",
    "second_audio_out",
    "hour_audio",
    "hour_audio_in",
    "second_video",
    "second_video_in",
    "text_message",
    "log",
]
"""Priced each."""

Unit = TokenUnit | PieceUnit
TOKEN_UNITS: frozenset[str] = frozenset(get_args(TokenUnit))
PIECE_UNITS: frozenset[str] = frozenset(get_args(PieceUnit))

FALLBACKS: dict[str, tuple[TokenUnit, ...]] = {
    "input_tokens": ("input",),
    "cache_read_tokens": ("cache_read", "input"),
    "cache_write_5m_tokens": ("cache_write_5m", "cache_write_other", "input"),
    "cache_write_1h_tokens": ("cache_write_1h", "cache_write_other", "input"),
    "cache_write_other_tokens": ("cache_write_other", "cache_write_5m", "input"),
    "output_tokens": ("output",),
}
"""The rate of each counter; where no cache rate is on record, cached tokens cost what input does."""

SUB_COUNTS: dict[str, tuple[str, TokenUnit]] = {
    "reasoning_tokens": ("output_tokens", "reasoning"),
    "input_audio_tokens": ("input_tokens", "input_audio"),
    "input_image_tokens": ("input_tokens", "input_image"),
    "output_audio_tokens": ("output_tokens", "output_audio"),
    "output_image_tokens": ("output_tokens", "output_image"),
    "cache_read_audio_tokens": ("cache_read_tokens", "cache_read_audio"),
}
"""Counts inside a counter: which one they lie in, and the unit that may price them apart."""

PIECES: dict[str, PieceUnit] = {"web_searches": "web_search", "requests": "request"}
"""Counts of things that are no tokens, with their unit."""

PRICED: tuple[str, ...] = (*COUNTERS, *SUB_COUNTS, *PIECES)
"""The quantities a list cost is linear in, in the order of every rate vector."""
