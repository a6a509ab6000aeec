"""FOCUS 1.0 to 1.3 (and later names): the FinOps exchange format that clouds and tools export bills in."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from llmaudit.bills.base import BillLine, Occurrences, TokenKind, amount, cell, grain_of, moment, number, quantity
from llmaudit.bills.gcp_billing import flat
from llmaudit.formats.base import Context, Format
from llmaudit.request import Ignored

SELLERS = (
    ("openai", "openai"), ("anthropic", "anthropic"), ("aws", "bedrock"), ("amazon", "bedrock"), ("microsoft", "azure"),
    ("azure", "azure"), ("google", "vertex"), ("openrouter", "openrouter"), ("mistral", "mistral"),
    ("cohere", "cohere"),
)  # fmt: skip
"""Words of a provider's name, and the seller whose models it bills."""

IDENTITY = (
    "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeClass", "SkuId", "SkuPriceId", "SkuMeter",
    "ResourceId", "SubAccountId", "RegionId", "CredentialId", "PrincipalId", "ChargeDescription", "Tags",
    "SkuPriceDetails",
)  # fmt: skip
"""Columns by which a row is known to be the same in a later export."""

DIRECT = {"azure openai": "azure", "amazon bedrock": "bedrock", "vertex ai": "vertex", "openai": "openai"}
MODELS_ONLY = re.compile(r"\b(?:openai|anthropic|openrouter|mistral|cohere)\b", re.IGNORECASE)
"""Providers that sell nothing but models: their credits and fees belong to the bill too, whatever the row names."""

AI_SERVICE = re.compile(r"generative ai|bedrock|openai|vertex ai|gemini|anthropic|claude|foundry", re.IGNORECASE)
_UNIT = re.compile(r"^(?P<count>[\d,]+)?\s*(?P<factor>[KMB])?\s*(?P<what>tokens?)$", re.IGNORECASE)
_FACTORS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}


def convert(record: dict[str, Any], context: Context) -> BillLine | Ignored:
    """Return the line of one row; rows that are of no model are passed over."""
    row = flat(record)
    details = _details(record)
    service = " ".join(
        filter(None, (cell(row, n) for n in ("ServiceSubcategory", "ServiceName", "SkuMeter", "ProductFamily")))
    )
    provider = cell(row, "ServiceProviderName", "ProviderName")
    of_models = AI_SERVICE.search(service) or MODELS_ONLY.search(provider or "")
    if not (details.get("TokenDirection") or details.get("ModelId") or of_models):
        return Ignored("line of another service")
    occurrences: Occurrences = context.state
    start, end = (moment(cell(row, name), name) for name in ("ChargePeriodStart", "ChargePeriodEnd"))
    kind = kind_of(details, cell(row, "SkuMeter", "x_SkuMeterName", "x_UsageType", "SkuId") or "")
    count, unit = _quantity(row)
    category = cell(row, "ChargeCategory")
    is_token = kind != "other" and category in {None, "Usage"}
    return BillLine(
        line_key=occurrences.key(provider, *(cell(row, name) for name in IDENTITY)),
        seller=seller_of(cell(row, "ServiceName"), provider),
        issuer=cell(row, "InvoiceIssuerName"),
        grain=grain_of(start, end),
        period_start=start,
        period_end=end,
        sku=cell(row, "SkuMeter", "ChargeDescription", "SkuId"),
        model_raw=details.get("ModelId") or cell(row, "x_ModelId", "x_Model"),
        token_kind=kind if is_token else "other",
        quantity=count,
        quantity_unit="tokens" if is_token and count is not None else unit,
        list_cost=amount(number(row, "ListCost"), "ListCost"),
        billed_cost=amount(number(row, "BilledCost"), "BilledCost"),
        effective_cost=amount(number(row, "EffectiveCost"), "EffectiveCost"),
        currency=cell(row, "BillingCurrency"),
        charge_category="Correction" if cell(row, "ChargeClass") == "Correction" else category,
        project=cell(row, "SubAccountName", "SubAccountId"),
        key_id=cell(row, "CredentialId"),
        user_id=cell(row, "PrincipalId"),
        region=cell(row, "RegionId"),
        service_tier=details.get("ServiceTier"),
        tags=cell(row, "Tags"),
    )


def seller_of(service: str | None, provider: str | None) -> str | None:
    """Return whose models a row bills: by the service where it names one, else by the provider."""
    for words, seller in DIRECT.items():
        if words in (service or "").lower():
            return seller
    return next((seller for word, seller in SELLERS if word in (provider or "").lower()), provider)


def kind_of(details: dict[str, str], meter: str) -> TokenKind:
    """Return what a row counts, by the token keys of SkuPriceDetails, else by the meter's words."""
    direction, cache = details.get("TokenDirection", "").lower(), details.get("TokenCacheAction", "").lower()
    words = f"{direction} {cache} {'' if direction else meter}".lower().replace("_", " ").replace("-", " ")
    if not direction and "token" not in words:
        return "other"
    if "output" in words:
        return "output"
    if "write" in words or "creation" in words:
        return "cache_write_1h" if "1h" in words else "cache_write_other"
    if "read" in words or ("cached" in words and "uncached" not in words):
        return "cache_read"
    return "input" if "input" in words else "other"


def _details(record: dict[str, Any]) -> dict[str, str]:
    """Return SkuPriceDetails as text by key; it is an object, or one as JSON text."""
    found = record.get("SkuPriceDetails") or record.get("x_SkuDetails") or {}
    if isinstance(found, str):
        try:
            found = msgspec.json.decode(found)
        except msgspec.DecodeError:
            return {}
    return (
        {str(key): str(value) for key, value in found.items() if value is not None} if isinstance(found, dict) else {}
    )


def _quantity(row: dict[str, str]) -> tuple[Any, str | None]:
    """Return the quantity in single units: consumed where its unit is tokens, else priced (`1000000 Tokens`)."""
    for amount_name, unit_name in (("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit")):
        unit, count = cell(row, unit_name), number(row, amount_name)
        found = _UNIT.match(unit or "")
        if count is not None and found:
            units = int((found["count"] or "1").replace(",", "")) * _FACTORS[(found["factor"] or "").upper()]
            return quantity(count, amount_name, units), "tokens"
    return quantity(number(row, "ConsumedQuantity"), "ConsumedQuantity"), cell(row, "ConsumedUnit")


FORMAT = Format(
    name="focus",
    title="FOCUS cost and usage (1.0 to 1.3)",
    kind="bill",
    reads=("json", "table"),
    marks=(
        "BilledCost",
        "EffectiveCost",
        "ListCost",
        "ContractedCost",
        "ChargeCategory",
        "ChargePeriodStart",
        "BillingCurrency",
        "SkuPriceDetails",
        "SkuMeter",
    ),
    needs=("BilledCost", "EffectiveCost", "ChargeCategory"),
    convert=convert,
    state=Occurrences,
    repeats="last",
    semantics=(
        "Only rows of models are lines. BilledCost and EffectiveCost are two views of the same money and are never "
        "added: prepaid usage has billed 0 and an effective cost, its purchase the reverse. Input, reads and writes "
        "have rows of their own, so input is uncached. Quantities are single tokens, by ConsumedUnit or PricingUnit. "
        "The token keys of SkuPriceDetails are read at every version. Corrections keep that as their category."
    ),
    verified="Columns and token rows on the specification's own samples; vendors' previews from their documentation.",
    traps=(
        ("billed and effective cost are both whole", "kept apart; reconcile compares billed and shows effective"),
        ("a prepayment is a row of its own", "its category is Purchase, and no usage is matched against it"),
    ),
)
