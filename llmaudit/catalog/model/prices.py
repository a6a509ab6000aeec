"""Prices: atomic rates, the vectors that people write, and the hourly cost of self-hosted models.

Amounts are exact decimals in US dollars per million tokens, as sellers quote them, or per piece.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Literal

from llmaudit.catalog.instants import naive
from llmaudit.catalog.model.base import Basis, Strict, above_zero
from llmaudit.catalog.units import PieceUnit, TokenUnit
from llmaudit.money import EXACT

MAX_DECIMALS_PER_MILLION = 6
"""More decimals per million are a slip of the pen more often than a price; `fine: true` says they are meant."""

FINEST_PER_MILLION = 12
"""Decimals of a price per million that are kept: 1e-18 dollars a token, the most that fits beside a count in SQL."""

DEAREST_EACH = Decimal(100)
"""US dollars for one of anything; no more fits beside 18 decimals in the rates of `llmaudit.listcost`."""

DEAREST_PER_MILLION = Decimal(1_000_000)
"""A dollar a token. `LARGEST_FACTOR` times as much still fits."""


def _plausible(unit: str, usd: Decimal, dearest: Decimal, finest: int) -> None:
    """Refuse a price that is none, or that exact arithmetic in SQL cannot hold.

    Raises:
        ValueError: With the unit, the value and the limit.
    """
    exponent = usd.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= usd < dearest:
        raise ValueError(f"the {unit} price is {usd}; it has to be from 0 to below {dearest:,}")
    if -exponent > finest:
        hint = " (write `fine: true` beside it if they are meant)" if finest == MAX_DECIMALS_PER_MILLION else ""
        raise ValueError(f"the {unit} price is {usd}; it has more than {finest} decimals{hint}")


STANDARD_TIERS = {"", "standard", "default", "auto", "none", "on_demand", "global_standard"}
"""Words that logs use for the ordinary service tier."""

GLOBAL_REGIONS = {"", "global", "none", "not_available"}


class When(Strict, frozen=True):
    """Conditions under which a price holds; all that are given must hold.

    Attributes:
        prompt_gt: The prompt (five input counters) has more tokens than this; the whole request is then priced so.
        prompt_ge: The same with the bound included.
        marginal_gt: Only the tokens above this size have the price (a tax bracket); those below keep the ordinary one.
        service_tier: The tier that served the request (flex, priority, fast).
        batch: The request went through the batch interface.
        region: Region class (us, eu, regional, datazone, gov) or a cloud's region; None is the seller's global price.
        schedule: A calendar of hours (`Schedule.id`).
        mode: `thinking` for a sku that is priced apart while it reasons.
    """

    prompt_gt: int | None = None
    prompt_ge: int | None = None
    marginal_gt: int | None = None
    service_tier: str | None = None
    batch: bool = False
    region: str | None = None
    schedule: str | None = None
    mode: Literal["thinking"] | None = None

    @property
    def prompt_from(self) -> int:
        """The smallest prompt, in tokens, to which the price applies."""
        for bound in (self.prompt_gt, self.marginal_gt):
            if bound is not None:
                return bound + 1
        return self.prompt_ge or 0

    @property
    def given(self) -> dict[str, object]:
        """The conditions that are stated, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) not in {None, False}}


class Evidence(Strict, frozen=True):
    """How a price is known.

    Attributes:
        basis: documented by the seller, first-seen by a source, or assumed.
        source: Where it is written.
        package: The package and version it was compiled from; None for what is kept by hand.
        checked_on: The day someone looked.
        agree: Sources that state this price, and sources that state any; None for what is kept by hand.
        firm_until: Until when the seller promised it; after that it is unconfirmed, not wrong.
        learned_on: The day this catalog first had it; None is from the beginning.
        original: The amount in the seller's own currency, such as `CNY 8`.
        note: What a reader should know.
        derived: The rule that made it from another price (a multiplier, a discount, a host's hours).
    """

    basis: Basis = "documented"
    source: str = ""
    package: str | None = None
    checked_on: date | None = None
    agree: tuple[int, int] | None = None
    firm_until: datetime | None = None
    learned_on: date | None = None
    original: str | None = None
    note: str | None = None
    derived: str | None = None


