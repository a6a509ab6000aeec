"""The command line as people run it, in a folder of its own with a clean environment: as a process, or in this one."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from llmaudit.cli import main

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


HANGS = 900
"""Seconds after which a command is taken to hang: a busy machine may be ten times as slow as a quiet one."""


def clean_environment(home: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return an environment that holds nothing of the developer's own."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), **(extra or {})}


def run_here(folder: Path, *args: object, env: dict[str, str] | None = None) -> Ran:
    """Run the command line within this process, by the same entry point, in a folder; nothing of it stays behind."""
    out, err = StringIO(), StringIO()
    code, handler, mask = 0, signal.getsignal(signal.SIGTERM), os.umask(0o022)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("LLMAUDIT_") or name == "NO_COLOR"]:
            patch.delenv(name)
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["llmaudit", *map(str, args)])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            signal.signal(signal.SIGTERM, handler)
            os.umask(mask)
    return Ran(code, out.getvalue(), err.getvalue())


def run_in(folder: Path, *args: object, env: dict[str, str] | None = None) -> Ran:
    """Run the command line as a process of its own in a folder."""
    command = [sys.executable, "-P", "-m", "llmaudit", *map(str, args)]
    environment = clean_environment(folder, env)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=HANGS, check=False)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
