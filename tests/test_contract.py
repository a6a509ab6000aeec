"""The contract of the command line: one JSON document, its keys, money as text, exit codes, settings, periods."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
import typer
from builders import write_jsonl
from pair_files import both
from running import Ran, Run, clean_environment, run_here, run_in

from llmaudit.cli import app
from llmaudit.request import COLUMNS

COUNTS = "path format lines accepted duplicates ignored rejected bills skipped"
AUDIT = "spend coverage tiers drivers markup reliability savings lockin checklist shadow usage warnings catalog_version"
QUOTE = "status cost_usd low_usd high_usd components[] rules[] assumptions[] catalog_version"
TOKENS = "input cache_read cache_write_5m cache_write_1h cache_write_other output reasoning"
STATUS = "requests accepted rejected duplicates bills first_at last_at billed_usd list_usd unpriced.requests"
PLANS = "name cost_usd low_usd high_usd savings_usd savings_pct moved_requests unproven_usd legs[] calls refusals"
PLANS += " cost_per_call_usd cost_per_call_now_usd assumption_table doubts constraints"
GATEWAYS = "gateway verdict kind pct low_pct high_pct fixed_usd overpaid_usd requests ruled_out[].name evidence[]"
PAGES = "path verdict reason findings[].kind findings[].quote findings[].line findings[].pct findings[].fixed_usd"
PAGES += " findings[].base findings[].negated findings[].who rows[].status what_if"
TAG_EVAL = "accuracy macro_f1 within_one confusion.2.unknown under_tiered_rate intervals.accuracy.low"
LABELS = """{"prompt": "Write a Python function that adds two numbers.", "tier": 2, "source": "hand"}
{"prompt": "Hello!", "tier": 0, "source": "hand"}
"""
PAGE = """# Prices

A platform fee of 5% and $0.30 applies to credits.

