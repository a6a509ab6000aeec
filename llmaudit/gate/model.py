"""What a baseline holds: cells, moments, cases and latency histograms of one log. Small, exact, and plain JSON.

The check measures the log in question into the same type, so that both sides are compared like with like.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from llmaudit.catalog.units import PRICED
from llmaudit.money import ZERO, times, total

SCHEMA = "llmaudit/baseline/1"
OTHER = "other"
"""The name of all features or templates that are too small to be named one by one."""

QUANTITIES = PRICED[:-1]
"""What is counted per request besides the request itself."""

SQUARES = ("prompt_squares", "read_squares", "prompt_reads", "output_squares")
"""The sums of squares and products of a `Cell`, for the variances of its means."""

NOTHING_USED = "nothing-used"
"""The rate of attempts that failed before anything was used: they cost nothing."""

Outcome = Literal["ok", "failed", "superseded"]
"""ok: an answer. failed: a call that ended without one. superseded: a failed attempt that was tried again."""

ClusterKind = Literal["user", "session", "request"]


class CallKey(NamedTuple):
    """What an application asks for; None is unknown."""

    feature: str | None
    template: str | None
    tier: int | None


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """When the requests of a log were made.

    Attributes:
        first_at: Start of the first request (naive UTC); None if no request has a time.
        last_at: Start of the last.
        hours: Length in whole hours, rounded up: that of the period asked for, if it has two bounds.
        timezone: Of the day boundaries.
    """

    first_at: datetime | None = None
    last_at: datetime | None = None
    hours: int = 0
    timezone: str = "UTC"


class Rate(msgspec.Struct, frozen=True):
    """Prices under one set of conditions.

    Attributes:
        seller: Who sells it.
        sku: The seller's id.
        usd: US dollars per one of each quantity (`PRICED`) that has a price; a part inside a counter (reasoning,
            audio, images) has the difference from its counter's.
    """

    seller: str = ""
    sku: str = ""
    usd: dict[str, Decimal] = {}

    def cost(self, tokens: Mapping[str, int], requests: int) -> Decimal:
        """Return the exact list cost of some quantities, in US dollars."""
        fixed = times(self.usd.get("requests", ZERO), requests)
        return fixed + total(times(usd, tokens[name]) for name, usd in self.usd.items() if name in tokens)


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Requests that agree in all of these.

    Attributes:
        feature: What the application calls the use; `other` is the small ones together.
        template: Fingerprint of the prompt's template, or `system-` and that of its system message.
        tier: 0 to 3.
        outcome: What became of the attempt.
        gateway: The gateway that passed it on, or None.
        model: Canonical name, or the name as logged.
        rate: Key of its prices in `Baseline.rates`; None if they are not known.
        is_billed: Whether the log or a bill says what was charged.
        requests: Attempts.
        tokens: Sum of each quantity that is not 0.
        usd: What they cost: billed if that is known, else list; None if neither is known.
        list_usd: List cost; None if there is no price.
        prompt_squares: Sum of (prompt tokens)^2.
        read_squares: Sum of (tokens read from a cache)^2.
        prompt_reads: Sum of prompt tokens x tokens read from a cache.
        output_squares: Sum of (output tokens)^2.
    """

    feature: str | None = None
    template: str | None = None
    tier: int | None = None
    outcome: Outcome = "ok"
    gateway: str | None = None
    model: str = "unknown"
    rate: str | None = None
    is_billed: bool = False
    requests: int
    tokens: dict[str, int] = {}
    usd: Decimal | None = None
    list_usd: Decimal | None = None
    prompt_squares: float = 0.0
    read_squares: float = 0.0
    prompt_reads: float = 0.0
    output_squares: float = 0.0

    @property
    def call_key(self) -> CallKey:
        """What the application asked for."""
        return CallKey(self.feature, self.template, self.tier)


