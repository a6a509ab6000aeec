"""Keys with more values than are told apart: the dearest keep their names, no total changes, and it is said."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from builders import litellm_row, write_jsonl
from running import Run

from llmaudit import crowded
from llmaudit.api import audit_paths
from llmaudit.audit import conclude, evidence_of, gather
from llmaudit.catalog import load_catalog
from llmaudit.facts import facts_of
from llmaudit.request import OTHER
from llmaudit.summaries.oversize import Oversize
from llmaudit.summaries.prefixes import Prefix

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


GATEWAYS = 12
"""Host names nobody knows, of which two cost most, and one gateway that the catalog knows and that costs least."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten requests a gateway, billed $7 each through gw-3, $5 through gw-5, 1 cent through OpenRouter, else $1."""
    dear = {3: "7", 5: "5"}
    rows = [
        {
            "id": f"g-{place}",
            "at": f"2026-10-0{1 + place % 3}T10:00:00Z",
            "via": "openrouter.ai" if gateway == GATEWAYS else f"gw-{gateway}.pods.example",
            "model": "gpt-4o",
            "input": 1000,
            "output": 10,
            "paid": "0.01" if gateway == GATEWAYS else dear.get(gateway, "1"),
        }
        for place in range(10 * (GATEWAYS + 1))
        for gateway in [place % (GATEWAYS + 1)]
    ]
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "map.yaml").write_text(
        "name: hosts\ncolumns: {request_id: id, started_at: at, gateway: via, model: model, input_tokens: input,"
        " output_tokens: output, billed_amount: paid}\nconstants: {seller: openai}\ninput_includes_cached: false\n"
    )
    return write_jsonl(folder / "hosts.jsonl", rows)


@pytest.fixture
def database(call: Run, hosts: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of those requests, and a limit of two gateways that the catalog does not know."""
    assert call("ingest", hosts, "--map", hosts.parent / "map.yaml", "--db", "hosts.duckdb").code == 0
    keys = tuple(replace(key, most=2, least=2) if key.name == "gateway" else key for key in crowded._KEYS)
    monkeypatch.setattr(crowded, "_KEYS", keys)
    return "hosts.duckdb"


def test_gateways_nobody_knows_are_merged_and_known_ones_never(call: Run, database: str) -> None:
    audit = call("report", "--db", database, "--json").json
    by_gateway = {row["name"]: row for row in audit["spend"]["by_gateway"]}
    assert by_gateway.keys() == {"gw-3.pods.example", "gw-5.pods.example", "openrouter", OTHER}
    assert by_gateway[OTHER]["requests"] == 10 * (GATEWAYS - 2)
    assert Decimal(by_gateway[OTHER]["spend_usd"]) == 10 * (GATEWAYS - 2)  # a dollar each
    assert sum(Decimal(row["spend_usd"]) for row in by_gateway.values()) == Decimal(audit["spend"]["spend_usd"])
    assert Decimal(audit["spend"]["spend_usd"]) == 70 + 50 + 100 + Decimal("0.10")
    (note,) = (one for one in audit["warnings"] if OTHER in one)
    assert note.startswith("10 gateways that the catalog does not know beyond the 2 with most spend"), note
    assert "100 requests, $100.00" in note


def test_merged_gateways_have_no_verdict_and_each_can_be_asked_for(call: Run, database: str) -> None:
    found = call("markup", "--db", database, "--json").json
    rows = {row["gateway"]: row for row in found["gateways"]}
    assert rows[OTHER]["verdict"] == "undecidable"
    assert rows[OTHER]["requests"] == 100
    assert Decimal(rows[OTHER]["billed_usd"]) == 100
    assert rows[OTHER]["overpaid_usd"] is None
    assert any(OTHER in warning for warning in found["warnings"])
    letter = call("markup", "letter", "gw-9.pods.example", "--db", database, "--out", "letter.md", "--json").json
    assert letter["requests"] == 10
    assert OTHER in call("status", "--db", database).err


def test_where_cells_are_too_many_fewer_values_are_kept_but_never_fewer_than_the_least(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    least = tuple(replace(key, least=3) for key in crowded._KEYS)
    monkeypatch.setattr(crowded, "_KEYS", least)
    with audit_paths([log]) as session:
        assert not crowded.crowded(session.store, session.catalog)
        monkeypatch.setattr(crowded, "MOST_CELLS", 10)
        kept = {crowd.key: crowd for crowd in crowded.crowded(session.store, session.catalog, top=15)}
    # 20 features and 4 models nobody knows (nobody-0, -3, -6, -9); 15 // 25 is 0, so that the least, 3, are kept
    assert {name: (crowd.top, crowd.folded.num_rows) for name, crowd in kept.items()} == {
        "feature": (3, 17),
        "model": (3, 1),
    }


def test_what_has_a_price_of_its_own_keeps_its_name() -> None:
    catalog = load_catalog()
    assert catalog.knows_gateway("openrouter.ai")
    assert catalog.knows_gateway("OpenRouter")
    assert not catalog.knows_gateway("gw-1.example")
    assert catalog.has_service_tier("Flex")
    assert catalog.has_service_tier("default")
    assert not catalog.has_service_tier("t-17")
    assert catalog.has_region("global")
    assert catalog.has_region("US")
    assert not catalog.has_region("r-17")


def test_what_was_not_built_is_not_taken_for_nothing_found(log: Path) -> None:
    with audit_paths([log]) as session:
        evidence = gather(session.store, session.catalog, (), only={Oversize})
        whole = gather(session.store, session.catalog, ())
    assert evidence.rows(Oversize) == whole.rows(Oversize)
    assert [one.spend_usd for one in evidence.cells] == [one.spend_usd for one in whole.cells]
    with pytest.raises(LookupError, match="gathered without Prefix"):
        evidence.rows(Prefix)
