"""AWS: Cost and Usage Reports, 2.0 and legacy; native Bedrock lines and those billed through the Marketplace."""

from __future__ import annotations

import re

import msgspec

from llmaudit.bills.base import BillLine, Occurrences, TokenKind, amount, cell, grain_of, moment, number, quantity
from llmaudit.formats.base import Context, Format
from llmaudit.request import Ignored

OTHER_SERVICE = "line of another service"
_BEDROCK = re.compile(r"bedrock", re.IGNORECASE)
_TOKENS = re.compile(r"(input|output)[-_ ]?tokens?|token[-_]?count", re.IGNORECASE)
_REGION = re.compile(r"^[A-Z]{2,4}\d?-(?:MP:[A-Z]{2,4}\d?_)?")
_MODEL_END = re.compile(
    r"[-_](?:mantle[-_])?(?:reserved[-_].*|cache[-_].*|(?:input|output)[-_ ]?token.*|batch.*|custom.*|provisioned.*)$",
    re.IGNORECASE,
)
_EDITION = re.compile(r"\s*\(Amazon Bedrock Edition\)\s*$", re.IGNORECASE)
_PROFILE = re.compile(r":(?:foundation-model|inference-profile)/(?P<model>[^/]+)$")
UNITS = (("million", 1_000_000), ("1m token", 1_000_000), ("1k", 1_000), ("1000", 1_000), ("1,000", 1_000))
"""Words of the pricing unit or the description, and how many tokens one of the quantity is."""

NAMES = {
    "type": ("line_item_line_item_type", "lineItem/LineItemType"),
    "usage": ("line_item_usage_type", "lineItem/UsageType"),
    "code": ("line_item_product_code", "lineItem/ProductCode"),
    "product": ("product_product_name", "product/ProductName", "product_name"),
    "description": ("line_item_line_item_description", "lineItem/LineItemDescription"),
    "start": ("line_item_usage_start_date", "lineItem/UsageStartDate"),
    "end": ("line_item_usage_end_date", "lineItem/UsageEndDate"),
    "amount": ("line_item_usage_amount", "lineItem/UsageAmount"),
    "unit": ("pricing_unit", "pricing/unit"),
    "cost": ("line_item_unblended_cost", "lineItem/UnblendedCost"),
    "net": ("line_item_net_unblended_cost", "lineItem/NetUnblendedCost"),
    "list": ("pricing_public_on_demand_cost", "pricing/publicOnDemandCost"),
    "currency": ("line_item_currency_code", "lineItem/CurrencyCode"),
    "account": ("line_item_usage_account_id", "lineItem/UsageAccountId"),
    "resource": ("line_item_resource_id", "lineItem/ResourceId"),
    "region": ("product_region_code", "product/regionCode", "product_region", "product/region"),
    "id": ("identity_line_item_id", "identity/LineItemId"),
    "interval": ("identity_time_interval", "identity/TimeInterval"),
    "entity": ("bill_billing_entity", "bill/BillingEntity"),
}


def convert(row: dict[str, str], context: Context) -> BillLine | Ignored:
    """Return the line of one row; rows of other services are passed over."""
    told = {name: cell(row, *columns) for name, columns in NAMES.items()}
    product = told["product"] or _in_product(row)
    usage_type = told["usage"] or ""
    if not any(
        _BEDROCK.search(text or "") for text in (told["code"], product, told["description"], told["resource"])
    ) and not ("-MP:" in usage_type and _TOKENS.search(usage_type)):
        return Ignored(OTHER_SERVICE)
    occurrences: Occurrences = context.state
    start, end = moment(told["start"], "usage_start_date"), moment(told["end"], "usage_end_date")
    of = [told[name] for name in ("type", "code", "usage", "start", "account", "resource", "description")]
    kind, units = kind_of(usage_type), _units(told, usage_type)
    counted = number(row, *NAMES["amount"])
    words = usage_type.lower()
    return BillLine(
        line_key=f"{told['id']}|{told['interval']}" if told["id"] else occurrences.key(*of),
        seller="bedrock",
        issuer="aws",
        grain=grain_of(start, end),
        period_start=start,
        period_end=end,
        sku=usage_type or told["description"],
        model_raw=_model(usage_type, product, told["resource"]),
        token_kind=kind,
        quantity=None if counted is None or units is None else quantity(counted, "usage_amount", units),
        quantity_unit="tokens" if kind != "other" and units is not None else told["unit"] if kind == "other" else None,
        list_cost=amount(number(row, *NAMES["list"]), "public_on_demand_cost"),
        billed_cost=amount(number(row, *NAMES["cost"]), "unblended_cost"),
        effective_cost=amount(number(row, *NAMES["net"]), "net_unblended_cost"),
        currency=told["currency"] or "USD",
        charge_category=told["type"],
        project=told["account"],
        region="global" if "global" in words else told["region"],
        service_tier=next((tier for tier in ("flex", "priority", "reserved") if tier in words), None),
        is_batch="batch" in words,
        tags=msgspec.json.encode({"entity": told["entity"]}).decode() if told["entity"] else None,
    )


