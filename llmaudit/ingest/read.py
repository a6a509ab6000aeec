"""Bytes from strangers, safely: open one file, see through its compression, notice damage, cut it into whole lines.

A path is never handed to an engine's reader: those expand `*` and `[1]`, read columns out of folder names, accept
archives with a wrong checksum and lose lines without a word. Here the bytes are read in Python, the archive's checksums
are checked to the end, and every line that is not used has a reason.
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
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

from llmaudit.errors import InputError, printable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHUNK_BYTES = 8 << 20
"""Bytes read at a time, and so about the size of a block. Large enough that a block's fixed costs vanish."""

MAX_LINE_BYTES = 64 << 20
"""A longer line is rejected and read past, so that memory stays bounded whatever the input."""

HEAD_BYTES = 1 << 18
SMALL_BYTES = 1 << 20
"""A file of no more is read once and held in memory while it is decoded."""

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
LINE_END = ord("\n")
UTF8_BOM = b"\xef\xbb\xbf"
_MAYBE_MARKED = {b"\xef", b"\xff", b"\xfe"}
"""First bytes of the marks of UTF-8 and UTF-16."""


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
                f"{printable(file_name(self.path))} is a packed archive ({kind}), which is not looked into",
                next_step=step,
                slug="packed-archive",
            )
        if first and data[_DUCKDB_MARK_AT : _DUCKDB_MARK_AT + len(_DUCKDB_MARK)] == _DUCKDB_MARK:
            raise InputError(
                f"{printable(file_name(self.path))} is a DuckDB database, as those of llmaudit are, and no log",
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
                next_step="Fetch the file again; nothing of it was taken in.",
                slug="damaged-archive",
            ) from error
        return text.encode("utf-8", "surrogatepass")

    def _bytes(self, size: int) -> bytes:
        try:
            data = self.stream.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
            raise InputError(
                f"{printable(file_name(self.path))} is a damaged or truncated archive: {printable(str(error))}",
                next_step="Fetch the file again; nothing of it was taken in.",
                slug="damaged-archive",
            ) from error
        except OSError as error:
            raise _unreadable(self.path, error) from None
        self.size += len(data)
        if self.hashed:
            self.digest.update(data)
        return data


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
    handle, size = _handle(path)
    try:
        if size > SMALL_BYTES:
            return None
        data = b""
        while len(data) <= SMALL_BYTES and (more := os.read(handle, SMALL_BYTES + 1 - len(data))):
            data += more
    except OSError as error:
        raise _unreadable(path, error) from None
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
    handle, size = _handle(path)
    with open(handle, "rb") as raw:  # noqa: PTH123 -- a descriptor has no path
        yield raw, size


def _handle(path: Path) -> tuple[int, int]:
    """Open an ordinary file. Not blocking: opening a pipe that nobody writes to would wait for ever."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unreadable(path, error) from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise _unreadable(path, OSError("it is no ordinary file"))
    return handle, status.st_size


def _unreadable(path: Path, error: Exception) -> InputError:
    why = getattr(error, "strerror", None) or str(error)
    return InputError(
        f"{printable(file_name(path))} cannot be read: {printable(why)}",
        next_step="Check the path and its permissions; write what comes from a pipe or device to a file first.",
        slug="file-unreadable",
    )


@dataclass(frozen=True)
class Block:
    r"""Consecutive whole lines of a file.

    Attributes:
        first_line: Number of the first of them, counting from 1.
        data: Their bytes, without the line end of the last. None stands for one line that was too long to hold.
    """

    first_line: int
    data: bytes | None

    def lines(self) -> list[bytes]:
        r"""Return the lines without their `\n`; a `\r` before it is still there (it is white space to JSON and CSV)."""
        return [] if self.data is None else self.data.split(b"\n")

    def __len__(self) -> int:
        if self.data is None:
            return 1
        import numpy as np  # noqa: PLC0415 -- a run that finds nothing new needs none of it

        return int(np.count_nonzero(np.frombuffer(self.data, np.uint8) == LINE_END)) + 1  # 8 times as fast as count()


def blocks(content: Content) -> Iterator[Block]:
    r"""Yield a file in blocks of whole lines, of about `CHUNK_BYTES`.

    Lines end at `\n`. A file of one line that holds `\r` is an old Mac file and is split there. What follows the last
    line end is a line, if it is not empty.
    """
    line = 1
    rest = b""
    too_long = False
    while data := content.read(CHUNK_BYTES):
        if too_long:
            _, end, data = data.partition(b"\n")
            if not end:
                continue
            yield Block(line, None)
            line, too_long = line + 1, False
        cut = data.rfind(b"\n")
        if cut >= 0:
            block = Block(line, b"".join((rest, memoryview(data)[:cut])))
            yield block
            line, rest = line + len(block), data[cut + 1 :]
        else:
            rest += data
        if len(rest) > MAX_LINE_BYTES:
            rest, too_long = b"", True
    if too_long:
        yield Block(line, None)
    elif rest:
        yield Block(line, rest.removesuffix(b"\r").replace(b"\r", b"\n") if line == 1 else rest)
