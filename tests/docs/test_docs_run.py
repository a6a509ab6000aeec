"""The manual's examples run: shell blocks of the README as a script, those of the pages line by line, every file a user
would write through the reader that reads it, every query on a database of sample logs."""

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from running import HANGS, Ran

import llmaudit
from llmaudit.catalog import load_catalog
from llmaudit.formats.mapped import load_map
from llmaudit.gate.budget import read_budget
from llmaudit.plans import load_plan
from llmaudit.settings import DEFAULTS
from llmaudit.tiers.user_rules import RulesFile
from llmaudit.yamlfile import read_yaml

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_logs"
BLOCK = re.compile(r"^```(?P<kind>[a-z]+ ?[a-z]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "report.md"]
WRITTEN = {
    "yaml plan": "my-plan.yaml",
    "yaml catalog": "prices.yaml",
    "yaml rules": "rules.yaml",
    "yaml deployments": "deployments.yaml",
    "yaml map": "map.yaml",
    "yaml budget": "budget.yaml",
    "toml": "llmaudit.toml",
    "html page": "pricing.html",
}
"""Kinds of block that show a file, and the name under which the shell blocks read it."""

HOUSE = (
    '{"call": "c1", "meta": {"ts": 1790000000000}, "llm": {"model": "gpt-4.1"}, "took": 900, "cost": 0.01, '
    '"usage": {"promptTokens": 9, "completionTokens": 3, "cached": 0}}\n'
)
"""A log in no known format, for the column map that the manual shows."""


def blocks(page: Path, *kinds: str) -> Iterator[tuple[str, str]]:
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match["kind"] in kinds:
            yield match["kind"], match["text"]


def examples(*kinds: str) -> list[Any]:
    """Return every block of some kinds in the manual, named for its page."""
    return [
        pytest.param(text, id=f"{page.name}-{number}")
        for page in (ROOT / "README.md", *PAGES)
        for number, (_, text) in enumerate(blocks(page, *kinds), start=1)
    ]


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: a few logs, the files they would write, and a database of the logs."""
    folder = tmp_path_factory.mktemp("desk")
    logs = folder / "logs"
    logs.mkdir()
    for name, lines, packed in (("app.jsonl", 300, "openai_compatible"), ("litellm.jsonl", 400, "litellm")):
        with gzip.open(SAMPLES / f"{packed}.jsonl.gz", "rt", encoding="utf-8") as source:
            (logs / name).write_text("".join(line for line, _ in zip(source, range(lines), strict=False)), "utf-8")
    session = min((SAMPLES / "claude_code").glob("*.jsonl"), key=lambda path: path.stat().st_size)
    shutil.copy(session, logs)
    kinds = ("yaml plan", "yaml catalog", "yaml rules", "yaml deployments", "yaml map", "yaml budget")
    for kind, text in blocks(ROOT / "docs" / "files.md", *kinds):
        (folder / WRITTEN[kind]).write_text(text, encoding="utf-8")
    for kind, text in blocks(ROOT / "docs" / "markup-page.md", "html page"):
        (folder / WRITTEN[kind]).write_text(text, encoding="utf-8")
    (folder / "house.jsonl").write_text(HOUSE, encoding="utf-8")
    with (
        llmaudit.open_database(folder / "october.duckdb", read_only=False) as database,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.chdir(folder)
        database.ingest(["logs"])
    return folder


@pytest.fixture
def at_desk(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the desk, as the working directory."""
    shutil.copytree(desk, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_runs_as_one_script(desk: Path, tmp_path: Path):
    """A reader pastes one block after the other. Only `make` is left out: it would run these tests again."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copytree(desk / "logs", folder / "logs")
    tools = tmp_path / "bin"
    tools.mkdir()
    command = tools / "llmaudit"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m llmaudit "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    script = "".join(text for _, text in blocks(ROOT / "README.md", "sh"))
    script = re.sub(r"^make .*$", "", script, flags=re.MULTILINE)
    assert script.count("llmaudit ") >= 8
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=HANGS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (folder / "report.html").read_bytes().lstrip().startswith(b"<!DOCTYPE html>")
    assert "my-plan: 2 rules" in done.stdout


def test_what_the_readme_shows_of_the_demo_is_what_it_prints(audit_run: Ran):
    ((_, shown),) = blocks(ROOT / "README.md", "text demo")
    assert shown in audit_run.out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(
    page: Path, at_desk: Path, call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LLMAUDIT_DB", "october.duckdb")
    for kind, text in blocks(page, "sh", *WRITTEN):
        if kind in WRITTEN:
            (at_desk / WRITTEN[kind]).write_text(text, encoding="utf-8")
            continue
        for line in text.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            assert program == "llmaudit", line
            done = call(*arguments, env={"LLMAUDIT_DB": "october.duckdb"})
            assert done.code == 0, f"{line}: {done.err}"
            assert done.out or done.err, line


@pytest.mark.parametrize("text", examples("yaml plan"))
def test_a_plan_that_is_shown_is_a_plan(text: str, tmp_path: Path):
    file = tmp_path / "plan.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_plan(str(file), load_catalog()).rules


@pytest.mark.parametrize("text", examples("yaml catalog"))
def test_a_catalog_file_that_is_shown_is_one(text: str, tmp_path: Path):
    file = tmp_path / "prices.yaml"
    file.write_text(text, encoding="utf-8")
    catalog = load_catalog([file])
    if sku := re.search(r"sku: (\S+)", text):
        assert catalog.find(sku[1]).offer
    elif fact := re.search(r"model: ([^\s,]+), tools: true", text):
        assert catalog.abilities(fact[1]).tools
    else:
        rules = catalog.caching if "caching:" in text else catalog.sellers["openai"].discounts
        assert rules[0].source in text


@pytest.mark.parametrize("text", examples("yaml rules"))
def test_a_rules_file_that_is_shown_is_one(text: str, tmp_path: Path):
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    assert read_yaml(file, RulesFile, what="rules file").rules


@pytest.mark.parametrize("text", examples("yaml map"))
def test_a_column_map_that_is_shown_is_one(text: str, tmp_path: Path):
    file = tmp_path / "map.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_map(file).sources


@pytest.mark.parametrize("text", examples("yaml budget"))
def test_a_budget_that_is_shown_is_one(text: str, tmp_path: Path):
    file = tmp_path / "budget.yaml"
    file.write_text(text, encoding="utf-8")
    assert read_budget(file).limits()


@pytest.mark.parametrize("text", examples("toml"))
def test_settings_that_are_shown_are_settings(text: str):
    assert set(tomllib.loads(text)) <= set(DEFAULTS)


@pytest.mark.parametrize("text", [one for one in examples("sql") if "CREATE TABLE" not in one.values[0]])
def test_a_query_that_is_shown_runs(text: str, desk: Path):
    with duckdb.connect(str(desk / "october.duckdb"), read_only=True) as connection:
        connection.execute(text).fetchall()


@pytest.mark.parametrize("text", examples("python"))
def test_python_that_is_shown_runs(text: str, at_desk: Path, capsys: pytest.CaptureFixture[str]):
    exec(compile(text, str(at_desk / "example.py"), "exec"), {})  # noqa: S102 -- our own manual
    assert capsys.readouterr().out
