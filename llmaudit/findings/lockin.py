"""Lock-in: arbitrage forgone, hours without a fallback, concentration, days to switch, leverage at a renewal."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.dependence import outages as outage_rule
from llmaudit.dependence import switching
from llmaudit.dependence.arbitrage import LEAST, Arbitrage
from llmaudit.dependence.concentration import Concentration, concentration
from llmaudit.dependence.elsewhere import Elsewhere
from llmaudit.dependence.forgone import cheaper_in_class, forgone_usd, sold_elsewhere
from llmaudit.dependence.leverage import Leverage, leverage
from llmaudit.dependence.outages import Outage, outages
from llmaudit.dependence.switching import Switch, switches
from llmaudit.evidence import Evidence
from llmaudit.money import total
from llmaudit.summaries.hours import HourRow
from llmaudit.summaries.templates import TemplateRow


class LockIn(msgspec.Struct, frozen=True, kw_only=True):
    """What hanging on sellers and models costs, and how hard it would be to leave.

    Attributes:
        forgone_usd: Arbitrage forgone: for each model and tier the better of the two below, so that no request counts
            twice.
        seller_usd: The same models at other sellers' list prices. No other model answers.
        seller_sure_usd: The part of it that holds whatever price condition is unknown.
        model_usd: Cheaper models of the same class that serve the same tier in this log or are certified for it.
            Unproven but for the next.
        certified_usd: The part of it that paired outcomes certify.
        outage_hours: Hours in which a seller failed far more than it does; None where the log has no times.
        hours_without_fallback: Of those, hours in which no call was answered by another seller.
        hours_unknown: Of those, hours whose log does not link attempts to calls.
        without_fallback_usd: What was paid for failed attempts in the hours without a fallback.
        without_fallback_abandoned: Calls that got no answer in them.
        sold_elsewhere: Every model and the other sellers of it.
        arbitrage: Every model and tier with a cheaper one of the same class.
        outages: Every outage.
        outage_rule: What counts as one.
        concentration: Spend by maker, seller, gateway and model.
        switches: Days to leave each maker.
        assumptions: What the days rest on.
        leverage: How much of each maker's spend could go elsewhere.
        caveat: What it cannot tell.
    """

    forgone_usd: Decimal
    seller_usd: Decimal
    seller_sure_usd: Decimal
    model_usd: Decimal
    certified_usd: Decimal
    outage_hours: int | None
    hours_without_fallback: int | None
    hours_unknown: int | None
    without_fallback_usd: Decimal | None
    without_fallback_abandoned: int | None
    sold_elsewhere: list[Elsewhere]
    arbitrage: list[Arbitrage]
    outages: list[Outage]
    concentration: list[Concentration]
    switches: list[Switch]
    leverage: list[Leverage]
    outage_rule: str = outage_rule.RULE
    assumptions: list[str] = msgspec.field(default_factory=lambda: list(switching.ASSUMPTIONS))
    caveat: str = (
        f"A model counts as an alternative in a tier after {LEAST} good answers there: that shows it is trusted, not "
        "that its answers are as good. Another seller of the same model may be slower, or serve open weights at "
        "another precision. No log shows what an outage cost the business. Days are estimated from counts."
    )


def find(evidence: Evidence) -> LockIn | None:
    """Return what lock-in costs; None where there is no request."""
    cells = evidence.cells
    if not cells:
        return None
    sold, cheaper = evidence.once(sold_elsewhere), evidence.once(cheaper_in_class)
    hours = evidence.rows(HourRow)
    all_outages = outages(hours)
    timed = any(row.hour is not None for row in hours)
    return LockIn(
        forgone_usd=evidence.once(forgone_usd),
        seller_usd=total(row.saving_usd for row in sold),
        seller_sure_usd=total(row.sure_usd for row in sold),
        model_usd=total(row.saving_usd for row in cheaper),
        certified_usd=total(row.certified_usd for row in cheaper),
        outage_hours=sum(outage.hours for outage in all_outages) if timed else None,
        hours_without_fallback=sum(outage.hours_without_fallback for outage in all_outages) if timed else None,
        hours_unknown=sum(outage.hours_unknown for outage in all_outages) if timed else None,
        without_fallback_usd=total(outage.without_fallback_usd for outage in all_outages) if timed else None,
        without_fallback_abandoned=sum(outage.without_fallback_abandoned for outage in all_outages) if timed else None,
        sold_elsewhere=sold,
        arbitrage=cheaper,
        outages=all_outages,
        concentration=concentration(cells),
        switches=switches(cells, evidence.rows(TemplateRow)),
        leverage=leverage(cells, sold),
    )
