"""The shapes of the price catalog: what a YAML file in pricing/overlay/ (or a user's own) may say.

Prices are exact decimals in US dollars per million tokens, as sellers quote them, or per piece. A price entry is a
vector for people to write; the catalog keeps one `Rate` per atomic price, each with its own dates and its own source
(`llmaudit.catalog.timeline`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Literal

import msgspec

from llmaudit.catalog.instants import naive
from llmaudit.catalog.units import PieceUnit, TokenUnit
from llmaudit.money import EXACT

ModelClass = Literal["flagship", "mid", "budget"]
ContentClass = Literal["latin", "code", "cjk"]
SellerKind = Literal["provider", "gateway", "cloud", "host", "example"]
Basis = Literal["documented", "first-seen", "assumed"]
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
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


MAX_DECIMALS_PER_MILLION = 6
"""More decimals per million are a slip of the pen more often than a price; `fine: true` says they are meant."""

FINEST_PER_MILLION = 12
"""Decimals of a price per million that are kept: 1e-18 dollars a token, the most that fits beside a count in SQL."""

DEAREST_EACH = Decimal(100)
"""US dollars for one of anything; no more fits beside 18 decimals in the rates of `llmaudit.bulk`."""

DEAREST_PER_MILLION = Decimal(1_000_000)
"""A dollar a token. `LARGEST_FACTOR` times as much still fits."""

LARGEST_FACTOR = Decimal(100)


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every catalog shape: immutable, and a misspelt key is an error."""


def _above_zero(**amounts: Decimal) -> None:
    """Refuse an amount that is not above 0; msgspec adds where it stands.

    Raises:
        ValueError: With the name and the value.
    """
    for name, amount in amounts.items():
        if not (amount.is_finite() and amount > 0):
            raise ValueError(f"`{name}` is {amount}; it has to be above 0")


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


class When(_Strict, frozen=True):
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


class Evidence(_Strict, frozen=True):
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


class Rate(_Strict, frozen=True):
    """One atomic price: one unit of one sku under one condition for one half-open span (naive UTC).

    Attributes:
        unit: What it is for.
        usd: US dollars per million tokens, or each.
    """

    unit: str
    usd: Decimal
    when: When
    start: datetime
    end: datetime
    evidence: Evidence


class Dated(_Strict, frozen=True):
    """Something that holds for a half-open span of time (UTC); an end that is left open is not known."""

    valid_from: datetime | None = None
    valid_to: datetime | None = None


class Price(_Strict, frozen=True):
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
            raise ValueError("an output price stands under `marginal_gt`, which is about the prompt only")


