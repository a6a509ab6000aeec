"""GitHub Actions workflow commands: annotations on the run, an error for each failure, a warning for each doubt."""

from __future__ import annotations

from collections.abc import Iterator

from llmaudit.gate.check import Check

MOST = 10
"""GitHub shows ten annotations of a kind for a step; the last one says how many are left out."""

LEVELS = {"failed": "error", "warned": "warning", "undecided": "notice"}


def render(check: Check) -> str:
    """Return the commands; nothing where there is nothing to say."""
    return "" if check.is_quiet else "".join(f"{line}\n" for line in _lines(check))


def _lines(check: Check) -> Iterator[str]:
    if check.decomposition.causes:
        yield _command("notice", "llmaudit: largest cause", check.headline)
    for status, level in LEVELS.items():
        reported = [rule for rule in check.rules if rule.status == status]
        for rule in reported[: MOST - 1]:
            yield _command(level, f"llmaudit: {rule.name}", rule.reason)
        if len(reported) >= MOST:
            yield _command(level, "llmaudit", f"{len(reported) - MOST + 1} more rules {status}")


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """Return text escaped for the message of a command: a line break in it would begin another command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return text escaped for a property of a command, in which `:` and `,` have a meaning too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
