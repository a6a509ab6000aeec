"""Charts as plotly figures: nothing lies outside, days are days, colours are the page's."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta

import plotly.graph_objects as go
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmaudit.report import charts, plane_charts, shadow_charts
from llmaudit.report.chart_style import color
from llmaudit.report.colors import DARK, LIGHT

CALM = settings(suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no finding."""

AMOUNTS = st.lists(st.floats(min_value=-4e7, max_value=4e7, allow_subnormal=False), min_size=1, max_size=12)
TIMES = st.lists(st.tuples(*[st.floats(min_value=1e-3, max_value=1e5)] * 2), min_size=1, max_size=12)


def names(count: int) -> list[str]:
    return [f"row {n}" for n in range(count)]


@CALM
@given(AMOUNTS)
def test_every_bar_is_in_the_picture_and_zero_too(amounts):
    bars = [charts.Bar(row, amount, "") for row, amount in enumerate(amounts)]
    drawn = charts.rows(names(len(bars)), names(len(bars)), [charts.Series("", "accent", bars)])
    low, high = drawn["layout"]["xaxis"]["range"]
    assert low <= min(0, *amounts)
    assert high > max(0, *amounts)
    last, first = drawn["layout"]["yaxis"]["range"]
    assert first < 0 <= len(bars) - 1 < last


@CALM
@given(TIMES)
def test_a_logarithmic_axis_holds_its_values(pairs):
    ranges = [(min(pair), max(pair)) for pair in pairs]
    axis = charts.spans(names(len(ranges)), names(len(ranges)), ranges, [], log=True)["layout"]["xaxis"]
    low, high = axis["range"]
    assert axis["type"] == "log"
    assert all(low < math.log10(end) < high for pair in ranges for end in pair)


def test_bars_of_two_lanes_do_not_touch():
    series = [charts.Series("", "accent", [charts.Bar(0, 1.0, "")], lane=lane) for lane in (0, 1)]
    upper, lower = charts.rows(["one"], ["1"], series)["data"]
    assert upper["y"][0] + upper["width"] / 2 < lower["y"][0] - lower["width"] / 2


def test_a_bar_that_is_not_zero_can_be_seen():
    bars = [charts.Bar(0, 1e6, ""), charts.Bar(1, 0.01, ""), charts.Bar(2, 0.0, "")]
    (trace,) = charts.rows(names(3), names(3), [charts.Series("", "accent", bars)])["data"]
    assert trace["marker"]["line"]["width"] == [1, 1, 0]


@pytest.mark.parametrize(
    ("first", "count", "texts"),
    [
        (date(2026, 12, 30), 4, ["30 Dec<br>2026", "31 Dec", "1 Jan<br>2027", "2 Jan"]),
        (date(2026, 10, 1), 1, ["1 Oct<br>2026"]),
        (date(2026, 10, 1), 31, ["1 Oct<br>2026", "8 Oct", "15 Oct", "22 Oct", "29 Oct"]),
    ],
)
def test_marked_days_are_whole_and_the_year_stands_where_it_is_new(first, count, texts):
    days = [first + timedelta(days=n) for n in range(count)]
    axis = plane_charts.columns(days, [(1.0, "")] * count)["layout"]["xaxis"]
    assert axis["ticktext"] == texts
    assert set(axis["tickvals"]) <= {day.isoformat() for day in days}


def test_a_shadow_test_s_charts_show_the_margin_and_the_boundary():
    forest = shadow_charts.forest(["all"], ["loss"], [(-3.0, -2.0, -1.0)], 1.0, ["x"])
    zero, margin = forest["layout"]["shapes"]
    assert (zero["x0"], margin["x0"], margin["name"], margin["showlegend"]) == (0.0, -1.0, "margin", True)
    boundary, statistic = shadow_charts.sequence(["10-01", "10-02"], [1.0, 2.0], [9.0, 2.5], ["a", "b"])["data"]
    assert boundary["y"] == [4.5, 2.5]  # the first is cut off, or it would flatten the rest; its hover has it
    assert boundary["hovertext"] == ["boundary 9.00", "boundary 2.50"]
    assert statistic["y"] == [1.0, 2.0]
    go.Figure(forest)


def test_colours_are_the_page_s():
    assert set(LIGHT) == set(DARK)
    assert color("accent") == "var(--accent)"
    assert all(re.fullmatch(r"#[0-9A-F]{6}([0-9A-F]{2})?", one) for one in (*LIGHT.values(), *DARK.values()))
    with pytest.raises(KeyError):
        color("mauve")
