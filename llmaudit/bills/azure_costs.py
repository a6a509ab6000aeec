"""Azure: cost details (actual or amortised), whose unit is thousands on some meters and millions on others."""

from __future__ import annotations

from decimal import Decimal

from llmaudit.bills.azure_meters import AI, meter_of, units_of
from llmaudit.bills.base import DAY, BillLine, Occurrences, amount, cell, moment, number, quantity
from llmaudit.formats.base import Context, Format
from llmaudit.request import Ignored

OTHER_SERVICE = "line of another service"


def convert(row: dict[str, str], context: Context) -> BillLine | Ignored:
    """Return the line of one row; rows of other services are passed over."""
    row = {name.lower(): value for name, value in row.items()}
    product = " ".join(
        filter(None, (cell(row, n) for n in ("metercategory", "metersubcategory", "productname", "product")))
    )
    name = cell(row, "metername", "meter") or ""
    if not AI.search(f"{product} {name}"):
        return Ignored(OTHER_SERVICE)
    occurrences: Occurrences = context.state
    day = moment(cell(row, "date", "usagedatetime", "usagedate"), "Date")
    meter = meter_of(name, product)
    units, what = units_of(cell(row, "unitofmeasure"))
    is_token = meter.kind != "other" and not (what or "").lower().startswith("hour")
    counted = number(row, "quantity", "consumedquantity", "usagequantity")
    resource = cell(row, "resourceid", "instanceid")
    billed = number(row, "costinbillingcurrency", "cost", "pretaxcost")
    paygo = number(row, "paygprice")
    charge = cell(row, "chargetype")
    of = (day, cell(row, "meterid") or name, resource, charge, cell(row, "subscriptionid"), cell(row, "tags"))
    return BillLine(
        line_key=occurrences.key(*of),
        seller="azure",
        issuer="azure",
        grain="day",
        period_start=day,
        period_end=day + DAY if day else None,
        sku=name or product,
        model_raw=meter.model if is_token else None,
        token_kind=meter.kind if is_token else "other",
        quantity=None if counted is None or units is None else quantity(counted, "Quantity", units),
        quantity_unit="tokens" if is_token and units is not None else what,
        list_cost=None if paygo is None or counted is None else amount(paygo * counted, "PayGPrice"),
        billed_cost=amount(billed, "CostInBillingCurrency"),
        currency=cell(row, "billingcurrency", "billingcurrencycode", "currency"),
        charge_category=charge,
        project=(resource or "").rstrip("/").rpartition("/")[2] or None,
        region=meter.region,
        service_tier=meter.tier,
        is_batch=meter.batch,
        per_usd=_per_usd(row),
    )


def _per_usd(row: dict[str, str]) -> Decimal | None:
    """Return the rate from pricing to billing currency where prices are in dollars; the bill states it per row."""
    rate = number(row, "exchangeratepricingtobilling", "exchangerate")
    return rate if rate and (cell(row, "pricingcurrency", "pricingcurrencycode") or "") == "USD" else None


FORMAT = Format(
    name="azure_costs",
    title="Azure cost details",
    kind="bill",
    reads=("table",),
    marks=(
        "MeterCategory",
        "MeterSubCategory",
        "MeterName",
        "UnitOfMeasure",
        "CostInBillingCurrency",
        "Quantity",
        "meterCategory",
        "meterSubCategory",
        "meterName",
        "unitOfMeasure",
        "costInBillingCurrency",
        "quantity",
        "PreTaxCost",
        "ConsumedQuantity",
    ),
    convert=convert,
    state=Occurrences,
    repeats="last",
    semantics=(
        "Only rows of model products are lines. Cached input has meters of its own, so input is uncached. The unit "
        "is the column UnitOfMeasure (1K or 1M), never the meter's name. Model, kind, data zone, batch and "
        "priority are read from the meter's abbreviations; a family that only the product names is filled in. The "
        "cost is in the billing currency; the rate to dollars is kept if the row states it. Deployments are not on "
        "the bill."
    ),
    verified="Units and abbreviations on 2,779 published meters; no real row of a bill for a model seen.",
    traps=(
        ("some meters count thousands and others millions", "UnitOfMeasure decides, row by row"),
        ("a meter such as `5.4 opt Dz 1M Tokens` does not name its family", "taken from the product"),
        ("provisioned throughput is billed by the hour", "a line of its own that counts no tokens"),
    ),
)
