"""What a log format is: how to know it, what its token counts mean, and how its record becomes a request.

A format is one file in this package that defines `FORMAT`; nothing else has to be told about it. The record type is a
msgspec struct (typed, strict: a field of the wrong type is a reject, not a guess) and `convert` is an ordinary
function from that record to a `Request`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol

from llmaudit.money import EXACT, MAX_PER_ROW, PICO, ZERO, parse_decimal
from llmaudit.request import ErrorClass, Ignored, Reject, Request

EARLIEST = datetime(2020, 1, 1)  # noqa: DTZ001 -- canonical times are naive UTC
LATEST = datetime(2100, 1, 1)  # noqa: DTZ001
"""An instant outside these bounds is a unit mistake (milliseconds read as seconds), not a request."""

MAX_INTEGER = Decimal(2**63 - 1)
TAG_VALUE = re.compile(r"^(?P<key>[A-Za-z_.-]{1,64})[:=](?P<value>.+)$", re.DOTALL)


class TokenCounter(Protocol):
    """Counts the tokens of a text as one model would, without a network (`llmaudit.tokens.Counter`)."""

    def count(self, text: str, model: str | None) -> int | None:
        """Return the count, or None where no vocabulary and no stated ratio is known for the model."""


@dataclass(frozen=True)
class Context:
    """What a format may use besides the record.

    Attributes:
        hash_key: Key of this database for hashes of prompts and of personal ids.
        counter: Counts the tokens that a log does not state.
    """

    hash_key: bytes
    counter: TokenCounter


@dataclass(frozen=True, kw_only=True)
class Format:
    """One log format.

    Attributes:
        name: Its name on the command line, also the stem of its file and of its sample.
        title: The system that writes it, for people.
        container: How records lie in the file.
        marks: Distinctive keys, dotted where nested. Three of them in a record is the least that names a format.
        needs: Keys without which a record is never of this format.
        record: The msgspec type of one record; None for CSV, whose record is a dict of column name to text.
        convert: Record to request, or to `Ignored`.
        semantics: What the token counts of this system include, in words, and where that is known from.
        repeats: What the same request id twice in one file means: `once`, a duplicate; `largest`, records of one call
            that grow (a stream written block by block), of which the one with most output counts.
        id_space: Formats that share request ids share this name.
    """

    name: str
    title: str
    container: Literal["jsonl", "csv"]
    marks: tuple[str, ...]
    needs: tuple[str, ...] = ()
    record: type | None
    convert: Callable[[Any, Context], Request | Ignored]
    semantics: str
    repeats: Literal["once", "largest"] = "once"
    id_space: str = ""
    kind: Literal["log", "bill"] = "log"

    @property
    def space(self) -> str:
        """The namespace of its request ids."""
        return self.id_space or self.name


def utc(moment: datetime | None, field: str) -> datetime | None:
    """Return a moment as naive UTC; one without a zone is taken as UTC.

    Raises:
        Reject: The moment lies outside 2020 to 2100.
    """
    if moment is None:
        return None
    try:
        naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:
        raise Reject("out-of-range", field) from None
    if not EARLIEST <= naive < LATEST:
        raise Reject("out-of-range", field)
    return naive


def epoch(seconds: float | None, field: str) -> datetime | None:
    """Return Unix seconds as naive UTC.

    Raises:
        Reject: The moment lies outside 2020 to 2100.
    """
    if seconds is None:
        return None
    try:
        return utc(datetime.fromtimestamp(seconds, UTC), field)
    except (OverflowError, OSError, ValueError):
        raise Reject("out-of-range", field) from None


def after(start: datetime | None, milliseconds: float | None, field: str) -> datetime | None:
    """Return the moment some milliseconds after a start; None where either is unknown.

    Raises:
        Reject: The duration is negative or longer than a day.
    """
    if start is None or milliseconds is None:
        return None
    if not 0 <= milliseconds <= 86_400_000:  # noqa: PLR2004 -- a day: no call takes longer
        raise Reject("out-of-range", field)
    return start + timedelta(milliseconds=milliseconds)


def dollars(amount: Decimal | None, field: str) -> Decimal | None:
    """Return an amount the log states in US dollars, at twelve decimals.

    Raises:
        Reject: Not finite, negative, or more than a request can cost.
    """
    if amount is None:
        return None
    if not amount.is_finite() or not ZERO <= amount <= MAX_PER_ROW:
        raise Reject("absurd-amount", field)
    return EXACT.quantize(amount, PICO)


def text_decimal(text: str | None, field: str) -> Decimal | None:
    """Return a CSV cell as a decimal; None where it is empty or a blank.

    Raises:
        Reject: The cell holds something that is not a decimal number.
    """
    if text is None or not text.strip():
        return None
    try:
        return parse_decimal(text.strip())
    except ValueError:
        raise Reject("not-a-number", field) from None


def text_integer(text: str | None, field: str) -> int | None:
    """Return a CSV cell as a whole number; None where it is empty.

    Raises:
        Reject: The cell holds something that is not a whole number of at most 63 bits.
    """
    value = text_decimal(text, field)
    if value is None:
        return None
    if not -MAX_INTEGER <= value <= MAX_INTEGER:  # before it is expanded: `1e999999999` would fill the memory
        raise Reject("out-of-range", field)
    if value != value.to_integral_value():
        raise Reject("not-an-integer", field)
    return int(value)


def text_flag(text: str | None) -> bool | None:
    """Return a CSV cell as a boolean; None where it is neither true nor false."""
    return {"true": True, "false": False, "1": True, "0": False}.get((text or "").strip().lower())


def or_none(text: str | None) -> str | None:
    """Return None for an empty string: systems write '' where they know nothing."""
    return text or None


def stated_tier(value: object) -> int | None:
    """Return the tier 0 to 3 that a log names, or None where it names something else."""
    return int(str(value)) if str(value) in {"0", "1", "2", "3"} else None


def tag_values(tags: Iterable[str]) -> dict[str, str]:
    """Return `key:value` and `key=value` tags as a mapping; the first of a key wins."""
    found: dict[str, str] = {}
    for tag in tags:
        match = TAG_VALUE.match(tag)
        if match:
            found.setdefault(match["key"].lower(), match["value"])
    return found


def error_class(http_status: int | None, words: str = "") -> ErrorClass:
    """Name the class of a failure from its HTTP status and, failing that, from the error's own type name."""
    text = words.lower()
    if http_status == 429 or "ratelimit" in text or "rate_limit" in text:  # noqa: PLR2004
        return "rate_limited"
    if http_status in {408, 504, 524} or "timeout" in text:
        return "timeout"
    if "content_filter" in text or "contentpolicy" in text:
        return "content_filter"
    if http_status is not None and 500 <= http_status < 600:  # noqa: PLR2004
        return "server_error"
    if http_status is not None and 400 <= http_status < 500:  # noqa: PLR2004
        return "client_error"
    return "other"
