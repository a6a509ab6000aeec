"""simonw's `llm`: the database that its `llm logs` reads, in both schemas."""

from __future__ import annotations

from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, after, as_number, mapping, text_time
from llmaudit.request import Request

ANTHROPIC_KEYS = {"cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"}
GEMINI_KEYS = {"thoughtsTokenCount", "cachedContentTokenCount", "candidatesTokenCount", "toolUsePromptTokenCount"}


class Row(msgspec.Struct, gc=False):
    """A row of `responses` (up to 0.31) or `turns` (since 0.32)."""

    id: str | None = None
    model: str | None = None
    resolved_model: str | None = None
    conversation_id: str | None = None
    thread_id: str | None = None
    duration_ms: float | None = None
    datetime_utc: str | None = None
    input_tokens: Count = None
    output_tokens: Count = None
    token_details: dict[str, Any] | None = None


def convert(row: Row, _: Context) -> Request:
    """Return the request of a row."""
    started = text_time(row.datetime_utc, "datetime_utc")
    served = row.resolved_model or row.model
    request = Request(
        request_id=row.id,
        session_id=row.conversation_id or row.thread_id,
        started_at=started,
        ended_at=after(started, row.duration_ms, "duration_ms"),
        model_raw=served,
        model_requested=row.model,
        model_served=served,
        endpoint="llm",
    )
    details = row.token_details or {}
    request.raw_usage = msgspec.json.encode(
        {"input_tokens": row.input_tokens, "output_tokens": row.output_tokens, "token_details": details}
    ).decode()
    _fill(request, row, details)
    return request


def _fill(request: Request, row: Row, details: dict[str, Any]) -> None:
    """Read the counters by the provider's rule that the keys of the details show."""
    if details.keys() & ANTHROPIC_KEYS:
        split = mapping(details.get("cache_creation"))
        usage.anthropic(
            request,
            uncached=row.input_tokens,
            output=row.output_tokens,
            read=_count(details, "cache_read_input_tokens"),
            written=_count(details, "cache_creation_input_tokens"),
            written_5m=_count(split, "ephemeral_5m_input_tokens"),
            written_1h=_count(split, "ephemeral_1h_input_tokens"),
        )
        return
    if details.keys() & GEMINI_KEYS:
        thoughts = _count(details, "thoughtsTokenCount")
        usage.stated(
            request,
            input_=row.input_tokens,
            output=row.output_tokens,
            read=_count(details, "cachedContentTokenCount"),
            reasoning=thoughts,
            more_input=_count(details, "toolUsePromptTokenCount"),
            input_has_cache=True,
            output_has_reasoning=_count(details, "candidatesTokenCount") != row.output_tokens,
        )
        if thoughts and "candidatesTokenCount" not in details:  # whether the output has them cannot be told
            request.usage_status = "inconsistent"
        return
    sent = mapping(details.get("prompt_tokens_details")) or mapping(details.get("input_tokens_details"))
    made = mapping(details.get("completion_tokens_details")) or mapping(details.get("output_tokens_details"))
    usage.openai(
        request,
        prompt=row.input_tokens,
        completion=row.output_tokens,
        cached=_count(sent, "cached_tokens"),
        written=_count(sent, "cache_write_tokens"),
        reasoning=_count(made, "reasoning_tokens"),
    )


def _count(details: dict[str, Any], name: str) -> int | float | None:
    return as_number(details.get(name))


FORMAT = Format(
    name="llm_logs",
    title="llm (simonw), logs.db",
    reads=("sqlite",),
    marks=(
        "responses.response_json",
        "responses.datetime_utc",
        "responses.duration_ms",
        "responses.conversation_id",
        "turns.thread_id",
        "turns.datetime_utc",
        "turns.token_details",
        "parts",
        "threads",
        "conversations",
    ),
    record=Row,
    convert=convert,
    tables={"responses": "SELECT * FROM responses ORDER BY rowid", "turns": "SELECT * FROM turns ORDER BY rowid"},
    repeats="once",
    semantics=(
        "input_tokens and output_tokens are what each plugin wrote, so the rule is chosen by the keys of "
        "token_details: Anthropic's (input excludes the cache), Gemini's (output excludes thoughts where it equals the "
        "candidates), else OpenAI's (input includes cached). Thoughts without a candidates count contradict nothing "
        "and prove nothing: such a row is flagged and left out of money."
    ),
    verified="Both schemas on a database that llm 0.36 wrote; details of plugins from their documentation.",
    about=(
        "`llm logs path` says where it is. Both the older table `responses` and the newer `turns` are read. The "
        "database is copied before it is opened, with the write-ahead log beside it."
    ),
    traps=(
        ("since 0.32 new rows go to `turns` and the old ones stay in `responses`", "both are read"),
        ("`datetime_utc` has a zone in one table and none in the other", "without one it is UTC"),
        ("failed calls are not logged, and `llm logs off` logs nothing", "they are unknown; compare with a bill"),
    ),
)
