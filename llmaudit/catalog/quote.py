"""From a usage to an exact cost: pick the rates that apply, multiply, and state every rule and assumption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from llmaudit.catalog.catalog import Catalog
from llmaudit.catalog.directory import Match
from llmaudit.catalog.instants import FOREVER, written
from llmaudit.catalog.model import Rate
from llmaudit.catalog.rates import Conditions, NoRates, Rates, rates_for
from llmaudit.catalog.stock import Offer
from llmaudit.catalog.timeline import MILLION
from llmaudit.catalog.units import FALLBACKS, PIECES, PRICED, SUB_COUNTS
from llmaudit.errors import printable
from llmaudit.money import EXACT, times, total, weighted
from llmaudit.request import COUNTERS, INPUT_COUNTERS

SHOWN = 5
"""Sellers of an ambiguous name that an error lists."""

FILLED_FIRST = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_write_other_tokens")
"""What is cached is the beginning of a prompt, so it is the part below a marginal step."""


@dataclass(frozen=True)
class Component:
    """One line of a quote: quantity x rate = cost.

    Attributes:
        counter: The quantity (`PRICED`), or a unit per piece.
        unit: The unit of the catalog that prices it.
        quantity: Tokens, or pieces.
        rate: The catalog's rate: US dollars per million tokens or each.
        is_token: Whether the rate is per million.
        cost_usd: Exact.
    """

    counter: str
    unit: str
    quantity: Decimal
    rate: Rate
    is_token: bool
    cost_usd: Decimal

    @property
    def usd(self) -> Decimal:
        """US dollars per million tokens, or each."""
        return self.rate.usd


@dataclass(frozen=True)
class Quote:
    """The cost of one usage, with how it came about. `cost_usd` is None where the usage has no price."""

    status: Literal["priced", "assumed_condition", "unpriced"]
    cost_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    components: tuple[Component, ...] = ()
    rules: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    offer: Offer | None = None


def quote(
    catalog: Catalog,
    model: str,
    tokens: Mapping[str, int],
    conditions: Conditions,
    *,
    seller: str | None = None,
    pieces: Mapping[str, Decimal] | None = None,
) -> Quote:
    """Return the exact cost of one usage.

    Args:
        catalog: The prices.
        model: The model as a log or a person names it.
        tokens: Quantities by name (`PRICED`); missing is 0, the request itself counts once.
        conditions: Everything else a price depends on. `prompt_tokens` is taken from `tokens`.
        seller: The seller, where it is known.
        pieces: Further things by unit (`code_hour`), for a bill worked out by hand.
    """
    match = catalog.find(model, seller=seller, at=conditions.at)
    if match.offer is None:
        return unpriced("; ".join(no_match(catalog, model, match, seller)))
    offer = match.offer
    counts = tuple(1 if name == "requests" else tokens.get(name, 0) for name in PRICED)
    if whole := _larger_part(tokens):
        return unpriced(f"usage inconsistent: {whole}", offer)
    rates = rates_for(catalog, offer, _known(conditions, tokens))
    if isinstance(rates, NoRates):
        return unpriced(rates.reason, offer)
    missing = rates.lacking(counts) or next((unit for unit in pieces or {} if unit not in rates.pieces), None)
    if missing:
        return unpriced(f"{offer.sku.sku} has no price for {missing} at {conditions.at:%Y-%m-%dT%H:%M}", offer)
    extra = [_piece(unit, count, rates) for unit, count in (pieces or {}).items()]
    steps = list(_marginal(rates, tokens))
    below = {name: sum(int(step.quantity) for step in steps if step.counter == name) for name in COUNTERS}
    counts = tuple(count - below.get(name, 0) for name, count in zip(PRICED, counts, strict=True))
    lines = (*components(rates, counts), *steps, *extra)
    added = [part.cost_usd for part in (*extra, *steps)]
    notes = usage_notes(rates, dict(zip(PRICED, counts, strict=True)))
    assumed_seller = [f"no seller named: as sold by its provider, {offer.seller}"] if match.by_maker else []
    return Quote(
        status="assumed_condition" if notes else "priced",
        cost_usd=total([cost(counts, rates.expected), *added]),
        low_usd=total([cost(counts, rates.low), *added]),
        high_usd=total([cost(counts, rates.high), *added]),
        components=lines,
        rules=tuple(dict.fromkeys([*assumed_seller, *(describe(offer, part.rate) for part in lines)])),
        assumptions=tuple(notes),
        offer=offer,
    )


def cost(quantities: Sequence[int], factors: Sequence[Decimal]) -> Decimal:
    """Return the exact sum of quantity x factor, in US dollars; both in the order of `PRICED`."""
    return weighted(quantities, factors)


def components(rates: Rates, quantities: Sequence[int]) -> Iterator[Component]:
    """Yield the lines of a cost; a part with a price of its own (audio) gets a line beside the rest of its counter."""
    counts = dict(zip(PRICED, quantities, strict=True))
    for name, (whole, _) in SUB_COUNTS.items():
        if name in rates.used:
            counts[whole] -= counts[name]
    for name, count in counts.items():
        rate = rates.used.get(name)
        if not count or rate is None:
            continue
        is_token = name not in PIECES
        usd = EXACT.divide(rate.usd, MILLION) if is_token else rate.usd
        yield Component(name, rate.unit, Decimal(count), rate, is_token, times(usd, count))


def _piece(unit: str, count: Decimal, rates: Rates) -> Component:
    rate = rates.pieces[unit]
    return Component(unit, unit, count, rate, is_token=False, cost_usd=times(rate.usd, count))


def _marginal(rates: Rates, tokens: Mapping[str, int]) -> Iterator[Component]:
    """Yield the part of a prompt above each marginal step, at that step's price."""
    steps = sorted(rates.marginal, key=lambda step: step[0])
    prompt = sum(tokens.get(counter, 0) for counter in INPUT_COUNTERS)
    ends = [*(size for size, _ in steps[1:]), prompt][: len(steps)]
    position = 0
    for counter in (*FILLED_FIRST, "input_tokens"):
        first, position = position, position + tokens.get(counter, 0)
        for (start, vector), end in zip(steps, ends, strict=True):
            unit = next((unit for unit in FALLBACKS[counter] if unit in vector), None)
            inside = min(position, end) - max(first, start)
            if unit is not None and inside > 0:
                usd = EXACT.divide(vector[unit].usd, MILLION)
                yield Component(
                    counter, unit, Decimal(inside), vector[unit], is_token=True, cost_usd=times(usd, inside)
                )


