"""The command line as people run it: a process of its own, in a folder of its own, with a clean environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return msgspec.json.decode(self.out)


Run = Callable[..., Ran]


def clean_environment(home: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return an environment that holds nothing of the developer's own."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), **(extra or {})}


def run_in(folder: Path, *args: object, env: dict[str, str] | None = None) -> Ran:
    """Run the command line as a process of its own in a folder."""
    command = [sys.executable, "-P", "-m", "llmaudit", *map(str, args)]
    environment = clean_environment(folder, env)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
