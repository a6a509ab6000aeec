"""nginx and OpenResty: access logs as JSON, with the keys that operators usually name after nginx's variables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from llmaudit.formats import answers, chat
from llmaudit.formats.access_logs import listed, local_time, model_in, tries_before, unescaped, without_query
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_status, number
from llmaudit.formats.values import as_flag, as_text, epoch, object_in, or_none, text_time
from llmaudit.request import Ignored, Reject, Request

Number = int | float | str | None
LONGEST_SECONDS = 86_400


class Line(msgspec.Struct, gc=False):
    """One line: nginx's variables, most of them text."""

    status: int | str
    request: str | None = None
    request_uri: str | None = None
    uri: str | None = None
    time_local: str | None = None
    time_iso8601: str | None = None
    msec: Number = None
    request_id: str | None = None
    remote_user: str | None = None
    request_time: Number = None
    upstream_response_time: Number = None
    upstream_header_time: Number = None
    upstream_status: int | str | None = None
    request_body: Any = None
    resp_body: Any = None
    response_body: Any = None


def convert(line: Line, context: Context) -> list[Request] | Ignored:
    """Return the request of one line, after those of the upstreams that were tried before."""
    path = line.request_uri or line.uri or _path_of(line.request)
    is_call, named = model_in(path or "")
    if path is None or not is_call:
        return Ignored("path of no model call")
    ended, taken = ended_at(line), number(line.request_time, "request_time")
    body = object_in(unescaped(line.request_body) if isinstance(line.request_body, str) else line.request_body)
    asked = as_text(body.get("model")) or named
    answer = _answer(line)
    request = Request(
        request_id=or_none(line.request_id),
        response_id=answer.id,
        started_at=started_at(ended, taken),
        ended_at=None if taken is None else ended,
        gateway="nginx",
        model_raw=answer.model or asked,
        model_requested=asked,
        model_served=answer.model,
        endpoint=without_query(path),
        is_streamed=as_flag(body.get("stream")),
        finish_reason=answer.finish,
        user_id=None if line.remote_user in {None, "", "-"} else line.remote_user,
    )
    fill_status(request, _code(line.status))
    answers.fill_tier(request, answer)
    if answer.usage is not None:
        answers.fill_usage(request, answer.usage)
    chat.fill_prompt(request, body.get("messages"), context)
    seconds = [number(each, "upstream_response_time") for each in listed(_text(line.upstream_response_time))]
    tries = tries_before(request, listed(_text(line.upstream_status)), seconds)
    _fill_first_token(request, line, sum(each or 0 for each in seconds[: len(tries)]))
    return [*tries, request]


def _path_of(request: str | None) -> str | None:
    """Return the path in `POST /v1/chat/completions HTTP/1.1`."""
    parts = (request or "").split(" ")
    return parts[1] if len(parts) > 1 else None


def ended_at(line: Any) -> datetime:
    """Return when a line was written: nginx does that when the response has been sent.

    Raises:
        Reject: There is no time, or none that can be read.
    """
    seconds = number(line.msec, "msec")
    if seconds is not None:
        found = epoch(seconds, "msec")
    else:
        found = text_time(line.time_iso8601, "time_iso8601") or local_time(line.time_local, "time_local")
    if found is None:
        raise Reject("missing-field", "time_iso8601")
    return found


def started_at(ended: datetime, seconds: float | None) -> datetime:
    """Return the start of a call; where its duration is not logged, the moment that is.

    Raises:
        Reject: The duration is negative or longer than a day.
    """
    if seconds is None:
        return ended
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise Reject("out-of-range", "request_time")
    return ended - timedelta(seconds=seconds)


def _fill_first_token(request: Request, line: Line, before: float) -> None:
    """The headers of the answer come with its first token, where it is streamed."""
    waits = listed(_text(line.upstream_header_time))
    wait = number(waits[-1], "upstream_header_time") if waits else None
    if request.started_at is not None and wait is not None and request.is_streamed:
        request.first_token_at = request.started_at + timedelta(seconds=before + wait)


def _answer(line: Line) -> answers.Answer:
    body = line.response_body if line.resp_body is None else line.resp_body
    return answers.answer_in(unescaped(body) if isinstance(body, str) else body) or answers.Answer()


def _code(status: int | str) -> int | None:
    text = str(status)
    return int(text) if text.isdecimal() and len(text) == len("200") else None


def _text(value: float | str | None) -> str | None:
    return None if value is None else str(value)


FORMAT = Format(
    name="nginx_json",
    title="nginx and OpenResty access logs (JSON)",
    marks=(
        "request_time",
        "upstream_response_time",
        "upstream_header_time",
        "upstream_addr",
        "upstream_status",
        "remote_addr",
        "http_user_agent",
        "body_bytes_sent",
        "time_local",
        "time_iso8601",
        "msec",
    ),
    needs=("status",),
    record=Line,
    convert=convert,
    semantics=(
        "An access log has no tokens: usage is missing, unless the answer's body is logged (resp_body or "
        "response_body), whose own usage object is then read. Times are when the line was written, at the end of "
        "the call; request_time and upstream times are seconds. There is no amount."
    ),
    verified=(
        "nginx's documented variables under their own names, and one published line; other names of keys need `--map`."
    ),
    about=(
        "A `log_format … escape=json` whose keys are nginx's variables. Only paths of model calls are requests "
        "(`/chat/completions`, `/responses`, `/messages`, `/embeddings`, `:generateContent`, `/model/…/invoke`, "
        "Ollama's `/api/chat` and the like). The model comes from the logged body or the path."
    ),
    traps=(
        (
            "one line may stand for several tries (`upstream_status` is `502, 200`)",
            "each upstream tried is a request, an attempt of one call",
        ),
        ("lines of other paths are in the same log", "ignored"),
        ("499 means that the caller hung up", "cancelled; what it cost upstream is unknown"),
        ("without `escape=json` quotes in a body are `\\x22`", "read"),
        ("query strings can hold keys", "cut off"),
    ),
)
