"""OpenRouter's activity CSV: list price per token, the 5.5% fee is charged at top-up and appears nowhere here."""

import random
from dataclasses import replace
from decimal import Decimal

from .clock import SECOND, blank_naive
from .ids import base62
from .ledger import CANCELLED, FAILURE, SUCCESS, LogFile, Request, plain
from .prices import Model, Usage
from .shapes import arrivals
from .story import OPENROUTER, STREAM_CUT, Feature, call_plan, draw_usage

COLUMNS = (
    "generation_id", "created_at", "cost_total", "cost_web_search", "cost_cache", "cost_file_processing",
    "byok_usage_inference", "tokens_prompt", "tokens_completion", "tokens_reasoning", "tokens_cached",
    "model_permaslug", "provider_name", "variant", "cancelled", "streamed", "user", "finish_reason_raw",
    "finish_reason_normalized", "generation_time_ms", "time_to_first_token_ms", "app_name", "api_key_name",
    "api_key_disabled",
)  # fmt: skip
PROVIDER_NAMES = {"openai": "OpenAI", "minimax": "Minimax"}
CANCELLED_IN_1000, CUT_IN_1000 = 30, 12


def build() -> list[LogFile]:
    """The month's activity, oldest first."""
    rng = random.Random("fernleaf openrouter 2026-10")
    users = [f"user_2{base62(rng, 26)}" for _ in range(3)]
    plan = call_plan(rng, OPENROUTER)
    log = LogFile("openrouter.csv.gz", header=",".join(COLUMNS))
    for start, (feature, model) in zip(arrivals(rng, len(plan)), plan, strict=True):
        streamed = rng.randrange(100) < feature.streamed_pct
        status = _status(rng, streamed=streamed)
        usage = _usage(rng, feature, model, status)
        request = _request(rng, start, feature, model, status=status, usage=usage)
        cells = _cells(rng, request, usage, streamed=streamed) | {"user": rng.choice(users)}
        log.accept(",".join(cells[column] for column in COLUMNS), request)
    short = log.lines[1200].text.split(",")[:9]
    short[0] = f"gen-{short[0].split('-')[1]}-{base62(rng, 20)}"
    log.reject(",".join(short), f"the record has {len(short)} fields, the header {len(COLUMNS)}", 1700)
    return [log]


def _status(rng: random.Random, *, streamed: bool) -> str:
    ticket = rng.randrange(1000)
    if not streamed or ticket >= CANCELLED_IN_1000 + CUT_IN_1000:
        return SUCCESS
    return CANCELLED if ticket < CANCELLED_IN_1000 else FAILURE


def _usage(rng: random.Random, feature: Feature, model: Model, status: str) -> Usage:
    """Cache writes are not used here: the export would hide their tokens. Broken-off answers are shorter."""
    usage = draw_usage(rng, feature, model)
    usage = replace(usage, input_uncached=usage.input_uncached + usage.cache_write, cache_write_other=0)
    if status == SUCCESS:
        return usage
    output = usage.output * rng.randrange(10, 90) // 100
    return replace(usage, output=output, reasoning=min(usage.reasoning, output))


def _request(rng: random.Random, start: int, feature: Feature, model: Model, *, status: str, usage: Usage) -> Request:
    return Request(
        gateway=OPENROUTER,
        model=model,
        feature=feature,
        at=start,
        call=f"gen-{start // SECOND}-{base62(rng, 20)}",
        attempt=1,
        status=status,
        fault=STREAM_CUT if status == FAILURE else None,
        usage=usage,
        billed=model.cost(usage, start),
    )


def _cells(rng: random.Random, request: Request, usage: Usage, *, streamed: bool) -> dict[str, str]:
    rate = request.model.rate(request.at)
    discount = (rate.read - rate.input) * usage.cache_read if rate else Decimal()
    noise = 70 + rng.randrange(90)
    ttft = (request.model.first_token_ms + 120 + usage.prompt // 60) * noise // 100
    finish = {SUCCESS: "stop", CANCELLED: "", FAILURE: "error"}[request.status]
    return {
        "generation_id": request.call,
        "created_at": blank_naive(request.at),
        "cost_total": f"{plain(request.billed or Decimal()):f}",
        "cost_web_search": "",
        "cost_cache": f"{plain(discount.scaleb(-6)):f}" if usage.cache_read else "",
        "cost_file_processing": " ",
        "byok_usage_inference": "0",
        "tokens_prompt": str(usage.prompt),
        "tokens_completion": str(usage.output),
        "tokens_reasoning": str(usage.reasoning),
        "tokens_cached": str(usage.cache_read),
        "model_permaslug": request.model.name,
        "provider_name": PROVIDER_NAMES[request.model.provider],
        "variant": "standard",
        "cancelled": "true" if request.status == CANCELLED else "false",
        "streamed": "true" if streamed else "false",
        "finish_reason_raw": "completed" if finish == "stop" and request.model.provider == "openai" else finish,
        "finish_reason_normalized": finish,
        "generation_time_ms": str(ttft + usage.output * request.model.token_ms * noise // 100),
        "time_to_first_token_ms": str(ttft),
        "app_name": request.feature.name or "",
        "api_key_name": request.feature.team or "",
        "api_key_disabled": "false",
    }
