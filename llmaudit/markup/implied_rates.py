"""What a gateway charges for each class of tokens, implied by its amounts; withheld where the requests cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from llmaudit.markup.decide import Decision
from llmaudit.markup.model import ImpliedRate
from llmaudit.markup.panel import CLASSES, Panel
from llmaudit.markup.regression import ILL, quantile95, regress, sigma_of

LEAST = 0.01
"""The rate of a class with less than this share of list cost cannot be determined."""

ASKS = {
    "input": "requests with longer and shorter prompts",
    "cache_read": "requests with and without cached prompts",
    "cache_write": "requests that write to a cache and requests that do not",
    "output": "requests with longer and shorter answers",
    "other": "requests with and without searches, audio or images",
}
"""What would determine the rate of a class."""

SURE = 0.05
"""A rate whose interval is wider than this, in either direction, is withheld."""


def implied_rates(decisions: Mapping[str, Decision]) -> list[ImpliedRate]:
    """Return the rate of each class of tokens that each model's requests have, as a multiple of list."""
    return [row for name, decision in decisions.items() for row in _rates_of_model(name, decision.bench.panel)]


def _rates_of_model(model: str, panel: Panel) -> Iterator[ImpliedRate]:
    shares = panel.parts.sum(axis=0) / panel.parts.sum()
    used = [index for index in range(len(CLASSES)) if shares[index] >= LEAST]
    columns = np.concatenate([panel.parts[:, used], np.ones((len(panel), 1))], axis=1)
    fit = regress(columns, panel.billed - panel.parts[:, shares < LEAST].sum(axis=1), sigma_of(panel))
    for index, name in enumerate(CLASSES):
        if not shares[index]:
            continue
        if index not in used:
            yield _refused(model, name, f"it is only {100 * shares[index]:.2g}% of the list cost")
        elif fit is None or fit.condition > ILL:
            yield _refused(model, name, "its tokens rise and fall together with those of other classes")
        else:
            column = used.index(index)
            value, half_width = float(fit.values[column]), quantile95(len(panel)) * float(fit.errors[column])
            if half_width > SURE * max(value, 1.0):
                yield _refused(
                    model, name, f"its interval is {value - half_width:.2f} to {value + half_width:.2f} times list"
                )
            else:
                yield ImpliedRate(
                    model=model, token_class=name, ratio=value, low=value - half_width, high=value + half_width
                )


def _refused(model: str, name: str, why: str) -> ImpliedRate:
    settle = f"{why}; {ASKS[name]} would settle it"
    return ImpliedRate(model=model, token_class=name, ratio=None, low=None, high=None, why_not=settle)
