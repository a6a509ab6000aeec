"""What commands take from standard input for `-`, and what they call it: no file of that name is anywhere."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest
from builders import litellm_row, write_jsonl
from pair_files import both
from running import Ran, run_here

PLAN = b"name: mine\nrules:\n  - use: example/budget-0.5\n"


def given(monkeypatch: pytest.MonkeyPatch, data: bytes, folder: Path, *line: str) -> Ran:
    """Run a command with some bytes on its standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    return run_here(folder, *line)


def test_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = given(monkeypatch, PLAN, tmp_path, "plan", "check", "-")
    assert (done.code, "mine: 1 rules, no errors" in done.out) == (0, True), done.err
    row = litellm_row("a", "2026-10-01T10:00:00Z", model="flagship-7", provider="example", prompt=1000)
    assert run_here(tmp_path, "ingest", write_jsonl(tmp_path / "log.jsonl", [row])).code == 0
    with_traffic = given(monkeypatch, PLAN, tmp_path, "plan", "check", "-")  # reads the plan twice
    assert (with_traffic.code, "no errors" in with_traffic.out) == (0, True), with_traffic.err
    priced = given(monkeypatch, PLAN, tmp_path, "reprice", "--plan", "-", "--json")
    assert priced.json["plans"][0]["cost_usd"] == "0.000500"  # 1,000 x $0.50 a million


def test_a_plan_with_a_mistake_is_placed_in_what_came_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = given(monkeypatch, PLAN.replace(b"budget-0.5", b"nothing"), tmp_path, "plan", "check", "-")
    assert (done.code, done.err.startswith("llmaudit: standard input:3:")) == (5, True), done.err


def test_pairs_of_a_shadow_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(msgspec.json.encode(row) + b"\n" for row in both(160))
    (tmp_path / "pairs.jsonl").write_bytes(data)
    told = [
        given(monkeypatch, data, tmp_path, "shadow", "analyze", name, "--db", f"{n}.duckdb", "--json")
        for n, name in enumerate(("-", "pairs.jsonl"))
    ]
    assert told[0].code == told[1].code
    assert told[0].json == told[1].json
    damaged = given(monkeypatch, b"PAR1 and no more", tmp_path, "shadow", "analyze", "-")
    assert (damaged.code, "standard input" in damaged.err) == (5, True), damaged.err


@pytest.mark.parametrize("command", ["ingest", "detect"])
def test_an_archive_is_called_standard_input(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("log.jsonl", "{}")
    done = given(monkeypatch, packed.getvalue(), tmp_path, command, "-")
    assert "standard input is a packed archive (ZIP)" in done.err + done.out
    assert "llmaudit-stdin" not in done.err + done.out


def test_a_file_of_deployments_is_named_in_full(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text("deployments: [")
    done = run_here(tmp_path, "pricing", "list", "--deployments", "d.yaml")
    assert (done.code, "the deployments file is not valid YAML" in done.err) == (5, True), done.err
