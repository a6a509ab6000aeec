"""All gateways of an `Evidence`, judged once: the finding, the lever and the drivers read the same result."""

from __future__ import annotations

from typing import TypeVar
from weakref import ref

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped
from llmaudit.markup.model import Markup
from llmaudit.markup.traffic import Traffic
from llmaudit.summaries.billed import BilledRequest
from llmaudit.summaries.payments import Payment
from llmaudit.summaries.prompts import SizedPrompt

_last: list[tuple[ref[Evidence], Markup]] = []
"""The evidence judged last, and what was found: several readers of one audit ask for the same."""


def markup_of(evidence: Evidence) -> Markup:
    """Return the verdict on every gateway, the one with most spend first."""
    if _last and _last[0][0]() is evidence:
        return _last[0][1]
    markup = _judged(evidence)
    _last[:] = [(ref(evidence), markup)]
    return markup


def _judged(evidence: Evidence) -> Markup:
    through_gateways = [priced for priced in evidence.cells if priced.cell.gateway]
    payments = _payments(evidence)
    if not through_gateways and not payments:
        return Markup([])
    from llmaudit.markup.gateway import judge_gateway  # noqa: PLC0415 -- numpy, which only gateways need

    sample = _by_gateway(evidence.rows(BilledRequest))
    prompts = _by_gateway(evidence.rows(SizedPrompt))
    cells: dict[str, list[PricedCell]] = dict(grouped(through_gateways, lambda priced: priced.cell.gateway))
    is_asked_for = evidence.period.since is not None and evidence.period.until is not None
    return Markup(
        [
            judge_gateway(
                Traffic(
                    name,
                    cells.get(name, ()),
                    sample.get(name, ()),
                    prompts.get(name, ()),
                    payments.get(name, ()),
                    is_asked_for,
                ),
                evidence.catalog,
            )
            for name in dict.fromkeys([*cells, *sorted(payments)])
        ]
    )


def _payments(evidence: Evidence) -> dict[str, list[Payment]]:
    """Return the payments of the period by gateway."""
    by_gateway: dict[str, list[Payment]] = {}
    for row in evidence.rows(Payment):
        if evidence.period.holds(row.at):
            by_gateway.setdefault(evidence.catalog.gateway_id(row.gateway) or row.gateway, []).append(row)
    return by_gateway


Row = TypeVar("Row", BilledRequest, SizedPrompt)


def _by_gateway(rows: list[Row]) -> dict[str, list[Row]]:
    rows_by_gateway: dict[str, list[Row]] = {}
    for row in rows:
        rows_by_gateway.setdefault(row.gateway, []).append(row)
    return rows_by_gateway
