"""Failed attempts of the model a plan moves to: how many to expect, and what they cost.

With a failure rate e and up to k retries, a call makes (1 - e^(k+1)) / (1 - e) attempts, of which a share e fails; with
probability e^(k+1) none of them succeeds, and the next model of the fallback chain is tried. A failed attempt costs
what failures in the log cost, as a share of a successful answer of the same model: most are not billed, timeouts often
are.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from llmaudit.interval import wilson
from llmaudit.money import EXACT, ZERO, round_to
from llmaudit.plans.bands import ONE, RATIO_PLACES, Band
from llmaudit.plans.logfacts import ModelFacts
from llmaudit.plans.model import Assume

LEAST_REQUESTS = 30
"""Attempts of a model in the log below which its failure rate is not known."""

RATE_DECIMALS = 6


def failure_rate(model: str, facts: Mapping[str, ModelFacts], assume: Assume) -> Band | None:
    """Return the share of a model's attempts that fail: stated, or counted in the log; None is unknown.

    The band of a counted one is Wilson's 95% interval.
    """
    if assume.retry_rate is not None:
        sentence = f"{model} fails {_percent(assume.retry_rate)} of its attempts, as the plan states"
        return Band.at(assume.retry_rate, "stated", sentence)
    known = facts.get(model)
    attempts = known.answered + known.failed if known else 0
    if known is None or attempts < LEAST_REQUESTS:
        return None
    low, high = (_decimal(end) for end in wilson(known.failed, attempts))
    rate = _decimal(known.failed / attempts)
    sentence = (
        f"{model} fails {_percent(rate)} of its attempts ({_percent(low)} to {_percent(high)}, from {attempts:,} in the"
        " log)"
    )
    return Band(rate, min(low, rate), max(high, rate), "measured", sentence)


def cost_of_failure(model: str, facts: Mapping[str, ModelFacts]) -> Decimal:
    """Return what a failed attempt of a model costs, as a share of a good answer of it; 1 where the log has neither."""
    known = facts.get(model)
    if known is None or not known.answered or not known.answered_usd:
        return ONE
    if not known.failed:
        return ZERO
    failed = EXACT.divide(known.failed_usd, Decimal(known.failed))
    answered = EXACT.divide(known.answered_usd, Decimal(known.answered))
    return round_to(EXACT.divide(failed, answered), RATIO_PLACES)


def failed_attempts(rate: Decimal, retries: int) -> Decimal:
    """Return how many attempts of a call are expected to fail: e (1 - e^(k+1)) / (1 - e)."""
    attempts = Decimal(retries + 1) if rate == 1 else EXACT.divide(1 - rate ** (retries + 1), 1 - rate)
    return round_to(EXACT.multiply(rate, attempts), RATE_DECIMALS)


def unanswered(rate: Decimal, retries: int) -> Decimal:
    """Return the probability that no attempt of a call answers: e^(k+1)."""
    return round_to(EXACT.power(rate, retries + 1), RATE_DECIMALS)


def _decimal(share: float) -> Decimal:
    return Decimal(f"{share:.{RATE_DECIMALS}f}")


def _percent(share: Decimal) -> str:
    return f"{EXACT.multiply(share, 100):.2f}%"
