"""One LiteLLM_SpendLogs row: 36 columns in the order of the migrations, three jsonb columns among them."""

import hashlib
from decimal import Decimal
from typing import NamedTuple

from .clock import postgres
from .jsontext import JSONB, Json, Raw, double, dumps
from .ledger import Request, plain
from .prices import Model, Rate, Usage
from .story import BAD_REQUEST, RATE_LIMITED, SERVER_ERROR, TIMEOUT, Attempt


class Error(NamedTuple):
    """How LiteLLM records a failure."""

    code: str
    kind: str
    text: str


ERRORS: dict[str, tuple[Error, ...]] = {
    RATE_LIMITED: (Error("429", "RateLimitError", "Rate limit reached, please slow down"),),
    SERVER_ERROR: (
        Error("500", "InternalServerError", "The server had an error while processing your request"),
        Error("503", "ServiceUnavailableError", "The model is overloaded, please try again later"),
    ),
    TIMEOUT: (Error("408", "Timeout", "Request timed out after 60.0 seconds"),),
    BAD_REQUEST: (Error("400", "BadRequestError", "Invalid value for parameter response_format"),),
}
API_BASE = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1/messages",
    "google": "https://generativelanguage.googleapis.com/v1beta",
    "mistral": "https://api.mistral.ai/v1",
    "hosted_vllm": "http://vllm.fernleaf.example:8000/v1",
}
EMPTY = Raw("{}")


class Facts(NamedTuple):
    """What a row says beyond its request: names, identifiers and times."""

    request_id: str
    session_id: str
    end_user: str
    model: str
    model_group: str
    original_model_group: str | None
    attempted_retries: int
    error: Error | None
    created_at: int
    streamed: bool


def spend_log_row(request: Request, attempt: Attempt, facts: Facts) -> dict[str, Json]:
    """The row as row_to_json prints it."""
    usage = request.usage or Usage()
    end = attempt.start + attempt.duration_ms
    team = request.feature.team
    first_token = attempt.start + attempt.ttft_ms if facts.streamed else end
    tags: Json = [f"feature:{request.feature.name}", "env:prod"] if request.feature.name else []
    return {
        "request_id": facts.request_id,
        "call_type": "acompletion",
        "api_key": _digest(f"key {team}"),
        "spend": double(request.billed or Decimal()),
        "total_tokens": usage.prompt + usage.output,
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.output,
        "startTime": postgres(attempt.start),
        "endTime": postgres(end),
        "completionStartTime": postgres(first_token) if request.usage else None,
        "model": facts.model,
        "model_id": _digest(f"deployment {request.model.name}"),
        "model_group": facts.model_group,
        "custom_llm_provider": _provider(request.model),
        "api_base": API_BASE[request.model.provider],
        "user": "fernleaf-backend",
        "metadata": Raw(dumps(_metadata(request, facts), JSONB)),
        "cache_hit": "None",
        "cache_key": "Cache OFF",
        "request_tags": Raw(dumps(tags, JSONB)),
        "team_id": _team_id(team),
        "end_user": facts.end_user,
        "requester_ip_address": "10.20.0.14" if team else "10.20.7.31",
        "messages": EMPTY,
        "response": EMPTY,
        "proxy_server_request": EMPTY,
        "session_id": facts.session_id,
        "status": request.status,
        "mcp_namespaced_tool_name": None,
        "organization_id": "",
        "agent_id": None,
        "request_duration_ms": attempt.duration_ms,
        "created_at": postgres(facts.created_at),
        "updated_at": postgres(facts.created_at),
        "litellm_call_id": request.call,
        "billing_agent_id": None,
    }


