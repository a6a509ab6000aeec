"""Past releases of undated lists take a price back as far as each of them says the same, and never further."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from making import fact

from llmaudit.catalog.build.fact import Fact
from llmaudit.catalog.build.merge import RateKey
from llmaudit.catalog.build.witnesses import COLUMNS, RELEASES, read, seen_earlier
from llmaudit.catalog.compiled import read_compiled
from llmaudit.catalog.load import packaged_folder

DAYS = ("2026-05-23", "2026-07-12", "2026-09-10", "2026-10-21")
ALL = (DAYS[0], DAYS[-1])
Line = tuple[str, str, str, str]
"""When, prices, first and last day."""


def folder_of(path: Path, lists: dict[str, list[Line]], seller: str) -> Path:
    """Write witnesses of one seller's `m`; every list has a release on each of DAYS."""
    with (path / RELEASES).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("list", "day", "package"))
        writer.writerows((name, day, f"{name}@{day}") for name in lists for day in DAYS)
    for name, lines in lists.items():
        with (path / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            writer.writerows((seller, "m", *line) for line in lines)
    return path


def timelines_of(facts: Iterable[Fact]) -> dict[RateKey, list[Fact]]:
    return {(f.seller, f.sku, f.unit, f.when): [f] for f in facts}


def starts(
    tmp_path: Path,
    lists: dict[str, list[Line]],
    rates: dict[str, str],
    *,
    seller: str = "groq",
    basis: str = "first-seen",
) -> dict[str, str]:
    """Return the first day of each of today's rates of `m`, seen on 2026-11-04; a rate is `unit` or `unit when`."""
    facts = []
    for name, usd in rates.items():
        unit, _, when = name.partition(" ")
        facts.append(
            fact(
                "genai-prices", usd, seller=seller, sku="M", unit=unit, when=when, valid_from="2026-11-04", basis=basis
            )
        )
    out = seen_earlier(timelines_of(facts), read(folder_of(tmp_path, lists, seller)))
    return {f"{unit} {when}".strip(): str(found[0].valid_from)[:10] for (_, _, unit, when), found in out.items()}


NOW = {"input": "1", "output": "2"}
SAME = "input=1 output=2"
CASES = {
    "the same all along": ({"tokencostauto": [("", SAME, *ALL)]}, DAYS[0]),
    "listed since July": ({"tokencostauto": [("", SAME, DAYS[1], DAYS[3])]}, DAYS[1]),
    "another input before": (
        {"tokencostauto": [("", "input=3 output=2", DAYS[0], DAYS[1]), ("", SAME, DAYS[2], DAYS[3])]},
        DAYS[2],
    ),
    "a break in between": ({"tokencostauto": [("", SAME, DAYS[0], DAYS[0]), ("", SAME, DAYS[3], DAYS[3])]}, DAYS[3]),
    "other prices until the last release": ({"tokencostauto": [("", "input=1 output=3", *ALL)]}, "2026-11-04"),
    "gone from the last release": ({"tokencostauto": [("", SAME, DAYS[0], DAYS[2])]}, "2026-11-04"),
    "printed finer": ({"tokencostauto": [("", "input=1.004 output=2", *ALL)]}, DAYS[0]),
    "one percent dearer": ({"tokencostauto": [("", "input=1.01 output=2", *ALL)]}, "2026-11-04"),
    "no output yet": ({"tokencostauto": [("", "input=1", DAYS[0], DAYS[1]), ("", SAME, DAYS[2], DAYS[3])]}, DAYS[2]),
    "a price for long prompts that is gone": (
        {"tokencostauto": [("", SAME, *ALL), ("prompt_gt=200000", "input=2 output=3", DAYS[0], DAYS[1])]},
        DAYS[2],
    ),
    "the believed list is shorter, and the other one agrees": (
        {"genai-prices": [("", SAME, DAYS[2], DAYS[3])], "tokencostauto": [("", SAME, *ALL)]},
        DAYS[0],
    ),
    "the believed list said another price": (
        {
            "genai-prices": [("", "input=5 output=6", DAYS[0], DAYS[1]), ("", SAME, DAYS[2], DAYS[3])],
            "tokencostauto": [("", SAME, *ALL)],
        },
        DAYS[2],
    ),
    "the fuller list lacks it": (
        {"tokencostauto": [("", SAME, DAYS[0], DAYS[0])], "litellm": [("", SAME, *ALL)]},
        "2026-11-04",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_price_begins_at_the_first_release_of_the_run(tmp_path: Path, case: str) -> None:
    lists, first = CASES[case]
    assert starts(tmp_path, lists, NOW) == {"input": first, "output": first}


def test_a_rate_that_an_older_release_lacks_begins_when_it_was_first_seen(tmp_path: Path) -> None:
    lists = {"tokencostauto": [("", SAME, DAYS[0], DAYS[1]), ("", "cache_read=0.1 " + SAME, DAYS[2], DAYS[3])]}
    found = starts(tmp_path, lists, {**NOW, "cache_read": "0.1"})
    assert found == {"input": DAYS[0], "output": DAYS[0], "cache_read": DAYS[2]}


def test_no_short_prompt_price_without_the_one_for_long_prompts(tmp_path: Path) -> None:
    """A long prompt of a day on which only the short price is on record would be priced as a short one."""
    long = "prompt_gt=200000"
    lists = {"tokencostauto": [("", SAME, *ALL), (long, "input=2 output=3", DAYS[2], DAYS[3])]}
    found = starts(tmp_path, lists, {**NOW, f"input {long}": "2", f"output {long}": "3"})
    assert set(found.values()) == {DAYS[2]}


def test_a_maker_is_asked_of_every_list(tmp_path: Path) -> None:
    lists: dict[str, list[Line]] = {
        "genai-prices": [("", SAME, *ALL)],
        "tokencostauto": [("", "input=9 output=9", DAYS[0], DAYS[1]), ("", SAME, DAYS[2], DAYS[3])],
    }
    assert set(starts(tmp_path, lists, NOW, seller="openai").values()) == {DAYS[2]}
    assert set(starts(tmp_path, lists, NOW).values()) == {DAYS[0]}


@pytest.mark.parametrize("basis", ["documented", "assumed"])
def test_a_price_with_a_start_keeps_it(tmp_path: Path, basis: str) -> None:
    assert set(starts(tmp_path, {"tokencostauto": [("", SAME, *ALL)]}, NOW, basis=basis).values()) == {"2026-11-04"}


def test_the_witness_is_the_source(tmp_path: Path) -> None:
    now = fact("genai-prices", "1", seller="groq", sku="m", valid_from="2026-11-04")
    lists: dict[str, list[Line]] = {"tokencostauto": [("", "input=1", DAYS[1], DAYS[3])]}
    (found,) = seen_earlier(timelines_of([now]), read(folder_of(tmp_path, lists, "groq"))).values()
    assert [(f.usd, f.basis, f.valid_to, f.origin.package) for f in found] == [
        (Decimal(1), "first-seen", None, "tokencostauto@2026-07-12")
    ]


def test_no_folder_is_no_witness(tmp_path: Path) -> None:
    known = timelines_of([fact("litellm", "1", valid_from="2026-11-02")])
    assert seen_earlier(known, read(tmp_path)) == known


def test_every_packaged_row_that_a_release_begins_is_stated_by_it() -> None:
    """Held to the witness files as text: the day is the release's, and the price stands in a line that covers it."""
    folder = packaged_folder() / "weeks"
    with (folder / RELEASES).open(encoding="utf-8", newline="") as lines:
        listed = {line["package"]: (line["list"], date.fromisoformat(line["day"])) for line in csv.DictReader(lines)}
    said: dict[tuple[str, ...], list[tuple[str, str, str]]] = {}
    for name in {name for name, _ in listed.values()}:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines):
                key = (name, line["seller"], line["sku"], line["when"])
                said.setdefault(key, []).append((line["first"], line["last"], line["prices"]))
    compiled = read_compiled(packaged_folder() / "compiled")
    count = 0
    for seller, sku in compiled.rows:
        for rate in compiled.rates((seller, sku), None):
            if rate.evidence.package not in listed or rate.evidence.basis != "first-seen":
                continue
            name, day = listed[rate.evidence.package]
            when = ";".join(f"{key}={str(value).lower()}" for key, value in sorted(rate.when.given.items()))
            assert rate.start.date() == day
            lines_then = [
                prices
                for first, last, prices in said[(name, seller, sku.lower(), when)]
                if first <= day.isoformat() <= last
            ]
            stated = dict(part.split("=") for part in " ".join(lines_then).split())
            assert abs(Decimal(stated[rate.unit]) - rate.usd) <= rate.usd * Decimal("0.005"), (seller, sku, rate.unit)
            count += 1
    assert count > 5000
