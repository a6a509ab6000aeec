"""Attributes of a span to a request: OpenTelemetry's GenAI names (old and new), OpenInference, OpenLLMetry, AI SDK.

A span is judged by its attributes alone, given as a flat mapping of dotted names; every format that contains spans
converts them to that. Of several names for a value, the first one present counts; newer names come before older ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat, sdk_usage
from llmaudit.formats.base import Context
from llmaudit.formats.filling import fill_cost
from llmaudit.formats.sellers import seller_of
from llmaudit.formats.values import (
    as_number,
    as_text,
    error_class,
    http_status,
    json_in,
    mapping,
    object_in,
    or_none,
    text_decimal,
)
from llmaudit.request import Request

Attributes = Mapping[str, Any]

CALLS = {
    "chat",
    "text_completion",
    "completion",
    "generate_content",
    "embeddings",
    "embedding",
    "rerank",
    "responses",
    "image_generation",
}
"""Values of `gen_ai.operation.name` and `llm.request.type` that are one call of a model. Agents, tools and workflows
carry copies or sums of what their calls used, and the sums do not even add up: they are never counted."""

CLAUDE_CODE_CALL = "llm_request"
"""Value of `span.type` of a call in Claude Code's own traces, which count under names of their own."""

_INFERENCE_CALLS = {"LLM", "EMBEDDING", "RERANKER"}
_MLFLOW_CALLS = {"CHAT_MODEL", "LLM", "EMBEDDING", "RERANKER"}
_SDK_CALL = re.compile(r"\.do(?:Generate|Stream|Embed|Rerank)$")
_NUMBERED = re.compile(r"^(?:llm\.input_messages|gen_ai\.prompt)\.(\d+)\.(?:message\.)?(role|content)$")

_SERVED = ("gen_ai.response.model", "llm.response.model_name", "ai.response.model")
_REQUESTED = ("gen_ai.request.model", "llm.request.model_name", "ai.model.id")
_EITHER = ("llm.model_name", "embedding.model_name", "reranker.model_name", "mlflow.llm.model")
_PROVIDER = (
    "gen_ai.provider.name",
    "gen_ai.system",
    "llm.provider",
    "llm.system",
    "ai.model.provider",
    "mlflow.llm.provider",
)
_RESPONSE_ID = ("gen_ai.response.id", "ai.response.id")
_COUNTS: dict[str, tuple[str, ...]] = {
    "prompt": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
        "ai.usage.inputTokens",
        "ai.usage.promptTokens",
        "ai.usage.tokens",
    ),
    "completion": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
        "ai.usage.outputTokens",
        "ai.usage.completionTokens",
    ),
    "total": (
        "gen_ai.usage.total_tokens",
        "llm.usage.total_tokens",
        "llm.token_count.total",
        "ai.usage.totalTokens",
    ),
    "read": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "llm.token_count.prompt_details.cache_read",
        "llm.token_count.prompt_details.cache_input",
        "ai.usage.inputTokenDetails.cacheReadTokens",
        "ai.usage.cachedInputTokens",
    ),
    "written": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "llm.token_count.prompt_details.cache_write",
        "ai.usage.inputTokenDetails.cacheWriteTokens",
    ),
    "reasoning": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
        "ai.usage.outputTokenDetails.reasoningTokens",
        "ai.usage.reasoningTokens",
    ),
    "written_5m": ("anthropic.usage.cache_creation.ephemeral_5m_input_tokens",),
    "written_1h": ("anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
}
_CLAUDE_CODE_COUNTS: dict[str, tuple[str, ...]] = {
    "prompt": ("input_tokens",),
    "completion": ("output_tokens",),
    "read": ("cache_read_tokens",),
    "written": ("cache_creation_tokens",),
}
_PARTS: dict[str, tuple[str, ...]] = {
    "input_audio_tokens": ("gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio"),
    "output_audio_tokens": ("gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio"),
    "input_image_tokens": ("gen_ai.usage.image.input_tokens", "llm.token_count.prompt_details.image"),
    "output_image_tokens": ("gen_ai.usage.image.output_tokens", "llm.token_count.completion_details.image"),
}
_TIER = ("openai.response.service_tier", "anthropic.response.service_tier", "gen_ai.openai.response.service_tier")
_STREAMED = ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming")
_SESSION = ("gen_ai.conversation.id", "session.id", "langsmith.metadata.session_id")
_USER = ("user.id", "enduser.id")
_COST = ("llm.cost.total", "operation.cost", "gen_ai.usage.cost", "gen_ai.cost.total_cost")
_LABELS = ("traceloop.association.properties.", "ai.telemetry.metadata.", "metadata.")
"""Beginnings of attributes that hold what the application called the call."""

_USAGE = ("usage", "token_count", "tokenUsage", "_tokens")


