"""Anthropic: pages of the Admin API's cost report, whose amounts are decimal strings in cents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from llmaudit.bills.base import BillLine, TokenKind, amount, grain_of, key_of
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import text_decimal, text_time
from llmaudit.request import Reject

CENTS = 100
KINDS: dict[str, TokenKind] = {
    "uncached_input_tokens": "input",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
    "output_tokens": "output",
}


class Result(msgspec.Struct, gc=False):
    """One result of a day."""

    amount: str | None = None
    currency: str | None = None
    list_amount: str | None = None
    cost_type: str | None = None
    token_type: str | None = None
    description: str | None = None
    model: str | None = None
    service_tier: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None
    workspace_id: str | None = None
    speed: str | None = None


class Bucket(msgspec.Struct, gc=False):
    """A span of time and its results, still encoded; the usage report has the same."""

    starting_at: str
    ending_at: str
    results: list[msgspec.Raw]


@dataclass(frozen=True)
class Span:
    """The bounds of a bucket."""

    start: datetime | None
    end: datetime | None


def unfold(bucket: Bucket) -> Iterator[tuple[msgspec.Raw, Span]]:
    """Yield the results of a bucket with its bounds."""
    span = Span(text_time(bucket.starting_at, "starting_at"), text_time(bucket.ending_at, "ending_at"))
    return ((raw, span) for raw in bucket.results)


def convert(result: Result, context: Context) -> BillLine:
    """Return the line of one result."""
    span: Span = context.shared
    cost = text_decimal(result.amount, "amount")
    if cost is None:
        raise Reject("missing-field", "amount")
    dimensions = (
        span.start, result.workspace_id, result.description, result.cost_type, result.token_type, result.model,
        result.service_tier, result.context_window, result.inference_geo, result.speed,
    )  # fmt: skip
    return BillLine(
        line_key=key_of(*dimensions),
        seller="anthropic",
        grain=grain_of(span.start, span.end),
        period_start=span.start,
        period_end=span.end,
        sku=result.description,
        model_raw=result.model,
        token_kind=KINDS.get(result.token_type or "", "other") if result.cost_type or result.token_type else None,
        list_cost=amount(text_decimal(result.list_amount, "list_amount"), "list_amount", CENTS),
        billed_cost=amount(cost, "amount", CENTS),
        currency=(result.currency or "USD").upper(),
        charge_category="Usage",
        project=result.workspace_id,
        region=result.inference_geo,
        service_tier=result.service_tier,
        is_batch=None if result.service_tier is None else result.service_tier == "batch",
    )


FORMAT = Format(
    name="anthropic_costs",
    title="Anthropic cost report API",
    kind="bill",
    marks=(
        "starting_at",
        "ending_at",
        "results.amount",
        "results.cost_type",
        "results.token_type",
        "results.description",
        "results.currency",
    ),
    needs=("starting_at", "results"),
    says=lambda bucket: any("amount" in r for r in bucket["results"]),
    batch=Bucket,
    unfold=unfold,
    record=Result,
    convert=convert,
    repeats="last",
    semantics=(
        "amount is a decimal string in cents, though the currency says USD: 123.78912 is $1.2378912. There are no "
        "quantities; the usage report has them. Costs of the Priority Tier are never in it."
    ),
    verified="Shape and unit from the vendor's SDK, and the unit on a published reconciliation.",
)
