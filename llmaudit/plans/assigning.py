"""Which rule of a plan decides each cell, which model it sends it to, and which cells can be treated as one."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from llmaudit.arrays import Bools, Ints
from llmaudit.catalog import Catalog, Offer
from llmaudit.cells import PricedCell
from llmaudit.plans.choosing import candidates, cheapest
from llmaudit.plans.legs import Leg
from llmaudit.plans.matching import Places
from llmaudit.plans.model import CHEAPEST, SAME, Constraints, Plan, Rule
from llmaudit.plans.moving import Mover, Refusal
from llmaudit.plans.parts import Assigned, Part
from llmaudit.plans.placing import Placed, Placer, barred
from llmaudit.plans.prices import Prices
from llmaudit.plans.quality import CohortMove, proven
from llmaudit.plans.splitting import Split
from llmaudit.plans.traffic import TIERS, Grouping, Sums, Traffic, Verdict

NOWHERE = -1

Move = tuple[int | None, str, str | None]
"""A tier, the canonical model that serves it now, and the one that would."""


class Decided(NamedTuple):
    """Cells that one rule of a plan sends to one model.

    Attributes:
        place: The index of the rule in the plan; -1 is none.
        rule: The rule; if there is none, one that keeps.
        offer: The model; None if they go nowhere.
        rows: The cells, as indexes into the traffic.
    """

    place: int
    rule: Rule
    offer: Offer | None
    rows: Ints


class Alike(NamedTuple):
    """Cells of one decision, in groups that are treated alike.

    Attributes:
        groups: The group of each cell.
        rows: The cells, as indexes into the traffic.
        placed: What the plan does with each group.
        is_paid: Whether they stay and cost what they cost now.
    """

    groups: Ints
    rows: Ints
    placed: dict[int, Placed]
    is_paid: bool


class Kind(NamedTuple):
    """What a plan does with some cells.

    Attributes:
        placed: What it does with one of them.
        is_paid: Whether they stay and cost what they cost now.
    """

    placed: Placed
    is_paid: bool


class Assigner:
    """Assigns the cells of some traffic to the rules of plans.

    Args:
        traffic: The cells.
        catalog: The prices.
        mover: Prices cells on other models.
    """

    def __init__(self, traffic: Traffic, catalog: Catalog, mover: Mover) -> None:
        self._traffic = traffic
        self._catalog = catalog
        self._mover = mover
        self._split = Split(mover.ratios.links, traffic.cells) if mover.ratios.links else None

    def assign(self, plan: Plan) -> Assigned:
        """Return which rule decides each cell, and where it sends it."""
        places = self._traffic.attributes.deciding(plan.rules)
        targets: list[Offer] = []
        at = np.full(len(plan.rules) + 1, NOWHERE, np.int16)  # the last is no rule, which is -1
        choices: dict[int, Places] = {}
        for place, rule in enumerate(plan.rules):
            if rule.use == CHEAPEST and rule.among is not None:
                offers = candidates(rule.among, self._catalog)
                choices[place] = self._cheapest(plan, rule, offers, places == place, len(targets))
                targets += offers
            elif rule.use and (offer := self._catalog.canonical(rule.use)):
                at[place] = len(targets)
                targets.append(offer)
        chosen = at[places]
        for place, cheapest_targets in choices.items():
            chosen = np.where(places == place, cheapest_targets, chosen)
        models = [targets[target].sku.model if target >= 0 else None for target in at[:-1].tolist()]
        followed = self._split.followed(plan.rules, models, places) if self._split else {}
        return Assigned(places, chosen, targets, followed)

    def _cheapest(self, plan: Plan, rule: Rule, offers: list[Offer], where: Bools, first: int) -> Places:
        """Return the cheapest offer for each cell, as an index into the plan's targets that begins at `first`."""

        def movable(offer: Offer) -> tuple[Ints, list[Leg | None]]:
            return self._movable(plan, rule, offer)

        same = rule.among is not None and rule.among.model_class == SAME
        best = cheapest(offers, self._traffic, where, movable, same_class=same)
        return np.where(best >= 0, best + first, NOWHERE).astype(np.int16)

    def _movable(self, plan: Plan, rule: Rule, offer: Offer) -> tuple[Ints, list[Leg | None]]:
        grouping = self._moving(plan.constraints, [(offer, rule.batch)])
        legs: list[Leg | None] = []
        for priced in grouping.first:
            refused = barred(plan.constraints, priced, offer, self._catalog) or priced.cell.status != "ok"
            leg = (
                None
                if refused
                else self._mover.move(priced, offer, rule.assume, rule.via or plan.via, batch=rule.batch)
            )
            legs.append(leg if isinstance(leg, Leg) else None)
        return grouping.labels, legs

    def kinds(self, plan: Plan, assigned: Assigned, placer: Placer) -> tuple[Ints, list[Kind]]:
        """Return what a plan does with the cells: for each, an index into the list of kinds."""
        labels = np.zeros(len(self._traffic.cells), np.int64)
        kinds: list[Kind] = []
        for decided in _decided(plan, assigned):
            for alike in self._groups(plan, decided, assigned, placer):
                codes = np.zeros(int(alike.groups.max(initial=0)) + 1, np.int64)
                for group, placed in alike.placed.items():
                    codes[group] = len(kinds)
                    kinds.append(Kind(placed, alike.is_paid))
                labels[alike.rows] = codes[alike.groups]
        return labels, kinds

    def parts(
        self, plan: Plan, assigned: Assigned, placer: Placer, certified: frozenset[Move | CohortMove]
    ) -> list[Part]:
        """Return what a plan does with the cells, those that it treats alike together.

        Args:
            plan: The plan.
            assigned: Where its rules send the cells.
            placer: Works out a group.
            certified: Moves that outcomes have shown to hold up; cells they cover are parts of their own.
        """
        labels, kinds = self.kinds(plan, assigned, placer)
        holds = self._holding(labels, kinds, certified)
        labels *= TIERS
        labels += self._traffic.tiers
        labels *= 2
        labels += holds
        used = np.flatnonzero(np.bincount(labels, minlength=1)) if len(labels) else labels
        code_of = np.zeros(int(used.max(initial=0)) + 1, np.int64)
        code_of[used] = np.arange(len(used))
        sums = self._traffic.sums(code_of[labels], len(used))
        return [_part(label, kinds, held) for label, held in zip(used.tolist(), sums, strict=True)]

    def _holding(self, labels: Ints, kinds: Sequence[Kind], certified: frozenset[Move | CohortMove]) -> Ints:
        """Return 1 for each cell whose move is certified by outcomes, else 0."""
        holds = np.zeros(len(labels), np.int64)
        cohorts = self._traffic.facet("cohort") if certified else None
        if cohorts is not None:
            codes = labels * len(cohorts.first) + cohorts.labels
            for code in np.unique(codes).tolist():
                kind, cohort = divmod(code, len(cohorts.first))
                target = kinds[kind].placed.target
                if target is not None and proven(certified, cohorts.first[cohort].cell, target):
                    holds[codes == code] = 1
        return holds

    def _groups(self, plan: Plan, decided: Decided, assigned: Assigned, placer: Placer) -> Iterator[Alike]:
        """Yield the cells of one rule and target: those that move, then those that stay."""
        place, rule, offer, rows = decided
        judge = self._catalog.canonical(rule.verify.use) if rule.verify and rule.verify.use else None
        offers = [(judge, False)] if judge else []
        moving: Grouping | None = None
        if not rule.keep:
            chain = [one for name in rule.fallback if (one := self._catalog.canonical(name))]
            offers = [*((one, rule.batch) for one in (offer, *chain) if one), *offers]
            moving = self._moving(plan.constraints, offers)
            groups = moving.labels[rows]
            placed = _placed(moving, groups, place, offer, placer)
            moved = {group: one for group, one in placed.items() if one.moved or one.replaced}
            goes = np.zeros(len(moving.first), bool)
            goes[list(moved)] = True
            inside = goes[groups]
            yield Alike(groups[inside], rows[inside], moved, is_paid=False)
            rows = rows[~inside]
        if len(rows):
            plain = self._is_plain(plan, rule, place, assigned)
            moving = moving or (self._moving(plan.constraints, offers) if offers else None)
            staying = self._staying(plan, rule, offers, moving, plain=plain)
            groups = staying.labels[rows]
            yield Alike(groups, rows, _placed(staying, groups, place, offer, placer), is_paid=plain)

    def _staying(
        self, plan: Plan, rule: Rule, offers: Sequence[tuple[Offer, bool]], moving: Grouping | None, *, plain: bool
    ) -> Grouping:
        """Return the cells that stay, grouped by what that costs and by why they do not move."""
        present = self._traffic.facet("kept" if plain else "present")
        if moving is None and not rule.batch:
            return present
        also = [moving] if moving else []
        also += [self._traffic.facet("prices"), self._traffic.facet("held")] if rule.batch else []
        key = ("staying", plain, rule.batch, _key(plan.constraints, offers))
        return self._traffic.combined(key, [*also, present])

    def _is_plain(self, plan: Plan, rule: Rule, place: int, assigned: Assigned) -> bool:
        """Say whether what stays costs exactly what it costs now, so that cells of different rates can be one part."""
        loses = any(one == place and found.broken for (one, _), found in assigned.followed.items())
        return not (rule.via or plan.via or rule.verify or (rule.batch and rule.keep) or loses)

    def _moving(self, limits: Constraints, offers: Sequence[tuple[Offer, bool]]) -> Grouping:
        """Return the cells grouped by everything that prices, ratios and needs say about them for some models."""
        return self._traffic.grouped(_key(limits, offers), lambda: self._verdicts(limits, offers))

    def _verdicts(self, limits: Constraints, offers: Sequence[tuple[Offer, bool]]) -> dict[str, Verdict]:
        mover, catalog = self._mover, self._catalog

        def prices(priced: PricedCell) -> tuple[Prices | Refusal, ...]:
            return tuple(mover.prices(priced, offer, batch=batch) for offer, batch in offers)

        def known(priced: PricedCell) -> Hashable:
            return priced.cell.model, tuple(mover.ratios.known(priced, offer) for offer, _ in offers)

        def needs(priced: PricedCell) -> Hashable:
            needs_by_offer = tuple(
                (mover.needs(priced, offer), barred(limits, priced, offer, catalog)) for offer, _ in offers
            )
            return priced.cell.status, needs_by_offer

        lists = {one for priced in self._traffic.facet("prices").first for one in prices(priced)}
        lacking = {place for one in lists if isinstance(one, Prices) for place in one.unpriced}

        def held(priced: PricedCell) -> Hashable:
            return tuple(priced.cell.quantities[place] != 0 for place in sorted(lacking))

        return {"prices": prices, "known": known, "needs": needs, "held": held}


