"""Decides for one set of requests which rule explains the amounts, unless a look-alike explains them as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.catalog import Catalog
from llmaudit.markup.doubts import MANY, MOST, OF_A_REQUEST, exchange_rate_of, is_doubtful, is_exact, stated_ratio
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
        excess_cost: Its cost minus that of the rule; below 0 it fits better.
        fits: Share of the requests whose amounts it reproduces.
    """

    label: str
    excess_cost: float
    fits: float


@dataclass(frozen=True)
class Decision:
    """What explains the amounts of some requests.

    Attributes:
        outcome: list (nothing is added), markup, look-alike, discount, currency, or unclear.
        rule: The rule that fits best.
        added_share: What it adds to list over all requests, as a share of list.
        fits: Share of requests that follow it.
        lookalike: The look-alike that fits as well; None elsewhere.
        lookalike_scores: By name of the look-alike, that of the one that fits best.
        rivals: Other kinds that fit alike.
        highest_regional_ratio: The highest regional list price that the log leaves open, as a multiple of list; 1 where
            there is none.
        bench: The requests, to judge other rules on.
    """

    outcome: Outcome
    rule: FittedRule
    added_share: float
    lookalike: FittedLookAlike | None
    lookalike_scores: dict[str, LookAlikeScore]
    rivals: tuple[str, ...]
    highest_regional_ratio: float
    bench: Bench

    @property
    def cost(self) -> float:
        """The cost of the best explanation, rule or look-alike."""
        beside = self.lookalike_scores[self.lookalike.name].excess_cost if self.lookalike else 0.0
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
    first_best = min(rules, key=lambda rule: rule.cost)
    if first_best.kind is None and first_best.fits >= CLOSE and not bench.is_noisy:  # nothing is left to explain
        return Decision("list", first_best, 0.0, None, {}, (), 1.0, bench)
    priced_otherwise = alternatives(panel, catalog)
    rules, lookalikes = _on_one_scale(bench, rules, priced_otherwise)
    best = min(rules, key=lambda rule: rule.cost)
    shifts = {rule.shift for rule in rules if rule.shift <= 0 or best.kind != "rounding_up"}
    scored = [
        (lookalike, _lookalike_cost(lookalike, bench, shifts))
        for lookalike in lookalikes
        if abs(lookalike.rate - 1) <= TOLERANCE
    ]
    best_lookalike = min(_equally_good(scored, best, bench) or scored, key=lambda pair: pair[1], default=None)
    added_share = _added_share(best, bench)
    best = _widened(refined(best, bench), best, rules) if bench.is_noisy else refined(best, bench)
    is_in_dollars = panel.rows[0].gateway in catalog.sellers  # those of the catalog charge dollars
    outcome, explained = _outcome(best, added_share, best_lookalike, bench, is_in_dollars=is_in_dollars)
    if (
        outcome == "markup"
        and best.kind == "class_rates"
        and any(lookalike.name == "alias" for lookalike in lookalikes)
    ):
        outcome = "unclear"  # another model's prices differ by class, and what else the log leaves out is not known
    return Decision(
        outcome=outcome,
        rule=best,
        added_share=added_share,
        lookalike=explained,
        lookalike_scores=_lookalike_scores(scored, best, bench),
        rivals=_rival_kinds(rules, best),
        highest_regional_ratio=_highest_regional_ratio(priced_otherwise, bench),
        bench=bench,
    )


def _on_one_scale(
    bench: Bench, rules: list[FittedRule], others: list[Alternative]
) -> tuple[list[FittedRule], list[FittedLookAlike]]:
    """Return rules and look-alikes, judged by the noise that the closest reading of all leaves; the bench keeps it."""
    lookalikes = list(fitted_lookalikes(bench, others))
    closest = min(lookalikes, key=lambda lookalike: scale_of(bench.residual(lookalike.predicted)), default=None)
    if closest is not None and max(1.0, scale_of(bench.residual(closest.predicted))) < bench.scale / 2:
        rules = refitted(bench, closest.predicted)
        bench.scale = max(1.0, scale_of(bench.residual(closest.predicted)))
    if bench.is_noisy:  # the noise is known now, and with it which price is really nearer
        lookalikes = list(fitted_lookalikes(bench, others, GAIN))
    everywhere = [scale_of(bench.residual(lookalike.predicted)) for lookalike in lookalikes if lookalike.is_everywhere]
    bench.scale = max(1.0, min([bench.scale, *everywhere]))
    return [bench.judged(rule) for rule in rules], lookalikes


def _highest_regional_ratio(others: list[Alternative], bench: Bench) -> float:
    """Return the highest regional price of any request, as a multiple of list; 1 where no price depends on a region."""
    return max((float((other.listed / bench.listed).max()) for other in others if other.name == "region"), default=1.0)


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
            for name, number in numbers.items():
                gap = other.numbers[name].value - fitted.numbers[name].value
                numbers[name] = replace(number, low=number.low + min(gap, 0.0), high=number.high + max(gap, 0.0))
    return replace(rule, numbers=numbers)


def _shiftless(rule: FittedRule) -> float:
    return rule.cost - PER_SHIFT * (rule.shift != 0)


