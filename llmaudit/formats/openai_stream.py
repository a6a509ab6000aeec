"""Captured streams of OpenAI-shaped chat completions: chunks of one answer, whose usage comes last or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import hosted_chat
from llmaudit.formats.base import HELD, Context, Format, Held, Refused, ended
from llmaudit.formats.filling import fill_cost
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


class Cost(msgspec.Struct, gc=False):
    """What AllToken says about a call in a comment after its stream, with amounts in US dollars."""

    cost: Decimal | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    prompt_tokens: int | float | None = None
    completion_tokens: int | float | None = None


_cost = msgspec.json.Decoder(Cost).decode


@dataclass
class Answer:
    """What the chunks of one answer have said so far."""

    number: int
    first: Chunk
    model: str | None = None
    service_tier: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    x_groq: Groq | None = None
    error: Problem | None = None
    cost: Cost | None = None


@dataclass
class Answers:
    """The answers of a file by id, in order; chunks of several streams may be interleaved.

    Chunks without an id belong to one answer until the comment that closes it.
    """

    found: dict[str, Answer] = field(default_factory=dict)
    last: Answer | None = None
    closed: int = 0


def convert(chunk: Chunk, context: Context) -> Held | Ignored:
    """Add what a chunk says to its answer: the last usage counts, since some servers repeat it in every chunk."""
    answers: Answers = context.state
    if chunk.comment is not None:
        return _told(chunk.comment, answers)
    if chunk.id is None and chunk.error is None and chunk.choices is None:
        raise Reject("missing-field", "id")
    key = chunk.id or (f"unnamed {answers.closed}" if chunk.error is None else f"error {len(answers.found)}")
    known = answers.found.get(key)
    if known is None:
        answers.found[key] = known = Answer(len(answers.found) + 1, chunk)
        verdict: Held | Ignored = HELD
    else:
        verdict = Ignored("later chunk of an answer")
    answers.last = known
    known.model = chunk.model or known.model
    known.service_tier = chunk.service_tier or known.service_tier
    known.finish_reason = next(
        (each.finish_reason for each in chunk.choices or () if each.finish_reason), known.finish_reason
    )
    known.usage = chunk.usage or (chunk.x_groq.usage if chunk.x_groq and chunk.x_groq.usage else known.usage)
    known.x_groq = chunk.x_groq or known.x_groq
    known.error = chunk.error or known.error
    return verdict


def _told(comment: str, answers: Answers) -> Ignored:
    """Put the cost that a comment tells into the answer that came before it; other comments keep the line open."""
    try:
        cost = _cost(comment)
    except msgspec.MsgspecError:
        cost = Cost()
    if answers.last is None or cost.cost is None or cost.input_price is None:
        return Ignored("comment in a stream")
    answers.last.cost = cost
    answers.last = None
    answers.closed += 1
    return Ignored("cost of an answer, stated in a comment")


def finish(context: Context) -> Iterator[Request | Refused]:
    """Yield the requests of all answers."""
    return ended(context.state.found.values(), lambda answer: _request(answer, context), lambda answer: answer.number)


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
    if answer.cost is not None:
        _fill_cost(request, answer.cost, counted=used is not None)
    return request


def _fill_cost(request: Request, told: Cost, *, counted: bool) -> None:
    """Fill what a comment tells: the amount, and the counts where the chunks have none (no cache is told apart)."""
    request.gateway = "alltoken"
    fill_cost(request, told.cost, "cost")
    if request.status == "cancelled":
        request.status = "ok"  # the comment comes after the stream's end: it was not cut, and names no finish reason
    if not counted:
        usage.openai(request, prompt=told.prompt_tokens, completion=told.completion_tokens)
        usage.unsplit(request)
        request.raw_usage = msgspec.json.encode(told).decode()


def is_chunk(record: dict[str, Any]) -> bool:
    """Say whether a decoded record is a chunk; AllToken's documentation shows them without their `object`."""
    if "object" in record:
        return bool(record["object"] == "chat.completion.chunk")
    choices = record.get("choices")
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict) and "delta" in choices[0]


FORMAT = Format(
    name="openai_stream",
    title="Captured streams of chat completions",
    reads=("sse", "json"),
    marks=(
        "choices.delta",
        "choices.index",
        "choices",
        "object",
        "created",
        "model",
        "id",
        "usage",
        "system_fingerprint",
    ),
    needs=("choices",),
    says=is_chunk,
    beats=("openai_compatible", "hosted_chat"),
    record=Chunk,
    convert=convert,
    state=Answers,
    finish=finish,
    semantics=(
        "As `openai_compatible`, and `hosted_chat` for hosts that count otherwise. Usage is in the last chunk, and "
        "only if the caller asked for it (`stream_options.include_usage`); some servers write the growing count "
        "into every chunk: the last one counts, nothing is added up."
    ),
    verified=(
        "Recorded streams of OpenAI and Groq; vLLM's cumulative counts from its issues. AllToken's comment rests on"
        " its documentation."
    ),
    about=(
        "`data:` lines as captured, or the chunks as JSON lines; streams may follow each other or be interleaved, "
        "chunks of one `id` are one answer. The line of a request is the number of its answer in the file."
    ),
    traps=(
        ("a stream without usage", "usage is missing; chunks are not counted again from their text"),
        ("an answer without a finish reason was cut off", "cancelled"),
        ("usage in every chunk", "the last one counts"),
        (
            "AllToken gives the cost in a comment after `[DONE]`, and often no usage in the chunks",
            "the amount, and if the chunks have none the counts too, are taken from it; the gateway is `alltoken`",
        ),
        ("comments that keep a line open", "ignored"),
    ),
)
