"""Terms beside the prices: rules that derive prices from others, agreements of an account, and what gateways add."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.catalog.model.base import Basis, Dated, Strict, above_zero
from llmaudit.catalog.model.prices import When
from llmaudit.catalog.units import PieceUnit, TokenUnit

FeeKind = Literal[
    "topup_pct",
    "token_pct",
    "byok_pct",
    "subscription",
    "per_request",
    "per_log",
    "tool_per_request",
    "payment_processing",
    "credit_conversion",
    "orchestration_pct",
    "none_on_tokens",
]

LARGEST_FACTOR = Decimal(100)


class Multiplier(Dated, frozen=True, kw_only=True):
    """A rule that makes prices from others: `factor` times, under further conditions.

    Attributes:
        when: The conditions it adds (a region, batch).
        factor: What the price is multiplied with.
        models: Shell patterns of skus or canonical names.
        unless: Shell patterns of those it does not touch.
        units: The units it touches; every token unit where empty.
    """

    when: When
    factor: Decimal
    models: list[str]
    source: str
    unless: list[str] = []
    units: list[TokenUnit] = []
    basis: Basis = "documented"
    checked_on: date | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse a factor that makes nothing of a price, and a rule that adds no condition."""
        above_zero(factor=self.factor)
        if self.factor > LARGEST_FACTOR:
            raise ValueError(f"`factor` is {self.factor}; it is at most {LARGEST_FACTOR}")
        if not self.when.given:
            raise ValueError("`when` is empty; a multiplier adds a condition, a `discount` changes a price in place")


class Discount(Dated, frozen=True, kw_only=True):
    """A negotiated discount: every token price of some models, `pct` percent lower for a time."""

    pct: Decimal
    source: str
    models: list[str] = msgspec.field(default_factory=lambda: ["*"])

    def __post_init__(self) -> None:
        """Refuse a surcharge or a gift."""
        above_zero(pct=self.pct)
        if self.pct > 100:  # noqa: PLR2004 -- percent
            raise ValueError(f"`pct` is {self.pct}; a discount is at most 100")


class Quota(Dated, frozen=True, kw_only=True):
    """A free allowance an account has, shared by some models; no single request can be priced by it.

    Attributes:
        unit: What is free.
        free: How many.
        per: day or month (UTC).
        models: Shell patterns of skus or canonical names that share it.
    """

    unit: TokenUnit | PieceUnit
    free: Decimal
    per: Literal["day", "month"]
    models: list[str]
    source: str
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse an allowance of nothing."""
        above_zero(free=self.free)


class Commitment(Dated, frozen=True, kw_only=True):
    """What an account has promised to spend in a month; what it falls short is owed all the same."""

    usd_per_month: Decimal
    source: str
    models: list[str] = msgspec.field(default_factory=lambda: ["*"])

    def __post_init__(self) -> None:
        """Refuse a promise of nothing."""
        above_zero(usd_per_month=self.usd_per_month)


class Fee(Strict, frozen=True):
    """What a gateway charges beyond the tokens, in its own words.

    Attributes:
        kind: What it is charged on.
        source: Where it is written.
        pct: Percent of what it applies to.
        usd: US dollars each time.
        min_usd: The least that is charged at a time.
        applies_to: What it is charged on, as the gateway says it.
        base: Whether it is `added` (pay 105 for 100) or `inside` (pay 100 for 95); None is not stated.
        valid_from: First instant (UTC) at which it holds; None is always.
        valid_to: First instant at which it no longer does.
        as_of: What the source says about its own date.
        wording: The gateway's own words.
        verified: Who says so: the gateway's own documents, others, a page, a measurement, a claim, or nobody.
        note: What else a reader must know.
        open_weights: Only for models of this kind; None is for all.
    """

    kind: FeeKind
    source: str
    pct: Decimal | None = None
    usd: Decimal | None = None
    min_usd: Decimal | None = None
    applies_to: str | None = None
    base: Literal["added", "inside"] | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    as_of: str | None = None
    wording: str | None = None
    verified: Literal["primary", "secondary", "vendor-page", "measured", "claim", "unverified"] = "unverified"
    note: str | None = None
