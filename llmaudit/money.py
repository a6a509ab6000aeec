"""Exact money in US dollars.

Amounts are `decimal.Decimal` and never pass through a float. A per-token rate has at most twelve decimals and a token
count is an integer, so a cost is exact as long as no step rounds. Rounding happens once, where a number is shown
(`shown`, `share_out`). Ratios and percentages may be floats: they are never added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import cache, reduce

PICO = Decimal("0.000000000001")
"""The smallest amount a row can hold: 1e-12 US dollars, the scale of DECIMAL(18,12)."""

MAX_PER_ROW = Decimal(100_000)
"""More than this for one request is a unit mistake (cents, quota, ticks), not a price."""

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Wide enough that sums of 10^12 rows of 10^5 dollars at 18 decimals never round."""

ZERO = Decimal(0)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum. The default context would round past 28 digits without a word."""
    return reduce(EXACT.add, amounts, ZERO)


def weighted(quantities: Iterable[int], factors: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of quantity x factor.

    Raises:
        ValueError: They are not as many.
    """
    whole = ZERO
    for count, factor in zip(quantities, factors, strict=True):
        if count:
            whole = EXACT.fma(factor, count, whole)
    return whole


def times(amount: Decimal, factor: Decimal | int) -> Decimal:
    """Return the exact product of an amount and a factor."""
    return EXACT.multiply(amount, Decimal(factor))


def parse_decimal(text: str) -> Decimal:
    """Parse plain decimal text such as `0.075` or `1e-7`.

    Raises:
        ValueError: Not a finite decimal number in ASCII digits. `Decimal` alone would take 'NaN', '1_0' and '٣'.
    """
    if not text.isascii() or "_" in text:
        raise ValueError(f"{text!r} is not a decimal number")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a decimal number") from None
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    return value


def as_json(amount: Decimal | None) -> str | None:
    """Return an amount as JSON text: every digit it has, at least six and at most twelve decimals; None stays None."""
    if amount is None:
        return None
    exact = amount.quantize(PICO, context=EXACT)
    whole, _, decimals = f"{exact:f}".partition(".")
    text = f"{whole}.{decimals.rstrip('0').ljust(6, '0')}"
    return text.removeprefix("-") if not exact else text


def shown(amount: Decimal | None, places: int = 2) -> str:
    """Return an amount for people, such as `$1,234.57`; `unknown` for None.

    A sum that is not zero but would round to it keeps two significant digits, so that it is not read as free.
    """
    if amount is None:
        return "unknown"
    rounded = round_to(amount, places)
    if amount and not rounded:
        places = min(12, places + 2 - min(0, amount.adjusted() + places))
        rounded = round_to(amount, places)
    sign = "-" if rounded < 0 else ""
    return f"{sign}${abs(rounded):,.{places}f}"


def stated(amount: Decimal) -> str:
    """Return an amount as somebody states it, such as `$0.00009`: every digit, cents in twos, none of a whole sum."""
    plain = amount.normalize(EXACT)
    places = -min(0, int(plain.as_tuple().exponent))
    return f"{'-' if plain < 0 else ''}${abs(plain):,.{max(2, places) if places else 0}f}"


def round_to(amount: Decimal, places: int) -> Decimal:
    """Round to a number of decimals, half to even. The one rounding function."""
    return amount.quantize(_unit(places), context=EXACT)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def share_out(parts: Sequence[Decimal], places: int = 2) -> list[Decimal]:
    """Round parts so that they add up to their rounded whole (largest remainder).

    A table whose cells are rounded one by one does not add up to the total printed under it.

    Args:
        parts: Exact amounts.
        places: Decimals to round to.

    Returns:
        The rounded parts, in order; their sum is the rounded sum of `parts`.
    """
    unit = _unit(places)
    floors = [part.quantize(unit, rounding="ROUND_FLOOR", context=EXACT) for part in parts]
    missing = int((round_to(total(parts), places) - total(floors)) / unit)
    by_remainder = sorted(range(len(parts)), key=lambda i: (floors[i] - parts[i], i))
    for i in by_remainder[:missing]:
        floors[i] += unit
    return floors


def percent(part: Decimal | None, whole: Decimal | None) -> float | None:
    """Return 100 x part / whole, or None where either is unknown or the whole is zero."""
    if part is None or whole is None or not whole:
        return None
    return float(EXACT.divide(part * 100, whole))
