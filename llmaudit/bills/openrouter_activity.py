"""OpenRouter: daily sums by model and endpoint, from the activity endpoint."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.bills.base import BillLine, amount
from llmaudit.bills.daily import day_of, with_tokens
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import labels_of
from llmaudit.request import Reject


class Item(msgspec.Struct, gc=False):
    """The sum of a day, model and endpoint."""

    date: str
    usage: Decimal | None = None
    byok_usage_inference: Decimal | None = None
    model: str | None = None
    model_permaslug: str | None = None
    endpoint_id: str | None = None
    provider_name: str | None = None
    requests: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def convert(item: Item, _: Context) -> list[BillLine]:
    """Return the lines of one sum."""
    if item.usage is None:
        raise Reject("missing-field", "usage")
    start, end = day_of(item.date)
    upstream = amount(item.byok_usage_inference, "byok_usage_inference")
    told = {"provider": item.provider_name, "byok_usage_inference": f"{upstream:f}" if upstream else None}
    model = item.model_permaslug or item.model
    charge = BillLine(
        line_key=f"{start:%Y-%m-%d}|{model}|{item.endpoint_id}",
        seller="openrouter",
        grain="day",
        period_start=start,
        period_end=end,
        sku=model,
        model_raw=model,
        requests=item.requests,
        billed_cost=amount(item.usage, "usage"),
        currency="USD",
        charge_category="Usage",
        tags=msgspec.json.encode(labels_of({k: v for k, v in told.items() if v})).decode(),
    )
    return with_tokens(charge, usage.summed(prompt=item.prompt_tokens, completion=item.completion_tokens))


FORMAT = Format(
    name="openrouter_activity",
    title="OpenRouter daily activity",
    kind="bill",
    reads=("json", "table"),
    marks=("byok_usage_inference", "requests", "endpoint_id", "model_permaslug", "provider_name", "date"),
    needs=("byok_usage_inference", "requests", "date", "usage"),
    record=Item,
    convert=convert,
    repeats="last",
    semantics=(
        "One row per UTC day, model and endpoint. usage is US dollars of credits; with the user's own key that is "
        "OpenRouter's fee, and byok_usage_inference is what the provider bills by itself. prompt_tokens includes "
        "cached tokens, completion_tokens includes reasoning."
    ),
    verified="Fields and units from OpenRouter's API description; no real answer seen.",
    about="The answer of `GET /api/v1/activity`: the last 30 complete days.",
    traps=(
        (
            "with your own key the provider bills you, not OpenRouter",
            "`byok_usage_inference` is a tag of the line and not part of its amount",
        ),
        ("reasoning tokens are listed beside the completion tokens that include them", "counted once"),
        ("the fee on buying credits is in no row", "it comes from the catalog"),
    ),
)
