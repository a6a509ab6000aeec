"""Ratios from shadow pairs: planted truth on simulated pairs, tables of the t distribution, sums from the database."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy import stats

from llmaudit.catalog import Catalog
from llmaudit.plans.measured import LEAST_PAIRS, Measured, Ratio, ratio_of, t_quantile
from llmaudit.store import Store
from llmaudit.summaries.pairs import PairSums, added, build, merge

NAMES = {"test": "t", "model_before": "openai/gpt-5.6-sol", "model_after": "openai/gpt-5.6-luna", "measure": "output"}


def sums(before: np.ndarray, after: np.ndarray, cluster: np.ndarray, tier: int | None = 0) -> PairSums:
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one, other, group in zip(before.tolist(), after.tolist(), cluster.tolist(), strict=True):
        totals[group][0] += one
        totals[group][1] += other
    clusters = list(totals.values())
    return PairSums(
        **NAMES,
        tier=tier,
        pairs=len(before),
        clusters=len(clusters),
        before=int(before.sum()),
        after=int(after.sum()),
        before_squared=Decimal(sum(a * a for a, _ in clusters)),
        after_squared=Decimal(sum(b * b for _, b in clusters)),
        product=Decimal(sum(a * b for a, b in clusters)),
    )


def world(rng: np.random.Generator, ratio: float, size: int = 20_000, users: int = 2_000) -> tuple[np.ndarray, ...]:
    """Output tokens of two models on the same requests: heavy tails, users who ask for more, and a noisy ratio."""
    cluster = rng.integers(0, users, size)
    user = rng.normal(0, 0.4, users)[cluster]
    before = np.maximum(rng.lognormal(5.2 + user, 0.9, size), 1).astype(np.int64)
    after = np.maximum(before * ratio * rng.lognormal(-0.18, 0.6, size), 1).astype(np.int64)
    return before, after, cluster


@pytest.mark.parametrize("ratio", [0.4, 0.93, 1.7])
def test_a_sample_of_five_percent_is_within_eleven_percent_and_the_interval_covers(ratio: float) -> None:
    """The truth is the ratio of all totals; the sample is one in twenty requests, drawn anew 400 times."""
    rng = np.random.default_rng(20261126)
    before, after, cluster = world(rng, ratio)
    truth = after.sum() / before.sum()
    errors, held = [], 0
    for _ in range(400):
        some = rng.choice(len(before), len(before) // 20, replace=False)
        found = ratio_of(sums(before[some], after[some], cluster[some]))
        assert found is not None
        errors.append(abs(float(found.value) / truth - 1))
        held += float(found.low) <= truth <= float(found.high)
    assert np.mean(errors) < 0.054, "the least error of earlier measurements"
    assert np.quantile(errors, 0.95) < 0.11
    assert 0.92 <= held / 400 <= 0.99


def test_pairs_of_one_user_are_not_so_many_proofs() -> None:
    """The same pairs ten times over in the same users: the ratio stays, and so does its interval."""
    rng = np.random.default_rng(3)
    before, after, cluster = world(rng, 0.8, size=600, users=60)
    once = ratio_of(sums(before, after, cluster))
    tenfold = ratio_of(sums(np.tile(before, 10), np.tile(after, 10), np.tile(cluster, 10)))
    assert once is not None
    assert tenfold == once


def test_the_interval_is_that_of_fieller() -> None:
    """Twelve clusters by hand, with scipy's t: the roots of (B - rA)^2 = t^2 G/(G-1) sum (b - ra)^2."""
    a = np.arange(10, 22) * 10
    b = np.array([70, 95, 80, 120, 90, 150, 100, 130, 160, 110, 180, 140])
    found = ratio_of(msgspec.structs.replace(sums(a, b, np.arange(12)), pairs=LEAST_PAIRS))
    assert found is not None
    spread = stats.t.ppf(0.975, 11) ** 2 * 12 / 11
    roots = np.roots(
        [
            a.sum() ** 2 - spread * (a * a).sum(),
            -2 * (a.sum() * b.sum() - spread * (a * b).sum()),
            b.sum() ** 2 - spread * (b * b).sum(),
        ]
    )
    assert float(found.value) == pytest.approx(b.sum() / a.sum(), abs=1e-4)
    assert sorted((float(found.low), float(found.high))) == pytest.approx(sorted(roots), abs=2e-4)


