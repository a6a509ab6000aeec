"""The rule by which a source counts: whether cached tokens and reasoning are inside its two sums or beside them.

The counts of a source are first a `Reading`, in the source's own terms. A `Rule` then says what those include, and
thereby which counters they fill.
"""

from __future__ import annotations

from typing import NamedTuple

from llmaudit.request import Request
from llmaudit.usage.counters import anthropic, checked, openai


class Rule(NamedTuple):
    """What is counted beside the prompt and output counts rather than inside them."""

    cache_apart: bool
    reasoning_apart: bool


INSIDE = Rule(cache_apart=False, reasoning_apart=False)
"""OpenAI's way, which most gateways and tracing conventions follow: prompt + completion is everything."""

REASONING_APART = Rule(cache_apart=False, reasoning_apart=True)
"""Gemini's and xAI's way."""

CACHE_APART = Rule(cache_apart=True, reasoning_apart=False)
"""Anthropic's and Bedrock's way."""


class Reading(NamedTuple):
    """The counts of one record as its source names them, before anyone decides what includes what; None is absent."""

    prompt: int | float | None = None
    completion: int | float | None = None
    total: int | float | None = None
    read: int | float | None = None
    written: int | float | None = None
    reasoning: int | float | None = None
    written_5m: int | float | None = None
    written_1h: int | float | None = None


def by_rule(request: Request, reading: Reading, rule: Rule) -> None:
    """Fill the counters by a rule, in place.

    Args:
        request: Filled in place. `usage_status` becomes reported, missing or inconsistent.
        reading: The counts as the source has them.
        rule: What stands apart in them (`Study.rule`: what the file proves, else what is usual for the source).

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    output = checked("completion_tokens", reading.completion)
    reasoning = checked("reasoning_tokens", reading.reasoning)
    if rule.reasoning_apart and (output is not None or reasoning):
        output = (output or 0) + (reasoning or 0)
    if rule.cache_apart:
        anthropic(
            request,
            uncached=reading.prompt,
            output=output,
            read=reading.read,
            written=reading.written,
            written_5m=reading.written_5m,
            written_1h=reading.written_1h,
            thinking=reasoning,
        )
        return
    openai(
        request,
        prompt=reading.prompt,
        completion=output,
        cached=reading.read,
        written=reading.written,
        written_5m=reading.written_5m,
        written_1h=reading.written_1h,
        reasoning=reasoning,
    )


def gemini(
    prompt: int | float | None,
    candidates: int | float | None,
    *,
    cached: int | float | None = None,
    thoughts: int | float | None = None,
    tool_prompt: int | float | None = None,
    total: int | float | None = None,
) -> Reading:
    """Return Gemini's own usage object as a reading, whose usual rule is `REASONING_APART`.

    `promptTokenCount` includes what was read from a cache; prompts of tools stand beside it and are billed as input.
    `candidatesTokenCount` excludes thoughts, and is left out where everything was thought or blocked: then it is none.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    sent = checked("promptTokenCount", prompt)
    tools = checked("toolUsePromptTokenCount", tool_prompt) or 0
    answered = checked("candidatesTokenCount", candidates)
    if answered is None and sent is not None:
        answered = 0
    return Reading(None if sent is None else sent + tools, answered, total, cached, None, thoughts)
