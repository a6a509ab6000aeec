"""AllToken: its list of recent requests, with an amount and a total of tokens each."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_status
from llmaudit.formats.values import Count, or_none, text_decimal, text_time
from llmaudit.money import ZERO
from llmaudit.request import Request


class Item(msgspec.Struct, gc=False):
    """One request."""

    id: str
    created_at: str
    model_id: str | None = None
    model_name: str | None = None
    api_key_name: str | None = None
    total_tokens: Count = None
    cost_str: str | None = None
    status: str | None = None


def convert(item: Item, _: Context) -> Request:
    """Return the request of one item."""
    model = or_none(item.model_id) or or_none(item.model_name)
    request = Request(
        request_id=item.id,
        started_at=text_time(item.created_at, "created_at"),
        gateway="alltoken",
        model_raw=model,
        model_requested=model,
        model_served=model,
        key_id=or_none(item.api_key_name),
    )
    fill_status(request, None, failed=item.status in {"failed", "refunded"})
    if item.total_tokens is not None:
        request.raw_usage = msgspec.json.encode({"total_tokens": item.total_tokens}).decode()
    fill_cost(request, ZERO if item.status == "refunded" else _amount(item.cost_str), "cost_str")
    return request


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else text_decimal(text.strip().removeprefix("$"), "cost_str")


FORMAT = Format(
    name="alltoken_recent",
    title="AllToken recent requests",
    reads=("json", "table"),
    marks=("cost_str", "model_id", "api_key_name", "total_tokens", "status"),
    needs=("id", "created_at", "cost_str"),
    record=Item,
    convert=convert,
    repeats="last",
    semantics=(
        "cost_str is the charge in US dollars. total_tokens is prompt and completion together, and how it divides "
        "is not stated: usage is missing, so the charge cannot be compared with a list price."
    ),
    verified="Fields from AllToken's documentation; no real answer seen.",
    about=(
        "Pages of `GET /api-account/user/usage/recent` (`items`). Streams of AllToken, with their cost in a "
        "comment, are `openai_stream`; logged requests and responses are `openai_compatible`."
    ),
    traps=(
        ("there is only a total of tokens", "kept in `raw_usage`; the counters are unknown"),
        ("refunded requests", "failures that cost nothing"),
    ),
)
