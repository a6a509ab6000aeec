"""TensorZero: rows of its table ModelInference, in which the spend is; the inferences above them are passed over."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import answers, chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_gateway_cache, fill_status, number, whole
from llmaudit.formats.values import after, as_text, epoch, object_in, or_none, text_time
from llmaudit.money import ZERO
from llmaudit.request import Ignored, Reject, Request

Count = int | float | str | None
UUID_7 = "7"
VERSION_AT, MILLISECONDS_HEX = 14, 12
"""Where a UUID says its version, and how many of its hexadecimal digits are the milliseconds of a version 7."""


class Row(msgspec.Struct, gc=False):
    """One row of ModelInference, or of ChatInference or JsonInference."""

    id: str
    inference_id: str | None = None
    timestamp: str | None = None
    model_name: str | None = None
    model_provider_name: str | None = None
    input_tokens: Count = None
    output_tokens: Count = None
    response_time_ms: int | float | str | None = None
    ttft_ms: int | float | str | None = None
    cost: Decimal | None = None
    cached: bool | int | None = None
    finish_reason: str | None = None
    raw_request: Any = None
    raw_response: Any = None
    function_name: str | None = None


def convert(row: Row, context: Context) -> Request | Ignored:
    """Return the request of one row."""
    if row.model_provider_name is None and row.function_name is not None:
        return Ignored("inference whose calls are in the table ModelInference")
    started = _created(row)
    sent = object_in(row.raw_request)
    answer = answers.answer_in(row.raw_response) or answers.Answer()
    request = Request(
        request_id=row.id,
        response_id=answer.id,
        call_id=or_none(row.inference_id),
        started_at=started,
        ended_at=after(started, number(row.response_time_ms, "response_time_ms"), "response_time_ms"),
        first_token_at=after(started, number(row.ttft_ms, "ttft_ms"), "ttft_ms"),
        gateway="tensorzero",
        seller=or_none(row.model_provider_name),
        model_raw=answer.model or as_text(sent.get("model")) or _plain(row.model_name),
        model_requested=or_none(row.model_name),
        model_served=answer.model or as_text(sent.get("model")) or _said(row.model_name),
        is_streamed=row.ttft_ms not in {None, ""},
        finish_reason=or_none(row.finish_reason),
    )
    fill_status(request, None)
    answers.fill_tier(request, answer)
    if answer.usage is not None:
        answers.fill_usage(request, answer.usage)
    else:
        reading = usage.Reading(whole(row.input_tokens, "input_tokens"), whole(row.output_tokens, "output_tokens"))
        usage.passed_through(request, reading, provider=row.model_provider_name, model=row.model_name)
    fill_cost(request, ZERO if row.cached else row.cost, "cost", kind="list_estimate")
    chat.fill_prompt(request, sent.get("messages"), context)
    fill_gateway_cache(request, hit=bool(row.cached))
    return request


def _plain(name: str | None) -> str | None:
    """Return the model in a shorthand such as `openai::gpt-4o-mini`."""
    return None if not name else name.rpartition("::")[2]


def _said(name: str | None) -> str | None:
    """Return the model that a shorthand names; any other name is one of the operator's own, and says no model."""
    return _plain(name) if name and "::" in name else None


def _created(row: Row) -> datetime:
    """Return when the row was made: to the millisecond by its id (a UUID of version 7), else its timestamp (seconds).

    Raises:
        Reject: There is neither, or it is no time.
    """
    digits = row.id.replace("-", "")[:MILLISECONDS_HEX]
    if row.id[VERSION_AT : VERSION_AT + 1] == UUID_7:
        try:
            found = epoch(int(digits, 16), "id", 1000)
        except ValueError:
            raise Reject("not-a-time", "id") from None
    else:
        found = text_time(row.timestamp, "timestamp")
    if found is None:
        raise Reject("missing-field", "timestamp")
    return found


FORMAT = Format(
    name="tensorzero",
    title="TensorZero model inferences",
    reads=("json", "table"),
    marks=(
        "inference_id",
        "raw_request",
        "raw_response",
        "model_provider_name",
        "response_time_ms",
        "ttft_ms",
        "input_messages",
        "function_name",
        "variant_name",
        "episode_id",
        "processing_time_ms",
    ),
    needs=("id",),
    record=Row,
    convert=convert,
    semantics=(
        "input_tokens and output_tokens are what the provider reported; cached tokens and reasoning are only in the"
        " usage object of raw_response, which is read where it is there. cost is US dollars by configured prices, "
        "null without. Times are milliseconds; a row's moment is in its id."
    ),
    verified=(
        "Columns from TensorZero's data model and source at 7a6159a, and its fixtures. Whether an id is made at the "
        "beginning or the end of a call is not documented: taken as the beginning."
    ),
    about=(
        "The tables `ModelInference`, `ChatInference` and `JsonInference` as JSON lines, CSV or Parquet. Model "
        "inferences of one inference (retries, fallbacks, best of n) share a call id."
    ),
    traps=(
        ("one inference makes several model inferences", "only these are requests; the inferences are ignored"),
        ("failed tries are not stored", "they are not in this log"),
        ("what TensorZero answered from its cache has tokens", "its cost is 0"),
        ("`raw_response` of a stream is its chunks, one a line", "read"),
        ("the table ModelInferenceCache has the same columns and is no traffic", "do not hand it in"),
    ),
)
