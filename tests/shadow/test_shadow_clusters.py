"""Clustered standard errors against statsmodels and against the matrix formulas they are short forms of."""

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from llmaudit.arrays import Floats, Ints
from llmaudit.shadow.clusters import Spread, covariance, renumbered, spread
from llmaudit.shadow.health import regression

SHAPES = [(50, 5), (400, 40), (3000, 370), (1000, 1000)]


def mean(values: Floats, codes: Ints) -> tuple[float, Spread]:
    """Return the mean of pairs and its spread over clusters."""
    estimate = float(values.mean())
    return estimate, spread((values - estimate) / len(values), codes)


def sample(pairs: int, users: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    codes = rng.choice(users, pairs, p=rng.dirichlet(np.ones(users)))
    return rng.choice([-1.0, 0.0, 1.0], pairs, p=[0.12, 0.8, 0.08]) + 0.05 * rng.normal(size=users)[codes], codes


@pytest.mark.parametrize(("pairs", "users"), SHAPES)
def test_the_plain_error_is_that_of_statsmodels(pairs: int, users: int) -> None:
    values, codes = sample(pairs, users)
    theirs = OLS(values, np.ones(pairs)).fit(cov_type="cluster", cov_kwds={"groups": codes})
    estimate, found = mean(values, codes)
    assert estimate == pytest.approx(theirs.params[0], abs=1e-12)
    assert found.se_cr1 == pytest.approx(theirs.bse[0], rel=1e-10)


def test_a_slope_has_the_error_of_statsmodels() -> None:
    values, codes = sample(600, 60)
    x = np.random.default_rng(1).integers(0, 7, 600).astype(float)
    design = np.column_stack([np.ones(600), x])
    theirs = OLS(values, design).fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False})
    slope, p, at_zero = regression(x, values, codes)
    assert slope == pytest.approx(theirs.params[1], rel=1e-9)
    assert at_zero == pytest.approx(theirs.params[0], rel=1e-9)
    assert p == pytest.approx(theirs.pvalues[1], rel=0.1)  # t with CR2 here, the plain sandwich and a normal there


@pytest.mark.parametrize(("pairs", "users"), [(50, 5), (300, 40)])
def test_cr2_and_its_degrees_of_freedom_are_those_of_the_matrices(pairs: int, users: int) -> None:
    """Bell and McCaffrey by its definition: adjusted residuals, and Satterthwaite with a working covariance."""
    values, codes = sample(pairs, users)
    found = mean(values, codes)[1]
    hat = np.full((pairs, pairs), 1.0 / pairs)
    residual = values - values.mean()
    variance = 0.0
    columns = []
    for code in np.unique(codes):
        here = np.flatnonzero(codes == code)
        block = np.eye(len(here)) - hat[np.ix_(here, here)]
        eigen, vectors = np.linalg.eigh(block)
        root = vectors @ np.diag(eigen**-0.5) @ vectors.T
        one = np.ones(len(here)) / pairs
        variance += float(one @ root @ residual[here]) ** 2
        columns.append((np.eye(pairs) - hat)[:, here] @ root @ one)
    assert found.se == pytest.approx(np.sqrt(variance), rel=1e-9)
    stacked = np.column_stack(columns)
    totals = np.bincount(codes, weights=residual / pairs)
    shares = np.bincount(codes) / pairs
    squares = np.bincount(codes) / pairs**2
    within = float(residual @ residual) / pairs
    rho = np.clip((totals @ totals / within - squares.sum()) / (shares @ shares - squares.sum()), 0, 1)
    same = (codes[:, None] == codes[None, :]).astype(float)
    working = stacked.T @ ((1 - rho) * np.eye(pairs) + rho * same) @ stacked
    expected = np.trace(working) ** 2 / np.trace(working @ working)
    assert found.df == pytest.approx(expected, rel=1e-9)


def test_equal_clusters_have_one_degree_less_than_clusters() -> None:
    codes = np.repeat(np.arange(12), 7)
    values = np.random.default_rng(3).normal(size=84)
    assert mean(values, codes)[1].df == pytest.approx(11.0)


def test_single_pairs_are_the_ordinary_standard_error() -> None:
    values = np.random.default_rng(4).normal(size=200)
    found = mean(values, np.arange(200))[1]
    assert found.se == pytest.approx(values.std(ddof=1) / np.sqrt(200), rel=1e-12)
    assert found.deff == pytest.approx(1.0)


def test_order_and_labels_of_clusters_do_not_matter() -> None:
    values, codes = sample(500, 50)
    order = np.random.default_rng(5).permutation(500)
    first, second = mean(values, codes)[1], mean(values[order], (codes * 3 + 2)[order])[1]
    assert (first.se, first.df, first.clusters) == pytest.approx((second.se, second.df, second.clusters))


def test_doubling_every_pair_in_its_cluster_adds_no_information() -> None:
    values, codes = sample(500, 50)
    once, twice = mean(values, codes)[1], mean(np.tile(values, 2), np.tile(codes, 2))[1]
    assert twice.se == pytest.approx(once.se, rel=1e-12)


def test_weights_are_those_of_repeated_pairs() -> None:
    """A pair that counts three times is three pairs of one cluster."""
    values, codes = sample(200, 30)
    times = np.random.default_rng(6).integers(1, 4, 200)
    weights = times / times.sum()
    weighted = float(weights @ values)
    short = spread(weights * (values - weighted), codes, weights)
    long_values, long_codes = np.repeat(values, times), np.repeat(codes, times)
    long = mean(long_values, long_codes)[1]
    assert short.se == pytest.approx(long.se, rel=1e-12)


def test_covariance_of_a_figure_with_itself_is_its_variance() -> None:
    values, codes = sample(300, 30)
    influence = (values - values.mean()) / 300
    one, both, two = covariance(influence, influence, codes)
    assert one == pytest.approx(both) == pytest.approx(two)
    assert np.sqrt(one) == pytest.approx(mean(values, codes)[1].se)


def test_one_cluster_says_nothing() -> None:
    found = mean(np.array([0.0, 1.0, 1.0]), np.zeros(3, np.int64))[1]
    assert np.isnan(found.se)
    assert found.df == 0


def test_renumbering_closes_gaps() -> None:
    codes, count = renumbered(np.array([5, 2, 5, 9]))
    assert codes.tolist() == [1, 0, 1, 2]
    assert count == 3
