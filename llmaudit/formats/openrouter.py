"""OpenRouter: the activity CSV from its web page, one row per generation."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import after, dollars, or_none, text_decimal, text_flag, text_integer, utc
from llmaudit.money import EXACT
from llmaudit.request import BESIDES, Reject, Request


def convert(row: dict[str, str], _: Context) -> Request:
    """Return the request of one activity row (column name to cell)."""
    started = _created(row.get("created_at"))
    finish = or_none(row.get("finish_reason_normalized"))
    request = Request(
        request_id=or_none(row.get("generation_id")),
        response_id=or_none(row.get("generation_id")),
        started_at=started,
        ended_at=after(started, _milliseconds(row, "generation_time_ms"), "generation_time_ms"),
        first_token_at=after(started, _milliseconds(row, "time_to_first_token_ms"), "time_to_first_token_ms"),
        gateway="openrouter",
        seller=or_none(row.get("provider_name")),
        model_raw=or_none(row.get("model_permaslug")),
        model_requested=or_none(row.get("model_permaslug")),
        model_served=or_none(row.get("model_permaslug")),
        is_streamed=text_flag(row.get("streamed")),
        user_id=or_none(row.get("user")),
        feature=or_none(row.get("app_name")),
        key_id=or_none(row.get("api_key_name")),
        finish_reason=finish,
        billed_currency="USD",
    )
    if text_flag(row.get("cancelled")):
        request.status = "cancelled"
    elif finish == "error":
        request.status, request.error_class = "error", "other"
    usage.openai(
        request,
        prompt=text_integer(row.get("tokens_prompt"), "tokens_prompt"),
        completion=text_integer(row.get("tokens_completion"), "tokens_completion"),
        cached=text_integer(row.get("tokens_cached"), "tokens_cached"),
        reasoning=text_integer(row.get("tokens_reasoning"), "tokens_reasoning"),
    )
    request.raw_usage = msgspec.json.encode(_usage(row)).decode()
    request.billed_amount = dollars(_billed(row), "cost_total")
    request.billed_kind = None if request.billed_amount is None else "seller_reported"
    return request


def _usage(row: dict[str, str]) -> dict[str, str]:
    """Return the counts as written, and what `cost_total` holds beside tokens (`BESIDES`)."""
    counts = {name: text for name, text in row.items() if name.startswith("tokens_")}
    for name in BESIDES:
        charged = dollars(text_decimal(row.get(name), name), name)
        if charged:
            counts[name] = f"{charged:f}"
    return counts


def _created(text: str | None) -> datetime | None:
    """Read `2026-10-01 09:00:00.123`, which has no zone and is UTC."""
    try:
        return utc(datetime.fromisoformat(text or ""), "created_at")
    except ValueError:
        raise Reject("not-a-time", "created_at") from None


def _milliseconds(row: dict[str, str], column: str) -> float | None:
    value = text_decimal(row.get(column), column)
    return None if value is None else float(value)


def _billed(row: dict[str, str]) -> Decimal | None:
    """Return the whole charge: OpenRouter's own plus, with the user's own key, what the provider charged."""
    charged = text_decimal(row.get("cost_total"), "cost_total")
    upstream = text_decimal(row.get("byok_usage_inference"), "byok_usage_inference")
    return charged if charged is None or not upstream else EXACT.add(charged, upstream)


FORMAT = Format(
    name="openrouter",
    title="OpenRouter activity export",
    reads=("table",),
    marks=("generation_id", "cost_total", "byok_usage_inference", "model_permaslug", "tokens_cached", "provider_name"),
    needs=("generation_id", "cost_total", "tokens_prompt"),
    record=None,
    convert=convert,
    semantics=(
        "tokens_prompt includes tokens_cached; tokens_completion includes tokens_reasoning; cache writes are charged "
        "but not reported. cost_total is US dollars of credits, net of the cache discount; with the user's own key it "
        "is OpenRouter's fee only and byok_usage_inference is what the provider charged. The fee on buying credits is "
        "in no row. created_at has no zone and is UTC."
    ),
    about=(
        "The CSV that the activity page exports. The feature is `app_name`, the key is `api_key_name`. The export "
        "has no team."
    ),
    traps=(
        (
            "`created_at` has no zone",
            "it is UTC",
        ),
        (
            "the fee on buying credits is in no row",
            "it comes from the catalog and is shown beside the rates, as paid per $1 of list",
        ),
        (
            "with your own key, `cost_total` is only OpenRouter's fee",
            "`byok_usage_inference` is added",
        ),
        (
            "`cost_web_search` and `cost_file_processing` are in `cost_total`",
            "they stay in the charge, and are taken off when a charge is compared with the list price of its tokens",
        ),
        (
            "`num_search_results` counts results and not searches",
            "not read",
        ),
        (
            "cancelled rows are billed",
            "they are counted as cancelled, with their cost, and not as failures",
        ),
        (
            "cache writes are not reported",
            "they look like ordinary input, so list cost can differ from the charge there",
        ),
    ),
)
