"""Decides for one set of requests which rule explains the amounts, unless a look-alike explains them as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.catalog import Catalog
from llmaudit.markup.doubts import MANY, MOST, OF_A_REQUEST, exchanged, is_doubtful, is_exact, stated_ratio
from llmaudit.markup.lookalike_fitting import GAIN, FittedLookAlike, as_rule, fitted_lookalikes
from llmaudit.markup.lookalikes import Alternative, alternatives
from llmaudit.markup.model import TOLERANCE
from llmaudit.markup.panel import Panel
from llmaudit.markup.regression import CAP, scale_of
from llmaudit.markup.round_numbers import refined
from llmaudit.markup.rule_fitting import fitted_rules, refitted
from llmaudit.markup.rules import PER_NUMBER, PER_SHIFT, TIE, Bench, FittedRule

ENOUGH = 0.6
"""If fewer than this share of the requests cost list, the amounts are not list."""

CLOSE = 0.98
"""If more than this share of the requests cost list, there is nothing to explain."""

Outcome = Literal["list", "markup", "look-alike", "discount", "currency", "unclear"]


@dataclass(frozen=True)
class LookAlikeScore:
    """How well a look-alike explains the amounts.

    Attributes:
        label: Which one.
        worse: Its cost minus that of the rule; below 0 it fits better.
        fits: Share of the requests whose amounts it reproduces.
    """

    label: str
    worse: float
    fits: float


@dataclass(frozen=True)
class Decision:
    """What explains the amounts of some requests.

    Attributes:
        outcome: list (nothing is added), markup, look-alike, discount, currency, or unclear.
        rule: The rule that fits best.
        over: What it adds to list over all requests, as a share of list.
        fits: Share of requests that follow it.
        explained: The look-alike that fits as well; None elsewhere.
        tested: Look-alikes by name: the one of each name that fits best.
        rivals: Other kinds that fit alike.
        dearest: The highest regional list price that the log leaves open, as a multiple of list; 1 where there is none.
        bench: The requests, to judge other rules on.
    """

    outcome: Outcome
    rule: FittedRule
    over: float
    explained: FittedLookAlike | None
    tested: dict[str, LookAlikeScore]
    rivals: tuple[str, ...]
    dearest: float
    bench: Bench

    @property
    def cost(self) -> float:
        """The cost of the best explanation, rule or look-alike."""
        beside = self.tested[self.explained.name].worse if self.explained else 0.0
        return self.rule.cost + min(beside, 0.0)

    @property
    def fits(self) -> float:
        """Share of requests that follow the rule."""
        return self.rule.fits


def decide(panel: Panel, catalog: Catalog) -> Decision:
    """Return what explains the amounts of a panel: list, a rule, a look-alike, or nothing that can be determined.

    A look-alike wins a tie: a gateway is charged with a markup only where no other reading of the log fits as well.
    """
    bench = Bench(panel)
    rules = fitted_rules(bench)
    plain = min(rules, key=lambda rule: rule.cost)
    if plain.kind is None and plain.fits >= CLOSE and not bench.is_noisy:  # nothing is left to explain
        return Decision("list", plain, 0.0, None, {}, (), 1.0, bench)
    others = alternatives(panel, catalog)
    rules, looks = _on_one_scale(bench, rules, others)
    best = min(rules, key=lambda rule: rule.cost)
    shifts = {rule.shift for rule in rules if rule.shift <= 0 or best.kind != "rounding_up"}
    scored = [(look, _cost(look, bench, shifts)) for look in looks if abs(look.rate - 1) <= TOLERANCE]
    winner = min(_as_good(scored, best, bench) or scored, key=lambda pair: pair[1], default=None)
    over = _over(best, bench)
    best = _widened(refined(best, bench), best, rules) if bench.is_noisy else refined(best, bench)
    is_in_dollars = panel.rows[0].gateway in catalog.sellers  # those of the catalog charge dollars
    outcome, explained = _outcome(best, over, winner, bench, is_in_dollars=is_in_dollars)
    if outcome == "markup" and best.kind == "class_rates" and any(look.name == "alias" for look in looks):
        outcome = "unclear"  # another model's prices differ by class, and what else the log leaves out is not known
    return Decision(
        outcome=outcome,
        rule=best,
        over=over,
        explained=explained,
        tested=_tested(scored, best, bench),
        rivals=_rivals(rules, best),
        dearest=_dearest_region(others, bench),
        bench=bench,
    )


def _on_one_scale(
    bench: Bench, rules: list[FittedRule], others: list[Alternative]
) -> tuple[list[FittedRule], list[FittedLookAlike]]:
    """Return rules and look-alikes, judged by the noise that the closest reading of all leaves; the bench keeps it."""
    looks = list(fitted_lookalikes(bench, others))
    closest = min(looks, key=lambda look: scale_of(bench.residual(look.predicted)), default=None)
    if closest is not None and max(1.0, scale_of(bench.residual(closest.predicted))) < bench.scale / 2:
        rules = refitted(bench, closest.predicted)
        bench.scale = max(1.0, scale_of(bench.residual(closest.predicted)))
    if bench.is_noisy:  # the noise is known now, and with it which price is really nearer
        looks = list(fitted_lookalikes(bench, others, GAIN))
    everywhere = [scale_of(bench.residual(look.predicted)) for look in looks if look.is_everywhere]
    bench.scale = max(1.0, min([bench.scale, *everywhere]))
    return [bench.judged(rule) for rule in rules], looks


def _dearest_region(others: list[Alternative], bench: Bench) -> float:
    """Return the highest regional price of any request, as a multiple of list; 1 where no price depends on a region."""
    return max((float((one.listed / bench.listed).max()) for one in others if one.name == "region"), default=1.0)


def _widened(rule: FittedRule, fitted: FittedRule, rules: list[FittedRule]) -> FittedRule:
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


def _shiftless(rule: FittedRule) -> float:
    return rule.cost - PER_SHIFT * (rule.shift != 0)


HIDDEN = 4.0
"""What another way to round may cost and still be the log's: the 95% quantile of one number's worth, rounded up."""


def _as_good(
    scored: list[tuple[FittedLookAlike, float]], best: FittedRule, bench: Bench
) -> list[tuple[FittedLookAlike, float]]:
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
"""Share of the requests that is too small to base anything on."""


def _cost(look: FittedLookAlike, bench: Bench, shifts: set[float]) -> float:
    """Return what a look-alike costs, its freedom to choose included; it may be rounded as the rules are.

    But not up where that alone is the rule: then every look-alike that changes little would make the amounts as well.
    """
    return min(bench.judged(as_rule(look, shift, bench)).cost for shift in shifts) + _freedom(look, bench.panel)


def _tested(scored: list[tuple[FittedLookAlike, float]], best: FittedRule, bench: Bench) -> dict[str, LookAlikeScore]:
    """Return the best look-alike of each name, beside the best rule."""
    tested: dict[str, LookAlikeScore] = {}
    for look, cost in scored:
        if look.name not in tested or cost - best.cost < tested[look.name].worse:
            fits = float((np.abs(bench.residual(look.predicted)) <= CAP**0.5 * bench.scale).mean())
            tested[look.name] = LookAlikeScore(look.label, cost - best.cost, fits)
    return tested


def _rivals(rules: list[FittedRule], best: FittedRule) -> tuple[str, ...]:
    """Return the kinds of the rules that fit as well with no more numbers."""
    near = [rule for rule in rules if rule.cost < best.cost + PER_NUMBER / 2 and rule.size <= best.size]
    return tuple(sorted({str(rule.kind) for rule in near if rule.kind not in {None, best.kind}}))


def _freedom(look: FittedLookAlike, panel: Panel) -> float:
    """Return what choosing a price for each request costs a look-alike: the choice is worth its bits."""
    return 2 * look.entropy * len(panel) + PER_NUMBER * ((look.rate != 1.0) + look.choices - 1)


def _over(rule: FittedRule, bench: Bench) -> float:
    return float((rule.predicted - bench.listed).sum() / bench.listed.sum())


def _outcome(
    best: FittedRule, over: float, winner: tuple[FittedLookAlike, float] | None, bench: Bench, *, is_in_dollars: bool
) -> tuple[Outcome, FittedLookAlike | None]:
    if best.kind is None or (abs(over) <= TOLERANCE and not _is_small_and_exact(best, bench)):
        return _at_list(best, winner)
    if winner is not None and winner[1] <= best.cost + PER_NUMBER:
        return "look-alike", winner[0]
    if is_doubtful(best, bench):
        return "unclear", None
    if over < 0:
        return "discount", None
    foreign = exchanged(best)
    if foreign is not None and (foreign > MANY or not is_in_dollars) and stated_ratio(best, bench.panel) is None:
        return "currency", None
    return "markup", None


def _is_small_and_exact(rule: FittedRule, bench: Bench) -> bool:
    """Say whether a rule that adds next to nothing over all is yet no rounding.

    An amount or a number of tokens added to every request does not grow with its cost: of large requests it is a small
    part, but still a charge.
    """
    return rule.kind in OF_A_REQUEST and is_exact(rule, bench)


def _at_list(best: FittedRule, winner: tuple[FittedLookAlike, float] | None) -> tuple[Outcome, FittedLookAlike | None]:
    if best.fits >= ENOUGH:
        if winner is not None and winner[1] < best.cost - PER_NUMBER:
            return "look-alike", winner[0]
        return "list", None
    return ("look-alike", winner[0]) if winner is not None and winner[1] < best.cost else ("unclear", None)
