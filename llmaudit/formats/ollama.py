"""Ollama: the last objects of `/api/chat` and `/api/generate`, whose durations are nanoseconds."""

from __future__ import annotations

from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, after, as_flag, text_time
from llmaudit.request import Ignored, Request

NANOSECONDS_PER_MILLISECOND = 1_000_000


class Answer(msgspec.Struct, gc=False, omit_defaults=True):
    """One object; of a stream, the last one has the counts."""

    model: str | None = None
    created_at: str | None = None
    done: bool | None = None
    done_reason: str | None = None
    prompt_eval_count: Count = None
    eval_count: Count = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_duration: int | None = None


class Exchange(Answer, gc=False):
    """One line: an object, or a request with it."""

    request: dict[str, Any] | None = None
    response: Answer | str | None = None


def convert(line: Exchange, context: Context) -> Request | Ignored:
    """Return the request of one answer. `created_at` is when it was written, so at its end."""
    answer = line.response if isinstance(line.response, Answer) else line
    if answer.done is False:
        return Ignored("part of a stream without usage")
    asked = line.request or {}
    written = text_time(answer.created_at, "created_at")
    total, wait = answer.total_duration, _wait(answer)
    started = _before(written, total)
    named = asked.get("model")
    request = Request(
        started_at=started,
        ended_at=written,
        first_token_at=after(started, None if wait is None else wait / NANOSECONDS_PER_MILLISECOND, "load_duration"),
        seller="ollama",
        model_raw=answer.model,
        model_requested=named if isinstance(named, str) else answer.model,
        model_served=answer.model,
        is_streamed=as_flag(asked.get("stream")),
        finish_reason=answer.done_reason,
    )
    counts = {"prompt_eval_count": answer.prompt_eval_count, "eval_count": answer.eval_count}
    usage.openai(request, prompt=answer.prompt_eval_count, completion=answer.eval_count)
    if request.usage_status != "missing":
        usage.unsplit(request)
    request.raw_usage = msgspec.json.encode(counts).decode()
    chat.fill_prompt(request, asked.get("messages"), context)
    return request


def _wait(answer: Answer) -> int | None:
    if answer.load_duration is None or answer.prompt_eval_duration is None:
        return None
    return answer.load_duration + answer.prompt_eval_duration


def _before(moment: Any, nanoseconds: int | None) -> Any:
    """Return the moment some nanoseconds earlier; the moment itself where the duration is unknown."""
    ended = after(moment, None if nanoseconds is None else nanoseconds / NANOSECONDS_PER_MILLISECOND, "total_duration")
    return moment if ended is None else moment - (ended - moment)


FORMAT = Format(
    name="ollama",
    title="Ollama responses",
    marks=(
        "prompt_eval_count",
        "eval_count",
        "total_duration",
        "load_duration",
        "eval_duration",
        "done_reason",
        "response.prompt_eval_count",
        "response.eval_count",
        "response.total_duration",
        "done",
        "created_at",
        "model",
    ),
    says=lambda record: "done" in record or "done" in (record.get("response") or {}),
    record=Exchange,
    convert=convert,
    semantics=(
        "prompt_eval_count is the prompt as evaluated: it can be missing where the prompt was cached, and is then "
        "unknown. eval_count is the output with its reasoning. There is no price: it runs on your own machine."
    ),
    verified="The API's documentation alone.",
    about=(
        "The JSON of the native API, streamed or not, one object per line. Through its OpenAI-compatible API it is "
        "`openai_compatible`."
    ),
    traps=(
        (
            "durations are nanoseconds",
            "converted; `created_at` is the end of an answer, its start lies `total_duration` before",
        ),
        ("a stream's objects before the last have no counts", "ignored"),
    ),
)
