"""Axes: from a value to a place on a chart, and where the marks stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from llmaudit.report.wording import MONTHS

MOST_TICKS, MOST_DAYS = 6, 5
STEPS = (1, 2, 2.5, 5, 10)
ROUNDING = 1e-9
"""So that the end of an axis at 0.3 keeps its mark at 0.30000000000000004."""

THOUSANDS = ((1e9, "B"), (1e6, "M"), (1e4, "K"))
"""Letters for large marks; from ten thousand, for 2.5K is no shorter than 2500."""


@dataclass(frozen=True)
class Scale:
    """From values to places: `low` is 0, `high` is 1."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return a value's place, 0 to 1; what lies outside stands at the edge."""
        low, high, here = (math.log(x) if self.log else x for x in (self.low, self.high, max(value, self._least)))
        return min(1.0, max(0.0, (here - low) / (high - low)))

    @property
    def _least(self) -> float:
        return self.low if self.log else -math.inf


@dataclass(frozen=True)
class Tick:
    """A mark of an axis."""

    at: float
    text: str


def scale_of(ends: Sequence[float], *, log: bool = False, room: float = 0.02) -> Scale:
    """Return the scale that holds all values, with a share of it as room; none below zero where no value is.

    Args:
        ends: The values.
        log: Whether it is logarithmic; every value must be above 0.
        room: Share of the span that is left free.
    """
    low, high = min(ends), max(ends)
    if log:
        free = (high / low) ** room if high > low else 2.0
        return Scale(low / free, high * free, log=True)
    free = (high - low or 1.0) * room
    return Scale(low if low == 0 else low - free, high if high == 0 and low < 0 else high + free)


def ticks_of(scale: Scale, unit: str = "") -> tuple[Tick, ...]:
    """Return marks at round values, at most seven; `$` stands before the number, any other unit behind it."""
    values = _powers(scale) if scale.log else _rounds(scale)
    return tuple(Tick(value, _text(value, unit)) for value in values)


def _rounds(scale: Scale) -> list[float]:
    span = scale.high - scale.low
    unit = 10.0 ** math.floor(math.log10(span / MOST_TICKS))
    step = next(unit * by for by in STEPS if span / (unit * by) <= MOST_TICKS)
    first, last = math.ceil(scale.low / step - ROUNDING), math.floor(scale.high / step + ROUNDING)
    return [step * n for n in range(first, last + 1)]


def _powers(scale: Scale) -> list[float]:
    """Return powers of ten inside the scale, or with 2 and 5 between them where that leaves fewer than three."""
    exponents = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    for by in ((1,), (1, 2, 5)):
        found = [10.0**n * times for n in exponents for times in by if scale.low <= 10.0**n * times <= scale.high]
        if len(found) > 2:  # noqa: PLR2004 -- two marks do not show that an axis is logarithmic
            break
    return found


def _text(value: float, unit: str) -> str:
    size, letter = next(((size, letter) for size, letter in THOUSANDS if abs(value) >= size), (1.0, ""))
    if letter == "K":
        size = 1e3
    number = f"{Decimal(f'{abs(value) / size:.4g}'):f}"
    number = number.rstrip("0").rstrip(".") if "." in number else number
    sign = "-" if value < 0 and number != "0" else ""
    return f"{sign}${number}{letter}" if unit == "$" else f"{sign}{number}{letter}{unit}"


def day_ticks(first: date, last: date) -> tuple[Tick, ...]:
    """Return marks at whole days, at most five; the year stands where it is new."""
    count = (last - first).days + 1
    days = [first + timedelta(days=day) for day in range(0, count, -(-count // MOST_DAYS))]
    told = [None, *(day.year for day in days)]
    return tuple(
        Tick(day.toordinal(), f"{day.day} {MONTHS[day.month - 1][:3]}" + (f" {day.year}" if day.year != year else ""))
        for day, year in zip(days, told, strict=False)
    )
