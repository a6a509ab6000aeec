"""The quality floor of a plan, judged by outcomes: how the cohorts it moves score on the model they move to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llmaudit.catalog import Catalog
from llmaudit.plans.certify_plan import target_of
from llmaudit.plans.evaluate import PlanCost
from llmaudit.plans.optimize import Limits, board_of
from llmaudit.plans.optimize.board import FLOOR_SURE
from llmaudit.plans.quality import Outcomes

Verdict = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True)
class Scored:
    """What outcomes say of one cohort on the model that a plan moves it to.

    Attributes:
        cohort: The cohort, for people.
        requests: Its requests that move.
        low: 95% lower bound of the score.
        high: 95% upper bound.
    """

    cohort: str
    requests: int
    low: float
    high: float


def scored(cost: PlanCost, outcomes: Outcomes, catalog: Catalog) -> list[Scored]:
    """Return the cohorts of which outcomes speak, with pairs enough, among those that a plan moves as a whole.

    A cohort that a plan moves in part, or to several models, is not among them: outcomes speak of it as a whole.

    Args:
        cost: The plan's cost, with where it puts each cell.
        outcomes: Paired outcomes.
        catalog: The prices.
    """
    placed = cost.placed
    names = tuple(sorted({placement.target for placement in placed if placement.moved and placement.target}))
    board = board_of([placement.priced for placement in placed], catalog, outcomes, {}, Limits(models=names))
    placed_by_id, table, scores = {id(placement.priced): placement for placement in placed}, board.table, []
    for row, unit in enumerate(board.units):
        target = target_of(unit, placed_by_id)
        column = board.names.index(target) if target in board.names else None
        if column is None or not table.proven[row, column]:
            continue
        score, reach = float(table.score[row, column]), FLOOR_SURE * float(table.score_sd[row, column])
        moved = sum(priced.cell.requests for priced in unit.cells if placed_by_id[id(priced)].moved)
        scores.append(Scored(f"{board.grain.text(unit.key)} on {target}", moved, score - reach, score + reach))
    return scores


def judged(limit: float, moved: int, scores: list[Scored]) -> tuple[Verdict, str | None, str]:
    """Return whether a floor holds, the lowest bound that was found, and a sentence.

    Args:
        limit: The floor.
        moved: Requests that the plan moves.
        scores: What outcomes say (`scored`).
    """
    if not moved:
        return "pass", None, "no requests move"
    below = [score for score in scores if score.high < limit]
    if below:
        worst = min(below, key=lambda score: score.high)
        count = sum(score.requests for score in below)
        sentence = (
            f"{count:,} of {moved:,} moved requests are in cohorts that score below the floor, with 95% certainty"
        )
        return "fail", f"{worst.high:.3f}", f"{sentence}; the lowest is {worst.cohort}: at most {worst.high:.3f}"
    held = sum(score.requests for score in scores if score.low >= limit)
    least = min((score.low for score in scores), default=None)
    value = None if least is None else f"{least:.3f}"
    if held == moved:
        return "pass", value, f"every cohort that moves scores at least {value}, with 95% certainty"
    unsure = sum(score.requests for score in scores) - held
    unspoken = moved - held - unsure
    parts = [
        f"for {unsure:,} the score may lie on either side" if unsure else "",
        f"for {unspoken:,} there are no outcomes, or too few pairs" if unspoken else "",
    ]
    sentence = "; ".join(part for part in parts if part)
    return "unknown", value, f"outcomes confirm it for {held:,} of {moved:,} moved requests; {sentence}"
