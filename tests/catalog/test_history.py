"""Dated prices and hours of the packaged catalog against what their sellers announced."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import catalog_of, catalog_text, sku_text

from llmaudit.catalog import Catalog, Conditions, quote

CHANGES = [
    # model, instant, input and output per million
    ("o3", "2025-06-09T12:00", "10", "40"),
    ("o3", "2025-06-11T12:00", "2", "8"),
    ("gpt-5.6-luna", "2026-07-29T12:00", "1", "6"),
    ("gpt-5.6-luna", "2026-07-31T12:00", "0.2", "1.2"),
    ("gpt-5.6-terra", "2026-07-29T12:00", "2.5", "15"),
    ("gpt-5.6-terra", "2026-07-31T12:00", "2", "12"),
    ("gpt-5.6-sol", "2026-08-20T12:00", "5", "30"),
    ("gpt-5.6-sol", "2026-08-22T12:00", "4", "20"),
    ("mistral-large-4", "2026-10-19T23:59", "0.68", "2.09"),
    ("mistral-large-4", "2026-10-20T00:00", "1.36", "4.18"),
    ("mistral-large-4", "2026-10-29T00:00", "0.7", "2.1"),
    ("deepseek-v4-pro", "2026-07-01T12:00", "0.435", "0.87"),
    ("deepseek-v4-pro", "2026-09-01T12:00", "0.66", "1.98"),
    ("deepseek-v4-flash", "2026-07-01T02:00", "0.14", "0.28"),  # the peak rule came in August
]


@pytest.mark.parametrize(("model", "at", "rate_in", "rate_out"), CHANGES)
def test_price_changes(catalog: Catalog, model: str, at: str, rate_in: str, rate_out: str) -> None:
    conditions = Conditions(datetime.fromisoformat(at), region="global")
    found = quote(catalog, model, {"input_tokens": 1000, "output_tokens": 1000}, conditions)
    assert [part.usd for part in found.components] == [Decimal(rate_in), Decimal(rate_out)]


TRAPS = [
    # what another calculator gets wrong: model, instant, tokens, conditions, US dollars (None: unpriced)
    ("gpt-5.6-sol", "2026-10-01T00:00", {"input": 100_000}, {"is_batch": True}, "0.2"),
    ("gpt-5.6-sol", "2026-11-01T00:00", {"input": 100_000}, {"service_tier": "flexx"}, None),
    ("gpt-5.6-sol", "2026-11-01T00:00", {"input": 272_000}, {}, "1.088"),
    ("gpt-5.6-sol", "2026-11-01T00:00", {"input": 272_001}, {}, "2.176008"),
    ("claude-sonnet-4-0", "2026-01-15T00:00", {"input": 200_001, "cache_write_1h": 1_000_000}, {}, "13.200006"),
    ("claude-opus-4-6", "2026-06-01T00:00", {"input": 1_000_000}, {"region": "us"}, "5.5"),
    ("claude-opus-4-6", "2026-06-01T00:00", {"input": 1_000_000}, {"region": "global"}, "5"),
    ("claude-opus-5-7", "2026-11-01T00:00", {"input": 1}, {}, None),
]


@pytest.mark.parametrize(("model", "at", "tokens", "conditions", "usd"), TRAPS)
def test_traps(catalog: Catalog, model: str, at: str, tokens: dict[str, int], conditions: Any, usd: str | None) -> None:
    given = Conditions(datetime.fromisoformat(at), **conditions)
    found = quote(catalog, model, {f"{name}_tokens": count for name, count in tokens.items()}, given)
    assert found.cost_usd == (None if usd is None else Decimal(usd))


HOURS = [
    # DeepSeek's peak: 01:00-04:00 and 06:00-10:00 UTC, Monday to Friday but for Chinese public holidays; twice the rate
    ("2026-11-23T00:59:59", "0.66"),
    ("2026-11-23T01:00:00", "1.32"),
    ("2026-11-23T03:59:59", "1.32"),
    ("2026-11-23T04:00:00", "0.66"),
    ("2026-11-23T06:00:00", "1.32"),
    ("2026-11-23T09:59:59", "1.32"),
    ("2026-11-23T10:00:00", "0.66"),
    ("2026-11-20T02:00:00", "1.32"),  # Friday
    ("2026-11-21T02:00:00", "0.66"),  # Saturday
    ("2026-11-22T02:00:00", "0.66"),  # Sunday
    ("2026-10-01T02:00:00", "0.66"),  # National Day
    ("2026-10-07T02:00:00", "0.66"),  # its last day off
    ("2026-10-08T02:00:00", "1.32"),  # back at work
    ("2026-09-25T08:00:00", "0.66"),  # Mid-Autumn Festival
    ("2026-08-14T02:00:00", "0.435"),  # before the rule
]


@pytest.mark.parametrize(("at", "rate"), HOURS)
def test_deepseek_peak(catalog: Catalog, at: str, rate: str) -> None:
    found = quote(catalog, "deepseek-v4-pro", {"input_tokens": 1_000_000}, Conditions(datetime.fromisoformat(at)))
    assert found.cost_usd == Decimal(rate)


NIGHTS = [
    # DeepSeek's discount of 2025, 16:30 to 00:30 UTC: R1 (0.55) at a quarter, which it printed as 0.135
    ("2025-06-10T16:29:59", "0.55"),
    ("2025-06-10T16:30:00", "0.135"),
    ("2025-06-11T00:00:00", "0.135"),
    ("2025-06-11T00:29:59", "0.135"),
    ("2025-06-11T00:30:00", "0.55"),
]


@pytest.mark.parametrize(("at", "rate"), NIGHTS)
def test_hours_that_span_midnight(catalog: Catalog, at: str, rate: str) -> None:
    found = quote(catalog, "deepseek-reasoner", {"input_tokens": 1_000_000}, Conditions(datetime.fromisoformat(at)))
    assert found.cost_usd == Decimal(rate)


SCHEDULE = """
schedules:
  - id: nights
    title: dear nights
    decided_by: start
    source: test
    utc_offset_hours: 9
    except_dates: [2026-11-26]
    valid_from: 2026-11-01T00:00:00Z
    valid_to: 2026-12-01T00:00:00Z
    windows:
      - {days: [mon, wed], from: "22:00", to: "02:00"}
