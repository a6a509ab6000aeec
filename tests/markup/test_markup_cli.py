"""From a log to a verdict, a letter and a saving, on the command line."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from builders import litellm_row, write_jsonl
from running import Ran, Run, run_here

from llmaudit.audit import gather, gather_gateways
from llmaudit.catalog import Catalog, load_catalog
from llmaudit.datasets.markup import World, payments, simulate
from llmaudit.datasets.markup_logs import litellm_rows, openai_rows, openrouter_rows, statement_rows
from llmaudit.findings.markup import find
from llmaudit.levers.markup import LEVER
from llmaudit.store import Store
from llmaudit.summaries.billed import BilledRequest

STATEMENT = """payment_id,gateway,date,kind,paid,credits,currency
p1,litellm,2026-10-01,credits,105.50,100.00,USD
p2,litellm,2026-10-02,credits,10.80,10.00,USD
p3,litellm,2026-10-03,credits,52.75,50.00,USD
"""


def month(world: World, seed: int = 3) -> list[BilledRequest]:
    return simulate(world, load_catalog(), np.random.default_rng(seed))


def write_json(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write rows as JSON lines; amounts are numbers as they stand, not texts."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    path.write_bytes(b"".join(encoder.encode(row) + b"\n" for row in rows))
    return path


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a month at 10% over list, and payments to the gateway."""
    made = tmp_path_factory.mktemp("markup")
    write_json(made / "log.jsonl", litellm_rows(month(World(requests=600, rule="token_rate", rate=1.1))))
    (made / "paid.csv").write_text(STATEMENT)
    done = run_here(made, "ingest", "log.jsonl", "paid.csv", "--db", "m.duckdb", "-q")
    assert done.code == 0, done.err
    return made


def gateway(ran: Ran) -> dict[str, Any]:
    (row,) = ran.json["gateways"]
    return dict(row)


def test_verdict_with_its_dollars(folder: Path) -> None:
    found = gateway(run_here(folder, "markup", "--db", "m.duckdb", "--json"))
    assert (found["verdict"], found["kind"]) == (
        "markup",
        "top_up" if Decimal(found["list_usd"]) < 1 else found["kind"],
    )
    rate, fee = sorted(found["found"], key=lambda one: one["kind"])
    assert (rate["kind"], round(rate["pct"], 4)) == ("token_rate", 10.0)
    assert Decimal(rate["overpaid_usd"]) == pytest.approx(Decimal(found["list_usd"]) / 10, rel=Decimal("0.0001"))
    assert (fee["kind"], fee["pct"], fee["fixed_usd"], fee["overpaid_usd"]) == ("top_up", 5.5, "0.800000", "9.050000")
    # 9.05 of 160 is what credit cost over its face value: 1.1 x (1 + 9.05 / 160)
    assert Decimal(found["cost_per_list_usd"]) == pytest.approx(
        Decimal("1.1") * (1 + Decimal("9.05") / 160), rel=Decimal("1e-6")
    )
    assert [one["channel"] for one in found["sums"]] == [
        "token_rate", "top_up", "subscription", "add_on", "conversion", "token_count",
    ]  # fmt: skip
    assert len(found["samples"]) > 0


def test_tables(folder: Path) -> None:
    shown = run_here(folder, "markup", "--db", "m.duckdb", "--by", "gateway,day,kind")
    assert shown.code == 0
    assert "2026-10-01" in shown.out
    assert "token_rate" in shown.out
    assert run_here(folder, "markup", "--db", "m.duckdb", "--by", "gateway,colour").code == 2


@pytest.mark.parametrize("ending", ["md", "html"])
def test_letter(folder: Path, ending: str) -> None:
    done = run_here(folder, "markup", "letter", "litellm", "--out", f"letter.{ending}", "--db", "m.duckdb")
    assert done.code == 0, done.err
    text = (folder / f"letter.{ending}").read_text()
    assert "1.1 times list" in text
    assert "sim-0" in text
    assert "<script" not in text


def test_letter_to_nobody(folder: Path) -> None:
    done = run_here(folder, "markup", "letter", "nobody", "--out", "x.md", "--db", "m.duckdb")
    assert done.code == 5
    assert "no-such-gateway" in done.err
    assert run_here(folder, "markup", "letter", "litellm", "--out", "x.pdf", "--db", "m.duckdb").code == 2


def test_lever_saves_what_the_markup_took(folder: Path, catalog: Catalog) -> None:
    with Store(folder / "m.duckdb", read_only=True) as store:
        evidence = gather(store, catalog)
    saved = LEVER.find(evidence)
    found = gateway(run_here(folder, "markup", "--db", "m.duckdb", "--json"))
    (rate,) = (one for one in found["found"] if one["kind"] == "token_rate")
    assert sum(row.saved_usd for row in saved.rows) == Decimal(rate["overpaid_usd"])
    assert all(row.low_usd <= row.saved_usd <= row.high_usd for row in saved.rows)


def test_published_rates(folder: Path) -> None:
    found = run_here(folder, "markup", "rates", "aihubmix", "--date", "2026-11-22", "--json").json
    assert [one["verdict"] for one in found["sellers"]] == ["markup"]
    assert run_here(folder, "markup", "rates", "nobody-knows-it").code == 5


