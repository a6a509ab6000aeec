"""How a gateway can make an amount of a list cost: the rules, each fitted to the same requests and compared.

A rule that needs more numbers has to fit clearly better (`PER_NUMBER`). What a request costs a rule is capped, so that
some odd requests decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from llmaudit.markup.fit import CAP, MIN_ROWS, Linear, mode_of, noise_of, quantile95, regress, scale_of, sigma_of
from llmaudit.markup.panel import CLASSES, Bools, Floats, Panel

Kind = Literal[
    "token_rate", "per_request", "rate_and_fee", "output_rate", "input_rate", "class_rates", "cache_discount",
    "rate_and_cache_discount", "minimum_charge", "rounding_up",
]  # fmt: skip

PER_NUMBER = 14.0
"""What a further number costs a rule: chance alone gains so much once in 5,000 times."""


@dataclass(frozen=True)
class Number:
    """One number of a rule: a ratio to list, or US dollars.

    Attributes:
        value: The estimate.
        low: Lower end of its 95% interval.
        high: Upper end.
        error: Standard error.
        null: What it is where nothing is added.
    """

    value: float
    low: float
    high: float
    error: float
    null: float = 1.0

    @property
    def is_clear(self) -> bool:
        """Whether it differs from nothing by more than chance, many rules having been tried."""
        return abs(self.value - self.null) > CLEAR * self.error


NOISY = 3.0
"""Above this scale an amount carries more error than its rounding and that of the list price."""

CLEAR = 4.5
"""Standard errors by which a number has to differ from nothing: many rules are tried on the same requests."""

TIE = 0.500001
"""Half a step, and what floats make of it."""

SAME = 0.002
"""Rates of two classes of tokens that are nearer to each other are one."""


@dataclass(frozen=True)
class Fitted:
    """A rule with its numbers.

    Attributes:
        kind: Its name; None is list itself.
        numbers: By name: `rate`, `fee`, `output`, `input`, `kept` (share of the cache discount), `minimum`, `step`.
        predicted: What each request would be billed.
        cost: How badly it fits; comparable between rules of the same requests and scale.
        fits: Share of requests that follow it.
        condition: Condition number; above `ILL` its numbers cannot be told apart.
        since: First day (days since 1970) of a rule that begins within the period.
        before: The rate before that day.
    """

    kind: Kind | None
    numbers: dict[str, Number]
    predicted: Floats = field(repr=False)
    cost: float = 0.0
    fits: float = 0.0
    condition: float = 1.0
    since: int | None = None
    before: Number | None = None


class Bench:
    """The requests of a panel with their least errors and the scale of their noise, to compare rules on.

    Args:
        panel: The requests.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.listed = panel.listed
        self.sigma = sigma_of(panel)
        self.scale = 1.0
        self.is_noisy = False

    def settle(self, rules: list[Fitted]) -> None:
        """Take the noise of the rule that leaves least as the noise of the log, at least that of its rounding."""
        self.scale = max(1.0, min(scale_of(self.residual(rule.predicted)) for rule in rules))

    def residual(self, predicted: Floats) -> Floats:
        """Return residuals in least errors."""
        found: Floats = (self.panel.billed - predicted) / self.sigma
        return found

    def judged(self, rule: Fitted, numbers: int) -> Fitted:
        """Return a rule with its cost: of its amounts as they are, or as the log rounds them, whichever is nearer."""
        squares = [(one / self.scale) ** 2 for one in (self.residual(rule.predicted), self.rounded(rule.predicted))]
        square = min(squares, key=lambda one: float(np.minimum(one, CAP).sum()))
        cost = float(np.minimum(square, CAP).sum()) + PER_NUMBER * numbers
        return replace(rule, cost=cost, fits=float((square <= CAP).mean()))

    def rounded(self, predicted: Floats) -> Floats:
        """Return residuals of amounts as the log rounds them; a tie may be rounded either way.

        Prices are round numbers, so ties are common, and which way one falls is an accident of floats.
        """
        step = self.panel.step
        residual = self.residual(np.round(predicted / step) * step)
        found: Floats = np.where(np.abs(self.panel.billed - predicted) <= step * TIE, 0.0, residual)
        return found


def fitted_rules(bench: Bench) -> list[Fitted]:
    """Return every rule that can be fitted, each with its cost; list itself is the first."""
    found = [rule for make in RULES for rule in make(bench)]
    bench.settle([rule for rule, _ in found])
    if bench.scale > NOISY:  # amounts carry more than rounding: weigh them by what they carry, and fit again
        closest = min((rule for rule, _ in found), key=lambda rule: scale_of(bench.residual(rule.predicted)))
        return refitted(bench, closest.predicted)
    return [bench.judged(rule, numbers) for rule, numbers in found]


