"""Why the cost of two logs differs, to the cent: one cause after another is changed from the baseline to the log.

Every leaf (use, outcome, model) goes through the same ordered steps, from what it cost in the baseline to what it costs
now. Each step changes one thing and keeps the rest, so its part is the difference of two amounts, and the parts of all
steps add up to the whole difference whatever the rounding in between (a telescoping sum of exact decimals). Quantities
are valued at the baseline's prices and markup, and prices change last: a price change is never blamed on code.

The order, and what each step changes:

1. period: the length of the two logs, where both are long enough to have one
2. volume: calls, every use in the same proportion
3. traffic: which features, templates and tiers are called
4. retries, failures: attempts per call that were repeated, or ended without an answer
5. unpriced: the share of attempts whose cost is known
6. models: which models answer a use
7. input: prompt tokens per request
8. cache: how the prompt divides into read, written and uncached
9. output: output tokens
10. pieces: web searches and whatever else is priced per piece
11. conditions: which of a model's prices apply (long prompts, batch, service tiers, hours)
12. price: the prices themselves
13. markup: billed over list
14. opaque: amounts per request that cannot be split, since there is no list price
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.gate.leaves import (
    INPUT,
    OUTPUT,
    PIECES,
    Leaf,
    LeafKey,
    Pool,
    Use,
    Vector,
    cost_of,
    mean_tokens,
    plain_key,
    uses_of,
)
from llmaudit.gate.model import Baseline, CallKey, Outcome, Rate
from llmaudit.money import EXACT, PICO, ZERO, total
from llmaudit.request import INPUT_COUNTERS

CAUSES: tuple[str, ...] = (
    "period", "volume", "traffic", "retries", "failures", "unpriced", "models", "input", "cache", "output", "pieces",
    "conditions", "price", "markup", "opaque",
)  # fmt: skip
"""In the order of the steps."""

DAY_HOURS = 20
"""Logs of fewer hours are runs, not periods: their length says nothing."""

ONE = Decimal(1)


@dataclass(frozen=True)
class Part:
    """What one cause adds to one leaf.

    Attributes:
        cause: One of `CAUSES`.
        use: Feature, template and tier.
        outcome: What became of the attempts.
        leaf: Gateway, model, and whether it has no list price.
        usd: Exact US dollars.
    """

    cause: str
    use: CallKey
    outcome: Outcome
    leaf: LeafKey
    usd: Decimal


@dataclass(frozen=True)
class Decomposition:
    """The difference of two logs, split into parts.

    Attributes:
        before_usd: What is known of the baseline's cost.
        after_usd: What is known of the log's.
        parts: Every part that is not 0; they add up to the difference.
        before: The baseline as leaves.
        after: The log as leaves.
        frozen: The prices at which quantities are valued.
        period_ratio: Length of the log over that of the baseline; 1 if lengths say nothing.
    """

    before_usd: Decimal
    after_usd: Decimal
    parts: list[Part]
    before: dict[CallKey, Use]
    after: dict[CallKey, Use]
    frozen: Mapping[str, Rate]
    period_ratio: Decimal

    @property
    def change_usd(self) -> Decimal:
        """The whole difference."""
        return EXACT.subtract(self.after_usd, self.before_usd)

    def by_cause(self) -> dict[str, Decimal]:
        """Return the parts of each cause, in order; those that are 0 too."""
        sums = dict.fromkeys(CAUSES, ZERO)
        for part in self.parts:
            sums[part.cause] = EXACT.add(sums[part.cause], part.usd)
        return sums


def decompose(before: Baseline, after: Baseline) -> Decomposition:
    """Split the difference of a log and a baseline into parts.

    Args:
        before: The baseline.
        after: The log, measured `like` the baseline.
    """
    rates_by_plain_key = {plain_key(key): rate for key, rate in (*before.rates.items(), *after.rates.items())}
    frozen = {**rates_by_plain_key, **after.frozen, **before.rates}
    first, second = uses_of(before, frozen), uses_of(after, frozen)
    period = _period_ratio(before, after)
    walk = _Walk(first, second, frozen, period)
    parts = [part for use in _ordered(first, second) for part in walk.use(use)]
    return Decomposition(before.usd, after.usd, parts, first, second, frozen, period)


def _ordered(first: Mapping[CallKey, Use], second: Mapping[CallKey, Use]) -> list[CallKey]:
    return sorted({*first, *second}, key=lambda use: tuple((word is not None, str(word)) for word in use))


def _period_ratio(before: Baseline, after: Baseline) -> Decimal:
    if min(before.span.hours, after.span.hours) < DAY_HOURS:
        return ONE
    return EXACT.divide(Decimal(after.span.hours), Decimal(before.span.hours))


def _ratio(top: Decimal | int, bottom: Decimal | int) -> Decimal:
    return EXACT.divide(Decimal(top), Decimal(bottom))


class _Walk:
    """Walks leaves through the steps."""

    def __init__(
        self, before: Mapping[CallKey, Use], after: Mapping[CallKey, Use], frozen: Mapping[str, Rate], period: Decimal
    ) -> None:
        self._before, self._after, self._frozen, self._period = before, after, frozen, period
        self._calls = tuple(sum(_asked(use) for use in side.values()) for side in (before, after))
        self._factor = _factor([leaf for use in before.values() for leaf in _leaves(use)], ONE)

    def use(self, key: CallKey) -> list[Part]:
        """Return the parts of one use."""
        first, second = self._before.get(key, Use()), self._after.get(key, Use())
        outcomes: list[Outcome] = ["ok", "failed", "superseded"]
        parts = []
        for outcome in outcomes:
            old, new = first.pools.get(outcome, Pool()), second.pools.get(outcome, Pool())
            for leaf in dict.fromkeys([*old.leaves, *new.leaves]):
                levels = self._levels((first, second), (old, new), leaf, outcome)
                parts += _differences(levels, key, outcome, leaf)
        return parts

    def _levels(
        self, uses: tuple[Use, Use], pools: tuple[Pool, Pool], key: LeafKey, outcome: Outcome
    ) -> list[tuple[str, Decimal]]:
        """Return a leaf's cost after each step, with the step's cause; the first is what it cost."""
        (first, second), (old, new) = uses, pools
        was, now = old.leaves.get(key), new.leaves.get(key)
        factor = self._factor_of(first, old, was)
        start = EXACT.multiply(factor, was.frozen_usd) if was and not key.is_opaque else was.usd if was else ZERO
        calls = (_asked(first, second), _asked(second, first))
        levels = [("", was.usd if was else ZERO), ("price", start)]
        grown = EXACT.multiply(start, self._period)
        levels.append(("period", grown))
        volume = _ratio(self._calls[1], self._calls[0]) if self._calls[0] else ONE
        levels.append(("volume", EXACT.multiply(start, volume)))
        arrived = EXACT.multiply(factor, now.frozen_usd) if now and not key.is_opaque else now.usd if now else ZERO
        repeats = "retries" if outcome == "superseded" else "failures"
        for cause, before, after in (
            ("traffic", *calls),
            (repeats, old.requests, new.requests),
            ("unpriced", old.known, new.known),
        ):
            # a leaf that comes with its use, its pool or its first price comes all at once
            level = EXACT.multiply(start, _ratio(after, before)) if before else arrived if after else ZERO
            levels.append((cause, level))
        return levels + self._moved(old, was, now, key, factor)

    def _moved(
        self, old: Pool, was: Leaf | None, now: Leaf | None, key: LeafKey, factor: Decimal
    ) -> list[tuple[str, Decimal]]:
        """Return the levels from the models' shares on."""
        if now is None:
            return [("models", ZERO)]
        if not old.known:  # it came with its use or pool
            return [("opaque", now.usd)] if key.is_opaque else _priced(now, factor)
        if key.is_opaque:
            each = _ratio(was.usd, was.requests) if was else _ratio(_cost(old), old.known)
            return [("models", EXACT.multiply(each, Decimal(now.requests))), ("opaque", now.usd)]
        tokens = was.tokens if was else mean_tokens(old)
        usd = was.effective(self._frozen) if was else _by_requests(now, self._frozen)
        if not tokens:  # the pool had amounts only: there are no tokens to compare with
            return [("models", EXACT.multiply(factor, now.frozen_usd)), *_priced(now, factor)]
        scale = EXACT.multiply(factor, Decimal(now.requests))
        steps = [("models", tokens), *_token_steps(tokens, now.tokens)]
        levels = [(cause, EXACT.multiply(scale, cost_of(one, usd))) for cause, one in steps]
        return [*levels, ("conditions", EXACT.multiply(factor, now.frozen_usd)), *_priced(now, factor)]

    def _factor_of(self, use: Use, pool: Pool, leaf: Leaf | None) -> Decimal:
        """Return billed over list: the leaf's in the baseline, else its pool's, its use's or everybody's."""
        known = _factor(_leaves(use), self._factor)
        known = _factor(pool.priced, known)
        return _factor([leaf], known) if leaf else known


