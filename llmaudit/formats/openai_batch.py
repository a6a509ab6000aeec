"""OpenAI's Batch API: the output and error files, and the same shape as Groq, Mistral, Together and Azure write it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from llmaudit.formats import openai_compatible, openai_responses
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import HTTP_ERROR, error_class, or_none
from llmaudit.request import Ignored, Request

NOTHING = msgspec.Raw(b"null")


class Problem(msgspec.Struct, gc=False):
    """Why an entry was not answered, without its message."""

    code: str | int | None = None
    type: str | None = None


class Kind(msgspec.Struct, gc=False):
    """What a body says about itself, and the error it may contain."""

    object: str | None = None
    error: Problem | str | None = None


class Answer(msgspec.Struct, gc=False):
    """The HTTP answer of one entry."""

    status_code: Annotated[int, msgspec.Meta(ge=100, le=599)] | None = None
    request_id: str | None = None
    body: msgspec.Raw = NOTHING


class Entry(msgspec.Struct, gc=False):
    """One line of a batch's output."""

    custom_id: str | None = None
    id: str | None = None
    response: Answer | None = None
    error: Problem | str | None = None


_kind = msgspec.json.Decoder(Kind | None).decode
_completion = msgspec.json.Decoder(openai_compatible.Exchange).decode
_response = msgspec.json.Decoder(openai_responses.Response).decode


def convert(line: Entry, context: Context) -> Request | Ignored:
    """Return the request of one entry; one that never ran is a failure that was not billed."""
    answer = line.response or Answer()
    kind = _kind(answer.body) or Kind()
    error = line.error or kind.error
    if error is not None or answer.body == NOTHING or (answer.status_code or 0) >= HTTP_ERROR:
        request = _failed(error, answer)
    elif kind.object == "response":
        request = openai_responses.request_of(_response(answer.body), openai_responses.Asked(), context)
    else:
        made = openai_compatible.convert(_completion(answer.body), context)
        if isinstance(made, Ignored):
            return made
        request = made
    # The entry's own id: a body may repeat an id (an embedding has none).
    request.request_id = or_none(line.id) or request.response_id or line.custom_id
    request.call_id = line.custom_id
    request.trace_id = or_none(answer.request_id)
    request.http_status = answer.status_code
    request.is_batch, request.is_streamed = True, False
    # The body repeats the ordinary tier; what is billed is the batch price.
    request.service_tier = None
    return request


def _failed(error: Problem | str | None, answer: Answer) -> Request:
    problem = error if isinstance(error, Problem) else Problem(type=error)
    words = f"{problem.type or ''} {problem.code or ''}"
    ended = {"batch_cancelled": "cancelled", "batch_expired": "error"}.get(str(problem.code))
    request = Request(status="cancelled" if ended == "cancelled" else "error")
    if request.status == "error":
        request.error_class = "timeout" if ended else error_class(answer.status_code, words)
    return request


FORMAT = Format(
    name="openai_batch",
    title="OpenAI Batch API output",
    marks=("custom_id", "response.status_code", "response.request_id", "response.body", "error", "id"),
    needs=("custom_id", "response"),
    says=lambda record: "result" not in record and ("error" in record or isinstance(record.get("response"), dict)),
    beats=("openai_compatible", "openai_responses"),
    record=Entry,
    convert=convert,
    semantics=(
        "As the body says: a chat completion's prompt_tokens and a response's input_tokens include cached tokens, "
        "the output includes reasoning. Everything is billed at the batch price. Entries that expired, were cancelled "
        "or failed were not billed."
    ),
    verified="Shape: the published OpenAPI 2.3.0 and recorded bodies. The error file: documentation alone.",
    about=(
        "The output file and the error file of a batch. A line has no time of its own: the body's `created` dates it. "
        "`custom_id` is the call, and the seller is not named: it follows from the model."
    ),
    traps=(
        ("a batch has two files, output and errors", "both are this format; read both"),
        ("a failed entry has no body", "a failure without usage; it was not billed"),
        ("the body's `service_tier` says `default`", "not kept: the batch price applies"),
    ),
)
