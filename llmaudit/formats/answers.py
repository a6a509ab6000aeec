"""A provider's answer that a gateway logged whole: an object, JSON text, or the text of a captured stream.

Only counts and names are read; the words of the answer are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.values import Count
from llmaudit.request import Request


class PromptDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the prompt count."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None


class OutputDetails(msgspec.Struct, gc=False, omit_defaults=True):
    """Parts of the output count."""

    reasoning_tokens: Count = None
    thinking_tokens: Count = None


class Lifetimes(msgspec.Struct, gc=False, omit_defaults=True):
    """Anthropic's cache writes by lifetime."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class Usage(msgspec.Struct, gc=False, omit_defaults=True):
    """A usage object of OpenAI's chat or Responses API, of what is compatible with them, or of Anthropic."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    prompt_cache_hit_tokens: Count = None
    input_tokens: Count = None
    output_tokens: Count = None
    input_tokens_details: PromptDetails | None = None
    output_tokens_details: OutputDetails | None = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_creation: Lifetimes | None = None
    service_tier: str | None = None
    speed: str | None = None

    @property
    def cached(self) -> Count:
        """Prompt tokens read from a cache, under whichever name."""
        details = self.prompt_tokens_details or self.input_tokens_details
        if details is not None and details.cached_tokens is not None:
            return details.cached_tokens
        return self.prompt_cache_hit_tokens if self.cache_read_input_tokens is None else self.cache_read_input_tokens

    @property
    def written(self) -> Count:
        """Prompt tokens written to a cache, under whichever name."""
        details = self.prompt_tokens_details or self.input_tokens_details
        if details is not None and details.cache_write_tokens is not None:
            return details.cache_write_tokens
        return self.cache_creation_input_tokens

    @property
    def reasoning(self) -> Count:
        """Output tokens that were reasoning, under whichever name."""
        details = self.completion_tokens_details or self.output_tokens_details or OutputDetails()
        return details.thinking_tokens if details.reasoning_tokens is None else details.reasoning_tokens


class Choice(msgspec.Struct, gc=False):
    """One answer; its text is read past."""

    finish_reason: str | None = None


class Answer(msgspec.Struct, gc=False):
    """An answer, or one event of a stream."""

    id: str | None = None
    type: str | None = None
    model: str | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    stop_reason: str | None = None
    choices: list[Choice] | None = None
    message: Any = None
    response: Any = None

    @property
    def finish(self) -> str | None:
        """Why it ended."""
        return self.choices[0].finish_reason if self.choices else self.stop_reason


_answer = msgspec.json.Decoder(Answer).decode


def answer_in(body: object) -> Answer | None:
    """Return the answer in a logged body, or None where it holds none that can be read (cut off, or no JSON).

    Args:
        body: A decoded object, JSON text, or the text of a stream; all its chunks as a list do as well.
    """
    try:
        if isinstance(body, dict):
            return msgspec.convert(body, Answer)
        if isinstance(body, list):
            return _joined(msgspec.convert(chunk, Answer) for chunk in body if isinstance(chunk, dict))
        if not isinstance(body, str):
            return None
        text = body.strip()
        if text.startswith("{"):
            return _joined(map(_answer, text.splitlines())) if "}\n{" in text else _answer(text)
        return _joined(map(_answer, _data_of(text)))
    except msgspec.MsgspecError:
        return None


def _data_of(stream: str) -> Iterator[str]:
    for line in stream.splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data.startswith("{"):
            yield data


def _joined(chunks: Iterator[Answer]) -> Answer | None:
    """Return what the events of a stream say together.

    OpenAI's last chunk has the usage of the call. Anthropic's first event has the prompt's, and its last the output's,
    cumulative: what a later event states replaces what an earlier one stated.
    """
    whole: Answer | None = None
    for event in chunks:
        inner = event.message if event.message is not None else event.response
        said = msgspec.convert(inner, Answer) if isinstance(inner, dict) else event
        whole = whole or Answer()
        for name in ("id", "model", "service_tier"):
            setattr(whole, name, getattr(whole, name) or getattr(said, name))
        whole.choices = said.choices or whole.choices
        whole.stop_reason = said.stop_reason or whole.stop_reason
        if said.usage is not None:
            whole.usage = _over(whole.usage, said.usage)
    return whole


def _over(before: Usage | None, now: Usage) -> Usage:
    if before is None:
        return now
    stated = {name: value for name in Usage.__struct_fields__ if (value := getattr(now, name)) is not None}
    return msgspec.structs.replace(before, **stated)


def fill_tier(request: Request, answer: Answer) -> None:
    """Fill the tier that served an answer, in place; without it a flex or priority call has the ordinary price.

    OpenAI states it beside the usage, Anthropic in it: there `batch` is a price of its own and no tier, and fast mode
    stands under `speed`.
    """
    used = answer.usage or Usage()
    if used.service_tier == "batch":
        request.is_batch = True
    elif used.speed == "fast":
        request.service_tier = used.speed
    else:
        request.service_tier = answer.service_tier or used.service_tier


def fill_usage(request: Request, used: Usage) -> None:
    """Fill the counters from a provider's own usage object, by the names it uses, in place.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    lifetimes = used.cache_creation or Lifetimes()
    if used.prompt_tokens is None and used.input_tokens_details is None and used.input_tokens is not None:
        usage.anthropic(
            request,
            uncached=used.input_tokens,
            output=used.output_tokens,
            read=used.cache_read_input_tokens,
            written=used.cache_creation_input_tokens,
            written_5m=lifetimes.ephemeral_5m_input_tokens,
            written_1h=lifetimes.ephemeral_1h_input_tokens,
            thinking=used.reasoning,
        )
    else:
        usage.openai(
            request,
            prompt=used.input_tokens if used.prompt_tokens is None else used.prompt_tokens,
            completion=used.output_tokens if used.completion_tokens is None else used.completion_tokens,
            cached=used.cached,
            written=used.written,
            reasoning=used.reasoning,
        )
    request.raw_usage = msgspec.json.encode(used).decode()
