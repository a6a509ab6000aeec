"""Savings applied one after another, each to what the previous ones left, so that nothing is saved twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from llmaudit.cells import PricedCell
from llmaudit.levers.base import Lever, LeverResult, LeverRow
from llmaudit.money import EXACT, ZERO, round_to, times, total

Group = tuple[str | None, str, int | None, str | None]
"""Gateway, model, tier, feature: what a lever's rows are keyed by."""

Kind = Literal["no_risk", "certified", "unproven"]
KINDS: tuple[Kind, ...] = ("no_risk", "certified", "unproven")
PLACES = 12
"""A composed amount is fixed at a picodollar; what that leaves over stays with what remains."""

NOT_ON_ROUTED = frozenset({"markup"})
"""Levers that another model's price has in it already: a plan prices moved requests at the provider's list."""

BOUNDS = ("low", "expected", "high")


@dataclass(frozen=True)
class Taken:
    """A step before it is composed: what it saves of each group, standing alone, at each bound."""

    name: str
    title: str
    kind: Kind
    saved: Mapping[str, Mapping[Group, Decimal]]
    requests: int = 0
    evidence: Sequence[str] = ()
    assumptions: Sequence[str] = ()
    missing: str | None = None
    next_step: str = ""
    moved: Mapping[Group, Decimal] = field(default_factory=dict)
    """Present spend of what a plan moves, by group: a plan's prices hold no markup, see `NOT_ON_ROUTED`."""
    included: Mapping[str, Mapping[str, Mapping[Group, Decimal]]] = field(default_factory=dict)
    """By the name of an earlier step, at each bound: what of `saved` that step saves as well (`LeverResult`)."""

    @property
    def is_unknown(self) -> bool:
        """Whether nothing can be said, which is not the same as nothing to save."""
        return self.missing is not None and not self.saved["expected"]


def group_of(priced: PricedCell) -> Group:
    """Return the group a cell belongs to."""
    cell = priced.cell
    return cell.gateway, cell.model, cell.tier, cell.feature


def of_lever(lever: Lever, result: LeverResult) -> Taken:
    """Return what a lever would take, by group."""
    return Taken(
        lever.name,
        lever.title,
        "no_risk",
        _by_group(result.rows),
        sum(row.requests for row in result.rows),
        result.evidence,
        result.assumptions,
        result.missing,
        lever.next_step,
        included={name: _by_group(rows) for name, rows in result.included.items()},
    )


def _by_group(rows: Iterable[LeverRow]) -> dict[str, dict[Group, Decimal]]:
    saved: dict[str, dict[Group, Decimal]] = {bound: {} for bound in BOUNDS}
    for row in rows:
        group = (row.gateway, row.model, row.tier, row.feature)
        for bound, amount in zip(BOUNDS, (row.low_usd, row.saved_usd, row.high_usd), strict=True):
            saved[bound][group] = total((saved[bound].get(group, ZERO), amount))
    return saved


def compose(spent: Mapping[Group, Decimal], taken: Sequence[Taken], bound: str) -> list[dict[Group, Decimal]]:
    """Return what each step takes of each group after the steps before it.

    A step takes its share of what is left. What it has in common with an earlier step is gone already: it is left out
    of its share, and the whole that the share is of is what that step leaves.
    """
    left = dict(spent)
    alone_before: dict[str, Mapping[Group, Decimal]] = {}
    path: list[dict[Group, Decimal]] = []
    for step in taken:
        took: dict[Group, Decimal] = {}
        for group, alone in step.saved[bound].items():
            whole = spent.get(group, ZERO)
            if whole <= 0:  # nothing is known to have been spent there: nothing can be taken, but more can be paid
                took[group] = min(alone, ZERO) if group in spent else ZERO
                left[group] = total((left.get(group, ZERO), -took[group]))
                continue
            common = _common(step, group, whole, alone_before, bound)
            base = total((whole, *(-gone for gone, _ in common)))
            own = total((alone, *(-held for _, held in common)))
            took[group] = min(_part(left[group], own, base), left[group]) if base > 0 else ZERO
            left[group] = total((left[group], -took[group]))
        alone_before[step.name] = step.saved[bound]
        path.append(took)
    return path


def _common(
    step: Taken, group: Group, whole: Decimal, before: Mapping[str, Mapping[Group, Decimal]], bound: str
) -> list[tuple[Decimal, Decimal]]:
    """Return what each earlier step that a step overlaps with takes by itself, and what of it the step counts too."""
    found = []
    moved = step.moved.get(group, ZERO)
    for name in NOT_ON_ROUTED if moved else ():
        gone = min(before.get(name, {}).get(group, ZERO), whole)
        found.append((gone, _part(gone, moved, whole)))
    for name, amounts in step.included.items():
        gone = min(before.get(name, {}).get(group, ZERO), whole)
        found.append((gone, min(amounts[bound].get(group, ZERO), gone)))
    return found


def _part(amount: Decimal, share: Decimal, whole: Decimal) -> Decimal:
    """Return an amount times a share of a whole, to the picodollar."""
    return round_to(EXACT.divide(times(amount, share), whole), PLACES)
