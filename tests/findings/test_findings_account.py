"""Allowances and promises of an account, by hand: 14 dollars a thousand searches, of which some are free."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from builders import catalog_of, cell, evidence

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.findings import account

TEXT = """
seller: own
kind: provider
quotas:
  - {unit: web_search, free: 100, per: month, models: ["seek*"], source: the page}
  - {unit: web_search, free: 10, per: day, models: ["daily*"], source: the page}
commitments:
  - {usd_per_month: 1000, valid_from: 2026-10-01T00:00:00Z, source: the contract}
models:
  - sku: seek-1
    model: own/seek-1
    prices:
      - valid_from: 2020-01-01T00:00:00Z
        source: t
        usd_per_million: {input: 1, output: 1}
        usd_each: {web_search: 0.014}
  - sku: seek-2
    model: own/seek-2
    prices:
      - valid_from: 2020-01-01T00:00:00Z
        source: t
        usd_per_million: {input: 1, output: 1}
        usd_each: {web_search: 0.035}
  - sku: daily-1
    model: own/daily-1
    prices:
      - valid_from: 2020-01-01T00:00:00Z
        source: t
        usd_per_million: {input: 1, output: 1}
        usd_each: {web_search: 0.01}
"""


def found(tmp_path: Path, *cells: dict[str, Any]) -> account.Account:
    catalog: Catalog = catalog_of(tmp_path, TEXT)
    return account.find(evidence(catalog, *(cell(has_searches=True, **keys) for keys in cells)))


def test_the_first_of_a_month_are_free(tmp_path: Path) -> None:
    """60 on the first day and 40 of the second day's 80 are free: 100 x 0.014."""
    first = {"model": "own/seek-1", "web_searches": 60, "day": date(2026, 9, 1)}
    second = {"model": "own/seek-1", "web_searches": 80, "day": date(2026, 9, 2)}
    (row,) = found(tmp_path, second, first).rows
    assert (row.kind, row.unit, row.period, row.used, row.limit) == ("free", "web_search", "2026-09", 140, 100)
    assert row.low_usd == row.high_usd == Decimal("-1.4")


def test_a_day_does_not_say_which_came_first(tmp_path: Path) -> None:
    """Free are 100 of 80 + 80 of one day: 80 dear and 20 cheap ones at most, 80 cheap and 20 dear ones at least."""
    day = date(2026, 9, 1)
    cheap = {"model": "own/seek-1", "web_searches": 80, "day": day}
    dear = {"model": "own/seek-2", "web_searches": 80, "day": day}
    (row,) = found(tmp_path, cheap, dear).rows
    assert row.low_usd == -(80 * Decimal("0.035") + 20 * Decimal("0.014"))
    assert row.high_usd == -(80 * Decimal("0.014") + 20 * Decimal("0.035"))


def test_days_and_months_count_apart(tmp_path: Path) -> None:
    days = [{"model": "own/daily-1", "web_searches": 15, "day": date(2026, 9, day)} for day in (1, 2)]
    rows = found(tmp_path, *days).rows
    assert [(row.period, row.high_usd) for row in rows] == [
        ("2026-09-01", Decimal("-0.1")),
        ("2026-09-02", Decimal("-0.1")),
    ]


def test_committed_spend_that_was_not_reached(tmp_path: Path) -> None:
    """Of 1,000 promised dollars 300 were spent in October; September was before the contract."""
    october = {"model": "own/seek-1", "billed": "300", "day": date(2026, 10, 5)}
    september = {"model": "own/seek-1", "billed": "10", "day": date(2026, 9, 5)}
    result = found(tmp_path, october, september)
    (row,) = result.rows
    assert (row.kind, row.period, row.used, row.low_usd, row.high_usd) == ("shortfall", "2026-10", 300, 0, 700)
    assert (result.low_usd, result.high_usd) == (0, 700)


def test_nothing_to_say_without_either(catalog: Catalog) -> None:
    assert account.find(evidence(catalog, cell(tokens=1_000_000))) == account.Account([], Decimal(0), Decimal(0))


GATEWAY = """
seller: till
kind: gateway
hosts: [till.example]
fees:
  - {kind: topup_pct, pct: 5, applies_to: credit, as_of: "2026", source: t, verified: claim, base: added}
models: []
"""


def test_what_a_gateway_bills_fulfils_no_promise_to_the_maker(tmp_path: Path) -> None:
    """300 dollars went to the maker and 600 to a gateway that sells credit: 700 of 1,000 are missing, not 100."""
    files = [tmp_path / "own.yaml", tmp_path / "till.yaml"]
    for file, text in zip(files, (TEXT, GATEWAY), strict=True):
        file.write_text(text)
    cells = [
        cell(model="own/seek-1", tokens=300_000_000, day=date(2026, 10, 3)),
        cell(model="own/seek-1", tokens=600_000_000, day=date(2026, 10, 3), gateway="till"),
    ]
    rows = account.find(evidence(load_catalog(files), *cells)).rows
    assert [(row.kind, row.period, row.used, row.high_usd) for row in rows] == [("shortfall", "2026-10", 300, 700)]


def test_a_month_without_a_request_between_two_with_some_is_missed_whole(tmp_path: Path) -> None:
    days = [{"model": "own/seek-1", "tokens": 400_000_000, "day": day} for day in (date(2026, 11, 5), date(2027, 1, 5))]
    rows = found(tmp_path, *days).rows
    assert [(row.period, row.used, row.high_usd) for row in rows] == [
        ("2026-11", 400, 600),
        ("2026-12", 0, 1000),
        ("2027-01", 400, 600),
    ]
