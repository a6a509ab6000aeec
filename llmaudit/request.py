"""The canonical request: one upstream call (an attempt), whatever log it came from.

`None` means unknown and is never read as 0. Times are naive UTC. Token counters are disjoint: the prompt is the sum of
the five input counters, `output_tokens` is all billed output, and the reasoning, audio and image counts are sub-counts
of those. A format turns its record into one of these; `COLUMNS` is what the database keeps of it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

Status = Literal["ok", "error", "cancelled"]
ErrorClass = Literal["rate_limited", "timeout", "server_error", "client_error", "content_filter", "other"]
BilledKind = Literal["invoice", "seller_reported", "list_estimate"]
UsageStatus = Literal["reported", "estimated", "missing", "inconsistent", "gateway_cache"]

GATEWAY_CACHE: UsageStatus = "gateway_cache"
"""The usage status of an answer that a gateway gave from its own cache: nobody was called, so nothing was used. The
counters are those of the stored answer: what a call would have used, unknown where the log does not say."""

OTHER = "(other)"
"""Replaces the values of a key that has more than are kept apart (`llmaudit.crowded`)."""


INPUT_COUNTERS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_write_other_tokens",
)
"""The five disjoint parts of a prompt, in tokens."""

COUNTERS = (*INPUT_COUNTERS, "output_tokens")
"""The six disjoint counters that are priced."""


BESIDES = ("cost_web_search", "cost_file_processing")
"""Keys of `raw_usage` under which a format keeps what a charge holds beside tokens, in US dollars."""


class Request(msgspec.Struct, kw_only=True, gc=False):
    """One upstream call. Fields are the columns of the table `requests`, in order (docs/schema.md)."""

    line: int = 0
    request_id: str | None = None
    """What makes this one physical call, by the format's rule; the same id again is the same call."""
    response_id: str | None = None
    call_id: str | None = None
    """What the application asked for; retries and fallbacks share it."""
    session_id: str | None = None
    trace_id: str | None = None
    attempt: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    first_token_at: datetime | None = None
    gateway: str | None = None
    """Who passed the call on; None where the application spoke to the seller itself."""
    seller: str | None = None
    provider: str | None = None
    model_raw: str | None = None
    model_requested: str | None = None
    model_served: str | None = None
    endpoint: str | None = None
    region_class: str | None = None
    service_tier: str | None = None
    is_batch: bool | None = None
    is_streamed: bool | None = None
    status: Status = "ok"
    error_class: ErrorClass | None = None
    http_status: int | None = None
    finish_reason: str | None = None
    billed_amount: Decimal | None = None
    billed_currency: str | None = None
    billed_kind: BilledKind | None = None
    user_id: str | None = None
    team: str | None = None
    feature: str | None = None
    key_id: str | None = None
    tags: str | None = None
    """JSON text: an array of strings or an object, as the log had it."""
    stated_tier: int | None = None
    """A tier 0 to 3 that the log itself names for the request."""
    usage_status: UsageStatus = "missing"
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    cache_write_other_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None
    cache_read_audio_tokens: int | None = None
    web_searches: int | None = None
    max_output_tokens: int | None = None
    prompt_chars: int | None = None
    prompt_turns: int | None = None
    template_hash: str | None = None
    prompt_hash: str | None = None
    task_hint: str | None = None
    effort_hint: int | None = None
    stakes_hint: str | None = None
    hint_rule: str | None = None
    """Which rule on the prompt's words decided the task (`llmaudit.tiers.text`)."""
    hint_words: str | None = None
    """Phrases of llmaudit's own vocabulary that the hints rest on, joined with `, `."""
    system_hash: str | None = None
    """Fingerprint of the system message's template."""
    system_chars: int | None = None
    """Characters of the system messages that open the prompt."""
    needs_tools: bool | None = None
    needs_json: bool | None = None
    needs_images: bool | None = None
    has_code: bool | None = None
    has_pii: bool | None = None
    prompt_language: str | None = None
    """`en`, `latin`, `cjk` and so on: the class of the last user message's language."""
    pii_classes: str | None = None
    """The kinds of personal data found in the prompt, comma-separated."""
    raw_usage: str | None = None
    """The usage object as the log had it (JSON text), so that a wrong rule can be repaired without the log."""


class Ignored(msgspec.Struct, frozen=True):
    """A record that is rightly in the log but is not a request (a user turn, a state line)."""

    reason: str


class Reject(Exception):  # noqa: N818 -- not an error of the program: a verdict on one record
    """A record that cannot be used. Carries the reason and the field, never the text.

    Args:
        reason: A slug from docs/rejects.md, such as `not-an-integer`.
        field: The field that is wrong, as the log names it.
    """

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


COLUMNS: tuple[str, ...] = Request.__struct_fields__
"""Column names of `requests` that come from the record itself, in order."""
