"""Small files, read whole and once: a coding agent leaves thousands of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from llmaudit.ingest.read import CHUNK_BYTES, GZIP_MAGIC, ZSTD_MAGIC, Content, archive_of, handle_of, unreadable

SMALL_BYTES = 1 << 20
"""A file of no more is read once and held in memory while it is decoded."""

_MAYBE_MARKED = {b"\xef", b"\xff", b"\xfe"}
"""First bytes of the marks of UTF-8 and UTF-16."""


class InMemory(Content):
    """The text of a small file that has been read and hashed already."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, empty at the end."""
        return self.stream.read(size)


@dataclass(frozen=True)
class Small:
    """A small file, read whole (picklable).

    Attributes:
        path: The file.
        text: Its bytes as UTF-8 without a byte-order mark.
        digest: SHA-256 of its bytes as they are.
        content_bytes: How many they are.
        disk_bytes: Size of the file as it lies on disk.
    """

    path: Path
    text: bytes
    digest: str
    content_bytes: int
    disk_bytes: int


def small_file(path: Path) -> Small | None:
    """Return a file of no more than `SMALL_BYTES`, read once; None for a larger or a packed one.

    Raises:
        InputError: Missing, no ordinary file, or unreadable.
    """
    handle, size = handle_of(path)
    try:
        if size > SMALL_BYTES:
            return None
        data = b""
        while len(data) <= SMALL_BYTES and (more := os.read(handle, SMALL_BYTES + 1 - len(data))):
            data += more
    except OSError as error:
        raise unreadable(path, error) from None
    finally:
        os.close(handle)
    if len(data) > SMALL_BYTES or data.startswith((GZIP_MAGIC, ZSTD_MAGIC)) or archive_of(data):
        return None
    marked = data[:1] in _MAYBE_MARKED or b"\0" in data[:4]
    return Small(path, _text_of(path, data) if marked else data, sha256(data).hexdigest(), len(data), size)


def _text_of(path: Path, data: bytes) -> bytes:
    """Return bytes that may be UTF-16, or begin with a mark, as UTF-8 without one."""
    content = Content(path, BytesIO(data), len(data))
    return b"".join(iter(lambda: content.read(CHUNK_BYTES), b""))
