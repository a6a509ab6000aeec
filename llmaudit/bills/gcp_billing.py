"""Google Cloud: the billing export, as BigQuery rows in JSON or flattened CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit.bills.base import BillLine, Occurrences, TokenKind, amount, cell, grain_of, moment, number, quantity
from llmaudit.formats.base import Context, Format
from llmaudit.formats.cells import text_row
from llmaudit.money import ZERO
from llmaudit.request import Ignored

AI = re.compile(r"vertex ai|gemini|generative language|model garden", re.IGNORECASE)
_TOKENS = re.compile(r"token|prediction|input|output", re.IGNORECASE)
_NOT_MODEL = re.compile(
    r"generate content|cloud vertex ai|model garden|model as a service|token count|predictions?|thinking|offpeak|"
    r"\b(?:input|output|caching|cached|cache|read|write|storage|text|image|video|audio|short|long|flex|batch|priority|"
    r"tokens?|for|context|modality|online)\b|[-_]\s|[()]",
    re.IGNORECASE,
)


def flat(row: dict[str, Any]) -> dict[str, str]:
    """Return a row with its nested names joined by a dot, whichever way the export wrote them."""
    return text_row(dict(_flat(row, "")))


def _flat(value: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{before}{name}.")
        else:
            yield before + name, repr(inner) if isinstance(inner, float) else inner


def convert(record: dict[str, Any], context: Context) -> BillLine | Ignored:
    """Return the line of one row; rows of other services are passed over."""
    row = flat(record)
    service, sku = _of(row, "service.description"), _of(row, "sku.description")
    if not AI.search(f"{service or ''} {sku or ''}"):
        return Ignored("line of another service")
    occurrences: Occurrences = context.state
    start, end = (
        moment(_of(row, "usage_start_time"), "usage_start_time"),
        moment(_of(row, "usage_end_time"), "usage_end_time"),
    )
    cost, currency = amount(number(row, "cost"), "cost"), (_of(row, "currency") or "USD").upper()
    credit = _credits(record)
    kind = kind_of(sku or "")
    of = [
        _of(row, n)
        for n in ("sku.id", "sku.description", "usage_start_time", "project.id", "labels", "cost_type", "export_time")
    ]
    return BillLine(
        line_key=occurrences.key(*of),
        seller="vertex" if "vertex" in (service or "").lower() else "google",
        issuer="gcp",
        grain=grain_of(start, end),
        period_start=start,
        period_end=end,
        sku=sku,
        model_raw=_model(sku or "") if kind != "other" else None,
        token_kind=kind,
        quantity=quantity(number(row, "usage.amount", "usage_amount"), "usage.amount"),
        quantity_unit="tokens" if kind != "other" else _of(row, "usage.unit"),
        list_cost=amount(number(row, "cost_at_list", "cost"), "cost_at_list"),
        billed_cost=None if cost is None else cost + credit,
        currency=currency,
        charge_category=_of(row, "cost_type"),
        project=_of(row, "project.id"),
        region=_of(row, "location.region"),
        is_batch="batch" in (sku or "").lower(),
        service_tier="flex" if "flex" in (sku or "").lower() else None,
        per_usd=None if currency == "USD" else number(row, "currency_conversion_rate"),
    )


def _of(row: dict[str, str], name: str) -> str | None:
    return cell(row, name, name.replace(".", "_"))


def kind_of(sku: str) -> TokenKind:
    """Return what a SKU counts; cached input and the cache's storage by the hour are told apart."""
    words = sku.lower().replace("_", " ")
    if "storage" in words or "hour" in words or not _TOKENS.search(words):
        return "other"
    if "cach" in words:
        return "cache_read"
    if "output" in words:
        return "output"
    return "input" if "input" in words else "other"


def _model(sku: str) -> str | None:
    """Return the model's words, joined as ids are: `Gemini 2.5 Pro Thinking Text Output - Predictions`."""
    bare = _NOT_MODEL.sub(" ", f"{sku.replace('_', ' ')} ")
    return "-".join(word for word in bare.lower().replace(" - ", " ").split() if word != "-") or None


def _credits(record: dict[str, Any]) -> Decimal:
    """Return the sum of a row's credits, which are negative; a flattened export has it in one column."""
    listed = record.get("credits")
    if isinstance(listed, str) and listed.strip().startswith("["):
        listed = msgspec.json.decode(listed)
    if isinstance(listed, list):
        found = [
            amount(number(text_row(each), "amount"), "credits.amount") for each in listed if isinstance(each, dict)
        ]
    else:
        found = [amount(number(text_row(flat(record)), "credits.amount", "credits_amount"), "credits.amount")]
    return sum((each for each in found if each is not None), ZERO)


FORMAT = Format(
    name="gcp_billing",
    title="Google Cloud billing export",
    kind="bill",
    reads=("json", "table"),
    marks=(
        "service.description",
        "sku.description",
        "usage_start_time",
        "currency_conversion_rate",
        "usage.amount",
        "service_description",
        "sku_description",
        "usage_amount",
        "cost",
        "invoice.month",
        "invoice_month",
    ),
    says=lambda row: "usage_start_time" in row and not row.keys() & {"BilledCost"},
    convert=convert,
    state=Occurrences,
    repeats="last",
    semantics=(
        "Only rows of Vertex AI and Gemini are lines. Amounts are in the billing currency and stay in it; the row's "
        "own rate to the dollar is kept beside them. billed = cost + the row's credits (negative). Cached input has "
        "SKUs of its own, so input is uncached; the cache's storage is billed by the hour and counts no tokens. "
        "usage.amount is in single tokens."
    ),
    verified="Columns and the grammar of SKUs from published tables; no real row with a Gemini SKU seen.",
    traps=(
        ("costs are in the billing currency", "kept with the row's own rate; nothing is converted in silence"),
        ("credits are records inside the row", "added to the cost: they are negative"),
        ("rows arrive late and are corrected by further rows", "a row of a later export is a line of its own"),
    ),
)
