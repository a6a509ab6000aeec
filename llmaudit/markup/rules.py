"""Rules by which a gateway turns list costs into amounts: what a rule is, and how rules compete on the same requests.

A rule with more parameters has to fit clearly better (`PER_NUMBER`). The penalty that a single request can add is
capped, so that a few odd requests decide nothing. The rules themselves are in `rule_shapes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from llmaudit.arrays import Bools, Floats
from llmaudit.markup.panel import Panel
from llmaudit.markup.regression import CAP, scale_of, sigma_of

Kind = Literal[
    "token_rate", "per_request", "rate_and_fee", "output_rate", "input_rate", "class_rates", "cache_discount",
    "rate_and_cache_discount", "minimum_charge", "rounding_up", "token_count",
]  # fmt: skip

PER_NUMBER = 14.0
"""Penalty per parameter of a rule: chance alone gains this much once in 5,000 times."""

PER_SHIFT = 7.0
"""Penalty for assuming that the log rounds down, or up, rather than to the nearest step."""

PER_DIGIT = 2.0
"""Penalty per digit of a number: of two rules that fit equally well, the one with rounder numbers is preferred."""

CLEAR = 4.5
"""Standard errors by which a number has to differ from no effect: many rules are tried on the same requests."""

TIE = 0.500001
"""Half a step, with room for floating-point error."""

NULLS = {"rate": 1.0, "before": 1.0, "output": 1.0, "input": 1.0}
"""The value of a ratio that adds nothing; for every other number that is 0."""


@dataclass(frozen=True)
class Number:
    """One number of a rule: a ratio to list, tokens, or US dollars.

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


@dataclass(frozen=True)
class Form:
    """What a rule computes: `max(base + columns @ values, least)`.

    Attributes:
        names: Of the values that are fitted.
        columns: n x values: US dollars a unit of each.
        base: US dollars, n.
        rows: The requests that the values are fitted on.
        least: US dollars; no amount is below.
    """

    names: tuple[str, ...]
    columns: Floats
    base: Floats
    rows: Bools
    least: float = 0.0

    def predict(self, values: Floats) -> Floats:
        """Return what each request would be billed."""
        predicted: Floats = np.maximum(self.base + self.columns @ values, self.least)
        return predicted


@dataclass(frozen=True)
class FittedRule:
    """A rule with its numbers.

    Attributes:
        kind: Its name; None is list itself.
        numbers: By name: `rate`, `before` (the rate until a day), `fee`, `output`, `input`, `kept` (share of the cache
            discount), `minimum`, `step`, `tokens` (a request).
        predicted: What each request would be billed, on average over what rounding does.
        cost: How badly it fits; comparable between rules of the same requests and scale.
        fits: Share of requests that follow it.
        since: First day (days since 1970) of a rule that begins within the period.
        shift: Where amounts lie beside what the rule computes, in steps: -0.5 is a log that rounds down.
        digits: Digits that its round numbers need beyond the first; 0 where they are not round.
        form: What it computes; None where no number was fitted.
        round: The numbers that `predicted` is made with, where round ones make the amounts as well; empty elsewhere.
    """

    kind: Kind | None
    numbers: dict[str, Number]
    predicted: Floats = field(repr=False)
    cost: float = 0.0
    fits: float = 0.0
    since: int | None = None
    shift: float = 0.0
    digits: float = 0.0
    form: Form | None = field(default=None, repr=False)
    round: Mapping[str, float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many numbers it needs; the day on which one begins is one."""
        return len(self.numbers) + (self.since is not None)


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

    def settle(self, rules: list[FittedRule]) -> None:
        """Take the noise of the rule that leaves least as the noise of the log, at least that of its rounding."""
        self.scale = max(1.0, min(scale_of(self.residual(rule.predicted)) for rule in rules))

    def residual(self, predicted: Floats) -> Floats:
        """Return residuals in least errors."""
        residual: Floats = (self.panel.billed - predicted) / self.sigma
        return residual

    def judged(self, rule: FittedRule) -> FittedRule:
        """Return a rule with its cost: of its amounts as they are, or as the log rounds them, whichever is nearer."""
        squares = [
            (residual / self.scale) ** 2 for residual in (self.residual(rule.predicted), self.rounded(rule.predicted))
        ]
        square = min(squares, key=lambda residual: float(np.minimum(residual, CAP).sum()))
        penalty = PER_NUMBER * rule.size + PER_SHIFT * (rule.shift != 0) + PER_DIGIT * rule.digits
        return replace(rule, cost=float(np.minimum(square, CAP).sum()) + penalty, fits=float((square <= CAP).mean()))

    def rounded(self, predicted: Floats) -> Floats:
        """Return residuals of amounts as the log rounds them; a tie may be rounded either way.

        Prices are round numbers, so ties are common, and which way one falls is an accident of floats.
        """
        step = self.panel.step
        residual = self.residual(np.round(predicted / step) * step)
        nearest: Floats = np.where(np.abs(self.panel.billed - predicted) <= step * TIE, 0.0, residual)
        return nearest

    def exactly(self, predicted: Floats) -> float:
        """Return the share of amounts that are what the log's rounding makes of a prediction."""
        return float((np.abs(self.panel.billed - predicted) <= self.panel.step * TIE).mean())
