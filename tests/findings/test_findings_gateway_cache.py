"""Answers from a gateway's own cache: no call, so no list cost; what the calls would have cost is a figure of its own.

flagship-7 costs $7 a million whatever the token. One call of 1,000 + 100 tokens is 1,100 x 7 / 1,000,000 = $0.0077.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from builders import cell, evidence, litellm_row, write_jsonl
from running import Ran, run_here

from llmaudit.catalog import Catalog
from llmaudit.findings import gateway_cache

CALL = Decimal("0.0077")
WHY = "the gateway answered from its own cache, so no model was called"


def row(number: int, request_id: str, **known: Any) -> dict[str, Any]:
    """Return a row of October 1st, an hour apart, at $0.0077 as LiteLLM charges it."""
    said = {"model": "flagship-7", "provider": "example", "prompt": 1000, "completion": 100, "spend": "0.0077"}
    return litellm_row(request_id, f"2026-10-01T{10 + number}:00:00Z", tags=["feature:faq"], **(said | known))


def hit(number: int, request_id: str, **known: Any) -> dict[str, Any]:
    """Return an answer from LiteLLM's cache, with the counts of the stored answer and no charge."""
    return row(number, request_id, **({"spend": "0"} | known)) | {"cache_hit": "True"}


ROWS = [
    row(0, "first"),
    hit(1, "first_cache_hit1"),
    hit(2, "first_cache_hit2", prompt=0, completion=0),  # the log does not say what the stored answer had used
    hit(3, "other_cache_hit1", model="nobody-knows", provider="nobody"),  # nobody knows what it would cost
    hit(4, "dear_cache_hit1", spend="0.001"),  # what a gateway charges for a hit is spend, and over no list cost
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hits")
    assert run_here(made, "ingest", write_jsonl(made / "log.jsonl", ROWS)).code == 0
    return made


def answer(folder: Path, *line: str) -> Any:
    done = run_here(folder, *line, "--json")
    assert done.code == 0, done.err
    return done.json


def dollars(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def test_hits_have_no_list_cost_and_no_tokens_and_what_they_avoided_stands_apart(folder: Path) -> None:
    audit = answer(folder, "report", "--format", "json")
    spent, found = audit["spend"], audit["gateway_cache"]
    assert dollars(spent["list_usd"]) == CALL
    assert dollars(spent["billed_usd"]) == dollars(spent["spend_usd"]) == CALL + Decimal("0.001")
    assert (spent["requests"], spent["unpriced_requests"]) == (5, 0)
    assert (spent["tokens"]["input"], spent["tokens"]["output"]) == (1000, 100)
    assert audit["coverage"]["usage"] == {"reported": 1, "gateway_cache": 4}
    assert audit["coverage"]["unpriced"] == []
    assert (found["requests"], found["unknown_requests"]) == (4, 2)
    assert dollars(found["avoided_usd"]) == 2 * CALL
    assert dollars(found["charged_usd"]) == Decimal("0.001")
    (gateway,) = found["by_gateway"]
    assert (gateway["name"], gateway["requests"], gateway["answers"], gateway["hit_pct"]) == ("litellm", 4, 5, 80)
    for rows in (found["by_gateway"], found["by_model"], found["by_feature"]):
        assert sum(one["requests"] for one in rows) == 4
        assert sum(Decimal(one["avoided_usd"] or 0) for one in rows) == 2 * CALL


def test_the_commands_agree(folder: Path) -> None:
    """Status, prices by request, plans, exports and the check: none of them counts a call that was not made."""
    status = answer(folder, "status")
    assert status["gateway_cache"] == {"requests": 4, "avoided_usd": "0.015400", "unknown_requests": 2}
    assert (status["list_usd"], status["tokens"]["input"]) == ("0.007700", 1000)
    assert Decimal(answer(folder, "pricing", "apply")["list_usd"]) == CALL
    direct = answer(folder, "reprice", "--plan", "direct", "--out", "rows.parquet")
    assert Decimal(direct["actual"]["list_usd"]) == CALL
    assert Decimal(direct["plans"][0]["cost_usd"]) == CALL + Decimal("0.001")  # what was charged for a hit stays
    ((summed,),) = duckdb.execute(f"SELECT sum(cost_usd) FROM '{folder}/rows.parquet'").fetchall()
    assert summed == CALL + Decimal("0.001")
    assert run_here(folder, "export", "--to", ".", "--format", "csv").code == 0
    with (folder / "requests.csv").open() as rows:
        exported = {one["request_id"]: one for one in csv.DictReader(rows)}
    assert Decimal(exported["first_cache_hit1"]["list_usd"]) == 0
    assert exported["first_cache_hit1"]["input_tokens"] == "1000"  # as logged
    assert run_here(folder, "baseline", "save", "b.json").code == 0
    kept = msgspec.json.decode((folder / "b.json").read_bytes())
    assert (kept["requests"], kept["unpriced"]) == (5, 0)


def test_a_cells_file_says_the_same(folder: Path) -> None:
    assert run_here(folder, "rollup", "--out", "cells.parquet").code == 0
    whole, cells = (answer(folder, "report", "--format", "json"), answer(folder, "audit", "cells.parquet"))
    assert cells["gateway_cache"] == whole["gateway_cache"]
    assert cells["spend"] == whole["spend"]


def test_a_hit_is_no_repeat_that_a_cache_could_have_spared_and_proves_no_discount(folder: Path) -> None:
    audit = answer(folder, "report", "--format", "json")
    (lever,) = (one for one in audit["opportunities"]["levers"] if one["name"] == "response_cache")
    assert lever["requests"] == 0
    (gateway,) = audit["markup"]["gateways"]
    assert Decimal(gateway["over_list_usd"]) == 0  # 0.0077 billed over 0.0077 of list: hits are compared with nothing


def test_a_plan_moves_the_call_and_leaves_the_hits(folder: Path) -> None:
    """The call goes to budget-0.5: 1,100 x 0.5 / 1,000,000 = $0.00055, verified for as much again; hits are not."""
    rules = "rules:\n  - use: example/budget-0.5\n    verify: {cost_ratio: 1}\n"
    (folder / "all.yaml").write_text(f"name: all\n{rules}")
    (plan,) = answer(folder, "reprice", "--plan", "all.yaml")["plans"]
    assert (plan["moved_requests"], plan["refused"]) == (1, {WHY: 4})
    assert Decimal(plan["cost_usd"]) == 2 * Decimal("0.00055") + Decimal("0.001")


def test_explain_shows_what_was_avoided(folder: Path) -> None:
    (step,) = answer(folder, "explain", "first_cache_hit1")["requests"]
    assert (step["list"]["cost_usd"], step["list"]["avoided_usd"]) == ("0.000000", "0.007700")
    assert [part["tokens"] for part in step["list"]["components"]] == [1000, 100]
    (unknown,) = answer(folder, "explain", "first_cache_hit2")["requests"]
    assert (unknown["list"]["cost_usd"], unknown["list"]["avoided_usd"]) == ("0.000000", None)
    said = run_here(folder, "explain", "first_cache_hit1").out
    assert "avoided     input_tokens 1,000 x 7.000000 per million = 0.007000" in said
    assert "list cost   0: the gateway answered from its own cache" in said


def test_people_are_told(folder: Path) -> None:
    told = "4 answers from a gateway's own cache"
    assert told in run_here(folder, "status").out
    assert told in run_here(folder, "audit", "log.jsonl").out
    assert run_here(folder, "report", "--out", "r.md").code == 0
    assert "4 answers came from a gateway's own cache" in (folder / "r.md").read_text()


def old(path: Path) -> None:
    """Make a database of what it was before hits had a usage status: their counts as reported, their amount of 0."""
    with duckdb.connect(str(path)) as store:
        store.execute("UPDATE requests SET usage_status = 'reported' WHERE request_id <> 'first_cache_hit2'")
        store.execute(
            "UPDATE requests SET usage_status = 'reported', input_tokens = 0, output_tokens = 0"
            " WHERE request_id = 'first_cache_hit2'"
        )
        store.execute("UPDATE meta SET value = '12' WHERE name = 'schema'")


def test_hits_of_an_old_database_are_known_by_their_amount(tmp_path: Path) -> None:
    free = ROWS[:4]
    assert run_here(tmp_path, "ingest", write_jsonl(tmp_path / "log.jsonl", free)).code == 0
    before = answer(tmp_path, "status")
    old(tmp_path / "llmaudit.duckdb")
    assert answer(tmp_path, "status") == before
    assert answer(tmp_path, "verify")["ok"]


def test_without_a_hit_nothing_is_said(catalog: Catalog, tmp_path: Path) -> None:
    found = gateway_cache.find(evidence(catalog, cell(tokens=1000)))
    assert (found.requests, found.avoided_usd, found.by_gateway) == (0, 0, [])
    done: Ran = run_here(tmp_path, "audit", write_jsonl(tmp_path / "log.jsonl", ROWS[:1]))
    assert "own cache" not in done.out
