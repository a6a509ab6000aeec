"""Where packages disagree about one rate at one instant: every case with its class and its status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from llmaudit.catalog.build.classes import Case, classify, package_of
from llmaudit.catalog.build.fact import Fact, Stated, plain
from llmaudit.catalog.build.merge import RateKey, Timelines, at
from llmaudit.yamlfile import parse_yaml, read_yaml

DAY = timedelta(days=1)


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Conflicts a person has looked at and left as they are, with the reason.

    Attributes:
        seller: Whose.
        why: The reason.
        sku: One sku; None is all of the seller.
        unit: One unit; None is all.
        conflict_class: Only conflicts of this class; None is any.
    """

    seller: str
    why: str
    sku: str | None = None
    unit: str | None = None
    conflict_class: str | None = msgspec.field(default=None, name="class")


class _AcceptedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accepted: list[Accepted] = []


@dataclass(frozen=True)
class Conflict:
    """One disagreement; a line of conflicts.csv."""

    seller: str
    sku: str
    unit: str
    when: str
    at: str
    values: str
    used: str
    conflict_class: str
    status: str
    why: str


@dataclass(frozen=True)
class Overlay:
    """What the hand-kept overlay states.

    Attributes:
        rates: Seller, sku, when and unit; names of a sku count as the sku.
        accepted: Conflicts that were looked at and left.
        names: Further names, as (seller, name); in small letters.
    """

    rates: frozenset[tuple[str, str, str, str]]
    accepted: tuple[Accepted, ...]
    names: frozenset[tuple[str, str]] = frozenset()


def read_overlay(folder: Path, accepted: Path) -> Overlay:
    """Return what the YAML files of an overlay folder state about prices, and which conflicts were accepted.

    Raises:
        InputError: A file is malformed.
    """
    rates: set[tuple[str, str, str, str]] = set()
    names: set[tuple[str, str]] = set()
    for path in sorted(folder.glob("*.yaml")):
        content = parse_yaml(path.read_bytes(), dict[str, Any], name=path.name, what="catalog")
        for sku in content.get("models") or ():
            rates.update(_stated(str(content.get("seller")), sku))
            names.update((str(content.get("seller")), name.lower()) for name in _names(sku))
    looked_at = (
        read_yaml(accepted, _AcceptedFile, what="list of accepted conflicts").accepted if accepted.exists() else []
    )
    return Overlay(frozenset(rates), tuple(looked_at), frozenset(names))


def _stated(seller: str, sku: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    names = [
        str(sku["sku"]),
        *(name if isinstance(name, str) else str(name["name"]) for name in sku.get("names") or ()),
    ]
    for price in sku.get("prices") or ():
        conditions = price.get("when") or {}
        when = ";".join(f"{key}={conditions[key]}" for key in sorted(conditions))
        for unit in (*(price.get("usd_per_million") or ()), *(price.get("usd_each") or ())):
            yield from ((seller, name.lower(), when, str(unit)) for name in names)


def _names(sku: Mapping[str, Any]) -> list[str]:
    return [name if isinstance(name, str) else str(name["name"]) for name in sku.get("names") or ()]


def conflicts(
    believed: Mapping[RateKey, list[Fact]],
    stated: Timelines,
    snapshots: Mapping[str, datetime],
    overlay: Overlay,
) -> list[Conflict]:
    """Return every disagreement between what is believed and what another package says, sorted.

    A package is asked at its own snapshot and, where it gives dates, a day after each of its changes (packages date the
    same change to within a day).

    Args:
        believed: The catalog's facts by rate.
        stated: Every package's facts by rate, each with a start.
        snapshots: When each package's data was current.
        overlay: What a person has stated or accepted.
    """
    found: list[Conflict] = []
    for key in sorted(believed):
        done: set[tuple[str, Decimal, Decimal]] = set()
        for name, facts in sorted(stated[key].items()):
            for moment in _moments(facts, snapshots[name]):
                values = {other: at(stated[key][other], moment) for other in stated[key]}
                used, other = at(believed[key], moment) or _first_seen_later(believed[key], moment), values[name]
                if used is None or other is None or used.usd == other.usd:
                    continue
                if (name, other.usd, used.usd) in done:
                    continue
                done.update((n, fact.usd, used.usd) for n, fact in values.items() if fact)
                shown = " ".join(f"{n}={plain(f.usd)}" for n, f in sorted(values.items()) if f)
                case = Case(key, moment, used, other, believed[key], stated, snapshots)
                found.append(_conflict(case, shown, overlay))
    return found


def _first_seen_later(record: list[Fact], moment: datetime) -> Fact | None:
    """A price that was only seen later than the other one: they are compared all the same, across the two snapshots."""
    first = record[0]
    seen_later = first.valid_from is not None and first.valid_from > moment
    return first if seen_later and first.basis == "first-seen" else None


def _moments(facts: list[Fact], snapshot: datetime) -> list[datetime]:
    changes = {fact.valid_from + DAY for fact in facts if fact.valid_from and fact.basis == "documented"}
    return sorted({snapshot, *(change for change in changes if change < snapshot)}, reverse=True)


def contradictions(sources: Iterable[Stated], overlay: Overlay) -> list[Conflict]:
    """Return what one package says twice, differently, of one rate; the first was taken, or the one that is not 0."""
    found = []
    for source in sources:
        for used, other in source.contradictions:
            key = (used.seller, used.sku, used.unit, used.when)
            shown = f"{source.name}={plain(used.usd)} {source.name}={plain(other.usd)}"
            case = Case(key, source.snapshot, used, other, [used], {}, {})
            found.append(_conflict(case, shown, overlay))
    return found


def _conflict(case: Case, shown: str, overlay: Overlay) -> Conflict:
    seller, sku, unit, when = case.key
    kind, why = classify(case)
    status = "open"
    if (seller, sku.lower(), when, unit) in overlay.rates:
        status, why = "overlay", f"{why}; the overlay states this rate"
    else:
        accepted = next((a for a in overlay.accepted if _covers(a, case.key, kind)), None)
        if accepted:
            status, why = "accepted", accepted.why
    believed = f"{plain(case.used.usd)} {package_of(case.used)}"
    return Conflict(seller, sku, unit, when, case.moment.date().isoformat(), shown, believed, kind, status, why)


def _covers(accepted: Accepted, key: RateKey, kind: str) -> bool:
    return (
        accepted.seller == key[0]
        and accepted.sku in {None, key[1]}
        and accepted.unit in {None, key[2]}
        and accepted.conflict_class in {None, kind}
    )
