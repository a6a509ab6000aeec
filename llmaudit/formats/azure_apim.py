"""Azure API Management: the log GatewayLogs, with the bodies of requests and responses where they are logged."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.deployments import hidden
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.openai_compatible import CompletionDetails, PromptDetails
from llmaudit.formats.values import HTTP_ERROR, after, as_flag, error_class, http_status, object_in, or_none, text_time
from llmaudit.request import Ignored, Request

DEPLOYMENT = re.compile(r"/deployments/(?P<name>[^/?]+)/(?P<call>[^?]*)")
USAGE = re.compile(r'"usage"\s*:\s*\{')
MODEL = re.compile(r'"model"\s*:\s*"(?P<name>[^"]{1,200})"')
RESPONSE_ID = re.compile(r'"id"\s*:\s*"(?P<name>(?:chatcmpl|resp|cmpl)[^"]{1,200})"')


class Properties(msgspec.Struct, gc=False):
    """What the gateway says about a call."""

    method: str | None = None
    url: str | None = None
    backendUrl: str | None = None
    responseCode: int | None = None
    backendResponseCode: int | None = None
    apimSubscriptionId: str | None = None
    apiId: str | None = None
    requestBody: Any = None
    responseBody: Any = None
    backendRequestBody: Any = None
    backendResponseBody: Any = None


class Entry(msgspec.Struct, gc=False):
    """One record."""

    category: str
    time: str | None = None
    durationMs: float | None = None
    correlationId: str | None = None
    properties: Properties = msgspec.field(default_factory=Properties)


class Used(msgspec.Struct, gc=False, omit_defaults=True):
    """A usage object of chat completions or of responses."""

    prompt_tokens: int | float | None = None
    completion_tokens: int | float | None = None
    input_tokens: int | float | None = None
    output_tokens: int | float | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    input_tokens_details: PromptDetails | None = None
    output_tokens_details: CompletionDetails | None = None


def convert(line: Entry, context: Context) -> Request | Ignored:
    """Return the request of one record, if it is a call of a deployment."""
    about = line.properties
    found = DEPLOYMENT.search(about.backendUrl or "") or DEPLOYMENT.search(about.url or "")
    answer = about.backendResponseBody if about.backendResponseBody is not None else about.responseBody
    told = answer if isinstance(answer, str) else msgspec.json.encode(answer).decode()
    if line.category != "GatewayLogs" or (found is None and not USAGE.search(told)):
        return Ignored("request that is not a model call")
    asked = object_in(about.backendRequestBody if about.backendRequestBody is not None else about.requestBody)
    started = text_time(line.time, "time")
    deployment = found["name"] if found else None
    model = MODEL.search(told)
    identifier = RESPONSE_ID.search(told)
    status = about.backendResponseCode or about.responseCode
    request = Request(
        request_id=line.correlationId,
        trace_id=line.correlationId,
        response_id=identifier["name"] if identifier else None,
        started_at=started,
        ended_at=after(started, line.durationMs, "durationMs"),
        seller="azure",
        gateway="azure-api-management",
        model_raw=model["name"] if model else hidden(deployment) if deployment else None,
        model_requested=deployment if model else None,
        model_served=model["name"] if model else None,
        endpoint=or_none(found["call"]) if found else None,
        is_streamed=as_flag(asked.get("stream")),
        http_status=http_status(status),
        key_id=or_none(about.apimSubscriptionId),
        feature=or_none(about.apiId),
    )
    if status and status >= HTTP_ERROR:
        request.status = "error"
        request.error_class = "content_filter" if "content_filter" in told else error_class(status)
    _fill_usage(request, told)
    chat.fill_prompt(request, asked.get("messages"), context)
    return request


def _fill_usage(request: Request, told: str) -> None:
    """Take the last usage object out of a body: bodies are cut at a limit, and a stream's stands in its last event."""
    used = None
    for start in USAGE.finditer(told):
        used = _decoded(told[start.end() - 1 :]) or used
    if used is None:
        return
    sent = used.prompt_tokens_details or used.input_tokens_details or PromptDetails()
    made = used.completion_tokens_details or used.output_tokens_details or CompletionDetails()
    prompt = used.prompt_tokens if used.prompt_tokens is not None else used.input_tokens
    completion = used.completion_tokens if used.completion_tokens is not None else used.output_tokens
    usage.openai(
        request,
        prompt=prompt,
        completion=completion,
        cached=sent.cached_tokens,
        written=sent.cache_write_tokens,
        reasoning=made.reasoning_tokens,
    )
    request.raw_usage = msgspec.json.encode(used).decode()


def _decoded(text: str) -> Used | None:
    """Return the object that a text opens with; None where it is cut off inside."""
    depth = 0
    for position, letter in enumerate(text[:4000]):
        depth += (letter == "{") - (letter == "}")
        if depth == 0:
            try:
                return msgspec.json.decode(text[: position + 1].encode(), type=Used)
            except msgspec.DecodeError:
                return None
    return None


FORMAT = Format(
    name="azure_apim",
    title="Azure API Management gateway logs",
    marks=(
        "category",
        "resourceId",
        "correlationId",
        "durationMs",
        "properties.backendUrl",
        "properties.backendResponseBody",
        "properties.apimSubscriptionId",
        "properties.responseCode",
        "properties.url",
        "isRequestSuccess",
    ),
    needs=("category", "properties"),
    says=lambda record: record.get("category") == "GatewayLogs",
    beats=("azure_openai",),
    record=Entry,
    convert=convert,
    semantics="The body's own: prompt and input counts include cached tokens, output includes reasoning.",
    verified="Shape: one recorded record. Bodies cut at the limit: documentation.",
    about=(
        "The category `GatewayLogs`, with logging of bodies enabled. The key is the subscription, the feature is "
        "the API. A call is recognised by `/deployments/NAME/` in its address or by a usage object in the answer."
    ),
    traps=(
        ("bodies are cut at a limit", "the usage object is looked for in what is left; without it usage is missing"),
        ("a deployment's name is free text", "the model is the one in the answer, else your deployments file's"),
        ("a content filter's refusal may still be billed for its prompt", "not known; usage is missing"),
    ),
)
