"""The check from the command line: save, compare, exit codes, what the first line says."""

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import litellm_row, write_jsonl
from gate_logs import log, rows
from running import Run

GPT41 = (Decimal("0.000002"), Decimal("0.000008"))
"""OpenAI's list price of gpt-4.1, input and output, US dollars a token."""

MAP = """name: house
columns: {request_id: ref, started_at: when, model: llm, input_tokens: tin, output_tokens: tout}
constants: {seller: openai}
input_includes_cached: true
"""


@pytest.fixture
def base(tmp_path: Path, call: Run) -> Path:
    done = call("baseline", "save", "base.json", log(tmp_path, "a"))
    assert done.code == 0, done.err
    return tmp_path / "base.json"


def checked(call: Run, *args: object) -> Any:
    done = call("check", *args, "--json")
    assert done.code in {0, 3, 4}, done.err
    return done.json


def test_a_baseline_holds_the_exact_cost(base: Path):
    found = msgspec.json.decode(base.read_bytes())
    prompts = sum(1000 + 10 * (i % 7) for i in range(60))
    expected = prompts * GPT41[0] + 60 * 100 * GPT41[1]
    assert sum(Decimal(cell["usd"]) for cell in found["cells"]) == expected
    assert found["requests"] == 60
    assert len(found["cases"]) == 60


def test_a_baseline_is_one_cell_a_line_and_the_same_twice(base: Path, tmp_path: Path, call: Run):
    call("baseline", "save", "again.json", log(tmp_path, "a"))
    assert (tmp_path / "again.json").read_bytes() == base.read_bytes()
    lines = base.read_text().splitlines()
    assert sum('"feature":"chat"' in line and '"usd"' in line for line in lines) == 1


def test_the_same_log_passes_and_says_little(base: Path, tmp_path: Path, call: Run):
    done = call("check", log(tmp_path, "b"), "--baseline", base)
    assert done.code == 0
    assert done.out.startswith("No change beyond chance")
    assert len(done.out.splitlines()) == 2
    for form in ("md", "github"):
        assert call("check", tmp_path / "b.jsonl", "--baseline", base, "--format", form).out == ""


def test_a_grown_prompt_fails_and_is_named_with_its_cost(base: Path, tmp_path: Path, call: Run):
    done = call("check", log(tmp_path, "b", grown={"chat": 1640}), "--baseline", base)
    assert done.code == 3
    first = done.out.splitlines()[0]
    assert first.startswith("Feature chat grew from 1,029 to 1,669 input tokens")  # 10 x i % 7 sums to 860 over 30
    assert "+$0.04 on this log" in first  # 30 requests x 640 tokens x $2 per million = $0.0384
    found = checked(call, tmp_path / "b.jsonl", "--baseline", base)
    parts = {one["cause"]: Decimal(one["usd"]) for one in found["decomposition"]["components"]}
    assert parts.pop("input") == 30 * 640 * GPT41[0]
    assert not any(parts.values())


def test_a_decrease_never_fails(base: Path, tmp_path: Path, call: Run):
    done = call("check", log(tmp_path, "b", prompt=300), "--baseline", base)
    assert done.code == 0
    assert "shrank" in done.out.splitlines()[0]


def test_the_amounts_of_an_increase_at_the_baseline_s_mix_give_its_percentage(tmp_path: Path, call: Run):
    """Means at $2 and $8 a million: chat 1,030 prompt tokens, later 1,230, and extract 5,030, 100 written.

    At one to one, $0.00286 and $0.01086 become $0.00326 and $0.01086. The log has two extracts to one chat, so its own
    mean is $0.008327, which is no increase of the code.
    """
    before = log(tmp_path, "a", calls=140, grown={"extract": 5000}, case=False)
    mix = ("chat", "extract", "extract")
    after = log(tmp_path, "b", calls=210, features=mix, grown={"chat": 1200, "extract": 5000}, case=False)
    assert call("baseline", "save", "base.json", before).code == 0
    (rule,) = [rule for rule in checked(call, after, "--baseline", "base.json")["rules"] if rule["by"] == "all"]
    assert rule["value"] == pytest.approx(100 * (0.00706 / 0.00686 - 1), abs=1e-4)
    assert "rose from $0.006860 to $0.007060 at the baseline's mix (+2.9%" in rule["reason"]
    assert rule["after"] == pytest.approx((0.00326 + 2 * 0.01086) / 3, abs=1e-6), "the log as it is"


