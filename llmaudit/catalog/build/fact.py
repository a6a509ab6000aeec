"""The atomic price fact, and everything that one package states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from llmaudit.money import EXACT

Basis = Literal["documented", "first-seen", "assumed"]
LICENCE = "MIT"
"""The licence of every package that prices are compiled from (THIRD_PARTY_NOTICES.md)."""

MILLION = Decimal(1_000_000)
BINARY_NOISE_DIGITS = 15
"""A decimal with as many significant digits was computed in binary floating point (`0.05000000000000001`)."""
CLEAN_DIGITS = 12


@dataclass(frozen=True)
class Origin:
    """Where a fact is written.

    Attributes:
        package: `name@version`.
        url: The page, commit or API the package cites; empty where it cites none.
        note: What was done to the figure on the way, if anything.
    """

    package: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Fact:
    """One rate as one package states it.

    Attributes:
        seller: Who bills.
        sku: The seller's own model id.
        unit: What one price is for; token units are priced per million, the others each.
        when: Conditions as sorted `key=value` joined by `;`; empty is the ordinary price.
        usd: US dollars, exact.
        origin: Where it is written.
        valid_from: First instant (UTC); None where the package knows no start.
        valid_to: First instant at which it no longer holds; None is still in force.
        basis: How the start is known.
        checked_on: The day the package's maker looked, where it says so.
        original: Amount in the seller's own currency, such as `CNY 8`.
    """

    seller: str
    sku: str
    unit: str
    when: str
    usd: Decimal
    origin: Origin
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    basis: Basis = "first-seen"
    checked_on: date | None = None
    original: str = ""


@dataclass(frozen=True)
class SkuNote:
    """What a package says about a sku besides its prices."""

    seller: str
    sku: str
    origin: Origin
    maker: str | None = None
    retired_on: date | None = None


@dataclass(frozen=True)
class NameNote:
    """A further exact name of a sku."""

    seller: str
    name: str
    sku: str
    origin: Origin
    valid_from: datetime | None = None


@dataclass(frozen=True)
class ModelNote:
    """Limits and abilities of a sku; None is unknown."""

    seller: str
    sku: str
    origin: Origin
    context: int | None = None
    max_output: int | None = None
    tools: bool | None = None
    images_in: bool | None = None
    json_schema: bool | None = None
    reasoning: bool | None = None


@dataclass(frozen=True)
class Multiplier:
    """A rule that a condition multiplies every token rate of a sku."""

    seller: str
    sku: str
    condition: tuple[str, str]
    factor: Decimal
    origin: Origin


@dataclass
class Stated:
    """Everything one package states, filled by its reader.

    Attributes:
        name: The package.
        version: Its version.
        sha256: Of the data that was read.
        snapshot: The instant its data speaks of: an undated price held then.
        facts: Its atomic rates.
        skus: What it says about skus besides their prices.
        names: Further names of skus.
        models: Limits and abilities of models.
        multipliers: Factors that it states in place of rates.
        left_out: What was read and not compiled, by reason.
        contradictions: Two facts about one rate that differ: the one that was taken, and the other.
        matches: The package's own rule of which names mean a sku, where it has one.
    """

    name: str
    version: str
    sha256: str
    snapshot: datetime
    facts: list[Fact] = field(default_factory=list)
    skus: list[SkuNote] = field(default_factory=list)
    names: list[NameNote] = field(default_factory=list)
    models: list[ModelNote] = field(default_factory=list)
    multipliers: list[Multiplier] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    contradictions: list[tuple[Fact, Fact]] = field(default_factory=list)
    matches: dict[tuple[str, str], Callable[[str], bool]] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


def when_text(conditions: Mapping[str, object]) -> str:
    """Return conditions in their one spelling; an absent or ordinary condition is left out."""
    return ";".join(f"{key}={conditions[key]}" for key in sorted(conditions) if conditions[key])


def when_dict(text: str) -> dict[str, str]:
    """Return the conditions of a `when` text."""
    return dict(part.partition("=")[::2] for part in text.split(";") if part)


def cleaned(amount: Decimal) -> Decimal:
    """Return an amount without the noise of binary arithmetic, which is no figure any seller printed."""
    if len(amount.as_tuple().digits) < BINARY_NOISE_DIGITS:
        return amount
    return EXACT.normalize(Decimal(f"{amount:.{CLEAN_DIGITS - 1}e}"))


def per_million(per_token: Decimal) -> Decimal:
    """Return a price per token as a price per million tokens, exactly."""
    return EXACT.multiply(cleaned(per_token), MILLION)


def plain(amount: Decimal) -> str:
    """Return an amount as plain text: no exponent, no trailing zeros."""
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def instant(text: str) -> datetime:
    """Return an ISO instant or day as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def day_start(day: date) -> datetime:
    """Return the first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