def refitted(bench: Bench, closest: Floats) -> list[Fitted]:
    """Return the rules fitted with the noise that amounts have beside the reading that is closest to them."""
    bench.sigma = sigma_of(bench.panel, noise_of(bench.panel, closest))
    bench.is_noisy = True
    found = [rule for make in RULES for rule in make(bench)]
    bench.settle([rule for rule, _ in found])
    return [bench.judged(rule, numbers) for rule, numbers in found]


Made = Iterator[tuple[Fitted, int]]


def at_list(bench: Bench) -> Made:
    """Billed is list, as the log rounds it."""
    yield Fitted(None, {}, bench.listed), 0


def rate(bench: Bench) -> Made:
    """Billed is a multiple of list: from the start, or from a day on."""
    listed, billed = bench.listed, bench.panel.billed
    fit = regress(listed[:, None], billed, bench.sigma)
    if fit is not None:
        yield Fitted("token_rate", {"rate": _ratio(bench, fit, np.ones(len(billed), bool))}, listed * fit.values[0]), 1
    for near in _mode_fits(bench):
        yield near, 1
    yield from _changed(bench)


def _mode_fits(bench: Bench) -> Iterator[Fitted]:
    """Yield the rate of the requests that lie closest together, where less than half may follow it."""
    listed, billed = bench.listed, bench.panel.billed
    clear = listed > 20 * bench.panel.step  # of smaller ones the ratio is rounding
    if clear.sum() < MIN_ROWS:
        return
    mode = mode_of(billed[clear] / listed[clear])
    near = np.abs(billed / mode - listed) <= 8 * np.sqrt(bench.sigma**2 + (0.001 * listed) ** 2)
    if MIN_ROWS <= near.sum() < len(billed):
        fit = regress(listed[near, None], billed[near], bench.sigma[near])
        if fit is not None:
            yield Fitted("token_rate", {"rate": _ratio(bench, fit, near)}, listed * fit.values[0])


def _changed(bench: Bench) -> Made:
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
    fit = regress(np.stack([bench.listed * ~after, bench.listed * after], axis=1), panel.billed, bench.sigma)
    if fit is None:
        return
    before, now = _number(fit, 0, int((~after).sum())), _number(fit, 1, int(after.sum()))
    predicted = bench.listed * np.where(after, now.value, before.value)
    yield Fitted("token_rate", {"rate": now}, predicted, since=int(days[cut]), before=before), 3


def fee(bench: Bench) -> Made:
    """Billed is list and an amount per request; or a multiple of list and an amount."""
    listed, billed, ones = bench.listed, bench.panel.billed, np.ones(len(bench.listed))
    if (fit := regress(ones[:, None], billed - listed, bench.sigma)) is not None:
        yield Fitted("per_request", {"fee": _amount(bench, fit, 0)}, listed + fit.values[0]), 1
    if (fit := regress(np.stack([listed, ones], axis=1), billed, bench.sigma)) is not None:
        rate = _ratio(bench, fit, np.ones(len(ones), bool), fit.values[1])
        numbers = {"rate": rate, "fee": _amount(bench, fit, 1)}
        predicted = listed * fit.values[0] + fit.values[1]
        if all(number.is_clear for number in numbers.values()):
            yield Fitted("rate_and_fee", numbers, predicted, condition=fit.condition), 2


def by_class(bench: Bench) -> Made:
    """Billed is list with the price of one class of tokens raised."""
    panel = bench.panel
    output = panel.parts[:, CLASSES.index("output")]
    prompt = panel.parts[:, : CLASSES.index("output")].sum(axis=1)
    rest = panel.parts[:, CLASSES.index("other")]
    for kind, name, raised, others in (
        ("output_rate", "output", output, prompt),
        ("input_rate", "input", prompt, output),
    ):
        if (fit := regress(raised[:, None], panel.billed - others - rest, bench.sigma)) is not None:
            predicted = others + rest + raised * fit.values[0]
            yield Fitted(kind, {name: _number(fit, 0, len(raised))}, predicted), 1  # type: ignore[arg-type]
    if (fit := regress(np.stack([prompt, output], axis=1), panel.billed - rest, bench.sigma)) is not None:
        numbers = {"input": _number(fit, 0, len(output)), "output": _number(fit, 1, len(output))}
        predicted = rest + prompt * fit.values[0] + output * fit.values[1]
        apart = abs(fit.values[0] - fit.values[1])
        if apart > max(CLEAR * float(np.hypot(*fit.errors)), SAME) and all(one.is_clear for one in numbers.values()):
            yield Fitted("class_rates", numbers, predicted, condition=fit.condition), 2


def cache(bench: Bench) -> Made:
    """Billed is list with the discount on cache reads kept, whole or in part; or a multiple of that."""
    panel = bench.panel
    kept = panel.undiscounted
    if (kept > 0).sum() < MIN_ROWS:
        return
    if (fit := regress(kept[:, None], panel.billed - bench.listed, bench.sigma)) is not None:
        numbers = {"kept": _number(fit, 0, len(kept), null=0.0)}
        yield Fitted("cache_discount", numbers, bench.listed + kept * fit.values[0]), 1
    if (fit := regress(np.stack([bench.listed + kept], axis=1), panel.billed, bench.sigma)) is not None:
        numbers = {"rate": _number(fit, 0, len(kept)), "kept": Number(1.0, 1.0, 1.0, 0.0, null=0.0)}
        yield Fitted("rate_and_cache_discount", numbers, (bench.listed + kept) * fit.values[0]), 2


