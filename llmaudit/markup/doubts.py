"""Reasons why the best-fitting rule may still be no markup.

A rule is doubted if too few requests follow it, if chance or noise could produce it, or if it has a shape that no
gateway is known to charge.
"""

from __future__ import annotations

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.markup.lookalike_fitting import currency_of
from llmaudit.markup.model import TOLERANCE
from llmaudit.markup.panel import Panel
from llmaudit.markup.regression import MIN_ROWS
from llmaudit.markup.rules import TIE, Bench, FittedRule

MOST = 0.75
"""With a smaller share of the requests on one rule than this, there is no markup."""

MANY_STEPS, NEARLY_ALL = 5.0, 0.9

DENIED = 0.1
"""Share of requests at list, beyond chance, that a rule for all of them cannot have."""

APART = 1.6
"""Least ratio of expensive to cheap requests at which their scatter can be compared: it should grow as they do."""

MANY = 4.0
"""Times list beyond which no gateway is known to charge."""

OF_A_REQUEST = {"per_request", "token_count", "minimum_charge"}
"""Kinds whose number belongs to the request, whatever the request costs."""


def is_doubtful(rule: FittedRule, bench: Bench) -> bool:
    """Say whether a rule that fits best is still too weak, or too odd, to be called a markup."""
    return (
        rule.fits < MOST or not _is_clear(rule) or _is_torn(rule) or _is_denied(rule, bench) or _is_uneven(rule, bench)
    )


def _is_torn(rule: FittedRule) -> bool:
    """Say whether one class of tokens is more expensive and the other cheaper.

    No gateway is known to charge so, and a log that leaves out cached tokens looks so.
    """
    ratios = [number.value for name, number in rule.numbers.items() if name in {"input", "output"}]
    return bool(ratios) and min(ratios) < 1 < max(ratios)


def _is_clear(rule: FittedRule) -> bool:
    return all(number.is_clear for name, number in rule.numbers.items() if number.error and name != "before")


def is_exact(rule: FittedRule, bench: Bench) -> bool:
    """Say whether a rule reproduces amounts to the last digit, many steps away from list, and list reproduces none."""
    step, billed = bench.panel.step, bench.panel.billed
    added_usd = rule.predicted - bench.listed
    is_changed = added_usd > MANY_STEPS * step
    if bench.is_noisy or is_changed.sum() < MIN_ROWS // 3:
        return False
    is_reproduced = np.abs(billed - rule.predicted) <= step * TIE
    is_at_list = np.abs(billed - bench.listed) <= step
    return bool(is_reproduced[is_changed].mean() >= NEARLY_ALL and is_at_list[is_changed].mean() <= 1 - NEARLY_ALL)


def _is_denied(rule: FittedRule, bench: Bench) -> bool:
    """Say whether many requests are billed their list cost to the step, though the rule would have them more expensive.

    Under noise a rule fits most requests whatever they are billed. What a log leaves out (reasoning, cached tokens)
    looks like noise too, but it leaves the requests that had none of it at list, where noise would leave hardly one.
    """
    if not bench.is_noisy:
        return False
    step = bench.panel.step
    is_changed = np.abs(rule.predicted - bench.listed) > np.maximum(MANY_STEPS * step, bench.sigma * bench.scale / 2)
    if is_changed.sum() < MIN_ROWS:
        return False
    is_at_list = np.abs(bench.panel.billed - bench.listed)[is_changed] <= step[is_changed]
    chance_at_list = np.minimum(2 * step / (bench.sigma * bench.scale), 1.0)[is_changed]
    return bool(is_at_list.mean() > chance_at_list.mean() + DENIED)


def _is_uneven(rule: FittedRule, bench: Bench) -> bool:
    """Say whether what a rule adds to every request is in truth another amount on each.

    The noise of a log is a share of its amounts. If expensive requests of a model scatter hardly more than cheap ones,
    no single amount was added to them: usually it was tokens that the log does not count.
    """
    if not bench.is_noisy or not {"fee", "tokens"} & rule.numbers.keys():
        return False
    scatter = np.abs(bench.panel.billed - rule.predicted)
    is_above_rounding = rule.predicted > MANY_STEPS * bench.panel.step
    names = np.array([row.model for row in bench.panel.rows])
    model_masks = (is_above_rounding & (names == name) for name in sorted(set(names.tolist())))
    votes = [_scatters_alike(rule.predicted[mask], scatter[mask]) for mask in model_masks if mask.any()]
    known_votes = [vote for vote in votes if vote is not None]
    return 2 * sum(known_votes) > len(known_votes)


def _scatters_alike(amounts: Floats, scatter: Floats) -> bool | None:
    """Say whether expensive requests scatter hardly further than cheap ones; None where there are too few to tell."""
    low, high = np.quantile(amounts, [0.25, 0.75])
    is_cheap, is_expensive = amounts <= low, amounts >= high
    amount_ratio = float(np.median(amounts[is_expensive]) / np.median(amounts[is_cheap]))
    if min(is_cheap.sum(), is_expensive.sum()) < MIN_ROWS or amount_ratio < APART:
        return None
    return bool(float(np.median(scatter[is_expensive])) < float(np.median(scatter[is_cheap])) * amount_ratio**0.5)


def stated_ratio(rule: FittedRule, panel: Panel) -> str | None:
    """Return the ratio that a relay logged with every request, if it is the one that was found."""
    stated = {row.group_ratio for row in panel.rows}
    rate = rule.numbers.get("rate")
    if len(stated) != 1 or rate is None:
        return None
    (ratio,) = stated
    return ratio if ratio is not None and abs(float(ratio) - rate.value) <= TOLERANCE else None


def exchange_rate_of(rule: FittedRule) -> float | None:
    """Return the ratio of a rule that looks like an exchange rate; None if there is none.

    Near list only a bare ratio is one. A ratio of several times list is one whatever stands beside it: a log that
    leaves out cached tokens, or rounds roughly, makes its amounts follow another rule.
    """
    ratios = [number.value for name, number in rule.numbers.items() if name in {"rate", "output"}]
    is_bare = rule.kind == "token_rate" and rule.since is None
    return next((ratio for ratio in ratios if currency_of(ratio) and (is_bare or ratio > MANY)), None)