def test_a_price_change_is_not_blamed_on_code(base: Path, tmp_path: Path, call: Run):
    (tmp_path / "dear.yaml").write_text(
        "seller: openai\nmodels:\n  - sku: gpt-4.1\n    model: openai/gpt-4.1\n    prices:\n"
        "      - {valid_from: 2026-01-01T00:00:00Z, source: a test, usd_per_million: {input: 4, output: 16}}\n"
    )
    args = (log(tmp_path, "b"), "--baseline", base, "--catalog", "dear.yaml")
    frozen = call("check", *args)
    assert frozen.code == 0
    assert frozen.out.startswith("The price of openai/gpt-4.1 changed by +100.0%")
    assert call("check", *args, "--prices", "current").code == 3
    found = checked(call, *args)
    parts = {one["cause"]: Decimal(one["usd"]) for one in found["decomposition"]["components"]}
    assert parts.pop("price") == Decimal(found["decomposition"]["change_usd"])
    assert not any(parts.values())


def test_the_database_can_be_checked_as_well_as_a_log(base: Path, tmp_path: Path, call: Run):
    call("ingest", log(tmp_path, "b", grown={"chat": 1640}), "--db", "b.duckdb")
    by_db = checked(call, "--baseline", base, "--db", "b.duckdb")
    assert by_db == checked(call, tmp_path / "b.jsonl", "--baseline", base)


def test_exit_zero_reports_only(base: Path, tmp_path: Path, call: Run):
    done = call("check", log(tmp_path, "b", prompt=2000), "--baseline", base, "--exit-zero")
    assert done.code == 0
    assert "FAILED" in done.out


def test_the_result_is_written_also_where_the_check_fails(base: Path, tmp_path: Path, call: Run):
    args = ("--baseline", base, "--format", "json", "--out", "result.json")
    done = call("check", log(tmp_path, "b", prompt=2000), *args)
    assert done.code == 3
    assert msgspec.json.decode((tmp_path / "result.json").read_bytes())["passed"] is False


def test_too_few_requests_are_not_decided(base: Path, tmp_path: Path, call: Run):
    done = call("check", log(tmp_path, "b", calls=8), "--baseline", base)
    assert done.code == 4
    assert "needed" in done.out


def test_update_baseline_writes_it_and_ends_with_0(base: Path, tmp_path: Path, call: Run):
    grown = log(tmp_path, "b", prompt=2000)
    assert call("check", grown, "--baseline", base, "--update-baseline").code == 0
    assert call("check", grown, "--baseline", base).code == 0
    assert call("check", grown, "--baseline", "new.json", "--update-baseline").code == 0
    assert (tmp_path / "new.json").read_bytes() == base.read_bytes()


def test_cases_are_paired(base: Path, tmp_path: Path, call: Run):
    rule = checked(call, log(tmp_path, "b"), "--baseline", base)["rules"][0]
    assert rule["method"] == "60 paired cases"
    by_id = ("--case", "id:^[a-z]-(.+)$")
    call("baseline", "save", "ids.json", log(tmp_path, "c", case=False), *by_id)
    rule = checked(call, log(tmp_path, "d", case=False), "--baseline", "ids.json")["rules"][0]
    assert rule["method"] == "60 paired cases"


def test_a_retry_is_told_from_a_first_attempt(tmp_path: Path, call: Run):
    def retried(name: str, times: int) -> Path:
        again = [
            litellm_row(f"{name}-x{i}", f"2026-10-01T09:{i % 60:02}:00", model="gpt-4.1", prompt=1000, failed="500",
                        spend="0.002", call=f"{name}-{i}", tags=["feature:chat"])
            for i in range(times)
        ]  # fmt: skip
        return write_jsonl(tmp_path / f"{name}.jsonl", [*rows(name, calls=200, features=("chat",)), *again])

    call("baseline", "save", "few.json", retried("a", 10))
    found = checked(call, retried("b", 60), "--baseline", "few.json")
    assert found["headline"].startswith("Retried failed attempts")
    parts = {one["cause"]: Decimal(one["usd"]) for one in found["decomposition"]["components"]}
    assert parts["retries"] == 50 * Decimal("0.002")
    assert parts["failures"] == 0


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (None, "no-baseline"),
        ("", "bad-baseline"),
        ('{"schema": "llmaudit/baseline/1", "cells": [', "bad-baseline"),
        ("[]", "bad-baseline"),
        ('{"schema": "llmaudit/audit/1"}', "bad-baseline"),
        ('{"schema": "llmaudit/baseline/2"}', "other-baseline"),
        ('{"schema": "llmaudit/baseline/1", "llmaudit": "0", "catalog_version": "0"}', "empty-baseline"),
        ('{"schema": "llmaudit/baseline/1", "llmaudit": "0", "catalog_version": "0", "cells": [1]}', "bad-baseline"),
        ('{"schema": "llmaudit/baseline/1", "llmaudit": "0", "catalog_version": "0", "requests": -5}', "bad-baseline"),
        (
            '{"schema": "llmaudit/baseline/1", "llmaudit": "0", "catalog_version": "0", "rates": {"m": RATE}}',
            "bad-baseline",
        ),
    ],
)
def test_a_bad_baseline_ends_with_5_and_says_what_to_do(content: str | None, slug: str, tmp_path: Path, call: Run):
    if content is not None:
        (tmp_path / "bad.json").write_text(content.replace("RATE", '{"usd": {"input_tokens": "1e400"}}'))
    done = call("check", log(tmp_path, "b"), "--baseline", "bad.json")
    assert done.code == 5
    assert f"[{slug}]" in done.err
    assert "baseline save" in done.err or "llmaudit" in done.err.splitlines()[1]