def _priced(now: Leaf, factor: Decimal) -> list[tuple[str, Decimal]]:
    return [("price", EXACT.multiply(factor, now.own_usd)), ("markup", now.usd)]


def _token_steps(before: Vector, after: Vector) -> list[tuple[str, Vector]]:
    """Return quantities per request as the prompt's size, its division, the answer and the pieces move."""
    sizes = [total(tokens.get(name, ZERO) for name in INPUT_COUNTERS) for tokens in (before, after)]
    grown = _ratio(sizes[1], sizes[0]) if sizes[0] else None
    steps = []
    tokens = dict(before)
    for cause, names in (("input", INPUT), ("cache", INPUT), ("output", OUTPUT), ("pieces", PIECES)):
        for name in names:
            if cause == "input" and grown is not None:
                tokens[name] = EXACT.multiply(before.get(name, ZERO), grown)
            else:
                tokens[name] = after.get(name, ZERO)
        steps.append((cause, dict(tokens)))
    return steps


def _by_requests(leaf: Leaf, frozen: Mapping[str, Rate]) -> Vector:
    """Return frozen prices weighted by requests: of a model that is new, whose own use of tokens must not count yet."""
    plain = Leaf(leaf.requests, by_rate={key: (requests, {}) for key, (requests, _) in leaf.by_rate.items()})
    return plain.effective(frozen)


