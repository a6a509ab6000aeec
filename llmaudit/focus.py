"""Spend as a FOCUS export (FinOps Open Cost and Usage Specification 1.2): one row per day, sku, feature and team.

The columns are those that FinOps tools join on. Anything FOCUS has no column for is prefixed with `x_`, as the
specification asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from llmaudit.cells import PricedCell
from llmaudit.money import total

_KEYS = ("day", "gateway", "seller", "sku", "model", "service_tier", "region_class", "is_batch", "feature", "team")


def focus_rows(cells: Iterable[PricedCell], timezone: str) -> Iterator[dict[str, Any]]:
    """Yield FOCUS rows; their `BilledCost` adds up to the audit's spend, their `ListCost` to its list cost.

    `BilledCost` is what a log or bill says was charged, else the list cost; `x_BilledCostBasis` says which: `billed`,
    `list`, or `unknown`, where it is empty, since unknown is not 0.

    Args:
        cells: The priced cells.
        timezone: Zone of their days.
    """
    groups: dict[tuple[Any, ...], list[PricedCell]] = {}
    for priced in cells:
        basis = "billed" if priced.cell.billed_kind else "unknown" if priced.list_usd is None else "list"
        key = (*(getattr(priced.cell, name) for name in _KEYS), basis, priced.list_usd is None)
        groups.setdefault(key, []).append(priced)
    for key in sorted(groups, key=lambda key: [(part is None, part) for part in key]):
        yield _row(dict(zip((*_KEYS, "basis"), key, strict=False)), groups[key], ZoneInfo(timezone))


def _row(key: dict[str, Any], group: list[PricedCell], zone: ZoneInfo) -> dict[str, Any]:
    cells = [priced.cell for priced in group]
    spent = [priced.spend_usd for priced in group if priced.spend_usd is not None]
    listed = [priced.list_usd for priced in group if priced.list_usd is not None]
    billed = total(spent) if spent else None
    tokens = sum(cell.prompt_tokens + cell.output_tokens for cell in cells)
    issuer = key["gateway"] or key["seller"]
    tags = {name: key[name] for name in ("feature", "team") if key[name] is not None}
    return {
        "BillingAccountId": issuer,
        "BillingCurrency": "USD",
        **_periods(key["day"], zone),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": f"{key['model']}, {'batch' if key['is_batch'] else key['service_tier'] or 'standard'}",
        "ChargeFrequency": "Usage-Based",
        "BilledCost": billed,
        "EffectiveCost": billed,
        "ContractedCost": billed,
        "ListCost": total(listed) if listed else None,
        "ConsumedQuantity": tokens,
        "ConsumedUnit": "Tokens",
        "PricingCategory": "Standard",
        "PricingQuantity": tokens,
        "PricingUnit": "Tokens",
        "ProviderName": key["seller"],
        "PublisherName": str(key["model"]).partition("/")[0] if key["sku"] else None,
        "InvoiceIssuerName": issuer,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": key["seller"],
        "SkuId": key["sku"],
        "RegionId": key["region_class"],
        "Tags": tags,
        "x_Model": key["model"],
        "x_Requests": sum(cell.requests for cell in cells),
        "x_InputTokens": sum(cell.prompt_tokens for cell in cells),
        "x_OutputTokens": sum(cell.output_tokens for cell in cells),
        "x_BilledCostBasis": key["basis"],
    }


def _periods(day: date | None, zone: ZoneInfo) -> dict[str, datetime | None]:
    """Return a day and its month as FOCUS has them: UTC, the end exclusive; unknown where the day is."""
    if day is None:
        return dict.fromkeys(("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"))
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return {
        "BillingPeriodStart": _midnight(first, zone),
        "BillingPeriodEnd": _midnight(following, zone),
        "ChargePeriodStart": _midnight(day, zone),
        "ChargePeriodEnd": _midnight(day + timedelta(days=1), zone),
    }


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
