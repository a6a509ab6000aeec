"""What the log says about each model: how often its attempts fail, what failures cost, and how much it reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.cells import PricedCell
from llmaudit.money import ZERO, total


@dataclass
class ModelFacts:
    """Sums over the requests of one model.

    Attributes:
        answered: Requests with a good answer.
        failed: Attempts that failed; one that the caller cancelled did not.
        answered_usd: What the good ones cost, where that is known.
        failed_usd: What the failed ones cost.
        thinking: Requests whose thoughts are known.
        thoughts: Their tokens of thought.
        answers: Their tokens of answer.
    """

    answered: int = 0
    failed: int = 0
    answered_usd: Decimal = ZERO
    failed_usd: Decimal = ZERO
    thinking: int = 0
    thoughts: int = 0
    answers: int = 0


def facts_of(cells: Iterable[PricedCell]) -> dict[str, ModelFacts]:
    """Return the facts of every model in some cells, by canonical name."""
    facts_by_model: dict[str, ModelFacts] = {}
    for priced in cells:
        cell = priced.cell
        facts = facts_by_model.setdefault(cell.model, ModelFacts())
        spend = priced.spend_usd or ZERO
        if cell.status == "error":
            facts.failed += cell.requests
            facts.failed_usd = total((facts.failed_usd, spend))
        elif cell.status == "ok":
            facts.answered += cell.requests
            facts.answered_usd = total((facts.answered_usd, spend))
            if cell.reasoning_tokens is not None:
                facts.thinking += cell.requests
                facts.thoughts += cell.reasoning_tokens
                facts.answers += max(cell.output_tokens - cell.reasoning_tokens, 0)
    return facts_by_model
