"""The rules by which a gateway can turn list costs into amounts, each fitted to the same requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from llmaudit.arrays import Bools, Floats
from llmaudit.markup.panel import CLASSES, INPUT
from llmaudit.markup.regression import MIN_ROWS, Linear, mode_of, quantile95, regress
from llmaudit.markup.round_numbers import TIED, has_round
from llmaudit.markup.rules import CLEAR, NULLS, Bench, FittedRule, Form, Kind, Number

SAME = 0.002
"""Rates closer to each other than this are the same."""

FittedRules = Iterator[FittedRule]


def _fit_linear(kind: Kind, bench: Bench, shift: float, form: Form, since: int | None = None) -> FittedRule | None:
    """Return a rule with its fitted numbers, or None where the requests say nothing of one of them."""
    target = bench.panel.billed - shift * bench.panel.step - form.base
    rows = form.rows
    fit = regress(form.columns[rows], target[rows], bench.sigma[rows])
    if fit is None:
        return None
    predicted = form.predict(fit.values) + shift * bench.panel.step
    numbers = {name: number_of(fit, i, int(rows.sum()), name) for i, name in enumerate(form.names)}
    return FittedRule(kind, numbers, predicted, since=since, shift=shift, form=form)


def number_of(fit: Linear, index: int, n: int, name: str) -> Number:
    """Return a coefficient with its interval."""
    value, error = float(fit.values[index]), float(fit.errors[index])
    reach = quantile95(n) * error
    return Number(value, value - reach, value + reach, error, NULLS.get(name, 0.0))


def _all(bench: Bench) -> Bools:
    return np.ones(len(bench.listed), bool)


def list_rules(bench: Bench, shift: float) -> FittedRules:
    """Billed is list, as the log rounds it."""
    yield FittedRule(None, {}, bench.listed + shift * bench.panel.step, shift=shift)


def rounding_up_rules(bench: Bench, _: float) -> FittedRules:
    """Billed is list rounded up to the log's own step."""
    step = bench.panel.step
    if (bench.panel.billed > 1.5 * step).sum() < MIN_ROWS:  # one amount for all is no rounding
        return
    size = float(np.median(step))
    predicted = up_to(bench.listed, step)
    is_whole = np.abs(predicted - bench.listed) <= TIED * step  # what floats add to it may have been rounded up as well
    is_next = np.abs(bench.panel.billed - predicted - step) <= TIED * step
    predicted = np.where(is_whole & is_next, predicted + step, predicted)
    yield FittedRule("rounding_up", {"step": Number(size, size, size, 0.0, null=0.0)}, predicted)


def up_to(amounts: Floats, step: Floats) -> Floats:
    """Return amounts rounded up to a step; what floats add to a whole one is no step."""
    rounded: Floats = np.ceil(amounts / step - 1e-6) * step
    return rounded


def rate_rules(bench: Bench, shift: float) -> FittedRules:
    """Billed is a multiple of list: from the start, or from a day on."""
    form = Form(("rate",), bench.listed[:, None], np.zeros(len(bench.listed)), _all(bench))
    if (rule := _fit_linear("token_rate", bench, shift, form)) is not None:
        yield rule
    yield from _at_the_mode(bench, shift, form)
    yield from _changed(bench, shift)


def _at_the_mode(bench: Bench, shift: float, form: Form) -> FittedRules:
    """Yield the rate of the requests that lie closest together, where less than half may follow it."""
    listed, billed = bench.listed, bench.panel.billed
    clear = listed > 20 * bench.panel.step  # of smaller ones the ratio is rounding
    if clear.sum() < MIN_ROWS:
        return
    mode = mode_of(billed[clear] / listed[clear])
    near = np.abs(billed / mode - listed) <= 8 * np.sqrt(bench.sigma**2 + (0.001 * listed) ** 2)
    if MIN_ROWS <= near.sum() < len(billed):
        rule = _fit_linear("token_rate", bench, shift, Form(form.names, form.columns, form.base, near))
        if rule is not None:
            yield rule


