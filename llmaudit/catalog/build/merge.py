"""From what four packages state to one timeline per atomic rate.

Per seller the packages have an order; the first one that has a rate gives it, with its whole record. Two things are
added from the others: rates and conditions it lacks, and dated changes that begin after its own last check.
Everything else the others say is a vote (`agree`) or a conflict, never a correction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from llmaudit.catalog.build.fact import Basis, Fact, Multiplier, Origin, Stated, when_dict, when_text
from llmaudit.catalog.build.names import LABS, kind_of
from llmaudit.money import EXACT

FIRST_PARTY = ("model-prices", "openai-cost-calculator", "genai-prices", "litellm")
CLOUD = ("openai-cost-calculator", "genai-prices", "litellm", "model-prices")
OTHERS = ("genai-prices", "openai-cost-calculator", "litellm", "model-prices")
TOKEN_UNITS = frozenset(
    {
        "input", "output", "reasoning", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_12h",
        "cache_write_other", "input_audio", "output_audio", "cache_read_audio", "input_image", "output_image",
        "cache_read_image", "input_video", "output_video", "cache_write_audio",
    }
)  # fmt: skip
ROUNDING = Decimal("0.005")
"""Published batch and flex rates are rounded to the cent: half a percent apart is the same price."""

RateKey = tuple[str, str, str, str]
"""Seller, sku, unit, when."""


@dataclass(frozen=True)
class Row:
    """One rate of the catalog over one span; what a line of pricing/compiled/<seller>.csv says."""

    seller: str
    sku: str
    unit: str
    when: str
    usd: str
    original: str
    valid_from: datetime
    valid_to: datetime | None
    firm_until: datetime | None
    basis: Basis
    learned_on: date | None
    superseded_on: date | None
    checked_on: date | None
    agree: str
    source: str


def order_for(seller: str) -> tuple[str, ...]:
    """Return the packages in the order in which they are believed for a seller."""
    if seller in LABS:
        return FIRST_PARTY
    return CLOUD if kind_of(seller) == "cloud" else OTHERS


def at(facts: Iterable[Fact], moment: datetime) -> Fact | None:
    """Return the fact that holds at an instant; one without a start has always held."""
    for fact in facts:
        begun = fact.valid_from is None or fact.valid_from <= moment
        if begun and (fact.valid_to is None or moment < fact.valid_to):
            return fact
    return None


Timelines = Mapping[RateKey, Mapping[str, list[Fact]]]


def timelines(sources: Iterable[Stated]) -> dict[RateKey, dict[str, list[Fact]]]:
    """Return every package's facts of each rate in time order."""
    found: dict[RateKey, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for source in sources:
        for fact in source.facts:
            found[(fact.seller, fact.sku, fact.unit, fact.when)][source.name].append(fact)
    for by_source in found.values():
        for facts in by_source.values():
            facts.sort(key=lambda fact: (fact.valid_from is not None, fact.valid_from))
    return found


def chosen(seller: str, by_source: Mapping[str, list[Fact]], snapshots: Mapping[str, datetime]) -> list[Fact]:
    """Return the believed timeline of one rate: the first package's, then dated changes after its last check.

    Args:
        seller: Who bills.
        by_source: Every package's facts of the rate.
        snapshots: When each package's data was current.
    """
    order = [name for name in order_for(seller) if by_source.get(name)]
    believed = list(by_source[order[0]])
    believed[0] = _first_sight(believed[0], [by_source[name] for name in order[1:]])
    checked = snapshots[order[0]]
    for name in order[1:]:
        news = [fact for fact in by_source[name] if fact.valid_from and fact.basis == "documented"]
        later = [fact for fact in news if fact.valid_from and fact.valid_from > checked]
        if not later or any(fact.valid_from and fact.valid_from >= checked for fact in believed):
            continue
        begins = later[0].valid_from
        last = believed[-1]
        if later[0].usd == last.usd and len(later) == 1:
            continue
        if last.valid_to is None or (begins and begins < last.valid_to):
            believed[-1] = replace(last, valid_to=begins)
        believed += later
    return joined(believed)


def _first_sight(first: Fact, others: Iterable[list[Fact]]) -> Fact:
    """A price that was only seen, not dated, was first seen by whichever package saw the same one earliest."""
    if first.basis != "first-seen" or first.valid_from is None:
        return first
    seen = [facts[0] for facts in others if facts[0].usd == first.usd and facts[0].valid_to in {None, first.valid_to}]
    earliest = min((fact for fact in seen if fact.valid_from), key=lambda fact: str(fact.valid_from), default=first)
    if earliest.valid_from is None or earliest.valid_from >= first.valid_from:
        return first
    return replace(first, valid_from=earliest.valid_from, basis=earliest.basis)


def joined(facts: list[Fact]) -> list[Fact]:
    """Return facts with neighbours of the same price made one, so that a row ends where its price does.

    An assumed span stays apart from a recorded one: it is weaker evidence.
    """
    out: list[Fact] = []
    for fact in facts:
        last = out[-1] if out else None
        same = last and last.usd == fact.usd and last.valid_to == fact.valid_from
        if last and same and (last.basis == "assumed") == (fact.basis == "assumed"):
            out[-1] = replace(last, valid_to=fact.valid_to, checked_on=fact.checked_on or last.checked_on)
        else:
            out.append(fact)
    return [fact for fact in out if fact.valid_to is None or fact.valid_from is None or fact.valid_from < fact.valid_to]


def is_rounded(one: Decimal, two: Decimal) -> bool:
    """Say whether two prices are one, printed finer and coarser (`0.125` and `0.13`), or within half a percent."""
    if one and abs(one - two) / one <= ROUNDING:
        return True
    for fine, coarse in ((one, two), (two, one)):
        exponent = coarse.normalize().as_tuple().exponent
        places = Decimal(1).scaleb(min(0, int(exponent)))
        half_up = fine.quantize(places, rounding=ROUND_HALF_UP) == coarse
        if half_up and fine != coarse and places <= Decimal("0.01"):
            return True
    return False


def votes(
    believed: Fact, by_source: Mapping[str, list[Fact]], snapshots: Mapping[str, datetime], *, is_first: bool
) -> str:
    """Return `n/m`: of the m packages that price this rate while the fact holds, n state the same one, maybe rounded.

    A package is asked at its own snapshot, or, for a span that has ended, at a dated entry of its own inside the span.
    A price that was first seen later than that snapshot is compared all the same if nothing is on record before it.
    """
    same = total = 0
    for name, facts in by_source.items():
        if facts and facts[0].origin.package == believed.origin.package:
            same, total = same + 1, total + 1
            continue
        moment = snapshots[name]
        begins = believed.valid_from
        seen_later = is_first and believed.basis == "first-seen" and begins is not None and moment < begins
        stated = at(facts, moment) if seen_later or _holds(believed, moment) else None
        if stated is None and believed.valid_to is not None and believed.valid_from is not None:
            stated = next((f for f in facts if f.valid_from and _holds(believed, f.valid_from)), None)
        if stated is not None:
            total += 1
            same += stated.usd == believed.usd or is_rounded(stated.usd, believed.usd)
    return f"{same}/{total}"


def _holds(fact: Fact, moment: datetime) -> bool:
    return at([fact], moment) is not None


def expanded(facts: list[Fact], rules: Iterable[Multiplier], present: set[RateKey]) -> list[Fact]:
    """Return the rates that follow from "this condition multiplies every token rate" and that nobody states.

    Args:
        facts: Believed facts of the skus that have rules.
        rules: The factors.
        present: Rates that are stated; they are left alone.
    """
    by_sku: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.unit in TOKEN_UNITS:
            by_sku[(fact.seller, fact.sku)].append(fact)
    found: dict[tuple[RateKey, datetime | None], Fact] = {}
    for rule in rules:
        name, value = rule.condition
        for fact in by_sku.get((rule.seller, rule.sku), ()):
            conditions = when_dict(fact.when)
            if "region" in conditions or name in conditions:
                continue
            if name == "service_tier" and "batch" in conditions:
                continue  # no seller sells a fast batch
            when = when_text({**conditions, name: value})
            key = (fact.seller, fact.sku, fact.unit, when)
            if key not in present:
                note = f"{rule.factor} times the rate without {name}={value} ({fact.origin.package})"
                origin = Origin(rule.origin.package, rule.origin.url, note)
                usd = EXACT.multiply(fact.usd, rule.factor)
                fresh = replace(fact, when=when, usd=usd, origin=origin, basis="assumed")
                found.setdefault((key, fact.valid_from), fresh)
    return list(found.values())
