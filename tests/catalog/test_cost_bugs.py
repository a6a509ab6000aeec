"""Real cost bugs of other tools: the same inputs through the catalog give the right figure, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, catalog_of, catalog_text, sku_text
from yaml_cases import read_text_cases

from llmaudit.catalog import Conditions, quote

CASES = read_text_cases(Path(__file__).with_name("cost_bugs.yaml"))


@pytest.mark.parametrize("case", CASES, ids=[case["issue"].removeprefix("https://github.com/") for case in CASES])
def test_cost(tmp_path: Path, case: dict[str, Any]) -> None:
    vectors = [f"usd_per_million: {flow(case['rates'])}"]
    if above := case.get("above"):
        threshold = above.pop("prompt_gt")
        vectors.append(f"when: {{prompt_gt: {threshold}}}, usd_per_million: {flow(above)}")
    catalog = catalog_of(tmp_path, catalog_text("bugs", sku_text("m", vectors)))
    tokens = {f"{name}_tokens": int(count) for name, count in case["tokens"].items()}
    found = quote(catalog, "m", tokens, Conditions(DAY), seller="bugs")
    assert found.cost_usd == found.low_usd == found.high_usd == Decimal(case["right_usd"])
    assert found.status == "priced"
    assert sum(part.cost_usd for part in found.components) == found.cost_usd


def flow(mapping: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in mapping.items()) + "}"
