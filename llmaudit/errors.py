"""Every error a user can meet: its name (slug), its exit code, and what to do next.

The text of an error names the thing, the value, the limit and the next step, on one to three lines. Slugs are headings
in docs/errors.md, so that a message can be looked up.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line. They are part of the contract: a gate's failure never shares one with a crash."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    GATE = 3
    NOT_ENOUGH_DATA = 4
    BAD_INPUT = 5
    BUSY = 6
    INTERRUPTED = 130
    TERMINATED = 143


class LlmauditError(Exception):
    """An error with a message for the user. Subclasses choose the exit code.

    Args:
        what: The thing, the value and the limit, in one sentence.
        next_step: What the user can do about it, in one sentence; may be empty.
        slug: Stable name of the error, a heading in docs/errors.md.
    """

    exit_code = Exit.FAILED

    def __init__(self, what: str, *, next_step: str = "", slug: str) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.slug = slug

    def __str__(self) -> str:
        return f"{self.what}\n{self.next_step}" if self.next_step else self.what


class UsageError(LlmauditError):
    """A flag or argument that cannot be meant as written."""

    exit_code = Exit.USAGE


class InputError(LlmauditError):
    """An input that cannot be used: missing, unknown, damaged or empty."""

    exit_code = Exit.BAD_INPUT


class NotEnoughError(LlmauditError):
    """There is not enough data to decide."""

    exit_code = Exit.NOT_ENOUGH_DATA


class StoreError(LlmauditError):
    """The database cannot be used as asked: busy, from a newer version, or not a database of ours."""

    exit_code = Exit.BUSY


class StorageFailedError(LlmauditError):
    """The machine failed us: disk full, no permission, damaged database file."""

    exit_code = Exit.FAILED


def printable(text: str, limit: int = 200) -> str:
    """Return a stranger's text made safe for a terminal: control and bidirectional characters escaped, length capped.

    File names and model names come from strangers; an escape sequence in one could rewrite what the user sees.
    """
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "replace").decode("ascii") for c in text[:limit]
    )
    return shown if len(text) <= limit else shown + "…"
