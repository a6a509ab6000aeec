"""Portkey: the export of its logs, whose amounts are cents."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import answers, chat
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import (
    fill_cost,
    fill_gateway_cache,
    fill_labels,
    fill_status,
    none_if_zero,
    studied_by,
)
from llmaudit.formats.values import Count, JsonCell, after, as_flag, as_text, object_in, or_none, text_time
from llmaudit.request import Request

CENTS = 100


class Log(msgspec.Struct, gc=False):
    """One log; which columns there are was chosen when the export was asked for, and some have two spellings."""

    created_at: str
    id: str | None = None
    trace_id: str | None = None
    ai_org: str | None = None
    ai_provider: str | None = None
    ai_model: str | None = None
    req_units: Count = None
    request_tokens: Count = None
    res_units: Count = None
    response_tokens: Count = None
    total_units: Count = None
    total_tokens: Count = None
    cost: Decimal | None = None
    is_success: bool | int | float | None = None
    response_status_code: int | float | None = None
    status_code: int | float | None = None
    response_time: float | None = None
    request_url: str | None = None
    cache_status: str | None = None
    stream_mode: str | bool | int | float | None = None
    prompt_slug: str | None = None
    metadata: dict[str, Any] | str | None = None
    request: JsonCell = None
    response: JsonCell = None
    request_body: JsonCell = msgspec.field(name="request.body", default=None)
    response_body: JsonCell = msgspec.field(name="response.body", default=None)

    @property
    def provider(self) -> str | None:
        """Who answered."""
        return or_none(self.ai_org) or or_none(self.ai_provider)

    @property
    def answer(self) -> answers.Answer | None:
        """The answer's own names and counts, where the export has the body."""
        return answers.answer_in(self.response_body if self.response is None else self.response)

    @property
    def counts(self) -> usage.Reading:
        """The counts as the log has them; those of cached tokens are only in the answer's body."""
        answer = self.answer
        used = answer.usage if answer and answer.usage else answers.Usage()
        return usage.Reading(
            self.request_tokens if self.req_units is None else self.req_units,
            self.response_tokens if self.res_units is None else self.res_units,
            self.total_tokens if self.total_units is None else self.total_units,
            used.cached,
            used.written,
            used.reasoning,
        )


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return which rule the counts of the file prove, for each provider and model."""
    return studied_by(records, Log, lambda log: (log.provider, log.ai_model, log.counts))


def convert(log: Log, context: Context) -> Request:
    """Return the request of one log."""
    started = text_time(log.created_at, "created_at")
    asked = log.request_body if log.request is None else log.request
    answer = log.answer or answers.Answer()
    body = object_in(asked)
    request = Request(
        request_id=or_none(log.id),
        response_id=answer.id,
        trace_id=or_none(log.trace_id),
        started_at=started,
        ended_at=after(started, log.response_time, "response_time"),
        gateway="portkey",
        seller=log.provider,
        model_raw=or_none(log.ai_model),
        model_requested=as_text(body.get("model")) or or_none(log.ai_model),
        model_served=or_none(answer.model) or or_none(log.ai_model),
        endpoint=or_none(log.request_url),
        is_streamed=_flag(log.stream_mode, body.get("stream")),
        finish_reason=answer.finish,
        feature=or_none(log.prompt_slug),
    )
    answers.fill_tier(request, answer)
    status = log.status_code if log.response_status_code is None else log.response_status_code
    fill_status(
        request, None if status is None else int(status), failed=None if log.is_success is None else not log.is_success
    )
    usage.passed_through(request, log.counts, provider=log.provider, model=log.ai_model, study=context.file.study)
    if request.status == "error":
        usage.not_counted(request)
    if answer.usage is not None:
        request.raw_usage = msgspec.json.encode(answer.usage).decode()
    hit = "hit" in (log.cache_status or "").lower()
    fill_cost(request, none_if_zero(log.cost, free=hit), "cost", CENTS, kind="list_estimate")
    fill_labels(request, _labels(log.metadata))
    chat.fill_prompt(request, body.get("messages"), context)
    fill_gateway_cache(request, hit=hit)
    return request


def _labels(metadata: JsonCell) -> dict[str, Any]:
    """Return metadata, which the metric files hold as two lists (`key` and `value`)."""
    found = object_in(metadata)
    names, values = found.get("key"), found.get("value")
    if isinstance(names, list) and isinstance(values, list):
        return {str(name): value for name, value in zip(names, values, strict=False)}
    return found


def _flag(mode: object, asked: object) -> bool | None:
    if isinstance(mode, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(mode.lower())
    if isinstance(mode, int | float):
        return bool(mode)
    return as_flag(mode if mode is not None else asked)


FORMAT = Format(
    name="portkey",
    title="Portkey log export",
    marks=(
        "ai_org",
        "ai_model",
        "ai_provider",
        "req_units",
        "res_units",
        "total_units",
        "cost_currency",
        "is_success",
        "request_tokens",
        "response_status_code",
    ),
    needs=("created_at", "ai_model"),
    record=Log,
    convert=convert,
    study=study,
    semantics=(
        "req_units and res_units are the provider's own counts: OpenAI's input includes cached tokens, Anthropic's "
        "leaves them out; the counts of cached tokens are in the answer's body alone. Which of the two a file means"
        " is told from its counts for each provider and model, else by the provider. cost is US cents, although "
        "cost_currency says USD; it is 0 where Portkey has no price."
    ),
    verified=(
        "Columns and the unit of cost from Portkey's API description and documentation, and a published sample; that "
        "counts are the provider's own is not documented."
    ),
    about=(
        "JSON lines of a log export. Feature, team, user (`_user`) and session come from `metadata`, else the "
        "feature is `prompt_slug`. Ask for the column `response`: without it cached tokens are unknown."
    ),
    traps=(
        ("`cost` is cents while `cost_currency` says USD", "divided by 100"),
        ("a cost of 0 means that there is no price", "unknown, unless `cache_status` is a hit"),
        ("retries are inside one log", "the log is one request; the failed tries are in no column of it"),
        ("a `trace_id` may span many calls", "kept as the trace; logs that share it are not taken for attempts"),
        ("the documentation spells columns in two ways", "both are read"),
        ("metric files hold flags as 1.0 and metadata as two lists", "read"),
    ),
)
