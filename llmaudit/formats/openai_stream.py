"""Captured streams of OpenAI-shaped chat completions: chunks of one answer, whose usage comes last or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import hosted_chat
from llmaudit.formats.base import HELD, Context, Format, Held
from llmaudit.formats.hosted_chat import Completion, Groq, Usage
from llmaudit.formats.values import epoch, error_class
from llmaudit.request import Ignored, Reject, Request


class Problem(msgspec.Struct, gc=False):
    """An error in a stream, without its message."""

    type: str | None = None
    code: str | int | None = None


class Choice(msgspec.Struct, gc=False):
    """One choice; its text is not read."""

    finish_reason: str | None = None


class Chunk(msgspec.Struct, gc=False):
    """One chunk."""

    id: str | None = None
    object: str | None = None
    created: float | None = None
    model: str | None = None
    service_tier: str | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
    x_groq: Groq | None = None
    error: Problem | None = None
    comment: str | None = None


@dataclass
class Answer:
    """What the chunks of one answer have told so far."""

    number: int
    first: Chunk
    model: str | None = None
    service_tier: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    x_groq: Groq | None = None
    error: Problem | None = None


@dataclass
class Answers:
    """The answers of a file by id, in order; chunks of several streams may be interleaved."""

    found: dict[str, Answer] = field(default_factory=dict)


def convert(chunk: Chunk, context: Context) -> Held | Ignored:
    """Put what a chunk tells into its answer: the last usage counts, for some servers repeat it in every chunk."""
    answers: Answers = context.state
    if chunk.comment is not None:
        return Ignored("comment in a stream")
    if chunk.id is None and chunk.error is None:
        raise Reject("missing-field", "id")
    key = chunk.id or f"error {len(answers.found)}"
    known = answers.found.get(key)
    if known is None:
        answers.found[key] = known = Answer(len(answers.found) + 1, chunk)
        verdict: Held | Ignored = HELD
    else:
        verdict = Ignored("later chunk of an answer")
    known.model = chunk.model or known.model
    known.service_tier = chunk.service_tier or known.service_tier
    known.finish_reason = next(
        (each.finish_reason for each in chunk.choices or () if each.finish_reason), known.finish_reason
    )
    known.usage = chunk.usage or (chunk.x_groq.usage if chunk.x_groq and chunk.x_groq.usage else known.usage)
    known.x_groq = chunk.x_groq or known.x_groq
    known.error = chunk.error or known.error
    return verdict


def finish(context: Context) -> list[Request]:
    """Return the requests of all answers."""
    return [_request(answer, context) for answer in context.state.found.values()]


def _request(answer: Answer, context: Context) -> Request:
    request = Request(
        line=answer.number,
        request_id=answer.first.id,
        response_id=answer.first.id,
        started_at=epoch(answer.first.created, "created"),
        model_raw=answer.model,
        model_served=answer.model,
        service_tier=answer.service_tier,
        is_streamed=True,
        finish_reason=answer.finish_reason,
    )
    if answer.error is not None:
        request.status = "error"
        request.error_class = error_class(None, f"{answer.error.type or ''} {answer.error.code or ''}")
    elif answer.finish_reason is None:
        request.status = "cancelled"
    used = answer.usage
    if used is not None:
        host = hosted_chat.host_of(Completion(x_groq=answer.x_groq), used)
        request.seller = host
        hosted_chat.fill(request, used, context, host)
        hosted_chat.fill_billed(request, used)
        request.web_searches = usage.checked("num_search_queries", used.num_search_queries)
        request.raw_usage = msgspec.json.encode(used).decode()
    return request


def is_chunk(record: dict[str, Any]) -> bool:
    """Say whether a decoded record is a chunk."""
    return record.get("object") == "chat.completion.chunk"


FORMAT = Format(
    name="openai_stream",
    title="Captured streams of chat completions",
    reads=("sse", "json"),
    marks=("choices.delta", "choices", "object", "created", "model", "id", "usage", "system_fingerprint"),
    needs=("object",),
    says=is_chunk,
    beats=("openai_compatible", "hosted_chat"),
    record=Chunk,
    convert=convert,
    state=Answers,
    finish=finish,
    semantics=(
        "As `openai_compatible`, and `hosted_chat` for hosts that count otherwise. Usage stands in the last chunk, and "
        "only if the caller asked for it (`stream_options.include_usage`); some servers write the growing count into "
        "every chunk: the last one counts, nothing is added up."
    ),
    verified="Recorded streams of OpenAI and Groq; vLLM's cumulative counts from its issues.",
    about=(
        "`data:` lines as captured, or the chunks as JSON lines; streams may follow each other or be interleaved, "
        "chunks of one `id` are one answer. The line of a request is the number of its answer in the file."
    ),
    traps=(
        ("a stream without usage", "usage is missing; chunks are not counted again from their text"),
        ("an answer without a finish reason was cut off", "cancelled"),
        ("usage in every chunk", "the last one counts"),
    ),
)