"""
OWN_HOURS = [
    ("2026-11-23T21:59:59", 1),
    ("2026-11-23T22:00:00", 2),  # Monday
    ("2026-11-24T01:59:59", 2),  # belongs to Monday
    ("2026-11-24T02:00:00", 1),
    ("2026-11-24T22:00:00", 1),  # Tuesday
    ("2026-11-18T22:00:00", 2),  # Wednesday
    ("2026-11-25T22:00:00", 1),  # Wednesday, but already the excepted 26th nine hours to the east
    ("2026-11-30T23:59:59", 2),
    ("2026-12-01T00:00:00", 1),  # the calendar has ended, in the middle of its window
    ("2026-10-26T22:00:00", 1),  # and had not begun
]


@pytest.mark.parametrize(("at", "rate"), OWN_HOURS)
def test_own_calendar(tmp_path: Path, at: str, rate: int) -> None:
    prices = [
        "usd_per_million: {input: 1, output: 1}",
        "when: {schedule: nights}, usd_per_million: {input: 2, output: 2}",
    ]
    own = catalog_of(tmp_path, catalog_text("own", sku_text("m", prices)) + SCHEDULE)
    found = quote(own, "m", {"input_tokens": 1_000_000}, Conditions(datetime.fromisoformat(at)), seller="own")
    assert found.cost_usd == rate


@pytest.mark.parametrize("day", ["2025-06-10", "2025-09-05", "2026-08-16", "2026-10-01", "2026-10-20", "2026-11-23"])
def test_slots_hold_one_price(catalog: Catalog, day: str) -> None:
    """The spans a rollup folds by: they cover the day, and minute by minute no price differs from the slot's own."""
    start = datetime.fromisoformat(day)
    slots = catalog.slots(start, start)
    assert [slot.start for slot in slots] == [start, *(slot.end for slot in slots[:-1])]
    assert slots[-1].end == start + timedelta(days=1)
    names = ("deepseek-v4-pro", "deepseek-reasoner", "mistral-large-4", "deepseek-chat")
    for minute in range(0, 24 * 60, 5):
        at = start + timedelta(minutes=minute)
        (slot,) = (slot for slot in slots if slot.start <= at < slot.end)
        for name in names:
            now, then = (
                quote(catalog, name, {"input_tokens": 1000}, Conditions(t)).cost_usd for t in (at, slot.priced_at)
            )
            assert now == then, (name, at, slot)
