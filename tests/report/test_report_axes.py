"""Axes: values keep their order and stay inside, marks are round, few, and say the value they stand at."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmaudit.report.axes import day_ticks, scale_of, ticks_of

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no finding."""

AMOUNTS = st.lists(st.floats(min_value=-4e7, max_value=4e7, allow_nan=False), min_size=1, max_size=20)
TIMES = st.lists(st.floats(min_value=1e-3, max_value=1e5), min_size=1, max_size=20)
SIZES = {"K": 10**3, "M": 10**6, "B": 10**9}


def said(text: str) -> float:
    """Read a mark back."""
    number = text.replace("$", "")
    size = SIZES.get(number[-1], 1)
    return float(Decimal(number.rstrip("KMB")) * size)


@CALM
@given(AMOUNTS)
def test_every_value_has_a_place_and_the_order_is_kept(values):
    scale = scale_of([0.0, *values])
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)


@CALM
@given(AMOUNTS)
def test_marks_are_few_evenly_spaced_and_say_where_they_stand(values):
    ticks = ticks_of(scale_of([0.0, *values]), "$")
    assert 2 <= len(ticks) <= 7
    for tick in ticks:
        assert said(tick.text) == pytest.approx(tick.at, rel=1e-3, abs=1e-12)
    steps = [after.at - before.at for before, after in pairwise(ticks)]
    assert all(step == pytest.approx(steps[0]) for step in steps)


@CALM
@given(TIMES)
def test_a_logarithmic_axis_holds_its_values(values):
    scale = scale_of(values, log=True)
    assert all(0 < scale.at(value) < 1 for value in values)
    assert all(scale.low <= tick.at <= scale.high for tick in ticks_of(scale, " s"))


@pytest.mark.parametrize(
    ("high", "text"),
    [("0.000004", "$0.000004"), ("3", "$3"), ("9000", "$8000"), ("40000000", "$40M"), ("52000", "$50K")],
)
def test_amounts_of_any_size_can_be_read(high, text):
    assert ticks_of(scale_of([0.0, float(high)]), "$")[-1].text == text


def test_losses_have_their_sign_before_the_dollar():
    assert [tick.text for tick in ticks_of(scale_of([-20.0, 20.0]), "$")] == ["-$20", "-$10", "$0", "$10", "$20"]


def test_days_are_whole_and_the_year_stands_where_it_is_new():
    ticks = day_ticks(date(2026, 12, 30), date(2027, 1, 2))
    assert [tick.text for tick in ticks] == ["30 Dec 2026", "31 Dec", "1 Jan 2027", "2 Jan"]
    assert len(day_ticks(date(2026, 1, 1), date(2026, 12, 31))) <= 5
