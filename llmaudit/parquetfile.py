"""Files that are written completely or not at all, Parquet files above all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llmaudit.errors import StorageFailedError


def write_parquet(data: pa.Table | pa.RecordBatchReader, out: Path, *, arrow_schema: bool = True) -> None:
    """Write a table, or batches as they come, as Parquet, whole or not at all.

    Args:
        data: What to write, its metadata with it.
        out: The file.
        arrow_schema: Keep the schema a second time in Arrow's own words, with all metadata in it once more.

    Raises:
        StorageFailedError: The folder is missing or may not be written to.
        OSError: The disk is full.
    """
    options = {"compression": "zstd", "write_page_checksum": True, "store_schema": arrow_schema}
    with whole(out) as part, pq.ParquetWriter(part, data.schema, **options) as sink:
        if not arrow_schema:  # with it goes the metadata
            sink.add_key_value_metadata(data.schema.metadata or {})
        if isinstance(data, pa.Table):
            sink.write_table(data)
            return
        for batch in data:
            sink.write_batch(batch)


OWNERS = 0o600
"""Tables of requests are for their owner, as the database is."""


@contextmanager
def whole(out: Path, mode: int = OWNERS) -> Iterator[Path]:
    """Yield the path to write to; it takes the place of `out` when all is on the disk, and goes when something fails.

    Args:
        out: The file; it is replaced if it exists.
        mode: Who may read it.

    Raises:
        StorageFailedError: The folder is missing or may not be written to.
        OSError: The disk is full.
    """
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part")
        os.close(handle)
        part = Path(name)
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.chmod(mode)
        part.replace(out)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise  # the command line has its own words for a full disk
        raise StorageFailedError(
            f"{out} cannot be written: {error.strerror or error}",
            next_step="Give a file in an existing folder that you may write to.",
            slug="cannot-write",
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
