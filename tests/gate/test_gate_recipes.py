"""The recipes run: the very commands of the files in ci/, in a checkout with a suite that writes a log."""

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gate_logs import log
from running import HANGS, ROOT, clean_environment, run_here
from yaml_cases import read_cases

CI = ROOT / "ci"
Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a baseline, and a suite whose log costs the same or, with GROWN set, more."""
    folder = tmp_path_factory.mktemp("repository")
    log(folder, "same")
    log(folder, "grown", grown={"chat": 2000})
    assert run_here(folder, "baseline", "save", "llmaudit-baseline.json", "same.jsonl").code == 0
    suite = folder / "run-suite.sh"
    suite.write_text('#!/bin/sh\ncp "${GROWN:-same.jsonl}" run.jsonl\n')
    suite.chmod(0o755)
    return folder


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    """That repository, for one test."""
    shutil.copytree(repository, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def shell(checkout: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script as a CI system does, with `llmaudit` on the path, a `pip` that does nothing, and a noted `gh`."""
    tools = checkout / "tools"
    tools.mkdir()
    python = shlex.quote(sys.executable)
    for name, body in (
        ("llmaudit", f'exec {python} -P -m llmaudit "$@"'),
        ("python", 'test "$1 $2 $3" = "-m pip install"'),
        ("gh", 'printf "%s\\n" "$*" >> gh.log'),
    ):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)

    def run(script: str, **extra: str) -> subprocess.CompletedProcess[str]:
        environment = clean_environment(checkout, extra)
        environment["PATH"] = f"{tools}{os.pathsep}{environment['PATH']}"
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=checkout, env=environment, capture_output=True, text=True, timeout=HANGS, check=False,
        )  # fmt: skip

    return run


def read(name: str) -> Any:
    return read_cases(CI / name)


def test_the_github_workflow(shell: Any, checkout: Path):
    steps = [step for step in read("github-workflow.yml")["jobs"]["cost"]["steps"] if "run" in step]
    expressions = {"GH_TOKEN": "t", "REPO": "o/r", "NUMBER": "7"}
    codes = [shell(step["run"], GROWN="grown.jsonl", **expressions) for step in steps]
    assert [done.returncode for done in codes] == [0, 0, 0, 0, 3]
    assert (checkout / "llmaudit-comment.md").read_text().startswith("<!-- llmaudit:check -->")
    assert "repos/o/r/issues/7/comments" in (checkout / "gh.log").read_text()
    assert codes[-1].stdout.startswith("::notice")
    (checkout / "gh.log").unlink()
    codes = [shell(step["run"], **expressions) for step in steps]
    assert [done.returncode for done in codes] == [0] * 5
    assert not (checkout / "gh.log").exists()  # nothing to say, nothing said


def test_the_composite_action(shell: Any):
    action = read("check/action.yml")
    assert action["runs"]["using"] == "composite"
    given = {name: str(one.get("default", "run.jsonl")) for name, one in action["inputs"].items()}
    for grown, codes in (("grown.jsonl", [0, 3]), ("same.jsonl", [0, 0])):
        assert shell("./run-suite.sh", GROWN=grown).returncode == 0
        done = []
        for step in action["runs"]["steps"]:
            assert step["shell"] == "bash"
            names = {key: given[value.split("inputs.")[1].split(" ")[0]] for key, value in step["env"].items()}
            assert "${{" not in step["run"]  # values reach the script as variables: none can become a command
            done.append(shell(step["run"], **names))
        assert [one.returncode for one in done] == codes, done[-1].stderr
    assert action["outputs"]["comment"]["value"] == "llmaudit-comment.md"


def test_the_gitlab_job(shell: Any, checkout: Path):
    job = read("gitlab-ci.yml")["llm-cost"]
    assert shell("\n".join(job["script"]), GROWN="grown.jsonl").returncode == 3
    assert "<failure" in (checkout / job["artifacts"]["reports"]["junit"]).read_text()
    assert shell("\n".join(job["script"])).returncode == 0


def test_the_pre_commit_hook(shell: Any):
    (hook,) = read("pre-commit-config.yaml")["repos"][0]["hooks"]
    assert hook["language"] == "system"
    assert hook["pass_filenames"] is False
    assert shell(f"./run-suite.sh\n{hook['entry']}").returncode == 0
    assert shell(f"./run-suite.sh\n{hook['entry']}", GROWN="grown.jsonl").returncode == 3


SUITE = """
import shutil, os
def test_that_talks_to_a_model():
    shutil.copy(os.environ.get("GROWN", "same.jsonl"), "run.jsonl")
"""


def suite(checkout: Path, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
    (checkout / "test_suite.py").write_text(SUITE)
    installed = checkout / "site" / "llmaudit_entry-0.dist-info"  # what an installed llmaudit tells pytest
    installed.mkdir(parents=True, exist_ok=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: llmaudit-entry\nVersion: 0\n")
    (installed / "entry_points.txt").write_text("[pytest11]\nllmaudit = llmaudit.pytest_plugin\n")
    extra["PYTHONPATH"] = f"{ROOT}{os.pathsep}{checkout / 'site'}"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *args]
    return subprocess.run(
        command, cwd=checkout, env=clean_environment(checkout, extra), capture_output=True, text=True, timeout=HANGS,
        check=False,
    )  # fmt: skip


def test_the_pytest_plugin_gates_the_log_that_the_suite_writes(checkout: Path):
    done = suite(checkout, "--llmaudit-log", "run.jsonl")
    assert done.returncode == 0, done.stdout
    assert "No change beyond chance" in done.stdout
    done = suite(checkout, "--llmaudit-log", "run.jsonl", GROWN="grown.jsonl")
    assert done.returncode == 1
    assert "llmaudit check: FAILED" in done.stdout
    assert "Feature chat grew" in done.stdout
    done = suite(checkout, "--llmaudit-log", "run.jsonl", "--llmaudit-args=--exit-zero", GROWN="grown.jsonl")
    assert done.returncode == 0
    done = suite(checkout, "--llmaudit-log", "missing.jsonl")
    assert done.returncode == 1
    assert suite(checkout, "--llmaudit-log", "run.jsonl", "--llmaudit-update", GROWN="grown.jsonl").returncode == 0
    assert suite(checkout, "--llmaudit-log", "run.jsonl", GROWN="grown.jsonl").returncode == 0


def test_without_the_flag_the_plugin_does_nothing(checkout: Path):
    done = suite(checkout, GROWN="grown.jsonl")
    assert done.returncode == 0
    assert "llmaudit" not in done.stdout


def test_loading_the_plugin_imports_nothing_heavy():
    script = "import sys, llmaudit.pytest_plugin; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"duckdb", "numpy", "scipy", "polars", "pyarrow", "msgspec", "typer", "pytest", "plotly"}
    assert not heavy & set(eval(done.stdout))  # noqa: S307 -- a list of names that we printed ourselves


def test_the_plugin_is_an_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"llmaudit": "llmaudit.pytest_plugin"}
