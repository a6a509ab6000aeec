"""One set of requests: which rule makes the amounts, unless a look-alike makes them as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.catalog import Catalog
from llmaudit.markup.fit import CAP, MIN_ROWS, scale_of
from llmaudit.markup.lookalikes import alternatives
from llmaudit.markup.panel import Panel
from llmaudit.markup.rules import PER_NUMBER, PER_SHIFT, TIE, Bench, Fitted
from llmaudit.markup.shapes import fitted_rules, refitted
from llmaudit.markup.snap import refined
from llmaudit.markup.tried import GAIN, Explained, as_rule, currency_of, tried

TOLERANCE = 0.002
"""Within this of list a gateway adds nothing: logs round costs, and rounding is no fee."""

ENOUGH = 0.6
"""Less than this share of requests at list is not list."""

CLOSE = 0.98
"""Above this share of requests at list there is nothing to explain."""

MOST = 0.75
"""Less than this share of requests on one rule is no markup: a charge has to explain what it is brought for."""

Outcome = Literal["list", "markup", "look-alike", "discount", "currency", "unclear"]


@dataclass(frozen=True)
class Tested:
    """How well a look-alike fits.

    Attributes:
        label: Which one.
        worse: Its cost less that of the rule; below 0 it fits better.
        fits: Share of requests that it makes the amounts of.
    """

    label: str
    worse: float
    fits: float


@dataclass(frozen=True)
class Decision:
    """What makes the amounts of some requests.

    Attributes:
        outcome: list (nothing is added), markup, look-alike, discount, currency, or unclear.
        rule: The rule that fits best.
        over: What it adds to list over all requests, as a share of list.
        fits: Share of requests that follow it.
        explained: The look-alike that fits as well; None elsewhere.
        tested: Look-alikes by name: the one of each name that fits best.
        rivals: Other kinds that fit alike.
        dearest: The dearest list that a look-alike of the log's open conditions makes, as a multiple of list, among
            those that a constant ratio could hide in; 1 where there is none.
        bench: The requests, to judge other rules on.
    """

    outcome: Outcome
    rule: Fitted
    over: float
    explained: Explained | None
    tested: dict[str, Tested]
    rivals: tuple[str, ...]
    dearest: float
    bench: Bench

    @property
    def cost(self) -> float:
        """What the best reading costs, rule or look-alike."""
        beside = self.tested[self.explained.name].worse if self.explained else 0.0
        return self.rule.cost + min(beside, 0.0)

    @property
    def fits(self) -> float:
        """Share of requests that follow the rule."""
        return self.rule.fits


def decide(panel: Panel, catalog: Catalog) -> Decision:
    """Return what makes the amounts of a panel.

    A look-alike wins a tie: a gateway is charged with a markup only where no other reading of the log fits as well.
    """
    bench = Bench(panel)
    rules = fitted_rules(bench)
    plain = min(rules, key=lambda rule: rule.cost)
    if plain.kind is None and plain.fits >= CLOSE and not bench.is_noisy:  # nothing is left to explain
        return Decision("list", plain, 0.0, None, {}, (), 1.0, bench)
    others = alternatives(panel, catalog)
    looks = list(tried(bench, others))
    closest = min(looks, key=lambda look: scale_of(bench.residual(look.predicted)), default=None)
    if closest is not None and max(1.0, scale_of(bench.residual(closest.predicted))) < bench.scale / 2:
        rules = refitted(bench, closest.predicted)
        bench.scale = max(1.0, scale_of(bench.residual(closest.predicted)))
    if bench.is_noisy:  # the noise is known now, and with it which price is really nearer
        looks = list(tried(bench, others, GAIN))
    everywhere = [scale_of(bench.residual(look.predicted)) for look in looks if look.is_everywhere]
    bench.scale = max(1.0, min([bench.scale, *everywhere]))
    rules = [bench.judged(rule) for rule in rules]
    best = min(rules, key=lambda rule: rule.cost)
    shifts = {rule.shift for rule in rules if rule.shift <= 0 or best.kind != "rounding_up"}
    scored = [(look, _cost(look, bench, shifts)) for look in looks if abs(look.rate - 1) <= TOLERANCE]
    winner = min(_as_good(scored, best, bench) or scored, key=lambda pair: pair[1], default=None)
    over = _over(best, bench)
    dearest = max(
        (float((other.listed / bench.listed).max()) for other in others if other.name == "region"), default=1.0
    )
    best = _widened(refined(best, bench), best, rules) if bench.is_noisy else refined(best, bench)
    is_in_dollars = panel.rows[0].gateway in catalog.sellers  # those of the catalog charge dollars
    outcome, explained = _outcome(best, over, winner, bench, is_in_dollars=is_in_dollars)
    if outcome == "markup" and best.kind == "class_rates" and any(look.name == "alias" for look in looks):
        outcome = "unclear"  # another model's prices differ by class, and what else the log leaves out is not known
    tested = _tested(scored, best, bench)
    return Decision(outcome, best, over, explained, tested, _rivals(rules, best), dearest, bench)


def _widened(rule: Fitted, fitted: Fitted, rules: list[Fitted]) -> Fitted:
    """Return a rule with room for another way to round, where noise hides which way the log rounds.

    Args:
        rule: With its numbers estimated again.
        fitted: The same as it was fitted.
        rules: Every rule, those of a log that rounds down or up among them.
    """
    numbers = dict(rule.numbers)
    for other in rules:
        is_same = (other.kind, other.since, other.numbers.keys()) == (fitted.kind, fitted.since, fitted.numbers.keys())
        if is_same and other.shift != fitted.shift and _shiftless(other) <= _shiftless(fitted) + HIDDEN:
            for name, one in numbers.items():
                gap = other.numbers[name].value - fitted.numbers[name].value
                numbers[name] = replace(one, low=one.low + min(gap, 0.0), high=one.high + max(gap, 0.0))
    return replace(rule, numbers=numbers)


def _shiftless(rule: Fitted) -> float:
    return rule.cost - PER_SHIFT * (rule.shift != 0)


HIDDEN = 4.0
"""What another way to round may cost and still be the log's: the 95% quantile of one number's worth, rounded up."""


def _as_good(scored: list[tuple[Explained, float]], best: Fitted, bench: Bench) -> list[tuple[Explained, float]]:
    """Return the look-alikes that hold for every request of a model and make the amounts of as many as the rule does.

    Their cost is that of the rule then: the few requests that they differ in (a condition that nobody states a price
    for) are no ground for a charge.
    """
    many = len({row.model for row in bench.panel.rows}) > 1
    if best.kind is None or bench.is_noisy or many or best.fits < MOST:
        return []
    step, billed = bench.panel.step, bench.panel.billed
    touched = np.abs(best.predicted - bench.listed) > step  # what the rule leaves at list is made by many a look-alike
    if not touched.any():
        return []

    def made(predicted: Floats) -> float:
        return float((np.abs(billed - predicted) <= step * TIE)[touched].mean())

    return [
        (look, min(cost, best.cost))
        for look, cost in scored
        if look.is_everywhere and made(as_rule(look, best.shift, bench).predicted) >= made(best.predicted) - FEW
    ]


FEW = 0.03
"""Share of the requests on which nothing is built."""


def _cost(look: Explained, bench: Bench, shifts: set[float]) -> float:
    """Return what a look-alike costs, its freedom to choose included; it may be rounded as the rules are.

    But not up where that alone is the rule: then every look-alike that changes little would make the amounts as well.
    """
    return min(bench.judged(as_rule(look, shift, bench)).cost for shift in shifts) + _freedom(look, bench.panel)


def _tested(scored: list[tuple[Explained, float]], best: Fitted, bench: Bench) -> dict[str, Tested]:
    """Return the best look-alike of each name, beside the best rule."""
    tested: dict[str, Tested] = {}
    for look, cost in scored:
        if look.name not in tested or cost - best.cost < tested[look.name].worse:
            fits = float((np.abs(bench.residual(look.predicted)) <= CAP**0.5 * bench.scale).mean())
            tested[look.name] = Tested(look.label, cost - best.cost, fits)
    return tested


def _rivals(rules: list[Fitted], best: Fitted) -> tuple[str, ...]:
    """Return the kinds of the rules that fit as well with no more numbers."""
    near = [rule for rule in rules if rule.cost < best.cost + PER_NUMBER / 2 and rule.size <= best.size]
    return tuple(sorted({str(rule.kind) for rule in near if rule.kind not in {None, best.kind}}))


def _freedom(look: Explained, panel: Panel) -> float:
    """Return what choosing a price for each request costs a look-alike: the choice is worth its bits."""
    return 2 * look.entropy * len(panel) + PER_NUMBER * ((look.rate != 1.0) + look.choices - 1)


def _over(rule: Fitted, bench: Bench) -> float:
    return float((rule.predicted - bench.listed).sum() / bench.listed.sum())


def _outcome(
    best: Fitted, over: float, winner: tuple[Explained, float] | None, bench: Bench, *, is_in_dollars: bool
) -> tuple[Outcome, Explained | None]:
    if best.kind is None or (abs(over) <= TOLERANCE and not _is_small_and_exact(best, bench)):
        return _at_list(best, winner)
    if winner is not None and winner[1] <= best.cost + PER_NUMBER:
        return "look-alike", winner[0]
    if best.fits < MOST or not _is_clear(best) or _is_torn(best) or is_denied(best, bench) or _is_uneven(best, bench):
        return "unclear", None
    if over < 0:
        return "discount", None
    foreign = exchanged(best)
    if foreign is not None and (foreign > MANY or not is_in_dollars) and stated_ratio(best, bench.panel) is None:
        return "currency", None
    return "markup", None


def _is_small_and_exact(rule: Fitted, bench: Bench) -> bool:
    """Say whether a rule that adds next to nothing over all is yet no rounding.

    An amount or a number of tokens on every request says nothing of how dear the requests are: of large ones it is a
    small part, and as much a charge.
    """
    return rule.kind in OF_A_REQUEST and is_exact(rule, bench)


OF_A_REQUEST = {"per_request", "token_count", "minimum_charge"}
"""Kinds whose number is one of a request, whatever the request costs."""


def is_exact(rule: Fitted, bench: Bench) -> bool:
    """Say whether a rule makes amounts to the last digit, by many steps where list makes none of them."""
    step, billed = bench.panel.step, bench.panel.billed
    added = rule.predicted - bench.listed
    touched = added > MANY_STEPS * step
    if bench.is_noisy or touched.sum() < MIN_ROWS // 3:
        return False
    made = np.abs(billed - rule.predicted) <= step * TIE
    at_list = np.abs(billed - bench.listed) <= step
    return bool(made[touched].mean() >= NEARLY_ALL and at_list[touched].mean() <= 1 - NEARLY_ALL)


MANY_STEPS, NEARLY_ALL = 5.0, 0.9


def is_denied(rule: Fitted, bench: Bench) -> bool:
    """Say whether many requests are billed their list cost to the step, though the rule would have them dearer.

    Under noise a rule fits most requests whatever they are billed. What a log leaves out (reasoning, cached tokens)
    looks like noise too, but it leaves the requests that had none of it at list, where noise would leave hardly one.
    """
    if not bench.is_noisy:
        return False
    step = bench.panel.step
    touched = np.abs(rule.predicted - bench.listed) > np.maximum(MANY_STEPS * step, bench.sigma * bench.scale / 2)
    if touched.sum() < MIN_ROWS:
        return False
    at_list = np.abs(bench.panel.billed - bench.listed)[touched] <= step[touched]
    by_chance = np.minimum(2 * step / (bench.sigma * bench.scale), 1.0)[touched]
    return bool(at_list.mean() > by_chance.mean() + DENIED)


def _is_uneven(rule: Fitted, bench: Bench) -> bool:
    """Say whether what a rule adds to every request is in truth another amount on each.

    The noise of a log is a share of its amounts. Where dear requests of a model scatter hardly further than cheap ones,
    what is added to them is no one amount: tokens that the log does not count, most often.
    """
    if not bench.is_noisy or not {"fee", "tokens"} & rule.numbers.keys():
        return False
    scatter = np.abs(bench.panel.billed - rule.predicted)
    clear = rule.predicted > MANY_STEPS * bench.panel.step
    names = np.array([row.model for row in bench.panel.rows])
    every = (clear & (names == name) for name in sorted(set(names.tolist())))
    votes = [_scatters_alike(rule.predicted[own], scatter[own]) for own in every if own.any()]
    told = [vote for vote in votes if vote is not None]
    return 2 * sum(told) > len(told)


def _scatters_alike(amounts: Floats, scatter: Floats) -> bool | None:
    """Say whether dear requests scatter hardly further than cheap ones; None where there are too few to tell."""
    low, high = np.quantile(amounts, [0.25, 0.75])
    cheap, dear = amounts <= low, amounts >= high
    wider = float(np.median(amounts[dear]) / np.median(amounts[cheap]))
    if min(cheap.sum(), dear.sum()) < MIN_ROWS or wider < APART:
        return None
    return bool(float(np.median(scatter[dear])) < float(np.median(scatter[cheap])) * wider**0.5)


APART = 1.6
"""How much dearer dear requests have to be for their scatter to tell: it should grow as they do, or half so."""

DENIED = 0.1
"""Share of requests at list, beyond chance, that a rule for all of them cannot have."""


def stated_ratio(rule: Fitted, panel: Panel) -> str | None:
    """Return the ratio that a relay logged with every request, where it is the one that was found."""
    stated = {row.group_ratio for row in panel.rows}
    rate = rule.numbers.get("rate")
    if len(stated) != 1 or rate is None:
        return None
    (ratio,) = stated
    return ratio if ratio is not None and abs(float(ratio) - rate.value) <= TOLERANCE else None


def exchanged(rule: Fitted) -> float | None:
    """Return the ratio of a rule that is an exchange rate; None where there is none.

    Near list only a bare ratio is one. A ratio of several times list is one whatever stands beside it: a log that
    leaves out cached tokens, or rounds roughly, makes its amounts follow another rule.
    """
    ratios = [one.value for name, one in rule.numbers.items() if name in {"rate", "output"}]
    is_bare = rule.kind == "token_rate" and rule.since is None
    return next((one for one in ratios if currency_of(one) and (is_bare or one > MANY)), None)


MANY = 4.0
"""Times list beyond which no gateway is known to charge."""


def _is_torn(rule: Fitted) -> bool:
    """Say whether one class of tokens is dearer and the other cheaper.

    No gateway is known to charge so, and a log that leaves out cached tokens looks so.
    """
    ratios = [one.value for name, one in rule.numbers.items() if name in {"input", "output"}]
    return bool(ratios) and min(ratios) < 1 < max(ratios)


def _is_clear(rule: Fitted) -> bool:
    return all(one.is_clear for name, one in rule.numbers.items() if one.error and name != "before")


def _at_list(best: Fitted, winner: tuple[Explained, float] | None) -> tuple[Outcome, Explained | None]:
    if best.fits >= ENOUGH:
        if winner is not None and winner[1] < best.cost - PER_NUMBER:
            return "look-alike", winner[0]
        return "list", None
    return ("look-alike", winner[0]) if winner is not None and winner[1] < best.cost else ("unclear", None)
