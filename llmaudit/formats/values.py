"""Values as logs write them (times, amounts, counts, flags), each converted to one canonical form or rejected.

A reader that repairs what it does not understand invents numbers. So nothing is guessed here: what cannot be read is a
`Reject` that names the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from llmaudit.money import EXACT, MAX_PER_ROW, PICO, ZERO, parse_decimal
from llmaudit.request import ErrorClass, Reject

Count = int | float | None
"""A count of tokens in a record: some writers make whole numbers floats, which `usage` checks."""

JsonCell = dict[str, Any] | str | None
"""An object, or the JSON text of one in a cell of a table."""

EARLIEST = datetime(2020, 1, 1)  # noqa: DTZ001 -- canonical times are naive UTC
LATEST = datetime(2100, 1, 1)  # noqa: DTZ001 -- naive UTC, as `utc` returns
"""An instant outside these bounds is a unit mistake (milliseconds read as seconds), not a request."""

MAX_INTEGER = Decimal(2**63 - 1)
TAG_VALUE = re.compile(r"^(?P<key>[A-Za-z_.-]{1,64})[:=](?P<value>.+)$", re.DOTALL)

UNIT_BELOW = ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000))
"""An epoch number below the bound counts so many units a second; seconds, milliseconds, microseconds."""

NANOSECONDS = 1_000_000_000
DAY_MS = 86_400_000
"""Milliseconds of a day: no call takes longer."""

HTTP_ERROR = 400
"""HTTP statuses from here on are failures."""

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ISO = re.compile(
    r"(?P<clock>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d{1,12}))?"
    r"\s?(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?$",
    re.IGNORECASE,
)


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


def unit_of(values: Iterable[object]) -> int:
    """Return how many units a second has in epoch numbers, by the size of the middle one; 1 where there is none.

    Decided once per file, not per row: a damaged row must not be read in a unit of its own.
    """
    numbers = sorted(float(value) for value in values if isinstance(value, int | float) and value > 0)
    if not numbers:
        return 1
    middle = numbers[len(numbers) // 2]
    return next((unit for bound, unit in UNIT_BELOW if middle < bound), NANOSECONDS)


def epoch(number: float | Decimal | None, field: str, unit: int = 1) -> datetime | None:
    """Return an epoch number as naive UTC, exact to the microsecond.

    Args:
        number: Units since 1970.
        field: For the reject.
        unit: Units a second: 1, 1,000, 1,000,000 or 1,000,000,000 (`unit_of` tells it from a file's values).

    Raises:
        Reject: The moment lies outside 2020 to 2100.
    """
    if number is None:
        return None
    try:
        if isinstance(number, int):
            seconds, rest = divmod(number, unit)
            moment = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest * 1_000_000 // unit)
        else:
            moment = datetime.fromtimestamp(float(number) / unit, UTC)
    except (OverflowError, OSError, ValueError):
        raise Reject("out-of-range", field) from None
    return utc(moment, field)


def text_time(text: str | None, field: str) -> datetime | None:
    """Return ISO 8601 text as naive UTC: `T` or a space, any decimals, `Z`, `UTC`, an offset, or no zone (UTC).

    Raises:
        Reject: It is no such time, or lies outside 2020 to 2100.
    """
    if text is None or not text.strip():
        return None
    found = _ISO.match(text.strip())
    if found is None:
        raise Reject("not-a-time", field)
    zone = found["zone"] or "Z"
    zone = "+00:00" if zone.upper() in {"Z", "UTC"} else zone
    micro = (found["fraction"] or "0")[:6].ljust(6, "0")
    clock = found["clock"] if found["clock"].count(":") > 1 else f"{found['clock']}:00"
    try:
        return utc(datetime.fromisoformat(f"{clock}.{micro}{zone}"), field)
    except ValueError:
        raise Reject("not-a-time", field) from None


def after(start: datetime | None, milliseconds: float | None, field: str) -> datetime | None:
    """Return the moment some milliseconds after a start; None where either is unknown.

    Raises:
        Reject: The duration is negative or longer than a day.
    """
    if start is None or milliseconds is None:
        return None
    if not 0 <= milliseconds <= DAY_MS:
        raise Reject("out-of-range", field)
    return start + timedelta(milliseconds=milliseconds)


def before(end: datetime | None, milliseconds: float | None, field: str) -> datetime | None:
    """Return the moment some milliseconds before an end, or the end itself where the duration is unknown.

    Raises:
        Reject: The duration is negative or longer than a day.
    """
    if end is None or milliseconds is None:
        return end
    if not 0 <= milliseconds <= DAY_MS:
        raise Reject("out-of-range", field)
    return end - timedelta(milliseconds=milliseconds)


def dollars(amount: Decimal | None, field: str, per_dollar: int = 1) -> Decimal | None:
    """Return an amount the log states in US dollars, or in parts of a dollar, at twelve decimals.

    Args:
        amount: The amount as written.
        field: For the reject.
        per_dollar: Units a dollar: 100 for cents, 1,000,000,000 for nanodollars.

    Raises:
        Reject: Not finite, negative, or more than a request can cost.
    """
    if amount is None:
        return None
    if amount.is_finite() and per_dollar != 1:
        amount = EXACT.divide(amount, Decimal(per_dollar))
    if not amount.is_finite() or not ZERO <= amount <= MAX_PER_ROW:
        raise Reject("absurd-amount", field)
    return EXACT.quantize(amount, PICO)


def text_decimal(text: str | None, field: str) -> Decimal | None:
    """Return a cell as a decimal; None where it is empty or a blank.

    Raises:
        Reject: The cell holds something that is not a decimal number.
    """
    if text is None or not text.strip():
        return None
    try:
        return parse_decimal(text.strip())
    except ValueError:
        raise Reject("not-a-number", field) from None


def without_thousands(text: str) -> str:
    """Return a number without the commas that part its thousands; a comma anywhere else stays, and is no number.

    `12,3` is twelve point three to half the world: it must not be read as 123.
    """
    return text.replace(",", "") if _THOUSANDS.fullmatch(text) else text


def text_integer(text: str | None, field: str) -> int | None:
    """Return a cell as a whole number; None where it is empty.

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
    """Return a cell as a boolean; None where it is neither true nor false."""
    flags = {"true": True, "false": False, "1": True, "0": False, "t": True, "f": False}
    return flags.get((text or "").strip().lower())


def or_none(text: str | None) -> str | None:
    """Return None for an empty string: systems write '' where they know nothing."""
    return text or None


def mapping(value: Any) -> dict[str, Any]:
    """Return an object of a record; an empty one where there is none, or where something else stands in its place."""
    return value if isinstance(value, dict) else {}


def json_in(value: Any) -> Any:
    """Return what a JSON text holds, through at most three layers of quoting; another value stays as it is."""
    for _ in range(3):
        if not isinstance(value, str) or value.lstrip()[:1] not in {"{", "[", '"'}:
            return value
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return value
    return value


def object_in(value: Any) -> dict[str, Any]:
    """Return an object that some systems write as such and some as JSON text.

    What was cut off, is no JSON or no object is an empty object: it is a label or a body that cannot be read, and not a
    reason to lose the request.
    """
    return mapping(json_in(value))


def as_text(value: object) -> str | None:
    """Return a value that is text, and not empty; else None."""
    return value if isinstance(value, str) and value else None


def as_flag(value: object) -> bool | None:
    """Return a value that is true or false; else None."""
    return value if isinstance(value, bool) else None


def as_number(value: object) -> int | float | None:
    """Return a value that is a number, which true and false are not; else None."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def http_status(value: object) -> int | None:
    """Return a number that is an HTTP status, 100 to 599; else None: some systems write 0 or -1 for none."""
    number = as_number(value)
    return int(number) if number is not None and 100 <= number <= 599 else None  # noqa: PLR2004 -- HTTP's own bounds


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


_SERVER_WORDS = ("server_error", "servererror", "overloaded", "api_error", "internalserver", "serviceunavailable")
_CLIENT_WORDS = (
    "invalid_request",
    "badrequest",
    "authentication",
    "permission",
    "not_found",
    "notfound",
    "context_length",
)
"""What error types are called where no HTTP status is logged."""


def error_class(http_status: int | None, words: str = "") -> ErrorClass:
    """Name the class of a failure from its HTTP status and, failing that, from the error's own type name."""
    text = words.lower()
    if http_status == 429 or "ratelimit" in text or "rate_limit" in text:  # noqa: PLR2004 -- HTTP: too many requests
        return "rate_limited"
    if http_status in {408, 504, 524} or "timeout" in text:
        return "timeout"
    if "content_filter" in text or "contentpolicy" in text:
        return "content_filter"
    if http_status is not None and 500 <= http_status < 600:  # noqa: PLR2004 -- HTTP: the server failed
        return "server_error"
    if http_status is not None and 400 <= http_status < 500:  # noqa: PLR2004 -- HTTP: the client erred
        return "client_error"
    if any(word in text for word in _SERVER_WORDS):
        return "server_error"
    return "client_error" if any(word in text for word in _CLIENT_WORDS) else "other"
