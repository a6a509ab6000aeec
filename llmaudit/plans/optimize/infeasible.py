"""Why no plan satisfies every limit: the error that names the limit responsible."""

from __future__ import annotations

import numpy as np

from llmaudit.errors import NotEnoughError, printable
from llmaudit.plans.optimize.board import Board
from llmaudit.plans.optimize.problem import STAY, NoPlanError

FLAGS = {
    "latency": "--latency-p95",
    "cost ceiling": "--cost-ceiling",
    "providers": "--providers",
    "floor": "--floor",
    "evidence": "the evidence",
    "no way to move": "what models can serve",
}
"""What a person changes to loosen a limit, by the limit's name in `Board.forbidden`."""


def no_plan(board: Board, error: NoPlanError) -> NotEnoughError:
    """Return the error that names the limit that binds."""
    limits = board.limits
    if error.constraint == "models":
        what = f"no plan with at most {limits.most_models} models: the other limits need more"
        binding = "--max-models"
    elif error.constraint == "loss":
        what = f"no plan within a margin of {limits.margin:g}: the other limits force moves that lose more"
        binding = "--margin"
    else:
        what = _unserved(board, error.cohort or 0)
        binding = _binding(board)
    return NotEnoughError(
        f"{what}; the limit that binds is {binding}",
        next_step="Loosen it, add paired outcomes for more models, or admit unproven moves with --allow-unproven.",
        slug="no-feasible-plan",
    )


def _binding(board: Board) -> str:
    """Return the limits without any one of which every cohort would have a model."""
    alone = []
    for name in board.forbidden:
        rest = np.stack([mask for other, mask in board.forbidden.items() if other != name])
        if bool(np.all(np.any(~np.any(rest, axis=0), axis=1))):
            alone.append(FLAGS[name])
    together = [FLAGS[name] for name in ("latency", "cost ceiling", "providers") if name in board.forbidden]
    return " or ".join(alone) or " and ".join(together) + " together"


def _unserved(board: Board, row: int) -> str:
    """Say which limits rule out every model for a cohort, each with how many."""
    unit = board.units[row]
    stays = [name for name, mask in board.forbidden.items() if mask[row, STAY]]
    counts = {name: int(mask[row, 1:].sum()) for name, mask in board.forbidden.items() if mask[row, 1:].any()}
    others = ", ".join(f"{count} by {name}" for name, count in counts.items()) or "there are none"
    return (
        f"no model may serve {printable(board.grain.text(unit.key))}, now on {printable(unit.model)}: "
        f"{' and '.join(stays)} rule out the present model; of {len(board.names)} others: {others}"
    )