def _known(conditions: Conditions, tokens: Mapping[str, int]) -> Conditions:
    """Return conditions completed by what the tokens themselves show."""
    reasoning = tokens.get("reasoning_tokens")
    thinking = conditions.is_thinking if reasoning is None else reasoning > 0
    prompt = sum(tokens.get(counter, 0) for counter in INPUT_COUNTERS)
    return replace(conditions, prompt_tokens=prompt, is_thinking=thinking)


def _larger_part(tokens: Mapping[str, int]) -> str | None:
    """Return a sentence on a part that is larger than its whole, or None."""
    for whole in COUNTERS:
        parts = {name: tokens.get(name, 0) for name, (base, _) in SUB_COUNTS.items() if base == whole}
        if sum(parts.values()) > tokens.get(whole, 0):
            inside = " + ".join(f"{name} {count:,}" for name, count in parts.items() if count)
            return f"{inside} is more than {whole} {tokens.get(whole, 0):,}, which it is a part of"
    return None


def usage_notes(rates: Rates, quantities: Mapping[str, int]) -> list[str]:
    """Return the assumptions that matter for these quantities: a missing cache rate only where tokens were cached."""
    notes = list(rates.assumptions)
    for counter in COUNTERS:
        if not quantities.get(counter) or counter not in rates.used:
            continue
        wanted, used = FALLBACKS[counter][0], rates.used[counter].unit
        if used == "input" and wanted != "input":
            notes.append(f"no {wanted} price is on record for that day: the input price is used")
        elif counter == "cache_write_other_tokens" and used == "cache_write_5m":
            notes.append("cache writes of unknown lifetime: priced for 5 minutes, the high bound is 1 hour")
    for name, (whole, unit) in SUB_COUNTS.items():
        if name != "reasoning_tokens" and quantities.get(name) and name not in rates.used:
            notes.append(f"no {unit} price is on record for that day: {name} cost what {whole} cost")
    agreements = (_disputed(rate) for name, rate in rates.used.items() if quantities.get(name))
    if disputed := sorted(filter(None, agreements)):
        notes.append(f"sources disagree ({', '.join(disputed)} state this price): see `llmaudit pricing conflicts`")
    return notes


