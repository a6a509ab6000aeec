"""Fits every rule to the same requests, on the scale of the noise in their amounts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.markup.regression import FLOOR, noise_of, scale_of, sigma_of
from llmaudit.markup.round_numbers import snapped
from llmaudit.markup.rule_shapes import (
    FittedRules,
    cache_discount_rules,
    class_rate_rules,
    fee_rules,
    list_rules,
    minimum_rules,
    rate_rules,
    rounding_up_rules,
)
from llmaudit.markup.rules import Bench, FittedRule

RULES: tuple[Callable[[Bench, float], FittedRules], ...] = (
    list_rules,
    rounding_up_rules,
    rate_rules,
    fee_rules,
    class_rate_rules,
    cache_discount_rules,
    minimum_rules,
)
"""Every rule, in the order in which a tie is settled."""

NOISY = 3.0
"""Above this noise scale, an amount has more error than its own rounding and that of the list price."""

MOST_EXACT = 0.98
"""If a rule reproduces more than this share of the amounts to the last digit, no rounding is left to explain."""

SEEN = 1e-4
"""A rounding step below this share of a typical amount is negligible beside noise."""


def fitted_rules(bench: Bench) -> list[FittedRule]:
    """Return every rule that can be fitted, each with its cost; list itself is the first."""
    rules = _all_rules(bench)
    bench.settle(rules)
    if bench.scale > NOISY:  # amounts carry more than rounding: weigh them by what they carry, and fit again
        closest_rule = min(rules, key=lambda rule: scale_of(bench.residual(rule.predicted)))
        return refitted(bench, closest_rule.predicted)
    return _with_shifted(bench, [snapped(rule, bench) for rule in rules])


def _with_shifted(bench: Bench, rules: list[FittedRule]) -> list[FittedRule]:
    """Return the rules with what they are in a log that rounds down, or up, where rounding to the nearest leaves a gap.

    An amount, or a number of tokens, per request that comes to half a step is such a log; a rule that has one is
    compared with the others once more.
    """
    best = min(rules, key=lambda rule: rule.cost)
    is_seen = float(np.median(bench.panel.step)) > SEEN * bench.is_noisy * float(np.median(bench.listed))
    is_even = not {"fee", "tokens"} & best.numbers.keys()
    if not is_seen or (bench.exactly(best.predicted) >= MOST_EXACT and is_even):
        return rules
    shifted = [snapped(rule, bench) for shift in (-0.5, 0.5) for rule in _all_rules(bench, shift)]
    bench.settle([*rules, *shifted])
    return [bench.judged(rule) for rule in (*rules, *shifted)]


def refitted(bench: Bench, closest: Floats) -> list[FittedRule]:
    """Return the rules fitted with the noise that amounts have beside the reading that is closest to them."""
    noise = noise_of(bench.panel, closest)
    bench.sigma = sigma_of(bench.panel, noise, closest)
    bench.is_noisy = noise > NOISY * FLOOR
    rules = _all_rules(bench)
    bench.settle(rules)
    return _with_shifted(bench, [snapped(rule, bench) for rule in rules])


def _all_rules(bench: Bench, shift: float = 0.0) -> list[FittedRule]:
    """Return every rule for a log whose amounts are shifted by some steps from what is computed."""
    if not shift:
        return [rule for make in RULES for rule in make(bench, 0.0)]
    makers = (
        *((list_rules,) if shift < 0 else ()),
        rate_rules,
        fee_rules,
        class_rate_rules,
        cache_discount_rules,
        minimum_rules,
    )
    return [rule for make in makers for rule in make(bench, shift)]
