"""Usage exports beside bill and logs with a planted truth. gpt-4.1 costs $2 a million in, $0.50 cached, $8 out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from builders import cell, evidence
from hypothesis import given
from hypothesis import strategies as st

from llmaudit.catalog import Catalog
from llmaudit.evidence import BillSum
from llmaudit.findings import reconcile, spend, usage
from llmaudit.findings.usage import ModelUsage, Row, Usage
from llmaudit.report.sections.usage import build

MODEL = "openai/gpt-4.1"
FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)
MILLION = 1_000_000


def used(tokens: int, kind: str = "input", **rest: Any) -> BillSum:
    plain: dict[str, Any] = {
        "bill": "openai_usage", "seller": "openai", "day": FIRST, "model": "gpt-4.1", "family": "completions",
        "service_tier": "default", "is_batch": False,
    }  # fmt: skip
    return BillSum(**(plain | {"token_kind": kind} | rest), tokens=Decimal(tokens))


def billed(amount: str, **rest: Any) -> BillSum:
    plain: dict[str, Any] = {
        "bill": "openai_costs",
        "seller": "openai",
        "day": FIRST,
        "model": "gpt-4.1",
        "currency": "USD",
    }
    return BillSum(**(plain | {"token_kind": "input"} | rest), billed=Decimal(amount))


def found(catalog: Catalog, *lines: BillSum, cells: Any = ()) -> Usage:
    return usage.find(evidence(catalog, *cells, bills=list(lines)))


def only(catalog: Catalog, *lines: BillSum, cells: Any = ()) -> Row:
    (row,) = found(catalog, *lines, cells=cells).rows
    return row


def model(row: Row, name: str = MODEL) -> ModelUsage:
    return next(one for one in row.by_model if one.model == name)


def causes(row: Row) -> dict[str, str]:
    assert row.bill is not None
    assert sum((cause.usd for cause in row.bill.causes), Decimal(0)) == row.bill.difference_usd
    return {cause.cause: f"{cause.usd.normalize():f}" for cause in row.bill.causes}


def test_without_an_export_there_is_nothing_and_the_report_is_silent(catalog: Catalog):
    assert found(catalog, billed("2")).rows == []
    assert build(found(catalog)).blocks == ()


def test_an_export_alone_is_at_list_by_day_and_model(catalog: Catalog):
    row = only(
        catalog,
        used(3 * MILLION, requests=30),
        used(MILLION, "output"),
        used(MILLION, day=SECOND, model="gpt-4o", requests=5),  # 2.50 a million
        used(9, "output", day=SECOND, model="nobody-9"),
    )
    assert (row.seller, row.month, row.days, row.tokens, row.requests) == ("openai", "2026-10", 2, 5 * MILLION + 9, 35)
    assert (row.list_usd, row.low_usd, row.high_usd, row.unpriced) == (Decimal("16.5"),) * 3 + (9,)  # 6 + 8 + 2.5
    assert [(one.model, one.list_usd) for one in row.by_model] == [
        (MODEL, 14), ("openai/gpt-4o", Decimal("2.5")), ("nobody-9", None),
    ]  # fmt: skip
    assert [(one.day, one.list_usd) for one in row.by_day] == [(FIRST, 14), (SECOND, Decimal("2.5"))]
    assert [(one.day, one.model, one.list_usd) for one in row.by_day_and_model] == [
        (FIRST, MODEL, 14), (SECOND, "nobody-9", None), (SECOND, "openai/gpt-4o", Decimal("2.5")),
    ]  # fmt: skip
    assert [(one.model, one.kind, one.quantity, one.reason) for one in row.unpriced_usage] == [
        ("nobody-9", "output", 9, "unknown-model")
    ]
    assert (row.bill, row.logs) == (None, None)


def test_what_is_not_told_is_named_with_what_would_tell_it(catalog: Catalog):
    row = only(catalog, used(MILLION, is_batch=None))
    assert (row.low_usd, row.list_usd, row.high_usd) == (1, 2, 2)  # batches are at half price
    assert [(one.doubt, one.next_step) for one in row.doubts] == [("batch", "Export usage grouped by batch too.")]


def test_batches_that_are_told_are_in_list_and_named(catalog: Catalog):
    row = only(catalog, used(MILLION), used(MILLION, is_batch=True))
    assert (row.list_usd, model(row).batch_and_tiers_usd) == (3, -1)


@pytest.mark.parametrize(
    ("amount", "rest", "verdict", "cause"),
    [
        ("2", {}, "agrees", {}),
        ("1.8", {}, "below", {"price": "-0.2"}),
        ("1.8", {"listed": Decimal(2)}, "discounted", {"discount": "-0.2"}),
        ("2.4", {}, "above", {"price": "0.4"}),
    ],
)
def test_a_bill_is_judged_against_list(catalog: Catalog, amount: str, rest: Any, verdict: str, cause: dict[str, str]):
    row = only(catalog, used(MILLION), billed(amount, **rest))
    told = model(row).bill
    assert told is not None
    assert (told.verdict, told.billed_usd, told.list_usd) == (verdict, Decimal(amount), 2)
    assert causes(row) == cause


def test_a_bill_between_the_bounds_is_explained_by_what_the_export_does_not_tell(catalog: Catalog):
    row = only(catalog, used(MILLION, is_batch=None), billed("1.3"))  # between 1 and 2
    assert model(row).bill.verdict == "not-told-apart"  # type: ignore[union-attr]
    assert causes(row) == {"not_told_apart": "-0.7"}
    under = only(catalog, used(MILLION, is_batch=None), billed("0.7"))
    assert (model(under).bill.verdict, causes(under)) == ("below", {"price": "-1.3"})  # type: ignore[union-attr]


def test_days_models_and_charges_are_told_apart(catalog: Catalog):
    row = only(
        catalog,
        used(MILLION),
        used(MILLION, day=date(2026, 10, 3)),
        used(MILLION, model="gpt-4o"),
        used(5, model="nobody-9"),
        billed("2"),
        billed("7", day=SECOND),
        billed("3", model="gpt-4.1-mini"),
        billed("4", model="A Model Of Ours"),
        billed("0.3", model="nobody-9"),
        billed("0.5", token_kind="other", model="web search tool call"),  # noqa: S106 -- no secret
        billed("-2", token_kind=None, model=None, category="Credit"),
        billed("1", token_kind=None, model=None, category="Tax"),
    )
    assert causes(row) == {
        "days_not_in_usage": "7",
        "days_not_on_bill": "-2",
        "models_not_in_usage": "3",
        "names_not_known": "4",
        "models_not_on_bill": "-2.5",
        "unpriced_usage": "0.3",
        "other_charges": "0.5",
        "credits_and_corrections": "-2",
        "tax": "1",
    }
    assert row.bill is not None
    assert [(one.model, one.billed_usd) for one in row.bill.billed_only] == [
        ("a model of ours", 4),
        ("openai/gpt-4.1-mini", 3),
    ]
    assert model(row, "openai/gpt-4o").bill.verdict == "not-billed"  # type: ignore[union-attr]
    assert model(row, "nobody-9").bill.verdict == "unpriced"  # type: ignore[union-attr]


def test_a_bill_without_models_is_compared_as_a_whole(catalog: Catalog):
    row = only(catalog, used(MILLION), used(MILLION, model="gpt-4o"), billed("4", model=None, token_kind=None))
    assert causes(row) == {"price": "-0.5"}  # list is 2 + 2.5
    assert [one.bill for one in row.by_model] == [None, None]


def test_an_invoice_total_stands_for_the_bill_of_one_month(catalog: Catalog):
    (row,) = usage.find(evidence(catalog, bills=[used(MILLION)]), {"openai": Decimal("1.5")}).rows
    assert row.bill is not None
    assert (row.bill.bill, row.bill.difference_usd) == ("official", Decimal("-0.5"))
    assert causes(row) == {"not_itemised": "-0.5"}
    two_months = [used(MILLION), used(MILLION, day=date(2026, 11, 1))]
    assert [one.bill for one in usage.find(evidence(catalog, bills=two_months), {"openai": Decimal(1)}).rows] == [
        None,
        None,
    ]
    (billed_too,) = usage.find(evidence(catalog, bills=[used(MILLION), billed("2")]), {"openai": Decimal("1.5")}).rows
    assert billed_too.bill.bill == "openai_costs"  # type: ignore[union-attr]


def test_the_logs_cover_a_share_in_tokens_and_in_dollars(catalog: Catalog):
    cells = [
        cell(model=MODEL, counters=(3 * MILLION, 0, 0, 0, 0, 2 * MILLION)),
        cell(model=MODEL, tokens=MILLION, day=date(2026, 10, 9)),  # the export has no such day
        cell(model="openai/gpt-4.1-mini", tokens=MILLION),
    ]
    row = only(catalog, used(4 * MILLION), used(MILLION, "output"), used(MILLION, model="gpt-4o"), cells=cells)
    logs = model(row).logs
    assert logs is not None
    # 3 of 4 million in, 1 of 1 million out (2 are logged): 4 of 5 million tokens, 6 + 8 of 16 dollars
    assert (logs.covered_tokens, logs.coverage_pct, logs.covered_usd, logs.coverage_usd_pct) == (
        4 * MILLION,
        80.0,
        14,
        87.5,
    )
    assert (logs.missing_usd, logs.list_usd) == (2, 22)  # 3 x 2 + 2 x 8 are logged
    assert row.logs is not None
    assert (row.logs.coverage_pct, row.logs.missing_usd) == (66.67, Decimal("4.5"))  # 4 of 6 million; 2 + 2.5
    assert row.logged_only == ["openai/gpt-4.1-mini"]
    assert model(row, "openai/gpt-4o").logs.coverage_pct == 0  # type: ignore[union-attr]


DATED, PLAIN = "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"
ANTHROPIC = {
    "seller": "anthropic",
    "bill": "anthropic_usage",
    "service_tier": "standard",
    "speed": "standard",
    "region": "global",
    "context": "0-200k",
}


def test_a_snapshot_and_its_name_without_a_date_are_one_model(catalog: Catalog):
    row = only(
        catalog,
        used(4 * MILLION, model=DATED, **ANTHROPIC),  # 3 dollars a million
        billed(
            "10.8", seller="anthropic", bill="anthropic_console_costs", model="Claude Sonnet 4.5", listed=Decimal(12)
        ),
        cells=[cell(model=PLAIN, tokens=MILLION)],
    )
    found = model(row, PLAIN)
    assert (found.bill.verdict, found.bill.difference_usd) == ("discounted", Decimal("-1.2"))  # type: ignore[union-attr]
    assert causes(row) == {"discount": "-1.2"}
    assert (found.logs.coverage_pct, row.logged_only) == (25.0, [])  # type: ignore[union-attr]


def test_two_snapshots_are_compared_together_with_a_name_that_may_be_either(catalog: Catalog):
    old, new = used(MILLION, model="gpt-4o-2024-08-06"), used(MILLION, model="gpt-4o-2024-11-20")  # 2.50 each
    row = only(catalog, old, new, billed("5", model="gpt-4o"), cells=[cell(model="openai/gpt-4o", tokens=MILLION)])
    assert causes(row) == {}
    assert [(one.bill, one.logs) for one in row.by_model] == [(None, None), (None, None)]
    assert row.logs.coverage_pct == 50.0  # type: ignore[union-attr]


def test_an_export_without_models_is_covered_as_a_whole(catalog: Catalog):
    cells = [cell(model=MODEL, tokens=MILLION), cell(model="openai/gpt-4o", tokens=MILLION)]
    row = only(catalog, used(4 * MILLION, model=None), cells=cells)
    assert row.logs is not None
    assert (row.logs.coverage_pct, row.logs.coverage_usd_pct, row.logged_only) == (50.0, None, [])
    assert [one.reason for one in row.unpriced_usage] == ["the export does not separate models"]


def test_requests_that_a_gateway_bills_cover_nothing_of_the_makers_export(catalog: Catalog):
    through = cell(model=MODEL, tokens=MILLION, gateway="openrouter", billed="2")
    assert only(catalog, used(MILLION), cells=[through]).logs is None


def test_bill_usage_and_logs_of_one_day_are_three_views_and_no_sum(catalog: Catalog):
    logged, bill, export = cell(model=MODEL, tokens=MILLION), billed("2", tokens=Decimal(MILLION)), used(MILLION)
    without, beside = (evidence(catalog, logged, bills=lines) for lines in ([bill], [bill, export]))
    assert spend.find(without) == spend.find(beside)
    assert reconcile.find(without) == reconcile.find(beside)
    (row,) = usage.find(beside).rows
    assert (row.list_usd, row.bill.billed_usd, row.logs.list_usd) == (2, 2, 2)  # type: ignore[union-attr]
    assert causes(row) == {}


amounts = st.decimals("0.000001", "5000", places=6)
counts = st.integers(1, 10**9)
kinds = st.sampled_from(["input", "cache_read", "output", "input_all", "output_audio"])
models = st.sampled_from(["gpt-4.1", "gpt-4o", "whatever"])
days = st.integers(1, 4)


@given(
    st.lists(st.tuples(counts, kinds, models, days, st.sampled_from([None, True, False])), min_size=1, max_size=8),
    st.lists(
        st.tuples(amounts, st.sampled_from(["input", "output", "other", None]), st.one_of(models, st.none()), days),
        max_size=6,
    ),
)
def test_parts_add_up_to_the_whole(catalog: Catalog, lines: list[Any], bills: list[Any]):
    row = only(
        catalog,
        *(used(n, kind, model=name, day=date(2026, 10, day), is_batch=batch) for n, kind, name, day, batch in lines),
        *(billed(str(usd), token_kind=kind, model=name, day=date(2026, 10, day)) for usd, kind, name, day in bills),
    )
    for parts in (row.by_model, row.by_day, row.by_day_and_model):
        assert sum(part.unpriced for part in parts) == row.unpriced
        for end in ("low_usd", "high_usd"):
            known = [usd for part in parts if (usd := getattr(part, end)) is not None]
            assert sum(known, Decimal(0)) == (getattr(row, end) or 0)
    assert row.low_usd is None or row.low_usd <= (row.list_usd or row.low_usd) <= row.high_usd  # type: ignore[operator]
    if row.bill is not None and row.bill.difference_usd is not None:
        causes(row)
    build(Usage([row]))
