"""Chat completions of hosts whose usage differs from OpenAI's: Groq, Mistral, DeepSeek, xAI, Perplexity, Cerebras.

They share one record shape, OpenAI's, so this is one format with a rule for each host. Who a record is from is told by
the fields that only that host writes. Hosts that write nothing of their own (Together, Fireworks, vLLM) are
`openai_compatible`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from llmaudit import usage
from llmaudit.formats import openai_compatible
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost
from llmaudit.formats.values import Count, after, utc
from llmaudit.request import Ignored, Request

TICKS_PER_DOLLAR = 10_000_000_000
"""xAI's `cost_in_usd_ticks`: one is 1e-10 dollars."""


class Cost(msgspec.Struct, gc=False, omit_defaults=True):
    """Perplexity's own account of a call, in dollars."""

    total_cost: Decimal | None = None


class GatewayCost(msgspec.Struct, gc=False, omit_defaults=True):
    """What Pydantic's gateway estimates, in dollars."""

    cost_estimate: Decimal | None = None


class Usage(openai_compatible.Usage, gc=False, omit_defaults=True):
    """The usage object with what single hosts add."""

    cost: Decimal | Cost | None = None  # type: ignore[assignment]  # Perplexity has an object where others have a number
    cached_tokens: Count = None
    num_cached_tokens: Count = None
    reasoning_tokens: Count = None
    citation_tokens: Count = None
    num_search_queries: Count = None
    num_sources_used: Count = None
    cost_in_usd_ticks: Count = None
    queue_time: float | None = None
    prompt_time: float | None = None
    total_time: float | None = None
    service_tier: str | None = None
    pydantic_ai_gateway: GatewayCost | None = None


class TimeInfo(msgspec.Struct, gc=False, omit_defaults=True):
    """Cerebras: seconds."""

    queue_time: float | None = None
    prompt_time: float | None = None
    total_time: float | None = None


class Groq(msgspec.Struct, gc=False, omit_defaults=True):
    """Groq: its own id of the request, and the usage of a stream."""

    id: str | None = None
    usage: Usage | None = None


class Completion(openai_compatible.Completion, gc=False):
    """A `chat.completion` object of one of these hosts."""

    usage: Usage | None = None
    time_info: TimeInfo | None = None
    x_groq: Groq | None = None


class Exchange(openai_compatible.Exchange, gc=False):
    """One line: a completion, or a request with its completion."""

    response: Completion | None = None
    usage: Usage | None = None
    time_info: TimeInfo | None = None
    x_groq: Groq | None = None


def convert(line: Exchange, context: Context) -> Request | Ignored:
    """Return the request of one completion, as its host counts."""
    answer: Completion | Exchange = line.response or line
    used = answer.usage or (answer.x_groq.usage if answer.x_groq else None)
    answer.usage = None  # read here, by the host's own rule
    made = openai_compatible.convert(line, context)
    if isinstance(made, Ignored):
        return made
    if used is None:
        return made
    host = host_of(answer, used)
    made.seller = host if made.gateway is None else None  # a relay sells at its own prices
    fill(made, used, context, host)
    made.service_tier = made.service_tier or used.service_tier
    made.raw_usage = msgspec.json.encode(used).decode()
    made.web_searches = usage.checked("num_search_queries", used.num_search_queries)
    fill_billed(made, used)
    _fill_times(made, line, answer, used)
    return made


def host_of(answer: Completion | Exchange, used: Usage) -> str | None:
    """Return the host that writes such a usage object; None if it has no field that only one host uses."""
    if answer.x_groq is not None or (used.queue_time is not None and answer.time_info is None):
        return "groq"
    if answer.time_info is not None:
        return "cerebras"
    if used.prompt_cache_hit_tokens is not None:
        return "deepseek"
    if used.cost_in_usd_ticks is not None or used.num_sources_used is not None:
        return "xai"
    if used.num_search_queries is not None or used.citation_tokens is not None or isinstance(used.cost, Cost):
        return "perplexity"
    return "mistral" if used.num_cached_tokens is not None else None


def reading_of(used: Usage) -> usage.Reading:
    """Return the counts under whichever name the host gives them."""
    sent = used.prompt_tokens_details or openai_compatible.PromptDetails()
    made = used.completion_tokens_details or openai_compatible.CompletionDetails()
    read = (sent.cached_tokens, used.prompt_cache_hit_tokens, used.num_cached_tokens, used.cached_tokens)
    thought = made.reasoning_tokens if made.reasoning_tokens is not None else used.reasoning_tokens
    completion = used.completion_tokens
    if completion is None and used.prompt_tokens is not None and used.total_tokens == used.prompt_tokens:
        completion = 0  # an embedding
    return usage.Reading(
        used.prompt_tokens,
        completion,
        used.total_tokens,
        next((count for count in read if count is not None), None),
        sent.cache_write_tokens,
        thought,
    )


def fill(request: Request, used: Usage, context: Context, host: str | None) -> None:
    """Fill the counters by the host's usual rule, or by the one that the file proves for the model."""
    usage.by_study(request, reading_of(used), context.file.study, request.model_raw or "", usual_rule(host))
    sent = used.prompt_tokens_details or openai_compatible.PromptDetails()
    made = used.completion_tokens_details or openai_compatible.CompletionDetails()
    usage.fill_parts(request, input_audio=sent.audio_tokens, output_audio=made.audio_tokens)


