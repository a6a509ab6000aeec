"""What spans of the AI SDK and of LiteLLM hand on of the provider's own usage, beside the sums that they write.

The SDK before 6 writes two counts for a call that is not streamed, in which caches cannot be seen, Anthropic's prompt
is short of them, and Gemini's answer is short of its thoughts. `ai.response.providerMetadata` has what was lost.

LiteLLM's span of a call has two sums as well. The span of the raw answer below it has the usage object, written as
Python writes a dict.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmaudit import usage
from llmaudit.formats.values import as_number, mapping, object_in

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


LITELLM = "litellm"
"""The scope of LiteLLM's spans."""

MAX_TEXT = 20_000
"""A longer text is no usage object."""


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


def is_blind(reading: usage.Reading, attributes: Mapping[str, Any], scope: str) -> bool:
    """Say whether nothing in a span says what of its counts was cached or thought: that is unknown then, and not 0."""
    parts = (reading.read, reading.written, reading.reasoning)
    return (BLIND in attributes or scope == LITELLM) and all(part is None for part in parts)


def raw_usage(attributes: Mapping[str, Any], scope: str) -> Told | None:
    """Return what LiteLLM's span of a raw answer says of the usage, for the call around it.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    if scope != LITELLM:
        return None
    for name, value in attributes.items():
        if name.startswith("llm.") and name.endswith((".usage", ".usageMetadata")) and isinstance(value, str):
            return _told(_literal(value))
    return None


def _literal(text: str) -> dict[str, Any]:
    try:
        return mapping(ast.literal_eval(text)) if len(text) <= MAX_TEXT else {}
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}


def _told(own: Mapping[str, Any]) -> Told | None:
    """Return a usage object of Gemini's, Anthropic's or OpenAI's, told apart by its names."""
    if own.get("promptTokenCount") is not None:
        return Told(_gemini(own), usage.REASONING_APART)
    if own.get("input_tokens") is not None and "input_tokens_details" not in own:
        return Told(_anthropic(own), usage.CACHE_APART)
    prompt, answer = (own.get("prompt_tokens"), own.get("completion_tokens"))
    sent, made = (mapping(own.get(f"{side}_tokens_details")) for side in ("prompt", "completion"))
    if prompt is None:
        prompt, answer = (own.get("input_tokens"), own.get("output_tokens"))
        sent, made = (mapping(own.get(f"{side}_tokens_details")) for side in ("input", "output"))
    if prompt is None:
        return None
    reading = usage.Reading(
        as_number(prompt),
        as_number(answer),
        as_number(own.get("total_tokens")),
        as_number(sent.get("cached_tokens")),
        as_number(sent.get("cache_write_tokens")),
        as_number(made.get("reasoning_tokens")),
    )
    return Told(reading, usage.INSIDE)


def _providers(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in object_in(attributes.get(METADATA)).values() if isinstance(each, dict)]


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
