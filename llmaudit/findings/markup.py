"""Billed against list, by gateway and model: what a gateway adds to the provider's price (`llmaudit.markup`)."""

from __future__ import annotations

from llmaudit.evidence import Evidence, grouped
from llmaudit.markup.model import Channel, GatewayRow, LookAlike, Markup, ModelRow
from llmaudit.summaries.billed import BilledRequest

__all__ = ["Channel", "GatewayRow", "LookAlike", "Markup", "ModelRow", "find"]


def find(evidence: Evidence) -> Markup:
    """Return the verdict on every gateway, the one with most spend first."""
    through = [priced for priced in evidence.cells if priced.cell.gateway]
    if not through:
        return Markup([])
    from llmaudit.markup.gateway import judge_gateway  # noqa: PLC0415 -- numpy, which only an audit of a gateway needs

    sample: dict[str, list[BilledRequest]] = {}
    for row in evidence.rows(BilledRequest):
        sample.setdefault(row.gateway, []).append(row)
    return Markup(
        [
            judge_gateway(name, cells, sample.get(name, []), evidence.catalog)
            for name, cells in grouped(through, lambda priced: priced.cell.gateway)
        ]
    )
