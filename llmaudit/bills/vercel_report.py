"""Vercel AI Gateway: sums of its reporting endpoint by day or hour and another dimension."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.bills.base import BillLine, amount, key_of
from llmaudit.bills.daily import day_of, with_tokens
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import text_time
from llmaudit.request import Ignored, Reject


class Row(msgspec.Struct, gc=False):
    """One sum; which of the dimensions are there depends on the query."""

    total_cost: Decimal | None = None
    market_cost: Decimal | None = None
    day: str | None = None
    hour: str | None = None
    user: str | None = None
    model: str | None = None
    tag: str | None = None
    provider: str | None = None
    credential_type: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    request_count: int | None = None


def convert(row: Row, _: Context) -> list[BillLine] | Ignored:
    """Return the lines of one sum."""
    if row.tag is not None:
        return Ignored("sum by tag: a request with several tags is in several of them")
    if row.total_cost is None:
        raise Reject("missing-field", "total_cost")
    start = end = None
    if row.hour is not None:
        start = text_time(row.hour, "hour")
        end = start and start + timedelta(hours=1)
    elif row.day is not None:
        start, end = day_of(row.day, "day")
    charge = BillLine(
        line_key=key_of(start, row.user, row.model, row.provider, row.credential_type),
        seller="vercel",
        grain="hour" if row.hour is not None else "day" if row.day is not None else "other",
        period_start=start,
        period_end=end,
        sku=row.model or row.provider,
        model_raw=row.model,
        requests=row.request_count,
        list_cost=amount(row.market_cost, "market_cost"),
        billed_cost=amount(row.total_cost, "total_cost"),
        currency="USD",
        charge_category="Usage",
        user_id=row.user,
        tags=msgspec.json.encode({"credential_type": row.credential_type}).decode() if row.credential_type else None,
    )
    counts = usage.summed(
        prompt=row.input_tokens,
        completion=row.output_tokens,
        cached=row.cached_input_tokens,
        written=row.cache_creation_input_tokens,
    )
    return with_tokens(charge, counts)


FORMAT = Format(
    name="vercel_report",
    title="Vercel AI Gateway report",
    kind="bill",
    reads=("json", "table"),
    marks=(
        "market_cost",
        "request_count",
        "cached_input_tokens",
        "cache_creation_input_tokens",
        "reasoning_tokens",
        "total_cost",
        "credential_type",
    ),
    needs=("total_cost", "market_cost", "request_count"),
    record=Row,
    convert=convert,
    repeats="last",
    semantics=(
        "One row per day or hour and dimension, in US dollars: total_cost is charged, market_cost is list. "
        "input_tokens is read as including cached tokens and output_tokens as including reasoning."
    ),
    verified=(
        "Fields from the types of @ai-sdk/gateway 3.0.232 and one published answer. That input_tokens includes cached "
        "tokens is not documented."
    ),
    about="The answer of `GET /v1/report`.",
    traps=(
        ("a request with several tags is in several rows", "sums by tag are ignored"),
        ("with your own key `total_cost` is 0 and the provider bills you", "the amount is what Vercel charges"),
    ),
)
