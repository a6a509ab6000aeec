"""The canonical bill line: what a seller says it charged, at the grain of the bill.

A bill is never split into fake requests. Its lines have a table of their own (`bill_lines`) and are compared with the
requests by seller and month. `None` means unknown. Periods are half-open, in naive UTC. Amounts are exactly as the bill
states them, in its own currency.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.formats.values import text_time, utc, without_thousands
from llmaudit.money import EXACT, PICO, parse_decimal
from llmaudit.request import Reject

Grain = Literal["minute", "hour", "day", "month", "request", "other"]
TokenKind = Literal[
    "input",
    "input_audio",
    "input_image",
    "cache_read",
    "cache_read_audio",
    "cache_read_image",
    "cache_write_5m",
    "cache_write_30m",
    "cache_write_1h",
    "cache_write_12h",
    "cache_write_other",
    "output",
    "output_audio",
    "output_image",
    "input_all",
    "other",
]
"""What a quantity counts, where it counts tokens; no token is in two kinds of one bill.

`input_all` is input that is not divided: cached, written and uncached together. `cache_write_other` has a lifetime
that is unknown. `other` is not a token at all.
"""

MAX_AMOUNT = Decimal(10**12)
"""More than this in one line is damage, not money."""

MAX_QUANTITY = Decimal(10**18)


class BillLine(msgspec.Struct, kw_only=True, gc=False):
    """One line of a bill. Fields are the columns of the table `bill_lines`, in order."""

    line: int = 0
    line_key: str | None = None
    """What makes this one line, by the bill's rule; the same key again is the same line (overlapping exports)."""
    seller: str | None = None
    """Who billed it."""
    issuer: str | None = None
    """Who wrote the document, where that is somebody else (a cloud, a gateway)."""
    grain: Grain = "other"
    period_start: datetime | None = None
    period_end: datetime | None = None
    sku: str | None = None
    """The line item as the bill names it."""
    model_raw: str | None = None
    token_kind: TokenKind | None = None
    quantity: Decimal | None = None
    """In single units: 1.5 of `1M tokens` is 1500000."""
    quantity_unit: str | None = None
    requests: int | None = None
    list_cost: Decimal | None = None
    """Before discounts."""
    billed_cost: Decimal | None = None
    """What is charged."""
    effective_cost: Decimal | None = None
    """After prepayments are spread out, where the bill says so."""
    currency: str | None = None
    charge_category: str | None = None
    project: str | None = None
    key_id: str | None = None
    user_id: str | None = None
    region: str | None = None
    service_tier: str | None = None
    is_batch: bool | None = None
    tags: str | None = None
    """JSON text."""
    per_usd: Decimal | None = None
    """Units of the currency for one US dollar, where the bill itself says so."""


COLUMNS: tuple[str, ...] = BillLine.__struct_fields__

_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)$")
_AMERICAN_DAY = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d\d)(?: 0?0:00(?::00)?)?$")
ABSENT = {"", "null", "none", "nan", "n/a"}
DAY = timedelta(days=1)


