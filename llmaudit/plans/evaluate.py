"""What the same traffic would have cost under a plan.

A leg is one thing a plan pays for on a cell (`llmaudit.plans.legs`). Cells that a plan treats alike form a part: the
legs of a part are computed once, and the contents of its cells are added up exactly. `PlanCost.one_by_one` computes
every cell by itself; a test checks that both agree to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.money import times, total
from llmaudit.plans.assigning import Assigner, Kind, Move
from llmaudit.plans.bands import UNKNOWN
from llmaudit.plans.choosing import resolved
from llmaudit.plans.legs import Leg
from llmaudit.plans.model import Plan
from llmaudit.plans.moving import Mover
from llmaudit.plans.parts import Assigned, Part
from llmaudit.plans.placing import Placed, Placer
from llmaudit.plans.quality import CohortMove
from llmaudit.plans.ratios import Ratios
from llmaudit.plans.traffic import Traffic


class Outcome(NamedTuple):
    """A leg of a part with its exact expected cost, and its low and high ends."""

    part: Part
    leg: Leg
    cost_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal

    @property
    def is_first(self) -> bool:
        """Whether the leg answers, or represents an attempt that is not made; other legs come on top of it."""
        return self.leg is self.part.placed.legs[0]


@dataclass(frozen=True)
class AssumptionRow:
    """How much one kind of assumption matters: the plan's cost with this one alone at its ends.

    Attributes:
        name: Its name.
        low_usd: The plan's cost with it at its low end, everything else as expected.
        high_usd: With it at its high end.
        details: What is assumed of which model, as sentences.
    """

    name: str
    low_usd: Decimal
    high_usd: Decimal
    details: tuple[str, ...]


@dataclass(frozen=True)
class RefusalRow:
    """Requests that a plan wants to move but cannot, or may not be able to.

    Attributes:
        reason: A slug (`Refusal.reason`); `unknown` if they move nevertheless.
        sentence: For people.
        requests: How many.
        spend_usd: What they cost now.
    """

    reason: str
    sentence: str
    requests: int
    spend_usd: Decimal


@dataclass(frozen=True)
class PlanCost:
    """A plan's cost over all cells whose present cost is known.

    Attributes:
        plan: The plan.
        traffic: The cells.
        certified: Moves that outcomes certify, by tier or by cohort.
        assigned: The rule and the model of each cell.
        placer: Computes a single cell.
        assigner: Computes cells that are treated alike together.
    """

    plan: Plan
    traffic: Traffic
    certified: frozenset[Move | CohortMove]
    assigned: Assigned = field(repr=False)
    placer: Placer = field(repr=False)
    assigner: Assigner = field(repr=False)

    @cached_property
    def parts(self) -> list[Part]:
        """What the plan does with the cells, those that it treats alike together."""
        return self.assigner.parts(self.placer.plan, self.assigned, self.placer, self.certified)

    @property
    def actual_usd(self) -> Decimal:
        """What the same cells cost now."""
        return self.traffic.actual_usd

    @property
    def unknown_requests(self) -> int:
        """Requests that are left out because their present cost is unknown."""
        return self.traffic.unknown_requests

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """Every leg of every part with its cost."""
        return [_outcome(part, leg) for part in self.parts for leg in part.placed.legs]

    @cached_property
    def cost_usd(self) -> Decimal:
        """What the cells would cost under the plan."""
        return total(outcome.cost_usd for outcome in self.outcomes)

    @cached_property
    def low_usd(self) -> Decimal:
        """With the assumptions at their low ends."""
        return total(outcome.low_usd for outcome in self.outcomes)

    @cached_property
    def high_usd(self) -> Decimal:
        """With the assumptions at their high ends."""
        return total(outcome.high_usd for outcome in self.outcomes)

    @cached_property
    def moved_requests(self) -> int:
        """Requests that another model would answer."""
        return sum(part.sums.requests for part in self.parts if part.placed.moved)

    @property
    def verification_usd(self) -> Decimal:
        """What the plan's verification passes cost."""
        return total(outcome.cost_usd for outcome in self.outcomes if outcome.leg.kind == "verify")

    @property
    def unproven_usd(self) -> Decimal:
        """The part of the saving that rests on another model's answers without outcomes that prove their quality.

        Failed attempts that are not made, retries, fallbacks and lost caches belong to the answers they come with. What
        requests that stay lose of their caches is certified only if every move is.
        """
        return self._saved_by_moving(certified=False)

    @property
    def certified_usd(self) -> Decimal:
        """The part of the saving that rests on another model's answers and is certified by outcomes."""
        return self._saved_by_moving(certified=True)

    def _saved_by_moving(self, *, certified: bool) -> Decimal:
        before = (part.sums.spend_usd for part in self.parts if part.is_replaced and part.is_proven == certified)
        after = (
            -one.cost_usd
            for one in self.outcomes
            if one.part.is_replaced and one.leg.kind != "verify" and one.part.is_proven == certified
        )
        lost = (-one.cost_usd for one in self.outcomes if one.leg.kind == "cache" and not one.part.is_replaced)
        return total((*before, *after, *(lost if certified == self.is_certified else ())))

    @cached_property
    def is_certified(self) -> bool:
        """Whether outcomes certify every move to another model."""
        replaced = [part for part in self.parts if part.is_replaced]
        return bool(replaced) and all(part.is_proven for part in replaced)

    @property
    def answered(self) -> Decimal:
        """Calls that would end with a good answer: those that do now, except for chains that never answer."""
        return total(times(1 - part.placed.unanswered, part.sums.answered) for part in self.parts)

    @property
    def refused(self) -> dict[str, int]:
        """Requests that a rule wanted to move but could not, by sentence."""
        return {row.sentence: row.requests for row in self.refusals}

    @cached_property
    def refusals(self) -> list[RefusalRow]:
        """Requests that a rule wanted to move but could not, by reason."""
        told = ((part, [(one.reason, one.sentence)]) for part in self.parts if (one := part.placed.refused))
        return _affected(told)

    @cached_property
    def doubts(self) -> list[RefusalRow]:
        """Requests that move although it is unknown whether the model can serve them."""
        return _affected(
            (
                part,
                [("unknown", note) for note in dict.fromkeys(part.placed.legs[0].notes) if note.startswith(UNKNOWN)],
            )
            for part in self.parts
            if part.placed.moved
        )

    @cached_property
    def tornado(self) -> list[AssumptionRow]:
        """How much each kind of assumption matters by itself, widest range first; those without effect are left out."""
        low: dict[str, list[Decimal]] = {}
        high: dict[str, list[Decimal]] = {}
        details: dict[str, dict[str, None]] = {}
        for part, leg, cost, _, _ in self.outcomes:
            for swing in leg.swings() if not part.is_paid else ():
                down, up = (total((part.cost(end), -cost)) for end in (swing.low, swing.high))
                if down or up:
                    low.setdefault(swing.name, []).append(down)
                    high.setdefault(swing.name, []).append(up)
                    details.setdefault(swing.name, {})[swing.sentence] = None
        rows = [
            AssumptionRow(
                name,
                total((self.cost_usd, *low[name])),
                total((self.cost_usd, *high[name])),
                tuple(sentence for sentence in details[name] if sentence),
            )
            for name in low
        ]
        return sorted(rows, key=lambda row: (row.low_usd - row.high_usd, row.name))

    @property
    def assumptions(self) -> tuple[str, ...]:
        """All assumptions as sentences: those with a band, then those without."""
        banded = [sentence for row in self.tornado for sentence in row.details]
        notes = [note for part in self.parts for leg in part.placed.legs for note in leg.notes]
        return tuple(dict.fromkeys([*banded, *notes]))

    @cached_property
    def placed(self) -> list[Placed]:
        """Every cell with the legs of its kind, in the order of the cells."""
        labels, kinds = self.assigner.kinds(self.placer.plan, self.assigned, self.placer)
        places = zip(self.traffic.cells, labels.tolist(), strict=True)
        return [self._of_kind(priced, kinds[label]) for priced, label in places]

    def _of_kind(self, priced: PricedCell, kind: Kind) -> Placed:
        """Return a kind's legs on one of its cells; what stays and is paid as now has the cell's own rates."""
        placed = replace(kind.placed, priced=priced)
        return replace(placed, legs=(self.placer.kept(priced),)) if kind.is_paid else placed

    def one_by_one(self) -> Iterator[Placed]:
        """Yield every cell with its legs, each computed by itself: slow, and a check of everything else."""
        targets = self.assigned.targets
        cells = zip(self.traffic.cells, self.assigned.places.tolist(), self.assigned.chosen.tolist(), strict=True)
        for priced, place, target in cells:
            yield self.placer.place(priced, place, targets[target] if target >= 0 else None)


