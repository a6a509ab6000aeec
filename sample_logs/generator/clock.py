"""Instants of October 2026 as whole milliseconds since 1970, UTC, and the ways the logs write them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(day: int, hour: int = 0, minute: int = 0) -> int:
    """Milliseconds of an instant in October 2026 (day 32 is 1 November)."""
    start = (datetime(2026, 10, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
    return start + (day - 1) * DAY + hour * HOUR + minute * MINUTE


MONTH_START = at(1)
MONTH_END = at(32)


def moment(ms: int) -> datetime:
    """The instant as a datetime."""
    return EPOCH + timedelta(milliseconds=ms)


def iso_z(ms: int) -> str:
    """2026-10-01T08:00:00.000Z."""
    return f"{moment(ms):%Y-%m-%dT%H:%M:%S}.{ms % SECOND:03d}Z"


def blank_naive(ms: int) -> str:
    """2026-10-01 08:00:00.000, no zone (OpenRouter's CSV)."""
    return f"{moment(ms):%Y-%m-%d %H:%M:%S}.{ms % SECOND:03d}"


def postgres(ms: int) -> str:
    """2026-10-01T08:00:00.5: a timestamp(3) without zone in row_to_json, trailing zeros dropped."""
    fraction = f"{ms % SECOND:03d}".rstrip("0")
    return f"{moment(ms):%Y-%m-%dT%H:%M:%S}" + (f".{fraction}" if fraction else "")
