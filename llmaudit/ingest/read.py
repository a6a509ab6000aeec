"""Bytes from strangers, safely: open one file, see through its compression, notice damage.

A path is never handed to an engine's reader: those expand `*` and `[1]`, read columns out of folder names, accept
archives with a wrong checksum and lose lines without a word. Here the bytes are read in Python, and the archive's
checksums are checked to the end.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO

from llmaudit.errors import InputError, printable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHUNK_BYTES = 8 << 20
"""Bytes read at a time, and so about the size of a block. Large enough that a block's fixed costs vanish."""

HEAD_BYTES = 1 << 18

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_PACKED = {
    b"PK\x03\x04": "ZIP",
    b"PK\x05\x06": "ZIP",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x04\x22\x4d\x18": "lz4",
}
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_WORKBOOK = (b"[Content_Types].xml", b"xl/workbook")
"""Names of files that stand at the head of an Excel workbook, which is a ZIP."""

HEAD_OF_ZIP = 4096
UTF8_BOM = b"\xef\xbb\xbf"

PACKED = "packed-archive"
DATABASE = "duckdb-database"
_DUCKDB_MARK, _DUCKDB_MARK_AT = b"DUCK", 8


def archive_of(start: bytes) -> str | None:
    """Return what kind of archive begins like this, or None where it is none of those that are not read.

    A tar would pass for a log: its first lines are names and sizes, and the first record of each file is lost in them.
    """
    if start[_TAR_MARK_AT : _TAR_MARK_AT + len(_TAR_MARK)] == _TAR_MARK:
        return "tar"
    return next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), None)


@dataclass
class Content:
    """The decompressed bytes of one file, as they pass by.

    Attributes:
        path: The file, for messages.
        stream: The decompressed bytes.
        disk_bytes: Size of the file as it lies on disk, when it was opened.
        packed: Whether the file is compressed.
        size: Bytes read so far.
        digest: SHA-256 of them.
        hashed: Whether that is wanted; who has no use for it saves a second for each gigabyte or two.
    """

    path: Path
    stream: IO[bytes]
    disk_bytes: int
    packed: bool = False
    size: int = 0
    digest: hashlib._Hash = field(default_factory=sha256)
    hashed: bool = True
    _from_utf16: codecs.IncrementalDecoder | None = None

    def read(self, size: int) -> bytes:
        """Return up to about `size` bytes, empty at the end: text as UTF-8 without a byte-order mark.

        Raises:
            InputError: A damaged or truncated archive, one that is not looked into, a database of llmaudit's own kind,
                or the disk fails.
        """
        first = self.size == 0
        data = self._bytes(size)
        if first and (kind := archive_of(data)):
            step = "Unpack it into a folder and name that; plain, gzip and zstd files are read as they are."
            if kind == "ZIP" and any(mark in data[:HEAD_OF_ZIP] for mark in _WORKBOOK):
                kind, step = "an Excel workbook", "Save its sheet as CSV and name that file."
            raise InputError(
                f"{printable(file_name(self.path))} is a packed archive ({kind}), which llmaudit does not open",
                next_step=step,
                slug="packed-archive",
            )
        if first and data[_DUCKDB_MARK_AT : _DUCKDB_MARK_AT + len(_DUCKDB_MARK)] == _DUCKDB_MARK:
            raise InputError(
                f"{printable(file_name(self.path))} is a DuckDB database, like llmaudit's own, and not a log",
                next_step="Name it with --db to see what it holds, such as `llmaudit status --db FILE`.",
                slug="duckdb-database",
            )
        if first:
            self._from_utf16 = _utf16_decoder(data)
            if self._from_utf16 is None:
                return data.removeprefix(UTF8_BOM)
        return data if self._from_utf16 is None else self._transcoded(data)

    @property
    def is_transcoded(self) -> bool:
        """Whether the bytes read are not those of the file, which is UTF-16."""
        return self._from_utf16 is not None

    @property
    def position(self) -> int:
        """Bytes read of the file as it lies on disk; unlike `size` it can be held against `disk_bytes`."""
        inner = getattr(self.stream, "fileobj", None) or getattr(self.stream, "_fp", None) or self.stream
        return int(inner.tell())

    def _transcoded(self, data: bytes) -> bytes:
        """Return UTF-16 as UTF-8; half a surrogate pair stays damage, in the one line that holds it."""
        assert self._from_utf16 is not None  # noqa: S101 -- for mypy: the caller has looked
        try:
            text = self._from_utf16.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{printable(file_name(self.path))} ends inside a UTF-16 character",
                next_step="Fetch the file again; nothing of it was read in.",
                slug="damaged-archive",
            ) from error
        return text.encode("utf-8", "surrogatepass")

    def _bytes(self, size: int) -> bytes:
        try:
            data = self.stream.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
            raise InputError(
                f"{printable(file_name(self.path))} is a damaged or truncated archive: {printable(str(error))}",
                next_step="Fetch the file again; nothing of it was read in.",
                slug="damaged-archive",
            ) from error
        except OSError as error:
            raise unreadable(self.path, error) from None
        self.size += len(data)
        if self.hashed:
            self.digest.update(data)
        return data


