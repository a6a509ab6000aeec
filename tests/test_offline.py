"""Nothing ever touches the network: the audit all tests share was run in processes whose sockets refuse to work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from running import Ran, clean_environment

REACHING_OUT = [
    "import socket; socket.create_connection(('127.0.0.1', 9))",
    "import socket; socket.socket().connect(('127.0.0.1', 9))",
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
]


@pytest.mark.parametrize("code", REACHING_OUT)
def test_the_guard_bites(tmp_path: Path, no_network: dict[str, str], code: str) -> None:
    """Without this the test below could pass by having guarded nothing."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=clean_environment(tmp_path, no_network),
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert b"a test forbids the network" in done.stderr


def test_audit_works_without_a_network(audit_run: Ran, audit: Any) -> None:
    assert audit_run.code == 0
    assert audit["spend"]["requests"] == 20_087
    assert "forbids the network" not in audit_run.err
