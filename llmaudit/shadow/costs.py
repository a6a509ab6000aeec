"""What answers cost: as a file states it, or their tokens at list prices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from llmaudit.arrays import Ints
from llmaudit.catalog import Catalog, Conditions, NoRates, rates_for
from llmaudit.catalog.units import PRICED
from llmaudit.errors import printable
from llmaudit.money import PICO
from llmaudit.request import COUNTERS, INPUT_COUNTERS
from llmaudit.shadow.arrow_columns import Columns, as_money, codes_of, pico_of
from llmaudit.shadow.columns import MONEY, TIME

NO_TIME = int(np.iinfo(np.int64).min)
INPUT, CACHE_READ, OUTPUT = (COUNTERS.index(name) for name in ("input_tokens", "cache_read_tokens", "output_tokens"))


@dataclass(frozen=True)
class TokenCounts:
    """The disjoint counters of each answer.

    Attributes:
        counts: Tokens, 0 if a counter is not stated. Shape (rows, 6), in the order of `COUNTERS`.
        known: Whether prompt and output are both stated. Shape (rows,).
    """

    counts: Ints
    known: NDArray[np.bool_]

    @property
    def prompt(self) -> Ints:
        """The whole prompt of each answer, in tokens."""
        prompt: Ints = self.counts[:, : len(INPUT_COUNTERS)].sum(axis=1)
        return prompt

    @property
    def cache_read(self) -> Ints:
        """The part of each prompt that was read from a cache, in tokens."""
        return self.counts[:, CACHE_READ]

    @property
    def output(self) -> Ints:
        """Billed output of each answer, in tokens."""
        return self.counts[:, OUTPUT]


def token_counts(have: Columns) -> TokenCounts:
    """Return the tokens of each answer; OpenAI's counts, of which the prompt includes what was cached, are divided."""
    if not any(have.has(name) for name in (*COUNTERS, "prompt_tokens", "completion_tokens")):
        rows = have.table.num_rows  # one 0 and one False, however many rows
        return TokenCounts(np.broadcast_to(np.int64(0), (rows, len(COUNTERS))), np.broadcast_to(np.bool_(False), rows))
    counts = np.stack([have.counts(name) for name in COUNTERS], axis=1)
    known = have.is_known("input_tokens", "output_tokens")
    if have.has("prompt_tokens") and have.has("completion_tokens"):
        openai = have.is_known("prompt_tokens", "completion_tokens") & ~known
        cached = have.counts("cached_tokens")
        counts[openai, INPUT] = (have.counts("prompt_tokens") - cached)[openai]
        counts[openai, CACHE_READ] = cached[openai]
        counts[openai, OUTPUT] = have.counts("completion_tokens")[openai]
        known = known | (openai & (counts[:, INPUT] >= 0))
    return TokenCounts(counts, known)


def costs(have: Columns, tokens: TokenCounts, prices: Callable[[], Catalog]) -> tuple[Any, list[str]]:
    """Return the cost of each answer with extras included, null where it is not known, and what was assumed.

    Args:
        have: The columns.
        tokens: Tokens of the same rows.
        prices: Returns the catalog; called only if an answer has tokens and no cost.
    """
    given = have.get("cost_usd", MONEY)
    has_cost = np.asarray(pc.is_valid(given))
    notes: list[str] = []
    to_price = ~has_cost & tokens.known
    if not (to_price.any() or have.has("extra_cost_usd")):
        return given, notes  # as it is: a million decimals are not taken apart for nothing
    pico = pico_of(given)
    if to_price.any():
        priced, failed = _priced(have, tokens, to_price, prices())
        is_priced = to_price & (priced >= 0)
        pico[to_price] = priced[to_price]
        has_cost = has_cost | is_priced
        notes.append(f"{int(np.count_nonzero(is_priced)):,} answers had tokens but no cost, so list prices are used")
        notes += [
            f"{count:,} answers of {printable(model)} have no price ({why})" for (model, why), count in failed.items()
        ]
    extra = pico_of(have.get("extra_cost_usd", MONEY))
    return as_money(np.where(has_cost, pico + extra, 0), ~has_cost), notes


def _priced(
    have: Columns, tokens: TokenCounts, to_price: NDArray[np.bool_], catalog: Catalog
) -> tuple[Ints, dict[tuple[str, str], int]]:
    """Return list costs in 1e-12 dollars, -1 for unknown, and the answers without a price by model and reason.

    Rates are looked up once per model, price slot and prompt band.
    """
    model, names = codes_of(have.get("model", pa.string()))
    at = np.asarray(pc.fill_null(have.get("at", TIME).cast(pa.int64()), NO_TIME))
    edges = np.asarray(catalog.price_edges())
    band = np.searchsorted(edges, tokens.prompt, side="right") - 1
    dated = to_price & (at != NO_TIME)
    slots = _slots(catalog, at[dated])
    slot = np.searchsorted(slots, at, side="right") - 1
    cost = np.full(len(model), -1, np.int64)
    failed: dict[tuple[str, str], int] = {}
    keys = np.stack([model, slot, band], axis=1)
    distinct, inverse = np.unique(keys[dated], axis=0, return_inverse=True)
    rows = np.flatnonzero(dated)
    for number, (code, slot_code, band_code) in enumerate(distinct):
        here = rows[inverse.ravel() == number]
        name = names[int(code)] if code >= 0 else None
        quantities = tokens.counts[here].sum(axis=0)
        rates = _rates(catalog, name, slots[slot_code], int(edges[band_code]), quantities)
        if isinstance(rates, str):
            failed[name or "no model", rates] = failed.get((name or "no model", rates), 0) + len(here)
        else:
            cost[here] = tokens.counts[here] @ rates[:-1] + rates[-1]
    undated = int(np.count_nonzero(to_price & ~dated))
    if undated:
        failed["no time", "prices are dated"] = undated
    return cost, failed


def _slots(catalog: Catalog, at: Ints) -> Ints:
    """Return the starts of the price slots that some instants lie in, in microseconds since 1970."""
    if not len(at):
        return np.zeros(1, np.int64)
    first, last = (_instant(int(edge)) for edge in (at.min(), at.max()))
    starts = [slot.start.replace(tzinfo=UTC).timestamp() for slot in catalog.slots(first, last)]
    return np.asarray([round(start * 1e6) for start in starts], dtype=np.int64)


def _instant(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).replace(tzinfo=None)


def _rates(catalog: Catalog, name: str | None, slot: np.int64, prompt: int, quantities: Ints) -> Ints | str:
    """Return prices in 1e-12 dollars per token of each counter, then per request; or why there are none."""
    moment = _instant(int(slot))
    match = catalog.find(name, at=moment)
    if match.offer is None:
        return str(match.reason)
    rates = rates_for(catalog, match.offer, Conditions(at=moment, prompt_tokens=prompt))
    if isinstance(rates, NoRates):
        return rates.reason
    priced = [*COUNTERS, "requests"]
    used = dict(zip(priced, [*map(int, quantities), 1], strict=True))
    lacking = rates.lacking([used.get(quantity, 0) for quantity in PRICED])
    if lacking:
        return f"no price for {lacking}"
    prices = [rates.expected[PRICED.index(quantity)] for quantity in priced]
    if rates.marginal or any(price % PICO for price in prices):
        return "priced in steps: give cost_usd"
    return np.asarray([int(price / PICO) for price in prices], dtype=np.int64)
