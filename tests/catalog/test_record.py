"""The six labs' own prices on five days against model-prices' record, asked through its own API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import model_prices
import pytest
from yaml_cases import read_cases

from llmaudit.catalog import Catalog, Conditions, quote

LABS = ("openai", "anthropic", "google", "mistral", "deepseek", "xai")
DAYS = ("2025-07-01", "2025-12-01", "2026-03-01", "2026-07-01", "2026-10-26", "2026-11-26")
RECORD_ENDS = "2026-10-26"
NOON, NIGHT = "12:00", "02:00"  # outside and inside of DeepSeek's dearer hours
COUNTERS = {"input": "input_tokens", "output": "output_tokens", "cache_read": "cache_read_tokens"}
LEAST_EQUAL = 0.99

EXCEPTIONS = read_cases(Path(__file__).with_name("record_exceptions.yaml"))["exceptions"]
NOT_SOLD = {
    (case["seller"], sku)
    for case in EXCEPTIONS
    for sku in case["skus"]
    if "retired" in case["class"] or "moved" in case["class"]
}
"""Names that the record carries on after their end or their move; what it says then is no price of that day."""

COVERED: dict[tuple[str, str, str], list[Decimal | None]] = {
    (case["seller"], sku, unit): [usd and Decimal(usd) for usd in (ours if isinstance(ours, list) else [ours])]
    for case in EXCEPTIONS
    for sku in case["skus"]
    for unit, ours in case["units"].items()
}


def skus() -> Iterator[tuple[str, str]]:
    """Yield every model of the six labs that the package knows; it has no call that lists them."""
    prices = model_prices._data()["prices"]
    yield from ((lab, sku) for lab in LABS for sku in prices[lab])


def compared(catalog: Catalog, day: str, hour: str) -> Iterator[tuple[str, str, str, Decimal, Decimal | None]]:
    """Yield seller, sku, unit, the record's price and the catalog's, for every model with a price at an instant."""
    at = f"{day}T{hour}:00"
    for lab, sku in skus():
        record = model_prices.rates(sku, at=f"{at}Z", provider=lab)
        # The package prices what is older than its record at the first price; that is no record of that day.
        if record is None or record.valid_from > f"{at}Z":
            continue
        stated = {unit: getattr(record, unit) for unit in COUNTERS if getattr(record, unit) is not None}
        ours = catalog_rates(catalog, lab, sku, datetime.fromisoformat(at), stated)
        for unit, usd in stated.items():
            yield lab, sku, unit, Decimal(str(round(usd, 12))), ours.get(unit)


def catalog_rates(catalog: Catalog, lab: str, sku: str, at: datetime, stated: Any) -> dict[str, Decimal]:
    """Return the catalog's price of each stated unit.

    Of a model that makes images, the package's one output price is that of images (its README); the catalog keeps the
    price of image tokens apart from that of text.
    """
    tokens = {COUNTERS[unit]: 1000 for unit in stated}
    plain = quote(catalog, sku, tokens, Conditions(at, region="global"), seller=lab)
    found = {part.unit: part.usd for part in plain.components}
    images = quote(catalog, sku, {**tokens, "output_image_tokens": 1000}, Conditions(at, region="global"), seller=lab)
    of_images = {part.unit: part.usd for part in images.components}
    if "output_image" in of_images and "image" in sku.replace("banana", "image"):
        found["output"] = of_images["output_image"]
    return found


def told(catalog: Catalog, day: str, hour: str) -> tuple[Counter[str], list[Any]]:
    """Return how many prices are equal, explained, or of what is no longer sold, and those that are none of it."""
    counts: Counter[str] = Counter()
    unexplained = []
    for lab, sku, unit, record, ours in compared(catalog, day, hour):
        if ours == record:
            counts["equal"] += 1
        elif ours in COVERED.get((lab, sku, unit), ()):
            counts["not sold" if (lab, sku) in NOT_SOLD else "explained"] += 1
        else:
            unexplained.append((lab, sku, unit, record, ours))
    return counts, unexplained


@pytest.mark.parametrize("hour", [NOON, NIGHT])
@pytest.mark.parametrize("day", DAYS)
def test_record(catalog: Catalog, day: str, hour: str) -> None:
    counts, unexplained = told(catalog, day, hour)
    assert not unexplained
    assert counts["equal"] > 190


def test_at_least_99_percent_are_equal(catalog: Catalog) -> None:
    # what the record says of a day after its end is not known to have held
    counts = sum((told(catalog, day, NOON)[0] for day in DAYS if day <= RECORD_ENDS), Counter[str]())
    assert counts["equal"] > 2000
    assert counts["equal"] / (counts["equal"] + counts["explained"]) >= LEAST_EQUAL


def test_every_exception_is_needed(catalog: Catalog) -> None:
    rows = (row for day in DAYS for hour in (NOON, NIGHT) for row in compared(catalog, day, hour))
    assert set(COVERED) <= {row[:3] for row in rows if row[3] != row[4]}
