"""Since when an undated price has been valid.

A package without dates says what a price is, but not since when. The price then starts at the package's snapshot
(first-seen), unless there is reason to assume an earlier start, which is marked as assumed: either the maker's own
dated list price is the same (for a cloud also 1.1 times that, the regional price), and the price has been valid as long
as that one; or nobody has a record of the model and its id contains its release date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from llmaudit.catalog.build.fact import Basis, Fact, Stated, day_start, when_dict, when_text
from llmaudit.catalog.build.merge import TOKEN_UNITS, at, joined, timelines
from llmaudit.catalog.build.names import LABS, Models, kind_of, released_in
from llmaudit.money import EXACT

LIST_PRICE = (Decimal(1),)
REGIONAL = (Decimal(1), Decimal("1.1"))
VARIANT = frozenset({"batch", "service_tier", "region"})
"""Conditions whose price is a variant of another one."""

MOMENT = timedelta(seconds=1)
Vector = dict[str, list[Fact]]
"""Facts by unit."""


class Record:
    """The dated record of makers' own prices: what model-prices and dated entries elsewhere say."""

    def __init__(self, sources: Iterable[Stated]) -> None:
        self._vectors: dict[tuple[str, str, str], Vector] = defaultdict(dict)
        for (seller, sku, unit, when), by_source in timelines(_dated_only(sources)).items():
            # One package's record at a time: two would overlap. The first one listed is the one believed.
            self._vectors[(seller, sku, when)][unit] = joined(next(iter(by_source.values())))

    def since(self, seller: str, sku: str, when: str, rates: Mapping[str, object], moment: datetime) -> datetime | None:
        """Return since when a maker's list price has been these rates, or None where it is not or is not known.

        Args:
            seller: The maker.
            sku: The maker's id.
            when: Conditions.
            rates: US dollars by unit; input or output must be among them and every shared unit must be equal.
            moment: The instant at which both are compared.
        """
        vector = self._vectors.get((seller, sku, when), {})
        shared = [(at(facts, moment), rates[unit]) for unit, facts in vector.items() if unit in rates]
        held = [fact for fact, _ in shared if fact is not None]
        if not any(fact.unit in {"input", "output"} for fact in held):
            return None
        if any(fact is None or fact.usd != usd for fact, usd in shared):
            return None
        return max(fact.valid_from for fact in held if fact.valid_from is not None)

    def knows(self, seller: str, sku: str) -> bool:
        """Say whether there is any dated price of a maker's sku."""
        return (seller, sku, "") in self._vectors


def _dated_only(sources: Iterable[Stated]) -> list[Stated]:
    return [
        replace(source, facts=[fact for fact in source.facts if fact.valid_from and fact.seller in LABS])
        for source in sources
    ]


def dated(source: Stated, record: Record, models: Models) -> list[Fact]:
    """Return a source's facts, each with a start.

    Facts of one sku and condition begin together: a vector whose cache rates began later than its input rate would be
    filled with wrong ones in between.
    """
    vectors: dict[tuple[str, str, str], list[Fact]] = defaultdict(list)
    for fact in source.facts:
        vectors[(fact.seller, fact.sku, fact.when)].append(fact)
    out: list[Fact] = []
    for (seller, sku, when), facts in vectors.items():
        for end in sorted({fact.valid_to for fact in facts if fact.valid_from is None}, key=str):
            open_facts = [fact for fact in facts if fact.valid_from is None and fact.valid_to == end]
            moment = min(end - MOMENT, source.snapshot) if end else source.snapshot
            ordinary = vectors.get((seller, sku, _without(when, VARIANT)), [])
            start, basis = _start(open_facts, ordinary, moment, record, models)
            if start is None:
                start = source.snapshot
            if end is not None and start >= end:
                source.left_out["held before a dated change, with no start on record"] += len(open_facts)
                continue
            out += [replace(fact, valid_from=start, basis=basis) for fact in open_facts]
        out += [fact for fact in facts if fact.valid_from is not None]
    return out


def _start(
    facts: list[Fact], ordinary: list[Fact], moment: datetime, record: Record, models: Models
) -> tuple[datetime | None, Basis]:
    """Return since when facts of one sku and condition have held, and how that is known; None where it is not.

    Args:
        facts: All of one sku and condition.
        ordinary: Those of the same sku without a variant.
        moment: When they were seen.
        record: The dated prices of the makers.
        models: Whose the sku is.
    """
    seller, sku = facts[0].seller, facts[0].sku
    maker = (seller, sku) if record.knows(seller, sku) else models.maker_sku(seller, sku)
    if maker and record.knows(*maker):
        since = next(_recorded(facts, ordinary, moment, record, maker), None)
        return since, "first-seen" if since is None else "assumed"
    released = released_in(sku)
    if released and day_start(released) < moment:
        return day_start(released), "assumed"
    return None, "first-seen"


def _recorded(
    facts: list[Fact], ordinary: list[Fact], moment: datetime, record: Record, maker: tuple[str, str]
) -> Iterator[datetime]:
    """Yield since when the maker's record has had these prices, the closest condition first."""
    seller, when = facts[0].seller, facts[0].when
    for condition, vector in (
        (when, facts),
        (_without(when, {"region"}), facts),
        (_without(when, VARIANT), ordinary),
    ):
        rates = {fact.unit: fact.usd for fact in vector if at([fact], moment) and fact.unit in TOKEN_UNITS}
        for factor in REGIONAL if kind_of(seller) == "cloud" else LIST_PRICE:
            list_rates = {unit: EXACT.divide(usd, factor) for unit, usd in rates.items()}
            since = record.since(*maker, condition, list_rates, moment)
            if since is not None:
                yield since


def _without(when: str, names: AbstractSet[str]) -> str:
    return when_text({key: value for key, value in when_dict(when).items() if key not in names})
