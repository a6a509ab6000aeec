"""Vertex AI: request-response logging, rows of a BigQuery table exported as JSON, CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import anthropic_messages, gemini
from llmaudit.formats.base import Context, Format
from llmaudit.formats.gemini import get
from llmaudit.formats.values import after, as_text, json_in, object_in, or_none, text_time
from llmaudit.request import Reject, Request

_message = msgspec.convert


class Row(msgspec.Struct, gc=False):
    """One row. `request_id` has more digits than a double holds."""

    logging_time: str | None = None
    request_id: str | int | None = None
    model: str | None = None
    model_version: str | None = None
    endpoint: str | None = None
    deployed_model_id: str | None = None
    api_method: str | None = None
    full_request: Any = None
    full_response: Any = None
    metadata: Any = None


def convert(row: Row, context: Context) -> Request:
    """Return the request of one row: of a Gemini model, or of Claude, which counts in its own way."""
    answer, asked, about = _last(json_in(row.full_response)), object_in(row.full_request), json_in(row.metadata)
    if answer is None:
        raise Reject("missing-field", "full_response")
    logged = text_time(row.logging_time, "logging_time")
    if answer.get("type") == "message":
        request = _of_claude(answer)
        request.started_at = logged
    else:
        request = gemini.request_of(answer, asked, context, started=logged)
    named = gemini.model_name(row.model)
    request.request_id = str(row.request_id) if row.request_id is not None else request.request_id
    request.seller = "vertex"
    request.model_requested = named
    request.model_raw = request.model_served or named
    request.endpoint = or_none(row.api_method)
    request.is_streamed = "stream" in row.api_method.lower() if row.api_method else None
    request.region_class = _region(row.endpoint or row.model or "")
    took = gemini.number(get(about, "request_latency"), "metadata.request_latency")
    if logged is not None and took is not None:
        request.ended_at = after(logged, took, "metadata.request_latency")
    return request


def _of_claude(answer: dict[str, Any]) -> Request:
    try:
        return anthropic_messages.request_of(_message(answer, anthropic_messages.Message))
    except msgspec.ValidationError:
        raise Reject("wrong-type", "full_response") from None


def _last(answer: Any) -> dict[str, Any] | None:
    """Return the response; of a stream's parts the last that has usage, which is cumulative."""
    if isinstance(answer, list):
        parts = [each for each in answer if isinstance(each, dict)]
        return next((each for each in reversed(parts) if get(each, "usageMetadata")), parts[-1] if parts else None)
    return answer if isinstance(answer, dict) else None


def _region(path: str) -> str | None:
    """Return the location of a resource's path (`projects/…/locations/us-central1/…`)."""
    return as_text(path.partition("/locations/")[2].partition("/")[0])


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the totals of the sampled rows show, by model."""
    return usage.studied(_readings(records))


def _readings(records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for record in records:
        answer = _last(json_in(record.get("full_response")))
        used = get(answer, "usageMetadata")
        try:
            if isinstance(used, dict):
                yield as_text(get(answer, "modelVersion")) or "", usage.REASONING_APART, gemini.reading_of(used)
        except Reject:  # said when the record itself is read
            continue


FORMAT = Format(
    name="vertex_log",
    title="Vertex AI request-response logs",
    reads=("json", "table"),
    marks=(
        "logging_time",
        "full_request",
        "full_response",
        "api_method",
        "deployed_model_id",
        "request_id",
        "model_version",
    ),
    needs=("logging_time", "full_response"),
    beats=("gemini",),
    record=Row,
    convert=convert,
    study=study,
    semantics=(
        "As Gemini's responses: thoughts and tool prompts are separate from candidates and prompt (3 + 29 + 901 = "
        "933 in a recorded row). Claude's rows have Anthropic's counts: input excludes reads and writes of its "
        "cache."
    ),
    verified="One recorded row of a Gemini model; Claude's rows: documentation alone.",
    about=(
        "The BigQuery table that request-response logging fills, exported as JSON lines, CSV or Parquet. "
        "`model_version` is mostly `default`: the model is the one in the response. `logging_time` dates the request."
    ),
    traps=(
        (
            "logging can be sampled",
            "the counts are those of the logged share: nothing is scaled up. Compare with the bill",
        ),
        ("`request_id` has more digits than a double", "kept as text"),
    ),
)
