"""The step to which a log rounds its amounts, inferred from the digits of the amounts themselves."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.summaries.billed import BilledRequest

FINEST = 12
"""Decimals of an amount in the database."""

FEW = 30
"""With fewer requests than this, the digits of the amounts say little about how they are rounded."""

NEARLY_EVERY = 0.98
"""Share of the amounts that are multiples of the step: of any other unit, hardly half are, by chance."""


def rounding_steps(rows: Sequence[BilledRequest]) -> Floats:
    """Return the rounding step of each request's amount in US dollars, found model by model.

    It is the place of the last digit that any amount of the model has. A log in points of 1/500,000 dollar has steps of
    two in the last place.
    """
    amounts: dict[str, list[Decimal]] = {}
    for row in rows:
        amounts.setdefault(row.model, []).append(row.billed_usd)
    everywhere = step_of([row.billed_usd for row in rows])
    by_model = {
        model: step_of(model_amounts) if len(model_amounts) >= FEW and _differ(model_amounts) else everywhere
        for model, model_amounts in amounts.items()
    }
    return np.array([by_model[row.model] for row in rows])


def step_of(amounts: Sequence[Decimal]) -> float:
    """Return the largest unit (1, 2 or 5 in some decimal place) of which nearly every amount is a multiple.

    A few amounts may have more digits: corrections, say, that another program wrote into the log.
    """
    whole = np.array([int(amount.scaleb(FINEST)) for amount in amounts if amount], dtype=np.int64)
    if not _differ(amounts):
        return 10.0**-FINEST
    unit = int(np.gcd.reduce(whole))
    for place in range(FINEST + 1):
        for factor in (1, 2, 5):
            coarser = factor * 10**place
            if coarser > unit and (whole % coarser == 0).mean() >= NEARLY_EVERY:
                unit = coarser
    return _round_part(unit) * 10.0**-FINEST


def _differ(amounts: Sequence[Decimal]) -> bool:
    """Say whether amounts differ: where every request costs the same, its last digit says nothing about rounding."""
    return len(set(amounts) - {Decimal(0)}) > 1


def _round_part(unit: int) -> int:
    """Return the largest 1, 2 or 5 in some decimal place that divides a unit."""
    place = 1
    while unit % (place * 10) == 0:
        place *= 10
    return place * next(part for part in (5, 2, 1) if unit % (place * part) == 0)
