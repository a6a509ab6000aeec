"""Hours in which a seller failed far more often than usual, and whether another one answered meanwhile.

An hour of a gateway and seller is an outage if at least `LEAST` of its attempts failed through no fault of the caller,
if these are at least a share of `SHARE` of its attempts, and if that share is at least `TIMES` that of the route's
median hour. A route that always fails that often has no outages: it is broken, and the failure rates show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

import msgspec

from llmaudit.money import ZERO, total
from llmaudit.summaries.hours import HourRow

LEAST = 5
SHARE = 0.2
TIMES = 5
HOUR = timedelta(hours=1)

RULE = (
    f"an hour in which a gateway and seller had at least {LEAST} failures that were not the caller's fault, "
    f"at least {SHARE:.0%} of the attempts, and at least {TIMES} times the failure share of the route's median hour"
)
Route = tuple[str | None, str | None]


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """Outage hours in a row on one route.

    Attributes:
        start: First instant of the first hour (naive UTC).
        hours: How many hours.
        gateway: None where there is none.
        seller: None where it is not known.
        requests: Attempts in them.
        failed: Attempts that failed by no fault of the caller.
        failed_pct: Of the attempts.
        rate_limited: Of the failed, refused for too many requests.
        hours_without_fallback: Hours in which attempts failed and no call was answered by another seller.
        hours_unknown: Hours whose log has no call ids, so that nobody can tell.
        answered_again: Failed attempts whose call the same seller answered later.
        answered_elsewhere: Failed attempts whose call another seller answered.
        unanswered: Failed attempts after which nobody answered.
        abandoned: Calls that ended with a failure.
        failed_usd: Amounts in the log of failed attempts.
        repeats: Retries and fallbacks made.
        repeated_usd: Amounts in the log of those.
        repeats_unbilled: How many of them have tokens and no amount; their cost is in no figure here.
        without_fallback_usd: `failed_usd` of the hours without a fallback.
        without_fallback_abandoned: `abandoned` of those hours.
    """

    start: datetime
    hours: int
    gateway: str | None
    seller: str | None
    requests: int
    failed: int
    failed_pct: float
    rate_limited: int
    hours_without_fallback: int
    hours_unknown: int
    answered_again: int
    answered_elsewhere: int
    unanswered: int
    abandoned: int
    failed_usd: Decimal
    repeats: int
    repeated_usd: Decimal
    repeats_unbilled: int = 0
    without_fallback_usd: Decimal = ZERO
    without_fallback_abandoned: int = 0


def outages(rows: Iterable[HourRow]) -> list[Outage]:
    """Return the outages in order of time, hours in a row as one."""
    found = [_outage(route, run) for route, hours in by_route(rows).items() for run in _runs(hours)]
    return sorted(found, key=lambda one: (one.start, one.gateway or "", one.seller or ""))


def by_route(rows: Iterable[HourRow]) -> dict[Route, dict[datetime, list[HourRow]]]:
    """Return the rows of every gateway and seller by their hour; requests without a time are in none."""
    found: dict[Route, dict[datetime, list[HourRow]]] = {}
    for row in rows:
        if row.hour is not None:
            found.setdefault((row.gateway, row.seller), {}).setdefault(row.hour, []).append(row)
    return found


def _runs(hours: dict[datetime, list[HourRow]]) -> Iterator[list[list[HourRow]]]:
    """Yield the outage hours of one route, those in a row together."""
    limit = max(SHARE, TIMES * median(_share(rows) for rows in hours.values()))
    bad = [hour for hour, rows in sorted(hours.items()) if _failed(rows) >= LEAST and _share(rows) >= limit]
    run: list[datetime] = []
    for hour in bad:
        if run and hour - run[-1] > HOUR:
            yield [hours[one] for one in run]
            run = []
        run.append(hour)
    if run:
        yield [hours[one] for one in run]


def _failed(rows: Sequence[HourRow]) -> int:
    return sum(row.outside for row in rows)


def _share(rows: Sequence[HourRow]) -> float:
    return _failed(rows) / sum(row.requests for row in rows)


def _outage(route: Route, run: list[list[HourRow]]) -> Outage:
    rows = [row for hour in run for row in hour]
    alone = [hour for hour in run if _is_linked(hour) and not sum(row.answered_elsewhere for row in hour)]
    start = min(row.hour for row in rows if row.hour is not None)
    return Outage(
        start=start,
        hours=len(run),
        gateway=route[0],
        seller=route[1],
        requests=sum(row.requests for row in rows),
        failed=_failed(rows),
        failed_pct=100 * _share(rows),
        rate_limited=sum(row.rate_limited for row in rows),
        hours_without_fallback=len(alone),
        hours_unknown=sum(not _is_linked(hour) for hour in run),
        answered_again=sum(row.answered_again for row in rows),
        answered_elsewhere=sum(row.answered_elsewhere for row in rows),
        unanswered=sum(row.unanswered for row in rows),
        abandoned=sum(row.abandoned for row in rows),
        failed_usd=total(row.failed_usd for row in rows),
        repeats=sum(row.retries + row.fallbacks for row in rows),
        repeated_usd=total(row.repeated_usd for row in rows),
        repeats_unbilled=sum(row.repeats_unbilled for row in rows),
        without_fallback_usd=total(row.failed_usd for hour in alone for row in hour),
        without_fallback_abandoned=sum(row.abandoned for hour in alone for row in hour),
    )


def _is_linked(hour: Sequence[HourRow]) -> bool:
    """Say whether the log links any failed attempt of an hour to its call."""
    return any(row.answered_again or row.answered_elsewhere or row.unanswered for row in hour)
