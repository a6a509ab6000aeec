"""The optimizer: the cheapest model for every cohort, with a loss of quality that outcomes bound, within given limits.

`limits` is the request; `units` prices the cohorts and finds their pairs; `board` lays out every choice and what each
limit forbids; `knapsack` searches, by `highs` or `relaxation`; `decide` makes sure that the promise holds; `result` is
the plan as plain data, and `write` writes it as YAML; `infeasible` explains why there is none.
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
