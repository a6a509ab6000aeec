"""Question 7: how much would have to change to leave?"""

from __future__ import annotations

from llmaudit.dependence.concentration import concentration
from llmaudit.dependence.forgone import sold_elsewhere
from llmaudit.dependence.leverage import leverage
from llmaudit.dependence.switching import Switch, switches
from llmaudit.errors import printable
from llmaudit.evidence import Evidence
from llmaudit.findings.checklist.base import Item, Status
from llmaudit.money import percent, shown, total
from llmaudit.summaries.templates import TemplateRow

MAIN_PCT = 10.0
MOVABLE_PCT, STUCK_PCT = 80.0, 20.0
MONTH = 20
RULE = (
    f"a main provider has {MAIN_PCT:.0f}% of the spend or more; "
    f"pass: there are two or more, {MOVABLE_PCT:.0f}% of the spend could go to another seller of the model or another "
    f"provider of the same class, and leaving any main provider takes at most {MONTH} working days; "
    f"fail: under {STUCK_PCT:.0f}% of the spend could go elsewhere; "
    "no-evidence: none of the models used is in the catalog"
)


def answer(evidence: Evidence) -> Item:
    """Return the answer: concentration, what could go elsewhere, and the days it would take."""
    cells = evidence.cells
    moves = leverage(cells, evidence.once(sold_elsewhere))
    movable, whole = total(one.movable_usd for one in moves), total(one.spend_usd for one in moves)
    pct = percent(movable, whole)
    makers = concentration(cells)[0]
    main = {share.name for share in makers.shares if share.share_pct >= MAIN_PCT and share.name}
    leaving = [one for one in switches(cells, evidence.rows(TemplateRow)) if one.provider in main]
    evidence_sentences = []
    if pct is not None and makers.index is not None:
        reach = (
            "of the spend could go to another seller of the same model, or to another provider whose models of the "
            "same class already serve the same tier here"
        )
        equal = f"the same as {makers.equal_names:.1f} equally large providers"
        evidence_sentences = [
            f"{shown(movable)} of {shown(whole)} ({pct:.1f}%) {reach}",
            f"the concentration index of spend by provider is {makers.index:,} of 10,000, {equal}",
            *(_leaving(one) for one in leaving[:3]),
        ]
    status = _status(pct, leaving)
    return Item(
        id="escape",
        title="An escape from lock-in: how much would have to change to leave",
        status=status,
        evidence=evidence_sentences or ["none of the models used is in the catalog"],
        next_step=_next(status),
        rule=RULE,
    )


def _leaving(one: Switch) -> str:
    uses = ", ".join(f"{use} in {count:,}" for use, count in one.specific.items())
    days = f"about {one.days:g} working days ({one.days_low:g} to {one.days_high:g})"
    features = f"{one.features:,} features, {one.tuned_features:,} of which other providers already serve"
    return f"leaving {printable(one.provider, 60)}: {days} for {features}" + (f"; uses {uses}" if uses else "")


def _status(pct: float | None, leaving: list[Switch]) -> Status:
    if pct is None:
        return "no-evidence"
    if pct < STUCK_PCT:
        return "fail"
    quick = all(one.days <= MONTH for one in leaving)
    return "pass" if pct >= MOVABLE_PCT and len(leaving) > 1 and quick else "warn"


def _next(status: Status) -> str:
    return {
        "pass": "Use this at the next renewal: the alternative is real and its price is known.",
        "warn": "Make leaving easier: one gateway for all, evals for each feature, a second provider in each tier.",
        "fail": "Serve part of each tier from a second provider, so that you have an alternative before the renewal.",
    }.get(status, "Add the models to the catalog (`--catalog`), so that llmaudit can find who else sells them.")
