"""LiteLLM's price keys: `input_cost_per_token_above_272k_tokens_batches` to unit, conditions and scale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.catalog.build.fact import MILLION

ONE = Decimal(1)
TOKEN_UNITS: dict[str, str] = {  # stem -> unit; dollars per token
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "reasoning",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",  # 5m or other, by maker
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "cache_creation_input_token_cost_above_12hr": "cache_write_12h",
    "cache_creation_input_audio_token_cost": "cache_write_audio",
    "cache_read_input_audio_token_cost": "cache_read_audio",
    "cache_read_input_image_token_cost": "cache_read_image",
    "input_cost_per_audio_token": "input_audio",
    "output_cost_per_audio_token": "output_audio",
    "input_cost_per_image_token": "input_image",
    "output_cost_per_image_token": "output_image",
    "input_cost_per_video_token": "input_video",
    "output_cost_per_video_token": "output_video",
    "citation_cost_per_token": "citation",
}
PIECE_UNITS: dict[str, str] = {  # stem -> unit; dollars each
    "input_cost_per_character": "input_character",
    "output_cost_per_character": "output_character",
    "input_cost_per_image": "image_in",
    "output_cost_per_image": "image",
    "input_cost_per_request": "request",
    "input_cost_per_query": "query",
    "input_cost_per_text_message": "text_message",
    "input_cost_per_audio_per_second": "second_audio_in",
    "input_cost_per_video_per_second": "second_video_in",
    "output_cost_per_video_per_second": "second_video",
    "ocr_cost_per_page": "input_page",
    "annotation_cost_per_page": "input_page_annotated",
    "google_maps_grounding_cost_per_query": "maps_search",
    "code_interpreter_cost_per_session": "code_session",
    "search_context_cost_per_query": "web_search",
}
SECONDS: dict[tuple[str, str], str] = {  # (stem, the model's mode) -> unit; a second of what depends on the mode
    ("input_cost_per_second", "audio_transcription"): "second_audio_in",
    ("output_cost_per_second", "video_generation"): "second_video",
    ("output_cost_per_second", "audio_speech"): "second_audio_out",
}
TIERS: dict[str, dict[str, object]] = {
    "batches": {"batch": "true"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "ultrafast": {"service_tier": "ultrafast"},
    "balanced": {"service_tier": "balanced"},
}
_TIER = re.compile(r"_(batches|flex|priority|ultrafast|balanced)$")
_ABOVE = re.compile(r"_above_(\d+)k_tokens$")
NO_PRICE = re.compile(r"cost(?!.*dbu)|_price|pricing")
"""Keys that look like a price; one of these that is not understood is counted."""


@dataclass(frozen=True)
class Key:
    """What a key means.

    Attributes:
        unit: Our unit; `cache_write` still without its lifetime.
        above: The threshold of a long-prompt price, in tokens.
        conditions: Tier or batch.
        scale: From the key's price to ours.
    """

    unit: str
    above: int | None
    conditions: dict[str, object]
    scale: Decimal


def parse(key: str, mode: str) -> Key | None:
    """Return what a price key means for a model of a mode, or None where it is not understood."""
    tier = _TIER.search(key)
    stem = key[: tier.start()] if tier else key
    above = _ABOVE.search(stem)
    stem = stem[: above.start()] if above else stem
    conditions = TIERS[tier[1]] if tier else {}
    tokens = int(above[1]) * 1000 if above else None
    if stem in TOKEN_UNITS:
        return Key(TOKEN_UNITS[stem], tokens, conditions, MILLION)
    unit = PIECE_UNITS.get(stem) or SECONDS.get((stem, mode))
    return Key(unit, tokens, conditions, ONE) if unit else None
