"""The promises, small; the full study, 8,000 runs a world, is benchmarks/shadow.py. Bands are 4 errors wide."""

from dataclasses import replace

import numpy as np
import pytest

from llmaudit.datasets.shadow import World, simulate, swapped
from llmaudit.datasets.shadow_study import study_coverage, study_looks, with_loss
from llmaudit.shadow.analysis import analyze
from llmaudit.shadow.model import Plan

RUNS = 400


def test_looking_every_day_keeps_the_level_and_nearly_all_power() -> None:
    found = study_looks(World(), RUNS, seed=11)
    assert found.difference.share == pytest.approx(0.05, abs=0.044)
    assert found.naive.share > 0.15  # a t test on pairs, looked at daily: why all this is needed
    assert found.noninferior.share >= 0.97 * found.noninferior_once.share - 0.03
    assert found.mean_days < 7


def test_a_loss_of_the_margin_seldom_passes() -> None:
    found = study_looks(with_loss(World(), -0.02), RUNS, seed=12)
    assert found.noninferior.share <= 0.05 + 0.044


def test_few_users_do_not_break_the_level() -> None:
    found = study_looks(World(pairs=1000, users=40), RUNS, seed=13)
    assert found.difference.share <= 0.05 + 0.044


def test_intervals_hold_the_truth() -> None:
    found = study_coverage(World(pairs=1000, users=150, errors=(0.03, 0.05)), RUNS, seed=14)
    for rate in (found.cost_ratio, found.cost_per_success, found.p50, found.p95, found.p99):
        assert rate.share == pytest.approx(0.95, abs=0.045)


def test_a_planted_loss_is_found_in_its_tier_and_in_no_other() -> None:
    """Two points lost in tier 2, at a size at which that can be seen; over twenty draws."""
    world = World(pairs=60_000, users=5000, tiers=(0.4, 0.3, 0.3), loss={2: -0.02}, disagree=0.1, between=0.04)
    caught, blamed = 0, 0
    for seed in range(20):
        found = analyze(simulate(world, np.random.default_rng(seed)), Plan(margin=0.02, days=7))
        verdicts = {one.tier: one for one in found.by_tier}
        caught += verdicts[2].loss_proven and not verdicts[2].may_move
        blamed += verdicts[0].loss_proven + verdicts[1].loss_proven
        assert verdicts[0].verdict == verdicts[1].verdict == "non-inferior"
        assert verdicts[0].may_move
    assert caught >= 18
    assert blamed <= 4


def test_arms_swapped_by_a_coin_are_told_to_be_alike() -> None:
    """An A/A test made from two very different models: no difference is found."""
    world = World(pairs=8000, users=1000, loss={0: -0.1}, cost_ratio=0.3, latency_ratio=0.5)
    found_something = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = analyze(swapped(simulate(world, rng), rng), Plan(margin=0.03, days=7))
        assert found.decision in {"non-inferior", "inconclusive"}
        assert found.health.ok
        found_something += sum(one.p is not None and one.p < 0.01 for one in found.metrics[:3])
    assert found_something <= 3


def test_missing_answers_are_read_four_ways() -> None:
    """Long prompts go missing; the readings come in the order that must hold, and the worst is exact arithmetic."""
    pairs = simulate(World(pairs=20_000, users=2000, missing=0.09), np.random.default_rng(5))
    missing = analyze(pairs).health.missing
    assert missing is not None
    gone = ~pairs.shadow.present
    assert missing.missing == int(gone.sum())
    filled = np.where(gone, 0.0, pairs.shadow.score)
    assert missing.worst == pytest.approx(float(np.mean(filled - pairs.primary.score)))
    assert missing.as_failure == missing.worst < missing.complete < missing.best
    assert missing.post_stratified is not None
    assert missing.worst < missing.post_stratified < missing.best
    assert missing.used == "post-stratified"


def test_weighting_by_size_undoes_what_missing_long_prompts_did() -> None:
    """The shadow loses 6 points on long prompts only, and answers half of them: complete pairs flatter it."""
    rng = np.random.default_rng(6)
    pairs = simulate(World(pairs=60_000, users=60_000), rng)
    long = pairs.size > np.median(pairs.size)
    lost = long & (rng.random(len(pairs)) < 0.06)
    score = np.where(lost, 0.0, pairs.primary.score)
    truth = float(np.mean(score - pairs.primary.score))
    gone = long & (rng.random(len(pairs)) < 0.5)
    shadow = replace(pairs.shadow, present=~gone, ok=~gone, score=np.where(gone, np.nan, score))
    missing = analyze(replace(pairs, shadow=shadow)).health.missing
    assert missing is not None
    assert missing.post_stratified == pytest.approx(truth, abs=0.002)
    assert missing.complete > truth + 0.005
