"""Parquet files that are written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llmaudit.errors import StorageFailedError


def write_parquet(table: pa.Table, out: Path) -> None:
    """Write a table as Parquet, whole or not at all.

    Raises:
        StorageFailedError: The folder is missing or may not be written to.
        OSError: The disk is full.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        pq.write_table(table, part, compression="zstd", write_page_checksum=True)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            raise  # the command line has its own words for a full disk
        raise StorageFailedError(
            f"{out} cannot be written: {error.strerror or error}",
            next_step="Name a file in a folder that exists and may be written to.",
            slug="cannot-write",
        ) from error
