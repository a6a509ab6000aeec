"""From files of an export to dollars, through the command line: minutes, groups, contradictions, cells files."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from builders import catalog_text, litellm_row, sku_text, write_jsonl
from running import ROOT, Run

DAY = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp())
NOON, MILLION = 12 * 3600, 1_000_000
STEP = catalog_text(
    "openai",
    sku_text(
        "m-step",
        [
            "usd_per_million: {input: 2, cache_read: 1, output: 8}",
            "valid_from: 2026-10-01T12:00:00Z, usd_per_million: {input: 1, cache_read: 0.5, output: 4}",
        ],
    ),
)
SAMPLES = ROOT / "sample_logs" / "formats"


def result(model: str | None, sent: int, made: int = 0, **rest: Any) -> dict[str, Any]:
    plain = {"object": "organization.usage.completions.result", "input_cached_tokens": 0, "num_model_requests": 1}
    told = {"batch": False, "service_tier": "default"}
    return plain | told | {"model": model, "input_tokens": sent, "output_tokens": made} | rest


def export(path: Path, buckets: Iterable[tuple[int, int, list[dict[str, Any]]]]) -> Path:
    data = [
        {"object": "bucket", "start_time": start, "end_time": start + length, "results": results}
        for start, length, results in buckets
    ]
    path.write_bytes(msgspec.json.encode({"object": "page", "data": data, "has_more": False, "next_page": None}))
    return path


def usage_of(call: Run, *args: object) -> Any:
    done = call("audit", *args, "--json")
    assert done.code == 0, done.err
    (row,) = done.json["usage"]["rows"]
    return row


def test_minutes_have_the_price_of_their_minute_and_a_day_has_bounds(call: Run, tmp_path: Path):
    (tmp_path / "step.yaml").write_text(STEP)
    last = export(
        tmp_path / "minutes.json",
        [(DAY + NOON - 60, 60, [result("m-step", MILLION)]), (DAY + NOON, 60, [result("m-step", MILLION)])],
    )
    row = usage_of(call, last, "--catalog", tmp_path / "step.yaml")
    assert (row["low_usd"], row["list_usd"], row["high_usd"]) == ("3.000000",) * 3  # 2 before noon, 1 after
    day = export(tmp_path / "day.json", [(DAY, 86_400, [result("m-step", 2 * MILLION)])])
    row = usage_of(call, day, "--catalog", tmp_path / "step.yaml")
    assert (row["low_usd"], row["list_usd"], row["high_usd"]) == ("2.000000", None, "4.000000")
    assert [doubt["doubt"] for doubt in row["doubts"]] == ["time"]
    both = usage_of(call, last, day, "--catalog", tmp_path / "step.yaml")
    assert both["list_usd"] == "3.000000"
    assert both["repeats"] == [{"export": "openai_usage", "tells": "by the day", "tokens": 2 * MILLION}]


def test_an_hour_within_which_the_price_steps_has_bounds(call: Run, tmp_path: Path):
    (tmp_path / "step.yaml").write_text(STEP.replace("12:00:00Z", "12:30:00Z"))
    hour = export(tmp_path / "hour.json", [(DAY + NOON, 3600, [result("m-step", MILLION)])])
    row = usage_of(call, hour, "--catalog", tmp_path / "step.yaml")
    assert (row["low_usd"], row["list_usd"], row["high_usd"]) == ("1.000000", None, "2.000000")


def test_one_day_told_in_two_groupings_counts_once(call: Run, tmp_path: Path):
    by_model = export(tmp_path / "a.json", [(DAY, 86_400, [result("gpt-4.1", 3 * MILLION)])])
    parts = [result("gpt-4.1", 2 * MILLION, project_id="p"), result("gpt-4.1", MILLION, project_id="q")]
    by_project = export(tmp_path / "b.json", [(DAY, 86_400, parts)])
    row = usage_of(call, by_model, by_project)
    assert (row["list_usd"], row["tokens"]) == ("6.000000", 3 * MILLION)
    assert row["repeats"] == [{"export": "openai_usage", "tells": "model,service_tier,batch", "tokens": 3 * MILLION}]


def test_files_by_project_are_added(call: Run, tmp_path: Path):
    one, other = (
        export(tmp_path / f"{name}.json", [(DAY, 86_400, [result("gpt-4.1", MILLION, project_id=name)])])
        for name in "pq"
    )
    row = usage_of(call, one, other)
    assert (row["list_usd"], row["repeats"]) == ("4.000000", [])


def test_a_later_copy_of_a_day_replaces_it(call: Run, tmp_path: Path):
    early = export(tmp_path / "1.json", [(DAY, 86_400, [result("gpt-4.1", MILLION)])])
    late = export(tmp_path / "2.json", [(DAY, 86_400, [result("gpt-4.1", 2 * MILLION)])])
    assert usage_of(call, early, late)["list_usd"] == "4.000000"


def test_counts_that_contradict_are_in_no_sum_beside_those_that_do_not(call: Run, tmp_path: Path):
    odd = result("gpt-4.1", 10, 5, input_cached_tokens=400, project_id="odd")
    good = result("gpt-4.1", MILLION, 0, project_id="good")
    row = usage_of(call, export(tmp_path / "a.json", [(DAY, 86_400, [odd, good])]))
    assert (row["list_usd"], row["unpriced"]) == ("2.000000", 405)
    assert {one["reason"] for one in row["unpriced_usage"]} == {"its counts contradict each other"}


def test_a_period_takes_the_days_that_begin_in_it(call: Run, tmp_path: Path):
    days = [(DAY + 86_400 * n, 86_400, [result("gpt-4.1", MILLION)]) for n in range(3)]
    path = export(tmp_path / "a.json", days)
    assert usage_of(call, path, "--since", "2026-10-02", "--until", "2026-10-03")["list_usd"] == "2.000000"


def test_cells_files_hold_the_same_usage(call: Run, tmp_path: Path):
    (tmp_path / "step.yaml").write_text(STEP)
    minutes = [(DAY + NOON + 60 * n, 60, [result("m-step", MILLION, 7)]) for n in (-1, 0)]
    path = export(tmp_path / "minutes.json", minutes)
    row = usage_of(call, path, "--catalog", tmp_path / "step.yaml", "--db", "u.duckdb")
    assert call("rollup", "--db", "u.duckdb", "--catalog", tmp_path / "step.yaml", "--out", "c.parquet").code == 0
    assert usage_of(call, "c.parquet", "--catalog", tmp_path / "step.yaml") == row


def test_cells_of_minutes_are_not_priced_by_a_catalog_that_steps_within_them(call: Run, tmp_path: Path):
    path = export(tmp_path / "minutes.json", [(DAY + NOON + 60, 60, [result("gpt-4.1", MILLION)])])
    assert call("ingest", path, "--db", "u.duckdb").code == 0
    assert call("rollup", "--db", "u.duckdb", "--out", "c.parquet").code == 0
    assert usage_of(call, "c.parquet")["list_usd"] == "2.000000"
    step = tmp_path / "half-past.yaml"
    step.write_text(STEP.replace("12:00:00Z", "12:30:00Z"))
    done = call("audit", "c.parquet", "--catalog", step)
    assert done.code == 5
    assert "its prices or names change at 2026-10-01T12:30Z" in done.err


def test_a_bill_an_export_and_logs_of_one_day_are_never_added_up(call: Run, tmp_path: Path):
    export(tmp_path / "usage.json", [(DAY, 86_400, [result("gpt-4.1", 4 * MILLION, MILLION)])])
    cost = {
        "object": "organization.costs.result",
        "line_item": "gpt-4.1, input",
        "amount": {"value": 14.4, "currency": "usd"},
    }
    export(tmp_path / "cost.json", [(DAY, 86_400, [cost])])
    log = litellm_row("r-1", "2026-10-01T10:00:00", model="gpt-4.1", prompt=2 * MILLION, completion=MILLION)
    write_jsonl(tmp_path / "log.jsonl", [log])
    alone = call("audit", "log.jsonl", "--json").json
    done = call("audit", "log.jsonl", "cost.json", "usage.json", "--json").json
    assert done["spend"] == alone["spend"]
    assert done["spend"]["list_usd"] == "12.000000"  # 2 x 2 + 8
    (bill,) = done["reconcile"]["rows"]
    assert (bill["billed_usd"], bill["logged_usd"]) == ("14.400000", "12.000000")
    (row,) = done["usage"]["rows"]
    assert (row["list_usd"], row["bill"]["difference_usd"]) == ("16.000000", "-1.600000")  # 4 x 2 + 8; a tenth off
    assert [(one["cause"], one["usd"]) for one in row["bill"]["causes"]] == [("price", "-1.600000")]
    assert (row["logs"]["coverage_pct"], row["logs"]["coverage_usd_pct"]) == (60.0, 75.0)  # 3 of 5 million, 12 of 16


def test_an_export_of_the_same_requests_costs_what_they_cost_one_by_one(call: Run, tmp_path: Path):
    rng = random.Random(20261001)  # noqa: S311 -- the same requests every time
    rows, sums = [], {}
    for number in range(200):
        day, model = rng.randrange(3), rng.choice(["gpt-4.1", "gpt-4o-mini", "gpt-5"])
        prompt, made = rng.randrange(1, 90_000), rng.randrange(5_000)
        cached = rng.randrange(prompt)
        log = {"prompt": prompt, "cached": cached, "completion": made, "model": model}
        rows.append(litellm_row(f"r-{number}", f"2026-10-0{day + 1}T{rng.randrange(24):02}:00:00", **log))
        before = sums.get((day, model), (0, 0, 0))
        sums[day, model] = tuple(map(sum, zip(before, (prompt, cached, made), strict=True)))
    write_jsonl(tmp_path / "log.jsonl", rows)
    export(
        tmp_path / "usage.json",
        [
            (DAY + 86_400 * day, 86_400, [result(model, prompt, made, input_cached_tokens=cached)])
            for (day, model), (prompt, cached, made) in sums.items()
        ],
    )
    done = call("audit", "log.jsonl", "usage.json", "--json").json
    (row,) = done["usage"]["rows"]
    assert row["list_usd"] == done["spend"]["list_usd"]
    assert {one["name"]: one["spend_usd"] for one in done["spend"]["by_model"]} == {
        one["model"]: one["list_usd"] for one in row["by_model"]
    }
    assert (row["logs"]["coverage_pct"], row["logs"]["coverage_usd_pct"], row["logs"]["missing_usd"]) == (
        100.0,
        100.0,
        "0.000000",
    )


def test_hostile_names_stay_text(call: Run, tmp_path: Path):
    path = export(tmp_path / "a.json", [(DAY, 86_400, [result("<script>x</script>\x1b[31m", MILLION)])])
    done = call("audit", path, "--out", "r.html")
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "<script>x" not in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_reconcile_answers_from_an_export_alone(call: Run, tmp_path: Path):
    path = export(tmp_path / "usage.json", [(DAY, 86_400, [result("gpt-4.1", MILLION, batch=None)])])
    assert call("ingest", path, "--db", "u.duckdb").code == 0
    done = call("reconcile", "--db", "u.duckdb")
    assert done.code == 0
    assert "openai/gpt-4.1" in done.out
    assert "down to $1.00" in done.out  # all of it in batches
    found = call("reconcile", "--db", "u.duckdb", "--json").json
    assert found["rows"] == []
    assert Decimal(found["usage"]["rows"][0]["by_model"][0]["list_usd"]) == 2


def test_every_sample_of_a_usage_export_is_priced_or_says_why(call: Run):
    names = (
        "openai_usage.json",
        "openai_usage_csv.csv",
        "openai_legacy_usage.json",
        "anthropic_usage.json",
        "anthropic_console_usage.csv",
    )
    listed = {name: usage_of(call, SAMPLES / name) for name in names}
    # gpt-5: (500 + 100 written, for which it has no price of its own) x 1.25 + 400 x 0.125 + 250 x 10
    assert listed["openai_usage.json"]["list_usd"] == "0.003300"
    assert [one["reason"] for one in listed["openai_usage.json"]["unpriced_usage"]] == [
        "images: no price for this unit"
    ]
    # 1928 x 1.25 + 3072 x 0.125 + 700 x 10
    assert listed["openai_usage_csv.csv"]["list_usd"] == "0.009794"
    # gpt-4o: 1976 x 2.5 + 1024 x 1.25 + 500 x 10, batches and tiers not told
    assert listed["openai_legacy_usage.json"]["list_usd"] == "0.011220"
    # claude-sonnet-4-5: 1500 x 3 + 500 x 3.75 + 1000 x 6 + 200 x 0.3 + 500 x 15, and ten searches at a cent
    assert listed["anthropic_usage.json"]["list_usd"] == "0.119935"
    # the same with two searches, and claude-haiku-4-5 in a batch: 30 x 0.5 + 9 x 2.5
    assert listed["anthropic_console_usage.csv"]["list_usd"] == "0.0399725"
