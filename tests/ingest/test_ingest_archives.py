"""Compressed files: whatever their name, whole or refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import tarfile
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from logs import PACKERS, lines, write

from llmaudit.errors import InputError
from llmaudit.ingest import Setup, ingest
from llmaudit.ingest.read import CHUNK_BYTES, opened
from llmaudit.store import Store

CONTENT = lines(range(1, 200))


def unpacked(path: Path) -> bytes:
    with opened(path) as content:
        parts = []
        while data := content.read(CHUNK_BYTES):
            parts.append(data)
        return b"".join(parts)


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", ["log", "log.jsonl", "log.gz", "log.zst"])
def test_the_first_bytes_decide_and_not_the_name(packer: str, name: str, tmp_path: Path) -> None:
    assert unpacked(write(tmp_path / name, PACKERS[packer](CONTENT))) == CONTENT


def tarred(data: bytes) -> bytes:
    sink = BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        member = tarfile.TarInfo("log.jsonl")
        member.size = len(data)
        tar.addfile(member, BytesIO(data))
    return sink.getvalue()


def zipped(data: bytes) -> bytes:
    sink = BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("log.jsonl", data)
    return sink.getvalue()


ARCHIVES = {
    "tar": tarred,
    "tar.gz": lambda data: gzip.compress(tarred(data)),
    "tar.zst": lambda data: PACKERS["zstd"](tarred(data)),
    "zip": zipped,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("count", [3, 20_000])
def test_an_archive_of_files_is_no_log(kind: str, count: int, tmp_path: Path, load, store) -> None:
    """Read as lines, a tar lost the first record of each file in it; in a folder the archive is named and left."""
    inside = write(tmp_path / "logs" / f"log.{kind}", ARCHIVES[kind](lines(range(1, count))))
    write(tmp_path / "logs" / "log.jsonl", lines([900_000]))
    result = load(tmp_path / "logs")
    skipped = {Path(file.path): file.skipped for file in result.files}
    assert skipped == {inside: "not looked at: packed-archive", tmp_path / "logs" / "log.jsonl": None}
    assert (result.totals.accepted, result.failures) == (1, [])
    (failure,) = load(inside).failures
    assert failure.slug == "packed-archive"
    assert store.one("SELECT count(*) FROM requests") == (1,)


@pytest.mark.parametrize("name", ["audit.duckdb", "audit.db", "audit"])
def test_a_database_of_our_own_is_no_log(name: str, tmp_path: Path, load, store) -> None:
    """Beside the logs it reads, whatever it is called: named as what it is, and passed over."""
    inside = tmp_path / "logs" / name
    log = write(tmp_path / "logs" / "log.jsonl", lines([1]))
    with Store(inside) as own:
        ingest(own, [str(log)], Setup(b"k" * 32))  # a database that nothing was put into goes when it is closed
    result = load(tmp_path / "logs")
    skipped = {Path(file.path): file.skipped for file in result.files}
    assert skipped == {
        inside: "not looked at: " + (".duckdb" if name.endswith(".duckdb") else "duckdb-database"),
        log: None,
    }
    assert (result.totals.accepted, result.failures) == (1, [])
    (failure,) = load(inside).failures
    assert (failure.slug, "--db" in failure.next_step) == ("duckdb-database", True)
    assert store.one("SELECT count(*) FROM requests") == (1,)


def test_an_excel_workbook_is_told_from_other_archives(tmp_path: Path, load) -> None:
    book = BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    (failure,) = load(write(tmp_path / "usage.xlsx", book.getvalue())).failures
    assert (failure.slug, failure.next_step) == ("packed-archive", "Save its sheet as CSV and name that file.")


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_several_members_are_one_file(packer: str, tmp_path: Path) -> None:
    pack = PACKERS[packer]
    assert unpacked(write(tmp_path / "log", pack(CONTENT) + pack(b"") + pack(b"end"))) == CONTENT + b"end"


def test_zeros_after_a_gzip_member_are_padding(tmp_path: Path) -> None:
    assert unpacked(write(tmp_path / "log", gzip.compress(CONTENT) + bytes(512))) == CONTENT


def test_other_bytes_after_a_gzip_member_are_damage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged or truncated") as caught:
        unpacked(write(tmp_path / "log", gzip.compress(CONTENT) + b"more"))
    assert caught.value.slug == "damaged-archive"


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(packer: str, share: float, tmp_path: Path) -> None:
    packed = PACKERS[packer](CONTENT)
    with pytest.raises(InputError, match="damaged or truncated"):
        unpacked(write(tmp_path / "log", packed[: max(5, int(len(packed) * share))]))


def test_a_flipped_bit_is_noticed_or_does_no_harm(tmp_path: Path) -> None:
    packed = gzip.compress(CONTENT, mtime=0)
    dice = random.Random(3)  # noqa: S311 -- repeatable damage, not cryptography
    outcomes = Counter(_outcome(write(tmp_path / "log", _flipped(packed, dice))) for _ in range(300))
    assert outcomes.keys() <= {"as it was", "damaged-archive"}
    assert outcomes["damaged-archive"] > 290


def _flipped(packed: bytes, dice: random.Random) -> bytes:
    """Return the bytes with one bit changed, behind the ten that hold only name and time."""
    damaged = bytearray(packed)
    damaged[dice.randrange(10, len(packed))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def _outcome(path: Path) -> str:
    try:
        return "as it was" if unpacked(path) == CONTENT else "changed"
    except InputError as error:
        return error.slug


def test_a_wrong_checksum_is_noticed(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(CONTENT))
    packed[-8] ^= 1
    with pytest.raises(InputError, match="damaged or truncated"):
        unpacked(write(tmp_path / "log", bytes(packed)))
