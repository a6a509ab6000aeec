"""Boundaries against published tables; p-values and confidence sequences against simulated looks."""

import numpy as np
import pytest
from scipy.stats import norm, t

from llmaudit.shadow.sequential import (
    boundaries,
    confidence_sequence,
    fractions_of,
    from_normal,
    normal_equivalent,
    p_value,
    spent,
)

PUBLISHED = {  # Lan-DeMets, O'Brien-Fleming type, two-sided 0.05, equally spaced looks (Reboussin et al. 2000)
    1: [1.9600],
    2: [2.9626, 1.9686],
    3: [3.7103, 2.5114, 1.9930],
    4: [4.3326, 2.9631, 2.3590, 2.0141],
    5: [4.8769, 3.3570, 2.6803, 2.2898, 2.0310],
}


@pytest.mark.parametrize("looks", PUBLISHED)
def test_boundaries_are_those_of_the_tables(looks: int) -> None:
    found = boundaries(np.arange(1, looks + 1) / looks, 0.05, two_sided=True)
    assert found == pytest.approx(PUBLISHED[looks], abs=1.01e-4)


def test_two_sides_at_five_percent_are_one_side_at_two_and_a_half() -> None:
    fractions = [0.1, 0.35, 0.5, 0.9, 1.0]
    assert boundaries(fractions, 0.05, two_sided=True) == pytest.approx(boundaries(fractions, 0.025), abs=1e-6)


def test_spending_is_known_by_arithmetic() -> None:
    assert spent(1.0, 0.05) == pytest.approx(0.05)
    assert spent(0.5, 0.05) == pytest.approx(2 * norm.sf(norm.isf(0.025) / np.sqrt(0.5)))
    assert spent(0.0, 0.05) == 0.0


@pytest.mark.parametrize("fractions", [[0.05, 0.1, 0.6, 0.62, 1.0], np.arange(1, 31) / 30, [0.3, 0.3, 1.0]])
def test_walks_cross_as_often_as_was_to_be_spent(fractions: list[float]) -> None:
    """Brownian motion drawn at the looks: 400,000 walks, standard error 0.0004."""
    fractions = np.asarray(fractions)
    rng = np.random.default_rng(1)
    steps = np.diff(fractions, prepend=0.0)
    walks = np.cumsum(rng.normal(size=(400_000, len(fractions))) * np.sqrt(steps), axis=1) / np.sqrt(fractions)
    crossed = np.mean(np.any(walks >= boundaries(fractions, 0.05), axis=1))
    assert crossed == pytest.approx(0.05, abs=0.0015)


def test_a_trial_that_is_not_over_has_spent_only_its_part() -> None:
    rng = np.random.default_rng(2)
    fractions = np.array([0.2, 0.4])
    walks = np.cumsum(rng.normal(size=(400_000, 2)) * np.sqrt(0.2), axis=1) / np.sqrt(fractions)
    crossed = np.mean(np.any(walks >= boundaries(fractions, 0.2), axis=1))
    assert crossed == pytest.approx(spent(0.4, 0.2), abs=0.002)


def test_fractions_have_to_rise() -> None:
    with pytest.raises(ValueError, match="must rise"):
        boundaries([0.5, 0.2, 1.0], 0.05)
    with pytest.raises(ValueError, match="must rise"):
        boundaries([0.5, 1.2], 0.05)


def test_information_never_falls() -> None:
    assert fractions_of([1.0, 3.0, 2.0, 4.0]).tolist() == [0.25, 0.75, 0.75, 1.0]
    assert fractions_of([1.0, 2.0], planned=4.0).tolist() == [0.25, 0.5]


def test_one_look_has_the_ordinary_p_value() -> None:
    assert p_value([1.7], [1.0]) == pytest.approx(norm.sf(1.7), rel=1e-3)
    assert p_value([-2.2], [1.0], two_sided=True) == pytest.approx(2 * norm.sf(2.2), rel=1e-3)


def test_the_p_value_agrees_with_the_boundary() -> None:
    fractions = np.arange(1, 8) / 7
    edge = boundaries(fractions, 0.05)
    for look in (2, 4, 6):
        z = np.zeros(look + 1)
        z[look] = edge[look] + 0.001
        assert p_value(z, fractions[: look + 1]) < 0.05
        z[look] = edge[look] - 0.001
        assert p_value(z, fractions[: look + 1]) > 0.05


def test_p_values_are_uniform_however_often_one_looks() -> None:
    rng = np.random.default_rng(3)
    fractions = np.arange(1, 6) / 5
    walks = np.cumsum(rng.normal(size=(1500, 5)) * np.sqrt(0.2), axis=1) / np.sqrt(fractions)
    found = np.array([p_value(z, fractions) for z in walks])
    for level in (0.05, 0.2, 0.5):
        assert np.mean(found <= level) == pytest.approx(level, abs=0.04)


@pytest.mark.parametrize("df", [5.0, 37.5, 1e9])
def test_a_t_statistic_and_its_normal_equivalent_are_as_unlikely(df: float) -> None:
    for value in (-6.0, -0.3, 0.0, 2.1, 5.0):
        z = normal_equivalent(value, df)
        assert norm.sf(abs(z)) == pytest.approx(t.sf(abs(value), df), rel=1e-6)
        assert from_normal(z, df) == pytest.approx(value, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("two_sided", "limit"), [(True, 0.05), (False, 0.05)])
def test_a_confidence_sequence_holds_at_every_look_at_once(*, two_sided: bool, limit: float) -> None:
    """Means of 2,000 draws watched at each of the last 1,950: the truth leaves the band in at most 5% of runs."""
    rng = np.random.default_rng(4)
    n = np.arange(1, 2001)
    watched = n > 50
    half = np.array(
        [confidence_sequence(1 / np.sqrt(k), float(k), 500.0, 0.05, two_sided=two_sided) for k in n[watched]]
    )
    left = 0
    for _ in range(2000):
        path = (np.cumsum(rng.normal(size=2000)) / n)[watched]
        left += bool(np.any((np.abs(path) if two_sided else path) > half))
    assert left / 2000 <= limit + 0.01
    assert left / 2000 > 0.005  # not empty of content, either


def test_a_confidence_sequence_follows_its_formula() -> None:
    """Waudby-Smith et al. (2021), theorem 2.2, written out for n = 400, sigma = 1, rho tuned at n* = 100."""
    rho2 = (-2 * np.log(0.05) + np.log(-2 * np.log(0.05) + 1)) / 100
    n = 400
    expected = np.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * np.log(np.sqrt(n * rho2 + 1) / 0.05))
    assert confidence_sequence(1 / np.sqrt(n), n, 100.0, 0.05) == pytest.approx(expected, rel=1e-12)