def _outcome(part: Part, leg: Leg) -> Outcome:
    expected = part.cost(leg.expected)
    low, high = (expected if end is leg.expected else part.cost(end) for end in (leg.low, leg.high))
    return Outcome(part, leg, expected, low, high)


def evaluate(
    plan: Plan,
    cells: Traffic | Iterable[PricedCell],
    catalog: Catalog,
    certified: frozenset[Move | CohortMove] = frozenset(),
    ratios: Ratios | None = None,
) -> PlanCost:
    """Return what a plan would have cost on the traffic of some cells.

    Cells whose present cost is unknown are left out of both sides and counted.

    Args:
        plan: The plan.
        cells: The traffic.
        catalog: The prices.
        certified: Moves that outcomes certify.
        ratios: What is known about models beside their prices; None uses the tables.
    """
    (cost,) = evaluate_all([plan], cells, catalog, certified, ratios)
    return cost


def evaluate_all(
    plans: Sequence[Plan],
    cells: Traffic | Iterable[PricedCell],
    catalog: Catalog,
    certified: frozenset[Move | CohortMove] = frozenset(),
    ratios: Ratios | None = None,
) -> Iterator[PlanCost]:
    """Yield what each plan would have cost; whatever does not depend on the plan is computed once."""
    traffic = cells if isinstance(cells, Traffic) else Traffic(cells)
    mover = Mover(catalog, ratios)
    assigner = Assigner(traffic, catalog, mover)
    for plan in plans:
        known = resolved(plan, traffic.main_provider)
        assigned = assigner.assign(known)
        placer = Placer(known, catalog, mover, assigned.followed)
        yield PlanCost(plan, traffic, certified, assigned, placer, assigner)


def _affected(told: Iterable[tuple[Part, list[tuple[str, str]]]]) -> list[RefusalRow]:
    """Return each sentence with how many requests and how much spend it affects."""
    found: dict[tuple[str, str], list[Part]] = {}
    for part, sentences in told:
        for key in sentences:
            found.setdefault(key, []).append(part)
    return [
        RefusalRow(*key, sum(part.sums.requests for part in parts), total(part.sums.spend_usd for part in parts))
        for key, parts in sorted(found.items(), key=lambda item: item[0][1])
    ]
