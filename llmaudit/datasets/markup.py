"""Simulated months of gateway traffic with a planted truth: what the gateway adds, and what only looks like it.

Each request has a truth (what was used, when, under which conditions) and a logged form, which hides what real logs
hide: the region, the tier, cached tokens. The charge is the list price of the truth, changed by a rule and then rounded
as the field in the log rounds. Studies use the requests as rows in memory; `markup_logs` writes them as log files for
the whole command line. What no amount shows is simulated as well: payments for credit, and the true sizes of prompts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
from msgspec.structs import replace

from llmaudit.catalog import Catalog, Conditions, Offer
from llmaudit.datasets.markup_looks import Look, Truth, looks_like
from llmaudit.summaries.billed import BilledRequest
from llmaudit.summaries.payments import Payment
from llmaudit.summaries.prompts import SizedPrompt

Rule = Literal[
    "none", "token_rate", "per_request", "rate_and_fee", "output_rate", "input_rate", "cache_discount",
    "minimum_charge", "rounding_up", "conversion", "token_count", "top_up",
]  # fmt: skip
FIRST = datetime(2026, 10, 1)  # noqa: DTZ001 -- naive UTC, as in the database
MIX: Mapping[tuple[str, str], float] = {
    ("openai", "gpt-4.1"): 3.0,
    ("openai", "gpt-4.1-mini"): 3.0,
    ("openai", "gpt-5.6-sol"): 2.0,
    ("anthropic", "claude-sonnet-4-6"): 3.0,
    ("anthropic", "claude-haiku-4-5"): 2.0,
    ("google", "gemini-3.5-flash"): 2.0,
    ("deepseek", "deepseek-v4-pro"): 1.0,
}
"""Models and how often each is asked: some with regional prices, one with hours, some with neither."""


@dataclass(frozen=True)
class World:
    """What is true of a simulated month.

    Attributes:
        requests: How many.
        rule: What the gateway does to the list price.
        rate: What it multiplies with: 1.05 is 5%.
        fee: US dollars per request.
        minimum: The least it charges, in US dollars.
        since: Day of the month (from 0) on which the rule begins.
        look: What makes amounts look like a markup; None is nothing.
        share: Share of requests it touches.
        unit: What amounts are rounded to, in US dollars.
        noise: Standard deviation of the logarithm of an error on every amount.
        missing_cache: Share of requests whose cached tokens the log does not show: they look like ordinary input.
        days: Length.
        mix: Models and how often each is asked.
        gateway: Who passed the requests on.
        tokens: Tokens on every request that were not sent, for the rule `token_count`.
        is_reported: Whether the log counts those as prompt tokens; else they are in the amounts alone.
        top_up_pct: What credit costs over its face value, in percent, for the rule `top_up`.
        top_up_minimum: The least such fee, in US dollars.
    """

    requests: int = 2000
    rule: Rule = "none"
    rate: float = 1.0
    fee: float = 0.0
    minimum: float = 0.0
    since: int = 0
    look: Look | None = None
    share: float = 1.0
    unit: Decimal = Decimal("0.0000000001")
    noise: float = 0.0
    missing_cache: float = 0.0
    days: int = 31
    mix: Mapping[tuple[str, str], float] = field(default_factory=lambda: MIX)
    gateway: str = "litellm"
    tokens: int = 0
    is_reported: bool = False
    top_up_pct: Decimal = Decimal(0)
    top_up_minimum: Decimal = Decimal(0)


def simulate(world: World, catalog: Catalog, rng: np.random.Generator) -> list[BilledRequest]:
    """Return a month as rows, in order of time; `line` counts them."""
    offers = [_offer(catalog, key) for key in world.mix]
    weights = np.array(list(world.mix.values()))
    chosen = rng.choice(len(offers), world.requests, p=weights / weights.sum())
    seconds = np.sort(rng.integers(0, world.days * 86400, world.requests))
    slots = catalog.slots(FIRST, FIRST + timedelta(days=world.days))
    starts = [slot.start for slot in slots]
    usage = _usage(rng, world.requests, wide=world.look == "long context")
    edges = catalog.prompt_edges()
    rows = []
    for index in range(world.requests):
        at = FIRST + timedelta(seconds=int(seconds[index]))
        slot = slots[bisect_right(starts, at) - 1].priced_at
        first, read, short, long, other, output = (int(count) for count in usage[index])
        tokens = (first + world.tokens * world.is_reported, read, short, long, other, output)
        band = edges[bisect_right(edges, sum(tokens[:-1])) - 1]
        row = _row(world, index, at, slot, offers[chosen[index]], tokens)
        truth = Truth(row, tokens, Conditions(slot, band, is_folded=True), offers[chosen[index]])
        if world.look is not None and rng.random() < world.share:
            truth = looks_like(world.look, truth, catalog, at)
        if rng.random() < world.missing_cache:
            truth = truth.without_cache()
        error = float(np.exp(rng.normal(0.0, world.noise))) if world.noise else 1.0
        rows.append(_billed(world, truth, catalog, error, (at - FIRST).days))
    if world.look == "log coverage":
        rows = [row for row in rows if rng.random() < 1 - world.share / 2]
    return rows


def _offer(catalog: Catalog, key: tuple[str, str]) -> Offer:
    found = catalog.offer(*key)
    if found is None:
        raise ValueError(f"the catalog has no {key[1]} of {key[0]}")
    return found


def _usage(rng: np.random.Generator, n: int, *, wide: bool) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Return the six counters of n requests: lognormal sizes, two fifths with a cached beginning, some that write."""
    prompt = np.maximum(rng.lognormal(np.log(1500), 1.0, n).astype(np.int64), 8)
    if wide:
        prompt = np.where(rng.random(n) < 0.3, rng.integers(210_000, 400_000, n), prompt)
    output = np.maximum(rng.lognormal(np.log(300), 0.9, n).astype(np.int64), 1)
    cached = np.where(rng.random(n) < 0.4, (prompt * rng.uniform(0.3, 0.9, n)).astype(np.int64) // 64 * 64, 0)
    written = np.where(rng.random(n) < 0.1, (prompt - cached) // 2, 0)
    zero = np.zeros(n, np.int64)
    return np.stack([prompt - cached - written, cached, written, zero, zero, output], axis=1)


def _row(world: World, index: int, at: datetime, slot: datetime, offer: Offer, tokens: Sequence[int]) -> BilledRequest:
    first, read, short, long, other, output = tokens
    return BilledRequest(
        gateway=world.gateway,
        seller=offer.seller,
        sku=offer.sku.sku,
        model=offer.sku.model,
        requested=offer.sku.sku,
        day=at.date(),
        at=at,
        price_slot=slot,
        slot_by="start",
        service_tier=None,
        is_batch=False,
        region_class=None,
        is_thinking=False,
        tokens=(first, read, short, long, other, output),
        reasoning_tokens=None,
        parts=(None, None, None, None, None),
        web_searches=None,
        billed_usd=Decimal(0),
        group_ratio=str(world.rate) if world.rule == "conversion" else None,
        file="simulated",
        line=index + 1,
        rank=(index * 2654435761) % 2**32,
    )


def _billed(world: World, truth: Truth, catalog: Catalog, error: float, day: int) -> BilledRequest:
    factors = truth.factors(catalog)
    costs = [count * factor for count, factor in zip(truth.tokens, factors, strict=False)]
    prompt, output = sum(costs[:-1]), costs[-1]
    amount = (prompt + output) * truth.factor
    if day >= world.since:
        match world.rule:
            case "token_rate" | "conversion":
                amount *= world.rate
            case "per_request":
                amount += world.fee
            case "rate_and_fee":
                amount = amount * world.rate + world.fee
            case "output_rate":
                amount = prompt + output * world.rate
            case "input_rate":
                amount = prompt * world.rate + output
            case "cache_discount":
                amount += truth.tokens[1] * (factors[0] - factors[1])
            case "token_count":
                amount += world.tokens * factors[0] * (not world.is_reported)
            case "minimum_charge":
                amount = max(amount * world.rate, world.minimum)
            case _:
                pass
    rounding = ROUND_CEILING if world.rule == "rounding_up" else ROUND_HALF_EVEN
    units = (Decimal(amount * error) / world.unit).to_integral_value(rounding)
    return replace(truth.row, billed_usd=units * world.unit)


PAYMENTS = 12
"""Purchases of credit in a month."""

CENT = Decimal("0.01")


def payments(world: World, rng: np.random.Generator) -> list[Payment]:
    """Return what a month's credit cost, to the cent; none where the world says nothing of buying credit."""
    if world.rule != "top_up":
        return []
    found = []
    for number in range(PAYMENTS):
        credit = Decimal(int(rng.integers(5, 200)))
        fee = max((credit * world.top_up_pct / 100).quantize(CENT, ROUND_HALF_UP), world.top_up_minimum)
        found.append(
            Payment(
                gateway=world.gateway,
                at=FIRST + timedelta(days=int(rng.integers(0, world.days))),
                category="Purchase",
                paid_usd=credit + fee,
                credited_usd=credit,
                key=f"payment-{number}",
            )
        )
    return found


COUNTED = 300
"""Prompts whose size is known twice."""


def prompts(world: World, rows: Sequence[BilledRequest]) -> list[SizedPrompt]:
    """Return the sizes of some prompts as they were sent directly; none where the world pads no reported count."""
    if not (world.tokens and world.is_reported):
        return []
    return [
        SizedPrompt(
            gateway=row.gateway,
            model=row.model,
            by="direct",
            family=None,
            is_exact=True,
            reported=sum(row.tokens[:-1]),
            expected=sum(row.tokens[:-1]) - world.tokens,
            wrapping=0,
            file=row.file,
            line=row.line,
            rank=row.rank,
        )
        for row in rows[:COUNTED]
    ]
