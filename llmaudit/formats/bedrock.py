"""AWS Bedrock: model invocation logs, from S3 (JSON lines, gzip) or CloudWatch exports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, after, as_number, error_class, json_in, mapping, object_in, text_time
from llmaudit.request import ErrorClass, Reject, Request

OPEN = ("foundation-model/", "inference-profile/")
"""Resources whose ARN names the model; of all others (application profiles, provisioned models) the user has to."""

GEOGRAPHIES = {"us-gov": "gov"}
"""Prefixes of cross-region profiles that prices know by another word."""

PREFIXES = {"us", "eu", "apac", "global", "us-gov", "jp", "au", "ca"}
_ERRORS: dict[str, ErrorClass] = {
    "ThrottlingException": "rate_limited",
    "ServiceQuotaExceededException": "rate_limited",
    "ModelTimeoutException": "timeout",
    "ValidationException": "client_error",
    "AccessDeniedException": "client_error",
    "ResourceNotFoundException": "client_error",
    "InternalServerException": "server_error",
    "ModelErrorException": "server_error",
    "ModelNotReadyException": "server_error",
    "ServiceUnavailableException": "server_error",
    "ModelStreamErrorException": "server_error",
}


class Input(msgspec.Struct, gc=False):
    """What was sent."""

    inputTokenCount: Count = None
    cacheReadInputTokenCount: Count = None
    cacheWriteInputTokenCount: Count = None
    inputBodyJson: Any = None


class Output(msgspec.Struct, gc=False):
    """What came back: an object, or the events of a stream."""

    outputTokenCount: Count = None
    outputBodyJson: Any = None


class Identity(msgspec.Struct, gc=False):
    """Who called."""

    arn: str | None = None


class Invocation(msgspec.Struct, gc=False):
    """One record."""

    schemaType: str | None = None
    timestamp: str | None = None
    accountId: str | None = None
    identity: Identity | None = None
    region: str | None = None
    inferenceRegion: str | None = None
    requestId: str | None = None
    operation: str | None = None
    modelId: str | None = None
    errorCode: str | None = None
    requestMetadata: dict[str, Any] | None = None
    input: Input | None = None
    output: Output | None = None


def convert(line: Invocation, context: Context) -> Request:
    """Return the request of one record."""
    if line.modelId is None:
        raise Reject("missing-field", "modelId")
    sent, body = line.input or Input(), json_in(line.output.outputBodyJson if line.output else None)
    model = model_of(_routed(body) or line.modelId)
    started = text_time(line.timestamp, "timestamp")
    role, person = _identity(line.identity.arn if line.identity else None)
    asked = object_in(sent.inputBodyJson)
    request = Request(
        request_id=line.requestId,
        response_id=_answer_id(body),
        started_at=started,
        ended_at=after(started, as_number(_inside(body, "metrics", "latencyMs")), "latencyMs"),
        seller="bedrock",
        model_raw=line.modelId if model is None else model,
        model_requested=model,
        model_served=model,
        endpoint=line.operation,
        region_class=region_of(model, line.region),
        service_tier=_tier(body),
        is_streamed=None if line.operation is None else "Stream" in line.operation,
        finish_reason=_finish(body),
        user_id=person,
        key_id=role,
        max_output_tokens=_limit(asked),
    )
    chat.label(
        request,
        {"account": line.accountId, **(line.requestMetadata or {})} if line.accountId else line.requestMetadata or {},
    )
    if line.errorCode:
        request.status = "error"
        request.error_class = _ERRORS.get(line.errorCode) or error_class(None, line.errorCode)
    _fill_usage(request, line, body, context)
    chat.fill_prompt(request, asked.get("messages"), context)
    return request


def model_of(identifier: str) -> str | None:
    """Return the model of a `modelId`: bare, with a region's prefix, or an ARN that names it; None where it hides it.

    The prefix (`us.`, `global.`) stays: it is part of what is priced.
    """
    if not identifier.startswith("arn:"):
        return identifier
    resource = identifier.split(":", 5)[-1]
    found = next((kind for kind in OPEN if resource.startswith(kind)), None)
    return None if found is None else resource.removeprefix(found)


def region_of(model: str | None, region: str | None) -> str | None:
    """Return the region that decides the price: the profile's geography, else the region that was called."""
    prefix = (model or "").partition(".")[0]
    return GEOGRAPHIES.get(prefix, prefix) if prefix in PREFIXES else region


