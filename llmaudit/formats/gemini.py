"""Gemini: responses of `generateContent` and its streams, from the Gemini API or Vertex, in camel or snake case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import after, as_text, error_class, http_status, mapping, text_time
from llmaudit.request import Ignored, Reject, Request

Record = dict[str, Any]
_HUMP = re.compile(r"(?<=[a-z])([A-Z])")
_TIERS = {
    "ON_DEMAND_PRIORITY": "priority",
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_OFFPEAK": "offpeak",
    "PROVISIONED_THROUGHPUT": "provisioned_throughput",
}
"""Vertex' words for how a request was served; `ON_DEMAND` is the ordinary way."""

_BLOCKED = {"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY"}


def get(holder: Any, name: str) -> Any:
    """Return a field under its camel-case name or, as BigQuery and Python dumps have it, in snake case."""
    if not isinstance(holder, dict):
        return None
    value = holder.get(name)
    return holder.get(_snake(name)) if value is None else value


@cache
def _snake(name: str) -> str:
    return _HUMP.sub(r"_\1", name).lower()


def convert(line: Record, context: Context) -> Request | Ignored:
    """Return the request of one response, alone or beside its request."""
    answer = get(line, "response")
    answer = answer if isinstance(answer, dict) else line
    if get(answer, "usageMetadata") is None and get(answer, "candidates") is None and get(line, "error") is None:
        return Ignored("part of a stream without usage")
    asked = mapping(get(line, "request"))
    began = get(line, "timestamp") or get(answer, "createTime")
    started = text_time(began if isinstance(began, str) else None, "createTime")
    request = request_of(answer, asked, context, started=started)
    request.ended_at = after(started, number(get(line, "latencyMs"), "latencyMs"), "latencyMs")
    error = get(line, "error")
    if isinstance(error, dict):
        request.http_status = http_status(error.get("code"))
        request.status, request.error_class = "error", error_class(request.http_status, str(error.get("status") or ""))
    return request


def request_of(answer: Record, asked: Record, context: Context, *, started: datetime | None) -> Request:
    """Return the request of a response and what was asked.

    Args:
        answer: The `GenerateContentResponse`.
        asked: The request body, as far as it is known.
        context: Of the file.
        started: When it was asked.
    """
    used = get(answer, "usageMetadata")
    served, wanted = as_text(get(answer, "modelVersion")), as_text(get(asked, "model"))
    identifier = as_text(get(answer, "responseId"))
    first = next(iter(_dicts(get(answer, "candidates"))), {})
    reason = as_text(get(first, "finishReason")) or as_text(get(get(answer, "promptFeedback"), "blockReason"))
    config = get(asked, "generationConfig")
    request = Request(
        request_id=identifier,
        response_id=identifier,
        started_at=started,
        seller="vertex" if get(used, "trafficType") or get(answer, "createTime") else "google",
        model_raw=served or model_name(wanted),
        model_requested=model_name(wanted),
        model_served=served,
        endpoint="generateContent",
        service_tier=tier_of(answer),
        finish_reason=reason,
        web_searches=_searches(answer),
        max_output_tokens=usage.limit(get(config, "maxOutputTokens")),
        needs_json=get(config, "responseMimeType") == "application/json" if isinstance(config, dict) else None,
    )
    if reason in _BLOCKED and not _dicts(get(answer, "candidates")):
        request.status, request.error_class = "error", "content_filter"
    fill(request, answer, context)
    if asked:
        request.needs_tools = bool(get(asked, "tools"))
    chat.fill_prompt(request, _messages(asked), context)
    return request


def fill(request: Request, answer: Record, context: Context) -> None:
    """Fill the counters of a request from a response, by Gemini's usual rule or the one that the file proves."""
    used = get(answer, "usageMetadata")
    if not isinstance(used, dict):
        return
    model = as_text(get(answer, "modelVersion")) or ""
    usage.by_study(request, reading_of(used), context.file.study, model, usage.REASONING_APART)
    usage.fill_parts(
        request,
        input_audio=_of_kind(used, "promptTokensDetails", "AUDIO"),
        input_image=_of_kind(used, "promptTokensDetails", "IMAGE"),
        cached_audio=_of_kind(used, "cacheTokensDetails", "AUDIO"),
        cached_image=_of_kind(used, "cacheTokensDetails", "IMAGE"),
        output_audio=_of_kind(used, "candidatesTokensDetails", "AUDIO"),
        output_image=_of_kind(used, "candidatesTokensDetails", "IMAGE"),
    )
    request.raw_usage = msgspec.json.encode(used).decode()


def _of_kind(used: Record, name: str, kind: str) -> int | None:
    """Return the tokens of one modality in a list of counts by modality, or None where it is not listed."""
    listed = [each for each in _dicts(get(used, name)) if each.get("modality") == kind]
    counts = [usage.checked(name, number(get(each, "tokenCount"), name)) or 0 for each in listed]
    return sum(counts) if counts else None