class Rate(Strict, frozen=True):
    """One atomic price: one unit of one sku under one condition for one half-open span (naive UTC).

    Attributes:
        unit: What it is for.
        usd: US dollars per million tokens, or each.
        when: The conditions.
        start: First instant at which it holds.
        end: First instant at which it no longer does.
        evidence: How it is known.
    """

    unit: str
    usd: Decimal
    when: When
    start: datetime
    end: datetime
    evidence: Evidence


class Price(Strict, frozen=True):
    """A vector of prices as people write them, when it holds, and how that is known.

    Attributes:
        valid_from: First instant (UTC) at which it holds.
        valid_to: First instant at which it no longer holds; None is until the next entry with the same conditions.
        usd_per_million: US dollars per million tokens, by unit.
        usd_each: US dollars a piece, by unit.
        fine: Says that more than six decimals per million are meant.
    """

    valid_from: datetime
    source: str
    usd_per_million: dict[TokenUnit, Decimal] = {}
    usd_each: dict[PieceUnit, Decimal] = {}
    valid_to: datetime | None = None
    when: When = When()
    basis: Basis = "documented"
    checked_on: date | None = None
    firm_until: datetime | None = None
    learned_on: date | None = None
    original: str | None = None
    fine: bool = False
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse what the types cannot: a price that cannot hold, or a span that is empty."""
        for unit, usd in self.usd_per_million.items():
            _plausible(unit, usd, DEAREST_PER_MILLION, FINEST_PER_MILLION if self.fine else MAX_DECIMALS_PER_MILLION)
        for piece, usd in self.usd_each.items():
            _plausible(piece, usd, DEAREST_EACH, FINEST_PER_MILLION)
        if not self.usd_per_million and not self.usd_each:
            raise ValueError("`prices` has an entry without a price")
        if self.valid_to is not None and naive(self.valid_to) <= naive(self.valid_from):
            raise ValueError(f"the price ends ({self.valid_to}) before it begins ({self.valid_from})")
        if self.when.marginal_gt is not None and self.usd_per_million.keys() & {"output", "reasoning"}:
            raise ValueError("an output price is under `marginal_gt`, which applies only to the prompt")


class Hosting(Strict, frozen=True):
    """The price of a model one hosts oneself, from what its hours cost and how many tokens an hour yields.

    Attributes:
        usd_per_hour: US dollars an hour of one unit (a GPU, a node).
        units: How many run.
        input_tokens_per_hour: Input tokens all units read in an hour of nothing else.
        output_tokens_per_hour: Output tokens all units write in an hour of nothing else.
        utilisation: Share of the paid hours that is used.
    """

    usd_per_hour: Decimal
    input_tokens_per_hour: Decimal
    output_tokens_per_hour: Decimal
    source: str
    valid_from: datetime
    valid_to: datetime | None = None
    units: Decimal = Decimal(1)
    utilisation: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        """Refuse hours that cost nothing and machines that do nothing."""
        above_zero(
            usd_per_hour=self.usd_per_hour,
            input_tokens_per_hour=self.input_tokens_per_hour,
            output_tokens_per_hour=self.output_tokens_per_hour,
            units=self.units,
            utilisation=self.utilisation,
        )
        if self.utilisation > 1:
            raise ValueError(f"`utilisation` is {self.utilisation}; it is a share of the paid hours, at most 1")
        fewest = min(self.input_tokens_per_hour, self.output_tokens_per_hour)
        with localcontext(EXACT):
            dollar_a_token = self.usd_per_hour * self.units >= fewest * self.utilisation
        if dollar_a_token:
            raise ValueError(f"`usd_per_hour` is {self.usd_per_hour} for {fewest} tokens: a dollar or more per token")