def _disputed(rate: Rate) -> str | None:
    """Return how few sources state a price, where that is no more than half of those that state any."""
    agree = rate.evidence.agree
    return f"{rate.unit}: {agree[0]} of {agree[1]}" if agree and agree[1] > 1 and agree[0] * 2 <= agree[1] else None


def unpriced(reason: str, offer: Offer | None = None) -> Quote:
    """Return the quote of a usage that has no price."""
    return Quote("unpriced", None, None, None, assumptions=(reason,), offer=offer)


def no_match(catalog: Catalog, model: str, match: Match, seller: str | None) -> tuple[str, str]:
    """Return why a name means no offer, with the nearest names, and what to do about it: two sentences, without stops.

    Args:
        catalog: Where it was looked for.
        model: The model as a log or a person names it.
        match: What `Catalog.find` said.
        seller: The seller that was asked for.
    """
    add, name = "add it to a --catalog file to price it", repr(printable(model))
    if match.reason == "no-model-name":
        return "no-model-name: no model is named", "name one"
    if match.reason == "unknown-seller":
        what = f"unknown-seller: the catalog has no seller {printable(seller or '')!r}"
        return what + _near("sellers", catalog.nearest_sellers(seller or "")), add
    if match.reason == "ambiguous-model":
        skus = catalog.skus_of(model, seller) if seller else []
        of = f" of {printable(seller)}" if seller else ""
        by = of + (f" ({_listed(skus or catalog.sellers_of(model))})" if skus or not seller else "")
        return f"ambiguous-model: {name} means more than one sku{by}", "name the seller and its own id"
    where = f" of {printable(seller)}" if seller else ""
    return f"{match.reason}: {name} is not in the catalog{where}{_near('names', catalog.nearest(model, seller))}", add


def _listed(sellers: Sequence[str]) -> str:
    rest = f" and {len(sellers) - SHOWN} more" if len(sellers) > SHOWN else ""
    return ", ".join(sellers[:SHOWN]) + rest


def _near(things: str, near: Sequence[str]) -> str:
    return f"; the nearest {things} are {', '.join(near)}" if near else ""


def _votes(agree: tuple[int, int]) -> str:
    """Return how many sources state a price; one that follows from a factor is stated by none."""
    return f"{agree[0]} of {agree[1]} sources agree" if agree[1] else "stated by no source, from a factor"


def describe(offer: Offer, rate: Rate) -> str:
    """Return one sentence on a price: whose, under which conditions, since when, on what evidence."""
    conditions = ", ".join(f"{name}={value}" for name, value in rate.when.given.items())
    under = f" ({conditions})" if conditions else ""
    until = "" if rate.end == FOREVER else f" to {written(rate.end)}"
    evidence = rate.evidence
    grounds = [evidence.basis if not evidence.package else f"{evidence.basis} by {evidence.package}"]
    grounds += [_votes(evidence.agree)] if evidence.agree else []
    grounds += [f"checked {evidence.checked_on}"] if evidence.checked_on else []
    grounds += [f"= {evidence.derived}"] if evidence.derived else []
    grounds += [evidence.original] if evidence.original else []
    held = f"{offer.seller} {offer.sku.sku}{under} from {written(rate.start)}{until}"
    return f"{held}, {', '.join(grounds)}: {evidence.source}"