def _key(limits: Constraints, offers: Sequence[tuple[Offer, bool]]) -> Hashable:
    return ("moving", msgspec.json.encode(limits), tuple((offer.key, batch) for offer, batch in offers))


def _decided(plan: Plan, assigned: Assigned) -> Iterator[Decided]:
    """Yield every combination of rule and target that occurs, with its cells."""
    width = len(assigned.targets) + 1
    codes: npt.NDArray[np.int64 | np.uint16] = (assigned.places.astype(np.int64) + 1) * width + assigned.chosen + 1
    if codes.max(initial=0) < np.iinfo(np.uint16).max:
        codes = codes.astype(np.uint16)  # 16 bits are sorted by radix: ten times as fast
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes)).tolist()
    for code, end in enumerate(ends):
        start = ends[code - 1] if code else 0
        if end > start:
            place, target = code // width - 1, code % width - 1
            rule = plan.rules[place] if place >= 0 else Rule(keep=True)
            yield Decided(place, rule, assigned.targets[target] if target >= 0 else None, order[start:end])


def _placed(grouping: Grouping, groups: Ints, place: int, offer: Offer | None, placer: Placer) -> dict[int, Placed]:
    """Return what a rule does with each group that has cells."""
    used = np.flatnonzero(np.bincount(groups, minlength=1))
    return {group: placer.place(grouping.first[group], place, offer) for group in used.tolist()}


def _part(label: int, kinds: Sequence[Kind], held: Sums) -> Part:
    rest, holds = divmod(label, 2)
    kind, tier = divmod(rest, TIERS)
    placed, is_paid = kinds[kind]
    return Part(None if tier == TIERS - 1 else tier, placed.priced.cell.model, placed, held, is_paid, bool(holds))