def _asked(use: Use, other: Use | None = None) -> int:
    """Return the calls of a use, or its attempts if on either side every attempt was tried again under another use."""
    if not use.calls or (other is not None and other.attempts and not other.calls):
        return use.attempts
    return use.calls


def _leaves(use: Use) -> list[Leaf]:
    return [leaf for pool in use.pools.values() for leaf in pool.priced]


def _cost(pool: Pool) -> Decimal:
    return total(leaf.usd for leaf in pool.leaves.values())


def _factor(leaves: list[Leaf], otherwise: Decimal) -> Decimal:
    """Return billed over list of some leaves, or a default where they have no list cost."""
    listed = total(leaf.own_usd for leaf in leaves)
    return EXACT.divide(total(leaf.usd for leaf in leaves), listed) if listed else otherwise


def _differences(levels: list[tuple[str, Decimal]], use: CallKey, outcome: Outcome, leaf: LeafKey) -> list[Part]:
    """Return the differences between levels; those in between are rounded to 1e-12, the first and last are exact."""
    amounts = [amount.quantize(PICO, context=EXACT) for _, amount in levels]
    amounts[0], amounts[-1] = levels[0][1], levels[-1][1]
    found: dict[str, Decimal] = {}
    for (cause, _), before, after in zip(levels[1:], amounts, amounts[1:], strict=False):
        found[cause] = EXACT.add(found.get(cause, ZERO), EXACT.subtract(after, before))
    return [Part(cause, use, outcome, leaf, usd) for cause, usd in found.items() if usd]
