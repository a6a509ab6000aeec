"""Writes a report completely or not at all."""

from __future__ import annotations

from pathlib import Path

from llmaudit.parquetfile import whole

MODE = 0o644
"""A report is made to be shown."""


def write(path: Path, text: str) -> None:
    """Write text to a file, which is replaced if it exists.

    Raises:
        StorageFailedError: The folder is missing or may not be written to.
        OSError: The disk is full.
    """
    with whole(Path(path), MODE) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
