"""What benchmarks share: where results go, what they were measured on, and a log of many requests made by SQL."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llmaudit.store import Store

RESULTS = Path(__file__).parent / "results"

MACHINE = f"shared virtual machine, {os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
"""What the measurements were made on, in words."""

MODELS = (
    ("openai", "gpt-5.6-sol"),
    ("openai", "gpt-5.6-luna"),
    ("openai", "gpt-4.1-mini"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-opus-4-6"),
    ("anthropic", "claude-haiku-4-5"),
    ("google", "gemini-2.5-flash"),
    ("google", "gemini-2.5-pro"),
    ("mistral", "mistral-large-4"),
    ("deepseek", "deepseek-v4-pro"),
)
"""Sellers and skus of requests made by SQL."""


def keep(name: str, result: dict[str, Any], *packages: str) -> Path:
    """Write a result with its date and machine, and return the file; an earlier one of the same day is replaced.

    Args:
        name: What was measured.
        result: The figures.
        packages: Installed packages whose versions belong to them.
    """
    today = datetime.now(UTC).date().isoformat()
    machine = {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}
    versions = {package: version(package) for package in packages}
    path = RESULTS / f"{name}-{today}.json"
    path.write_text(json.dumps({"date": today, "machine": machine} | versions | result, indent=1) + "\n")
    return path


def add_source(store: Store, rows: int) -> None:
    """Enter into the ledger the file that requests made by SQL are said to come from (source 1)."""
    store.execute(
        "INSERT INTO sources BY NAME SELECT 1 AS source_id, 'bench' AS path, 'bench' AS content_sha256,"
        " 1 AS disk_bytes, 1 AS content_bytes, 'bench' AS format, $rows AS lines, $rows AS accepted,"
        " 0 AS duplicates, 0 AS ignored, 0 AS rejected, 0 AS bills, '{}' AS reasons",
        {"rows": rows},
    )
