"""OpenAI: pages of the organization costs API, one bucket a day, one result a line item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from llmaudit.bills.base import BillLine, TokenKind, amount, key_of, quantity
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import epoch
from llmaudit.request import Reject

DAY_SECONDS = 86_400


class Amount(msgspec.Struct, gc=False):
    """Money, with the digits it was written with."""

    value: Decimal | None = None
    currency: str | None = None


class Result(msgspec.Struct, gc=False):
    """One line item of a bucket."""

    object: str | None = None
    amount: Amount | None = None
    line_item: str | None = None
    project_id: str | None = None
    api_key_id: str | None = None
    quantity: Decimal | None = None
    quantity_unit: str | None = None


class Bucket(msgspec.Struct, gc=False):
    """A span of time and its results, still encoded; the usage API has the same."""

    start_time: int
    end_time: int
    results: list[msgspec.Raw]


@dataclass(frozen=True)
class Span:
    """What the results of a bucket share: its bounds in Unix seconds."""

    start: int
    end: int


def unfold(bucket: Bucket) -> Iterator[tuple[msgspec.Raw, Span]]:
    """Yield the results of a bucket with its bounds."""
    span = Span(bucket.start_time, bucket.end_time)
    return ((raw, span) for raw in bucket.results)


def convert(result: Result, context: Context) -> BillLine:
    """Return the bill line of one line item."""
    span: Span = context.shared
    if result.amount is None or result.amount.value is None:
        raise Reject("missing-field", "amount.value")
    model, kind = item_of(result.line_item)
    units = 1000 if result.quantity_unit == "1000_tokens" else 1
    billed = amount(result.amount.value, "amount.value")
    return BillLine(
        line_key=key_of(span.start, result.line_item, result.project_id, result.api_key_id),
        seller="openai",
        grain="day" if span.end - span.start == DAY_SECONDS else "other",
        period_start=epoch(span.start, "start_time"),
        period_end=epoch(span.end, "end_time"),
        sku=result.line_item,
        model_raw=model,
        token_kind=kind,
        quantity=quantity(result.quantity, "quantity", units),
        quantity_unit="tokens" if units > 1 else result.quantity_unit,
        billed_cost=billed,
        charge_category=category_of(kind, billed),
        currency=(result.amount.currency or "").upper() or None,
        project=result.project_id,
        key_id=result.api_key_id,
    )


def category_of(kind: TokenKind | None, billed: Decimal | None) -> str | None:
    """Return the category of a line item: what is no kind of token and below zero is a credit, whatever its name."""
    return "Credit" if kind == "other" and billed is not None and billed < 0 else None


KINDS: dict[str, TokenKind] = {
    "input": "input",
    "cached input": "cache_read",
    "input cached": "cache_read",
    "cache write": "cache_write_other",
    "input cache write": "cache_write_other",
    "output": "output",
}


PARTS: dict[str, dict[TokenKind, TokenKind]] = {
    "text": {},
    "audio": {"input": "input_audio", "cache_read": "cache_read_audio", "output": "output_audio"},
    "image": {"input": "input_image", "cache_read": "cache_read_image", "output": "output_image"},
}
"""What a line item may say between the model and what was counted: `gpt-image-x image, output`."""


def item_of(line_item: str | None) -> tuple[str | None, TokenKind | None]:
    """Return the model of a line item and what was counted: `gpt-x-2026-08-01, cached input`.

    Products such as evals stand before the model, with a bar between. Costs that were not grouped by line item are all
    together, of no model and of no kind.
    """
    if line_item is None:
        return None, None
    item, _, words = line_item.rpartition(", ")
    kind = KINDS.get(words.replace("_", " ").removesuffix(" tokens"), "other")
    model, _, part = item.rpartition(" | ")[2].partition(" ")
    if part not in PARTS:  # names of models have no space
        return item.rpartition(" | ")[2] or None, kind
    return model, PARTS[part].get(kind, kind)


FORMAT = Format(
    name="openai_costs",
    title="OpenAI costs API",
    kind="bill",
    marks=("start_time", "end_time", "results.amount", "results.line_item", "results.amount.value", "results.object"),
    needs=("start_time", "end_time", "results"),
    says=lambda bucket: any(r.get("object") == "organization.costs.result" for r in bucket["results"]),
    batch=Bucket,
    unfold=unfold,
    record=Result,
    convert=convert,
    repeats="last",
    semantics=(
        "One line per day and line item; the amount is exact, in the currency stated. The model is before the last "
        "comma of line_item, perhaps followed by text, audio or image; what was counted is after the comma; input "
        "is the uncached part. quantity is in quantity_unit. Dimensions that the export was not grouped by are "
        "null. Scale Tier tokens are prepaid and not in it."
    ),
    verified="Shape and exact amounts on a recorded page; the newer names of line items rest on documentation.",
)