class Occurrences:
    """Keys for lines of bills without keys: the subject of a line, and its number among the lines on it in the file.

    Overlapping exports repeat a line and must not count it twice; two like lines in one export are two. Amounts are no
    part of what a line is of: a later export that corrects one replaces it.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def key(self, *parts: object) -> str:
        """Return the key of the next line about these things."""
        digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:32]
        self._seen[digest] += 1
        return f"{digest}#{self._seen[digest]}"


def key_of(*dimensions: object) -> str:
    """Return the key of a line that is identified by its dimensions alone."""
    return "|".join(str(part) for part in dimensions)


def cell(row: Mapping[str, object], *names: str) -> str | None:
    """Return the first of some columns that has text; `NULL` and the like are none."""
    for name in names:
        value = row.get(name)
        text = repr(value) if isinstance(value, float) else str(value).strip() if value is not None else ""
        if text.lower() not in ABSENT:
            return text
    return None


def number(row: Mapping[str, object], *names: str) -> Decimal | None:
    """Return the first of some columns that has a number, its digits kept; thousands may stand apart by commas.

    Raises:
        Reject: It is no number.
    """
    text = cell(row, *names)
    if text is None:
        return None
    try:
        return parse_decimal(without_thousands(text))
    except ValueError:
        raise Reject("not-a-number", names[0]) from None


def moment(text: str | None, field: str) -> datetime | None:
    """Return a day or an instant of a bill as naive UTC: ISO 8601, or the American `10/31/2026`.

    Raises:
        Reject: It is neither, or lies outside 2020 to 2100.
    """
    if text is None:
        return None
    found = _DAY.match(text) or _AMERICAN_DAY.match(text)
    if found is None:
        return text_time(text, field)
    year = int(found["year"])
    try:
        return utc(datetime(year + 2000 if year < 100 else year, int(found["month"]), int(found["day"])), field)  # noqa: DTZ001, PLR2004
    except ValueError:
        raise Reject("not-a-time", field) from None


def grain_of(start: datetime | None, end: datetime | None) -> Grain:
    """Return how long the span of a line is, in words."""
    if start is None or end is None:
        return "other"
    spans: dict[timedelta, Grain] = {timedelta(minutes=1): "minute", timedelta(hours=1): "hour", DAY: "day"}
    if start.day == end.day == 1 and DAY < end - start <= 31 * DAY:
        return "month"
    return spans.get(end - start, "other")


def by_kind(
    line: BillLine, counts: Mapping[TokenKind, Decimal | int | None], requests: Decimal | int | None = None
) -> list[BillLine]:
    """Return a line for each kind of token that has a count; the number of requests stands on the first."""
    lines = []
    for kind, count in counts.items():
        if count is None:
            continue
        counted = quantity(Decimal(count), kind)
        one = msgspec.structs.replace(line, token_kind=kind, quantity=counted, quantity_unit="tokens")
        one.line_key = None if line.line_key is None else f"{line.line_key}|{kind}"
        lines.append(one)
    lines = lines or [line]
    lines[0].requests = None if requests is None else int(requests)
    return lines


def web_searches(line: BillLine, searches: Decimal) -> BillLine:
    """Return the line of the searches that a result counts beside its tokens."""
    return msgspec.structs.replace(
        line,
        line_key=f"{line.line_key}|web_search",
        sku="web_search",
        token_kind="other",  # noqa: S106 -- a kind of token, no secret
        quantity=searches,
        quantity_unit="searches",
    )


def condition_tags(**facts: str | bool | None) -> str | None:
    """Return what a usage export tells that a price depends on and no column is for, as the JSON of `tags`.

    Known to what reads it (`llmaudit.billing.sums`): `context` and `speed` as written, and `inconsistent`, true where
    the counts contradict each other, so that nothing of the line may be priced.
    """
    known = {name: value for name, value in facts.items() if value not in {None, False}}
    return msgspec.json.encode(known).decode() if known else None


def amount(value: Decimal | None, field: str, per_unit: int = 1) -> Decimal | None:
    """Return an amount of a bill at twelve decimals; it may be negative (a credit).

    Args:
        value: The amount as written.
        field: For the reject.
        per_unit: Parts a unit of the currency: 100 for cents.

    Raises:
        Reject: Not finite, or beyond all bounds.
    """
    if value is None:
        return None
    if not value.is_finite() or abs(value) > MAX_AMOUNT:
        raise Reject("absurd-amount", field)
    return EXACT.quantize(EXACT.divide(value, Decimal(per_unit)), PICO)


def quantity(value: Decimal | None, field: str, units: Decimal | int = 1) -> Decimal | None:
    """Return a quantity in single units, at six decimals.

    Raises:
        Reject: Not finite, or beyond all bounds.
    """
    if value is None:
        return None
    if not value.is_finite() or abs(value) > MAX_QUANTITY:
        raise Reject("out-of-range", field)
    return EXACT.quantize(EXACT.multiply(value, Decimal(units)), Decimal("0.000001"))
