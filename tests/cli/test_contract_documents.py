"""The contract of every command: one JSON document with its keys, money as text, and a help with an example."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from contract_cases import CASES, leaves
from running import Ran, Run

from llmaudit.cli import app
from llmaudit.request import COLUMNS

Line = Callable[[str], list[str]]

ELSEWHERE = {"tag train", "tag text", "lakehouse names", "lakehouse rollup", "lakehouse collect"}
"""Labels, standard input: tests/tiers/test_tag.py. Steps of which another engine does a part: tests/lakehouse."""


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


def test_every_command_has_a_case() -> None:
    assert set(command_names()) <= set(CASES) | ELSEWHERE, "add new commands to contract.yaml"


def test_requests_show_every_column() -> None:
    assert {f"rows[].{column}" for column in COLUMNS} == set(CASES["requests"].paths)


@pytest.mark.parametrize("name", CASES)
def test_json(call: Run, line_of: Line, name: str) -> None:
    done: Ran = call(*line_of(name), "--json")
    assert done.code == 0, done.err
    document = done.json
    assert document["schema"] == f"llmaudit/{CASES[name].schema}/1"
    for path in CASES[name].paths:
        values_at(document, path)
    for path, value in leaves(document):
        if path.endswith("_usd"):
            assert value is None or re.fullmatch(r"-?\d+\.\d{6,12}", value), f"{path}: {value!r}"
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.+]+Z?", value):
            assert value.endswith("Z"), f"{path}: {value}"
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


def test_the_summary_leads_with_what_can_be_reached(call: Run, small_db: Path) -> None:
    document = call("report", "--db", small_db, "--json").json["waterfall"]
    out = call("report", "--db", small_db).out
    assert "  reachable: " in out
    assert out.index("reachable: ") < out.index("By model")
    parts = [Decimal(document[f"{name}_usd"]) for name in ("no_risk", "certified", "unproven")]
    assert sum(parts) == Decimal(document["saving_usd"])


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


def test_warnings_can_be_silenced(call: Run, small_log: Path) -> None:
    assert "warning: " in call("audit", small_log).err
    assert call("audit", small_log, "--quiet").err == ""