def test_a_hidden_prompt_shows_against_the_same_prompts_sent_directly(tmp_path: Path) -> None:
    """Every prompt reports 24 tokens more through the gateway: 60 requests x 24 x $2 a million = $0.00288."""
    logged, direct = [], []
    for number in range(60):
        text = " ".join(f"word {place}" for place in range(3 + number % 17)) + f" of case {number}"
        size = 20 + 3 * (number % 17)
        turns = [{"role": "user", "content": text}]
        row = litellm_row(
            f"g{number}",
            f"2026-10-01T10:00:{number:02d}",
            model="gpt-4.1",
            prompt=size + 24,
            completion=50,
            spend=f"{(size + 24) * 2e-6 + 50 * 8e-6:.8f}",
        )
        logged.append(row | {"messages": turns})
        usage = {"prompt_tokens": size, "completion_tokens": 50, "total_tokens": size + 50}
        direct.append(
            {
                "id": f"d{number}",
                "timestamp": f"2026-10-01T11:00:{number:02d}Z",
                "base_url": "https://api.openai.com/v1",
                "endpoint": "/v1/chat/completions",
                "status": 200,
                "request": {"model": "gpt-4.1", "messages": turns},
                "response": {"id": f"chatcmpl-{number}", "model": "gpt-4.1", "choices": [], "usage": usage},
            }
        )
    write_jsonl(tmp_path / "gateway.jsonl", logged)
    write_jsonl(tmp_path / "direct.jsonl", direct)
    assert run_here(tmp_path, "ingest", "gateway.jsonl", "direct.jsonl", "--db", "m.duckdb", "-q").code == 0
    found = gateway(run_here(tmp_path, "markup", "--db", "m.duckdb", "--json"))
    assert (found["verdict"], found["kind"]) == ("markup", "token_count")
    (padding,) = found["found"]
    assert (padding["tokens_per_request"], padding["tokens_low"]) == (pytest.approx(24), pytest.approx(24))
    assert Decimal(found["overpaid_usd"]) == Decimal("0.00288")


def test_what_is_read_for_gateways_alone_gives_the_verdicts_of_the_whole_audit(folder: Path, catalog: Catalog) -> None:
    with Store(folder / "m.duckdb", read_only=True) as store:
        whole, alone = find(gather(store, catalog)), find(gather_gateways(store, catalog))
    assert msgspec.json.encode(alone) == msgspec.json.encode(whole)
    assert alone.gateways[0].samples


FIVE = World(requests=1200, rule="token_rate", rate=1.05, unit=Decimal("1e-8"))


def test_a_month_in_openrouters_export(tmp_path: Path) -> None:
    """Its export has no cache writes: what they cost beyond input follows no rule, on one request in ten."""
    write_csv(tmp_path / "activity.csv", openrouter_rows(month(FIVE)))
    assert run_here(tmp_path, "ingest", "activity.csv", "--db", "m.duckdb", "-q").code == 0
    found = gateway(run_here(tmp_path, "markup", "--db", "m.duckdb", "--json"))
    assert (found["gateway"], found["verdict"], found["kind"]) == ("openrouter", "markup", "token_rate")
    assert found["pct"] == pytest.approx(5, abs=0.001)
    assert found["requests"] == FIVE.requests


def test_a_month_of_any_compatible_gateway(tmp_path: Path) -> None:
    write_json(tmp_path / "calls.jsonl", openai_rows(month(FIVE), "https://api.some-gateway.example/v1"))
    assert run_here(tmp_path, "ingest", "calls.jsonl", "--db", "m.duckdb", "-q").code == 0
    found = gateway(run_here(tmp_path, "markup", "--db", "m.duckdb", "--json"))
    assert (found["verdict"], found["kind"]) == ("markup", "token_rate")
    assert found["gateway"] == "api.some-gateway.example"
    assert found["pct"] == pytest.approx(5, abs=0.001)


def test_a_fee_on_credit_is_in_no_log_and_found_in_payments(tmp_path: Path) -> None:
    world = World(requests=400, rule="top_up", top_up_pct=Decimal("5.5"), top_up_minimum=Decimal("0.80"))
    write_json(tmp_path / "log.jsonl", litellm_rows(month(world)))
    write_csv(tmp_path / "paid.csv", statement_rows(payments(world, np.random.default_rng(1))))
    assert run_here(tmp_path, "ingest", "log.jsonl", "paid.csv", "--db", "m.duckdb", "-q").code == 0
    found = gateway(run_here(tmp_path, "markup", "--db", "m.duckdb", "--json"))
    assert (found["verdict"], found["kind"]) == ("markup", "top_up")
    assert (found["pct"], found["fixed_usd"]) == (5.5, "0.800000")


def test_web_searches_of_openrouter_are_no_markup(call: Run, tmp_path: Path) -> None:
    """At list per token: $4 and $20 a million. Every fifth row has two cents of search in `cost_total`."""
    head = "generation_id,created_at,cost_total,cost_web_search,cost_cache,cost_file_processing,byok_usage_inference"
    head += ",tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,cancelled"
    head += ",num_search_results"
    lines = [head]
    for n in range(300):
        searched = n % 5 == 0
        usd = (1000 + n) * Decimal("0.000004") + (100 + n % 7) * Decimal("0.00002") + searched * Decimal("0.02")
        cells = [
            f"gen-{n}",
            f"2026-10-{1 + n % 20:02} 10:00:00.000",
            f"{usd}",
            "0.02" if searched else "",
            "",
            " ",
            "0",
        ]
        cells += [f"{1000 + n}", f"{100 + n % 7}", "0", "0", "openai/gpt-5.6-sol", "OpenAI", "false"]
        lines.append(",".join([*cells, "5" if searched else ""]))
    (tmp_path / "activity.csv").write_text("\n".join(lines) + "\n")
    assert call("ingest", "activity.csv", "--db", "a.duckdb").code == 0
    (found,) = call("markup", "--db", "a.duckdb", "--json").json["gateways"]
    assert found["verdict"] == "none"
    assert any("$1.20 on 60 of 300 sampled requests is for web searches" in said for said in found["evidence"])
    assert call("status", "--db", "a.duckdb", "--json").json["tokens"]["output"] == sum(100 + n % 7 for n in range(300))
