"""The six labs' own prices against what LiteLLM's price file said in those very weeks.

The weeks are in pricing/weeks/; `benchmarks/litellm_weeks.py` made them. Every difference must fall in a class
of `litellm_classes.yaml`, which says who is right and by which source; a class that no difference needs fails as well.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from yaml_cases import read_cases

from llmaudit.catalog import Catalog, Conditions, quote
from llmaudit.catalog.load import packaged_folder

FOLDER = packaged_folder() / "weeks"
WEEKS = sorted(path.stem for path in FOLDER.glob("20*.csv"))
CLASSES = read_cases(Path(__file__).with_name("litellm_classes.yaml"))["classes"]
COUNTERS = {"input": "input_tokens", "output": "output_tokens", "cache_read": "cache_read_tokens"}
Difference = tuple[str, str, str, str]
"""Week, lab, sku, unit."""


def class_of(difference: Difference) -> str | None:
    """Return the class of a difference, or None."""
    week, lab, sku, unit = difference
    for known in CLASSES:
        for case in known["of"]:
            within = str(case.get("from", "")) <= week <= str(case.get("to", "9999"))
            if case["lab"] == lab and sku in case["skus"] and within and unit in case.get("units", COUNTERS):
                return str(known["class"])
    return None


def rows(week: str) -> Iterator[dict[str, str]]:
    with (FOLDER / f"{week}.csv").open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def compared(catalog: Catalog, week: str) -> Iterator[tuple[Difference, Decimal, Decimal | None]]:
    """Yield what LiteLLM said and what the catalog says of every rate; None is no price at that instant."""
    noon = datetime.fromisoformat(f"{week}T12:00")
    for row in rows(week):
        stated = {unit: Decimal(row[unit]) for unit in COUNTERS if row[unit]}
        for unit, usd in stated.items():
            found = quote(
                catalog, row["sku"], {COUNTERS[unit]: 1000}, Conditions(noon, region="global"), seller=row["lab"]
            )
            ours = next((part.usd for part in found.components if part.unit == unit), None)
            yield (week, row["lab"], row["sku"], unit), usd, ours


@pytest.fixture(scope="module")
def differences(catalog: Catalog) -> dict[str, Any]:
    """Every week: its differences, and how many rates were equal or had no price."""
    out: dict[str, Any] = {}
    for week in WEEKS:
        counts: Counter[str] = Counter()
        differ: list[Difference] = []
        for difference, usd, ours in compared(catalog, week):
            counts["none" if ours is None else "equal" if ours == usd else "different"] += 1
            if ours is not None and ours != usd:
                differ.append(difference)
        out[week] = (differ, counts)
    return out


@pytest.mark.parametrize("week", WEEKS)
def test_every_difference_is_classified(differences: dict[str, Any], week: str) -> None:
    differ, counts = differences[week]
    assert [difference for difference in differ if class_of(difference) is None] == []
    assert counts["equal"] > 10 * counts["different"] or week == "2026-05-23"  # xAI's redirects


def test_every_class_is_needed(differences: dict[str, Any]) -> None:
    found = [difference for differ, _ in differences.values() for difference in differ]
    unneeded = [
        (known["class"], sku)
        for known in CLASSES
        for case in known["of"]
        for sku in case["skus"]
        if not any(lab == case["lab"] and name == sku for _, lab, name, _ in found)
    ]
    assert unneeded == []


def test_every_class_names_the_right_side_and_its_source() -> None:
    assert {known["right"] for known in CLASSES} <= {"ours", "litellm", "unknown"}
    assert all(known["source"] and known["why"] for known in CLASSES)
