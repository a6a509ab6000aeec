"""What a plan does with the traffic: where its rules send the cells, and the cells that it treats alike."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from llmaudit.catalog import Offer
from llmaudit.plans.caching import Followed
from llmaudit.plans.legs import Linear
from llmaudit.plans.matching import Places
from llmaudit.plans.placing import Placed
from llmaudit.plans.traffic import Sums


class Assigned(NamedTuple):
    """Where the rules of a plan send each cell.

    Attributes:
        places: The index of the rule that decides each cell; -1 is none.
        chosen: The index in `targets` of the model it sends the cell to; -1 is none.
        targets: The models.
        followed: What the sessions say about cached tokens, by rule and present model; empty if the log has none.
    """

    places: Places
    chosen: Places
    targets: list[Offer]
    followed: dict[tuple[int, str], Followed]


@dataclass(frozen=True)
class Part:
    """Cells of one tier that a plan treats alike.

    Attributes:
        tier: Their tier; None is unknown.
        model: The canonical model that serves them now.
        placed: What the plan does with one of them, as with all.
        sums: The sums over all of them.
        is_paid: Whether they stay and cost what they cost now; their rates may then differ.
        is_proven: Whether outcomes have shown that the other model's answers hold up on them.
    """

    tier: int | None
    model: str
    placed: Placed
    sums: Sums
    is_paid: bool = False
    is_proven: bool = False

    def cost(self, linear: Linear) -> Decimal:
        """Return what a leg of the part costs, by one of its linear functions."""
        if self.is_paid:
            return self.sums.spend_usd
        return linear.of_sums(self.sums.quantities, self.sums.billed_usd, self.sums.requests)

    @property
    def is_replaced(self) -> bool:
        """Whether another model answers, or the attempt is not made because it would."""
        return self.placed.target is not None
