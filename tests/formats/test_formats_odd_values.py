"""A value of a kind that no record of the format has is a reject or is passed over, wherever it stands: never a crash.

Objects that are not typed (`metadata`, usage objects of a dozen dialects) may hold anything, and one record of a
stranger must not end the reading of a month.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from format_cases import documents

from llmaudit.formats.base import Format
from llmaudit.ingest.detect import detect
from llmaudit.ingest.layout import Layout
from llmaudit.ingest.read import opened
from llmaudit.ingest.records import Tally
from llmaudit.ingest.registry import known
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.work import Job, decoded, decoder_of, job_of

SETUP = Setup(b"k" * 32)
ODD: tuple[Any, ...] = ([1], [{"type": [1]}], {"a": 1}, 5, 2.5, True, None, "x")
FEW: tuple[Any, ...] = ([1], {"a": 1}, True)
SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs" / "formats"
FORMS = [form for form in known() if "json" in form.reads and isinstance(documents()[form.name].get("base"), dict)]


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every part of a record; of a list, of its first two."""
    parts = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inner in parts:
        yield (*before, key)
        yield from places(inner, (*before, key))


def changed(record: dict[str, Any], place: tuple[Any, ...], value: Any) -> bytes:
    """Return a record as JSON, with another value at one place."""
    made = copy.deepcopy(record)
    part: Any = made
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return msgspec.json.encode(made)


def odd_records(form: Format) -> Iterator[bytes]:
    """Yield the golden record and the first of the sample, each with an odd value at one place."""
    base = documents()[form.name]["base"]
    yield from (changed(base, place, odd) for place in places(base) for odd in ODD)
    sample = SAMPLES / f"{form.name}.jsonl"
    if sample.exists():
        records = [msgspec.json.decode(line) for line in sample.read_bytes().splitlines()[:3]]
        yield from (changed(one, place, odd) for one in records for place in places(one) for odd in FEW)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_no_value_ends_the_reading(form: Format) -> None:
    for record in odd_records(form):
        tally = Tally(records=1)
        decoder = decoder_of(Job((form.name,), Layout("lines"), {}, SETUP))
        rows = sum(batch.num_rows for _, batch in decoder.batches(iter([(1, record)]), tally))
        assert rows + len(tally.rejects) + tally.ignored.total() >= 1, record


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_no_value_ends_the_look_at_a_file(form: Format, tmp_path: Path) -> None:
    base = documents()[form.name]["base"]
    lines = [changed(base, place, odd) for place in places(base) for odd in ODD]
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"\n".join([msgspec.json.encode(base)] * 3 + lines))
    found = detect(path, form)  # looks at them, and studies them
    with opened(path) as content:
        parts = list(decoded(content, job_of(found, SETUP)))
    assert sum(part.tally.records for part in parts) >= len(lines)
    detect(path)
