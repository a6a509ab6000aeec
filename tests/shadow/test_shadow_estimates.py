"""Ratios and quantile differences: against slow definitions, and properties that hold whatever the data."""

import numpy as np
import pytest
from scipy.stats import binomtest, t

from llmaudit.arrays import Floats
from llmaudit.datasets.shadow import World, simulate
from llmaudit.shadow.analysis import analyze
from llmaudit.shadow.estimates import difference, per_unit, quantile_differences, rare_difference, ratio, slice_of
from llmaudit.shadow.model import Plan


def plain(pairs: int, codes: np.ndarray):
    return slice_of(codes, np.zeros(pairs, np.int64), np.ones(1))


def costs(pairs: int = 250, users: int = 60, seed: int = 0) -> tuple[np.ndarray, Floats, Floats]:
    made = simulate(World(pairs=pairs, users=users), np.random.default_rng(seed))
    return made.cluster, made.primary.cost / 1e12, made.shadow.cost / 1e12


@pytest.mark.parametrize(("spread", "pairs", "heavy"), [(1.4, 1000, True), (1.0, 1000, False), (1.4, 20_000, False)])
def test_a_tail_too_heavy_for_the_interval_is_said(spread: float, pairs: int, *, heavy: bool) -> None:
    found = analyze(simulate(World(pairs=pairs, users=pairs // 7, cost_spread=spread), np.random.default_rng(5)))
    ratios = [one for one in found.metrics if one.metric.startswith("cost")]
    assert ratios
    assert all(one.method.endswith("too heavy for it") == heavy for one in ratios)
    assert any("very heavy tail" in text for text in found.warnings) == heavy


@pytest.mark.parametrize(("pairs", "status"), [(40, "open"), (300, "open"), (400, "pass")])
def test_no_errors_among_few_pairs_are_no_proof_of_none(pairs: int, status: str) -> None:
    found = analyze(simulate(World(pairs=pairs, users=pairs), np.random.default_rng(1)), Plan(days=7))
    (figure,) = [one for one in found.metrics if one.metric == "error_rate" and one.tier is None]
    assert (figure.arm_a, figure.arm_b, figure.delta) == (0, 0, 0)
    assert figure.high == pytest.approx(binomtest(0, pairs).proportion_ci(0.95).high)
    assert figure.low == pytest.approx(-figure.high)
    assert [rail.status for rail in found.guardrails if rail.name == "error rate"] == [status]


def test_the_ends_of_a_rare_difference_are_exact_binomial_ones() -> None:
    two, none = binomtest(2, 500).proportion_ci(0.95), binomtest(0, 500).proportion_ci(0.95)
    assert rare_difference(2, 0, 500) == pytest.approx((two.low - none.high, two.high - none.low))
    assert rare_difference(0, 2, 500) == pytest.approx((none.low - two.high, none.high - two.low))
    assert rare_difference(3, 0, 3)[1] == 1.0


def test_fieller_holds_the_ratios_that_a_t_test_does_not_reject() -> None:
    codes, first, second = costs()
    part = plain(250, codes)
    found = ratio(part, per_unit(part, first), per_unit(part, second))
    assert found.method.startswith("Fieller")
    critical = t.ppf(0.975, found.spread.df)
    for end in (found.low, found.high):
        gap = difference(part, end * first, second)
        assert abs(gap.value / gap.spread.se) == pytest.approx(critical, rel=1e-6)


def test_a_ratio_with_a_denominator_near_zero_is_not_bounded() -> None:
    codes = np.arange(8)
    first = np.array([0.0, 0, 0, 0, 0, 0, 0, 1.0])
    part = plain(8, codes)
    found = ratio(part, per_unit(part, first), per_unit(part, np.ones(8)))
    assert found.low == -np.inf
    assert found.high == np.inf


def test_no_success_has_no_cost_per_success() -> None:
    codes, first, second = costs()
    part = plain(250, codes)
    found = ratio(part, per_unit(part, first, np.zeros(250)), per_unit(part, second))
    assert np.isnan(found.value)


def test_cost_per_success_is_cost_over_successes() -> None:
    codes, first, second = costs()
    part = plain(250, codes)
    won, lost = np.tile([1.0, 1.0, 0.0, 1.0, 1.0], 50), np.tile([1.0, 0.0], 125)
    found = ratio(part, per_unit(part, first, won), per_unit(part, second, lost))
    assert found.value == pytest.approx((second.sum() / lost.sum()) / (first.sum() / won.sum()))


@pytest.mark.parametrize("pairs", [400, 4000])
def test_turning_the_ratio_round_turns_the_interval_round(pairs: int) -> None:
    codes, first, second = costs(pairs, 80)
    part = plain(pairs, codes)
    one = ratio(part, per_unit(part, first), per_unit(part, second))
    other = ratio(part, per_unit(part, second), per_unit(part, first))
    assert (one.low, one.high) == pytest.approx((1 / other.high, 1 / other.low), rel=1e-6)


def test_the_currency_does_not_matter() -> None:
    codes, first, second = costs(4000, 300)
    part = plain(4000, codes)
    one = ratio(part, per_unit(part, first), per_unit(part, second))
    other = ratio(part, per_unit(part, first * 100), per_unit(part, second * 100))
    assert (one.low, one.value, one.high) == pytest.approx((other.low, other.value, other.high))


def test_arms_that_are_one_differ_by_nothing() -> None:
    codes, first, _ = costs(2000, 200)
    part = plain(2000, codes)
    same = ratio(part, per_unit(part, first), per_unit(part, first))
    assert (same.low, same.value, same.high) == pytest.approx((1.0, 1.0, 1.0))
    for one, _ in quantile_differences(part, first, first, (0.5, 0.95)):
        assert (one.low, one.value, one.high) == (0.0, 0.0, 0.0)


def test_quantiles_are_those_of_the_sample() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.lognormal(size=1000), rng.lognormal(size=1000)
    part = plain(1000, np.arange(1000))
    for p, (one, _) in zip((0.5, 0.95), quantile_differences(part, first, second, (0.5, 0.95)), strict=True):
        expected = [float(np.quantile(values, p, method="inverted_cdf")) for values in (first, second)]
        assert one.arms == pytest.approx(tuple(expected))


def test_a_quantile_difference_spreads_as_a_bootstrap_over_users_does() -> None:
    made = simulate(World(pairs=3000, users=300), np.random.default_rng(2))
    first, second = made.primary.latency_ms, made.shadow.latency_ms
    rng = np.random.default_rng(3)
    members = [np.flatnonzero(made.cluster == code) for code in np.unique(made.cluster)]
    drawn = []
    for _ in range(400):
        index = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        drawn.append(np.quantile(second[index], 0.95) - np.quantile(first[index], 0.95))
    ((found, _),) = quantile_differences(plain(3000, made.cluster), first, second, (0.95,))
    assert found.spread.se == pytest.approx(np.std(drawn), rel=0.2)


def test_the_production_mix_weighs_the_strata() -> None:
    strata = np.array([0] * 90 + [1] * 10)
    values = np.where(strata == 1, 1.0, 0.0)
    part = slice_of(np.arange(100), strata, np.array([0.5, 0.5]))
    assert part.mean(values)[0] == pytest.approx(0.5)
    assert difference(part, np.zeros(100), values).spread.se == pytest.approx(0.0, abs=1e-12)


def test_a_stratum_without_pairs_leaves_its_place_to_the_others() -> None:
    part = slice_of(np.arange(10), np.zeros(10, np.int64), np.array([0.2, 0.8]))
    assert part.weights.sum() == pytest.approx(1.0)