HIDDEN = 4.0
"""What another way to round may cost and still be the log's: the 95% quantile of one number's worth, rounded up."""


def _equally_good(
    scored: list[tuple[FittedLookAlike, float]], best: FittedRule, bench: Bench
) -> list[tuple[FittedLookAlike, float]]:
    """Return the look-alikes that hold for every request of a model and make the amounts of as many as the rule does.

    Their cost is that of the rule then: the few requests that they differ in (a condition that nobody states a price
    for) are no ground for a charge.
    """
    has_many_models = len({row.model for row in bench.panel.rows}) > 1
    if best.kind is None or bench.is_noisy or has_many_models or best.fits < MOST:
        return []
    step, billed = bench.panel.step, bench.panel.billed
    # what the rule leaves at list is made by many a look-alike
    is_changed = np.abs(best.predicted - bench.listed) > step
    if not is_changed.any():
        return []

    def share_made(predicted: Floats) -> float:
        return float((np.abs(billed - predicted) <= step * TIE)[is_changed].mean())

    return [
        (lookalike, min(cost, best.cost))
        for lookalike, cost in scored
        if lookalike.is_everywhere
        and share_made(as_rule(lookalike, best.shift, bench).predicted) >= share_made(best.predicted) - FEW
    ]


FEW = 0.03
"""Share of the requests that is too small to base anything on."""


def _lookalike_cost(lookalike: FittedLookAlike, bench: Bench, shifts: set[float]) -> float:
    """Return what a look-alike costs, its freedom to choose included; it may be rounded as the rules are.

    But not up where that alone is the rule: then every look-alike that changes little would make the amounts as well.
    """
    cost = min(bench.judged(as_rule(lookalike, shift, bench)).cost for shift in shifts)
    return cost + _choice_penalty(lookalike, bench.panel)


def _lookalike_scores(
    scored: list[tuple[FittedLookAlike, float]], best: FittedRule, bench: Bench
) -> dict[str, LookAlikeScore]:
    """Return the best look-alike of each name, beside the best rule."""
    scores: dict[str, LookAlikeScore] = {}
    for lookalike, cost in scored:
        if lookalike.name not in scores or cost - best.cost < scores[lookalike.name].excess_cost:
            fits = float((np.abs(bench.residual(lookalike.predicted)) <= CAP**0.5 * bench.scale).mean())
            scores[lookalike.name] = LookAlikeScore(lookalike.label, cost - best.cost, fits)
    return scores


def _rival_kinds(rules: list[FittedRule], best: FittedRule) -> tuple[str, ...]:
    """Return the kinds of the rules that fit as well with no more numbers."""
    rivals = [rule for rule in rules if rule.cost < best.cost + PER_NUMBER / 2 and rule.size <= best.size]
    return tuple(sorted({str(rule.kind) for rule in rivals if rule.kind not in {None, best.kind}}))


def _choice_penalty(lookalike: FittedLookAlike, panel: Panel) -> float:
    """Return what choosing a price for each request costs a look-alike: the choice is worth its bits."""
    return 2 * lookalike.entropy * len(panel) + PER_NUMBER * ((lookalike.rate != 1.0) + lookalike.choices - 1)


def _added_share(rule: FittedRule, bench: Bench) -> float:
    return float((rule.predicted - bench.listed).sum() / bench.listed.sum())


def _outcome(
    best: FittedRule,
    added_share: float,
    best_lookalike: tuple[FittedLookAlike, float] | None,
    bench: Bench,
    *,
    is_in_dollars: bool,
) -> tuple[Outcome, FittedLookAlike | None]:
    if best.kind is None or (abs(added_share) <= TOLERANCE and not _is_small_and_exact(best, bench)):
        return _at_list(best, best_lookalike)
    if best_lookalike is not None and best_lookalike[1] <= best.cost + PER_NUMBER:
        return "look-alike", best_lookalike[0]
    if is_doubtful(best, bench):
        return "unclear", None
    if added_share < 0:
        return "discount", None
    exchange_rate = exchange_rate_of(best)
    if (
        exchange_rate is not None
        and (exchange_rate > MANY or not is_in_dollars)
        and stated_ratio(best, bench.panel) is None
    ):
        return "currency", None
    return "markup", None


def _is_small_and_exact(rule: FittedRule, bench: Bench) -> bool:
    """Say whether a rule that adds next to nothing over all is yet no rounding.

    An amount or a number of tokens added to every request does not grow with its cost: of large requests it is a small
    part, but still a charge.
    """
    return rule.kind in OF_A_REQUEST and is_exact(rule, bench)


def _at_list(
    best: FittedRule, best_lookalike: tuple[FittedLookAlike, float] | None
) -> tuple[Outcome, FittedLookAlike | None]:
    if best.fits >= ENOUGH:
        if best_lookalike is not None and best_lookalike[1] < best.cost - PER_NUMBER:
            return "look-alike", best_lookalike[0]
        return "list", None
    if best_lookalike is not None and best_lookalike[1] < best.cost:
        return "look-alike", best_lookalike[0]
    return "unclear", None
