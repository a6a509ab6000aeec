"""LiteLLM's FOCUS export: a row a day, key, model and team, counted in requests."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit.bills.base import BillLine, amount, quantity
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import labels_of
from llmaudit.formats.litellm import short_key
from llmaudit.formats.values import or_none, text_time
from llmaudit.request import Reject

NO_WORD = {"", "null", "none"}


class Charge(msgspec.Struct, gc=False):
    """One row; the columns that LiteLLM fills."""

    BilledCost: Decimal | None = None
    EffectiveCost: Decimal | None = None
    ListCost: Decimal | None = None
    BillingCurrency: str | None = None
    BillingAccountId: str | None = None
    BillingAccountName: str | None = None
    ChargeCategory: str | None = None
    ChargePeriodStart: str | None = None
    ChargePeriodEnd: str | None = None
    ConsumedQuantity: Decimal | None = None
    ConsumedUnit: str | None = None
    ProviderName: str | None = None
    ResourceId: str | None = None
    ServiceName: str | None = None
    SubAccountId: str | None = None
    SubAccountName: str | None = None
    Tags: dict[str, Any] | str | None = None


def convert(row: Charge, context: Context) -> BillLine:
    """Return the bill line of one row."""
    if row.BilledCost is None:
        raise Reject("missing-field", "BilledCost")
    tags = row.Tags if isinstance(row.Tags, dict) else {}
    start = text_time(row.ChargePeriodStart, "ChargePeriodStart")
    asked = row.ConsumedQuantity
    parts = (start, row.BillingAccountId, row.ProviderName, row.ResourceId, row.ServiceName, row.SubAccountId)
    key = "|".join(str(part) for part in (*parts, tags.get("user_id")))
    context.state[key] += (
        1  # rows of two endpoints look alike: the second of a file is another line, not the same again
    )
    return BillLine(
        line_key=f"{key}|{context.state[key]}",
        seller=_word(row.ProviderName),
        issuer="litellm",
        grain="day",
        period_start=start,
        period_end=text_time(row.ChargePeriodEnd, "ChargePeriodEnd"),
        sku=_word(row.ResourceId),
        model_raw=_word(row.ResourceId),
        quantity=quantity(asked, "ConsumedQuantity"),
        quantity_unit="requests",
        requests=int(asked) if asked is not None and asked.is_finite() and asked == asked.to_integral_value() else None,
        list_cost=amount(row.ListCost, "ListCost"),
        billed_cost=amount(row.BilledCost, "BilledCost"),
        effective_cost=amount(row.EffectiveCost, "EffectiveCost"),
        currency=row.BillingCurrency,
        charge_category=row.ChargeCategory,
        project=_word(row.SubAccountName) or _word(row.SubAccountId),
        key_id=_word(row.BillingAccountName) or short_key(_word(row.BillingAccountId)),
        user_id=_word(tags.get("user_id")),
        tags=msgspec.json.encode(labels_of(tags)).decode() if tags else None,
    )


def _word(text: str | None) -> str | None:
    """Return a cell, or None where it says NULL in words."""
    return None if text is not None and text.lower() in NO_WORD else or_none(text)


FORMAT = Format(
    name="litellm_focus",
    title="LiteLLM FOCUS export",
    kind="bill",
    reads=("table", "json"),
    marks=(
        "BilledCost",
        "EffectiveCost",
        "ListCost",
        "ContractedCost",
        "ChargePeriodStart",
        "ConsumedQuantity",
        "ServiceSubcategory",
        "Tags",
    ),
    needs=("BilledCost", "ChargePeriodStart", "ConsumedUnit", "SubAccountId", "Tags"),
    says=lambda row: row.get("ConsumedUnit") == "Requests" and "custom_llm_provider" in str(row.get("Tags")),
    beats=("focus",),
    record=Charge,
    convert=convert,
    repeats="last",
    state=Counter,
    semantics=(
        "One row per day, key, model and team. BilledCost, EffectiveCost, ListCost and ContractedCost are all the "
        "same number: LiteLLM's own computation, in US dollars, to six decimals. ConsumedQuantity counts requests; "
        "there are no tokens in it."
    ),
    verified="Rows that the transformer of litellm 1.109.1 and 1.110.2 makes; no export of a real installation seen.",
    about="The CSV or Parquet that LiteLLM's `focus` logger (and its Vantage destination) writes.",
    traps=(
        ("all four costs are one number", "kept as they are; they are never added"),
        ("two endpoints of one key and model give rows that are equal otherwise", "each is a line of its own"),
        ("amounts are rounded to a millionth", "sums differ from the spend logs by up to that much per row"),
    ),
)
