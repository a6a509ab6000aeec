"""A plan that cannot be used is refused with line and column, the value and what to write instead (checks.yaml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from yaml_cases import read_cases

from llmaudit.catalog import Catalog
from llmaudit.errors import InputError
from llmaudit.plans import load_plan, preset_names
from llmaudit.plans.model import Assume

CASES = read_cases(Path(__file__).parent / "checks.yaml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"][0])
def test_what_is_wrong_and_where(catalog: Catalog, tmp_path: Path, case: dict[str, Any]) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(case["plan"])
    with pytest.raises(InputError) as raised:
        load_plan(str(path), catalog)
    said = str(raised.value)
    line, column = case["at"]
    assert said.startswith(f"plan.yaml:{line}:{column}:"), said
    for word in case["says"]:
        assert word in said


def test_presets_are_well(catalog: Catalog) -> None:
    assert {load_plan(name, catalog).name for name in preset_names()} == set(preset_names()) >= {
        "as-is",
        "direct",
        "tiered",
        "cheapest-capable",
        "single-provider",
        "open-weights",
        "batch-what-can-wait",
        "cache-aware",
    }  # fmt: skip


def test_a_maker_that_sells_nothing_itself_is_known(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("name: p\nconstraints: {providers: [microsoft]}\nrules: []")
    assert "microsoft" not in catalog.sellers
    assert load_plan(str(path), catalog).constraints.providers == ["microsoft"]


EDGES = ["at_least: 0", "at_least: 200001", "at_most: 200000", "at_most: 199999", "at_least: 128000, at_most: 200000"]


@pytest.mark.parametrize("size", EDGES)
def test_sizes_at_edges_are_taken(catalog: Catalog, tmp_path: Path, size: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(f"name: p\nrules: [{{when: {{size: {{{size}}}}}, keep: true}}]")
    assert load_plan(str(path), catalog).name == "p"


def test_words_and_shares_of_a_cache() -> None:
    assert [str(Assume(cache=word).lost_share) for word in ("kept", "sticky", "lost", "0.75")] == [
        "0",
        "0",
        "1",
        "0.25",
    ]
