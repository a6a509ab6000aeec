"""Write a report whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from llmaudit.errors import StorageFailedError

MODE = 0o644
"""A report is made to be shown; the temporary file it is written to begins as its owner's alone."""


def write(path: Path, text: str) -> None:
    """Write text to a file: beside it first, flushed to the disk, then renamed over it.

    Args:
        path: The file; it is replaced if it exists.
        text: Its new content.

    Raises:
        StorageFailedError: The folder is missing or may not be written to.
        OSError: The disk is full.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise _failed(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(MODE)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _failed(path, error) from error
        raise


def _failed(path: Path, error: OSError) -> Exception:
    """Return what to raise: a full disk goes up as it is, the command line has its own words for it."""
    if error.errno == errno.ENOSPC:
        return error
    return StorageFailedError(
        f"{path} cannot be written: {error.strerror or error}",
        next_step="Name a file in a folder that exists and may be written to.",
        slug="cannot-write",
    )