def first(attributes: Attributes, names: tuple[str, ...]) -> Any:
    """Return the value of the first name that is there."""
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def text(attributes: Attributes, names: tuple[str, ...]) -> str | None:
    """Return the value of the first name that is there, as text; a JSON string is taken out of its quotes."""
    value = first(attributes, names)
    if isinstance(value, str) and value[:1] == '"':
        value = json_in(value)
    return or_none(value) if isinstance(value, str) else None


def flat(nested: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested attributes under flat, dotted names; None is left out."""
    for key, value in nested.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        elif value is not None and value == value:  # noqa: PLR0124 -- NaN, which tables write for None, is not itself
            yield before + key, value


def is_call(attributes: Attributes) -> bool:
    """Say whether a span is one call of a model, rather than something around it.

    The most explicit mark decides. A span without any is a call if it names a model and counts tokens.
    """
    if kind := attributes.get("openinference.span.kind"):
        return str(kind).upper() in _INFERENCE_CALLS
    if attributes.get("span.type") == CLAUDE_CODE_CALL:
        return True
    if operation := attributes.get("ai.operationId"):
        return _SDK_CALL.search(str(operation)) is not None
    if attributes.get("traceloop.span.kind") in {"workflow", "task", "agent", "tool"}:
        return False
    if kind := json_in(attributes.get("mlflow.spanType")):
        return str(kind).upper() in _MLFLOW_CALLS
    if operation := attributes.get("gen_ai.operation.name") or attributes.get("llm.request.type"):
        return str(operation).lower() in CALLS
    named = first(attributes, (*_SERVED, *_REQUESTED)) is not None
    return named and first(attributes, _COUNTS["prompt"] + _COUNTS["completion"]) is not None


def reading_of(attributes: Attributes) -> usage.Reading:
    """Return the token counts of a span. Numbers may be text (ClickHouse, JSON exporters) or floats (data frames)."""
    if told := sdk_usage.own_usage(attributes):
        return told.reading
    named = _CLAUDE_CODE_COUNTS if attributes.get("span.type") == CLAUDE_CODE_CALL else _COUNTS
    counts = {name: _number(first(attributes, names)) for name, names in named.items()}
    if counts["completion"] is None and counts["prompt"] is not None and _is_embedding(attributes):
        counts["completion"] = 0
    return _with_lost_thoughts(sdk_usage.with_parts(usage.Reading(**counts), attributes), attributes)


def _with_lost_thoughts(reading: usage.Reading, attributes: Attributes) -> usage.Reading:
    """Return a reading of Gemini with the thoughts that an instrumentation left out of everything but the total.

    Gemini's total is prompt + answer + thoughts (and prompts of tools, which such spans do not tell from them).
    """
    prompt, answer, total = reading.prompt, reading.completion, reading.total
    if prompt is None or answer is None or total is None or reading.reasoning is not None:
        return reading
    lost = total - prompt - answer
    if lost <= 0 or seller_of(text(attributes, _PROVIDER)) not in {"google", "vertex"}:
        return reading
    return reading._replace(completion=answer + lost, reasoning=lost)


def _is_embedding(attributes: Attributes) -> bool:
    kinds = (
        "openinference.span.kind",
        "gen_ai.operation.name",
        "ai.operationId",
        "llm.request.type",
        "mlflow.spanType",
    )
    return any("embed" in str(attributes.get(kind, "")).lower() for kind in kinds)


def _number(value: Any) -> int | float | None:
    if isinstance(value, str):
        number = text_decimal(value, "usage")
        return None if number is None else float(number) if number % 1 else int(number)
    return as_number(value)


def usual_rule(attributes: Attributes, scope: str) -> usage.Rule:
    """Return how spans of such an instrumentation usually count.

    The GenAI conventions, OpenInference, OpenLLMetry and the AI SDK since 6 include cached tokens in the input, whoever
    the provider. OpenLLMetry's Bedrock instrumentation hands on Bedrock's own count, Claude Code and the AI SDK before
    6 that of Anthropic, which leave them out.
    """
    if told := sdk_usage.own_usage(attributes):
        return told.rule
    if scope.startswith(("opentelemetry.instrumentation.bedrock", "com.anthropic.claude_code")):
        return usage.CACHE_APART
    before_6 = "ai.operationId" in attributes and not any(
        name.startswith("ai.usage.inputTokenDetails") for name in attributes
    )
    names_anthropic = str(attributes.get("ai.model.provider", "")).startswith(("anthropic", "amazon-bedrock"))
    return usage.CACHE_APART if before_6 and names_anthropic else usage.INSIDE


def group_of(attributes: Attributes, scope: str) -> str:
    """Return the name under which a file's spans are judged together: instrumentation, provider and model."""
    model = first(attributes, (*_SERVED, *_REQUESTED, *_EITHER))
    return "/".join(str(part) for part in (scope, first(attributes, _PROVIDER), model) if part)


def request_of(attributes: Attributes, context: Context) -> Request:
    """Return what the attributes of a span say about a call, without its times, ids and counts."""
    asked = object_in(attributes.get("llm.invocation_parameters"))
    served = text(attributes, _SERVED) or text(attributes, _EITHER)
    requested = text(attributes, _REQUESTED) or as_text(asked.get("model"))
    request = Request(
        response_id=text(attributes, _RESPONSE_ID) or _answer_id(attributes),
        session_id=text(attributes, _SESSION),
        seller=seller_of(text(attributes, _PROVIDER)),
        model_raw=served or requested,
        model_requested=requested,
        model_served=served,
        endpoint=text(attributes, ("gen_ai.operation.name", "ai.operationId", "llm.request.type")),
        service_tier=text(attributes, _TIER),
        is_streamed=_streamed(attributes, asked),
        finish_reason=_finish(attributes),
        user_id=text(attributes, _USER),
        max_output_tokens=usage.limit(
            _number(first(attributes, ("gen_ai.request.max_tokens",)) or asked.get("max_tokens"))
        ),
        http_status=http_status(_number(first(attributes, ("http.response.status_code", "http.status_code")))),
    )
    _fill_labels(request, attributes)
    for field, names in _PARTS.items():
        setattr(request, field, usage.checked(field, _number(first(attributes, names))))
    used = {name: value for name, value in attributes.items() if _is_number(value) and any(w in name for w in _USAGE)}
    request.raw_usage = msgspec.json.encode(used).decode() if used else None
    _fill_cost(request, attributes)
    chat.fill_prompt(request, _messages(attributes), context)
    return request


def _is_number(value: Any) -> bool:
    """Say whether a value is a count, which may be text; other text has no place in the usage that is kept."""
    return isinstance(value, int | float) or (isinstance(value, str) and value.isdigit())


def mark_failure(request: Request, attributes: Attributes) -> None:
    """Mark a request as failed, by the type of its error; its message is not read."""
    request.status = "error"
    kind = text(attributes, ("error.type", "exception.type")) or ""
    request.error_class = error_class(request.http_status, kind.rpartition(".")[2])


def _answer_id(attributes: Attributes) -> str | None:
    """Return the provider's id of the answer out of the answer itself: OpenInference has no attribute for it."""
    answer = object_in(attributes.get("output.value"))
    return as_text(answer.get("id")) or as_text(mapping(langchain_message(answer).get("response_metadata")).get("id"))


def langchain_message(outputs: Any) -> dict[str, Any]:
    """Return the message of LangChain's own output, which lies three deep and whose constructor holds the fields."""
    try:
        message = outputs["generations"][0][0]["message"]
    except (TypeError, KeyError, IndexError):
        return {}
    return mapping(message.get("kwargs", message) if isinstance(message, dict) else None)


def _streamed(attributes: Attributes, asked: Mapping[str, Any]) -> bool | None:
    stated = first(attributes, _STREAMED)
    if stated is None and "ai.operationId" in attributes:
        return str(attributes["ai.operationId"]).startswith("ai.stream")
    stated = asked.get("stream") if stated is None else stated
    return str(stated).lower() == "true" if isinstance(stated, bool | str) else None


def _finish(attributes: Attributes) -> str | None:
    reasons = json_in(first(attributes, ("gen_ai.response.finish_reasons", "ai.response.finishReason")))
    reason = reasons[0] if isinstance(reasons, list) and reasons else reasons
    return as_text(reason)


def _fill_labels(request: Request, attributes: Attributes) -> None:
    labels = dict(object_in(attributes.get("metadata")))
    for name, value in attributes.items():
        for beginning in _LABELS:
            if name.startswith(beginning):
                labels[name.removeprefix(beginning)] = value
    names = {"sessionId": "session_id", "userId": "user_id"}
    chat.label(request, {names.get(name, name): value for name, value in labels.items()})
    request.feature = request.feature or text(attributes, ("ai.telemetry.functionId",))


def _fill_cost(request: Request, attributes: Attributes) -> None:
    """Take a cost that the instrumentation computed from a price list of its own."""
    cost = first(attributes, _COST)
    if cost is None or isinstance(cost, bool | list | dict):
        return
    fill_cost(request, text_decimal(str(cost), "cost"), "cost", kind="list_estimate")


def _messages(attributes: Attributes) -> list[Any] | None:
    """Return the prompt as OpenAI-shaped messages, where the span has it."""
    listed = json_in(first(attributes, ("gen_ai.input.messages", "ai.prompt.messages")))
    if isinstance(listed, list):
        return [_message(each) for each in listed if isinstance(each, dict)]
    numbered: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        if found := _NUMBERED.match(name):
            numbered.setdefault(int(found[1]), {})[found[2]] = value
    if numbered:
        return [numbered[number] for number in sorted(numbered)]
    listed = object_in(first(attributes, ("mlflow.spanInputs", "input.value"))).get("messages")
    return listed if isinstance(listed, list) else None


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message whose parts hold their text where OpenAI's do."""
    parts = message.get("parts", message.get("content"))
    if isinstance(parts, list):
        parts = [{**part, "text": part.get("text", part.get("content"))} for part in parts if isinstance(part, dict)]
    return {"role": message.get("role", ""), "content": parts}
