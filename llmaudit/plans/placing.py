"""What a rule does with one cell: its legs, and why it could not be moved where the rule wanted it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.catalog import Catalog, Offer
from llmaudit.cells import PricedCell
from llmaudit.money import ZERO, times
from llmaudit.plans import caching
from llmaudit.plans.caching import Followed
from llmaudit.plans.chains import Chains
from llmaudit.plans.legs import NOTHING, Leg, Linear, fixed, replaced
from llmaudit.plans.model import Constraints, Plan, Rule
from llmaudit.plans.moving import ABILITIES, Mover, Refusal, needed
from llmaudit.plans.prices import INPUT, READ, WRITE, Prices
from llmaudit.plans.verifying import Verifier


@dataclass(frozen=True)
class Placed:
    """Where a plan puts one cell.

    Attributes:
        priced: The cell.
        rule: The number of the rule that decided, from 1; None where none did.
        legs: What is paid for; the first one answers.
        moved: Whether another model answers.
        replaced: Whether it is a failed attempt that the plan does not make, since the call goes to another model.
        refused: Why it could not be moved where the rule wanted it.
        unanswered: Probability that no attempt of the chain answers.
    """

    priced: PricedCell
    rule: int | None
    legs: tuple[Leg, ...]
    moved: bool = False
    replaced: bool = False
    refused: Refusal | None = None
    unanswered: Decimal = ZERO

    @property
    def target(self) -> str | None:
        """The model that answers instead, or would have, if a failed attempt is not made; None if there is none."""
        return self.legs[0].model if self.moved or self.replaced else None


class Placer:
    """Applies the rules of one plan.

    Args:
        plan: The plan.
        catalog: The prices.
        mover: Prices cells on other models.
        followed: What the sessions say of cached tokens under this plan, by rule (from 0; -1 is none) and model.
    """

    def __init__(
        self, plan: Plan, catalog: Catalog, mover: Mover, followed: dict[tuple[int, str], Followed] | None = None
    ) -> None:
        self.plan = plan
        self._catalog = catalog
        self._mover = mover
        self._followed = followed or {}
        self._verifier = Verifier(catalog, mover)
        self._chains = Chains(catalog, mover)

    def place(self, priced: PricedCell, place: int, target: Offer | None) -> Placed:
        """Return what a rule does with a cell.

        Args:
            priced: The cell; its present cost is known.
            place: The index of the rule in the plan; -1 is none.
            target: Where the rule sends the cell: `use`, or the cheapest model for it; None if there is none.
        """
        rule = self.plan.rules[place] if place >= 0 else Rule(keep=True)
        number = place + 1 if place >= 0 else None
        via = rule.via or self.plan.via
        if rule.keep or (target is not None and target.sku.model == priced.cell.model):
            return self._staying(priced, number, rule, via, refused=None)
        refused = (
            self.barred(priced, target)
            if target
            else Refusal("no-candidate", "none of the models in `among` can serve it")
        )
        if priced.cell.status != "ok":
            return self._not_made(priced, number, rule, target, via, refused)
        if target is None or refused:
            return self._staying(priced, number, rule, via, refused)
        lost = caching.lost(self._followed.get((place, priced.cell.model)), rule.assume, target.sku.model)
        leg = self._mover.move(priced, target, rule.assume, via, batch=rule.batch, lost=lost)
        if isinstance(leg, Refusal):
            return self._staying(priced, number, rule, via, leg)
        chain, left = self._chains.of(leg, priced, target, rule, via)
        checked = self._verifier.passes(rule.verify, leg, priced, (target, rule.assume))
        return Placed(priced, number, (*chain, *checked), moved=True, unanswered=left)

    def kept(self, priced: PricedCell) -> Leg:
        """Return the leg of a cell that stays and costs what it costs now."""
        return self._mover.keep(priced)

    def barred(self, priced: PricedCell, target: Offer) -> Refusal | None:
        """Return why the plan's constraints keep a cell from a model, or None."""
        return barred(self.plan.constraints, priced, target, self._catalog)

    def _staying(
        self, priced: PricedCell, number: int | None, rule: Rule, via: str | None, refused: Refusal | None
    ) -> Placed:
        """Return a cell that keeps its model, through the batch interface if the rule asks for it."""
        leg: Leg | Refusal = self._mover.keep(priced, via)
        if rule.batch and rule.keep and priced.cell.status == "ok":
            batched = self._mover.batched(priced, via)
            leg, refused = (batched, None) if isinstance(batched, Leg) else (leg, batched)
        assert isinstance(leg, Leg)  # noqa: S101 -- narrows: a refused batch keeps the leg it had
        anew = self._read_anew(priced, (number or 0) - 1)
        return Placed(
            priced, number, (leg, *anew, *self._verifier.passes(rule.verify, leg, priced, None)), refused=refused
        )

    def _not_made(
        self,
        priced: PricedCell,
        number: int | None,
        rule: Rule,
        target: Offer | None,
        via: str | None,
        refused: Refusal | None,
    ) -> Placed:
        """Return a failed attempt: not made if its call goes to a model whose failures are priced, else unchanged."""
        if (
            target is not None
            and refused is None
            and priced.cell.status == "error"
            and self._chains.rate(target, rule.assume) is not None
            and isinstance(self._mover.prices(priced, target), Prices)
        ):
            free = Leg.certain("retry", target.sku.model, Linear())
            return Placed(priced, number, (free,), replaced=True)
        return Placed(priced, number, (self._mover.keep(priced, via),))

    def _read_anew(self, priced: PricedCell, place: int) -> Iterator[Leg]:
        """Yield the cost of a lost cache: the cell stays, but the request before it in the session goes elsewhere."""
        rates = priced.rates
        band = caching.lost_by_staying(self._followed.get((place, priced.cell.model)), priced.cell.model)
        if band is None or rates is None or priced.cell.status != "ok":
            return
        dearer = max(rates.expected[INPUT], rates.expected[WRITE]) - rates.expected[READ]
        anew = Linear(replaced(NOTHING, READ, fixed(times(dearer, band.expected))))
        yield Leg.certain("cache", priced.cell.model, anew, band.sentence)


def barred(limits: Constraints, priced: PricedCell, target: Offer, catalog: Catalog) -> Refusal | None:
    """Return why constraints keep a cell from a model, or None.

    Args:
        limits: The constraints.
        priced: The cell.
        target: The model.
        catalog: Knows what is self-hosted, and what a model can do.
    """
    model, cell = target.sku.model, priced.cell
    if limits.pii_self_hosted and cell.has_pii and not catalog.is_self_hosted(target):
        return Refusal("pii", f"{model} is not self-hosted, and the prompt holds personal data")
    if limits.providers and model.partition("/")[0] not in limits.providers:
        return Refusal("provider", f"the provider of {model} is not one of those allowed")
    if limits.sellers and target.seller not in limits.sellers:
        return Refusal("seller", f"{target.seller} is not one of the allowed sellers")
    if limits.needs_known:
        able = catalog.abilities(model)
        for name in needed(cell):
            if getattr(able, name) is None:
                return Refusal("needs-unknown", f"it is unknown whether {model} supports {ABILITIES[name]}")
    return None
