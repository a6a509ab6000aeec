"""Prefers round numbers: a gateway charges 5%, not 5.0003%, and rounding in the log hides the difference.

If round numbers reproduce the amounts as well as the fitted ones, the rule is judged by the round ones. They also show
which amounts fall exactly on half a step. Those are all rounded the same way, however many there are, and carry no
information, so the numbers are estimated without them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from llmaudit.arrays import Bools, Floats
from llmaudit.markup.regression import MIN_ROWS, quantile95, regress
from llmaudit.markup.rules import NULLS, Bench, FittedRule, Form, Number

DIGITS = (1, 2, 3)
"""Significant digits of an amount, and decimals of a percentage less one, from the roundest on."""

REACH = 4.0
"""Round numbers within this many standard errors are tried."""

NOT_ROUND = 4.0
"""Digits charged to numbers that are not round."""

TIED = 1e-3
"""Tolerance, in steps, for treating an amount as ending on half a step."""

LEAST = 1e-9
"""Least relative width of an interval: numbers that fit to the last digit are still floats."""

PITCHES = 50
"""With at least this many different endings of amounts, rounding behaves as if random."""


def snapped(rule: FittedRule, bench: Bench) -> FittedRule:
    """Return a rule with its cost, using round numbers if they reproduce the amounts as well."""
    judged = bench.judged(rule)
    form = rule.form
    if form is None or bench.is_noisy:
        return judged
    tolerance = rounding_room(form, bench)
    fitted = np.array([rule.numbers[name].value for name in form.names])
    errors = np.array([rule.numbers[name].error for name in form.names])
    for digits in DIGITS:
        rounded = np.array([_round(name, value, digits) for name, value in zip(form.names, fitted, strict=True)])
        if not (np.abs(rounded - fitted) <= REACH * errors + tolerance).all() or _is_null(form, rounded):
            continue
        predicted = form.predict(rounded) + rule.shift * bench.panel.step
        round_values = dict(zip(form.names, rounded.tolist(), strict=True))
        candidate = bench.judged(
            replace(rule, predicted=predicted, digits=_digits(form.names, digits) - 1, round=round_values)
        )
        if candidate.cost <= judged.cost and not _is_half_a_step(form, rounded, bench, rule.shift):
            return candidate
    return bench.judged(replace(rule, digits=NOT_ROUND))


def _is_half_a_step(form: Form, values: Floats, bench: Bench, shift: float) -> bool:
    """Say whether what is added to a request is what rounding up or down adds, on average: no round number then.

    A whole step on every request of a log that rounds down is a log that rounds up.
    """
    name = next((name for name in form.names if name in {"fee", "tokens"}), None)
    if name is None:
        return False
    index = form.names.index(name)
    added = float(np.median(form.columns[:, index])) * float(values[index])
    return LOW_HALF < abs(added / float(np.median(bench.panel.step)) + shift) < HIGH_HALF


LOW_HALF, HIGH_HALF = 0.4, 0.6


def has_round(name: str, number: Number) -> bool:
    """Say whether the interval of a number has a round one in it, and few enough others for that to be no chance."""
    rounded = _round(name, number.value, 1)
    is_narrow = number.high - number.low < (0.5 if name == "tokens" else 0.2 * abs(rounded))
    return number.low <= rounded <= number.high and is_narrow


def _is_null(form: Form, values: Floats) -> bool:
    """Say whether the round numbers add nothing, so that the rule is list itself."""
    return any(
        value == NULLS.get(name, 0.0) for name, value in zip(form.names, values, strict=True) if name != "before"
    )


def _round(name: str, value: float, digits: int) -> float:
    if name == "fee":
        return float(f"{value:.{digits - 1}e}")
    return round(value, 0 if name == "tokens" else digits + 1)


def _digits(names: tuple[str, ...], digits: int) -> float:
    """Return how many digits of an amount were needed; a whole number of tokens is as good as one and a half."""
    return digits if "fee" in names else 1.5 if "tokens" in names else 1


def rounding_room(form: Form, bench: Bench) -> Floats:
    """Return how far each number can be off because amounts end on half a step and are all rounded the same way."""
    rows, sigma = form.rows, bench.sigma
    weights = form.columns[rows] / sigma[rows, None] ** 2
    half = bench.panel.step[rows, None] / 2
    room: Floats = (np.abs(weights) * half).sum(axis=0) / (weights * form.columns[rows]).sum(axis=0)
    return room


def refined(rule: FittedRule, bench: Bench) -> FittedRule:
    """Return a rule with its numbers estimated again, with what is known of the rounding of its amounts.

    Amounts that end on half a step are left out. Requests of one list cost share their rounding, and count as one for
    the standard errors.
    """
    form = rule.form
    if form is None:
        return rule
    if not bench.is_noisy:
        rule = _as_rounded(rule, bench)
    target = bench.panel.billed - rule.shift * bench.panel.step - form.base
    units = (rule.predicted - rule.shift * bench.panel.step) / bench.panel.step
    rows = form.rows if bench.is_noisy else form.rows & ~_is_tied(units - rule.shift)
    room = np.zeros(len(form.names))
    fit = None
    if rows.sum() >= MIN_ROWS:
        clusters = None if bench.is_noisy else np.unique(np.round(units[rows], 3), return_inverse=True)[1]
        fit = regress(form.columns[rows], target[rows], bench.sigma[rows], clusters)
    if fit is None:
        rows, room = form.rows, rounding_room(form, bench)
        clusters = None
        fit = regress(form.columns[rows], target[rows], bench.sigma[rows])
    if fit is None:
        return rule
    count = int(rows.sum()) if clusters is None else int(clusters.max()) + 1
    if not bench.is_noisy:
        room = np.maximum(room, _pitch(form, bench, units, rows))
    numbers = dict(rule.numbers)
    for index, name in enumerate(form.names):
        value, error = float(fit.values[index]), float(fit.errors[index])
        reach = quantile95(count) * error + float(room[index]) + LEAST * abs(value)
        numbers[name] = Number(value, value - reach, value + reach, error, NULLS.get(name, 0.0))
    return replace(rule, numbers=numbers)


def _as_rounded(rule: FittedRule, bench: Bench) -> FittedRule:
    """Return a rule for a log that rounds the way in which most amounts are the rule's own, to the last digit.

    If steps are far below the precision of any list price, the costs of rules do not decide.
    """
    computed = rule.predicted - rule.shift * bench.panel.step
    share_exact = {shift: bench.exactly(computed + shift * bench.panel.step) for shift in (0.0, -0.5, 0.5)}
    shift = max(share_exact, key=lambda candidate: share_exact[candidate])
    if share_exact[shift] <= share_exact[rule.shift] + FEW:
        return rule
    return replace(rule, predicted=computed + shift * bench.panel.step, shift=shift)


FEW = 0.002
"""Share of the amounts that a rule may reproduce by chance."""


def _is_tied(units: Floats) -> Bools:
    found: Bools = np.abs(units - np.floor(units) - 0.5) < TIED
    return found


def _pitch(form: Form, bench: Bench, units: Floats, rows: Bools) -> Floats:
    """Return the room of an amount per request where list costs end on few parts of a step: they hide what is between.

    Other numbers have none: what multiplies list moves each request by another part of a step.
    """
    room = np.zeros(len(form.names))
    if "fee" not in form.names:
        return room
    ends = np.unique(np.round(np.mod(units[rows], 1.0), 3) % 1.0)
    if len(ends) < PITCHES:
        room[form.names.index("fee")] = HALF95 * float(np.median(bench.panel.step)) / len(ends)
    return room


HALF95 = 0.475
"""Of a number that may lie anywhere in a span, 95% is the span without a fortieth at each end."""
