"""Outages and storms over hours and minutes made by hand; the rule is arithmetic on each."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from llmaudit.dependence.outages import outages
from llmaudit.dependence.storms import storms
from llmaudit.summaries.hours import HourRow
from llmaudit.summaries.rate_limits import LimitedMinute

NOON = datetime(2026, 10, 22, 12)  # noqa: DTZ001 -- hours are naive UTC
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def hour(after: int, requests: int = 100, **counts: Any) -> HourRow:
    plain: dict[str, Any] = {"gateway": "g", "seller": "s", "model": "s/m"}
    return HourRow(hour=NOON + after * HOUR, **(plain | counts), requests=requests)


def quiet(*after: int) -> list[HourRow]:
    return [hour(one) for one in after]


def test_hours_in_a_row_are_one_outage() -> None:
    """30 of 100 and 20 of 100 failed, in all 50 of 200; one of the hours had nobody else answer."""
    rows = [
        *quiet(-3, -2, -1, 2, 3),
        hour(0, rate_limited=25, server_error=5, answered_elsewhere=30, abandoned=4, failed_usd=Decimal(2)),
        hour(0, requests=0, repeats_unbilled=3, model="s/other"),
        hour(1, timeout=20, unanswered=12, answered_again=8, abandoned=9, failed_usd=Decimal("0.5"), retries=8),
        hour(1, requests=0, repeats_unbilled=4, model="s/other"),
    ]  # fmt: skip
    (found,) = outages(rows)
    assert (found.start, found.hours, found.gateway, found.seller) == (NOON, 2, "g", "s")
    assert (found.requests, found.failed, found.failed_pct, found.rate_limited) == (200, 50, 25, 25)
    assert (found.hours_without_fallback, found.hours_unknown) == (1, 0)
    assert (found.without_fallback_usd, found.without_fallback_abandoned) == (Decimal("0.5"), 9)
    assert (found.failed_usd, found.abandoned, found.repeats) == (Decimal("2.5"), 13, 8)
    assert found.repeats_unbilled == 3 + 4


def test_hours_apart_are_two_outages_and_models_of_one_seller_one() -> None:
    rows = [*quiet(1, 3, 4, 5), hour(0, rate_limited=30), hour(2, timeout=40)]
    rows.append(hour(2, requests=100, model="s/other"))  # 40 of 200 is a fifth
    assert [(one.start, one.hours, one.failed_pct) for one in outages(rows)] == [
        (NOON, 1, 30),
        (NOON + 2 * HOUR, 1, 20),
    ]


def test_few_failures_the_caller_s_own_and_a_small_share_are_no_outage() -> None:
    rows = [*quiet(3, 4, 5), hour(0, requests=5, timeout=4), hour(1, refused=90), hour(2, requests=1000, timeout=199)]
    assert outages(rows) == []


def test_a_route_that_always_fails_has_no_outage_but_its_worst_hour_can_be_one() -> None:
    """The median hour fails at 10%: an hour must reach half."""
    usual = [hour(one, timeout=10) for one in range(1, 6)]
    assert outages([*usual, hour(0, timeout=40)]) == []
    (found,) = outages([*usual, hour(0, timeout=50)])
    assert found.failed == 50


def test_without_call_ids_nobody_can_tell() -> None:
    (found,) = outages([*quiet(1, 2), hour(0, rate_limited=50, unlinked=50)])
    assert (found.hours_without_fallback, found.hours_unknown, found.without_fallback_usd) == (0, 1, 0)


def test_requests_without_a_time_are_in_no_hour() -> None:
    row = HourRow(hour=None, gateway="g", seller="s", model="s/m", requests=10, timeout=10)
    assert outages([row]) == []
    assert storms([], [row]) == []


def minute(after: int, limited: int, **more: Any) -> LimitedMinute:
    plain: dict[str, Any] = {"gateway": "g", "seller": "s"}
    return LimitedMinute(minute=NOON + after * MINUTE, **(plain | more), rate_limited=limited)


def test_a_burst_on_a_busy_route() -> None:
    """600 an hour are 10 a minute: hot are minutes with 2 refusals or more. Three of them, 18 of 30 requests."""
    rows = [minute(0, 1), minute(10, 8), minute(11, 7, retries=4, retries_usd=Decimal("0.2")), minute(12, 3)]
    rows.append(minute(50, 1, retries=9))
    (found,) = storms(rows, [hour(0, requests=600)])
    assert (found.start, found.minutes, found.hot_minutes) == (NOON + 10 * MINUTE, 3, 3)
    assert (found.requests, found.rate_limited, found.limited_pct) == (30, 18, 60)
    assert (found.retries, found.retries_usd) == (4, Decimal("0.2"))


def test_a_long_storm_on_a_quiet_route() -> None:
    """20 an hour are a third a minute: each refusal makes a hot minute, and those 10 minutes apart are one storm."""
    rows = [minute(10 * number, 1) for number in range(12)]
    (found,) = storms(rows, [hour(number, requests=20) for number in range(2)])
    assert (found.minutes, found.hot_minutes, found.rate_limited) == (111, 12, 12)
    assert found.requests == 37  # 111 minutes at 20 an hour


def test_few_refusals_and_a_steady_trickle_are_no_storm() -> None:
    busy = [hour(0, requests=6000)]
    assert storms([minute(number, 10) for number in range(60)], busy) == []  # a tenth of 100 a minute
    assert storms([minute(number, 1) for number in range(9)], [hour(0, requests=30)]) == []  # nine
    far = [minute(31 * number, 1) for number in range(12)]
    assert storms(far, [hour(number, requests=20) for number in range(7)]) == []  # each alone


def test_gateways_and_sellers_are_apart() -> None:
    rows = [minute(number, 1, gateway=name) for number in range(6) for name in ("g", "h")]
    hours = [hour(0, requests=30), hour(0, requests=30, gateway="h")]
    assert storms(rows, hours) == []  # six on each
