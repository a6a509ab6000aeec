"""The shapes of the price catalog: what a file in pricing/ (or a user's overlay) may say.

One price entry is a vector of atomic rates that hold together: same seller, sku, conditions and half-open span of time.
Prices are exact decimals in US dollars per million tokens, as sellers quote them.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

Unit = Literal[
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_other",
    "output",
    "reasoning",
    "input_audio",
    "output_audio",
    "output_image",
]
ModelClass = Literal["flagship", "mid", "budget"]
ContentClass = Literal["latin", "code", "cjk"]
SellerKind = Literal["provider", "gateway", "cloud", "example"]
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


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every catalog shape: immutable, and a misspelt key is an error."""


class When(_Strict, frozen=True):
    """Conditions under which a price holds; all that are given must hold.

    Attributes:
        prompt_gt: The prompt (five input counters) has more tokens than this; the whole request is then priced so.
        prompt_ge: The same with the bound included.
        service_tier: The tier that served the request (flex, priority, fast).
        batch: The request went through the batch interface.
        region: Region class (us, eu, regional, datazone, gov); None is the seller's global price.
        schedule: A calendar of hours (`Schedule.id`).
    """

    prompt_gt: int | None = None
    prompt_ge: int | None = None
    service_tier: str | None = None
    batch: bool = False
    region: str | None = None
    schedule: str | None = None

    @property
    def prompt_from(self) -> int:
        """The smallest prompt, in tokens, to which the price applies."""
        if self.prompt_gt is not None:
            return self.prompt_gt + 1
        return self.prompt_ge or 0


class Price(_Strict, frozen=True):
    """A vector of rates, when it holds, and how that is known.

    Attributes:
        valid_from: First instant (UTC) at which it holds.
        valid_to: First instant at which it no longer holds; None is until the next entry with the same conditions.
        basis: documented by the seller, first-seen by a source, or assumed.
        source: Where it is written.
        checked_on: The day someone looked.
        usd_per_million: US dollars per million tokens, by unit.
        usd_each: US dollars per call, by unit (web_search).
        firm_until: Until when the seller promised it; after that it is unconfirmed, not wrong.
        note: What a reader should know.
    """

    valid_from: datetime
    usd_per_million: dict[Unit, Decimal]
    source: str
    valid_to: datetime | None = None
    when: When = When()
    basis: Literal["documented", "first-seen", "assumed"] = "documented"
    checked_on: date | None = None
    usd_each: dict[str, Decimal] = {}
    firm_until: datetime | None = None
    note: str | None = None


class DatedName(_Strict, frozen=True):
    """A name that meant this sku only for a time (`deepseek-chat`)."""

    name: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class Sku(_Strict, frozen=True, rename={"model_class": "class"}):
    """One thing a seller sells, under the seller's own id.

    Attributes:
        sku: The seller's model id.
        model: Canonical name, `provider/name`.
        model_class: flagship, mid or budget; None for what is no chat model.
        context: Context window in tokens.
        tokenizer: Family in tokenizers.yaml.
        names: Further exact names it answers to.
        patterns: Names with `#` for one digit (`gpt-5.6-sol-####-##-##`).
        prices: Its price history.
    """

    sku: str
    model: str
    prices: list[Price]
    model_class: ModelClass | None = None
    context: int | None = None
    tokenizer: str | None = None
    names: list[str | DatedName] = []
    patterns: list[str] = []


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


class CatalogFile(_Strict, frozen=True):
    """One file of pricing/: a seller with its models and fees, or calendars, or tokenizer families."""

    seller: str | None = None
    kind: SellerKind = "provider"
    title: str | None = None
    hosts: list[str] = []
    aka: list[str] = []
    models: list[Sku] = []
    fees: list[Fee] = []
    schedules: list[Schedule] = []
    tokenizers: list[Tokenizer] = []
