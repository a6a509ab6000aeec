"""Simulated months as log files: LiteLLM's spend log, OpenRouter's activity CSV, any OpenAI-compatible API.

Each format hides what it hides in reality: OpenRouter's has no cache writes, which look like ordinary input there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from llmaudit.datasets.markup import FIRST
from llmaudit.summaries.billed import BilledRequest
from llmaudit.summaries.payments import Payment

SECONDS = 2


def litellm_rows(rows: Sequence[BilledRequest]) -> list[dict[str, object]]:
    """Return a month as rows of LiteLLM's spend log, to be written as JSON lines; amounts are decimal text."""
    return [_litellm(row) for row in rows]


def _litellm(row: BilledRequest) -> dict[str, object]:
    first, read, short, long, other, output = row.tokens
    started = row.at or FIRST
    return {
        "request_id": f"sim-{row.line - 1:07d}",
        "call_type": "acompletion",
        "startTime": f"{started:%Y-%m-%dT%H:%M:%S.%f}",
        "endTime": f"{started + timedelta(seconds=SECONDS):%Y-%m-%dT%H:%M:%S.%f}",
        "model": row.sku,
        "model_group": row.requested,
        "custom_llm_provider": row.seller,
        "spend": row.billed_usd,
        "prompt_tokens": first + read + short + long + other,
        "completion_tokens": output,
        "cache_key": "Cache OFF",
        "cache_hit": "None",
        "request_tags": [],
        "litellm_call_id": f"sim-{row.line - 1:07d}",
        "status": "success",
        "metadata": {
            "usage_object": {
                "prompt_tokens_details": {
                    "cached_tokens": read,
                    "cache_creation_tokens": short + long + other,
                    "cache_creation_token_details": {
                        "ephemeral_5m_input_tokens": short,
                        "ephemeral_1h_input_tokens": long,
                    },
                },
                "completion_tokens_details": {"reasoning_tokens": row.reasoning_tokens},
            }
        },
    }


def openrouter_rows(rows: Sequence[BilledRequest]) -> list[dict[str, str]]:
    """Return a month as rows of OpenRouter's activity export, to be written as CSV."""
    return [_openrouter(row) for row in rows]


def _openrouter(row: BilledRequest) -> dict[str, str]:
    *prompt, output = row.tokens
    return {
        "generation_id": f"gen-{row.line - 1:07d}",
        "created_at": f"{row.at or FIRST:%Y-%m-%d %H:%M:%S.%f}"[:-3],
        "cost_total": f"{row.billed_usd:f}",
        "cost_web_search": "0",
        "cost_cache": "",
        "byok_usage_inference": "0",
        "tokens_prompt": str(sum(prompt)),
        "tokens_completion": str(output),
        "tokens_reasoning": str(row.reasoning_tokens or 0),
        "tokens_cached": str(row.tokens[1]),
        "model_permaslug": row.model,
        "provider_name": row.seller or "",
        "streamed": "false",
        "cancelled": "false",
        "generation_time_ms": str(SECONDS * 1000),
        "finish_reason_normalized": "stop",
        "app_name": "simulated",
        "api_key_name": "simulated",
    }


def openai_rows(rows: Sequence[BilledRequest], base_url: str) -> list[dict[str, object]]:
    """Return a month as calls of an OpenAI-compatible API with a cost in their usage, to be written as JSON lines.

    Args:
        rows: The requests.
        base_url: The gateway's address.
    """
    return [_openai(row, base_url) for row in rows]


def _openai(row: BilledRequest, base_url: str) -> dict[str, object]:
    *prompt, output = row.tokens
    usage = {
        "prompt_tokens": sum(prompt),
        "completion_tokens": output,
        "total_tokens": sum(row.tokens),
        "prompt_tokens_details": {"cached_tokens": row.tokens[1], "cache_write_tokens": sum(row.tokens[2:5])},
        "completion_tokens_details": {"reasoning_tokens": row.reasoning_tokens},
        "cost": row.billed_usd,
    }
    return {
        "id": f"call-{row.line - 1:07d}",
        "timestamp": f"{row.at or FIRST:%Y-%m-%dT%H:%M:%S.%f}Z",
        "base_url": base_url,
        "endpoint": "/v1/chat/completions",
        "status": 200,
        "request": {"model": row.requested, "messages": []},
        "response": {"id": f"chatcmpl-{row.line - 1:07d}", "model": row.sku, "choices": [], "usage": usage},
    }


def statement_rows(payments: Sequence[Payment]) -> list[dict[str, str]]:
    """Return payments as rows of a table of payments to gateways (`gateway_statement`), to be written as CSV."""
    return [
        {
            "payment_id": row.key or "",
            "gateway": row.gateway,
            "date": "" if row.at is None else f"{row.at:%Y-%m-%d}",
            "kind": "credits",
            "paid": f"{row.paid_usd:f}",
            "credits": "" if row.credited_usd is None else f"{row.credited_usd:f}",
            "currency": "USD",
        }
        for row in payments
    ]
