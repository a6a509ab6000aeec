"""Keys with more values than are told apart: the dearest keep their names, no total changes, and it is said."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from builders import litellm_row, write_jsonl
from running import Run

from llmaudit.api import audit_paths
from llmaudit.audit import conclude, evidence_of
from llmaudit.facts import facts_of
from llmaudit.resolve import OTHER

DEAREST = {"feature:f-7": "9", "feature:f-3": "5"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty features, of which two cost most; twelve models nobody knows, one of them dear, and one that is priced."""
    rows = [
        litellm_row(
            f"r-{place}",
            f"2026-10-01T10:{place % 60:02}:00",
            model="gpt-5.6-sol" if place % 3 else f"nobody-{place % 12}",
            provider="openai" if place % 3 else "hosted_vllm",
            prompt=1000,
            completion=10,
            spend=DEAREST.get(f"feature:f-{place % 20}", None if place % 2 else "0.001"),
            tags=[f"feature:f-{place % 20}", f"team:t-{place % 2}"],
        )
        for place in range(240)
    ]
    return write_jsonl(tmp_path_factory.mktemp("crowd") / "log.jsonl", rows)


def test_the_dearest_keep_their_names_and_no_total_changes(log: Path) -> None:
    with audit_paths([log]) as session:
        whole, few = (facts_of(session.store, session.catalog, top=top) for top in (5_000, 2))
        features = Counter[str | None]()
        for cell in few.cells:
            features[cell.feature] += cell.requests
        assert features == {"f-7": 12, "f-3": 12, OTHER: 216}
        assert {cell.team for cell in few.cells} == {"t-0", "t-1"}, "two teams are not too many"
        unknown = {cell.model for cell in few.cells if cell.sku is None}
        assert len(unknown) == 3
        assert OTHER in unknown
        one, other = (conclude(evidence_of(facts, session.catalog)) for facts in (whole, few))
    assert whole.notes == ()
    assert (other.spend.spend_usd, other.spend.list_usd) == (one.spend.spend_usd, one.spend.list_usd)
    assert [plan.cost_usd for plan in other.savings.plans] == [plan.cost_usd for plan in one.savings.plans]
    (note,) = (note for note in few.notes if "feature" in note)
    # 24 requests of the two dearest are out; 9 x 12 + 5 x 12 = 168 of the whole belong to them
    assert "18 values of feature beyond the 2 with most spend" in note
    assert "216 requests" in note
    assert note in other.warnings
    rest = one.spend.spend_usd - Decimal(9 * 12 + 5 * 12)
    assert f"${rest:.2f}" in note


def test_the_limit_is_an_option_and_travels(call: Run, log: Path) -> None:
    assert call("ingest", log, "--db", "a.duckdb").code == 0
    done = call("rollup", "--db", "a.duckdb", "--out", "cells.parquet", "--top", "2")
    assert done.code == 0
    assert "stand together as (other)" in done.err
    warnings = call("audit", "cells.parquet", "--json").json["warnings"]
    assert any("beyond the 2 with most spend" in warning for warning in warnings)