def usual_rule(host: str | None) -> usage.Rule:
    """Return a host's own rule: xAI's and Perplexity's completion count leaves reasoning out, the others' has it."""
    return usage.REASONING_APART if host in {"xai", "perplexity"} else usage.INSIDE


def fill_billed(request: Request, used: Usage) -> None:
    """Fill what the host or gateway says the call cost, in place."""
    cost = used.cost.total_cost if isinstance(used.cost, Cost) else used.cost
    if used.cost_in_usd_ticks is not None:
        ticks = Decimal(str(used.cost_in_usd_ticks))
        fill_cost(request, ticks, "usage.cost_in_usd_ticks", TICKS_PER_DOLLAR)
    elif cost is not None:
        fill_cost(request, cost, "usage.cost")
    elif used.pydantic_ai_gateway is not None:
        estimate = used.pydantic_ai_gateway.cost_estimate
        fill_cost(request, estimate, "usage.pydantic_ai_gateway", kind="list_estimate")


def _fill_times(request: Request, line: Exchange, answer: Completion | Exchange, used: Usage) -> None:
    """Take durations from the host's own clock, in seconds, where the caller logged none: they lack the network."""
    clock = answer.time_info or TimeInfo(used.queue_time, used.prompt_time, used.total_time)
    start = request.started_at or utc(line.timestamp, "timestamp")
    if request.ended_at is None and clock.total_time is not None:
        request.ended_at = after(start, ((clock.queue_time or 0) + clock.total_time) * 1000, "total_time")
    if request.first_token_at is None and clock.prompt_time is not None:
        request.first_token_at = after(start, ((clock.queue_time or 0) + clock.prompt_time) * 1000, "prompt_time")


_exchange = partial(msgspec.convert, type=Exchange)


def study(records: Sequence[dict[str, Any]]) -> usage.Study:
    """Return what the totals of the sampled records show, by model."""
    return usage.studied(_readings(records))


def _readings(records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for record in records:
        try:
            line = _exchange(record)
        except msgspec.ValidationError:  # said when the record itself is read
            continue
        answer: Completion | Exchange = line.response or line
        used = answer.usage or (answer.x_groq.usage if answer.x_groq else None)
        if used is not None:
            yield answer.model or "", usual_rule(host_of(answer, used)), reading_of(used)


OWN = (
    "prompt_cache_hit_tokens",
    "num_cached_tokens",
    "cached_tokens",
    "cost_in_usd_ticks",
    "num_sources_used",
    "num_search_queries",
    "citation_tokens",
    "queue_time",
    "pydantic_ai_gateway",
)
"""Keys of a usage object that only one host or another writes."""


def is_hosted(record: dict[str, Any]) -> bool:
    """Say whether a decoded record has a field that only one of these hosts writes."""
    for answer in (record, record.get("response")):
        if isinstance(answer, dict):
            used = answer.get("usage")
            if (
                "x_groq" in answer
                or "time_info" in answer
                or (isinstance(used, dict) and any(key in used for key in OWN))
            ):
                return True
    return False


FORMAT = Format(
    name="hosted_chat",
    title="Chat completions of Groq, Mistral, DeepSeek, xAI, Perplexity, Cerebras and others",
    marks=(
        *(f"usage.{key}" for key in OWN),
        *(f"response.usage.{key}" for key in OWN),
        "x_groq",
        "time_info",
        "response.x_groq",
        "response.time_info",
        "choices",
        "object",
        "created",
        "usage.prompt_tokens",
        "response.choices",
        "response.object",
        "response.created",
    ),
    says=is_hosted,
    beats=("openai_compatible",),
    record=Exchange,
    convert=convert,
    study=study,
    semantics=(
        "OpenAI's shape: prompt_tokens includes cached reads. xAI's and Perplexity's completion_tokens leaves "
        "reasoning out (total = prompt + completion + reasoning), all others include it; if the totals of a file prove "
        "another rule for a model, that rule is used. Groq's and Cerebras' times are seconds on the server. xAI's "
        "cost_in_usd_ticks is 1e-10 dollars."
    ),
    verified=(
        "Groq, Mistral, DeepSeek and Cerebras: totals of recorded objects. xAI: field list of its SDK, its rule from "
        "third-party readers. Perplexity: another calculator's reading alone. Hugging Face's top-level cached_tokens: "
        "one recorded object."
    ),
    about=(
        'One line per exchange: `{"request": …, "response": …}` or the bare completion, as for `openai_compatible`. '
        "Together, Fireworks and vLLM write OpenAI's shape without fields of their own and are read as "
        "`openai_compatible`: whether their completion count includes reasoning is assumed."
    ),
    traps=(
        (
            "xAI's and Perplexity's output count leaves reasoning out",
            "reasoning is added; the file's own totals decide",
        ),
        ("Groq's stream has its usage under `x_groq`", "read there"),
        ("durations are the host's own", "used if the caller logged none; the network is not in them"),
        ("xAI's cost is in ticks", "divided by 10,000,000,000"),
        (
            "several models answer one call of a Groq compound system",
            "priced as the model named; the split is not read",
        ),
    ),
)