def reading_of(line: Invocation, body: Any) -> usage.Reading:
    """Return the token counts of a record; where the record itself has none, those in the body."""
    sent, used = line.input or Input(), _usage_in(body)
    split = mapping(used.get("cache_creation"))
    details = used.get("cacheDetails")
    lived: dict[str, float] = {}
    for each in details if isinstance(details, list) else ():
        if isinstance(each, dict) and isinstance(each.get("inputTokens"), int):
            lived[str(each.get("ttl"))] = lived.get(str(each.get("ttl")), 0) + each["inputTokens"]
    return usage.Reading(
        _first(sent.inputTokenCount, used, "inputTokens", "input_tokens"),
        _first(line.output.outputTokenCount if line.output else None, used, "outputTokens", "output_tokens"),
        as_number(used.get("totalTokens")),
        _first(sent.cacheReadInputTokenCount, used, "cacheReadInputTokens", "cache_read_input_tokens"),
        _first(sent.cacheWriteInputTokenCount, used, "cacheWriteInputTokens", "cache_creation_input_tokens"),
        None,
        _first(None, {**lived, **split}, "5m", "ephemeral_5m_input_tokens"),
        _first(None, {**lived, **split}, "1h", "ephemeral_1h_input_tokens"),
    )


def _fill_usage(request: Request, line: Invocation, body: Any, context: Context) -> None:
    reading = reading_of(line, body)
    if reading.prompt is not None and reading.completion is None and line.errorCode is None:
        reading = reading._replace(completion=0)  # an embedding; its record has no output count
    usage.by_study(request, reading, context.file.study, line.modelId or "", usage.CACHE_APART)
    if request.usage_status == "missing":
        return
    if reading.read is None:  # older SDKs leave the cache out of their record: unknown, not none
        request.cache_read_tokens = None
    if reading.written is None and not reading.written_5m and not reading.written_1h:
        request.cache_write_5m_tokens = request.cache_write_1h_tokens = request.cache_write_other_tokens = None
    stated = {name: count for name, count in reading._asdict().items() if count is not None}
    request.raw_usage = msgspec.json.encode(stated).decode()
    tools = _usage_in(body).get("serverToolUsage")
    if isinstance(tools, dict):
        request.web_searches = usage.checked("webSearchRequests", as_number(tools.get("webSearchRequests")))


def _usage_in(body: Any) -> dict[str, Any]:
    """Return the usage object of a body; of a stream's events, later counts take the place of earlier ones."""
    found: dict[str, Any] = {}
    for event in body if isinstance(body, list) else [body]:
        if not isinstance(event, dict):
            continue
        holders = (event, event.get("message"), event.get("metadata"), event.get("chunk"))
        for holder in holders:
            used = holder.get("usage") if isinstance(holder, dict) else None
            if isinstance(used, dict):
                found |= {name: value for name, value in used.items() if value is not None}
    return found


def _first(stated: Count, used: dict[str, Any], *names: str) -> Count:
    if stated is not None:
        return stated
    return next((number for name in names if (number := as_number(used.get(name))) is not None), None)


def _inside(body: Any, *path: str) -> Any:
    for key in path:
        body = body.get(key) if isinstance(body, dict) else None
    return body


def _events(body: Any) -> Iterator[dict[str, Any]]:
    yield from (event for event in (body if isinstance(body, list) else [body]) if isinstance(event, dict))


