"""Values to text: parts add up to the total shown under them, the rest is folded, unknown is said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmaudit.report.content import Column, Kind, Table
from llmaudit.report.grid import grid

CALM = settings(suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no finding."""

NAME = Column("Model", Kind.NAME)
COLUMNS = (NAME, Column("Requests", Kind.COUNT), Column("Spend", Kind.MONEY))


def money(text: str) -> Decimal:
    """Read a shown amount back; `<$0.01` counts as nothing."""
    return Decimal(0) if text[0] in "<>" else Decimal(text.replace("$", "").replace(",", ""))


def table(*amounts: str | None, **rest) -> Table:
    rows = tuple((f"m{i}", 1, None if amount is None else Decimal(amount)) for i, amount in enumerate(amounts))
    return Table("t", COLUMNS, rows, **rest)


def test_thirds_add_up_to_the_total():
    shown = grid(table("0.3333", "0.3333", "0.3334", "9"))
    assert sum(money(row[2]) for row in shown.rows) == money(shown.foot[2]) == Decimal("10.00")


@CALM
@given(st.lists(st.decimals(min_value=-100, max_value=10_000, places=12), min_size=2, max_size=40))
def test_any_parts_add_up_to_the_total(amounts):
    shown = grid(table(*(str(amount) for amount in amounts)))
    assert sum(money(row[2]) for row in shown.rows) == money(shown.foot[2])


def test_a_long_breakdown_is_folded_and_still_adds_up():
    shown = grid(table(*["1.005"] * 20))
    assert len(shown.rows) == 13
    assert shown.rows[-1][:2] == ("other (8)", "8")
    assert sum(money(row[2]) for row in shown.rows) == money(shown.foot[2]) == Decimal("20.10")


@CALM
@given(st.lists(st.decimals(min_value=0, max_value=100, places=6), min_size=3, max_size=30), st.integers(1, 12))
def test_a_row_says_the_same_cent_however_many_rows_are_shown(amounts, limit):
    """A chart of six bars and the table under it, the page and the Markdown: one rounding, and it still adds up."""
    whole = table(*(str(amount) for amount in amounts))
    full, few = grid(whole), grid(whole, limit)
    kept = len(few.rows) - (few.rows[-1][0] != full.rows[len(few.rows) - 1][0])
    assert few.rows[:kept] == full.rows[:kept]
    assert few.foot == full.foot
    assert sum(money(row[2]) for row in few.rows) == money(few.foot[2])


def test_amounts_that_are_not_added_have_the_decimals_of_their_column():
    columns = (NAME, Column("Low", Kind.MONEY, adds=False))
    shown = grid(Table("t", columns, (("a", Decimal("0.00425")), ("b", Decimal("7.41")), ("c", None)), total=None))
    assert [row[1] for row in shown.rows] == ["<$0.01", "$7.41", "unknown"]


def test_nothing_is_two_decimals_in_a_column_of_four():
    assert [row[2] for row in grid(table("0.0123", "0", "0.1")).rows] == ["$0.0123", "$0.00", "$0.1000"]


def test_one_row_too_many_is_shown_rather_than_folded():
    assert len(grid(table(*["1"] * 13)).rows) == 13


def test_a_table_of_no_whole_is_neither_folded_nor_summed():
    shown = grid(table(*["1"] * 20, total=None))
    assert len(shown.rows) == 20
    assert shown.foot is None


def test_unknown_is_not_zero():
    shown = grid(table(None, "2"))
    assert [row[2] for row in shown.rows] == ["unknown", "$2.00"]
    assert grid(table(None, None)).foot[2] == "unknown"


def test_small_is_not_free():
    assert [row[2] for row in grid(table("0.0001", "5", "0")).rows] == ["<$0.01", "$5.00", "$0.00"]


def test_a_column_below_a_dollar_has_more_decimals():
    shown = grid(table("0.0123", "0.1"))
    assert [row[2] for row in shown.rows] == ["$0.0123", "$0.1000"]


def test_shares_add_up_to_a_hundred():
    columns = (NAME, Column("Of spend", Kind.SHARE))
    shown = grid(Table("t", columns, tuple((f"m{i}", 100 / 3) for i in range(3))))
    assert [row[1] for row in shown.rows] == ["33.4%", "33.3%", "33.3%"]
    assert shown.foot[1] == "100.0%"


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Kind.NAME, None, "not attributed"),
        (Kind.NAME, "a\u202eb\n", "a\\u202eb\\n"),
        (Kind.UNIT, Decimal("0.0000123"), "$0.0000123"),
        (Kind.PERCENT, 0.01, "<0.1%"),
        (Kind.PERCENT, None, "unknown"),
        (Kind.SIGNED, -0.001, "0.00%"),
        (Kind.SIGNED, 10.0, "+10.00%"),
        (Kind.COUNT, 1234567, "1,234,567"),
        (Kind.MILLISECONDS, 1234, "1,234"),
        (Kind.MONEY, "no data", "no data"),
    ],
)
def test_a_cell(kind, value, text):
    shown = grid(Table("t", (NAME, Column("x", kind)), (("m", value),), total=None))
    assert shown.rows[0][1] == text
