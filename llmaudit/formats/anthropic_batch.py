"""Anthropic's Message Batches API: the results file."""

from __future__ import annotations

import msgspec

from llmaudit.formats import anthropic_messages
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import error_class
from llmaudit.request import Reject, Request


class Inner(msgspec.Struct, gc=False):
    """The error inside the error object, without its message."""

    type: str | None = None


class Problem(msgspec.Struct, gc=False):
    """Why an entry was not answered."""

    type: str | None = None
    error: Inner | None = None


class Result(msgspec.Struct, gc=False):
    """What became of one entry."""

    type: str | None = None
    message: anthropic_messages.Message | None = None
    error: Problem | None = None


class Entry(msgspec.Struct, gc=False):
    """One line of the results."""

    custom_id: str
    result: Result


def convert(line: Entry, _: Context) -> list[Request]:
    """Return the requests of one entry: only what succeeded was billed."""
    result = line.result
    if result.type == "succeeded":
        if result.message is None:
            raise Reject("missing-field", "result.message")
        request = anthropic_messages.request_of(result.message)
        made = [request, *anthropic_messages.iterations_of(request, result.message.usage)]
    elif result.type in {"errored", "expired", "canceled"}:
        made = [_failed(result)]
    else:
        raise Reject("wrong-type", "result.type")
    for each in made:
        each.is_batch, each.is_streamed, each.service_tier = True, False, None
        each.call_id = line.custom_id
    return made


def _failed(result: Result) -> Request:
    request = Request(seller="anthropic", endpoint="messages")
    if result.type == "canceled":
        request.status = "cancelled"
    else:
        inner = result.error.error if result.error and result.error.error else Inner()
        words = "timeout" if result.type == "expired" else inner.type or ""
        request.status = "error"
        request.error_class = error_class(None, words)
    return request


FORMAT = Format(
    name="anthropic_batch",
    title="Anthropic Message Batches results",
    marks=("custom_id", "result.type", "result.message", "result.error", "result"),
    needs=("custom_id", "result.type"),
    beats=("openai_batch",),
    record=Entry,
    convert=convert,
    semantics=(
        "As the Messages API: input_tokens excludes cache reads and writes, output_tokens includes thinking. "
        "Entries that succeeded are billed at the batch price; entries that errored, expired or were canceled are "
        "not billed."
    ),
    verified="Shape and counters: SDK 2.12.0; no real results file seen.",
    about=(
        "The results of a batch, in any order. A line has no time: neither the entry nor the message says when it ran, "
        "so the list price at that time cannot be chosen and the cost is unknown."
    ),
    traps=(
        ("a result has no time", "unknown; use the usage report or the bill for money, or `--assume-time`"),
        ("an entry that errored, expired or was canceled", "a failure or a cancellation without usage: not billed"),
    ),
)
