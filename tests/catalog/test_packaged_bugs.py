"""Real cost bugs of other tools, by name and date from the packaged catalog: the right figure, or none."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from yaml_cases import read_cases

from llmaudit.catalog import Catalog, Conditions, quote

CASES = read_cases(Path(__file__).with_name("packaged_bugs.yaml"))


@pytest.mark.parametrize("case", CASES, ids=[f"{case['issue'][-30:]}: {case['wrong'][:40]}" for case in CASES])
def test_cost(catalog: Catalog, case: dict[str, Any]) -> None:
    ask = dict(case["ask"])
    model, seller, at = ask.pop("model"), ask.pop("seller", None), datetime.fromisoformat(str(ask.pop("at")))
    tokens = {name: ask.pop(name) for name in list(ask) if name.endswith("_tokens")}
    found = quote(catalog, model, tokens, Conditions(at, **ask), seller=seller)
    assert found.cost_usd == (None if case["usd"] is None else Decimal(case["usd"]))
    assert (found.status == "unpriced") == (case["usd"] is None)
