"""Helicone: rows of its ClickHouse table `request_response_rmt`, where costs are billionths of a dollar."""

from __future__ import annotations

from typing import Any

from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, fill_gateway_cache, none_if_zero, number
from llmaudit.formats.helicone import NANODOLLARS, Counted, fill
from llmaudit.formats.values import after, or_none, text_time
from llmaudit.request import Request


class Row(Counted, kw_only=True, gc=False):
    """One row."""

    request_id: str
    request_created_at: str
    status: int | None = None
    latency: float | str | None = None
    user_id: str | None = None
    properties: dict[str, Any] | str | None = None
    proxy_key_id: str | None = None


def convert(row: Row, context: Context) -> Request:
    """Return the request of one row."""
    started = text_time(row.request_created_at, "request_created_at")
    request = Request(
        request_id=row.request_id,
        started_at=started,
        ended_at=after(started, number(row.latency, "latency"), "latency"),
        model_raw=or_none(row.model),
        model_requested=or_none(row.model),
        model_served=or_none(row.model),
        endpoint=or_none(row.target_url),
        user_id=or_none(row.user_id),
        key_id=or_none(row.proxy_key_id),
    )
    fill(request, row, context, status=row.status, properties=row.properties)
    fill_cost(request, none_if_zero(row.cost, free=row.is_from_cache), "cost", NANODOLLARS, kind="list_estimate")
    fill_gateway_cache(request, hit=row.is_from_cache)
    return request


FORMAT = Format(
    name="helicone_clickhouse",
    title="Helicone ClickHouse rows",
    reads=("json", "table"),
    marks=(
        "request_created_at",
        "latency",
        "prompt_cache_write_tokens",
        "proxy_key_id",
        "threat",
        "properties",
        "organization_id",
        "cache_reference_id",
    ),
    needs=("request_id", "request_created_at", "status", "latency"),
    record=Row,
    convert=convert,
    repeats="last",
    id_space="helicone",
    semantics=(
        "As Helicone's API rows: the prompt counts are separate. cost is a whole number of billionths of a US "
        "dollar; latency and time_to_first_token are milliseconds, times without a zone are UTC."
    ),
    verified="Columns and the unit of cost from Helicone's source; no real row seen.",
    about="`SELECT * FROM request_response_rmt FINAL` as JSON lines, CSV or Parquet. Integers may be quoted.",
    traps=(
        ("cost is billionths of a dollar here and dollars in the API", "divided by 1,000,000,000"),
        ("without FINAL a row is there several times", "the last of an id counts"),
    ),
)
