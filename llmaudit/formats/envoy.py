"""Envoy AI Gateway, and Istio or Envoy with GenAI metadata: JSON access logs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.access_logs import without_query
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_status, number, text_of, whole
from llmaudit.formats.values import after, text_time
from llmaudit.request import Ignored, Reject, Request

_KEYS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("usage.input_tokens", "usage.prompt_tokens"),
    "completion": ("usage.output_tokens", "usage.completion_tokens"),
    "total": ("usage.total_tokens",),
    "read": ("usage.cached_input_tokens", "usage.cache_read.input_tokens", "usage.cache_read_input_tokens"),
    "written": (
        "usage.cache_creation_input_tokens",
        "usage.cache_creation.input_tokens",
        "usage.cache_write.input_tokens",
    ),
    "reasoning": ("usage.reasoning_tokens", "usage.reasoning.output_tokens", "usage.reasoning_output_tokens"),
}
"""Counts, and the keys under which the documented configurations log them, after `gen_ai.`."""

_PREFIX = re.compile(r"^gen_?ai[._]")


def convert(line: dict[str, Any], _: Context) -> Request | Ignored:
    """Return the request of one line."""
    told = {
        _PREFIX.sub("", key): value
        for key, value in line.items()
        if _PREFIX.match(key) and value not in (None, "-", "")
    }
    if not told:
        return Ignored("call without a model")
    started = text_time(_text(line, "start_time"), "start_time")
    if started is None:
        raise Reject("missing-field", "start_time")
    asked = text_of(told.get("request.model_override")) or text_of(told.get("request.model"))
    served = text_of(told.get("response.model"))
    request = Request(
        request_id=_text(line, "x-request-id") or _text(line, "request_id"),
        session_id=_text(line, "session.id") or text_of(told.get("conversation.id")),
        started_at=started,
        ended_at=after(started, number(line.get("duration"), "duration"), "duration"),
        gateway="envoy",
        seller=text_of(told.get("provider.name")) or text_of(told.get("system")),
        model_raw=served or asked,
        model_requested=text_of(told.get("request.model")) or asked,
        model_served=served or text_of(told.get("request.model_override")),
        endpoint=without_query(_text(line, "x-envoy-origin-path") or _text(line, "path") or "") or None,
        user_id=_text(line, "x-user-id"),
    )
    code = whole(line.get("response_code"), "response_code")
    fill_status(request, int(code) if code is not None else None, _text(line, "response_flags") or "")
    counts = {name: _count(told, keys) for name, keys in _KEYS.items()}
    usage.by_rule(request, usage.Reading(**counts), usage.INSIDE)
    if counts["read"] is None:
        request.cache_read_tokens = None
    if counts["written"] is None:
        request.cache_write_5m_tokens = request.cache_write_1h_tokens = request.cache_write_other_tokens = None
    if request.status == "error":
        usage.not_counted(request)
    logged = {key: value for key, value in told.items() if key.startswith("usage.")}
    request.raw_usage = msgspec.json.encode(logged).decode() if logged else None
    return request


def _count(told: Mapping[str, Any], keys: tuple[str, ...]) -> int | float | None:
    found = next((told[key] for key in keys if key in told), None)
    return whole(found, f"gen_ai.{keys[0]}")


def _text(line: Mapping[str, Any], key: str) -> str | None:
    value = line.get(key)
    return value if isinstance(value, str) and value not in {"", "-"} else None


def _is_line(record: dict[str, Any]) -> bool:
    return any(_PREFIX.match(key) for key in record)


FORMAT = Format(
    name="envoy",
    title="Envoy AI Gateway access logs",
    marks=(
        "response_flags",
        "response_code",
        "response_code_details",
        "upstream_cluster",
        "upstream_host",
        "x-request-id",
        "x-envoy-upstream-service-time",
        "x-envoy-origin-path",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.provider.name",
    ),
    needs=("response_code", "start_time"),
    says=_is_line,
    convert=convert,
    semantics=(
        "gen_ai.usage.input_tokens includes cached reads and writes for every provider, gen_ai.usage.output_tokens "
        "includes reasoning, where the gateway's costs InputToken, CachedInputToken, OutputToken and so on are logged "
        "under these names. start_time is the beginning, duration milliseconds. There is no amount."
    ),
    verified=(
        "Keys from the gateway's documentation and source at c217da8, and two published lines; keys are the "
        "operator's to choose."
    ),
    about=(
        "JSON access logs whose keys are the documented ones (`gen_ai.…` or `genai_…` beside `response_flags`, "
        "`upstream_cluster`). The seller is `gen_ai.provider.name`, which names a backend of the route and not a "
        "vendor: map it. The user is the header `x-user-id`."
    ),
    traps=(
        ("values are numbers, text, `-` or null", "all are read"),
        ("retries and fallbacks are one line, with the last upstream", "one request"),
        ("MCP calls and other routes are in the same file", "ignored: they have no `gen_ai` value"),
        ("a cost made by a CEL expression is an arbitrary number", "not read as money or tokens"),
        ("a count that is not configured is not logged", "unknown, not zero"),
    ),
)
