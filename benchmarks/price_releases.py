"""Make pricing/weeks/releases.csv and a file per list: what past releases of the undated price lists said.

Run it on wheels that were fetched with `pip download --no-deps NAME==VERSION`, all of them at once:

    python benchmarks/price_releases.py WHEEL...

- tokencostauto is rebuilt from LiteLLM's price file almost daily: the build day of the file stands in the wheel.
- LiteLLM's own wheels carry a day, too, where they were not built with a fixed one. Their file is older than that day
  (by weeks at times), and retired models are dropped that tokencostauto keeps, so they are a list of their own. Take
  them for months without a tokencostauto, and no mended release of an old branch.
- genai-prices carries no day. Its data may be newer than any day they name, so a release speaks for the newest day
  that the NEXT release at hand names: it was out by then. Releases that would speak for the same day count once, the
  latest of them; those whose successor names no newer day are left out.

The files in the repository are made from the releases that releases.csv names and, for the days of genai-prices, from
0.0.24, 0.0.28, 0.0.32, 0.0.40, 0.0.44, 0.0.50, 0.0.63, 0.0.68, 0.0.70, 0.0.72, 0.0.73, 0.1.0, 0.1.2 to 0.1.5, 0.1.8,
0.1.10 to 0.1.12 and 0.2.0 to 0.2.2.

Facts only: the prices of each vector (seller, sku, condition) of which the compiled catalog has a rate that was only
seen, read by the compiler's own readers, one line per run of days on which it was the same.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import zipfile
from collections import defaultdict
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from llmaudit.catalog.build import genai, litellm_json
from llmaudit.catalog.build.align import align, without_names
from llmaudit.catalog.build.conflicts import read_overlay
from llmaudit.catalog.build.fact import Stated, plain
from llmaudit.catalog.build.installed import digest
from llmaudit.catalog.build.update import compile_facts, overlay_folder, read_sources, schedule_ids
from llmaudit.catalog.build.witnesses import COLUMNS, RELEASES, Witnesses, vector_key
from llmaudit.catalog.load import packaged_folder

PRICE_FILES = ("tokencostauto/model_prices.json", litellm_json.PRICES)
GENAI_DATA = "genai_prices/data.py"
NO_DAY = 2020
"""Wheels that are built reproducibly have a fixed day of 1980 or 2020."""
Release = tuple[str, date, str, Stated]
"""List, day, package, and what it states."""


def newest_named(raw: bytes, on: date) -> date:
    """Return the newest day up to `on` that a release's data name, as text or as a date."""
    found = [date(*map(int, day)) for day in re.findall(rb"date\((20\d\d), *(\d+), *(\d+)\)", raw)]
    return max([genai.newest_day(raw, on), *(day for day in found if day <= on)])


def genai_days(wheels: list[Path], on: date) -> dict[Path, date]:
    """Return the day each wheel of genai-prices speaks for; wheels without one are left out."""
    ordered = sorted(wheels, key=lambda path: [int(part) for part in path.name.split("-")[1].split(".")])
    named = [newest_named(zipfile.ZipFile(path).read(GENAI_DATA), on) for path in ordered]
    # A day that was announced ahead is not yet that of the data: no release is newer than a later one.
    bounds = [min(named[place:]) for place in range(len(named))]
    by_day: dict[date, Path] = {}
    for place, path in enumerate(ordered[:-1]):
        later = next((day for day in bounds[place + 1 :] if day > bounds[place]), None)
        if later and later < on and bounds[place + 1] > bounds[place]:
            by_day[later] = path
    return {path: day for day, path in by_day.items()}