@pytest.mark.parametrize("freedom", [9, 12, 20, 50, 400])
def test_t_is_that_of_the_tables(freedom: int) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-4)


FEW = [
    {"pairs": 29},
    {"clusters": 9},
    {"before_squared": Decimal(10**12)},  # one cluster is nearly everything: the interval has no end
]


@pytest.mark.parametrize("changed", FEW)
def test_too_little_says_nothing(changed: dict[str, object]) -> None:
    plain = sums(np.full(60, 100), np.full(60, 80), np.arange(60))
    assert ratio_of(plain) == Ratio(Decimal("0.8000"), Decimal("0.8000"), Decimal("0.8000"))
    assert ratio_of(msgspec.structs.replace(plain, **changed)) is None


def test_a_tier_s_own_pairs_first_then_all(catalog: Catalog) -> None:
    """Tier 0 has 60 pairs at 0.5 and tier 1 only 20 at 2: together (60 x 50 + 20 x 200) / (80 x 100) = 0.875."""
    simple = sums(np.full(60, 100), np.full(60, 50), np.arange(60), tier=0)
    other = sums(np.full(20, 100), np.full(20, 200), np.arange(20), tier=1)
    known = Measured([simple, other], catalog)
    ratios = [known.band("output", NAMES["model_before"], NAMES["model_after"], tier) for tier in (0, 1, None)]
    assert [band and band.expected for band in ratios] == [Decimal("0.5"), Decimal("0.875"), Decimal("0.875")]
    assert known.band("prompt", NAMES["model_before"], NAMES["model_after"], 0) is None
    assert known.band("output", NAMES["model_after"], NAMES["model_before"], 0) is None


def test_names_of_pairs_are_resolved(catalog: Catalog) -> None:
    row = msgspec.structs.replace(sums(np.full(60, 100), np.full(60, 50), np.arange(60)), model_after="gpt-5.6-luna")
    assert Measured([row], catalog).band("output", NAMES["model_before"], "openai/gpt-5.6-luna", 0) is not None


def test_a_pair_of_two_tests_is_summed_once(tmp_path: Path) -> None:
    """Two pairs with a time, in two tests: 2 pairs of 30 and 50 tokens. One without a time is each test's own."""
    with Store(tmp_path / "a.duckdb") as store:
        for test in ("t", "u"):
            for pair, at, before, after in (
                ("p1", "2026-10-01", 10, 20),
                ("p2", "2026-10-02", 20, 30),
                ("p3", None, 5, 6),
            ):
                store.execute(
                    "INSERT INTO shadow_pairs (test, pair_id, primary_at, primary_model, shadow_model, primary_ok,"
                    " shadow_ok, primary_output_tokens, shadow_output_tokens)"
                    " VALUES (?, ?, ?, 'a', 'b', true, true, ?, ?)",
                    [test, pair, at, before, after],
                )
        found = {row.test: (row.pairs, row.before, row.after) for row in build(store)}
    assert found == {"t": (3, 35, 56), "u": (1, 5, 6)}


def test_sums_of_the_database(tmp_path: Path) -> None:
    """Two users: (100 + 50, 80 + 20) and (10, 40) tokens; a failed answer and an unknown count say nothing."""
    rows = [
        ("p1", "u1", True, True, 100, 80),
        ("p2", "u1", True, True, 50, 20),
        ("p3", "u2", True, True, 10, 40),
        ("p4", "u2", True, False, 500, 1),
        ("p5", "u3", True, True, 70, None),
    ]
    with Store(tmp_path / "a.duckdb") as store:
        for pair, user, ok, other_ok, before, after in rows:
            store.execute(
                "INSERT INTO shadow_pairs (test, pair_id, user_id, tier, primary_model, shadow_model, primary_ok,"
                " shadow_ok, primary_output_tokens, shadow_output_tokens) VALUES ('t', ?, ?, 1, 'a', 'b', ?, ?, ?, ?)",
                [pair, user, ok, other_ok, before, after],
            )
        (found,) = build(store)
    assert (found.measure, found.tier, found.pairs, found.clusters) == ("output", 1, 3, 2)
    assert (found.before, found.after) == (160, 140)
    assert (found.before_squared, found.after_squared, found.product) == (150**2 + 10**2, 100**2 + 40**2, 15_400)
    assert merge([found, found]) == [added([found, found])]
    assert added([found, found]).product == 30_800
    assert msgspec.json.decode(msgspec.json.encode(found), type=PairSums) == found, "a cells file holds it"
