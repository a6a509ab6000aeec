"""The waterfall by arithmetic on cells made by hand, and its promise on random levers: nothing is saved twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from builders import cell, evidence, plan_of, priced
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmaudit.catalog import Catalog
from llmaudit.evidence import Evidence
from llmaudit.findings import waterfall
from llmaudit.levers.base import Lever, LeverResult, LeverRow
from llmaudit.plans import evaluate
from llmaudit.plans.quality import ANY

FLAGSHIP, BUDGET = "example/flagship-7", "example/budget-0.5"
MILLION = 1_000_000
ROUTED = plan_of(f"name: cheaper\nrules:\n  - when: {{tier: [0, 1]}}\n    use: {BUDGET}\n")
CHECKED = plan_of(
    f"name: checked\nrules:\n  - when: {{tier: 0}}\n    use: {BUDGET}\n"
    "  - when: {tier: 3}\n    keep: true\n    verify: {cost_ratio: 0.5}\n"
)


def row(saved: str, low: str | None = None, high: str | None = None, **keys: Any) -> LeverRow:
    plain = {"gateway": None, "model": FLAGSHIP, "tier": 0, "feature": None}
    return LeverRow(
        **(plain | keys),
        requests=1,
        saved_usd=Decimal(saved),
        low_usd=Decimal(low or saved),
        high_usd=Decimal(high or saved),
    )


def lever(name: str, *rows: LeverRow, missing: str | None = None) -> Lever:
    found = LeverResult(rows=list(rows), missing=missing)
    find: Callable[[Evidence], LeverResult] = lambda _: found  # noqa: E731 -- a lever that has already looked
    return Lever(name=name, title=name, order=1, find=find, next_step="do it")


def steps(found: waterfall.Waterfall) -> dict[str, tuple[Decimal | None, Decimal]]:
    return {step.name: (step.saved_usd, step.left_usd) for step in found.steps}


def test_levers_take_their_share_of_what_is_left(catalog: Catalog) -> None:
    """Spend 7: a quarter of it is 1.75, half of the 5.25 that remain is 2.625, and 2.625 remain."""
    found = waterfall.find(
        evidence(catalog, cell(tier=0, tokens=MILLION)), [lever("quarter", row("1.75")), lever("half", row("3.5"))]
    )
    assert found.spend_usd == 7
    assert steps(found) == {
        "quarter": (Decimal("1.75"), Decimal("5.25")),
        "half": (Decimal("2.625"), Decimal("2.625")),
    }
    assert [step.alone_usd for step in found.steps] == [Decimal("1.75"), Decimal("3.5")]
    assert (found.no_risk_usd, found.certified_usd, found.unproven_usd) == (Decimal("4.375"), 0, 0)
    assert (found.saving_usd, found.reachable_usd, found.saving_pct) == (Decimal("4.375"), Decimal("2.625"), 62.5)


def test_levers_on_different_groups_do_not_touch_each_other(catalog: Catalog) -> None:
    cells = [cell(tier=0, tokens=MILLION), cell(tier=1, tokens=MILLION, feature="letters")]
    found = waterfall.find(
        evidence(catalog, *cells), [lever("one", row("3.5")), lever("other", row("3.5", tier=1, feature="letters"))]
    )
    assert [step.saved_usd for step in found.steps] == [Decimal("3.5"), Decimal("3.5")]
    assert [(one.feature, one.spend_usd, one.left_usd) for one in found.by_feature] == [
        ("letters", 7, Decimal("3.5")),
        (None, 7, Decimal("3.5")),
    ]


def test_routing_comes_after_the_levers(catalog: Catalog) -> None:
    """7 dollars, half of it cached away; the plan takes 6.5 of 7, here of the 3.5 that remain: 3.25."""
    found = waterfall.find(evidence(catalog, cell(tier=0, tokens=MILLION), plans=[ROUTED]), [lever("half", row("3.5"))])
    assert steps(found) == {"half": (Decimal("3.5"), Decimal("3.5")), "unproven": (Decimal("3.25"), Decimal("0.25"))}
    assert (found.no_risk_usd, found.unproven_usd, found.plan) == (Decimal("3.5"), Decimal("3.25"), "cheaper")
    assert found.steps[-1].alone_usd == Decimal("6.5")


def test_a_certified_move_is_its_own_step(catalog: Catalog) -> None:
    cells = priced(catalog, cell(tier=0, tokens=MILLION), cell(tier=1, tokens=2 * MILLION))
    plan = evaluate(ROUTED, cells, catalog, frozenset({(0, FLAGSHIP, BUDGET)}))
    found = waterfall.find(Evidence(cells, catalog, plans=[plan]), [])
    assert steps(found) == {"certified": (Decimal("6.5"), Decimal("14.5")), "unproven": (Decimal(13), Decimal("1.5"))}
    assert (found.certified_usd, found.unproven_usd, found.reachable_usd) == (Decimal("6.5"), 13, Decimal("1.5"))


def test_a_cohort_s_certificate_counts_for_its_cells_only(catalog: Catalog) -> None:
    """Certified is feature a of any tier and task: 6.50; feature b is not."""
    cells = priced(catalog, cell(tier=0, tokens=MILLION, feature="a"), cell(tier=0, tokens=2 * MILLION, feature="b"))
    plan = evaluate(ROUTED, cells, catalog, frozenset({("a", ANY, ANY, FLAGSHIP, BUDGET)}))
    found = waterfall.find(Evidence(cells, catalog, plans=[plan]), [])
    assert (found.certified_usd, found.unproven_usd) == (Decimal("6.5"), 13)
    assert (plan.certified_usd, plan.unproven_usd) == (Decimal("6.5"), 13)


def test_passes_of_a_plan_whose_every_move_is_certified_are_no_unproven_loss(catalog: Catalog) -> None:
    """Tier 0 is certified and saves 6.50; the pass over tier 3 costs 1.40 of it."""
    cells = priced(catalog, cell(tier=0, tokens=MILLION), cell(tier=3, tokens=400_000))
    plan = evaluate(CHECKED, cells, catalog, frozenset({(0, FLAGSHIP, BUDGET)}))
    found = waterfall.find(Evidence(cells, catalog, plans=[plan]), [])
    assert (found.certified_usd, found.unproven_usd) == (Decimal("5.1"), 0)


def test_a_markup_that_is_gone_is_not_saved_again_by_leaving_the_model(catalog: Catalog) -> None:
    """Billed 7.70 for a list of 7. The other model is 0.50 direct, whether the markup was taken off first or not."""
    marked = cell(tier=0, tokens=MILLION, billed="7.7", gateway="g")
    found = waterfall.find(evidence(catalog, marked, plans=[ROUTED]), [lever("markup", row("0.7", gateway="g"))])
    assert steps(found) == {"markup": (Decimal("0.7"), Decimal(7)), "unproven": (Decimal("6.5"), Decimal("0.5"))}
    assert found.steps[1].alone_usd == Decimal("7.2")
    without = waterfall.find(evidence(catalog, marked, plans=[ROUTED]), [])
    assert without.reachable_usd == found.reachable_usd == Decimal("0.5")


def test_verification_passes_are_taken_off_the_unproven_part(catalog: Catalog) -> None:
    """Tier 0 saves 6.50; the pass over tier 3 costs half of 2.80."""
    cells = [cell(tier=0, tokens=MILLION), cell(tier=3, tokens=400_000)]
    found = waterfall.find(evidence(catalog, *cells, plans=[CHECKED]), [])
    assert [(step.name, step.saved_usd) for step in found.steps] == [
        ("unproven", Decimal("6.5")),
        ("verification", Decimal("-1.4")),
    ]
    assert (found.unproven_usd, found.saving_usd) == (Decimal("5.1"), Decimal("5.1"))
    assert found.reachable_usd == Decimal("9.8") - Decimal("5.1")


def test_a_plan_whose_passes_cost_more_than_its_moves_save_is_left_out(catalog: Catalog) -> None:
    cells = [cell(tier=0, tokens=1000), cell(tier=3, tokens=MILLION)]
    found = waterfall.find(evidence(catalog, *cells, plans=[CHECKED]), [])
    assert (found.plan, found.steps, found.saving_usd) == (None, [], 0)


def test_the_better_of_two_plans_is_composed_in(catalog: Catalog) -> None:
    cells = [cell(tier=0, tokens=MILLION), cell(tier=1, tokens=MILLION)]
    some = plan_of(f"name: some\nrules:\n  - when: {{tier: 0}}\n    use: {BUDGET}\n")
    found = waterfall.find(evidence(catalog, *cells, plans=[some, ROUTED]), [])
    assert (found.plan, found.unproven_usd) == ("cheaper", 13)


def test_bounds_compose_each_on_its_own(catalog: Catalog) -> None:
    """Of 7: at the worst 10% and then 20% of what is left, 0.7 + 1.26; at the best 50% and 50%, 3.5 + 1.75."""
    found = waterfall.find(
        evidence(catalog, cell(tier=0, tokens=MILLION)),
        [lever("a", row("1.4", "0.7", "3.5")), lever("b", row("2.1", "1.4", "3.5"))],
    )
    assert found.low.saving_usd == Decimal("1.96")
    assert found.saving_usd == Decimal("1.4") + Decimal("0.3") * Decimal("5.6")
    assert found.high.saving_usd == Decimal("5.25")


def test_missing_is_unknown_and_takes_nothing(catalog: Catalog) -> None:
    found = waterfall.find(
        evidence(catalog, cell(tier=0, tokens=MILLION)), [lever("a", missing="no prompts in the log"), lever("b")]
    )
    assert [(step.saved_usd, step.alone_usd) for step in found.steps] == [(None, None), (0, 0)]
    assert found.reachable_usd == 7


def test_what_has_no_known_cost_saves_nothing(catalog: Catalog) -> None:
    unknown = cell(model="nobody/nothing-9", tokens=5, tier=0)
    found = waterfall.find(evidence(catalog, unknown), [lever("a", row("3", model="nobody/nothing-9"))])
    assert (found.spend_usd, found.saving_usd, found.saving_pct) == (0, 0, None)


AMOUNT = st.decimals(0, 30, places=12)
GROUPS = [(None, 0, None), ("g", 0, None), ("g", 1, "letters"), (None, None, "letters")]
SAVING = st.tuples(st.sampled_from(GROUPS), st.lists(AMOUNT, min_size=3, max_size=3).map(sorted))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bills=st.lists(AMOUNT, min_size=4, max_size=4),
    levers=st.lists(st.tuples(st.sampled_from(["markup", "a", "b"]), st.lists(SAVING, max_size=6)), max_size=5),
    plans=st.sampled_from([[], [ROUTED]]),
)
def test_the_parts_add_up_and_nothing_is_saved_twice(
    catalog: Catalog, bills: list[Decimal], levers: Sequence[tuple[str, Any]], plans: list[Any]
) -> None:
    """Whatever levers claim, also more than there is: parts add up exactly and no more is saved than was spent."""
    cells = [
        cell(tier=tier, gateway=gateway, feature=feature, billed=str(bill), tokens=100_000)
        for (gateway, tier, feature), bill in zip(GROUPS, bills, strict=True)
    ]
    known = evidence(catalog, *cells, plans=plans)
    made = [
        lever(name, *(
            row(str(exp), str(low), str(high), gateway=gateway, tier=tier, feature=feature)
            for (gateway, tier, feature), (low, exp, high) in rows
        ))
        for name, rows in levers
    ]  # fmt: skip
    found = waterfall.find(known, made)
    whole = sum(bills, Decimal(0))
    assert found.spend_usd == whole
    left = whole
    for step in found.steps:
        left -= step.saved_usd or 0
        assert step.left_usd == left
        assert left >= 0
    assert left == found.reachable_usd == whole - found.saving_usd
    assert found.saving_usd == found.no_risk_usd + found.certified_usd + found.unproven_usd
    assert sum((one.left_usd for one in found.by_feature), Decimal(0)) == found.reachable_usd
    assert sum((one.spend_usd for one in found.by_feature), Decimal(0)) == whole
    for reach in (found.low, found.high):
        assert reach.saving_usd == reach.no_risk_usd + reach.certified_usd + reach.unproven_usd
    tolerance = Decimal("1e-10")  # each share is rounded to a picodollar
    assert found.low.saving_usd <= found.saving_usd + tolerance
    assert found.saving_usd <= found.high.saving_usd + tolerance
    assert found.high.saving_usd <= whole


def test_the_order_of_levers_moves_dollars_between_them_only(catalog: Catalog) -> None:
    made = [lever("a", row("1")), lever("b", row("2")), lever("c", row("3"))]
    known = evidence(catalog, cell(tier=0, tokens=MILLION))
    there, back = waterfall.find(known, made), waterfall.find(known, made[::-1])
    assert there.saving_usd == pytest.approx(back.saving_usd, abs=Decimal("1e-11"))
    assert [step.saved_usd for step in there.steps] != [step.saved_usd for step in back.steps][::-1]
