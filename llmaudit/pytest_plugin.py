"""A pytest plugin: `pytest --llmaudit-log run.jsonl` checks the log written by a test suite against a baseline.

It records nothing itself: the suite, or the gateway it talks to, writes the log. The log is checked at the end of the
session, and a broken budget fails the run. Without the flag nothing happens, and nothing of llmaudit is imported.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

FAILED = 1
"""The exit status of pytest for a suite with failed tests: a broken budget is a failed test of the suite."""

PASSED, GATE, NOT_ENOUGH = 0, 3, 4


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("llmaudit", "cost check of the LLM calls a suite made")
    group.addoption(
        "--llmaudit-log", action="append", default=[], metavar="PATH", help="log that the suite writes; repeatable"
    )
    group.addoption(
        "--llmaudit-baseline", default="llmaudit-baseline.json", metavar="FILE", help="the file of `baseline save`"
    )
    group.addoption("--llmaudit-budget", default=None, metavar="FILE", help="the rules (YAML)")
    group.addoption(
        "--llmaudit-args", default="", metavar="ARGS", help="further arguments of `llmaudit check`, in one text"
    )
    group.addoption(
        "--llmaudit-update", action="store_true", help="write the log as the new baseline instead of failing"
    )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Check the log; a broken budget or an unusable log fails a run that would have passed.

    With pytest-xdist only the process that the others report to checks.
    """
    config = session.config
    if not config.getoption("--llmaudit-log") or hasattr(config, "workerinput") or exitstatus not in {PASSED, FAILED}:
        return
    done = subprocess.run(  # noqa: S603 -- this Python, our own command, arguments as a list
        _command(config), capture_output=True, text=True, check=False
    )
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    config.stash[_key()] = (done.returncode, lines)
    if done.returncode not in {PASSED, NOT_ENOUGH} and exitstatus == PASSED:
        session.exitstatus = FAILED


def _command(config: pytest.Config) -> list[str]:
    import shlex  # noqa: PLC0415 -- the plugin is loaded by every pytest: it must cost nothing

    option = config.getoption
    budget = ["--budget", str(option("--llmaudit-budget"))] if option("--llmaudit-budget") else []
    update = ["--update-baseline"] if option("--llmaudit-update") else []
    paths = [str(Path(config.invocation_params.dir) / path) for path in option("--llmaudit-log")]
    baseline = ["--baseline", str(option("--llmaudit-baseline"))]
    more = shlex.split(option("--llmaudit-args"))
    return [sys.executable, "-m", "llmaudit", "check", *paths, *baseline, *budget, *update, *more]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what the check said."""
    code, lines = config.stash.get(_key(), (PASSED, []))
    if not lines:
        return
    terminalreporter.section("llmaudit check" if code != GATE else "llmaudit check: FAILED")
    for line in lines:
        terminalreporter.write_line(line)


def _key() -> pytest.StashKey[tuple[int, list[str]]]:
    """Return where the result is kept between the two hooks; made at its first use."""
    import pytest  # noqa: PLC0415 -- loaded already where a hook runs

    if not _KEYS:
        _KEYS.append(pytest.StashKey())
    return _KEYS[0]


_KEYS: list[pytest.StashKey[tuple[int, list[str]]]] = []
