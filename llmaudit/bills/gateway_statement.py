"""What was paid to a gateway beside requests: credit bought, subscriptions, add-ons; a table anyone can keep."""

from __future__ import annotations

from llmaudit.bills.base import BillLine, amount, cell, moment, number, quantity
from llmaudit.formats.base import Context, Format
from llmaudit.request import Reject

KINDS = {
    "credits": "Purchase",
    "subscription": "Subscription",
    "add_on": "Add-on",
    "per_request": "Per request",
    "refund": "Credit",
}
"""Words of the column `kind`, and the category of their lines."""

CREDITS = "credits"
"""Unit of a quantity that is credit for API calls, in the currency of the line."""


def convert(row: dict[str, str], _: Context) -> BillLine:
    """Return the line of one payment."""
    kind = (cell(row, "kind") or "credits").lower().replace("-", "_").replace(" ", "_")
    if kind not in KINDS:
        raise Reject("out-of-range", "kind")
    paid = number(row, "paid")
    if paid is None:
        raise Reject("missing-field", "paid")
    received = number(row, "credits")
    if kind == "credits" and received is None:
        raise Reject("missing-field", "credits")
    return BillLine(
        line_key=cell(row, "payment_id"),
        seller=cell(row, "gateway"),
        period_start=moment(cell(row, "date"), "date"),
        sku=kind.replace("_", " "),
        billed_cost=amount(paid, "paid"),
        quantity=quantity(received, "credits") if kind == "credits" else None,
        quantity_unit=CREDITS if kind == "credits" else None,
        currency=(cell(row, "currency") or "USD").upper(),
        charge_category=KINDS[kind],
    )


FORMAT = Format(
    name="gateway_statement",
    title="Payments to a gateway",
    kind="bill",
    reads=("table",),
    marks=("payment_id", "gateway", "paid", "credits", "kind"),
    needs=("payment_id", "gateway", "paid", "credits"),
    convert=convert,
    repeats="last",
    semantics=(
        "`paid` is what was charged, fees and all; `credits` is what the account received for API calls, in the "
        "same currency, and empty for anything that is no credit. What credit costs over its face value is the "
        "gateway's fee on buying it. `kind` is credits (also where it is empty), subscription, add_on, per_request "
        "or refund."
    ),
    verified="A format of llmaudit's own: receipts and card statements are copied into it.",
    about=(
        "No gateway exports what buying credit cost, so this is a table to keep: one row a payment, with the columns "
        "`payment_id`, `gateway`, `date`, `kind`, `paid`, `credits`, `currency` (US dollars where it is empty)."
    ),
    traps=(("the fee on buying credit is in no log and no usage export", "`paid` less `credits`, payment by payment"),),
)