def minimum(bench: Bench) -> Made:
    """Billed is list, or a multiple of it, but never below an amount."""
    panel = bench.panel
    floor = float(panel.billed.min())
    lowest = panel.billed == floor
    if lowest.sum() < max(MIN_ROWS // 3, 0.01 * len(panel)) or floor <= 0:
        return
    above = ~lowest
    if np.median(bench.listed[lowest]) >= floor or above.sum() < MIN_ROWS:
        return
    number = {"minimum": Number(floor, floor, floor, 0.0, null=0.0)}
    yield Fitted("minimum_charge", number, np.maximum(bench.listed, floor)), 1
    fit = regress(bench.listed[above, None], panel.billed[above], bench.sigma[above])
    if fit is not None and abs(fit.values[0] - 1) > CLEAR * fit.errors[0]:
        numbers = {"rate": _number(fit, 0, int(above.sum())), **number}
        yield Fitted("minimum_charge", numbers, np.maximum(bench.listed * fit.values[0], floor)), 2


def rounded_up(bench: Bench) -> Made:
    """Billed is list rounded up to the log's own step."""
    step = bench.panel.step
    predicted = np.ceil(bench.listed / step - 1e-6) * step
    size = float(np.median(step))
    yield Fitted("rounding_up", {"step": Number(size, size, size, 0.0, null=0.0)}, predicted), 1


RULES: tuple[Callable[[Bench], Made], ...] = (at_list, rounded_up, rate, fee, by_class, cache, minimum)
"""Every rule, in the order in which a tie is settled."""


def applied(rule: Fitted, bench: Bench) -> Floats:
    """Return what a rule, with its numbers as they are, would bill other requests than those it was fitted to."""
    panel, listed = bench.panel, bench.listed
    numbers = {name: number.value for name, number in rule.numbers.items()}
    rates, fee_usd = numbers.get("rate", 1.0), numbers.get("fee", 0.0)
    if rule.kind in {"output_rate", "input_rate", "class_rates"}:
        output = panel.parts[:, CLASSES.index("output")]
        prompt = panel.parts[:, : CLASSES.index("output")].sum(axis=1)
        by_part: Floats = listed + prompt * (numbers.get("input", 1.0) - 1) + output * (numbers.get("output", 1.0) - 1)
        return by_part
    if rule.kind == "rounding_up":
        found: Floats = np.ceil(listed / panel.step - 1e-6) * panel.step
        return found
    ratio: Floats = np.full(len(panel), rates)
    if rule.since is not None:
        ratio = np.where(panel.day >= rule.since, rates, rule.before.value if rule.before else 1.0)
    amounts = (listed + numbers.get("kept", 0.0) * panel.undiscounted) * ratio + fee_usd
    least: Floats = np.maximum(amounts, numbers.get("minimum", 0.0))
    return least


def _number(fit: Linear, index: int, n: int, null: float = 1.0) -> Number:
    value, error = float(fit.values[index]), float(fit.errors[index])
    reach = quantile95(n) * error
    return Number(value, value - reach, value + reach, error, null)


def _ratio(bench: Bench, fit: Linear, rows: Bools, fee: float = 0.0) -> Number:
    """Return a ratio to list with room for ties: round prices times a round ratio often end on half a step.

    All ties of a log are rounded the same way, so they do not cancel out, however many requests there are.
    """
    number = _number(fit, 0, int(rows.sum()))
    listed, step = bench.listed[rows], bench.panel.step[rows]
    weights = listed / bench.sigma[rows] ** 2
    units = (listed * round(number.value, 4) + round(fee, 7)) / step
    tied = np.abs(units - np.floor(units) - 0.5) < ON_STEP * 10
    room = float((weights * tied * step).sum() / 2 / (weights * listed).sum())
    return Number(number.value, number.low - room, number.high + room, number.error)


def _amount(bench: Bench, fit: Linear, index: int) -> Number:
    """Return an amount per request with room for rounding that is the same on every request.

    Where list costs are multiples of the log's step, an amount beside them is rounded alike every time: no number of
    requests shows what was rounded away.
    """
    step = float(np.median(bench.panel.step))
    units = bench.listed / bench.panel.step
    alike = float((np.abs(units - np.round(units)) < ON_STEP).mean())
    number = _number(fit, index, len(bench.panel), null=0.0)
    reach = max(float(np.hypot(number.high - number.value, SHARED * step)), HALF95 * step * (alike > MOSTLY))
    return Number(number.value, number.value - reach, number.value + reach, number.error, 0.0)


ON_STEP, SHARED, MOSTLY, HALF95 = 1e-4, 0.01, 0.5, 0.475
