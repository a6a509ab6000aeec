"""The verification pass: what a second look at an answer costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from llmaudit.catalog import Catalog, Offer
from llmaudit.catalog.units import PRICED
from llmaudit.cells import PricedCell
from llmaudit.money import EXACT, ZERO, round_to, times, total
from llmaudit.plans.bands import ONE, Band
from llmaudit.plans.legs import Leg, Linear, fixed, replaced
from llmaudit.plans.model import Assume, Verify
from llmaudit.plans.moving import Mover, Refusal
from llmaudit.plans.prices import INPUT, OUTPUT, THOUGHT
from llmaudit.request import GATEWAY_CACHE, INPUT_COUNTERS

PLACES = 6
FEE = PRICED.index("requests")


class Verifier:
    """Prices verification passes.

    Args:
        catalog: Says which offer a judge is.
        mover: Prices cells on other models.
    """

    def __init__(self, catalog: Catalog, mover: Mover) -> None:
        self._catalog = catalog
        self._mover = mover

    def passes(
        self, verify: Verify | None, leg: Leg, priced: PricedCell, moved: tuple[Offer, Assume] | None = None
    ) -> Iterator[Leg]:
        """Yield the verification pass of a leg that gave an answer.

        Args:
            verify: How it is verified; None is not at all.
            leg: The leg that answers.
            priced: The cell.
            moved: The model that answers in place of the present one, and what is assumed of it.
        """
        if verify is None or priced.cell.status != "ok" or priced.cell.usage_status == GATEWAY_CACHE:
            return
        if verify.cost_ratio is not None:
            by_ratio = leg.scaled(times(verify.cost_ratio, verify.share), "verify")
            yield by_ratio.noted(f"a verification pass costs {verify.cost_ratio}x the request itself")
            return
        judge = self._catalog.canonical(verify.use or "")
        prices = self._mover.prices(priced, judge) if judge else Refusal("no-price", "not in the catalog")
        if judge is None or isinstance(prices, Refusal):
            why = prices.sentence if isinstance(prices, Refusal) else ""
            sentence = f"verification by {verify.use} is not counted where it has no price: {why}"
            yield Leg.certain("verify", verify.use, Linear(), sentence)
            return
        tokens, answer = self._mover.ratios.known(priced, judge).tokens, self._answer(priced, moved)
        expected = _judged(prices.expected, verify, tokens.expected, answer.expected)
        low = _judged(prices.low, verify, tokens.low, answer.low)
        high = _judged(prices.high, verify, tokens.high, answer.high)
        yield Leg("verify", judge.sku.model, expected, low, high).scaled(verify.share)

    def _answer(self, priced: PricedCell, moved: tuple[Offer, Assume] | None) -> Band:
        """Return the length of the answer that is verified, against the present one, in tokens of one family."""
        if moved is None:
            return Band.at(ONE)
        known = self._mover.ratios.stated(self._mover.ratios.known(priced, moved[0]), moved[1])
        return known.output.with_(known.tokens, _divided)


def _divided(part: Decimal, whole: Decimal) -> Decimal:
    return round_to(EXACT.divide(part, whole), PLACES) if whole else part


def _judged(rates: Sequence[Decimal], verify: Verify, tokens: Decimal, answer: Decimal) -> Linear:
    """Return what a judge costs: prompt and answer as uncached input, without the thoughts, and a verdict.

    Args:
        rates: The judge's, in the order of `PRICED`.
        verify: What it reads and writes.
        tokens: Its tokens per token of the present model.
        answer: Length of the answer it reads, against the present one.
    """
    price = rates[INPUT]
    prompt = fixed(times(price, tokens)) if verify.input == "prompt-and-answer" else ZERO
    reading = fixed(times(times(price, tokens), answer))
    found = tuple(prompt if name in INPUT_COUNTERS else ZERO for name in PRICED)
    found = replaced(replaced(found, OUTPUT, reading), THOUGHT, -reading)
    instruction_usd = times(price, verify.instruction_tokens)
    verdict = times(rates[OUTPUT], verify.output_tokens)
    return Linear(found, per_request=fixed(total((instruction_usd, verdict, rates[FEE]))))
