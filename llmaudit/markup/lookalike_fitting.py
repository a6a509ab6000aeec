"""Look-alikes tested on requests: on all of them, on some of them, and on some of them combined with a rate.

The prices come from `lookalikes`, and from what logs do not count: searches, and retries billed with the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.markup.lookalikes import FACTORS, Alternative
from llmaudit.markup.regression import mode_of
from llmaudit.markup.rules import Bench, FittedRule

CURRENCIES: Mapping[str, tuple[float, float]] = {
    "EUR": (0.78, 0.98),
    "GBP": (0.70, 0.85),
    "CAD or AUD": (1.32, 1.62),
    "CNY": (6.3, 7.5),
    "BRL": (4.7, 6.4),
    "INR": (80.0, 98.0),
    "JPY": (125.0, 170.0),
}
"""Units of a currency for a US dollar, the range of 2024 to 2026: an amount that is labelled dollars may be in one."""


@dataclass(frozen=True)
class FittedLookAlike:
    """A look-alike that was tried.

    Attributes:
        name: The look-alike.
        label: Which one.
        predicted: What each request would be billed.
        is_everywhere: Whether it is to hold for every request.
        is_constant: Whether it is one and the same multiple of list for every request, as a rate would be.
        rate: What list is multiplied with beside it; 1 is nothing.
        entropy: Of the choice between prices that the requests make, in nats a request; 0 where there is none.
        choices: How many prices are chosen at all.
        share: Of the requests, those at another price than list; None where that is not counted.
    """

    name: str
    label: str
    predicted: Floats = field(repr=False)
    is_everywhere: bool
    is_constant: bool
    rate: float = 1.0
    entropy: float = 0.0
    choices: int = 1
    share: float | None = None


SEARCHES = 6
"""Searches of one request that are tried; more are rare."""

WITHOUT = 0.1
"""Share of requests that have to be at list, without a search, where searches are to explain the others."""


def _searches(bench: Bench) -> Floats | None:
    """Return list costs with 0, 1, 2 … searches that the log does not count, or None where they have no price.

    A maker bills a search by the piece, whole cents beside the tokens of a small request, and few logs have a column
    for them. Where hardly a request is without one, it is an amount on every request, which is a rule and no search.
    """
    panel = bench.panel
    search_price = panel.factors[:, FACTORS["web_searches"]] * (panel.quantities[:, FACTORS["web_searches"]] == 0)
    is_at_list = np.abs(panel.billed - bench.listed) <= np.minimum(panel.step, search_price / 4)
    if not search_price.any() or is_at_list.mean() < WITHOUT:
        return None
    return np.stack([bench.listed + count * search_price for count in range(SEARCHES)])


TIMES = 5
"""How often a request may have been billed, one less: a retry that the log does not show is billed with the answer."""

MOST_ONCE = 0.5
"""Share of requests that have to be billed once, where billing some again is to explain the others."""


def fitted_lookalikes(bench: Bench, others: list[Alternative], gain: float = 0.0) -> Iterator[FittedLookAlike]:
    """Yield every look-alike as a rule of its own: everywhere, on some requests, and on some beside a rate.

    Args:
        bench: The requests.
        others: Their other prices.
        gain: Squared errors by which another price than list has to be nearer to a request. The nearest of several
            prices is always nearer than one of them, so that under noise (`GAIN`) that alone would explain it.
    """
    listed = bench.listed
    for other in others:
        ratio = other.listed / listed
        constant = bool(np.ptp(ratio) < 1e-3 * ratio.mean())  # relative
        yield FittedLookAlike(other.name, other.label, other.listed, is_everywhere=True, is_constant=constant)
    names = dict.fromkeys(other.name for other in others)
    choices_by_name = {
        name: np.stack([listed, *(other.listed for other in others if other.name == name)]) for name in names
    }
    if (with_searches := _searches(bench)) is not None:
        choices_by_name["uncounted searches"] = with_searches
    is_billed_once = np.abs(bench.panel.billed - listed) <= np.minimum(bench.panel.step, listed / 4)
    if is_billed_once.mean() >= MOST_ONCE:
        choices_by_name["duplicates"] = np.stack([count * listed for count in range(1, TIMES)])
    for name, choices in choices_by_name.items():
        yield _nearest(bench, name, choices, 1.0, gain)
        is_above_rounding = listed > 20 * bench.panel.step
        if is_above_rounding.any():
            rate = mode_of(bench.panel.billed[is_above_rounding] / listed[is_above_rounding])
            yield _nearest(bench, name, choices * rate, rate, gain)


def _nearest(bench: Bench, name: str, choices: Floats, rate: float, gain: float) -> FittedLookAlike:
    distance = np.abs(choices - bench.panel.billed)
    choice = distance.argmin(axis=0)
    is_open = np.ptp(choices, axis=0) > 5 * bench.sigma
    if gain:
        least_distance = np.take_along_axis(distance, choice[None], axis=0)[0]
        nearer = (distance[0] ** 2 - least_distance**2) / (bench.sigma * bench.scale) ** 2
        choice = np.where(nearer > gain, choice, 0)
        is_open = (np.ptp(choices, axis=0) > bench.sigma) | (choice > 0)
    predicted = np.take_along_axis(choices, choice[None], axis=0)[0]
    shares = np.bincount(choice[is_open]) / len(choice)
    used_shares = shares[shares > 0]
    entropy = float(-(used_shares * np.log(used_shares / max(float(is_open.mean()), 1e-12))).sum())
    return FittedLookAlike(
        name,
        ON_SOME_REQUESTS,
        predicted,
        is_everywhere=False,
        is_constant=False,
        rate=rate,
        entropy=entropy,
        choices=max(len(used_shares), 1),
        share=float((choice > 0).mean()),
    )


ON_SOME_REQUESTS = "on some requests"
"""How a look-alike is called that holds where it comes nearer."""

GAIN = 4.0
"""Squared errors that chance hardly ever makes: a price that is nearer by more is meant."""


def currency_of(rate: float) -> str | None:
    """Return the currency whose exchange rate a constant ratio to list is, or None."""
    return next((name for name, (low, high) in CURRENCIES.items() if low <= rate <= high), None)


def as_rule(lookalike: FittedLookAlike, shift: float, bench: Bench) -> FittedRule:
    """Return a look-alike in the shape of a rule, to be judged beside them, in a log that is rounded as theirs."""
    return FittedRule(None, {}, lookalike.predicted + shift * bench.panel.step, shift=shift)
