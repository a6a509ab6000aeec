"""A log as leaves: the requests of one use, outcome and model, with their tokens by price, ready to be compared.

A use is what an application asks for (feature, template, tier). The requests of one outcome form a pool, and within a
pool each model is a leaf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from llmaudit.catalog.units import PRICED, SUB_COUNTS
from llmaudit.gate.model import Baseline, CallKey, Cell, Outcome, Rate
from llmaudit.money import EXACT, ZERO, total
from llmaudit.request import INPUT_COUNTERS

INPUT = (*INPUT_COUNTERS, *(name for name, (whole, _) in SUB_COUNTS.items() if whole in INPUT_COUNTERS))
OUTPUT = ("output_tokens", *(name for name, (whole, _) in SUB_COUNTS.items() if whole == "output_tokens"))
PIECES = tuple(name for name in PRICED if name not in INPUT and name not in OUTPUT)

Vector = dict[str, Decimal]


class LeafKey(NamedTuple):
    """What makes a leaf of its pool.

    Attributes:
        gateway: The gateway that passed the calls on, or None.
        model: The model that answered.
        is_opaque: Whether its requests have an amount but no list price that could explain it.
    """

    gateway: str | None
    model: str
    is_opaque: bool


@dataclass
class Leaf:
    """Requests of one use, outcome and model whose cost is known.

    Attributes:
        requests: How many.
        usd: What they cost, exact.
        own_usd: List cost at the prices they had.
        frozen_usd: List cost at the frozen prices.
        by_rate: Requests and tokens by the key of their price, without a date.
        squares: Sums of squares: prompt, cache reads, prompt x reads, output.
    """

    requests: int = 0
    usd: Decimal = ZERO
    own_usd: Decimal = ZERO
    frozen_usd: Decimal = ZERO
    by_rate: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)
    squares: list[float] = field(default_factory=lambda: [0.0] * 4)

    @property
    def tokens(self) -> Vector:
        """Quantities per request, of those that are not 0."""
        sums: dict[str, int] = {"requests": self.requests}
        for _, tokens in self.by_rate.values():
            for name, count in tokens.items():
                sums[name] = sums.get(name, 0) + count
        return {name: EXACT.divide(Decimal(count), Decimal(self.requests)) for name, count in sums.items()}

    def effective(self, rates: Mapping[str, Rate]) -> Vector:
        """Return frozen US dollars per one of each quantity, weighted by tokens, else by requests."""
        found: Vector = {}
        for name in PRICED:
            weight = plain = 0
            by_use = by_count = ZERO
            for key, (requests, tokens) in self.by_rate.items():
                usd = rates[key].usd.get(name, ZERO)
                used = requests if name == "requests" else tokens.get(name, 0)
                by_use, weight = EXACT.fma(usd, Decimal(used), by_use), weight + used
                by_count, plain = EXACT.fma(usd, Decimal(requests), by_count), plain + requests
            top, bottom = (by_use, weight) if weight else (by_count, plain)
            found[name] = EXACT.divide(top, Decimal(bottom)) if bottom else ZERO
        return found


@dataclass
class Pool:
    """Attempts of one use with one outcome: all of them, those whose cost is known, and these by model."""

    requests: int = 0
    known: int = 0
    leaves: dict[LeafKey, Leaf] = field(default_factory=dict)

    @property
    def priced(self) -> list[Leaf]:
        """The leaves that have a list price."""
        return [leaf for key, leaf in self.leaves.items() if not key.is_opaque]


@dataclass
class Use:
    """What an application asks for, with its pools."""

    pools: dict[Outcome, Pool] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """Attempts that were not tried again."""
        return sum(pool.requests for outcome, pool in self.pools.items() if outcome != "superseded")

    @property
    def attempts(self) -> int:
        """All attempts."""
        return sum(pool.requests for pool in self.pools.values())


def plain_key(key: str) -> str:
    """Return the key of a price without the date that an older price of the same log has."""
    return key.partition(" @")[0]


def uses_of(log: Baseline, frozen: Mapping[str, Rate]) -> dict[CallKey, Use]:
    """Return a log's cells as uses, pools and leaves.

    Args:
        log: The log.
        frozen: The prices that count, by key without a date; every key of the log is in it.
    """
    uses: dict[CallKey, Use] = {}
    for cell in log.cells:
        pool = uses.setdefault(cell.call_key, Use()).pools.setdefault(cell.outcome, Pool())
        pool.requests += cell.requests
        if cell.usd is None:
            continue
        pool.known += cell.requests
        is_opaque = cell.list_usd is None or (not cell.list_usd and bool(cell.usd))
        leaf = pool.leaves.setdefault(LeafKey(cell.gateway, cell.model, is_opaque), Leaf())
        _add(leaf, cell, frozen, has_list=not is_opaque)
    return uses


def _add(leaf: Leaf, cell: Cell, frozen: Mapping[str, Rate], *, has_list: bool) -> None:
    leaf.requests += cell.requests
    leaf.usd = EXACT.add(leaf.usd, cell.usd or ZERO)
    squares = (cell.prompt_squares, cell.read_squares, cell.prompt_reads, cell.output_squares)
    leaf.squares = [one + other for one, other in zip(leaf.squares, squares, strict=True)]
    if not has_list or cell.list_usd is None or cell.rate is None:
        return
    key = plain_key(cell.rate)
    leaf.own_usd = EXACT.add(leaf.own_usd, cell.list_usd)
    leaf.frozen_usd = EXACT.add(leaf.frozen_usd, frozen[key].cost(cell.tokens, cell.requests))
    requests, tokens = leaf.by_rate.get(key, (0, {}))
    names = dict.fromkeys([*tokens, *cell.tokens])
    leaf.by_rate[key] = (
        requests + cell.requests,
        {name: tokens.get(name, 0) + cell.tokens.get(name, 0) for name in names},
    )


def mean_tokens(pool: Pool) -> Vector:
    """Return quantities per request of a pool's requests that have a list price."""
    count = sum(leaf.requests for leaf in pool.priced)
    sums: dict[str, int] = {"requests": count}
    for leaf in pool.priced:
        for _, tokens in leaf.by_rate.values():
            for name, number in tokens.items():
                sums[name] = sums.get(name, 0) + number
    return {name: EXACT.divide(Decimal(number), Decimal(count)) for name, number in sums.items()} if count else {}


def cost_of(tokens: Mapping[str, Decimal], usd: Mapping[str, Decimal]) -> Decimal:
    """Return the sum of quantity x price."""
    return total(EXACT.multiply(count, usd.get(name, ZERO)) for name, count in tokens.items())
