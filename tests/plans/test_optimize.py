"""The optimiser: no plan dearer than a single model's or cheaper than the bound, limits kept, evidence needed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from builders import catalog_of, catalog_text, cell, priced, sku_text
from hypothesis import given, settings
from hypothesis import strategies as st

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell
from llmaudit.datasets.cohorts import CohortWorld, cells_of, draw, outcomes_of
from llmaudit.errors import NotEnoughError
from llmaudit.plans import evaluate, load_plan
from llmaudit.plans.model import Plan, Rule
from llmaudit.plans.optimize import Limits, board_of, choose
from llmaudit.plans.optimize.knapsack import solve
from llmaudit.plans.optimize.problem import NoPlanError, Problem
from llmaudit.plans.optimize.relaxation import lower_bound, relaxed
from llmaudit.plans.optimize.units import costs_of, units_of
from llmaudit.plans.optimize.write import plan_of, plan_text
from llmaudit.plans.quality import Grain, Outcomes, PairedCase, proven

FLAGSHIP, BUDGET = "example/flagship-7", "example/budget-0.5"


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    cohorts, columns = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cost = rng.lognormal(0, 1, (cohorts, columns))
    loss = np.concatenate([np.zeros((cohorts, 1)), rng.normal(0.02, 0.05, (cohorts, columns - 1))], axis=1)
    cost[:, 1:][rng.random((cohorts, columns - 1)) < draw(st.sampled_from([0.0, 0.3]))] = np.inf
    cost[:, 0][rng.random(cohorts) < draw(st.sampled_from([0.0, 0.2]))] = np.inf
    model = np.tile(np.arange(columns), (cohorts, 1))
    model[:, 0] = rng.integers(0, columns, cohorts)
    most = draw(st.one_of(st.none(), st.integers(1, columns)))
    return Problem(cost, loss, model, draw(st.sampled_from([0.0, 0.01, 0.1])), most)


def every(problem: Problem) -> list[np.ndarray]:
    """All choices there are."""
    shape = problem.cost.shape
    grid = np.stack(np.meshgrid(*[np.arange(shape[1])] * shape[0], indexing="ij"), axis=-1).reshape(-1, shape[0])
    return [choice for choice in grid if problem.holds(choice)]


@settings(max_examples=60)
@given(problems())
def test_a_choice_keeps_every_limit_and_beats_single_models(problem: Problem):
    try:
        choice = solve(problem)
    except NoPlanError:
        if problem.cost.size <= 20:
            assert every(problem) == []
        return
    assert problem.holds(choice)
    cost = problem.cost_of(choice)
    for model in np.unique(problem.model):
        alone = np.argmin(np.where(problem.model == model, problem.cost, np.inf), axis=1)
        if (np.take_along_axis(problem.model, alone[:, None], 1) == model).all() and problem.holds(alone):
            assert cost <= problem.cost_of(alone) + 1e-9
    assert cost >= lower_bound(problem) - 1e-9 * abs(cost)
    if problem.cost.size <= 20:
        assert cost == pytest.approx(min(problem.cost_of(one) for one in every(problem)), rel=1e-5)


@settings(max_examples=60)
@given(problems())
def test_the_relaxation_keeps_every_limit_and_no_linear_program_undercuts_its_bound(problem: Problem):
    from scipy.optimize import linprog  # noqa: PLC0415

    try:
        choice = relaxed(problem)
    except NoPlanError:
        return
    assert problem.holds(choice)
    rows, columns = np.nonzero(problem.allowed)
    each = np.zeros((len(problem.cost), len(rows)))
    each[rows, np.arange(len(rows))] = 1
    found = linprog(
        problem.cost[rows, columns],
        A_ub=problem.loss[rows, columns][None, :],
        b_ub=[problem.budget],
        A_eq=each,
        b_eq=np.ones(len(problem.cost)),
    )
    assert found.status == 0
    assert lower_bound(problem) == pytest.approx(found.fun, rel=1e-6, abs=1e-9)
    assert problem.cost_of(choice) >= found.fun - 1e-9


def test_a_limit_on_models_by_hand():
    """Three cohorts, each a tenth on its own best model: with two models the dearest of the three best is given up."""
    cost = np.array([[10.0, 1, 9, 9], [10, 9, 2, 9], [10, 9, 9, 3]])
    problem = Problem(cost, np.zeros((3, 4)), np.tile(np.arange(4), (3, 1)), 0.0)
    assert problem.cost_of(solve(problem)) == 6
    assert problem.cost_of(solve(replace(problem, most_models=2))) == 12
    assert problem.cost_of(relaxed(replace(problem, most_models=2))) == 12
    assert problem.cost_of(solve(replace(problem, most_models=1))) == 19


def pairs(feature: str, count: int, lost: int) -> list[PairedCase]:
    """Cases of which the other model loses some and ties the rest."""
    return [PairedCase((feature, None, None), 1.0, 0.0 if n < lost else 1.0) for n in range(count)]


def both(cases: list[PairedCase]) -> Outcomes:
    back = [PairedCase(one.labels, one.after, one.before, one.cluster) for one in cases]
    return Outcomes("correct", {(FLAGSHIP, BUDGET): cases, (BUDGET, FLAGSHIP): back})


def test_what_moves_is_what_pairs_speak_of(catalog: Catalog, tmp_path: Path):
    """`good` has 400 equal pairs, `bad` loses a third, `few` has ten pairs, `none` has none."""
    cells = priced(
        catalog, *(cell(feature=name, requests=100, tokens=1_000_000) for name in ("good", "bad", "few", "none"))
    )
    outcomes = both([*pairs("good", 400, 0), *pairs("bad", 300, 100), *pairs("few", 10, 0)])
    chosen = choose(board_of(cells, catalog, outcomes, {}, Limits(margin=0.01), Grain(("feature",))))
    assert [(move.feature, move.certified, move.pairs) for move in chosen.moves] == [("good", True, 400)]
    assert chosen.promise.bound <= 0.01
    assert chosen.promise.share == 0.25
    kept = Limits(
        floor=0.5, latency_p95_ms=2000, cost_ceiling_usd=Decimal("0.02"), providers=("example",), most_models=2,
        keep_tiers=frozenset({3}),
    )  # fmt: skip
    full, file = plan_of(chosen, limits=kept), tmp_path / "limits.yaml"
    file.write_text(plan_text(full))
    assert load_plan(str(file), catalog) == full
    plan = plan_of(chosen)
    file = tmp_path / "plan.yaml"
    file.write_text(plan_text(plan))
    assert load_plan(str(file), catalog) == plan
    cost = evaluate(plan, cells, catalog, chosen.certified)
    assert (cost.certified_usd, cost.unproven_usd) == (Decimal("6.5"), 0)

    wide = choose(board_of(cells, catalog, outcomes, {}, Limits(allow_unproven=True), Grain(("feature",))))
    assert {move.feature: move.certified for move in wide.moves} == {"good": True, "none": False}
    cheap = [*cells, *priced(catalog, cell(model=BUDGET, feature="other", requests=1, tokens=10))]
    wide = choose(board_of(cheap, catalog, None, {}, Limits(allow_unproven=True), Grain(("feature",))))
    assert {move.feature: move.certified for move in wide.moves} == dict.fromkeys(("good", "bad", "few", "none"), False)
    assert (wide.promise.share, wide.certified) == (0, frozenset())


def test_equal_pairs_are_not_free_of_doubt(catalog: Catalog):
    """Of n pairs without a loss at least 1 / n may be lost: 60 do not prove a margin of one point, 2,000 do."""
    cells = priced(catalog, cell(feature="a", requests=10, tokens=1000))
    for count, moved in ((60, []), (2000, ["a"])):
        board = board_of(cells, catalog, both(pairs("a", count, 0)), {}, Limits(margin=0.01), Grain(("feature",)))
        chosen = choose(board)
        assert [move.feature for move in chosen.moves] == moved
        assert 1 / count < board.table.worst[0, 0] < 10 / count


def test_a_margin_of_nothing_moves_nothing_that_may_lose(catalog: Catalog):
    cells = priced(catalog, cell(feature="a", requests=10, tokens=1000), cell(feature="b", requests=10, tokens=1000))
    outcomes = both([*pairs("a", 200, 2), *pairs("b", 200, 0)])
    chosen = choose(board_of(cells, catalog, outcomes, {}, Limits(margin=0.0), Grain(("feature",))))
    assert chosen.promise.bound <= 0
    assert chosen.moves == []


def test_limits_are_kept_or_named(catalog: Catalog):
    cells = priced(catalog, cell(feature="a", requests=10, tokens=1_000_000))
    outcomes = both(pairs("a", 1000, 0))
    grain = Grain(("feature",))
    slow = {(FLAGSHIP, -1): 900.0, (BUDGET, -1): 400.0}

    def moved(limits: Limits, latency: dict[tuple[str, int | None], float] | None = None) -> list[str]:
        return [move.model for move in choose(board_of(cells, catalog, outcomes, latency or {}, limits, grain)).moves]

    assert moved(Limits(latency_p95_ms=500), slow) == [BUDGET]
    assert moved(Limits(latency_p95_ms=1000), {(FLAGSHIP, -1): 900.0}) == [], "the other's latency is not known"
    assert moved(Limits(cost_ceiling_usd=Decimal("0.1"))) == [BUDGET], "0.7 dollars a request now, 0.05 then"
    assert moved(Limits(floor=0.5)) == [BUDGET]
    assert moved(Limits(most_models=1)) == [BUDGET]
    for limits, flag in (
        (Limits(latency_p95_ms=100), "--latency-p95"),
        (Limits(cost_ceiling_usd=Decimal("0.01")), "--cost-ceiling"),
        (Limits(providers=("openai",)), "--providers"),
    ):
        with pytest.raises(NotEnoughError, match=flag):
            moved(limits, slow)


def test_certified_moves_are_found_by_cohort_and_by_tier():
    moves = frozenset({("a", "*", "*", FLAGSHIP, BUDGET), (2, FLAGSHIP, BUDGET)})
    assert proven(moves, cell(feature="a", tier=0), BUDGET)
    assert proven(moves, cell(feature="b", tier=2), BUDGET)
    assert not proven(moves, cell(feature="b", tier=0), BUDGET)
    assert not proven(moves, cell(feature="a", model=BUDGET), FLAGSHIP)


def test_a_label_that_is_not_known_stays(catalog: Catalog):
    cells = priced(catalog, cell(feature=None, requests=10, tokens=1000))
    chosen = choose(board_of(cells, catalog, both(pairs("a", 400, 0)), {}, Limits(), Grain(("feature",))))
    assert chosen.moves == []
    assert list(chosen.stays) == ["its label is unknown, so no rule can name it"]


def test_a_cell_that_cannot_move_keeps_its_cost(tmp_path: Path):
    """The long prompt does not fit into the other model's context: it stays, and the plan's cost says so."""
    models = sku_text("big", ["usd_per_million: {input: 10, output: 10}"]) + sku_text(
        "small", ["usd_per_million: {input: 1, output: 1}"], extra="context: 200000"
    )
    catalog = catalog_of(tmp_path, catalog_text("maker", models))
    counters = (900_000, 0, 0, 0, 0, 100_000)
    cells = priced(
        catalog,
        cell(model="maker/big", feature="a", counters=counters),
        cell(model="maker/big", feature="a", counters=counters, prompt_band=272_001),
    )
    board = board_of(
        cells,
        catalog,
        Outcomes("m", {("maker/big", "maker/small"): pairs("a", 1000, 0)}),
        {},
        Limits(),
        Grain(("feature",)),
    )
    assert board.costs.now.tolist() == [20]
    assert board.costs.then.tolist() == [[11]]
    plan = plan_of(choose(board))
    assert evaluate(plan, cells, catalog).cost_usd == 11


MODELS = ("openai/gpt-5.6-sol", "openai/gpt-5.6-luna", "google/gemini-3.6-flash")
counts = st.integers(0, 500_000)


@st.composite
def some_cell(draw_one: st.DrawFn) -> Cell:
    """A cell of any kind: failures, tools, batches, long prompts and bills among them."""
    return cell(
        model=draw_one(st.sampled_from(MODELS)),
        requests=draw_one(st.integers(1, 1000)),
        counters=tuple(draw_one(st.tuples(*[counts] * 6))),
        billed=draw_one(st.sampled_from([None, "3.25"])),
        tier=draw_one(st.sampled_from([0, 1, 2])),
        status=draw_one(st.sampled_from(["ok", "ok", "error", "cancelled"])),
        needs_tools=draw_one(st.booleans()),
        is_batch=draw_one(st.booleans()),
        usage_status=draw_one(st.sampled_from(["reported", "estimated", "missing"])),
    )


@settings(max_examples=30)
@given(st.lists(some_cell(), min_size=1, max_size=8))
def test_a_unit_costs_what_a_plan_that_sends_everything_there_costs(catalog: Catalog, traffic: list[Cell]):
    cells = priced(catalog, *traffic)
    units = units_of(cells, Grain(("tier",)))
    targets = [offer for offer in map(catalog.canonical, MODELS) if offer]
    costs = costs_of(units, targets, catalog)
    for column, target in enumerate(targets):
        plan = Plan(name="all", rules=[Rule(use=target.sku.model)])
        cost = evaluate(plan, cells, catalog).cost_usd
        assert sum(costs.exact(unit, row, column) for row, unit in enumerate(units)) == cost
        assert costs.then[:, column].sum() == pytest.approx(float(cost))
    assert costs.now.sum() == pytest.approx(float(sum(unit.spend_usd for unit in units)))


def test_the_optimisers_costs_are_the_plans_costs(catalog: Catalog):
    cohorts = draw(CohortWorld(cohorts=12, pairs=3000, mean_loss=0.02, gain=0.0), np.random.default_rng(3))
    cells = cells_of(cohorts, catalog)
    chosen = choose(
        board_of(cells, catalog, outcomes_of(cohorts, np.ones(3000, bool)[: len(cohorts.cohort)]), {}, Limits())
    )
    assert chosen.moves
    moved = np.zeros(12, bool)
    for move in chosen.moves:
        moved[int(str(move.feature).removeprefix("task-"))] = True
    cost = evaluate(plan_of(chosen), cells, catalog, chosen.certified)
    assert float(cost.cost_usd / cost.actual_usd) == pytest.approx(1 - cohorts.saving(moved))
    assert cost.unproven_usd == 0
