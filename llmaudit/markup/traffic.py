"""Everything that is known of one gateway before it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmaudit.cells import PricedCell
from llmaudit.summaries.billed import BilledRequest
from llmaudit.summaries.payments import Payment
from llmaudit.summaries.prompts import SizedPrompt


@dataclass(frozen=True)
class Traffic:
    """Everything that is known of one gateway.

    Attributes:
        name: The gateway.
        cells: Its priced cells.
        sample: Sampled requests that it billed; with too few of them the cells alone decide.
        prompts: Prompts whose size is known twice.
        payments: What was paid to it beside requests.
        is_asked_for: Whether requests and payments are those of a period that was asked for, with both its ends.
    """

    name: str
    cells: Sequence[PricedCell]
    sample: Sequence[BilledRequest] = ()
    prompts: Sequence[SizedPrompt] = ()
    payments: Sequence[Payment] = ()
    is_asked_for: bool = False