def _answer_id(body: Any) -> str | None:
    for event in _events(body):
        for found in (event.get("id"), _inside(event, "message", "id")):
            if isinstance(found, str) and found:
                return found
    return None


def _finish(body: Any) -> str | None:
    reason = None
    for event in _events(body):
        if event.get("amazon-bedrock-guardrailAction") == "INTERVENED":
            return "guardrail_intervened"
        for found in (event.get("stopReason"), event.get("stop_reason"), _inside(event, "delta", "stop_reason")):
            reason = found if isinstance(found, str) else reason
    return reason


def _tier(body: Any) -> str | None:
    """Return the tier that served the call; latency-optimised inference is one, too."""
    tier = _inside(body, "serviceTier", "type")
    if isinstance(tier, str):
        return tier
    return "optimized" if _inside(body, "performanceConfig", "latency") == "optimized" else None


def _routed(body: Any) -> str | None:
    """Return the model that a prompt router chose."""
    found = _inside(body, "trace", "promptRouter", "invokedModelId")
    return found if isinstance(found, str) else None


def _identity(arn: str | None) -> tuple[str | None, str | None]:
    """Return role and session of an assumed role, or the user."""
    resource = (arn or "").split(":", 5)[-1]
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        return role or None, session or None
    return None, rest or None


def _limit(asked: dict[str, Any]) -> int | None:
    for found in (asked.get("max_tokens"), _inside(asked, "inferenceConfig", "maxTokens")):
        if (limit := usage.limit(found)) is not None:
            return limit
    return None


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the totals of the sampled records show, by model."""
    return usage.studied(_readings(records))


def _readings(records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for record in records:
        try:
            line = msgspec.convert(record, Invocation)
        except msgspec.ValidationError:  # said when the record itself is read
            continue
        body = json_in(line.output.outputBodyJson if line.output else None)
        yield line.modelId or "", usage.CACHE_APART, reading_of(line, body)


FORMAT = Format(
    name="bedrock",
    title="AWS Bedrock model invocation logs",
    marks=(
        "schemaType",
        "schemaVersion",
        "modelId",
        "operation",
        "accountId",
        "requestId",
        "input.inputTokenCount",
        "output.outputTokenCount",
        "input.inputContentType",
        "identity.arn",
        "inferenceRegion",
    ),
    needs=("schemaType", "modelId"),
    says=lambda record: record.get("schemaType") == "ModelInvocationLog",
    record=Invocation,
    convert=convert,
    study=study,
    semantics=(
        "inputTokenCount excludes cache reads and writes, which are counted separately (Converse: total = in + out "
        "+ read + write in 225 of 225 recorded objects; in a log record inferred, not seen). outputTokenCount "
        "includes thinking, which has no count of its own. Cache counts that are missing are unknown: older SDKs "
        "leave them out."
    ),
    verified=(
        "Records and bodies: public recorded logs without cache. The cached case inside a record, service tiers and "
        "routers: botocore 1.44.5 alone. One report has OpenAI models' input include cache writes in streams: not seen."
    ),
    about=(
        "The files under `BedrockModelInvocationLogs/` (not those in `data/`), and CloudWatch exports, which wrap the "
        "record in `message` or `@message`. The user is the session of the assumed role, the key is the role, labels "
        "are `requestMetadata`."
    ),
    traps=(
        (
            "`modelId` has four shapes",
            "all are read; an application profile's ARN hides the model and needs a line in your deployments file",
        ),
        ("`global.` and regional profiles differ in price", "the prefix stays in the name and decides the region"),
        (
            "an intervention of a guardrail",
            "finish reason `guardrail_intervened`, its zero counts kept; text units are on the bill",
        ),
        ("the body may name another model than `modelId`", "`modelId` counts"),
        ("large bodies are off-loaded to S3", "the counts remain; the prompt's features are unknown"),
        (
            "logging is off by default and set per region",
            "a region without logs looks like no use: compare with the bill",
        ),
    ),
)
