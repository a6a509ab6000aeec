"""Amounts that follow no rule, explained by another model that answered or by output that the log does not count.

A fallback that the log does not show, or a redirected model name, is billed at the price of the model that answered.
This is only reported if it explains most of the amounts that follow no rule: a price that fits a few is chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from llmaudit.arrays import Bools, Floats
from llmaudit.catalog import Catalog, NoRates, Offer, rates_for
from llmaudit.markup.decide import Decision, LookAlikeScore
from llmaudit.markup.listprice import conditions_of
from llmaudit.markup.lookalike_fitting import FittedLookAlike
from llmaudit.markup.model import TOLERANCE
from llmaudit.markup.panel import OUTPUT, Panel
from llmaudit.markup.regression import MIN_ROWS
from llmaudit.markup.rules import TIE

TRIED = 12
"""Requests on which every model of the seller is tried; the one that explains most of them is tried on all."""

NEARLY_ALL = 0.9
"""Share of the unexplained requests that the other model has to explain."""

TOGETHER = 0.97
"""Share of all requests that list and the other model together have to explain."""

NAME = "alias"


def with_another_model(decision: Decision, catalog: Catalog) -> Decision:
    """Return a decision explained by another model's price; the same one if no price explains it."""
    bench = decision.bench
    panel, at_list = bench.panel, _equals_billed(bench.panel, bench.listed)
    is_open = decision.outcome == "unclear" or (decision.outcome == "list" and _over_list(panel) > TOLERANCE)
    if not is_open or bench.is_noisy or (~at_list).sum() < MIN_ROWS:
        return decision
    for offer in _likely_models(panel.where(_first_few(~at_list)), catalog):
        cost = _costs(panel, offer, catalog)
        made = _equals_billed(panel, cost)
        if made[~at_list].mean() >= NEARLY_ALL and (made | at_list).mean() >= TOGETHER:
            share = 100 * float((~at_list).mean())
            label = f"{share:.0f}% of the requests cost what {offer.sku.model} does"
            look = FittedLookAlike(
                NAME, label, np.where(at_list, bench.listed, cost), is_everywhere=False, is_constant=False
            )
            better = LookAlikeScore(label, -decision.rule.cost, float((made | at_list).mean()))
            return replace(decision, outcome="look-alike", explained=look, tested=decision.tested | {NAME: better})
    return decision


def with_uncounted_output(decision: Decision) -> Decision:
    """Return a decision explained by output that the log does not count, such as reasoning.

    What is billed beyond list is then a whole number of output tokens, another one on every request. Noise makes whole
    numbers by chance alone, and a rule makes the same on requests that are alike.
    """
    bench = decision.bench
    panel, listed = bench.panel, bench.listed
    price = panel.factors[:, OUTPUT]
    if not (bench.is_noisy or decision.outcome == "unclear") or decision.outcome == "list" or not (price > 0).all():
        return decision
    beyond, room = (panel.billed - listed) / price, panel.step * 2 * TIE / price
    whole = np.round(beyond)
    made = (np.abs(beyond - whole) <= room) & (whole >= 0)
    if np.median(room) > SHARP or made.mean() < TOGETHER or len(np.unique(whole[whole > 0])) < DIFFERENT:
        return decision
    label = f"{whole.mean():,.0f} output tokens a request that the log does not count"
    look = FittedLookAlike(REASONING, label, listed + whole * price, is_everywhere=False, is_constant=False)
    better = LookAlikeScore(label, -decision.rule.cost, float(made.mean()))
    return replace(decision, outcome="look-alike", explained=look, tested=decision.tested | {REASONING: better})


REASONING = "reasoning outside output"
SHARP = 0.2
"""Tokens that a step of the amounts may be: of rougher ones half a token is no evidence."""

DIFFERENT = 20
"""Different counts that have to be there: the same on every request is an amount per request."""


def _over_list(panel: Panel) -> float:
    return float((panel.billed - panel.listed).sum() / panel.listed.sum())


def _equals_billed(panel: Panel, amounts: Floats) -> Bools:
    """Say which amounts equal others after the log's rounding."""
    found: Bools = np.abs(panel.billed - amounts) <= panel.step * 2 * TIE  # either way of rounding
    return found


def _first_few(mask: Bools) -> Bools:
    found: Bools = mask & (np.cumsum(mask) <= TRIED)
    return found


def _likely_models(panel: Panel, catalog: Catalog) -> Iterator[Offer]:
    """Yield the models of the seller whose prices explain most of some amounts, best first."""
    own = panel.offers[0]
    others = [one for one in catalog.offers() if one.seller == own.seller and one.sku.model != own.sku.model]
    made = [(float(_equals_billed(panel, _costs(panel, offer, catalog)).mean()), offer) for offer in others]
    yield from (offer for share, offer in sorted(made, key=lambda pair: (-pair[0], pair[1].key)) if share >= NEARLY_ALL)


def _costs(panel: Panel, offer: Offer, catalog: Catalog) -> Floats:
    """Return what requests would cost on another model; nan where it has no price."""
    costs = np.full(len(panel), np.nan)
    for index, row in enumerate(panel.rows):
        rates = rates_for(catalog, offer, conditions_of(row, catalog))
        if not isinstance(rates, NoRates):
            costs[index] = sum(q * float(f) for q, f in zip(row.quantities, rates.expected, strict=True))
    return costs
