"""What spans of the AI SDK hand on of the provider's own usage, beside the sums that the SDK writes.

The SDK before 6 writes two counts for a call that is not streamed, in which caches cannot be seen, Anthropic's prompt
is short of them, and Gemini's answer is short of its thoughts. `ai.response.providerMetadata` has what was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from llmaudit import usage
from llmaudit.formats.values import as_number, mapping

METADATA = "ai.response.providerMetadata"
"""JSON text: what each provider says of its answer, by the provider's name."""

BLIND = "ai.usage.promptTokens"
"""The count of a version that says nothing of caches and reasoning under a name of its own."""

_PARTS = {
    "read": ("cacheReadInputTokens", "cachedPromptTokens", "promptCacheHitTokens"),
    "written": ("cacheCreationInputTokens", "cacheWriteInputTokens"),
    "reasoning": ("reasoningTokens",),
}
"""Counts that providers add to the SDK's sums."""


class Told(NamedTuple):
    """Counts in a provider's own terms, and what stands apart in them."""

    reading: usage.Reading
    rule: usage.Rule


def own_usage(attributes: Mapping[str, Any]) -> Told | None:
    """Return the provider's whole usage object, where the span has it: Anthropic's or Gemini's.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    for about in _providers(attributes):
        own = mapping(about.get("usage"))
        if own.get("input_tokens") is not None and "output_tokens" in own:
            return Told(_anthropic(own), usage.CACHE_APART)
        own = mapping(about.get("usageMetadata"))
        if own.get("promptTokenCount") is not None:
            return Told(_gemini(own), usage.REASONING_APART)
    return None


def with_parts(reading: usage.Reading, attributes: Mapping[str, Any]) -> usage.Reading:
    """Return a reading with the parts that it lacks and the provider names."""
    for about in _providers(attributes):
        for holder in (about, mapping(about.get("usage"))):
            for part, names in _PARTS.items():
                found = next((as_number(holder[name]) for name in names if name in holder), None)
                if found is not None and getattr(reading, part) is None:
                    reading = reading._replace(**{part: found})
    return reading


def is_blind(reading: usage.Reading, attributes: Mapping[str, Any]) -> bool:
    """Say whether nothing in a span says what of its counts was cached or thought: that is unknown then, and not 0."""
    return BLIND in attributes and reading.read is None and reading.written is None and reading.reasoning is None


def _providers(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = attributes.get(METADATA)
    try:
        told = msgspec.json.decode(text) if isinstance(text, str) else text
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return []
    return [each for each in mapping(told).values() if isinstance(each, dict)]


def _anthropic(own: Mapping[str, Any]) -> usage.Reading:
    lasting = mapping(own.get("cache_creation"))
    return usage.Reading(
        as_number(own.get("input_tokens")),
        as_number(own.get("output_tokens")),
        None,
        as_number(own.get("cache_read_input_tokens")),
        as_number(own.get("cache_creation_input_tokens")),
        as_number(mapping(own.get("output_tokens_details")).get("thinking_tokens")),
        as_number(lasting.get("ephemeral_5m_input_tokens")),
        as_number(lasting.get("ephemeral_1h_input_tokens")),
    )


def _gemini(own: Mapping[str, Any]) -> usage.Reading:
    return usage.gemini(
        as_number(own.get("promptTokenCount")),
        as_number(own.get("candidatesTokenCount")),
        cached=as_number(own.get("cachedContentTokenCount")),
        thoughts=as_number(own.get("thoughtsTokenCount")),
        tool_prompt=as_number(own.get("toolUsePromptTokenCount")),
        total=as_number(own.get("totalTokenCount")),
    )
