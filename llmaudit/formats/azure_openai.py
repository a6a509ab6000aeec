"""Azure OpenAI: the diagnostic log `RequestResponse`, which has requests, times and status, but no tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from llmaudit.deployments import hidden
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import HTTP_ERROR, after, as_text, error_class, http_status, object_in, text_time, utc
from llmaudit.request import Ignored, Request

TICKS_PER_MICROSECOND = 10
TICKS_PER_MILLISECOND = 10_000


class Entry(msgspec.Struct, gc=False):
    """One record. `properties` is an object or its JSON text."""

    category: str
    time: str | None = None
    operationName: str | None = None
    resultSignature: str | int | None = None
    durationMs: float | str | None = None
    correlationId: str | None = None
    properties: dict[str, Any] | str | None = None


def convert(line: Entry, _: Context) -> Request | Ignored:
    """Return the request of one record; its tokens are unknown."""
    about = object_in(line.properties)
    deployment, name = as_text(about.get("modelDeploymentName")), as_text(about.get("modelName"))
    if line.category != "RequestResponse" or (deployment is None and name is None):
        return Ignored("operation that is not a model call")
    version = as_text(about.get("modelVersion"))
    served = f"{name}-{version}" if name and version else name
    started = text_time(line.time, "time")
    status = int(str(line.resultSignature)) if str(line.resultSignature).isdigit() else None
    stream = str(about.get("streamType") or "").lower()
    request = Request(
        trace_id=line.correlationId,
        request_id=as_text(about.get("objectId")),
        started_at=started,
        ended_at=after(started, _milliseconds(about, line.durationMs), "durationMs"),
        seller="azure",
        model_raw=served or hidden(deployment or ""),
        model_requested=deployment if served else None,
        model_served=served,
        endpoint=line.operationName,
        is_streamed=stream == "streaming" if stream else None,
        http_status=http_status(status),
    )
    if status is not None and status >= HTTP_ERROR:
        request.status, request.error_class = "error", error_class(status)
    return request


def ticks(number: int, field: str) -> datetime | None:
    """Return .NET ticks, 100 nanoseconds since the year 1, as naive UTC."""
    return utc(datetime(1, 1, 1) + timedelta(microseconds=number // TICKS_PER_MICROSECOND), field)  # noqa: DTZ001 -- where .NET counts from, naive UTC


def _milliseconds(about: dict[str, Any], stated: float | str | None) -> float | None:
    """Return the duration: by the ticks of both ends, else as stated; a negative one is a clock's mistake."""
    began, ended = about.get("requestTime"), about.get("responseTime")
    if isinstance(began, int) and isinstance(ended, int) and ended >= began:
        return (ended - began) / TICKS_PER_MILLISECOND
    number = float(str(stated)) if isinstance(stated, int | float) or str(stated).isdigit() else None
    return number if number is not None and number >= 0 else None


FORMAT = Format(
    name="azure_openai",
    title="Azure OpenAI diagnostic logs",
    marks=(
        "category",
        "resourceId",
        "operationName",
        "resultSignature",
        "durationMs",
        "correlationId",
        "event",
        "properties",
    ),
    needs=("category", "properties"),
    says=lambda record: (
        str(record.get("category")) in {"RequestResponse", "Audit", "Trace", "AzureOpenAIRequestUsage"}
        and "MICROSOFT.COGNITIVESERVICES" in str(record.get("resourceId", "")).upper()
    ),
    record=Entry,
    convert=convert,
    semantics="This log has requests, durations and status, but no tokens and no text: usage is missing.",
    verified="One recorded record with edited times; the rest is documentation.",
    about=(
        "The category `RequestResponse` from a storage account or an event hub (`records`). Spend has to come from the "
        "bill, or from the gateway in front. `time` dates a request; the duration is that of the .NET ticks inside."
    ),
    traps=(
        ("`properties` is an object or its text", "both are read"),
        ("`durationMs` can be negative", "the ticks of request and response are used; a negative one is unknown"),
        (
            "the model is hidden behind a deployment's name",
            "`modelName` if it is stated, else your deployments file",
        ),
    ),
)
