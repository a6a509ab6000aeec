"""Which files a path means: the file itself, or the files of a folder in name order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from llmaudit.errors import InputError, printable

NOT_LOGS = {".md", ".py", ".pyc", ".html", ".yaml", ".yml", ".toml", ".duckdb", ".png", ".ipynb", ".wal"}
"""Endings that a folder may hold beside logs; a file that is named itself is always tried."""

NO_FILE = "no regular file"
HIDDEN = "hidden"
"""A name that begins with a dot or two underscores: of a folder nothing in it is looked at."""

_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True)
class Found:
    """A file, and whether the user named it or a folder around it.

    Attributes:
        path: The file.
        named: The user named it, and not a folder around it.
        is_input: It is what came on standard input.
        left: Why it is not looked at, such as `.md`; None where it is read. A hidden folder is named once.
    """

    path: Path
    named: bool
    is_input: bool = False
    left: str | None = None


def walk(paths: Iterable[str]) -> Iterator[Found]:
    """Yield the files that the given paths mean. No name is expanded: `log[1].jsonl` is that file.

    Folders are walked in name order, so that the same folder always reads the same. What is hidden, no regular file or
    has an ending that no log has is named too, with the reason why it is not to be read.

    Raises:
        InputError: A path is an address or does not exist, or a folder cannot be read.
    """
    for text in paths:
        if _URL.match(text):
            raise InputError(
                f"{printable(text)} is an address; llmaudit never touches the network",
                next_step="Download the file and name the copy.",
                slug="path-is-url",
            )
        path = Path(text)
        if path.is_dir():
            yield from _files_of(path)
        elif os.path.lexists(path):  # what it is, and whether it can be read, shows when it is opened
            yield Found(path, named=True)
        else:
            raise InputError(f"{printable(text)} does not exist", next_step="Check the path.", slug="no-such-file")


def _files_of(folder: Path) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(
            f"the folder {printable(str(folder))} cannot be read: {error.strerror}",
            next_step="Check its permissions.",
            slug="file-unreadable",
        ) from None
    for entry in entries:
        if entry.name.startswith((".", "__")):
            yield Found(Path(entry.path), named=False, left=HIDDEN)
        elif entry.is_dir(follow_symlinks=False):
            yield from _files_of(Path(entry.path))
        else:
            yield Found(Path(entry.path), named=False, left=_why_left(entry))


def _why_left(entry: os.DirEntry[str]) -> str | None:
    """Return why a folder's entry is not looked at; None where it is to be read."""
    try:
        is_file = entry.is_file()
    except OSError:  # a link that leads to itself
        is_file = False
    if not is_file:  # a pipe, a socket, a link that leads nowhere or to a folder
        return NO_FILE
    ending = Path(entry.name).suffix.lower()
    return ending if ending in NOT_LOGS else None
