"""`pricing verify`: each check fails on what it is for; the packaged catalog passes all but one, from a day on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from builders import catalog_of, catalog_text, sku_text

from llmaudit.catalog import Catalog
from llmaudit.catalog.verify import verify

TODAY = datetime(2026, 11, 26)  # noqa: DTZ001 -- naive UTC


def failed(catalog: Catalog, today: datetime = TODAY) -> dict[str, list[str]]:
    """Return what each failed check says of the test's own seller."""
    return {
        check.name: [f"{one.sku} {one.what}" for one in check.problems]
        for check in verify(catalog, today)
        if not check.passed
    }


def test_the_packaged_catalog(catalog: Catalog) -> None:
    """One promise has run out and nothing newer is known: that is what the check is for."""
    assert failed(catalog, datetime(2026, 11, 20)) == {}  # noqa: DTZ001
    found = failed(catalog)
    assert list(found) == ["promises"]
    assert [line.split()[0] for line in found["promises"]] == ["gpt-5.6-sol"]
    assert "holidays" in failed(catalog, datetime(2027, 1, 2))  # noqa: DTZ001


GOOD = "usd_per_million: {input: 1, output: 2}"
CASES = {
    "gaps": [
        "valid_from: 2026-01-01T00:00:00Z, valid_to: 2026-02-01T00:00:00Z, usd_per_million: {input: 1, output: 2}",
        "valid_from: 2026-03-01T00:00:00Z, usd_per_million: {input: 1, output: 2}",
    ],
    "promises": ["usd_per_million: {input: 1, output: 2}, firm_until: 2026-11-01T00:00:00Z"],
    "scale": ["fine: true, usd_per_million: {input: 0.0000025, output: 2}"],
    "sources": ["usd_per_million: {input: 1, output: 2}"],
}


@pytest.mark.parametrize("name", CASES)
def test_a_check_finds_what_it_is_for(tmp_path: Path, name: str) -> None:
    text = catalog_text("own", sku_text("m", CASES[name]))
    text = text.replace("source: test", 'source: ""') if name == "sources" else text
    found = failed(catalog_of(tmp_path, text))
    assert any(line.startswith("m ") for line in found[name])
    clean = failed(catalog_of(tmp_path, catalog_text("own", sku_text("m", [GOOD]))))
    assert not any(line.startswith("m ") for lines in clean.values() for line in lines)


def test_a_price_for_a_search_that_is_one_for_a_thousand(tmp_path: Path) -> None:
    text = catalog_text("own", sku_text("m", ["usd_per_million: {input: 1, output: 2}, usd_each: {web_search: 10}"]))
    assert "m web_search at $10 each" in failed(catalog_of(tmp_path, text))["scale"][0]


def test_overlaps_between_files(tmp_path: Path) -> None:
    """The later entry ends the earlier one; where that was said to hold longer, one of the two dates is wrong."""
    text = catalog_text(
        "own",
        sku_text(
            "m",
            [
                "valid_to: 2026-06-01T00:00:00Z, usd_per_million: {input: 1, output: 2}",
                "valid_from: 2026-03-01T00:00:00Z, usd_per_million: {input: 3, output: 4}",
            ],
        ),
    )
    said = "own m a price is said to hold until 2026-06-01T00:00:00Z, but the next one begins 2026-03-01T00:00:00Z"
    assert any(said.endswith(problem) for problem in failed(catalog_of(tmp_path, text))["overlaps"])
    open_end = text.replace("valid_to: 2026-06-01T00:00:00Z, ", "")
    assert "overlaps" not in failed(catalog_of(tmp_path, open_end))


def test_rules_that_touch_nothing(tmp_path: Path) -> None:
    rules = "discounts: [{pct: 10, models: [nothing-at-all], source: contract 9}]\n"
    found = failed(catalog_of(tmp_path, catalog_text("own", sku_text("m", [GOOD])) + rules))
    assert "nothing-at-all a discount of 10% that touches nothing" in found["rules"]