def _utf16_decoder(start: bytes) -> codecs.IncrementalDecoder | None:
    """Return a decoder where a file begins like UTF-16 text: with its mark, or with ASCII in every other byte."""
    kind = None
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        kind = "utf-16"
    elif len(start) >= len("ab".encode("utf-16-le")):
        little = (start[0] and not start[1]) and (start[2] and not start[3])
        big = (start[1] and not start[0]) and (start[3] and not start[2])
        kind = "utf-16-le" if little else "utf-16-be" if big else None
    return codecs.getincrementaldecoder(kind)("surrogatepass") if kind else None


INPUT_FOLDER = "llmaudit-stdin-"
"""How the name of a folder begins that holds a copy of standard input: nobody is to look for a file of that name."""


def file_name(path: Path) -> str:
    """Return a path as text that can be stored: bytes of a name that are not UTF-8 are written as escapes."""
    if path.name == "-" and path.parent.name.startswith(INPUT_FOLDER):
        return "standard input"
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def opened(path: Path) -> Iterator[Content]:
    """Open a plain, gzip or zstd file by its first bytes, whatever its name, and yield its content.

    Raises:
        InputError: Missing, no ordinary file, or unreadable.
    """
    with _raw(path) as (raw, size):
        magic = raw.read(4)
        raw.seek(0)
        if magic.startswith(GZIP_MAGIC):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield Content(path, unpacked, size, packed=True)  # type: ignore[arg-type]  # GzipFile reads like any binary file
        elif magic == ZSTD_MAGIC:
            with zstd.ZstdFile(raw) as unpacked:
                yield Content(path, unpacked, size, packed=True)  # type: ignore[arg-type]  # so does ZstdFile
        else:
            yield Content(path, raw, size)


@contextmanager
def _raw(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open an ordinary file for reading as a stream."""
    handle, size = handle_of(path)
    with open(handle, "rb") as raw:  # noqa: PTH123 -- a descriptor has no path
        yield raw, size


def handle_of(path: Path) -> tuple[int, int]:
    """Return a descriptor of an ordinary file, opened for reading, and its size.

    Not blocking: opening a pipe that nobody writes to would wait for ever.

    Raises:
        InputError: Missing, no ordinary file, or unreadable.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unreadable(path, error) from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise unreadable(path, OSError("it is not an ordinary file"))
    return handle, status.st_size


def unreadable(path: Path, error: Exception) -> InputError:
    """Return the error that says why a file cannot be read."""
    why = getattr(error, "strerror", None) or str(error)
    return InputError(
        f"{printable(file_name(path))} cannot be read: {printable(why)}",
        next_step="Check the path and its permissions; write what comes from a pipe or device to a file first.",
        slug="file-unreadable",
    )
