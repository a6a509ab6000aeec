"""What follows a call that was moved: failed attempts that are billed, and the fallback models behind it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from llmaudit.catalog import Catalog, Offer
from llmaudit.cells import PricedCell
from llmaudit.money import ZERO, round_to, times
from llmaudit.plans.bands import Band
from llmaudit.plans.failures import cost_of_failure, failed_attempts, failure_rate, unanswered
from llmaudit.plans.legs import Leg, Swing
from llmaudit.plans.model import Assume, Rule
from llmaudit.plans.moving import Mover

PLACES = 6
NAME = "failures"


class Chains:
    """Prices what comes on top of a moved answer.

    Args:
        catalog: Says which offers the fallback models are.
        mover: Prices cells on other models.
    """

    def __init__(self, catalog: Catalog, mover: Mover) -> None:
        self._catalog = catalog
        self._mover = mover
        self._rates: dict[tuple[str, Decimal | None], Band | None] = {}

    def rate(self, target: Offer, assume: Assume) -> Band | None:
        """Return the share of a model's attempts that fail; None is unknown."""
        key = (target.sku.model, assume.retry_rate)
        if key not in self._rates:
            self._rates[key] = failure_rate(target.sku.model, self._mover.ratios.facts, assume)
        return self._rates[key]

    def of(
        self, leg: Leg, priced: PricedCell, target: Offer, rule: Rule, via: str | None
    ) -> tuple[tuple[Leg, ...], Decimal]:
        """Return the legs of a call, and the probability that none of its models answers.

        The answer itself is priced in full, though some calls never get one from the first model: so a plan saves
        nothing by failing, and a fallback never makes it cheaper.

        Args:
            leg: The answer of the first model.
            priced: The cell.
            target: The first model.
            rule: Has the retries and the fallback models.
            via: Gateway.
        """
        rate = self.rate(target, rule.assume)
        if rate is None:
            sentence = (
                f"the failure rate of {target.sku.model} is unknown: its failures are not priced, and present ones stay"
            )
            return (leg.noted(sentence),), ZERO
        legs = [leg, *self._retries(leg, target, rate, rule.assume)]
        left = rate.mapped(lambda share: unanswered(share, rule.assume.retries))
        for name in rule.fallback if left.high else ():
            offer = self._catalog.canonical(name)
            other = self._mover.move(priced, offer, Assume(), via, batch=rule.batch) if offer else None
            if offer is None or not isinstance(other, Leg):
                continue
            sentence = (
                f"{name} takes over the share of calls that {target.sku.model} still fails after "
                f"{rule.assume.retries} retries: {left.expected}"
            )
            legs.append(_chance(other, left, "fallback", sentence))
            left = _both(left, self.rate(offer, Assume()), rule.assume.retries)
        return tuple(legs), left.expected

    def _retries(self, leg: Leg, target: Offer, rate: Band, assume: Assume) -> Iterator[Leg]:
        share = cost_of_failure(target.sku.model, self._mover.ratios.facts)
        sentence = f"{rate.sentence}; a failed attempt costs {share}x a good answer"
        billed = rate.mapped(
            lambda chance: round_to(times(failed_attempts(chance, assume.retries), share), PLACES), sentence
        )
        if billed.high:
            yield _chance(leg, billed, "retry", billed.sentence)


def _both(left: Band, rate: Band | None, retries: int) -> Band:
    """Return the probability that neither what came before nor the next model answers; unknown failures are none."""
    if rate is None:
        return Band.at(ZERO)
    return left.with_(rate, lambda one, other: round_to(times(one, unanswered(other, retries)), PLACES))


def _chance(leg: Leg, chance: Band, kind: Literal["retry", "fallback"], sentence: str) -> Leg:
    """Return a leg that is paid for with some probability, or several times."""
    expected, low, high = (
        leg.expected.scaled(chance.expected),
        leg.low.scaled(chance.low),
        leg.high.scaled(chance.high),
    )

    def swings() -> tuple[Swing, ...]:
        failure_swing = Swing(NAME, sentence, leg.expected.scaled(chance.low), leg.expected.scaled(chance.high))
        return (*(swing.scaled(chance.expected) for swing in leg.swings()), failure_swing)

    return Leg(kind, leg.model, expected, low, high, swings, (sentence,))
