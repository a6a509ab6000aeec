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
    panel, is_at_list = bench.panel, _equals_billed(bench.panel, bench.listed)
    is_open = decision.outcome == "unclear" or (decision.outcome == "list" and _over_list(panel) > TOLERANCE)
    if not is_open or bench.is_noisy or (~is_at_list).sum() < MIN_ROWS:
        return decision
    for offer in _likely_models(panel.where(_first_few(~is_at_list)), catalog):
        costs = _costs(panel, offer, catalog)
        is_reproduced = _equals_billed(panel, costs)
        if is_reproduced[~is_at_list].mean() >= NEARLY_ALL and (is_reproduced | is_at_list).mean() >= TOGETHER:
            share_pct = 100 * float((~is_at_list).mean())
            label = f"{share_pct:.0f}% of the requests cost what {offer.sku.model} does"
            lookalike = FittedLookAlike(
                NAME, label, np.where(is_at_list, bench.listed, costs), is_everywhere=False, is_constant=False
            )
            score = LookAlikeScore(label, -decision.rule.cost, float((is_reproduced | is_at_list).mean()))
            return replace(
                decision,
                outcome="look-alike",
                lookalike=lookalike,
                lookalike_scores=decision.lookalike_scores | {NAME: score},
            )
    return decision


def with_uncounted_output(decision: Decision) -> Decision:
    """Return a decision explained by output that the log does not count, such as reasoning.

    What is billed beyond list is then a whole number of output tokens, another one on every request. Noise makes whole
    numbers by chance alone, and a rule makes the same on requests that are alike.
    """
    bench = decision.bench
    panel, listed = bench.panel, bench.listed
    output_price = panel.factors[:, OUTPUT]
    if (
        not (bench.is_noisy or decision.outcome == "unclear")
        or decision.outcome == "list"
        or not (output_price > 0).all()
    ):
        return decision
    extra_tokens, tolerance = (panel.billed - listed) / output_price, panel.step * 2 * TIE / output_price
    whole_tokens = np.round(extra_tokens)
    is_whole = (np.abs(extra_tokens - whole_tokens) <= tolerance) & (whole_tokens >= 0)
    if (
        np.median(tolerance) > SHARP
        or is_whole.mean() < TOGETHER
        or len(np.unique(whole_tokens[whole_tokens > 0])) < DIFFERENT
    ):
        return decision
    label = f"{whole_tokens.mean():,.0f} output tokens per request that the log does not count"
    lookalike = FittedLookAlike(
        REASONING, label, listed + whole_tokens * output_price, is_everywhere=False, is_constant=False
    )
    score = LookAlikeScore(label, -decision.rule.cost, float(is_whole.mean()))
    return replace(
        decision,
        outcome="look-alike",
        lookalike=lookalike,
        lookalike_scores=decision.lookalike_scores | {REASONING: score},
    )


REASONING = "reasoning outside output"
SHARP = 0.2
"""Tokens that a step of the amounts may be: of rougher ones half a token is no evidence."""

DIFFERENT = 20
"""Different counts that have to be there: the same on every request is an amount per request."""


def _over_list(panel: Panel) -> float:
    return float((panel.billed - panel.listed).sum() / panel.listed.sum())


def _equals_billed(panel: Panel, amounts: Floats) -> Bools:
    """Say which amounts equal others after the log's rounding."""
    is_equal: Bools = np.abs(panel.billed - amounts) <= panel.step * 2 * TIE  # either way of rounding
    return is_equal


def _first_few(mask: Bools) -> Bools:
    is_first: Bools = mask & (np.cumsum(mask) <= TRIED)
    return is_first


def _likely_models(panel: Panel, catalog: Catalog) -> Iterator[Offer]:
    """Yield the models of the seller whose prices explain most of some amounts, best first."""
    served = panel.offers[0]
    other_offers = [
        offer for offer in catalog.offers() if offer.seller == served.seller and offer.sku.model != served.sku.model
    ]
    shares = [(float(_equals_billed(panel, _costs(panel, offer, catalog)).mean()), offer) for offer in other_offers]
    yield from (
        offer for share, offer in sorted(shares, key=lambda pair: (-pair[0], pair[1].key)) if share >= NEARLY_ALL
    )


def _costs(panel: Panel, offer: Offer, catalog: Catalog) -> Floats:
    """Return what requests would cost on another model; nan where it has no price."""
    costs = np.full(len(panel), np.nan)
    for index, row in enumerate(panel.rows):
        rates = rates_for(catalog, offer, conditions_of(row, catalog))
        if not isinstance(rates, NoRates):
            costs[index] = sum(
                quantity * float(factor) for quantity, factor in zip(row.quantities, rates.expected, strict=True)
            )
    return costs
