"""A model for every cohort: the cheapest plan whose loss of quality is bounded by outcomes, under a person's limits.

`limits` is what a person asks; `units` prices the cohorts and looks up their pairs; `board` lays both out, with what
each limit forbids; `knapsack` searches; `decide` sees that the promise holds; `result` is the plan as plain data,
`write` as YAML; `infeasible` says why there is none.
"""

from __future__ import annotations

from llmaudit.plans.optimize.board import Board, board_of
from llmaudit.plans.optimize.decide import choose
from llmaudit.plans.optimize.limits import ALL_TIERS, MARGIN, Latency, Limits
from llmaudit.plans.optimize.result import Chosen, MoveRow, Promise

__all__ = [
    "ALL_TIERS",
    "MARGIN",
    "Board",
    "Chosen",
    "Latency",
    "Limits",
    "MoveRow",
    "Promise",
    "board_of",
    "choose",
]
