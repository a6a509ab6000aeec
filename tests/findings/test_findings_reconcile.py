"""Bills against logs with a planted truth. On the days used gpt-4.1 costs $2 a million in, $0.50 cached, $8 out."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from builders import cell, evidence
from hypothesis import given
from hypothesis import strategies as st

from llmaudit.catalog import Catalog
from llmaudit.evidence import BillSum
from llmaudit.findings import reconcile
from llmaudit.findings.reconcile import Row
from llmaudit.period import Period
from llmaudit.report.content import Table
from llmaudit.report.sections.reconcile import build, in_all

MODEL = "openai/gpt-4.1"
FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)


def line(billed: str | None, *, tokens: int | None = None, kind: str | None = "input", **rest: Any) -> BillSum:
    plain: dict[str, Any] = {"bill": "openai_costs", "seller": "openai", "day": FIRST, "model": "gpt-4.1"}
    return BillSum(
        **(plain | {"token_kind": kind, "currency": "USD"} | rest),
        billed=None if billed is None else Decimal(billed),
        tokens=None if tokens is None else Decimal(tokens),
    )


def only(found: reconcile.Reconcile) -> Row:
    assert len(found.rows) == 1
    return found.rows[0]


def causes(row: Row) -> dict[str, str]:
    assert sum((cause.usd for cause in row.causes), Decimal(0)) == row.difference_usd
    return {cause.cause: f"{cause.usd.normalize():f}" for cause in row.causes}


def test_a_bill_at_list_agrees(catalog: Catalog):
    found = only(
        reconcile.find(evidence(catalog, cell(model=MODEL, tokens=1_000_000), bills=[line("2", tokens=1_000_000)]))
    )
    assert (found.verdict, found.billed_usd, found.logged_usd, found.coverage_pct) == ("agrees", 2, 2, 100.0)
    assert causes(found) == {}


def test_prepaid_usage_in_another_currency_is_in_the_effective_cost_at_the_bills_rate(catalog: Catalog):
    """9.20 euros at 0.92 for a dollar are 10 dollars; 3 more are in dollars."""
    bills = [
        line("0", tokens=1, currency="EUR", per_usd=Decimal("0.92"), effective=Decimal("9.20")),
        line("0", tokens=1, effective=Decimal(3)),
    ]
    assert only(reconcile.find(evidence(catalog, bills=bills))).effective_usd == Decimal(13)


def test_searches_that_were_logged_are_no_other_charge_and_no_lower_price(catalog: Catalog):
    """100 searches at a cent stand in a line of their own on the bill, and in the cost of the logged requests."""
    logged = cell(model="anthropic/claude-opus-5", tokens=1_000_000, web_searches=100, has_searches=True)
    told: dict[str, Any] = {"bill": "anthropic_costs", "seller": "anthropic", "model": "claude-opus-5"}
    tokens = line("5", tokens=1_000_000, **told)  # 5 dollars a million

    def searched(usd: str) -> dict[str, str]:
        bills = [tokens, line(usd, kind="other", **told | {"model": None})]
        return causes(only(reconcile.find(evidence(catalog, logged, bills=bills))))

    assert searched("1") == {}
    assert searched("1.5") == {"other_charges": "0.5"}  # 50 searches that are in no log


def test_a_log_that_lacks_a_quarter_of_the_tokens_is_no_overcharge(catalog: Catalog):
    bills = [line("8", tokens=4_000_000)]
    found = only(reconcile.find(evidence(catalog, cell(model=MODEL, tokens=3_000_000), bills=bills)))
    assert (found.verdict, found.coverage_pct, found.coverage_by) == ("log-incomplete", 75.0, "tokens")
    assert causes(found) == {"tokens_not_in_log": "2"}  # 1 million of 4 for 8 dollars


def test_a_price_ten_percent_over_list_is_the_price_and_nothing_else(catalog: Catalog):
    bills = [line("2.2", tokens=1_000_000), line("0.88", tokens=100_000, kind="output")]
    logged = cell(model=MODEL, counters=(1_000_000, 0, 0, 0, 0, 100_000))
    found = only(reconcile.find(evidence(catalog, logged, bills=bills)))
    assert found.verdict == "differs"
    assert causes(found) == {"price": "0.28"}  # 3.08 billed, 2 + 0.8 at list


def test_days_models_names_and_charges_are_told_apart(catalog: Catalog):
    cells = [
        cell(model=MODEL, tokens=1_000_000),
        cell(model="openai/gpt-4.1-mini", tokens=1_000_000),  # 0.40 a million; on no bill
        cell(model=MODEL, tokens=500_000, day=date(2026, 10, 3)),  # 1 dollar on a day the bill does not have
        cell(model="openai/nothing-9", tokens=7, sku=None, unresolved="unknown-model"),
    ]
    bills = [
        line("2", tokens=1_000_000),
        line("5", tokens=1, day=SECOND),
        line("3", tokens=1, model="gpt-4o"),
        line("4", tokens=1, model="A Model Of Ours"),
        line("0.5", kind="other", model=None),
        line("1.9", kind=None, category="Tax", model=None),
        line("-2", kind=None, category="Credit", model=None),
        line("100", kind=None, category="Purchase", model=None),
    ]
    found = only(reconcile.find(evidence(catalog, *cells, bills=bills)))
    assert causes(found) == {
        "days_not_in_log": "5",
        "models_not_in_log": "3",
        "names_not_known": "4",
        "days_not_on_bill": "-1",
        "models_not_on_bill": "-0.4",
        "other_charges": "0.5",
        "prepayments_and_fees": "100",
        "credits_and_corrections": "-2",
        "tax": "1.9",
    }
    assert found.unpriced_requests == 1


@pytest.mark.parametrize("category", ["Purchase", "Subscription", "Fee", "Per request"])
def test_a_statement_of_purchases_measures_no_usage(catalog: Catalog, category: str):
    """100 dollars of credit against 2 dollars of requests: neither an overcharge nor a log that is complete."""
    bills = [line("100", kind=None, category=category, model=None)]
    found = only(reconcile.find(evidence(catalog, cell(model=MODEL, tokens=1_000_000), bills=bills)))
    assert (found.verdict, found.coverage_pct, found.has_usage) == ("not-comparable", None, False)
    assert (found.billed_usd, found.logged_usd, found.difference_usd) == (100, 2, 98)
    assert causes(found) == {"prepayments_and_fees": "100", "models_not_on_bill": "-2"}
    assert reconcile.NO_USAGE in found.notes


def test_purchases_are_added_to_no_bill_of_usage(catalog: Catalog):
    """2 dollars of usage at one seller, 100 of credit at another: the bills add up to 2, the credit stands apart."""
    bills = [line("2", tokens=1_000_000), line("100", kind=None, category="Purchase", model=None, seller="openrouter")]
    found = reconcile.find(evidence(catalog, cell(model=MODEL, tokens=1_000_000), bills=bills))
    usage, bought = [block for block in build(found).blocks if isinstance(block, Table)][:2]
    assert ([row[3] for row in usage.rows], usage.total) == ([2], "Total")
    assert [row[2] for row in bought.rows] == [100]
    assert in_all(found.rows) == "1 bill charges $2.00. $100.00 was paid for credit and fees, which is in no other sum."


def test_quantities_come_from_the_usage_export_where_the_bill_has_none(catalog: Catalog):
    bills = [line("8"), line(None, tokens=4_000_000, bill="openai_usage", currency=None)]
    found = only(reconcile.find(evidence(catalog, cell(model=MODEL, tokens=3_000_000), bills=bills)))
    assert causes(found) == {"tokens_not_in_log": "2"}
    without = only(reconcile.find(evidence(catalog, cell(model=MODEL, tokens=3_000_000), bills=bills[:1])))
    assert causes(without) == {"price_or_tokens": "2"}
    assert (without.coverage_pct, without.coverage_by) == (100.0, "days")


def test_amounts_in_the_log_that_are_not_list_are_a_cause_of_their_own(catalog: Catalog):
    logged = cell(model=MODEL, tokens=1_000_000, billed="1.5")
    found = only(reconcile.find(evidence(catalog, logged, bills=[line("2.2", tokens=1_000_000)])))
    assert causes(found) == {"log_amounts": "0.5", "price": "0.2"}  # list 2 - 1.5, billed 2.2 - list 2


def test_a_bill_that_displays_a_name_without_the_date_of_its_snapshot_is_of_that_model(catalog: Catalog):
    logged = cell(model="anthropic/claude-sonnet-4-5-20250929", tokens=1_000_000)  # 3 dollars a million
    bills = [line("3.3", seller="anthropic", model="Claude Sonnet 4.5", tokens=1_000_000)]
    assert causes(only(reconcile.find(evidence(catalog, logged, bills=bills)))) == {"price": "0.3"}


def test_two_exports_of_one_month_are_not_added_up(catalog: Catalog):
    bills = [line("2", tokens=1_000_000), line("5", tokens=1, day=SECOND), line("2", bill="openai_costs_csv")]
    found = only(reconcile.find(evidence(catalog, cell(model=MODEL, tokens=1_000_000), bills=bills)))
    assert found.billed_usd == 7
    assert [(other.bill, other.billed_usd) for other in found.other_bills] == [("openai_costs_csv", 2)]


def test_what_a_gateway_reckons_for_a_seller_is_no_bill_beside_the_sellers_own(catalog: Catalog):
    own, reckoned = (
        line("2", tokens=1_000_000),
        [line("9", tokens=1, day=date(2026, 10, day), bill="litellm_daily", issuer="litellm") for day in (1, 2, 3)],
    )
    found = only(reconcile.find(evidence(catalog, cell(model=MODEL, tokens=1_000_000), bills=[own, *reckoned])))
    assert (found.bill, found.billed_usd) == ("openai_costs", 2)
    assert only(reconcile.find(evidence(catalog, bills=reckoned))).billed_usd == 27


def test_another_currency_is_converted_at_the_bills_own_rate_or_not_at_all(catalog: Catalog):
    euros = [line("1.84", tokens=1_000_000, currency="EUR", per_usd=Decimal("0.92"))]
    found = only(reconcile.find(evidence(catalog, cell(model=MODEL, tokens=1_000_000), bills=euros)))
    assert (found.billed_usd, found.verdict, len(found.notes)) == (2, "agrees", 1)
    bare = only(reconcile.find(evidence(catalog, bills=[line("1.84", tokens=1, currency="EUR")])))
    assert (bare.verdict, bare.billed_usd, bare.other_amounts) == ("not-comparable", None, {"EUR": "1.84"})
    assert bare.has_usage  # in euros: it is a bill of usage, and not one of credit and fees


def test_a_bill_that_is_in_dollars_in_part_is_compared_with_nothing_but_an_invoice(catalog: Catalog):
    """$2 and 1,840 euros were billed for what cost $2,000 at list: $2 against $2,000 would be no comparison."""
    logged = cell(model=MODEL, tokens=1_000_000_000)
    known = evidence(catalog, logged, bills=[line("2", tokens=1), line("1840", tokens=1, currency="EUR")])
    found = reconcile.find(known)
    row = only(found)
    assert (row.verdict, row.billed_usd, row.difference_usd, row.coverage_pct) == ("not-comparable", 2, None, None)
    assert in_all(found.rows) == "1 bill charges $2.00 and 1,840.00 EUR without a rate to dollars."
    (told,) = reconcile.foreign_amounts(found.rows)
    assert "1,840.00 EUR" in told
    assert "--official openai=AMOUNT" in told
    invoiced = only(reconcile.find(known, {"openai": Decimal(2000)}))
    assert (invoiced.verdict, invoiced.difference_usd) == ("agrees", 0)
    assert reconcile.foreign_amounts([invoiced]) == []


def test_an_invoice_total_alone_is_compared_by_days(catalog: Catalog):
    month = Period(datetime(2026, 10, 1), datetime(2026, 11, 1))  # noqa: DTZ001 -- naive UTC
    logged = cell(model=MODEL, tokens=1_000_000)
    found = only(reconcile.find(evidence(catalog, logged, period=month), {"openai": Decimal("41.20")}))
    assert (found.month, found.billed_usd, found.bill) == ("2026-10", Decimal("41.20"), "official")
    assert (found.coverage_pct, found.coverage_by, found.verdict) == (round(100 / 31, 2), "days", "log-incomplete")
    assert causes(found) == {"not_itemised": "39.2"}
    both = evidence(catalog, logged, period=month, bills=[line("2", tokens=1_000_000)])
    assert causes(only(reconcile.find(both, {"openai": Decimal("2.5")}))) == {"invoice_beside_lines": "0.5"}


def test_traffic_that_a_gateway_bills_is_not_the_makers(catalog: Catalog):
    through = cell(model=MODEL, tokens=1_000_000, gateway="openrouter", billed="2")
    found = reconcile.find(evidence(catalog, through, bills=[line("2", tokens=1_000_000)]))
    assert only(found).verdict == "no-log"
    assert [(one.seller, one.logged_usd) for one in found.unbilled] == [("openrouter", 2)]


def test_without_bills_there_is_nothing_and_the_report_is_silent(catalog: Catalog):
    found = reconcile.find(evidence(catalog, cell(model=MODEL, tokens=1)))
    assert (found.rows, found.unbilled, build(found).blocks) == ([], [], ())


amounts = st.decimals("0.000001", "5000", places=6)
counts = st.integers(1, 10**9)
kinds = st.sampled_from(["input", "cache_read", "cache_write_5m", "output", "other", None])
models = st.sampled_from(["gpt-4.1", "gpt-4o", "whatever", None])


@given(
    st.lists(st.tuples(amounts, counts, kinds, models, st.integers(1, 4)), min_size=1, max_size=8),
    st.lists(st.tuples(counts, counts, st.sampled_from([MODEL, "openai/gpt-4o"]), st.integers(1, 4)), max_size=6),
)
def test_causes_always_add_up_to_the_difference(catalog: Catalog, lines: list[Any], logged: list[Any]):
    bills = [
        line(str(usd), tokens=tokens, kind=kind, model=model, day=date(2026, 10, day))
        for usd, tokens, kind, model, day in lines
    ]
    cells = [
        cell(model=model, counters=(sent, 0, 0, 0, 0, made), day=date(2026, 10, day))
        for sent, made, model, day in logged
    ]
    row = only(reconcile.find(evidence(catalog, *cells, bills=bills)))
    causes(row)
    assert row.billed_usd == sum((usd for usd, *_ in lines), Decimal(0))
    assert row.coverage_pct is None or 0 <= row.coverage_pct <= 100