def reading_of(used: Record) -> usage.Reading:
    """Return the token counts of a usage object. The Live API calls its answer `response` instead of `candidates`."""
    made = get(used, "candidatesTokenCount")
    made = get(used, "responseTokenCount") if made is None else made
    return usage.gemini(
        number(get(used, "promptTokenCount"), "promptTokenCount"),
        number(made, "candidatesTokenCount"),
        cached=number(get(used, "cachedContentTokenCount"), "cachedContentTokenCount"),
        thoughts=number(get(used, "thoughtsTokenCount"), "thoughtsTokenCount"),
        tool_prompt=number(get(used, "toolUsePromptTokenCount"), "toolUsePromptTokenCount"),
        total=number(get(used, "totalTokenCount"), "totalTokenCount"),
    )


def tier_of(answer: Record) -> str | None:
    """Return the tier that served a response."""
    traffic = as_text(get(get(answer, "usageMetadata"), "trafficType"))
    return _TIERS.get(traffic) if traffic else as_text(get(answer, "serviceTier"))


def model_name(name: str | None) -> str | None:
    """Return a model's own name out of its path (`publishers/google/models/…`, `models/…`)."""
    return name.rpartition("/")[2] if name else None


def number(value: Any, field: str) -> int | float | None:
    """Return a value that has to be a number; whole numbers may be text, as protobuf's JSON writes them.

    Raises:
        Reject: It is something else.
    """
    if isinstance(value, str) and value.isdigit():
        return int(value)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Reject("wrong-type", field)
    return value


def _dicts(value: Any) -> list[Record]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _searches(answer: Record) -> int | None:
    """Return the search queries of all candidates; None where the answer does not speak of grounding."""
    grounded = [get(each, "groundingMetadata") for each in _dicts(get(answer, "candidates"))]
    told = [get(each, "webSearchQueries") for each in grounded if isinstance(each, dict)]
    return sum(len(each) for each in told if isinstance(each, list)) if told else None


def _messages(asked: Record) -> list[Any] | None:
    """Return the contents that were asked as OpenAI-shaped messages."""
    if get(asked, "contents") is None:
        return None
    listed = [*_dicts([get(asked, "systemInstruction")]), *_dicts(get(asked, "contents"))]
    return [{"role": each.get("role") or "system", "content": _dicts(each.get("parts"))} for each in listed]


def study(records: Sequence[Record]) -> usage.Study:
    """Return what the totals of the sampled records show, by model."""
    return usage.studied(_readings(records))


def _readings(records: Sequence[Record]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for record in records:
        answer = get(record, "response")
        answer = answer if isinstance(answer, dict) else record
        used = get(answer, "usageMetadata")
        try:
            if isinstance(used, dict):
                yield as_text(get(answer, "modelVersion")) or "", usage.REASONING_APART, reading_of(used)
        except Reject:  # said when the record itself is read
            continue


FORMAT = Format(
    name="gemini",
    title="Gemini API and Vertex AI responses",
    reads=("json", "sse"),
    marks=(
        "usageMetadata",
        "usageMetadata.promptTokenCount",
        "usageMetadata.totalTokenCount",
        "modelVersion",
        "responseId",
        "candidates",
        "usage_metadata",
        "usage_metadata.prompt_token_count",
        "usage_metadata.total_token_count",
        "model_version",
        "response_id",
        "response.usageMetadata",
        "response.usageMetadata.promptTokenCount",
        "response.modelVersion",
        "response.candidates",
        "response.usage_metadata",
        "response.model_version",
    ),
    record=None,
    convert=convert,
    study=study,
    repeats="largest",
    semantics=(
        "promptTokenCount includes cached tokens; prompts of tools are counted separately and billed as input. "
        "candidatesTokenCount excludes thoughts (total = prompt + candidates + thoughts + tools in 537 of 537 "
        "recorded objects); if the totals of a file prove otherwise for a model, that rule is used. A cache's "
        "storage by the hour is in no response."
    ),
    verified="Recorded objects of both APIs and SDK 3.4.0. The Live API's name and grounding: SDK alone.",
    about=(
        'Responses, one per line, in a list or as a captured stream; `{"request": …, "response": …}` with '
        "`timestamp` and `latencyMs` if you log them. The Gemini API's responses have no time; Vertex' "
        "`createTime` is one."
    ),
    traps=(
        ("thoughts are outside of candidates", "added: the candidates alone would lose most of the bill"),
        ("`candidatesTokenCount` is missing where everything was thought or blocked", "no visible output: 0"),
        ("a stream repeats its growing usage in every chunk", "one `responseId` is one request; the largest counts"),
        ("details by modality do not add up to the counts", "sub-counts only; no total is made of them"),
        (
            "search queries are not what is billed for every generation of models",
            "`web_searches` is the number of queries; older models bill by prompt",
        ),
    ),
)