class Moments(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sums over clusters of requests whose cost is known: all that a mean and its standard error need.

    A cluster's requests are added up first, then squared, so that a user counts once. `n` is requests, `z` good
    answers, `y` cost at the frozen prices, `s` what was spent.

    Attributes:
        by: What was grouped by: all, feature, route, template, team, model or tier.
        name: The group; None is unknown.
        requests: Attempts whose cost is known.
        successes: Those of them that gave an answer.
        clusters: Clusters.
        usd: Exact cost at the frozen prices; billed if there is no list price.
        spend_usd: Exact cost as it was: billed, else list.
        yy_rows: Sum of y^2 over requests, as if each were independent.
        nn: Sum over clusters of n^2; nz is that of n z, and so on.
    """

    by: str
    name: str | None = None
    requests: int
    successes: int
    clusters: int
    usd: Decimal
    spend_usd: Decimal
    yy_rows: float
    nn: float
    nz: float
    zz: float
    ny: float
    zy: float
    yy: float
    ns: float
    zs: float
    ss: float


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One case of a suite that is run again and again.

    Attributes:
        case: Its id, as the log has it.
        requests: Attempts whose cost is known.
        successes: Those of them that gave an answer.
        usd: Exact cost at the frozen prices.
        spend_usd: Exact cost as it was.
    """

    case: str
    requests: int
    successes: int
    usd: Decimal
    spend_usd: Decimal


class Latency(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long good answers took, as a histogram.

    Attributes:
        by: all, feature or model.
        name: The group.
        buckets: Requests by the whole part of 20 x ln(milliseconds), as text.
    """

    by: str
    name: str | None = None
    buckets: dict[str, int]


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """How finely cells are divided; a check divides its own log in the same way.

    Attributes:
        features: Features named one by one.
        templates: Templates named one by one.
        by_tier: Whether tiers are distinguished.
        by_gateway: Whether gateways are.
        features_left_out: Features that are merged, beyond those that are listed by name.
        templates_left_out: The same for templates.
        models_left_out: Models that are merged: the cost of their cells is kept, their tokens are not.
        cluster: Whose requests are added up first: `user`, `session`, or each `request` on its own.
        case: What names a case: `tag:NAME` or `id:PATTERN`.
        cases_left_out: Cases beyond the number that a baseline keeps.
    """

    features: list[str] = []
    templates: list[str] = []
    features_left_out: int = 0
    templates_left_out: int = 0
    by_tier: bool = True
    by_gateway: bool = True
    models_left_out: int = 0
    cluster: ClusterKind = "request"
    case: str = "tag:case"
    cases_left_out: int = 0


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """A log, reduced: the content of a baseline file, and what a check computes from its log.

    Attributes:
        schema: Name and major version.
        llmaudit: The version that wrote it.
        catalog_version: Content hash of the prices.
        span: When its requests were made.
        detail: How finely it is cut.
        requests: All requests.
        unpriced: Those whose cost is unknown: in no sum of money.
        rates: The prices its requests had, by key.
        frozen: The prices that count, by key: the baseline's own, or those of the baseline it is compared with.
        cells: Requests by everything that money depends on.
        moments: Sums for standard errors.
        cases: By case, if the log names cases.
        latency: Histograms.
    """

    schema: str = SCHEMA
    llmaudit: str
    catalog_version: str
    span: Span = Span()
    detail: Detail = Detail()
    requests: int = 0
    unpriced: int = 0
    rates: dict[str, Rate] = {}
    frozen: dict[str, Rate] = {}
    cells: list[Cell] = []
    moments: list[Moments] = []
    cases: list[Case] = []
    latency: list[Latency] = []

    def moments_by(self, by: str) -> dict[str | None, Moments]:
        """Return the moments of one grouping, by name."""
        return {moments.name: moments for moments in self.moments if moments.by == by}

    @property
    def calls(self) -> int:
        """What the application asked for: attempts that were not tried again."""
        return sum(cell.requests for cell in self.cells if cell.outcome != "superseded")

    @property
    def usd(self) -> Decimal:
        """The part of the cost that is known: billed if that is known, else list."""
        return spent(self.cells)


def cell_order(cell: Cell) -> tuple[Any, ...]:
    """Return the place of a cell in a file: by name, so that two baselines of one system differ in few lines."""
    tier = -1 if cell.tier is None else cell.tier
    words = (cell.feature, cell.template, cell.model, cell.outcome, cell.gateway, cell.rate)
    return (*((word is not None, word or "") for word in words), tier, cell.is_billed)


def rounded(value: float | None) -> float:
    """Return a sum of squares to seven digits: enough for a standard error, and short in a file."""
    return float(f"{value or 0.0:.7g}")


def spent(cells: Iterable[Cell]) -> Decimal:
    """Return the exact sum of the cost of cells, as far as it is known."""
    return total(cell.usd for cell in cells if cell.usd is not None)
