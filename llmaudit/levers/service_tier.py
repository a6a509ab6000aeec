"""Expensive service tiers where nobody waits: priority or fast paid for background work, and flex left unused."""

from __future__ import annotations

from collections.abc import Iterator

from llmaudit.catalog.rates import normal_tier
from llmaudit.evidence import Evidence
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.levers.machine import Machine
from llmaudit.levers.worth import Gain, Worth, gap
from llmaudit.money import ZERO, shown, total
from llmaudit.phrases import counted
from llmaudit.summaries.waiting import Waiting
from llmaudit.tiers.signals import HIGH_STAKES

FLEX = "flex"
ASSUMPTIONS = [
    (
        "expected: work that nobody waits for (as in `batch`) does not need an expensive tier; low: only features "
        "whose name says so; high: everything but tier 3"
    ),
    (
        "flex is expected only where nobody waits and the seller has no batch price for the model; elsewhere it is in "
        "the high bound alone; flex may answer late, or refuse when the seller is busy"
    ),
]


def find(evidence: Evidence) -> LeverResult:
    """Return what the ordinary tier would have saved against an expensive one, and flex against the ordinary one."""
    worth, machine = Worth(evidence), Machine.of(evidence)
    dear = [gain for row in evidence.rows(Waiting) if (gain := below_dear(worth, machine, row)) is not None]
    flex = [gain for row in evidence.rows(Waiting) if (gain := by_flex(worth, machine, row)) is not None]
    return LeverResult(
        rows=worth.rows([*dear, *flex]),
        evidence=list(_sentences(dear, flex)),
        assumptions=ASSUMPTIONS,
        missing=gap(evidence, "service_tiers", "a service tier") if not dear else None,
    )


def below_dear(worth: Worth, machine: Machine, row: Waiting) -> Gain | None:
    """Return what the ordinary tier saves on requests at an expensive one; None where they are at none or it does not.

    Args:
        worth: Prices them.
        machine: Says whether anybody waits for them.
        row: The requests.
    """
    if normal_tier(row.service_tier) is None:
        return None
    now, ordinary = worth.listed(row), worth.listed(row, service_tier=None)
    if now is None or ordinary is None or ordinary >= now:
        return None
    saved = worth.paid(row, now - ordinary)
    return Gain(
        row,
        saved if machine.likely(row) else ZERO,
        saved if machine.named(row) else ZERO,
        saved if row.tier != HIGH_STAKES or machine.likely(row) else ZERO,
        row.requests if machine.likely(row) else 0,
    )


def by_flex(worth: Worth, machine: Machine, row: Waiting) -> Gain | None:
    """Flex against the ordinary tier; where there is a batch price, `batch` has the saving and this only the bound.

    Args:
        worth: Prices them.
        machine: Says whether anybody waits for them.
        row: The requests.
    """
    if normal_tier(row.service_tier) is not None or not machine.possible(row):
        return None
    now, later = worth.listed(row), worth.listed(row, service_tier=FLEX)
    if now is None or later is None or later >= now:
        return None
    saved = worth.paid(row, now - later)
    batched = worth.listed(row, is_batch=True)
    is_ours = machine.likely(row) and (batched is None or batched >= now)
    return Gain(
        row,
        saved if is_ours else ZERO,
        saved if is_ours and machine.named(row) else ZERO,
        saved,
        row.requests if is_ours else 0,
    )


def _sentences(dear: list[Gain], flex: list[Gain]) -> Iterator[str]:
    for name in sorted({str(gain.part.service_tier) for gain in dear}):
        some = [gain for gain in dear if gain.part.service_tier == name]
        count, usd = sum(gain.part.requests for gain in some), total(gain.high for gain in some)
        idle = total(gain.saved for gain in some)
        above = f"{shown(usd)} above the ordinary tier, {shown(idle)} of it where nobody waits"
        yield f"{counted(count, 'answer')} at `{name}`: {above}"
    if flex:
        count, usd = sum(gain.part.requests for gain in flex), total(gain.high for gain in flex)
        yield f"{counted(count, 'answer')} could have used flex at the same seller: {shown(usd)}"


LEVER = Lever(
    "service_tier",
    "Priority tier where nobody waits",
    70,
    find,
    "Use the standard or flex tier for background jobs, and keep priority for requests that people wait for.",
)
