"""Numbers and names as text for people, worded the same in tables, charts and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from llmaudit.errors import printable
from llmaudit.findings.spend import Spend
from llmaudit.money import round_to, shown
from llmaudit.phrases import counted

UNKNOWN = "unknown"
NOT_ATTRIBUTED = "not attributed"
NO_DATA = "no data"
BLANK = "(blank)"
"""A name of nothing but spaces, which would read as a cell without a value."""

NAME_LIMIT = 120
WHOLE_DOLLARS_FROM = 10_000
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""Not strftime, whose month names follow the machine's locale."""

TIER_TITLES = {0: "trivial", 1: "standard", 2: "complex", 3: "high stakes"}


def name(text: str | None) -> str:
    """Return a stranger's name with control and bidirectional characters made visible."""
    if text is None:
        return NOT_ATTRIBUTED
    return printable(text, NAME_LIMIT) if text.strip() else BLANK


def quoted(text: str | None) -> str:
    """Return a stranger's name as code within a sentence; a backtick in it would end the code."""
    inside = name(text).replace("`", "'")
    return f"`{inside}`"


def short_model(text: str | None) -> str:
    """Return a model's name without its provider, for a label beside a gateway's name."""
    return name(text if text is None else text.rpartition("/")[2] or text)


def tier(number: int | None) -> str:
    """Return a tier for people, such as `0 trivial`."""
    return UNKNOWN if number is None else f"{number} {TIER_TITLES.get(number, '')}".strip()


def headline(amount: Decimal | None) -> str:
    """Return an amount for a key figure: cents matter below ten thousand dollars and distract above."""
    return shown(amount, 0 if amount is not None and abs(amount) >= WHOLE_DOLLARS_FROM else 2)


def count(number: int | None) -> str:
    """Return a count for people."""
    return UNKNOWN if number is None else f"{number:,}"


def percent(value: float | Decimal | None, places: int = 1) -> str:
    """Return a percentage; one that is not zero is never shown as zero."""
    if value is None:
        return UNKNOWN
    rounded = round_to(Decimal(str(value)), places)
    if value and not rounded:
        return f"{'<' if value > 0 else '>-'}{Decimal(1).scaleb(-places)}%"
    return f"{rounded:.{places}f}%"


def signed(value: float | None, places: int = 2) -> str:
    """Return a difference in percent with its sign."""
    if value is None:
        return UNKNOWN
    rounded = round(value, places)
    return f"{rounded:+,.{places}f}%" if rounded else f"{0:.{places}f}%"


def between(low: Decimal, high: Decimal) -> str:
    """Return a range of amounts; one amount where both ends read the same."""
    ends = headline(low), headline(high)
    return " to ".join(ends) if ends[0] != ends[1] else ends[0]


def day(value: date) -> str:
    """Return a date, such as `1 October 2026`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def period(first: date | None, last: date | None) -> str:
    """Return a period, such as `1 to 31 October 2026`."""
    if first is None or last is None:
        return "no dated requests"
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    if first.year == last.year:
        return f"{first.day} {MONTHS[first.month - 1]} to {day(last)}"
    return f"{day(first)} to {day(last)}"


def day_and_month(value: date) -> str:
    """Return a date without its year, such as `1 Oct`, for the marks of a chart."""
    return f"{value.day} {MONTHS[value.month - 1][:3]}"


def month(value: str | None) -> str:
    """Return a month, such as `October 2026` of `2026-10`; a bill without one is of the whole period."""
    if value is None:
        return "whole period"
    year, _, number = value.partition("-")
    return f"{MONTHS[int(number) - 1]} {year}"


def covered(spend: Spend) -> str:
    """Return the days and the number of requests, for the head of a report."""
    if not spend.requests:
        return "no requests in the period"
    return f"{period(spend.first_day, spend.last_day)}, {counted(spend.requests, 'request')}"


def without_common_folder(paths: Sequence[str]) -> list[str]:
    """Return paths without the folders all of them share, which say where a home is, not what a file is."""
    split = [path.replace("\\", "/").split("/") for path in paths]
    shared = 0
    while split and all(len(parts) > shared + 1 and parts[shared] == split[0][shared] for parts in split):
        shared += 1
    return ["/".join(parts[shared:]) for parts in split]