def test_unknown_keys_of_a_baseline_are_told(base: Path, tmp_path: Path, call: Run):
    plain = msgspec.json.decode(base.read_bytes())
    plain["colour"] = 1
    plain["cells"][0]["mood"] = "good"
    (tmp_path / "later.json").write_bytes(msgspec.json.encode(plain))
    done = call("check", log(tmp_path, "b"), "--baseline", "later.json")
    assert done.code == 0
    assert "cells.mood, colour" in done.err


def test_an_empty_or_damaged_log_has_its_own_code(base: Path, tmp_path: Path, call: Run):
    (tmp_path / "empty.jsonl").write_text("")
    assert call("check", "empty.jsonl", "--baseline", base).code in {4, 5}
    cut = (log(tmp_path, "b")).read_bytes()[:3000]
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(cut)[:-20])
    assert call("check", "cut.jsonl.gz", "--baseline", base).code == 5
    call("ingest", "b.jsonl", "--db", "b.duckdb")
    outside = call("check", "--db", "b.duckdb", "--baseline", base, "--since", "2030-01-01")
    assert outside.code == 4
    assert "[nothing-to-check]" in outside.err


@pytest.mark.parametrize(
    "args", [("--format", "html"), ("--by", "mood"), ("--prices", "cheap"), ("--case", "x"), ("--case", "id:(")]
)
def test_a_wrong_option_ends_with_2(args: tuple[str, str], base: Path, tmp_path: Path, call: Run):
    assert call("check", log(tmp_path, "b"), "--baseline", base, *args).code == 2


def test_check_needs_a_baseline(tmp_path: Path, call: Run):
    assert call("check", log(tmp_path, "b")).code == 2


def bodies(folder: Path, name: str, output: int) -> Path:
    """Write answers of the Messages API as a test suite would: none of them has a time."""
    message = {"type": "message", "role": "assistant", "model": "claude-sonnet-5", "content": []}
    usage = {"input_tokens": 1000, "output_tokens": output}
    return write_jsonl(folder / name, [message | {"id": f"{name}-{n}", "usage": usage} for n in range(40)])


def test_a_log_without_times_is_priced_as_of_the_day_that_is_named(tmp_path: Path, call: Run):
    """Sonnet 5's output costs $10 a million tokens."""
    before, after = bodies(tmp_path, "a.jsonl", 100), bodies(tmp_path, "b.jsonl", 200)
    at = ("--assume-time", "2026-11-01")
    unknown = call("baseline", "save", "base.json", before, "--json", "--quiet")
    assert (unknown.json["usd"], unknown.json["unpriced"]) == (None, 40)
    assert "cost unknown" in call("baseline", "save", "base.json", before).out
    assert call("baseline", "save", "base.json", before, *at, "--json").json["unpriced"] == 0
    without = call("check", after, "--baseline", "base.json")
    assert (without.code, "--assume-time" in without.err) == (5, True)
    found = checked(call, after, "--baseline", "base.json", *at)
    assert not found["passed"]
    assert Decimal(found["decomposition"]["change_usd"]) == 40 * 100 * Decimal("0.00001")


def test_a_log_in_no_known_format_is_checked_with_a_map(tmp_path: Path, call: Run):
    (tmp_path / "map.yaml").write_text(MAP)
    for name, output in (("a", 100), ("b", 200)):
        lines = [f"{name}{n},2026-10-01T10:{n:02}:00Z,gpt-4.1,1000,{output}" for n in range(40)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["ref,when,llm,tin,tout", *lines]) + "\n")
    assert call("baseline", "save", "base.json", "a.csv", "--map", "map.yaml").code == 0
    change = checked(call, "b.csv", "--baseline", "base.json", "--map", "map.yaml")["decomposition"]["change_usd"]
    assert Decimal(change) == 40 * 100 * GPT41[1]


@pytest.mark.parametrize("args", [("--assume-time", "2026-10-01"), ("--map", "m.yaml"), ("--log-format", "litellm")])
def test_how_to_read_needs_something_to_read(args: tuple[str, str], base: Path, call: Run):
    for done in (call("check", "--baseline", base, *args), call("baseline", "save", "new.json", *args)):
        assert (done.code, "[no-log-named]" in done.err) == (2, True)


def test_a_baseline_that_is_no_utf8_is_bad(base: Path, tmp_path: Path, call: Run):
    (tmp_path / "bad.json").write_bytes(base.read_bytes().replace(b'"schema"', b'"sch\xccma"'))
    done = call("check", log(tmp_path, "b"), "--baseline", "bad.json")
    assert (done.code, "[bad-baseline]" in done.err) == (5, True)
