"""Settings: flags before or after the command, variables and llmaudit.toml; each layer covers the one below it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import Run


@pytest.mark.parametrize("name", ["status", "markup", "plan show", "config"])
def test_common_options_before_and_after(call: Run, line_of: Callable[[str], list[str]], name: str) -> None:
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
