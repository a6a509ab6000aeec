"""Sampled requests as a file, for a person or another program."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any


def write_sample(
    out: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], as_is: Collection[str] = ("request_id",)
) -> None:
    """Write sampled requests as JSON lines if the name ends in `.jsonl`, else as CSV.

    Args:
        out: The file; written completely or not at all.
        columns: The columns, in order.
        rows: The requests, by column.
        as_is: Columns that other programs join by. In CSV, any other text that a spreadsheet would take for a formula
            gets an apostrophe in front: names in a log come from strangers.

    Raises:
        StorageFailedError: The folder is missing or may not be written to.
    """
    import csv
    from io import StringIO

    import msgspec

    from llmaudit.csvfile import safe
    from llmaudit.parquetfile import whole

    if out.suffix == ".jsonl":
        content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    else:
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row[name] if name in as_is else safe(row[name]) for name in columns] for row in rows)
        content = text.getvalue().encode()
    with whole(out) as part:
        part.write_bytes(content)
