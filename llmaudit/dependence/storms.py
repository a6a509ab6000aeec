"""Rate-limit storms: minutes full of refusals, and the retries that were sent into them.

A minute is hot if its refusals are at least `SHARE` of what the route sends per minute, averaged over the hour. Hot
minutes at most `APART` from each other form one storm if together they have at least `LEAST` refusals and these are at
least `SHARE` of what the route sent from the first to the last of them. One rule thus covers routes with a request
every few minutes and routes with thousands a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from llmaudit.dependence.outages import Route
from llmaudit.money import total
from llmaudit.summaries.hours import HourRow
from llmaudit.summaries.rate_limits import LimitedMinute

SHARE = 0.2
LEAST = 10
MINUTE = timedelta(minutes=1)
APART = timedelta(minutes=30)

RULE = (
    f"minutes in which refusals reach {SHARE:.0%} of what the route sends in an average minute of that hour; "
    f"such minutes at most {APART // MINUTE} apart count as one storm if at least {LEAST} requests, and {SHARE:.0%} "
    "of all, were refused in it"
)


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """One storm.

    Attributes:
        start: First instant of its first hot minute (naive UTC).
        minutes: From its first to its last hot minute, both counted.
        hot_minutes: Minutes above the threshold.
        gateway: None where there is none.
        seller: Who refused; None where it is not known.
        requests: What the route sent in that time, at the average of each hour.
        rate_limited: Refusals.
        limited_pct: Of the requests.
        retries: Attempts at the same seller after a failure, made during it.
        retries_usd: Amounts in the log of those.
        retries_unbilled: How many of them have tokens and no amount.
    """

    start: datetime
    minutes: int
    hot_minutes: int
    gateway: str | None
    seller: str | None
    requests: int
    rate_limited: int
    limited_pct: float
    retries: int
    retries_usd: Decimal
    retries_unbilled: int


def storms(minutes: Iterable[LimitedMinute], hours: Iterable[HourRow]) -> list[Storm]:
    """Return the storms in order of time."""
    per_minute: dict[Route, dict[datetime, float]] = {}
    for hour in hours:
        if hour.hour is not None:
            sent = per_minute.setdefault((hour.gateway, hour.seller), {})
            sent[hour.hour] = sent.get(hour.hour, 0.0) + hour.requests / 60
    routes: dict[Route, list[LimitedMinute]] = {}
    for minute in minutes:
        routes.setdefault((minute.gateway, minute.seller), []).append(minute)
    found = [
        storm for route, rows in routes.items() for storm in _of_route(route, rows, per_minute.get(route, {})) if storm
    ]
    return sorted(found, key=lambda one: (one.start, one.gateway or "", one.seller or ""))


def _of_route(route: Route, rows: list[LimitedMinute], sent: Mapping[datetime, float]) -> Iterator[Storm | None]:
    hot = sorted(row.minute for row in rows if row.rate_limited and _is_hot(row, _sent(row.minute, sent)))
    run: list[datetime] = []
    for minute in hot:
        if run and minute - run[-1] > APART:
            yield _storm(route, run, rows, sent)
            run = []
        run.append(minute)
    if run:
        yield _storm(route, run, rows, sent)


def _is_hot(row: LimitedMinute, sent: float) -> bool:
    return sent > 0 and row.rate_limited >= SHARE * sent


def _sent(minute: datetime, sent: Mapping[datetime, float]) -> float:
    return sent.get(minute.replace(minute=0), 0.0)


def _storm(
    route: Route, run: list[datetime], rows: list[LimitedMinute], sent: Mapping[datetime, float]
) -> Storm | None:
    start, end = run[0], run[-1]
    inside = [row for row in rows if start <= row.minute <= end]
    length = (end - start) // MINUTE + 1
    requests = sum(_sent(start + number * MINUTE, sent) for number in range(length))
    limited = sum(row.rate_limited for row in inside)
    if limited < LEAST or limited < SHARE * requests:
        return None
    return Storm(
        start=start,
        minutes=length,
        hot_minutes=len(run),
        gateway=route[0],
        seller=route[1],
        requests=round(max(requests, limited)),
        rate_limited=limited,
        limited_pct=100 * limited / max(requests, limited),
        retries=sum(row.retries for row in inside),
        retries_usd=total(row.retries_usd for row in inside),
        retries_unbilled=sum(row.retries_unbilled for row in inside),
    )