class Hosting(_Strict, frozen=True):
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
        _above_zero(
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
            raise ValueError(f"`usd_per_hour` is {self.usd_per_hour} for {fewest} tokens: a dollar a token or more")


class DatedName(Dated, frozen=True, kw_only=True):
    """A name that meant this sku only for a time (`deepseek-chat`)."""

    name: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class SkuEntry(_Strict, frozen=True, rename={"model_class": "class"}):
    """One thing a seller sells, under the seller's own id, as a file states it.

    Attributes:
        sku: The seller's model id.
        model: Canonical name, `provider/name`; may be left out where the sku is in a file below.
        model_class: flagship, mid or budget; None for what is no chat model.
        context: Context window in tokens.
        tokenizer: Family in tokenizers.yaml.
        names: Further exact names it answers to.
        patterns: Names with `#` for one digit (`gpt-5.6-sol-####-##-##`).
        prices: Prices with their dates; empty keeps the prices of the files below.
        hosting: For a model one hosts: hours instead of prices.
        replaces: As in the file, for this sku alone.
        retired_at: When the seller stopped serving it.
    """

    sku: str
    model: str | None = None
    model_class: ModelClass | None = None
    context: int | None = None
    tokenizer: str | None = None
    names: list[str | DatedName] = []
    patterns: list[str] = []
    prices: list[Price] = []
    hosting: Hosting | None = None
    replaces: Literal["sku", "rate"] | None = None
    retired_at: datetime | None = None

    def cut_short(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield the ends, as stated, of vectors that give way earlier, and when (naive UTC).

        Where single rates are replaced, that is how one of a vector's units is said to have changed.
        """
        for timeline in self.timelines().values() if self.replaces != "rate" else ():
            for price, following in pairwise(timeline):
                begins = naive(following.valid_from)
                if price.valid_to is not None and begins < naive(price.valid_to):
                    yield naive(price.valid_to), begins

    def timelines(self) -> dict[tuple[When, str], list[Price]]:
        """Return the prices that follow each other, in time order, by condition and unit.

        The unit is empty where an entry is a whole vector, which ends where the next one under the same condition
        begins, whether that has the unit or not.
        """
        by_unit = self.replaces == "rate"
        found: dict[tuple[When, str], list[Price]] = {}
        for price in sorted(self.prices, key=lambda price: naive(price.valid_from)):
            for unit in (*price.usd_per_million, *price.usd_each) if by_unit else ("",):
                found.setdefault((price.when, unit), []).append(price)
        return found


class Sku(_Strict, frozen=True):
    """One thing a seller sells, with everything the files say of it but its prices (`Catalog.spans`)."""

    sku: str
    model: str
    model_class: ModelClass | None = None
    context: int | None = None
    tokenizer: str | None = None
    retired_at: datetime | None = None


class Abilities(msgspec.Struct, frozen=True):
    """What a model can do; None is not known, and is never read as a no.

    Attributes:
        tools: Calls functions.
        images: Takes images.
        json: Answers by a JSON schema.
        reasoning: Thinks before it answers, always or on request.
        open_weights: Its weights are published, so that it can be hosted anywhere.
    """

    tools: bool | None = None
    images: bool | None = None
    json: bool | None = None
    reasoning: bool | None = None
    open_weights: bool | None = None


class ModelFacts(_Strict, frozen=True, rename={"model_class": "class"}):
    """What is true of a model whoever sells it; a sku's own statement wins.

    The abilities (`Abilities`) win over what the compiled table says.
    """

    model: str
    model_class: ModelClass | None = None
    context: int | None = None
    tokenizer: str | None = None
    tools: bool | None = None
    images: bool | None = None
    json: bool | None = None
    reasoning: bool | None = None
    open_weights: bool | None = None


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
        _above_zero(factor=self.factor)
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
        _above_zero(pct=self.pct)
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
        _above_zero(free=self.free)


class Commitment(Dated, frozen=True, kw_only=True):
    """What an account has promised to spend in a month; what it falls short is owed all the same."""

    usd_per_month: Decimal
    source: str
    models: list[str] = msgspec.field(default_factory=lambda: ["*"])

    def __post_init__(self) -> None:
        """Refuse a promise of nothing."""
        _above_zero(usd_per_month=self.usd_per_month)


class Fee(_Strict, frozen=True):
    """What a gateway charges beyond the tokens, in its own words."""

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


class Window(_Strict, frozen=True):
    """Hours of some weekdays, UTC, half-open; a window that ends before it begins runs over midnight."""

    days: list[Weekday]
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")


class Schedule(_Strict, frozen=True):
    """A calendar of dearer or cheaper hours.

    Attributes:
        id: Its name in `When.schedule`.
        decided_by: Whether a request's start or its completion decides.
        windows: The hours.
        except_dates: Local dates on which no window applies.
        utc_offset_hours: What "local" means for `except_dates`.
        covers_through: Last date for which the exceptions are known.
    """

    id: str
    title: str
    decided_by: Literal["completion", "start"]
    windows: list[Window]
    source: str
    except_dates: list[date] = []
    utc_offset_hours: int = 0
    covers_through: date | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    note: str | None = None


class Tokenizer(_Strict, frozen=True):
    """A family of models that split text alike.

    Attributes:
        family: Its name in `Sku.tokenizer`.
        vocabulary: An encoding tiktoken can count exactly with, or None.
        ratio_to_o200k: Tokens per o200k_base token on the same text, by content class.
    """

    family: str
    title: str
    ratio_to_o200k: dict[ContentClass, Decimal]
    source: str
    vocabulary: Literal["o200k_base", "cl100k_base"] | None = None
    basis: Literal["documented", "measured", "assumed"] = "measured"
    models_note: str | None = None


class CacheLifetime(_Strict, frozen=True):
    """How long what is written to a prompt cache is kept after its last use, and which price the write has.

    Attributes:
        minutes: The lifetime.
        write: The unit that prices the write; `input` where it costs no more than an ordinary token.
    """

    minutes: int
    write: Literal["input", "cache_write_5m", "cache_write_1h", "cache_write_other"]

    def __post_init__(self) -> None:
        """Refuse a cache that keeps nothing."""
        _above_zero(minutes=Decimal(self.minutes))


class PromptCache(_Strict, frozen=True):
    """What some models need for the beginning of a prompt to be cached; a model without one is not known to cache.

    Attributes:
        sellers: Who sells them so.
        models: Shell patterns of skus or canonical names.
        min_tokens: The smallest prefix that is cached.
        automatic: Whether it is cached without being asked for.
        lifetimes: The lifetimes one may choose from, the usual one first.
    """

    sellers: list[str]
    models: list[str]
    min_tokens: int
    automatic: bool
    lifetimes: list[CacheLifetime]
    source: str
    basis: Basis = "documented"
    checked_on: date | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse a rule without a lifetime: nothing could ever be read."""
        if not self.lifetimes:
            raise ValueError("`lifetimes` is empty; a cache keeps a prefix for some time")
        _above_zero(min_tokens=Decimal(self.min_tokens))


class CatalogFile(_Strict, frozen=True):
    """One YAML file: a seller with its models, rules and fees, or calendars, tokenizer families, facts, caching rules.

    Attributes:
        replaces: What the prices of a sku take the place of: `sku`, every price below; `rate`, only the prices of the
            same unit under the same conditions, for as long as they hold.
        open_weights: Shell patterns of canonical names of models whose weights are published.
    """

    seller: str | None = None
    kind: SellerKind | None = None
    title: str | None = None
    hosts: list[str] = []
    aka: list[str] = []
    replaces: Literal["sku", "rate"] = "sku"
    models: list[SkuEntry] = []
    multipliers: list[Multiplier] = []
    discounts: list[Discount] = []
    quotas: list[Quota] = []
    commitments: list[Commitment] = []
    fees: list[Fee] = []
    schedules: list[Schedule] = []
    tokenizers: list[Tokenizer] = []
    facts: list[ModelFacts] = []
    caching: list[PromptCache] = []
    open_weights: list[str] = []
