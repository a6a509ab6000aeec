"""What LiteLLM's price file said in past weeks: earlier sightings of a price.

pricing/weeks/ holds a few of them for six labs (docs/pricing-sources.md says how they were made). LiteLLM keeps old
prices of old models uncorrected, so a week never brings in a price: it only says that the first price on record was
already listed then.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from llmaudit.catalog.build.fact import Fact, Origin, day_start
from llmaudit.catalog.build.merge import RateKey, joined

UNITS = ("input", "output", "cache_read", "output_image")
PACKAGES = "weeks.csv"
"""Which package each week was taken from."""


@dataclass
class Weeks:
    """Prices by rate and day, and the package of each day.

    Attributes:
        prices: US dollars per million tokens by day, in order of days, by seller, sku and unit.
        packages: `name@version` by day.
    """

    prices: dict[tuple[str, str, str], dict[date, Decimal]] = field(default_factory=dict)
    packages: dict[date, str] = field(default_factory=dict)

    def sightings(self, key: RateKey, usd: Decimal, before: datetime) -> list[date]:
        """Return the days, in order, on which a rate had this price without a break until an instant."""
        seller, sku, unit, when = key
        if when:
            return []
        days = [day for day in self.packages if day_start(day) < before]
        listed = self.prices.get((seller, sku.lower(), unit), {})
        same: list[date] = []
        for day in reversed(days):
            if listed.get(day) != usd:
                break
            same.append(day)
        return same[::-1]


def read(folder: Path) -> Weeks:
    """Return the weeks in a folder; none where it does not exist."""
    weeks = Weeks()
    if not (folder / PACKAGES).exists():
        return weeks
    with (folder / PACKAGES).open(encoding="utf-8", newline="") as lines:
        listed = sorted((date.fromisoformat(line["week"]), line["package"]) for line in csv.DictReader(lines))
    for day, package in listed:
        weeks.packages[day] = package
        with (folder / f"{day}.csv").open(encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines):
                for unit in UNITS:
                    if line[unit]:
                        key = (line["lab"], line["sku"].lower(), unit)
                        weeks.prices.setdefault(key, {})[day] = Decimal(line[unit])
    return weeks


def seen_earlier(believed: Mapping[RateKey, list[Fact]], weeks: Weeks) -> dict[RateKey, list[Fact]]:
    """Return believed timelines, each begun on the first day on which its first price is known to have been listed."""
    return {key: _begun(key, facts, weeks) for key, facts in believed.items()}


def _begun(key: RateKey, facts: list[Fact], weeks: Weeks) -> list[Fact]:
    first = facts[0] if facts else None
    if first is None or first.valid_from is None or first.basis != "first-seen":
        return facts
    days = weeks.sightings(key, first.usd, first.valid_from)
    if not days:
        return facts
    origin = Origin(weeks.packages[days[0]], "", "LiteLLM's file of that day")
    seen = replace(first, valid_from=day_start(days[0]), valid_to=first.valid_from, origin=origin, checked_on=days[0])
    return joined([seen, *facts])
