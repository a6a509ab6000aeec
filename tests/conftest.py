"""What the tests share: the command line as people run it, one audit of the sample logs, one small database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import pytest
from builders import litellm_row, write_jsonl
from running import ROOT, Ran, Run, once, run_here, run_in

import llmaudit
from llmaudit.catalog import Catalog, load_catalog
from llmaudit.cli.demo import month_logs

hypothesis.settings.register_profile("busy machine", deadline=None)  # how long an example takes proves nothing
hypothesis.settings.load_profile("busy machine")

SAMPLE_LOGS = ROOT / "sample_logs"

NO_NETWORK = """
import socket

def refused(*_, **__):
    raise OSError("a test forbids the network")

socket.socket.connect = socket.socket.connect_ex = socket.socket.bind = socket.socket.sendto = refused
socket.create_connection = socket.getaddrinfo = refused
"""
"""A `sitecustomize` module: Python imports it at its start, in worker processes too."""


@pytest.fixture
def cli(tmp_path: Path) -> Run:
    """Run the command line as a process of its own, in this test's own folder."""
    return lambda *args, env=None: run_in(tmp_path, *args, env=env)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line within the test's process: the same entry point, a hundred times faster."""
    monkeypatch.chdir(tmp_path)
    return lambda *args, env=None: run_here(Path.cwd(), *args, env=env)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests that all its workers have (`once`)."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def truth() -> Any:
    """What is planted in the sample logs, by their generator's own bookkeeping."""
    return msgspec.json.decode((SAMPLE_LOGS / "truth.json").read_bytes())


@pytest.fixture(scope="session")
def no_network(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which a Python process cannot reach the network."""
    folder = tmp_path_factory.mktemp("no-network")
    (folder / "sitecustomize.py").write_text(NO_NETWORK)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


@pytest.fixture(scope="session")
def audit_folder(shared: Path) -> Path:
    """Where the audit of the sample logs leaves its database. It belongs to all workers: nobody writes to it."""
    return shared / "audit"


@pytest.fixture(scope="session")
def audit_run(audit_folder: Path, no_network: dict[str, str]) -> Ran:
    """`llmaudit audit` over the invented month, once for all tests, without a network; its JSON is in `audit.json`."""

    def run() -> Ran:
        logs = month_logs(SAMPLE_LOGS)
        return run_in(audit_folder, "audit", *logs, "--db", "sample.duckdb", "--out", "audit.json", env=no_network)

    return once(audit_folder, run, Ran)


@pytest.fixture(scope="session")
def audit(audit_run: Ran, audit_folder: Path) -> Any:
    """The audit of the sample logs as a program reads it."""
    assert audit_run.code == 0, audit_run.err
    return msgspec.json.decode((audit_folder / "audit.json").read_bytes())


@pytest.fixture(scope="session")
def session(audit: Any, audit_folder: Path) -> Iterator[llmaudit.Session]:
    """The database of that audit, for what the audit has only as counts."""
    assert audit["spend"]["requests"]
    with llmaudit.open_database(audit_folder / "sample.duckdb") as opened:
        yield opened


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The packaged prices."""
    return load_catalog()


@pytest.fixture(scope="session")
def small_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six LiteLLM requests of two days: two models, a failure, one model that nobody prices."""
    rows = [
        litellm_row("a-1", "2026-10-01T10:00:00", prompt=1000, completion=100, spend="0.006"),
        litellm_row("a-2", "2026-10-01T22:30:00", prompt=2000, completion=10, tags=["feature:intent-classify"]),
        litellm_row("a-3", "2026-10-02T00:00:00", prompt=500, completion=50, tags=["tier:3"]),
        litellm_row("a-4", "2026-10-02T23:59:59.999", model="gpt-5.6-luna", prompt=700, completion=70),
        litellm_row("a-5", "2026-10-02T12:00:00", failed="429", spend="0"),
        litellm_row("a-6", "2026-10-02T13:00:00", model="nobody-9", provider="hosted_vllm", prompt=10, completion=1),
    ]
    return write_jsonl(tmp_path_factory.mktemp("small") / "small.jsonl", rows)


@pytest.fixture(scope="session")
def small_db(small_log: Path) -> Path:
    """A database that holds the small log. Tests read it; one that writes takes `own_db`."""
    path = small_log.with_name("small.duckdb")
    done = run_here(small_log.parent, "ingest", small_log, "--db", path)
    assert done.code == 0, done.err
    return path


@pytest.fixture
def own_db(small_db: Path, tmp_path: Path) -> Path:
    """A copy of that database, for a test that writes to it."""
    return Path(shutil.copy(small_db, tmp_path / "own.duckdb"))
