"""Where packages disagree about the same rate at the same instant: every case, its class by rule, and its status."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import msgspec

from llmaudit.catalog.build.fact import Fact, plain, when_dict
from llmaudit.catalog.build.merge import RateKey, Timelines, at
from llmaudit.yamlfile import parse_yaml, read_yaml

ACCEPTED = "accepted-conflicts.yaml"
DAY = timedelta(days=1)
ROUNDING = Decimal("0.005")
"""Published batch and flex rates are rounded to the cent: half a percent apart is the same price."""

FAR_APART = timedelta(days=14)
REGIONAL = frozenset({Decimal("1.1"), Decimal("1.2")})
CURRENCY_SELLERS = frozenset({"volcengine", "tencent", "zhipuai", "sensenova", "bailing"})
CURRENCY = Decimal("0.1")
_MOVING = re.compile(r"(?:^|-)latest$|^deepseek-(?:chat|reasoner)$|^gpt-5\.6$")
_NO_TEXT = re.compile(r"image|tts|audio|live|realtime|transcribe|speech|sonic|omni|banana")


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
    """What the hand-kept overlay states: (seller, sku, when, unit); names of a sku count as the sku."""

    rates: frozenset[tuple[str, str, str, str]]
    accepted: tuple[Accepted, ...]


def read_overlay(folder: Path) -> Overlay:
    """Return what the YAML files of an overlay folder state about prices.

    Raises:
        InputError: A file is malformed.
    """
    rates: set[tuple[str, str, str, str]] = set()
    for path in sorted(folder.glob("*.yaml")):
        if path.name == ACCEPTED:
            continue
        content = parse_yaml(path.read_bytes(), dict[str, Any], name=path.name, what="catalog")
        for sku in content.get("models") or ():
            rates.update(_stated(str(content.get("seller")), sku))
    listed = folder / ACCEPTED
    accepted = read_yaml(listed, _AcceptedFile, what="list of accepted conflicts").accepted if listed.exists() else []
    return Overlay(frozenset(rates), tuple(accepted))


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


def conflicts(
    believed: Mapping[RateKey, list[Fact]],
    stated: Timelines,
    snapshots: Mapping[str, datetime],
    overlay: Overlay,
) -> list[Conflict]:
    """Return every disagreement between what is believed and what another package says, sorted.

    A package is asked at its own snapshot and, where it gives dates, a day after each of its changes (packages date the same change
    to within a day).

    Args:
        believed: The catalog's facts by rate.
        stated: Every package's facts by rate, each with a start.
        snapshots: When each package's data was current.
        overlay: What a person has stated or accepted.
    """
    found: list[Conflict] = []
    for key in sorted(believed):
        done: set[str] = set()
        for name, facts in sorted(stated[key].items()):
            for moment in _moments(facts, snapshots[name]):
                values = {other: at(stated[key][other], moment) for other in stated[key]}
                used, other = at(believed[key], moment) or _first_seen_later(believed[key], moment), values[name]
                if used is None or other is None or used.usd == other.usd:
                    continue
                shown = " ".join(f"{n}={plain(f.usd)}" for n, f in sorted(values.items()) if f)
                if shown in done:
                    continue
                done.add(shown)
                found.append(_conflict(key, moment, shown, used, other, believed[key], stated, overlay))
    return found


def _first_seen_later(record: list[Fact], moment: datetime) -> Fact | None:
    """A price that was only seen later than the other one: they are compared all the same, across the two snapshots."""
    first = record[0]
    seen_later = first.valid_from is not None and first.valid_from > moment
    return first if seen_later and first.basis == "first-seen" else None


def _moments(facts: list[Fact], snapshot: datetime) -> list[datetime]:
    changes = {fact.valid_from + DAY for fact in facts if fact.valid_from and fact.basis == "documented"}
    return sorted({snapshot, *(change for change in changes if change < snapshot)}, reverse=True)


def _conflict(
    key: RateKey,
    moment: datetime,
    shown: str,
    used: Fact,
    other: Fact,
    record: list[Fact],
    stated: Timelines,
    overlay: Overlay,
) -> Conflict:
    seller, sku, unit, when = key
    kind, why = classify(key, moment, used, other, record, stated)
    status = "open"
    if (seller, sku.lower(), when, unit) in overlay.rates:
        status, why = "overlay", f"{why}; the overlay states this rate"
    else:
        accepted = next((a for a in overlay.accepted if _covers(a, key, kind)), None)
        if accepted:
            status, why = "accepted", accepted.why
    believed = f"{plain(used.usd)} {used.origin.package.partition('@')[0]}"
    return Conflict(seller, sku, unit, when, moment.date().isoformat(), shown, believed, kind, status, why)


def _covers(accepted: Accepted, key: RateKey, kind: str) -> bool:
    return (
        accepted.seller == key[0]
        and accepted.sku in {None, key[1]}
        and accepted.unit in {None, key[2]}
        and accepted.conflict_class in {None, kind}
    )


def classify(
    key: RateKey, moment: datetime, used: Fact, other: Fact, record: list[Fact], stated: Timelines
) -> tuple[str, str]:
    """Return the class of a disagreement, by what the figures show, and one clause that says it.

    Args:
        key: The rate.
        moment: The instant of the comparison.
        used: What is believed.
        other: What another package says.
        record: The believed timeline of the rate.
        stated: Every package's timelines, for the modality check.
    """
    seller, sku, unit, _ = key
    ratio = other.usd / used.usd if used.usd else None
    if unit.startswith("web_search"):
        return "search-tool", "two search products have two prices"
    if _rounds(used.usd, other.usd):
        return "rounding", "one of them is rounded"
    if _MOVING.search(sku):
        return "alias-moved", "the name stands for different models over time"
    if seller == "deepseek" and ratio in {Decimal(2), Decimal("0.5")}:
        return "peak-2.0", "one is the peak price, the other the off-peak price"
    earlier = [f for f in record if f.usd == other.usd and f.valid_to and f.valid_to <= moment]
    later = [f for f in record if f.usd == other.usd and f.valid_from and f.valid_from > moment]
    if later:
        return "promotion", f"it is the price from {later[0].valid_from:%Y-%m-%d} on"
    if earlier:
        return "stale-date", f"it was the price until {earlier[-1].valid_to:%Y-%m-%d}"
    if _is_other_modality(key, other, stated):
        return "image-vs-text", "a model of several modalities: one is the rate of text, the other of images or sound"
    if ratio is not None and (ratio in REGIONAL or (other.usd and used.usd / other.usd in REGIONAL)):
        return "regional-1.1", "one is the global price, the other a regional one"
    if seller in CURRENCY_SELLERS and ratio is not None and abs(ratio - 1) < CURRENCY:
        return "currency-rate", "the seller charges in yuan; two rates of exchange"
    if unit.startswith("cache_read") and "batch" in when_dict(key[3]) and ratio in {Decimal(2), Decimal("0.5")}:
        return "batch-cache-read", "whether a batch halves cache reads, too"
    if not used.usd or not other.usd:
        return "free-or-priced", "one says 0"
    if used.valid_from is not None and used.valid_from - moment > FAR_APART:
        return (
            "older-snapshot",
            f"the other was read {(used.valid_from - moment).days} days before; it may have changed",
        )
    return "unexplained", f"ratio {ratio:.4g}"


def _rounds(one: Decimal, two: Decimal) -> bool:
    if one and abs(one - two) / one <= ROUNDING:
        return True
    for fine, coarse in ((one, two), (two, one)):
        exponent = coarse.normalize().as_tuple().exponent
        places = Decimal(1).scaleb(min(0, int(exponent)))
        half_up = fine.quantize(places, rounding=ROUND_HALF_UP) == coarse
        if half_up and fine != coarse and places <= Decimal("0.01"):
            return True
    return False


def _is_other_modality(key: RateKey, other: Fact, stated: Timelines) -> bool:
    seller, sku, unit, when = key
    if unit not in {"input", "output", "cache_read"}:
        return False
    if _NO_TEXT.search(sku.lower()):
        return True
    modes = {"input": ("input_image", "input_audio"), "output": ("output_image", "output_audio")}.get(unit, ())
    return any(
        fact.usd == other.usd
        for mode in modes
        for facts in stated.get((seller, sku, mode, when), {}).values()
        for fact in facts
    )