def _metadata(request: Request, facts: Facts) -> dict[str, Json]:
    team = request.feature.team
    return {
        "status": request.status,
        "user_api_key": _digest(f"key {team}"),
        "user_api_key_alias": f"{team}-prod" if team else "shared-key-7",
        "user_api_key_team_id": _team_id(team) or None,
        "user_api_key_team_alias": team,
        "user_api_key_org_id": None,
        "user_api_key_user_id": "fernleaf-backend",
        "spend_logs_metadata": None,
        "requester_ip_address": "10.20.0.14" if team else "10.20.7.31",
        "applied_guardrails": [],
        "batch_models": None,
        "max_retries": 2,
        "attempted_retries": facts.attempted_retries,
        "attempted_fallbacks": int(facts.original_model_group is not None),
        "original_model_group": facts.original_model_group,
        "usage_object": _usage_object(request.model, request.usage) if request.usage else None,
        "cost_breakdown": _cost_breakdown(request) if request.usage else None,
        "error_information": _error(request.model, facts.error) if facts.error else None,
        "model_map_information": _model_map(request.model, request.at),
        "additional_usage_values": _additional_usage(request.usage),
    }


def _usage_object(model: Model, usage: Usage) -> dict[str, Json]:
    """Prompt tokens include cache reads and writes for every provider, also for Anthropic."""
    prompt_details: dict[str, Json] = {
        "text_tokens": usage.input_uncached,
        "audio_tokens": None,
        "cached_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "cache_creation_tokens": usage.cache_write,
    }
    totals: dict[str, Json] = {
        "total_tokens": usage.prompt + usage.output,
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.output,
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "text_tokens": usage.output - usage.reasoning,
        },
    }
    if model.provider == "hosted_vllm":
        return totals | {"prompt_tokens_details": None, "completion_tokens_details": None}
    if model.provider == "anthropic":
        prompt_details["cache_creation_token_details"] = {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
        totals |= {"cache_read_input_tokens": usage.cache_read, "cache_creation_input_tokens": usage.cache_write}
    return totals | {"prompt_tokens_details": prompt_details}


def _cost_breakdown(request: Request) -> dict[str, Json]:
    """Input is the uncached part only; no margin is configured, so the total is the list price."""
    rate = request.model.rate(request.at)
    parts = rate.parts(request.usage or Usage()) if rate else {}
    names = {"input_cost": "input", "cache_read_cost": "read", "cache_creation_cost": "write", "output_cost": "output"}
    costs: dict[str, Json] = {name: _number(parts.get(part, Decimal())) for name, part in names.items()}
    total = _number(sum(parts.values(), Decimal()))
    return costs | {"total_cost": total, "original_cost": total, "tool_usage_cost": _number(Decimal())}


def _number(amount: Decimal) -> Raw:
    """A float inside jsonb: plain digits, never an exponent."""
    return Raw(f"{plain(amount):f}" if amount else "0.0")


def _error(model: Model, error: Error) -> dict[str, Json]:
    return {
        "error_code": error.code,
        "error_class": error.kind,
        "llm_provider": _provider(model),
        "error_message": f"litellm.{error.kind}: {error.text}",
        "traceback": "",
    }


def _model_map(model: Model, at_ms: int) -> dict[str, Json]:
    rate = model.rate(at_ms)
    return {"model_map_key": model.short, "model_map_value": _map_value(model, rate) if rate else None}


def _map_value(model: Model, rate: Rate) -> dict[str, Json]:
    per_token = {
        "input_cost_per_token": rate.input,
        "output_cost_per_token": rate.output,
        "cache_read_input_token_cost": rate.read,
        "cache_creation_input_token_cost": rate.write,
        "cache_creation_input_token_cost_above_1hr": rate.write_1h,
    }
    prices: dict[str, Json] = {name: _number(usd.scaleb(-6)) if usd else None for name, usd in per_token.items()}
    return prices | {"key": model.short, "mode": "chat", "litellm_provider": _provider(model)}


def _additional_usage(usage: Usage | None) -> dict[str, Json]:
    if usage is None:
        return {}
    values = {"cache_read_input_tokens": usage.cache_read, "cache_creation_input_tokens": usage.cache_write}
    return {name: tokens for name, tokens in values.items() if tokens}


def _provider(model: Model) -> str:
    return "gemini" if model.provider == "google" else model.provider


def _team_id(team: str | None) -> str:
    digits = _digest(f"team {team}")
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}" if team else ""


def _digest(text: str) -> str:
    return hashlib.sha256(f"fernleaf {text}".encode()).hexdigest()
