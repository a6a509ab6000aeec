"""The command line as people run it: a process of its own, in a folder of its own, with a clean environment."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

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
Made = TypeVar("Made")


def once(folder: Path, make: Callable[[], Made], kind: type[Made]) -> Made:
    """Return what a function makes in a folder; of several processes of one run of the tests, the first one calls it.

    Args:
        folder: Nobody else makes anything here. It is there when the function is called.
        make: Called with the others waiting.
        kind: The type of its result, which has to pass through JSON.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "made.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # goes with the process, however that ends
        if not kept.exists():
            kept.write_bytes(msgspec.json.encode(make()))
        return msgspec.json.decode(kept.read_bytes(), type=kind)


def clean_environment(home: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return an environment that holds nothing of the developer's own."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), **(extra or {})}


def run_in(folder: Path, *args: object, env: dict[str, str] | None = None) -> Ran:
    """Run the command line as a process of its own in a folder."""
    command = [sys.executable, "-P", "-m", "llmaudit", *map(str, args)]
    environment = clean_environment(folder, env)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