| Model | Input per 1M tokens | Output per 1M tokens |
| --- | --- | --- |
| gpt-5.6-sol | $4 | $20 |
"""


def under(prefix: str, names: str) -> list[str]:
    return [f"{prefix}.{name}" for name in names.split()]


CASES: dict[str, tuple[str, str, list[str]]] = {
    "audit": ("{log}", "audit", AUDIT.split()),
    "ingest": (
        "{log} --db new.duckdb",
        "ingest",
        [*under("files[]", COUNTS), *under("totals", "lines accepted bills")],
    ),
    "detect": ("{log}", "detect", under("files[]", "path format confidence evidence[]")),
    "formats": ("", "formats", under("formats[]", "name title kind")),
    "requests": ("--db {db}", "requests", under("rows[]", " ".join(COLUMNS))),
    "tag": ("--db {copy}", "tag", ["by_tier.unknown", "by_signal.none"]),
    "tag eval": (
        "{labels}",
        "tag-eval",
        [*TAG_EVAL.split(), *under("sources[]", "source labels acceptable")],
    ),
    "tag sample": ("--db {db} --out to-label.csv", "tag-sample", ["path", "requests", "in_doubt"]),
    "pricing list": ("", "pricing-list", under("models[]", "seller sku usd_per_million")),
    "pricing show": (
        "gpt-5.6-sol",
        "pricing-show",
        under("prices[]", "valid_from valid_to when basis source checked_on usd_per_million"),
    ),
    "pricing history": (
        "o3",
        "pricing-history",
        ["catalog_version", *under("changes[]", "at until seller sku usd_per_million change_pct basis source")],
    ),
    "pricing verify": (
        "--at 2026-11-20",
        "pricing-verify",
        ["catalog_version", "ok", *under("checks[]", "name about passed problems")],
    ),
    "pricing apply": (
        "--db {db}",
        "pricing-apply",
        ["catalog_version", "requests", "priced", "list_usd", "low_usd", "high_usd", "unpriced[].reason"],
    ),
    "pricing conflicts": (
        "--seller openai",
        "pricing-conflicts",
        ["catalog_version", *under("conflicts[]", "seller sku unit values used class status why")],
    ),
    "pricing update": (
        "--out compiled --on 2026-11-26",
        "pricing-update",
        ["packages", "rows", "new", "changed", "superseded", "conflicts[].class", "left_out"],
    ),
    "pricing quote": ("--model gpt-5.6-sol --input 9 --at 2026-10-01", "pricing-quote", QUOTE.split()[:-2]),
    "reprice": (
        "--db {db}",
        "reprice",
        ["actual.billed_usd", "actual.list_usd", "catalog_version", *under("plans[]", PLANS)],
    ),
    "rollup": (
        "--db {db} --out cells.parquet",
        "rollup",
        ["catalog_version", "path", "cells", "requests", "spend_usd", "summaries.latency", "first_day"],
    ),
    "baseline save": (
        "base.json --db {db}",
        "baseline-save",
        ["catalog_version", "path", "bytes", "requests", "unpriced", "cells", "cases", "usd", "detail.cluster"],
    ),
    "check": (
        "--baseline {baseline} --db {db} --exit-zero",  # six requests: not enough to decide
        "check",
        [
            *("catalog_version", "passed", "verdict", "headline", "warnings", "baseline.requests", "current.requests"),
            *under("rules[]", "name passed value limit low high reason detectable_pct power n_before n_after"),
            *under("decomposition", "before_usd after_usd change_usd components[].cause causes"),
        ],
    ),
    "export": ("--db {db} --to out", "export", ["catalog_version", *under("files[]", "name rows")]),
    "query": ("VALUES(1,current_localtimestamp()) --db {db}", "query", [*under("columns[]", "name type"), "rows[]"]),
    "doctor": ("--db {db}", "doctor", ["ok", *under("checks[]", "name status value")]),
    "plan list": ("", "plan-list", ["plans[].name"]),
    "plan show": ("tiered", "plan-show", ["name", "rules[]"]),
    "plan check": (
        "tiered --db {db}",
        "plan-check",
        ["name", "ok", "catalog_version", "rules", "refused", "unknown", "constraints", "warnings"],
    ),
    "markup": ("--db {db}", "markup", ["catalog_version", *under("gateways[]", GATEWAYS)]),
    "markup letter": (
        "litellm --out letter.md --db {db}",
        "markup-letter",
        ["catalog_version", "path", "gateway", "verdict", "overpaid_usd", "requests"],
    ),
    "markup rates": (
        "aihubmix --date 2026-11-01",
        "markup-rates",
        ["catalog_version", "at", *under("sellers[]", "seller verdict")],
    ),
    "checklist": (
        "--db {db}",
        "checklist",
        ["catalog_version", *under("items[]", "id title status evidence[] next_step rule"), "counts.no-evidence"],
    ),
    "reconcile": (
        "--db {db} --official openai=1234.56",
        "reconcile",
        [
            "catalog_version",
            *under("rows[]", "seller month billed_usd logged_usd list_usd coverage_pct"),
            *under("rows[].causes[]", "cause title usd"),
            *under("usage", "rows caveat"),
        ],
    ),
    "markup page": ("{page}", "markup-page", ["catalog_version", "unusable", *under("pages[]", PAGES)]),
    "report": ("--db {db}", "audit", AUDIT.split()),
    "explain": ("a-1 --db {db}", "explain", ["catalog_version", "requests[].source.line", "requests[].spend_usd"]),
    "status": (
        "--db {db}",
        "status",
        ["catalog_version", *STATUS.split(), "unpriced.models[]", *under("tokens", TOKENS)],
    ),
    "verify": ("--db {db}", "verify", ["ok", *under("checks[]", "name ok wrong detail")]),
    "forget": ("{log} --db {copy}", "forget", ["path", "removed", "kept", "merged"]),
    "demo": (
        "--worked-example",
        "demo",
        ["before_usd", "after_usd", "savings_pct", "markup_5_usd", "markup_10_usd", "legs[]", "catalog_version"],
    ),
    "config": ("", "config", under("settings[]", "name value source")),
    "shadow design": (
        "--db {db}",
        "shadow-design",
        ["days", "requests", "share", "power", "boundaries[]", "tiers[].judged_pairs"],
    ),
    "shadow sample": (
        "--db {db} --share 1",
        "shadow-sample",
        ["sampled", "rule.key", "rule.test_vectors[].position", "by_tier[].sampled"],
    ),
    "shadow analyze": (
        "{pairs} --db new.duckdb --margin 0.2 --error-margin 0.05",
        "shadow-analyze",
        [
            *("decision", "sentence", "health.ok", "health.checks[].status", "warnings[]", "by_tier[].verdict"),
            *under("metrics[]", "metric tier arm_a arm_b delta low high p days_to_clear"),
        ],
    ),
    "evals add": ("{outcomes} --db {copy}", "evals-add", ["files[].accepted", "files[].rejected", "totals.conflicts"]),
    "evals list": ("--db {db}", "evals-list", ["outcomes", "paired", "files", "warnings[]"]),
    "plan optimize": (
        "--evals {outcomes} --db {db}",
        "plan-optimize",
        [
            *under("promise", "metric margin loss bound cross_fitted share unproven_share"),
            *under("moves[]", "cohort model_before model certified pairs loss_at_worst before_usd after_usd"),
            *("plan.certified_usd", "plan.unproven_usd", "stays", "text", "file", "warnings"),
        ],
    ),
    "plan frontier": (
        "--evals {outcomes} --db {db}",
        "plan-frontier",
        under("points[]", "margin loss bound cost_usd savings_usd savings_pct moved_share models cohorts"),
    ),
    "plan payback": (
        "--plan tiered --db {db} --days 30",
        "plan-payback",
        [
            *under("ways[].expected", "one_time_usd first_month_usd break_even_month after_12_usd after_all_usd"),
            *("savings_a_month.worst.saving_usd", "certified_only.ways[].best.one_time_usd", "scenarios[].way"),
        ],
    ),
    "shadow off-policy": ("{randomised} --target m1", "shadow-off-policy", ["value", "low", "high", "effective"]),
}
"""Command: a command line that works, the name in its schema, and keys that must be there (`[]` is each element)."""


def command_names(group: Any = None, prefix: str = "") -> Iterator[str]:
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from command_names(command, f"{prefix}{name} ")
        if not hasattr(command, "commands") or command.invoke_without_command:
            yield prefix + name


def values_at(document: Any, path: str) -> list[Any]:
    """Return the values at a path such as `plans[].legs[]`; a missing key is an error, so is an empty list."""
    values = [document]
    for part in path.split("."):
        name, each, _ = part.partition("[]")
        assert all(name in value for value in values), f"{path}: no {name}"
        values = [value[name] for value in values]
        if each:
            assert all(isinstance(value, list) for value in values), f"{path}: not a list"
            values = [element for value in values for element in value]
    assert values, f"{path}: nothing there"
    return values


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, key)
    else:
        yield key, value


@pytest.fixture(scope="session")
def small_baseline(small_db: Path) -> Path:
    path = small_db.with_name("small-baseline.json")
    done = run_here(small_db.parent, "baseline", "save", path, "--db", small_db)
    assert done.code == 0, done.err
    return path


@pytest.fixture
def line_of(small_log: Path, small_db: Path, small_baseline: Path, tmp_path: Path) -> Any:
    copy = tmp_path / "copy.duckdb"
    shutil.copy(small_db, copy)
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    pairs, randomised = write_jsonl(tmp_path / "pairs.jsonl", both(200)), tmp_path / "randomised.jsonl"
    write_jsonl(randomised, [{"model": f"m{i % 2}", "propensity": 0.5, "score": i % 3 % 2} for i in range(400)])
    labels = tmp_path / "labels.jsonl"
    labels.write_text(LABELS)
    outcomes = write_jsonl(
        tmp_path / "outcomes.jsonl",
        [
            {"case_id": f"c{n}", "route": "intent-classify", "model": model, "metric": "correct", "score": 1}
            for n in range(500)
            for model in ("openai/gpt-5.6-sol", "openai/gpt-5.6-luna")
        ],
    )
    extra = {
        "baseline": small_baseline,
        "outcomes": outcomes,
        "page": page,
        "pairs": pairs,
        "randomised": randomised,
        "labels": labels,
    }
    return lambda name: [
        *name.split(),
        *CASES[name][0].format(log=small_log, db=small_db, copy=copy, **extra).split(),
    ]


ELSEWHERE = {"tag train", "tag text", "lakehouse names", "lakehouse rollup", "lakehouse collect"}
"""Labels, standard input: tests/tiers/test_tag.py. Steps of which another engine does a part: tests/lakehouse."""


def test_every_command_has_a_case() -> None:
    assert set(command_names()) <= set(CASES) | ELSEWHERE, "add new commands to CASES"


@pytest.mark.parametrize("name", CASES)
def test_json(call: Run, line_of: Any, name: str) -> None:
    done: Ran = call(*line_of(name), "--json")
    assert done.code == 0, done.err
    document = done.json
    assert document["schema"] == f"llmaudit/{CASES[name][1]}/1"
    for path in CASES[name][2]:
        values_at(document, path)
    for key, value in leaves(document):
        if key.endswith("_usd"):
            assert value is None or re.fullmatch(r"-?\d+\.\d{6,12}", value), f"{key}: {value!r}"
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.+]+Z?", value):
            assert value.endswith("Z"), f"{key}: {value}"
    assert done.err == ""


@pytest.mark.parametrize("name", CASES)
def test_help_has_an_example_that_runs(call: Run, name: str) -> None:
    done = call(*name.split(), "--help")
    assert done.code == 0
    text = " ".join(done.out.split())
    assert f"Example: llmaudit {name}" in text
    for option in (
        "--db",
        "--catalog",
        "--since",
        "--until",
        "--month",
        "--timezone",
        "--json",
        "--quiet",
        "--no-color",
    ):
        assert option in text


def test_help_leads_through_the_first_week(call: Run) -> None:
    """MISSION: pull logs and tag them, audit the pricing page, shadow-test; each step by a command that there is."""
    done = call("--help")
    steps = re.findall(r"^ +(?:\d )?llmaudit ((?:[a-z]+ ?)+)", done.out, re.MULTILINE)
    names = [" ".join(step.split()[:2]) if step.split()[0] == "shadow" else step.split()[0] for step in steps]
    assert names == ["ingest", "report", "markup", "markup", "shadow design", "shadow analyze"]
    assert set(names) <= set(command_names())
    assert max(map(len, done.out.splitlines())) <= 80


def test_as_a_process(cli: Run, small_log: Path) -> None:
    """The other tests call the entry point; here is the real thing, with what belongs on which stream."""
    done = cli("audit", small_log)
    assert done.code == 0
    assert "warning: " in done.err
    assert "warning: " not in done.out
    assert "By model" in done.out
    assert "\x1b" not in done.out + done.err


def test_warnings_can_be_silenced(call: Run, small_log: Path) -> None:
    assert "warning: " in call("audit", small_log).err
    assert call("audit", small_log, "--quiet").err == ""


def test_unknown_is_null(call: Run, small_db: Path) -> None:
    document = call("report", "--db", small_db, "--json").json
    (unpriced,) = (row for row in document["spend"]["by_model"] if row["name"] == "nobody-9")
    assert (unpriced["spend_usd"], unpriced["share_pct"], unpriced["unpriced_requests"]) == (None, None, 1)
    assert document["shadow"] is None
    assert any("shadow" in warning for warning in document["warnings"])
    empty = call("report", "--db", small_db, "--json", "--month", "2020-01").json  # ends with code 4, see below
    for name, words in {
        "lockin": "lock-in",
        "checklist": "checklist",
        "overspecification": "overspecification",
    }.items():
        assert empty[name] is None
        assert any(words in warning for warning in empty["warnings"])
    rows = call("requests", "--db", small_db, "--json").json["rows"]
    assert [row["billed_amount"] for row in rows] == ["0.006000", None, None, None, "0.000000", None]


def test_the_checklist_on_a_terminal_and_without_requests(call: Run, small_db: Path) -> None:
    done = call("checklist", "--db", small_db)
    assert done.code == 0
    assert "Gateway checklist, from the logs" in done.out
    assert [line[0] for line in done.out.splitlines() if line[:2] in {f"{number} " for number in range(1, 8)}] == [
        *"1234567",
        *"1234567",
    ]
    empty = call("checklist", "--db", small_db, "--month", "2020-01", "--json")
    assert (empty.code, empty.json["items"], empty.json["counts"]) == (4, [], {})


ANALYSES = (
    "report",
    "reprice",
    "markup",
    "markup letter openrouter --out letter.md",
    "checklist",
    "plan optimize",
    "plan optimize --allow-unproven",
    "plan frontier",
    "plan payback",
    "plan payback --days 30",
)
"""Commands that conclude something from the requests of a period; `check`, `baseline`, `shadow` have own words."""


@pytest.mark.parametrize("line", ANALYSES)
def test_an_empty_period_is_no_finding(call: Run, small_db: Path, tmp_path: Path, line: str) -> None:
    done = call(*line.split(), "--db", small_db, "--month", "2020-01")
    assert done.code == 4
    assert "from 2020-01-01T00:00Z to 2020-02-01T00:00Z" in done.err
    assert "[nothing-in-period]" in done.err
    assert "--month" in done.err
    assert not (tmp_path / "letter.md").exists()


def test_markup_of_requests_without_a_gateway(call: Run, tmp_path: Path) -> None:
    """There are requests, so the period is not empty; none of them went through a gateway."""
    answers = [{"id": "resp_1", "object": "response", "created_at": 1790848800, "model": "gpt-5.6-luna", "output": []}]
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    log = write_jsonl(tmp_path / "direct.jsonl", [one | {"status": "completed", "usage": usage} for one in answers])
    assert call("ingest", log, "--db", "a.duckdb").code == 0
    done = call("markup", "--db", "a.duckdb")
    assert (done.code, done.out.splitlines()[0][:37]) == (0, "No request went through a gateway tha")
    assert call("markup", "--db", "a.duckdb", "--json").json["gateways"] == []
    assert call("markup", "--db", "a.duckdb", "--month", "2020-01").code == 4
    letter = call("markup", "letter", "openrouter", "--out", "x.md", "--db", "a.duckdb")
    assert (letter.code, "[no-such-gateway]" in letter.err) == (5, True)


@pytest.mark.parametrize("name", ["report", "reprice", "markup", "checklist", "reconcile"])
def test_an_empty_period_is_still_one_document(call: Run, small_db: Path, name: str) -> None:
    done = call(name, "--db", small_db, "--month", "2020-01", "--json")
    assert (done.code, done.json["catalog_version"] is None) == (4, False)


@pytest.mark.parametrize(
    ("bound", "said"), [("--since", "since 2030-01-01T00:00Z"), ("--until", "before 2020-01-01T00:00Z")]
)
def test_an_empty_period_with_one_bound(call: Run, small_db: Path, bound: str, said: str) -> None:
    done = call("reprice", "--db", small_db, bound, said.split()[1][:10])
    assert (done.code, done.out) == (4, "")
    assert f"there is no request {said}: nothing" in done.err


def test_the_summary_leads_with_what_can_be_reached(call: Run, small_db: Path) -> None:
    document = call("report", "--db", small_db, "--json").json["waterfall"]
    out = call("report", "--db", small_db).out
    assert "  reachable: " in out
    assert out.index("reachable: ") < out.index("By model")
    parts = [Decimal(document[f"{name}_usd"]) for name in ("no_risk", "certified", "unproven")]
    assert sum(parts) == Decimal(document["saving_usd"])


@pytest.mark.parametrize("name", ["status", "markup", "plan show", "config"])
def test_common_options_before_and_after(call: Run, line_of: Any, name: str) -> None:
    own = line_of(name)
    common = ["--json", "--timezone", "Europe/Berlin", "--month", "2026-10"]
    before, after = call(*common, *own), call(*own, *common)
    assert before == after
    assert before.code == 0
    assert before.json["schema"]


def test_settings_precedence(call: Run, tmp_path: Path) -> None:
    """Each layer covers the one below it; `config` says which one spoke."""

    def seen(*args: str, **variables: str) -> dict[str, tuple[Any, str]]:
        rows = call("config", "--json", *args, env=variables).json["settings"]
        return {row["name"]: (row["value"], row["source"]) for row in rows}

    assert seen()["timezone"] == ("UTC", "default")
    assert seen()["db"] == ("./llmaudit.duckdb", "default")
    (tmp_path / "llmaudit.toml").write_text('timezone = "Asia/Tokyo"\ndb = "file.duckdb"\n')
    assert seen()["timezone"] == ("Asia/Tokyo", "llmaudit.toml")
    variable = {"LLMAUDIT_TIMEZONE": "Europe/Paris"}
    assert seen(**variable)["timezone"] == ("Europe/Paris", "environment")
    assert seen(**variable)["db"] == ("file.duckdb", "llmaudit.toml")
    assert seen("--timezone", "Europe/Rome", **variable)["timezone"] == ("Europe/Rome", "flag")


def test_a_period_covers_one_of_another_kind_from_a_lower_layer(call: Run, small_db: Path, tmp_path: Path) -> None:
    def seen(*args: str, **variables: str) -> dict[str, Any]:
        rows = call("config", "--json", *args, env=variables).json["settings"]
        return {row["name"]: row["value"] for row in rows if row["name"] in {"month", "since", "until"}}

    (tmp_path / "llmaudit.toml").write_text('month = "2026-08"\n')
    assert seen() == {"month": "2026-08", "since": None, "until": None}
    assert seen(LLMAUDIT_SINCE="2026-09-01") == {"month": None, "since": "2026-09-01", "until": None}
    assert seen("--month", "2026-10", LLMAUDIT_SINCE="2026-09-01") == {"month": "2026-10", "since": None, "until": None}
    until = {"month": None, "since": "2026-09-01", "until": "2026-11-01"}
    assert seen("--until", "2026-11-01", LLMAUDIT_SINCE="2026-09-01") == until
    twice = call("status", "--db", small_db, env={"LLMAUDIT_SINCE": "2026-09-01", "LLMAUDIT_MONTH": "2026-09"})
    assert (twice.code, "[two-periods]" in twice.err) == (2, True)


@pytest.mark.parametrize(("value", "seen"), [("no", False), (" ON ", True), ("", False)])
def test_a_variable_says_yes_or_no(call: Run, value: str, *, seen: bool) -> None:
    rows = {
        row["name"]: row["value"] for row in call("config", "--json", env={"LLMAUDIT_QUIET": value}).json["settings"]
    }
    assert rows["quiet"] is seen


def test_a_variable_that_says_neither(call: Run) -> None:
    done = call("config", "--json", env={"LLMAUDIT_QUIET": "maybe"})
    assert (done.code, done.err.split("\n")[0]) == (
        2,
        "llmaudit: LLMAUDIT_QUIET=maybe is neither true nor false [bad-variable]",
    )


def test_database_named_by_each_layer(call: Run, small_db: Path, tmp_path: Path) -> None:
    assert call("status").code == 5
    assert call("status", env={"LLMAUDIT_DB": str(small_db)}).code == 0
    (tmp_path / "llmaudit.toml").write_text(f'db = "{small_db}"\n')
    assert call("status").code == 0
    assert call("status", env={"LLMAUDIT_DB": "elsewhere.duckdb"}).code == 5
    assert call("status", "--db", small_db, env={"LLMAUDIT_DB": "elsewhere.duckdb"}).code == 0


@pytest.mark.parametrize(("value", "seen"), [("1", (True, "environment")), ("", (False, "default"))])
def test_no_color(call: Run, value: str, seen: tuple[bool, str]) -> None:
    rows = {row["name"]: row for row in call("config", "--json", env={"NO_COLOR": value}).json["settings"]}
    assert (rows["no_color"]["value"], rows["no_color"]["source"]) == seen
    assert call("config", "--json", "--no-color").json["settings"][-2]["value"] is True


USAGE = {
    "unknown command": "no-such-command",
    "unknown option": "status --no-such-option",
    "missing argument": "audit",
    "missing option": "pricing quote",
    "number out of range": "requests --limit 0",
    "negative tokens": "pricing quote --model gpt-5.6-sol --input -1",
    "no month": "status --db {db} --month 2026-13",
    "no date": "status --db {db} --since yesterday",
    "empty period": "status --db {db} --since 2026-10-02 --until 2026-10-02",
    "two periods": "status --db {db} --since 2026-10-02 --month 2026-10",
    "no zone": "status --db {db} --timezone Mars/Olympus",
    "no such plan": "reprice --plan no-such-plan --db {db}",
    "not parquet": "reprice --out rows.csv --db {db}",
    "no such report": "report --format pdf --db {db}",
    "ending says nothing": "report --out report.pdf --db {db}",
    "no such column": "requests --where nonsense=1 --db {db}",
    "not an instant": "pricing quote --model gpt-5.6-sol --at noon",
    "no such dimension": "markup --by team --db {db}",
    "no spend": "markup page {log} --spend much",
    "no day": "markup page {log} --date soon",
    "empty month": "status --db {db} --month=",
    "empty before the command": "--since= status --db {db}",
    "empty catalog": "status --db {db} --catalog=",
    "no such format": "ingest {log} --format no-such-format",
}


@pytest.mark.parametrize("what", USAGE)
def test_wrong_usage(call: Run, small_db: Path, small_log: Path, what: str) -> None:
    done = call(*USAGE[what].format(db=small_db, log=small_log).split())
    assert done.code == 2, done.err
    assert done.err.strip()
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize("args", [["pricing", "show", "no-such-model"], ["explain", "no-such-id"], ["status"]])
def test_errors_in_words_and_with_debug_in_full(call: Run, small_db: Path, args: list[str]) -> None:
    database = ["--db", str(small_db)] if args[0] == "explain" else []
    plain, full = call(*args, *database), call("--debug", *args, *database)
    assert plain.code == full.code == 5
    assert "Traceback" not in plain.err
    assert 1 <= plain.err.count("\n") <= 3
    assert "Traceback" in full.err
    assert full.err.endswith(plain.err)


@pytest.mark.parametrize("args", [["list"], ["conflicts"], ["show", "gpt-4o"], ["history", "gpt-4o"]])
def test_an_unknown_seller_is_no_empty_table(call: Run, args: list[str]) -> None:
    done = call("pricing", *args, "--seller", "opnai")
    assert (done.code, done.out) == (5, "")
    assert "opnai" in done.err
    assert "openai" in done.err


def test_unpriced_quote_is_no_zero(call: Run) -> None:
    done = call("pricing", "quote", "--model", "gpt-5.6-soll", "--input", 10, "--json")
    assert done.code == 5
    assert (done.json["status"], done.json["cost_usd"]) == ("unpriced", None)
    assert "gpt-5.6-sol" in done.json["assumptions"][0]


HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("requests --limit 10000", 0),
        ("pricing list", 0),
        ("pricing list --json", 0),
        ("query --csv FROM(requests)JOIN(range(9000))ON(true)", 0),
        ("check --baseline {baseline}", 4),
    ],
)
def test_a_reader_that_goes_early_changes_no_exit_code(
    small_db: Path, small_baseline: Path, tmp_path: Path, line: str, code: int
) -> None:
    """Six requests are not enough for `check`: with code 0 a closed pipe would hide that."""
    command = [sys.executable, "-P", "-m", "llmaudit", *line.format(baseline=small_baseline).split(), "--db", small_db]
    run = subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stdout
    assert run.stderr
    run.stdout.close()
    said = run.stderr.read().decode()
    run.stderr.close()
    assert run.wait(60) == code, said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_detect_reads_standard_input(small_log: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "llmaudit", "detect", "-", "--json"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        input=small_log.read_bytes(),
        capture_output=True,
        check=True,
    )
    (file,) = msgspec.json.decode(done.stdout)["files"]
    assert (file["path"], file["format"]) == ("-", "litellm")


def test_busy_database(small_db: Path, tmp_path: Path, call: Run) -> None:
    copy = tmp_path / "busy.duckdb"
    shutil.copy(small_db, copy)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(copy)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(tmp_path),
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        done = call("status", "--db", copy)
        assert done.code == 6
        assert str(holder.pid) in done.err
        assert "Traceback" not in done.err
    assert call("status", "--db", copy).code == 0


def test_database_of_a_newer_version(small_db: Path, tmp_path: Path, call: Run) -> None:
    copy = tmp_path / "newer.duckdb"
    shutil.copy(small_db, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE name = 'schema'")
    before = copy.read_bytes()
    done = call("status", "--db", copy)
    assert done.code == 6
    assert "999" in done.err
    assert copy.read_bytes() == before


PERIODS = {
    "all": ("", "a-1 a-2 a-3 a-4 a-5 a-6"),
    "start is in": ("--since 2026-10-02", "a-3 a-4 a-5 a-6"),
    "end is out": ("--until 2026-10-02", "a-1 a-2"),
    "one day": ("--since 2026-10-02 --until 2026-10-03", "a-3 a-4 a-5 a-6"),
    "instants": ("--since 2026-10-02T12:00:00Z --until 2026-10-02T13:00:00Z", "a-5"),
    "an offset": ("--since 2026-10-02T00:00:00+02:00", "a-2 a-3 a-4 a-5 a-6"),
    "month": ("--month 2026-10", "a-1 a-2 a-3 a-4 a-5 a-6"),
    "month before": ("--month 2026-09", ""),
    "zone of a date": ("--timezone Europe/Berlin --since 2026-10-02", "a-2 a-3 a-4 a-5 a-6"),
    "zone of an end": ("--timezone Europe/Berlin --until 2026-10-02", "a-1"),
    "zone of a month": ("--timezone Pacific/Kiritimati --month 2026-09", ""),
    "a written offset beats the zone": ("--timezone Europe/Berlin --since 2026-10-02T00:00:00Z", "a-3 a-4 a-5 a-6"),
}


@pytest.mark.parametrize("what", PERIODS)
def test_periods(call: Run, small_db: Path, what: str) -> None:
    flags, ids = PERIODS[what]
    rows = call("requests", "--db", small_db, "--json", *flags.split()).json["rows"]
    assert [row["request_id"] for row in rows] == ids.split()
    status = call("status", "--db", small_db, "--json", *flags.split()).json
    assert status["requests"] == len(rows)
    started = sorted(row["started_at"] for row in rows)
    assert (status["first_at"], status["last_at"]) == ((started[0], started[-1]) if started else (None, None))


def test_days_are_of_the_zone(call: Run, small_db: Path) -> None:
    def days(*flags: str) -> dict[str, int]:
        document = call("report", "--db", small_db, "--json", *flags).json
        return {row["name"]: row["requests"] for row in document["spend"]["by_day"]}

    assert days() == {"2026-10-01": 2, "2026-10-02": 4}
    assert days("--timezone", "Europe/Berlin") == {"2026-10-01": 1, "2026-10-02": 4, "2026-10-03": 1}


def test_month_over_the_end_of_summer_time(call: Run, small_db: Path) -> None:
    document = call("report", "--db", small_db, "--json", "--month", "2026-10", "--timezone", "Europe/Berlin").json
    assert (document["since"], document["until"]) == ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
    assert document["timezone"] == "Europe/Berlin"


def test_period_of_ingest_is_ignored_not_lost(call: Run, small_log: Path) -> None:
    document = call("ingest", small_log, "--since", "2026-10-02", "--json").json
    assert (document["totals"]["accepted"], document["totals"]["ignored"]) == (4, 2)
    assert document["totals"]["lines"] == 6


@pytest.mark.parametrize("ending", ["html", "md", "json"])
def test_report_file(call: Run, small_db: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"report.{ending}"
    done = call("report", "--db", small_db, "--out", out)
    assert done.code == 0, done.err
    assert done.out == ""
    assert out.stat().st_size > 1000
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    if ending == "json":
        assert msgspec.json.decode(out.read_bytes()) == call("report", "--db", small_db, "--json").json


@pytest.mark.parametrize(
    "line", ["report --out {out}.html", "reprice --out {out}.parquet", "audit {log} --out {out}.md"]
)
def test_output_that_cannot_be_written(call: Run, small_db: Path, small_log: Path, tmp_path: Path, line: str) -> None:
    done = call(
        *line.format(out="missing/out", log=small_log).split(), *(["--db", small_db] if "log" not in line else [])
    )
    assert done.code == 1, done.err
    assert "missing" in done.err
    assert "bug in llmaudit" not in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["html", "parquet"])
def test_output_is_whole_or_not_at_all(
    call: Run, small_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """A write that breaks off leaves the file of yesterday, and nothing beside it."""
    out = tmp_path / f"out.{ending}"
    out.write_text("yesterday")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", broken)
    done = call("reprice" if ending == "parquet" else "report", "--db", small_db, "--out", out)
    assert done.code == 1
    assert "disk is full" in done.err
    assert out.read_text() == "yesterday"
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


KILLED = """
import os, signal, sys
from llmaudit.cli import main
from llmaudit.ingest import together

def killed(*_):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except BaseException:
        if {in_a_query}:
            raise KeyboardInterrupt from None  # what the store makes of DuckDB's word for it
        raise

together.detect = killed
sys.argv = ["llmaudit", "ingest", {log!r}]
main()
"""


@pytest.mark.parametrize("in_a_query", ["False", "True"])
def test_interrupted(small_log: Path, tmp_path: Path, in_a_query: str) -> None:
    """SIGTERM ends a run with 143 and leaves no database half written."""
    command = KILLED.format(log=str(small_log), in_a_query=in_a_query)
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=tmp_path, env=clean_environment(tmp_path), capture_output=True, check=False
    )
    assert done.returncode == 143
    assert b"Traceback" not in done.stderr
    after = run_in(tmp_path, "status", "--json")
    assert "there is no database" in after.err or after.json["requests"] == 0


def test_no_command_loads_pandas(tmp_path: Path, small_log: Path) -> None:
    """Arrow would wherever it is installed, as it is here; the checks themselves need it."""
    environment = clean_environment(tmp_path) | {"PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "llmaudit", "ingest", small_log],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert find_spec("pandas")
    assert " pyarrow.lib\n" in done.stderr
    assert " pandas._libs\n" not in done.stderr
