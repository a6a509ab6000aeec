"""The points of the cost-quality frontier as plain data, so that showing them needs no arrays."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Cohort(msgspec.Struct, frozen=True):
    """Where a cohort goes.

    Attributes:
        cohort: For people.
        model_before: The model that serves it now.
        model: The model it moves to.
        savings_usd: What that saves.
    """

    cohort: str
    model_before: str
    model: str
    savings_usd: Decimal


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """The cheapest plan at one margin.

    Attributes:
        margin: Largest loss over all traffic, in the score's unit.
        loss: Expected loss.
        bound: Upper bound of it.
        cross_fitted: Loss of plans made on one half of the pairs on the other half.
        cost_usd: What the plan costs.
        savings_usd: What it saves.
        savings_pct: Of the present cost.
        moved_share: Share of the requests that move.
        models: Share of all requests that each model answers after the move, by canonical name.
        cohorts: The model of every cohort that moves, by the cohort and its present model.
    """

    margin: float
    loss: float
    bound: float
    cross_fitted: float | None
    cost_usd: Decimal
    savings_usd: Decimal
    savings_pct: float | None
    moved_share: float
    models: dict[str, float]
    cohorts: list[Cohort]
