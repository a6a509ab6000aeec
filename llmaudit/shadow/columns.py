"""The columns of a pairs file, one answer of one arm per row: names, alternative spellings, and how values are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import pyarrow as pa

from llmaudit.money import MAX_PER_ROW, PICO, parse_decimal, round_to

MONEY = pa.decimal128(18, 12)
TIME = pa.timestamp("us")
MAX_TOKENS = 1_000_000_000
MAX_TEXT = 1000
"""A longer id or name is damage."""


@dataclass(frozen=True)
class Field:
    """One column of a row.

    Attributes:
        name: Its name here and in the database.
        kind: text, tier, count, measure (never negative), score, flag, money or time.
        also: Other spellings that files use.
    """

    name: str
    kind: str
    also: tuple[str, ...] = ()


FIELDS: tuple[Field, ...] = (
    Field("pair_id", "text", ("pair",)),
    Field("arm", "text", ("variant",)),
    Field("model", "text", ("action",)),
    Field("tier", "tier"),
    Field("user_id", "text", ("user",)),
    Field("session_id", "text", ("session", "conversation_id")),
    Field("turn", "count"),
    Field("at", "time", ("timestamp", "started_at")),
    Field("latency_ms", "measure"),
    Field("ttft_ms", "measure"),
    Field("status", "text"),
    Field("human_score", "score"),
    Field("preference", "text"),
    Field("success", "flag"),
    Field("cost_usd", "money"),
    Field("extra_cost_usd", "money"),
    Field("input_tokens", "count"),
    Field("cache_read_tokens", "count"),
    Field("cache_write_5m_tokens", "count"),
    Field("cache_write_1h_tokens", "count"),
    Field("cache_write_other_tokens", "count"),
    Field("output_tokens", "count"),
    Field("prompt_tokens", "count"),
    Field("completion_tokens", "count"),
    Field("cached_tokens", "count"),
    Field("cached", "flag", ("cache_hit",)),
    Field("shown_first", "text", ("judge_order",)),
    Field("route", "text", ("feature", "endpoint")),
    Field("template_hash", "text", ("template",)),
    Field("prompt_hash", "text"),
    Field("params", "text"),
    Field("request_id", "text"),
    Field("cohort", "text"),
    Field("propensity", "measure"),
    Field("target", "text"),
    Field("temperature", "text"),
    Field("top_p", "text"),
    Field("max_tokens", "text"),
    Field("seed", "text"),
)
"""Every column that is read; a file needs `pair_id` and `arm`, and any column whose name begins with `score`."""

BY_NAME: dict[str, Field] = {name: one for one in FIELDS for name in (one.name, *one.also)}
USAGE = ("usage",)
"""Keys of an object of counts inside a row; its members count as columns of the row."""

ENCODED = frozenset({"arm", "model", "status", "route"})
"""Texts of few values: they are held as codes from the start."""

CODES = pa.dictionary(pa.int32(), pa.string())

ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "tier": pa.int64(),
    "count": pa.int64(),
    "measure": pa.float64(),
    "score": pa.float64(),
    "flag": pa.bool_(),
    "money": MONEY,
    "time": TIME,
}


class BadValue(Exception):  # noqa: N818 -- a verdict on one value, caught where its line is known
    """A value that is not what its column holds.

    Args:
        reason: A few words that follow the column's name in a message.
    """


def field_of(name: str) -> Field | None:
    """Return what a column of a file is, or None if it is not read."""
    if name.startswith("score"):
        return Field(name, "score")
    if name == "reward":
        return Field("score", "score")
    return BY_NAME.get(name)


def read_value(kind: str, value: Any) -> Any:
    """Return a value as its kind; None if it is empty.

    Raises:
        BadValue: It is no such thing.
    """
    if value is None or value == "":
        return None
    return READERS[kind](value)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadValue("is not text")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise BadValue(f"is longer than {MAX_TEXT} characters")
    return text


def _number(value: Any) -> float:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        words = {"true": 1.0, "false": 0.0, "nan": float("nan"), "null": float("nan")}
        if value.strip().lower() in words:
            return words[value.strip().lower()]
        try:
            return float(parse_decimal(value.strip()))
        except (ValueError, OverflowError):
            raise BadValue("is not a number") from None
    if not isinstance(value, int | float):
        raise BadValue("is not a number")
    try:
        return float(value)
    except OverflowError:
        raise BadValue("is too large") from None


def _score(value: Any) -> float | None:
    number = _number(value)
    if number != number:  # noqa: PLR0124 -- nan: not judged
        return None
    if not isfinite(number):
        raise BadValue("is infinite")
    return number


def _measure(value: Any) -> float | None:
    number = _score(value)
    if number is not None and number < 0:
        raise BadValue("is negative")
    return number


def _whole(value: Any) -> int | None:
    number = _score(value)
    if number is None:
        return None
    if not number.is_integer():
        raise BadValue("is not a whole number")
    return int(number)


def _count(value: Any) -> int | None:
    number = _whole(value)
    if number is not None and not 0 <= number <= MAX_TOKENS:
        raise BadValue(f"is not between 0 and {MAX_TOKENS:,}")
    return number


def _tier(value: Any) -> int | None:
    if isinstance(value, str):
        value = value.strip().lower().removeprefix("tier").strip(" _-")
        if value in {"", "unknown", "none", "null"}:
            return None
    number = _whole(value)
    if number is not None and not 0 <= number <= 3:  # noqa: PLR2004 -- the four tiers
        raise BadValue("is not a tier from 0 to 3")
    return number


def _flag(value: Any) -> bool:
    words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False, "yes": True, "no": False}
    found = words.get(str(value).strip().lower())
    if found is None:
        raise BadValue("is neither true nor false")
    return found


def _money(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise BadValue("is not an amount")
    try:
        amount = (
            value
            if isinstance(value, Decimal)
            else parse_decimal(repr(value) if isinstance(value, float) else str(value))
        )
    except ValueError:
        raise BadValue("is not an amount") from None
    if not 0 <= amount <= MAX_PER_ROW:
        raise BadValue(f"is not between 0 and {MAX_PER_ROW:,} dollars")
    return round_to(amount, -PICO.as_tuple().exponent)  # type: ignore[operator]  # an int: PICO is finite


def _time(value: Any) -> datetime:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
    if not isinstance(value, str):
        raise BadValue("is not an ISO 8601 time")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise BadValue("is not an ISO 8601 time") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)


READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "tier": _tier,
    "count": _count,
    "measure": _measure,
    "score": _score,
    "flag": _flag,
    "money": _money,
    "time": _time,
}
