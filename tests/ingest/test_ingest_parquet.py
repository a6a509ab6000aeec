"""What Parquet can say and Python cannot: nanoseconds, years past 9999, zones nobody knows, text that is no UTF-8."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from logs import row, write

FIRST = 1_790_000_000
"""2026-09-21T14:13:20Z, in seconds."""

AT = datetime.fromisoformat("2026-09-21T14:13:20.123456")
FAR = 253_402_300_800
"""The year 10000 begins."""


def no_utf8(rows: int) -> pa.Array:
    made = pa.array([b"\xff\xfe"] * rows, pa.binary())
    return pa.Array.from_buffers(pa.string(), rows, made.buffers())


def times(kind: pa.DataType, first: int, then: int) -> Callable[[int], pa.Array]:
    return lambda rows: pa.array([first, *[then] * (rows - 1)], kind)


NANO, MICRO, SECOND = (FIRST * 10**9 + 123_456_789, FIRST * 10**6 + 123_456, FIRST)
COLUMNS: dict[str, tuple[str, Callable[[int], pa.Array], int]] = {
    "nanoseconds": ("startTime", times(pa.timestamp("ns"), NANO, NANO), 4),
    "nanoseconds of a zone": ("startTime", times(pa.timestamp("ns", "Europe/Berlin"), NANO, NANO), 4),
    "a zone that nobody knows": ("startTime", times(pa.timestamp("us", "Mars/Olympus"), MICRO, MICRO), 4),
    "one year past 9999": ("startTime", times(pa.timestamp("us"), FAR * 10**6, MICRO), 3),
    "one year past 9999, in seconds": ("startTime", times(pa.timestamp("s"), FAR, SECOND), 3),
    "text that is no UTF-8": ("model", no_utf8, 4),
    "a list of such times that no format reads": (
        "extra",
        lambda rows: pa.array([[FAR * 10**6]] * rows, pa.list_(pa.timestamp("us"))),
        4,
    ),
    "nanoseconds inside a struct": (
        "extra",
        lambda rows: pa.array([{"at": NANO}] * rows, pa.struct([("at", pa.timestamp("ns"))])),
        4,
    ),
}


@pytest.mark.parametrize("what", COLUMNS)
def test_one_odd_value_is_one_record(what: str, tmp_path: Path, load: Any, store: Any) -> None:
    name, make, accepted = COLUMNS[what]
    rows = [row(n) | {"spend": n / 1000, "metadata": "{}", "request_tags": "[]"} for n in range(1, 5)]
    table = pa.Table.from_pylist(rows).drop_columns([name] if name in rows[0] else []).append_column(name, make(4))
    path = tmp_path / "log.parquet"
    pq.write_table(table, path)
    (file,) = load(path).files
    assert (file.format, file.lines, file.accepted, file.rejected) == ("litellm", 4, accepted, 4 - accepted)
    if name == "startTime":
        (first,) = store.rows("SELECT DISTINCT started_at FROM requests")
        assert first == (AT.replace(microsecond=0) if what.endswith("in seconds") else AT,)


def test_a_name_in_the_schema_that_is_no_utf8_is_damage(tmp_path: Path, load: Any) -> None:
    """A file beside it is read all the same; one flipped bit in a column's name ended the whole run."""
    pq.write_table(pa.table({"request_id": ["a"], "spendspend": [1.0]}), tmp_path / "good.parquet")
    broken = (tmp_path / "good.parquet").read_bytes().replace(b"spendspend", b"\xe0pendspend")
    write(tmp_path / "broken.parquet", broken)
    result = load(tmp_path / "broken.parquet")
    assert [failure.slug for failure in result.failures] == ["damaged-archive"]
