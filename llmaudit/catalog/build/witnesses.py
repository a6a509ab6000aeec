"""What past releases of the undated price lists said: since when a price of today has been stated.

pricing/weeks/ holds it as facts (docs/pricing-sources.md says how they were made): per list (tokencostauto's copies of
LiteLLM's file, LiteLLM, genai-prices) the days on which a release is at hand, and the prices of each rate over runs of
such days. A price that was first seen at its package's snapshot is taken back to the first of the days on which every
release said the same, without a break. It is never taken back further than that, nor over a release that says
something else or nothing.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from llmaudit.catalog.build.fact import Fact, Origin, day_start, when_dict, when_text
from llmaudit.catalog.build.merge import ROUNDING, RateKey, at, joined, order_for
from llmaudit.catalog.build.names import LABS

RELEASES = "releases.csv"
"""Which release speaks for which day."""
COLUMNS = ("seller", "sku", "when", "prices", "first", "last")
EDGES = frozenset({"prompt_gt", "prompt_ge"})
"""Conditions that the size of a request chooses: without them a long prompt would be priced as a short one."""
MAIN = frozenset({"input", "output"})
OTHER_OUTPUTS = frozenset({"output_image", "output_audio", "output_video"})
"""What a model that makes images or sound sells; its price of text may have been added later."""
LISTS = {"litellm": ("tokencostauto", "litellm"), "genai-prices": ("genai-prices",)}
"""The lists of past releases of a package, the fuller one first."""

Cell = tuple[str, str]
"""When, unit: one rate of a vector."""
Vector = dict[Cell, Decimal]
VectorKey = tuple[str, str, str]
"""Seller, sku in small letters, when without edges: rates that were stated together."""


@dataclass
class Witnesses:
    """What past releases said.

    Attributes:
        releases: `name@version` by list and day, in order of days.
        stated: Prices by list, vector and day; a day on which the list lacks the vector is not there.
    """

    releases: dict[str, dict[date, str]] = field(default_factory=dict)
    stated: dict[str, dict[VectorKey, dict[date, Vector]]] = field(default_factory=dict)

    def at(self, name: str, key: VectorKey, day: date) -> Vector:
        """Return what a list said about a vector on one of its days; empty if it said nothing."""
        return self.stated.get(name, {}).get(key, {}).get(day, {})


@dataclass(frozen=True)
class Run:
    """How far back one list says today's prices.

    Attributes:
        days: The days of the unbroken run, newest first.
        ended: The day before them on which the list said other prices, or nothing; None where it has no earlier day.
        is_denied: It said other prices.
    """

    days: tuple[date, ...]
    ended: date | None = None
    is_denied: bool = False


def vector_key(seller: str, sku: str, when: str) -> VectorKey:
    """Return the vector that a rate belongs to."""
    base = {name: value for name, value in when_dict(when).items() if name not in EDGES}
    return seller, sku.lower(), when_text(base)


def read(folder: Path) -> Witnesses:
    """Return the witnesses in a folder; none where it has no releases."""
    found = Witnesses()
    if not (folder / RELEASES).exists():
        return found
    with (folder / RELEASES).open(encoding="utf-8", newline="") as lines:
        listed = sorted(
            (date.fromisoformat(line["day"]), line["list"], line["package"]) for line in csv.DictReader(lines)
        )
    for day, name, package in listed:
        found.releases.setdefault(name, {})[day] = package
    for name, days in found.releases.items():
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            found.stated[name] = _vectors(csv.DictReader(lines), tuple(days))
    return found


def _vectors(lines: Iterable[Mapping[str, str]], days: tuple[date, ...]) -> dict[VectorKey, dict[date, Vector]]:
    number = {day.isoformat(): place for place, day in enumerate(days)}
    found: dict[VectorKey, dict[date, Vector]] = defaultdict(lambda: defaultdict(dict))
    for line in lines:
        by_day = found[vector_key(line["seller"], line["sku"], line["when"])]
        prices = {(line["when"], unit): Decimal(usd) for unit, usd in _prices(line["prices"])}
        for day in days[number[line["first"]] : number[line["last"]] + 1]:
            by_day[day].update(prices)
    return found


def _prices(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split():
        unit, _, usd = part.partition("=")
        yield unit, usd


def seen_earlier(believed: Mapping[RateKey, list[Fact]], witnesses: Witnesses) -> dict[RateKey, list[Fact]]:
    """Return believed timelines, each begun on the first day since which its first price has been stated.

    Rates of one sku and its conditions go back together: input and output must be the same in a release and every
    rate that both have, too. A rate that an older release lacks begins when it was first seen. Another price that was
    stated before does not come in: nobody saw the day of the change, so it leaves holes, and lists keep errors for
    months (LiteLLM's had one host's prices of a million tokens a hundred thousand times too high).
    """
    groups: dict[VectorKey, dict[Cell, list[Fact]]] = defaultdict(dict)
    for (seller, sku, unit, when), facts in believed.items():
        if facts:
            groups[vector_key(seller, sku, when)][(when, unit)] = facts
    out = {key: list(facts) for key, facts in believed.items()}
    for key, cells in groups.items():
        sku = next(iter(cells.values()))[0].sku
        for (when, unit), fact in _earlier(key, cells, witnesses).items():
            rate = (key[0], sku, unit, when)
            out[rate] = joined([fact, *out[rate]])
    return out


def _earlier(key: VectorKey, cells: Mapping[Cell, list[Fact]], witnesses: Witnesses) -> dict[Cell, Fact]:
    """Return the span before the first one believed, of each rate that was seen earlier."""
    seen = {cell: facts[0] for cell, facts in cells.items() if facts[0].basis == "first-seen"}
    starts = [fact.valid_from for fact in seen.values() if fact.valid_from]
    if not starts:
        return {}
    found: dict[Cell, tuple[date, str]] = {}
    for name, days in _believed_days(key, cells, witnesses, max(starts)):
        for cell, fact in seen.items():
            day = _unbroken(name, key, cell, days, witnesses)
            if day and fact.valid_from and day_start(day) < fact.valid_from:
                found[cell] = min(found.get(cell, (day, name)), (day, name))
    return {cell: _seen(seen[cell], day, witnesses.releases[name][day]) for cell, (day, name) in found.items()}


def _believed_days(
    key: VectorKey, cells: Mapping[Cell, list[Fact]], witnesses: Witnesses, before: datetime
) -> Iterator[tuple[str, list[date]]]:
    """Yield each list with the days, newest first, of its unbroken run that no list above it speaks against.

    Of two lists of one package the fuller one counts: where it lacks the vector, the other is not asked about the days
    before. Another package further down is overruled by other prices only. What is said of makers' own models is asked
    of every list: any one that says another price ends the run.
    """
    runs = {
        name: _run(name, key, cells, witnesses, before)
        for package in order_for(key[0])
        for name in LISTS.get(package, ())
        if key in witnesses.stated.get(name, {})
    }
    denied = [run.ended for run in runs.values() if run.ended and run.is_denied]
    floor = max(denied, default=date.min) if key[0] in LABS else date.min
    for names in (LISTS.get(package, ()) for package in order_for(key[0])):
        lacked = date.min
        for name in (name for name in names if name in runs):
            run = runs[name]
            yield name, [day for day in run.days if day > max(floor, lacked)]
            lacked = max(lacked, run.ended or lacked)
            floor = max(floor, run.ended if run.ended and run.is_denied else floor)


def _run(name: str, key: VectorKey, cells: Mapping[Cell, list[Fact]], witnesses: Witnesses, before: datetime) -> Run:
    days: list[date] = []
    for day in reversed(witnesses.releases[name]):
        moment = day_start(day)
        if moment >= before:
            continue
        said = witnesses.at(name, key, day)
        if not said or not _agrees(said, cells, moment):
            return Run(tuple(days), day, is_denied=bool(said))
        days.append(day)
    return Run(tuple(days))


def _agrees(said: Vector, cells: Mapping[Cell, list[Fact]], moment: datetime) -> bool:
    """Say whether a release states the believed prices: those on record at that day, else the first ones.

    Half a percent apart is the same price, as everywhere in the merge: Databricks' units of 0.07 dollars come as
    0.10003 in one list and as 0.1 in the other.
    """
    if {when for when, _ in said} - {when for when, _ in cells}:
        return False  # a price for long prompts that is not stated any more
    makes_other = not OTHER_OUTPUTS.isdisjoint(unit for _, unit in said)
    for cell, facts in cells.items():
        held = at(facts, moment)
        if cell in said:
            usd = (held or facts[0]).usd
            if abs(said[cell] - usd) > usd * ROUNDING:
                return False
        elif cell[1] in MAIN and held is None and not (cell[1] == "output" and makes_other):
            return False
    return not said.keys().isdisjoint(cells)


def _unbroken(name: str, key: VectorKey, cell: Cell, days: Iterable[date], witnesses: Witnesses) -> date | None:
    """Return the first day of the unbroken run in which a list has this very rate, or None."""
    first = None
    for day in days:
        if cell not in witnesses.at(name, key, day):
            break
        first = day
    return first


def _seen(fact: Fact, day: date, package: str) -> Fact:
    """Return a fact's span before it was first seen by its own package."""
    origin = Origin(package, fact.origin.url, f"first seen there; stated by {fact.origin.package}")
    return replace(fact, valid_from=day_start(day), valid_to=fact.valid_from, origin=origin)
