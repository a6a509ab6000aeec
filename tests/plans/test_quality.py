"""The promise, small: the full study is benchmarks/quality.py. Losses shrink as they should, and cohorts add up."""

from __future__ import annotations

import numpy as np
import pytest
from builders import cell, plan_of, priced
from scipy.stats import beta

from llmaudit.catalog import Catalog
from llmaudit.datasets.cohort_study import study
from llmaudit.datasets.cohorts import CHEAP, STRONG, CohortWorld, cells_of, draw, outcomes_of
from llmaudit.plans import evaluate
from llmaudit.plans.certify import Arrays, bound, losses
from llmaudit.plans.certify_plan import certified_moves
from llmaudit.plans.frontier import frontier
from llmaudit.plans.optimize import Limits, board_of, choose
from llmaudit.plans.quality import Grain, Outcomes, PairedCase, best_grain


def test_the_promise_is_kept_on_cases_never_seen(catalog: Catalog):
    """57 cohorts, a fifth of 14,042 pairs, a margin of one point: plain means break it, the bound seldom does."""
    found = study(CohortWorld(), 8, catalog, seed=3)
    assert found.broken <= 0.05 + 3 * 0.05
    assert found.saving >= 0.17
    assert found.loss <= 0.007
    assert found.point_broken >= 0.9
    assert found.point_loss > 0.018


def drawn(true: np.ndarray, pairs: int, rng: np.random.Generator) -> Arrays:
    """Pairs of which the other model loses a share, by cohort."""
    cohort = np.repeat(np.arange(len(true)), pairs)
    lost = rng.random(len(cohort)) < true[cohort]
    return Arrays(cohort, np.ones(len(cohort)), 1.0 - lost, np.arange(len(cohort)))


def test_shrunk_losses_are_nearer_the_truth_and_their_spread_is_honest():
    rng = np.random.default_rng(5)
    off, raw_off, inside = [], [], []
    for _ in range(20):
        true = np.clip(rng.normal(0.2, 0.05, 60), 0.02, 0.5)
        found = losses(drawn(true, 40, rng), 60)
        off.append(np.mean((found.loss - true) ** 2))
        raw_off.append(np.mean((found.raw - true) ** 2))
        inside.append(np.mean(np.abs(found.loss - true) <= 1.96 * found.sd))
    assert np.mean(off) < 0.6 * np.mean(raw_off)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def test_few_cohorts_are_not_shrunk_and_share_the_level():
    """Three cohorts without a loss: each bound lies near Clopper and Pearson's at the shared level."""
    found = losses(drawn(np.zeros(3), 100, np.random.default_rng(1)), 3)
    assert not found.pooled
    assert found.loss.tolist() == [0, 0, 0]
    exact = beta.ppf(1 - 0.05 / 2 / 3, 1, 100)
    assert found.worst == pytest.approx([exact] * 3, rel=0.25)


def test_users_who_answer_alike_count_less():
    rng = np.random.default_rng(2)
    by_user = np.repeat(rng.random(100) < 0.2, 10)
    cases = Arrays(np.zeros(1000, np.int64), np.ones(1000), 1.0 - by_user, np.repeat(np.arange(100), 10))
    alone = Arrays(cases.cohort, cases.before, cases.after, np.arange(1000))
    assert losses(cases, 1).design_effect == pytest.approx(10)
    assert losses(cases, 1).sd[0] == pytest.approx(np.sqrt(10) * losses(alone, 1).sd[0])


def test_pairs_count_and_the_parent_makes_up_for_a_third():
    rng = np.random.default_rng(3)
    true = np.clip(rng.normal(0.2, 0.08, 20), 0.02, 0.6)
    cohort = np.concatenate([np.repeat(np.arange(2, 20), 60), np.repeat(0, 25), np.repeat(1, 15)])
    lost = rng.random(len(cohort)) < true[cohort]
    found = losses(Arrays(cohort, np.ones(len(cohort)), 1.0 - lost, np.arange(len(cohort))), 20)
    assert found.proven()[:2].tolist() == [True, False]
    assert found.proven()[2:].all()


def test_the_bound_by_hand():
    """Weights 0.5 and 0.25, losses 0.02 and 0, deviations 0.01 and 0.04, one deviation of reach.

    0.5 x 0.03 + 0.25 x 0.04 = 0.025; 0.01 + 1.96 x sqrt(0.005^2 + 0.01^2) = 0.0319.
    """
    found = bound(np.array([0.5, 0.25]), np.array([0.02, 0.0]), np.array([0.01, 0.04]), np.ones(2))
    assert found == pytest.approx(0.01 + 1.959964 * np.sqrt(0.000125))
    assert bound(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0)) == 0


def cases(labels: tuple[str | None, int | None, str | None], count: int) -> list[PairedCase]:
    return [PairedCase(labels, 1.0, 1.0) for _ in range(count)]


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        ([*cases(("a", None, None), 50), *cases(("b", None, None), 50)], ("feature",)),
        ([*cases(("a", 1, None), 50), *cases(("a", 2, None), 50)], ("feature", "tier")),
        ([*cases(("a", 1, None), 25), *cases(("a", 2, None), 25)], ("feature",)),
        ([*cases((None, 1, "code"), 40), *cases((None, 2, "code"), 40)], ("tier", "task")),
        ([*cases((None, 1, None), 40)], ("tier",)),
        ([*cases((None, None, None), 40)], ()),
    ],
)
def test_the_grain_follows_from_counts(rows: list[PairedCase], labels: tuple[str, ...]):
    assert best_grain(Outcomes("m", {("x", "y"): rows})) == Grain(labels)


def test_what_a_plan_moves_in_part_is_not_certified(catalog: Catalog):
    """Pairs speak of feature `a` as a whole; a rule on one tier may pick the harder part."""
    cells = priced(
        catalog, cell(feature="a", tier=0, requests=5, tokens=1000), cell(feature="a", tier=1, requests=5, tokens=1000)
    )
    pairs = [PairedCase(("a", None, None), 1.0, 1.0) for _ in range(2000)]
    outcomes = Outcomes("m", {(STRONG, CHEAP): pairs})
    for when, expected in (("{tier: 0}", 0), ("{feature: a}", 1)):
        plan = plan_of(f"name: p\nrules:\n  - when: {when}\n    use: {CHEAP}\n")
        assert len(certified_moves(evaluate(plan, cells, catalog), outcomes, catalog)) == expected


def test_a_wider_margin_never_costs_more(catalog: Catalog):
    cohorts = draw(CohortWorld(cohorts=20, pairs=4000), np.random.default_rng(8))
    outcomes = outcomes_of(cohorts, np.random.default_rng(1).random(len(cohorts.cohort)) < 0.5)
    board = board_of(cells_of(cohorts, catalog), catalog, outcomes, {}, Limits())
    points = frontier(board, [0.01])
    costs = [point.cost_usd for point in points]
    assert costs == sorted(costs, reverse=True)
    assert all(point.bound <= point.margin + 1e-9 for point in points)
    assert [point.cost_usd for point in points if point.margin == 0.01]
    now = sum(unit.spend_usd for unit in board.units)
    for point in points:
        assert point.cost_usd + point.savings_usd == now
        assert sum(one.savings_usd for one in point.cohorts) == point.savings_usd
        assert sum(point.models.values()) == pytest.approx(1)
    at = choose(board, 0.01)
    assert [one.cohort for one in points[[p.margin for p in points].index(0.01)].cohorts] == [
        move.cohort for move in at.moves
    ]
