"""Paybacks by hand: every amount is worked out in the test."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from builders import cell, plan_of, priced
from hypothesis import given
from hypothesis import strategies as st
from running import Run

from llmaudit.catalog import Catalog
from llmaudit.errors import InputError
from llmaudit.money import total
from llmaudit.plans import evaluate
from llmaudit.plans.payback import MONTH_DAYS, Saving, payback, savings_of, scenarios
from llmaudit.plans.payback_file import Assumptions, load_assumptions
from llmaudit.yamlfile import parse_yaml

PLAIN = """
engineer_week_usd: 4000
months: 24
every_way: {sdk_migration_weeks: 1, prompt_tuning_weeks: 0.5, eval_runs_usd: 500, monitoring_usd_per_month: 100}
ways:
  - {name: build, weeks: 6, engineers: 2, upkeep_weeks_per_month: 0.5}
  - {name: marked-up, fee_pct: 5, subscription_usd_per_month: 50}
  - {name: zero}
"""


def assumptions(text: str = PLAIN, extra: str = "") -> Assumptions:
    return parse_yaml((text + extra).encode(), Assumptions, name="p.yaml", what="payback file")


def same(saving: str, spend: str) -> dict[str, Saving]:
    one = Saving(saving_usd=Decimal(saving), spend_usd=Decimal(spend))
    return {"best": one, "expected": one, "worst": one}


def test_three_ways_by_hand():
    """$10,000 saved a month, $20,000 still spent.

    Build: 2 x 6 weeks + 1.5 weeks = 13.5 x 4,000 + 500 = 54,500 before; 10,000 - 2,000 - 100 = 7,900 a month, so
    54,500 / 7,900 = 6.9: month 7. Marked up: 6,500 before; 10,000 - 1,000 - 50 - 100 = 8,850: month 1. Zero: 9,900.
    """
    build, marked, zero = payback(same("10000", "20000"), assumptions())
    assert (build.expected.one_time_usd, build.expected.first_month_usd) == (54_500, 7_900)
    assert build.expected.break_even_month == 7
    assert build.expected.after_12_usd == 12 * 7_900 - 54_500 == 40_300
    assert build.expected.after_all_usd == 24 * 7_900 - 54_500
    assert (marked.expected.one_time_usd, marked.expected.first_month_usd) == (6_500, 8_850)
    assert (marked.expected.break_even_month, zero.expected.first_month_usd) == (1, 9_900)
    for way in (build, marked, zero):
        assert total(way.parts.values()) == way.expected.one_time_usd
        assert way.best == way.expected == way.worst
        assert way.expected.first_month_usd == 10_000 - total(way.running.values())


def test_a_month_that_pays_back_exactly_counts():
    """6,500 before, 650 a month: paid back at the end of month 10, not of 11."""
    (_, _, zero) = payback(same("750", "0"), assumptions())
    assert zero.expected.break_even_month == 10


def test_what_never_pays_back_has_no_month():
    (build, _, zero) = payback(same("100", "0"), assumptions())
    assert (build.expected.break_even_month, zero.expected.break_even_month) == (None, None)
    assert zero.expected.after_all_usd == -6_500


def test_growth_and_falling_prices_by_hand():
    """Growth of 10% a month: 1,000, 1,100, 1,210 less 100 each: 900, 1,900, 3,010 … Prices that fall by 19% a year.

    After twelve months the factor is 0.81, so month 13 saves 810.
    """
    text = PLAIN.replace("months: 24", "months: 3\ngrowth_pct_per_month: 10")
    (_, _, zero) = payback(same("1000", "0"), assumptions(text))
    assert zero.expected.after_all_usd == 900 + 1_000 + 1_110 - 6_500
    text = PLAIN.replace("months: 24", "months: 13\nprice_drop_pct_per_year: 19")
    thirteen = payback(same("1000", "0"), assumptions(text))[2].expected.after_all_usd
    twelve = payback(same("1000", "0"), assumptions(text.replace("13", "12")))[2].expected.after_all_usd
    assert round(thirteen - twelve, 12) == 810 - 100


def test_scenarios_stand_for_both_ends():
    text = PLAIN.replace("months: 24", "months: 12\ngrowth_pct_per_month: {low: 0, expected: 0, high: 5}")
    rows = scenarios(same("1000", "0"), assumptions(text))
    assert [(row.way, row.growth_pct_per_month) for row in rows][:3] == [("build", 0), ("build", 5), ("marked-up", 0)]
    by_growth = {row.growth_pct_per_month: row.after_all_usd for row in rows if row.way == "zero"}
    assert by_growth[Decimal(5)] > by_growth[Decimal(0)] == 12 * 900 - 6_500


@given(st.decimals(0, 100_000, places=2), st.decimals(0, 100_000, places=2))
def test_best_is_never_worse_than_worst(saving: Decimal, spend: Decimal):
    for way in payback(same(str(saving), str(spend)), load_assumptions()):
        assert way.best.one_time_usd <= way.expected.one_time_usd <= way.worst.one_time_usd
        assert way.best.first_month_usd >= way.expected.first_month_usd >= way.worst.first_month_usd
        months = [one.break_even_month or 10_000 for one in (way.best, way.expected, way.worst)]
        assert saving * 100 < spend * 15 or months == sorted(months)


def test_savings_of_a_month(catalog: Catalog):
    """7 to 0.5 dollars per million: two cells of a million tokens save 6.5 each in ten days; one is certified."""
    cells = priced(catalog, cell(tier=0, tokens=1_000_000), cell(tier=1, tokens=1_000_000))
    plan = plan_of("name: p\nrules:\n  - {when: {tier: [0, 1]}, use: example/budget-0.5}\n")
    cost = evaluate(plan, cells, catalog, frozenset({(0, "example/flagship-7", "example/budget-0.5")}))
    month = MONTH_DAYS / 10
    whole, certified = savings_of(cost, 10), savings_of(cost, 10, certified_only=True)
    assert (whole["expected"].saving_usd, whole["expected"].spend_usd) == (13 * month, 1 * month)
    assert (certified["expected"].saving_usd, certified["expected"].spend_usd) == (
        Decimal("6.5") * month,
        Decimal("7.5") * month,
    )
    assert whole["best"].saving_usd >= whole["expected"].saving_usd >= whole["worst"].saving_usd


@pytest.mark.parametrize("line", ["engineer_week_usd: -1", "engineer_week_usd: {low: 3, expected: 2, high: 4}"])
def test_figures_that_cannot_be_meant_are_refused(tmp_path: Path, line: str):
    file = tmp_path / "p.yaml"
    file.write_text(f"{line}\nways: [{{name: a}}]\n")
    with pytest.raises(InputError, match="engineer_week_usd"):
        load_assumptions(file)


def test_the_command_takes_flags(call: Run, small_db: Path):
    arguments = ("plan", "payback", "--db", small_db, "--days", "30", "--json")
    found = call(*arguments, "--engineer-week", "1000", "--weeks", "3,4,5", "--months", "12").json
    build = found["ways"][0]
    assert build["parts"]["building"] == "8000.000000", "4 weeks of two engineers"
    assert Decimal(build["best"]["one_time_usd"]) < Decimal(build["worst"]["one_time_usd"])
    assert found["assumptions"]["months"] == 12
    assert call(*arguments, "--growth", "much").code == 2
