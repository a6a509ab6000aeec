"""Billed against list, by gateway and model: what a gateway adds to the provider's price (`llmaudit.markup`)."""

from __future__ import annotations

from typing import TypeVar

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped
from llmaudit.markup.model import Channel, GatewayRow, LookAlike, Markup, ModelRow
from llmaudit.summaries.billed import BilledRequest
from llmaudit.summaries.payments import Payment
from llmaudit.summaries.prompts import SizedPrompt

__all__ = ["Channel", "GatewayRow", "LookAlike", "Markup", "ModelRow", "find"]


def find(evidence: Evidence) -> Markup:
    """Return the verdict on every gateway, the one with most spend first."""
    through = [priced for priced in evidence.cells if priced.cell.gateway]
    payments = _payments(evidence)
    if not through and not payments:
        return Markup([])
    from llmaudit.markup.gateway import Traffic, judge_gateway  # noqa: PLC0415 -- numpy, which only gateways need

    sample = _by_gateway(evidence.rows(BilledRequest))
    prompts = _by_gateway(evidence.rows(SizedPrompt))
    cells: dict[str, list[PricedCell]] = dict(grouped(through, lambda priced: priced.cell.gateway))
    return Markup(
        [
            judge_gateway(
                Traffic(name, cells.get(name, ()), sample.get(name, ()), prompts.get(name, ()), payments.get(name, ())),
                evidence.catalog,
            )
            for name in dict.fromkeys([*cells, *sorted(payments)])
        ]
    )


def _payments(evidence: Evidence) -> dict[str, list[Payment]]:
    """Return the payments of the period by gateway."""
    found: dict[str, list[Payment]] = {}
    for row in evidence.rows(Payment):
        if evidence.period.holds(row.at):
            found.setdefault(evidence.catalog.gateway_id(row.gateway) or row.gateway, []).append(row)
    return found


Row = TypeVar("Row", BilledRequest, SizedPrompt)


def _by_gateway(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.gateway, []).append(row)
    return found
