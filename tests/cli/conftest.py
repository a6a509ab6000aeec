"""What the tests of the contract share: command lines that work, on small files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import write_jsonl
from contract_cases import CASES
from pair_files import both
from running import run_here

LABELS = """{"prompt": "Write a Python function that adds two numbers.", "tier": 2, "source": "hand"}
{"prompt": "Hello!", "tier": 0, "source": "hand"}
"""
PAGE = """# Prices

A platform fee of 5% and $0.30 applies to credits.

| Model | Input per 1M tokens | Output per 1M tokens |
| --- | --- | --- |
| gpt-5.6-sol | $4 | $20 |
"""


@pytest.fixture(scope="session")
def small_baseline(small_db: Path) -> Path:
    path = small_db.with_name("small-baseline.json")
    done = run_here(small_db.parent, "baseline", "save", path, "--db", small_db)
    assert done.code == 0, done.err
    return path


@pytest.fixture
def line_of(small_log: Path, small_db: Path, small_baseline: Path, tmp_path: Path) -> Callable[[str], list[str]]:
    """Return the words of a command's line in contract.yaml, with the files that it names."""
    files = {
        "log": small_log,
        "db": small_db,
        "copy": shutil.copy(small_db, tmp_path / "copy.duckdb"),
        "baseline": small_baseline,
        "page": tmp_path / "page.md",
        "labels": tmp_path / "labels.jsonl",
        "pairs": write_jsonl(tmp_path / "pairs.jsonl", both(200)),
        "randomised": write_jsonl(
            tmp_path / "randomised.jsonl",
            [{"model": f"m{n % 2}", "propensity": 0.5, "score": n % 3 % 2} for n in range(400)],
        ),
        "outcomes": write_jsonl(
            tmp_path / "outcomes.jsonl",
            [
                {"case_id": f"c{n}", "route": "intent-classify", "model": model, "metric": "correct", "score": 1}
                for n in range(500)
                for model in ("openai/gpt-5.6-sol", "openai/gpt-5.6-luna")
            ],
        ),
    }
    Path(files["page"]).write_text(PAGE)
    Path(files["labels"]).write_text(LABELS)
    return lambda name: [*name.split(), *CASES[name].args.format(**files).split()]