def _changed(bench: Bench, shift: float) -> FittedRules:
    """Yield a rate that is another one from the day on that splits the daily medians best."""
    panel = bench.panel
    days = np.unique(panel.day[panel.day >= 0])
    if len(days) < 4 or len(panel) < 2 * MIN_ROWS:  # noqa: PLR2004 -- two days on each side
        return
    ratio = panel.billed / bench.listed
    medians = np.array([np.median(ratio[panel.day == day]) for day in days])
    losses = [
        np.abs(part - np.median(part)).sum() for cut in range(1, len(days)) for part in (medians[:cut], medians[cut:])
    ]
    cut = int(np.argmin(np.array(losses).reshape(-1, 2).sum(axis=1))) + 1
    after = panel.day >= days[cut]
    if min(after.sum(), (~after).sum()) < MIN_ROWS:
        return
    columns = np.stack([bench.listed * after, bench.listed * ~after], axis=1)
    form = Form(("rate", "before"), columns, np.zeros(len(after)), _all(bench))
    rule = _fit_linear("token_rate", bench, shift, form, since=int(days[cut]))
    if rule is not None:
        yield rule


def fee_rules(bench: Bench, shift: float) -> FittedRules:
    """Billed is list and an amount, or a number of tokens, per request; or a multiple of list and an amount."""
    listed, ones = bench.listed, np.ones(len(bench.listed))
    fee_rule = _fit_linear("per_request", bench, shift, Form(("fee",), ones[:, None], listed, _all(bench)))
    price = bench.panel.factors[:, [INPUT]]
    tokens_rule = _fit_linear("token_count", bench, shift, Form(("tokens",), price, listed, _all(bench)))
    rate_and_fee_form = Form(("rate", "fee"), np.stack([listed, ones], axis=1), np.zeros(len(ones)), _all(bench))
    rate_and_fee = _fit_linear("rate_and_fee", bench, shift, rate_and_fee_form)
    if fee_rule is not None:
        yield replace(fee_rule, digits=0.0 if has_round("fee", fee_rule.numbers["fee"]) else 1.0)
    if tokens_rule is not None:  # of one model it is the same as an amount: the rounder one of them is meant
        yield replace(tokens_rule, digits=0.5 if has_round("tokens", tokens_rule.numbers["tokens"]) else 1.0)
    if rate_and_fee is not None and all(
        number.value > 0 and number.is_clear for number in rate_and_fee.numbers.values()
    ):
        yield rate_and_fee  # an amount below nothing would be money back for every request


def class_rate_rules(bench: Bench, shift: float) -> FittedRules:
    """Billed is list with the price of one class of tokens raised, or of both by different ratios."""
    panel = bench.panel
    output = panel.parts[:, CLASSES.index("output")]
    prompt = panel.parts[:, : CLASSES.index("output")].sum(axis=1)
    other_cost = panel.parts[:, CLASSES.index("other")]
    one_class: tuple[tuple[Kind, str, Floats, Floats], ...] = (
        ("output_rate", "output", output, prompt),
        ("input_rate", "input", prompt, output),
    )
    for kind, name, raised, others in one_class:
        rule = _fit_linear(kind, bench, shift, Form((name,), raised[:, None], others + other_cost, _all(bench)))
        if rule is not None:
            yield rule
    form = Form(("input", "output"), np.stack([prompt, output], axis=1), other_cost, _all(bench))
    both = _fit_linear("class_rates", bench, shift, form)
    if both is not None:
        input_number, output_number = both.numbers["input"], both.numbers["output"]
        difference = abs(input_number.value - output_number.value)
        if (
            difference > max(CLEAR * float(np.hypot(input_number.error, output_number.error)), SAME)
            and input_number.is_clear
            and output_number.is_clear
        ):
            yield both


def cache_discount_rules(bench: Bench, shift: float) -> FittedRules:
    """Billed is list with the discount on cache reads kept, whole or in part; or a multiple of that."""
    undiscounted = bench.panel.undiscounted
    if (undiscounted > 0).sum() < MIN_ROWS:
        return
    discount_rule = _fit_linear(
        "cache_discount", bench, shift, Form(("kept",), undiscounted[:, None], bench.listed, _all(bench))
    )
    if discount_rule is not None:
        yield discount_rule
    form = Form(("rate",), (bench.listed + undiscounted)[:, None], np.zeros(len(undiscounted)), _all(bench))
    rate_rule = _fit_linear("rate_and_cache_discount", bench, shift, form)
    if rate_rule is not None:
        rate_rule.numbers["kept"] = Number(1.0, 1.0, 1.0, 0.0, null=0.0)
        yield rate_rule