def kind_of(usage_type: str) -> TokenKind:
    """Return what a usage type counts; the cache first, for its names have the words of input in them."""
    words = re.sub(r"[-_ ]", "", usage_type.lower())
    if not _TOKENS.search(usage_type) or "reserved" in words or "guardrail" in words:
        return "other"
    if "cacheread" in words:
        return "cache_read"
    if "cachewrite" in words:
        return "cache_write_1h" if "1h" in words else "cache_write_5m"
    return "output" if "output" in words else "input"


def _units(told: dict[str, str | None], usage_type: str) -> int | None:
    """Return how many one of the quantity is: read from the unit and the description, never taken for granted.

    A native line without either counts thousands; for a Marketplace line without either, the unit is unknown.
    """
    if kind_of(usage_type) == "other":
        return 1
    words = f"{told['unit'] or ''} {told['description'] or ''}".lower()
    found = next((units for word, units in UNITS if word in words), None)
    if found is not None:
        return found
    return None if "-MP:" in usage_type or told["unit"] else 1_000


def _model(usage_type: str, product: str | None, resource: str | None) -> str | None:
    """Return the model: by the resource where that names one, by the Marketplace product, else by the usage type."""
    if resource and (found := _PROFILE.search(resource)):
        return found["model"]
    if product and _EDITION.search(product):
        return _EDITION.sub("", product)
    bare = _MODEL_END.sub("", _REGION.sub("", usage_type))
    return bare if bare and bare != usage_type and _TOKENS.search(usage_type) else None


def _in_product(row: dict[str, str]) -> str | None:
    """Return the product's name out of the map that CUR 2.0 keeps in one column."""
    try:
        inner = msgspec.json.decode(row.get("product") or "{}")
    except msgspec.DecodeError:
        return None
    listed = inner.items() if isinstance(inner, dict) else [pair for pair in inner if isinstance(pair, list)]
    name = next((pair[1] for pair in listed if pair[:1] in (["product_name"], ("product_name",))), None)
    return str(name) if name else None


FORMAT = Format(
    name="aws_cur",
    title="AWS Cost and Usage Report (1 and 2)",
    kind="bill",
    reads=("table",),
    marks=(
        "line_item_usage_type",
        "line_item_product_code",
        "line_item_unblended_cost",
        "line_item_usage_amount",
        "lineItem/UsageType",
        "lineItem/ProductCode",
        "lineItem/UnblendedCost",
        "lineItem/UsageAmount",
    ),
    convert=convert,
    state=Occurrences,
    repeats="last",
    semantics=(
        "Only rows of Bedrock are lines, native or through the Marketplace (whose product code is opaque). Reads and "
        "writes of the cache have rows of their own, so input is uncached. The unit is read from pricing_unit and the "
        "description: thousands on native rows, millions on Marketplace rows; a Marketplace row that names neither "
        "keeps no quantity. billed is the unblended cost and effective the net unblended one. Tax, credits, refunds "
        "and discounts keep their own category."
    ),
    verified="Columns and usage types from published reports and tables; no unmasked row of a real bill seen.",
    traps=(
        (
            "a filter on the product code misses what is billed through the Marketplace",
            "known by product and usage type",
        ),
        ("native rows count thousands and Marketplace rows millions", "the unit is read, row by row"),
        ("names of cache reads and writes have `input-token` in them", "the cache is tested first"),
        ("one Marketplace usage type serves several models", "the product's name shows which"),
    ),
)