def genai_stated(wheel: Path, day: date, schedules: frozenset[str]) -> Stated:
    """Return what a wheel of genai-prices states; its data are Python, so they are imported from the wheel."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "genai_prices"]:
        del sys.modules[name]
    sys.path.insert(0, str(wheel))
    try:
        providers: Any = import_module("genai_prices.data").providers
    finally:
        sys.path.remove(str(wheel))
    raw = zipfile.ZipFile(wheel).read(GENAI_DATA)
    return genai.stated_in(providers, wheel.name.split("-")[1], digest(raw), day, schedules)


def releases(wheels: list[Path], schedules: frozenset[str], on: date) -> list[Release]:
    """Return every release that has a day."""
    found: list[Release] = []
    ours = [wheel for wheel in wheels if wheel.name.startswith("genai_prices-")]
    for wheel, day in genai_days(ours, on).items():
        package = "genai-prices@" + wheel.name.split("-")[1]
        found.append((genai.NAME, day, package, genai_stated(wheel, day, schedules)))
    for wheel in (wheel for wheel in wheels if wheel not in ours):
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in PRICE_FILES if name in archive.namelist())
            day = date(*archive.getinfo(name).date_time[:3])
            raw = archive.read(name)
        package, version = wheel.name.split("-")[:2]
        if day.year > NO_DAY:
            read = litellm_json.stated_in(raw, version, day, schedules)
            found.append((package, day, f"{package}@{version}", read))
    return sorted(found, key=lambda release: release[:3])


def aligned(release: Stated, on: date) -> Stated:
    """Return a release's facts under the ids that today's catalog has for them."""
    folder = overlay_folder()
    today = read_sources(None, on, schedule_ids(folder), {})
    sources = [release if source.name == release.name else source for source in today]
    without_names(align(sources), read_overlay(folder, packaged_folder() / "accepted-conflicts.yaml").names)
    return release


def wanted(on: date) -> set[tuple[str, str, str]]:
    """Return the vectors of which the catalog has a rate that was only seen, without what past releases say."""
    folder = overlay_folder()
    kept_by_hand = read_overlay(folder, packaged_folder() / "accepted-conflicts.yaml")
    sources = align(read_sources(None, on, schedule_ids(folder), {}))
    without_names(sources, kept_by_hand.names)
    believed, _ = compile_facts(sources, kept_by_hand, Witnesses())
    return {
        vector_key(seller, sku, when)
        for (seller, sku, _, when), facts in believed.items()
        if facts and facts[0].basis == "first-seen"
    }


def lines(found: list[Release], keys: set[tuple[str, str, str]]) -> list[list[str]]:
    """Return one line per vector and run of days on which a list stated the same prices."""
    said: dict[tuple[str, str, str], dict[int, str]] = defaultdict(dict)
    for place, (_, day, _, release) in enumerate(found):
        prices: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for fact in release.facts:
            begun = fact.valid_from is None or fact.valid_from.date() <= day
            is_open = begun and (fact.valid_to is None or fact.valid_to.date() > day)
            if is_open and vector_key(fact.seller, fact.sku, fact.when) in keys:
                prices[(fact.seller, fact.sku.lower(), fact.when)].append(f"{fact.unit}={plain(fact.usd)}")
        for key, cells in prices.items():
            said[key][place] = " ".join(sorted(cells))
    out: list[list[str]] = []
    for key in sorted(said):
        last = -2
        for place, text in said[key].items():
            day = found[place][1].isoformat()
            if place == last + 1 and out[-1][3] == text:
                out[-1][5] = day
            else:
                out.append([*key, text, day, day])
            last = place
    return out


def main(wheels: list[str]) -> None:
    """Write the files."""
    folder = packaged_folder() / "weeks"
    build = json.loads((packaged_folder() / "compiled" / "BUILD.json").read_text(encoding="utf-8"))
    on = max(date.fromisoformat(read["data_of"]) for read in build["inputs"].values())
    found = releases([Path(wheel) for wheel in wheels], schedule_ids(overlay_folder()), on)
    keys = wanted(on)
    with (folder / RELEASES).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("list", "day", "package"))
        writer.writerows((name, day, package) for name, day, package, _ in found)
    for name in sorted({name for name, *_ in found}):
        own = [release for release in found if release[0] == name]
        for *_, release in own:
            aligned(release, on)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(lines(own, keys))
        sys.stdout.write(f"{name}.csv from {len(own)} releases\n")


if __name__ == "__main__":
    main(sys.argv[1:])