def minimum_rules(bench: Bench, shift: float) -> FittedRules:
    """Billed is list, or a multiple of it, but never below an amount."""
    floor = _minimum_charge(bench)
    if floor is None:
        return
    least_usd, is_above = floor.value, bench.listed > floor.value
    listed = bench.listed
    predicted = np.maximum(listed, least_usd) + shift * bench.panel.step
    yield FittedRule("minimum_charge", {"minimum": floor}, predicted, shift=shift)
    if is_above.sum() < MIN_ROWS:
        return
    form = Form(("rate",), listed[:, None], np.zeros(len(listed)), is_above, least_usd)
    rule = _fit_linear("minimum_charge", bench, shift, form)
    if rule is not None and rule.numbers["rate"].is_clear and abs(rule.numbers["rate"].value - 1) > SAME:
        rule.numbers["minimum"] = floor
        yield rule


def _minimum_charge(bench: Bench) -> Number | None:
    """Return the amount that cheap requests are billed alike; None where they are not, or it is not above list.

    Without noise it is the least amount there is. With noise it is the middle of what the requests below it are billed.
    """
    billed, listed = bench.panel.billed, bench.listed
    floor = float(billed.min())
    is_lowest = billed == floor
    if not bench.is_noisy and floor > 0 and is_lowest.sum() >= _enough(bench) and np.median(listed[is_lowest]) < floor:
        return Number(floor, floor, floor, 0.0, null=0.0)
    is_cheap = listed <= np.quantile(listed, 0.05)
    floor = float(np.median(billed[is_cheap]))
    for _ in range(20):
        is_below = listed < 0.9 * floor  # nearer to it a multiple of list may be above
        if is_below.sum() < _enough(bench):
            return None
        refined = float(np.median(billed[is_below]))
        if abs(refined - floor) <= 1e-9 * floor:
            break
        floor = refined
    spread = np.abs(billed[is_below] / floor - 1)
    if np.median(spread) > ALIKE:
        return None
    error = 1.2533 * 1.4826 * floor * float(np.median(spread)) / float(is_below.sum()) ** 0.5  # of a median
    reach = quantile95(int(is_below.sum())) * error
    return Number(floor, floor - reach, floor + reach, error, null=0.0)


ALIKE = 0.05
"""If the amounts of cheap requests differ by more than this, there is no minimum charge."""


def _enough(bench: Bench) -> float:
    return max(MIN_ROWS // 3, 0.01 * len(bench.panel))


def predicted_by(rule: FittedRule, bench: Bench) -> Floats:
    """Return what a rule, with its numbers as they are, would bill other requests than those it was fitted to.

    Round numbers stand for those that were estimated: what a rough log leaves open of a rate makes other cents.
    """
    panel, listed = bench.panel, bench.listed
    numbers = {name: number.value for name, number in rule.numbers.items()} | dict(rule.round)
    ratio: Floats = np.full(len(panel), numbers.get("rate", 1.0))
    if rule.since is not None:
        ratio = np.where(panel.day >= rule.since, ratio, numbers.get("before", 1.0))
    if rule.kind == "rounding_up":
        return up_to(listed, panel.step)
    output = panel.parts[:, CLASSES.index("output")]
    prompt = panel.parts[:, : CLASSES.index("output")].sum(axis=1)
    amounts = (
        (listed + numbers.get("kept", 0.0) * panel.undiscounted) * ratio
        + prompt * (numbers.get("input", 1.0) - 1)
        + output * (numbers.get("output", 1.0) - 1)
        + numbers.get("tokens", 0.0) * panel.factors[:, INPUT]
        + numbers.get("fee", 0.0)
    )
    least: Floats = np.maximum(amounts, numbers.get("minimum", 0.0)) + rule.shift * panel.step
    return least
