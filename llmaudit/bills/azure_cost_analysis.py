"""Azure: the download of Cost Analysis, amounts by day, resource and meter without quantities."""

from __future__ import annotations

import msgspec

from llmaudit.bills.azure_meters import AI, meter_of
from llmaudit.bills.base import DAY, BillLine, Occurrences, amount, cell, moment, number
from llmaudit.formats.base import Context, Format
from llmaudit.request import Ignored


def convert(row: dict[str, str], context: Context) -> BillLine | Ignored:
    """Return the line of one row; rows of other services are passed over."""
    product = " ".join(filter(None, (cell(row, name) for name in ("ServiceName", "ServiceTier"))))
    name = cell(row, "Meter") or ""
    if not AI.search(f"{product} {name}"):
        return Ignored("line of another service")
    occurrences: Occurrences = context.state
    day, resource = moment(cell(row, "UsageDate"), "UsageDate"), cell(row, "ResourceId")
    meter = meter_of(name, product)
    is_token = meter.kind != "other"
    usd, currency = number(row, "CostUSD"), cell(row, "Currency")
    own = {"cost": cell(row, "Cost"), "currency": currency}
    return BillLine(
        line_key=occurrences.key(day, name, product, resource),
        seller="azure",
        issuer="azure",
        grain="day",
        period_start=day,
        period_end=day + DAY if day else None,
        sku=name or product,
        model_raw=meter.model if is_token else None,
        token_kind=meter.kind,
        billed_cost=amount(number(row, "Cost") if usd is None else usd, "CostUSD"),
        currency=currency if usd is None else "USD",
        charge_category="Usage",
        project=(resource or "").rstrip("/").rpartition("/")[2] or None,
        region=meter.region,
        service_tier=meter.tier,
        is_batch=meter.batch,
        tags=msgspec.json.encode(own).decode() if usd is not None and currency not in {None, "USD"} else None,
    )


FORMAT = Format(
    name="azure_cost_analysis",
    title="Azure Cost Analysis download",
    kind="bill",
    reads=("table",),
    marks=("UsageDate", "ResourceId", "ServiceTier", "Meter", "CostUSD", "Cost", "ResourceLocation", "ServiceName"),
    needs=("UsageDate", "Meter", "CostUSD"),
    convert=convert,
    state=Occurrences,
    repeats="last",
    semantics=(
        "Only rows of model products are lines. CostUSD is taken, as Azure converted it; the amount in the billing "
        "currency is kept as a tag. There are no quantities; the product is under ServiceTier."
    ),
    verified="Columns on a published download.",
)
