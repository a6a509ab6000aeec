"""Reads the YAML cases of this folder: a base record, what a case changes in it, and what the request must then say."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from yaml_cases import read_cases

from llmaudit.ingest.detect import detect
from llmaudit.ingest.layout import Layout
from llmaudit.ingest.read import opened
from llmaudit.ingest.records import Tally
from llmaudit.ingest.registry import known_named
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.work import Job, decoder_of, job_of
from llmaudit.ingest.work import decoded as all_parts

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One record, or one small file, and what must become of it."""

    form: str
    name: str
    expect: Any
    record: dict[str, Any] | None = None
    text: str | None = None

    def __str__(self) -> str:
        return f"{self.form}: {self.name}"


def all_cases() -> list[Case]:
    return list(_cases())


@cache
def documents() -> dict[str, Any]:
    """Return the YAML file of every format and bill, by name."""
    return {path.stem: read_cases(path) for path in sorted(FOLDER.glob("*.yaml"))}


def _cases() -> Iterator[Case]:
    for form, document in documents().items():
        for case in document.get("cases", ()):
            record = text = None
            if "text" in case:
                text = case["text"]
            elif "records" in case:
                text = "".join(msgspec.json.encode(each).decode() + "\n" for each in case["records"])
            else:
                record = _changed(document["base"], case.get("set", {}), case.get("drop", ()))
            yield Case(form, case["name"], case["expect"], record, text)


def _changed(base: dict[str, Any], changes: dict[str, Any], dropped: list[str]) -> dict[str, Any]:
    """Return the base with dotted keys set or dropped; a key of a missing part makes that part."""
    record = copy.deepcopy(base)
    for path, value in changes.items():
        *parents, last = path.split(".")
        part = record
        for key in parents:
            part = part.setdefault(key, {})
        part[last] = value
    for path in dropped:
        del record[path]
    return record


def decoded(case: Case, folder: Path) -> Any:
    """Return the case's row as column to value (several: a list), or `rejected` or `ignored` with the reason."""
    if case.text is not None:
        path = folder / "file"
        path.write_text(case.text)
        rows, tally = decoded_file(path, case.form)
    else:
        rows, tally = _decoded_record(case)
    if not rows and tally.rejects:
        return {"rejected": tally.rejects[0].reason, "field": tally.rejects[0].field}
    if not rows:
        return {"ignored": next(iter(tally.ignored))}
    return rows if isinstance(case.expect, list) else rows[0]


def _decoded_record(case: Case) -> tuple[list[dict[str, Any]], Tally]:
    form = known_named(case.form)
    tally = Tally(records=1)
    raw = msgspec.json.encode(case.record) if "json" in form.reads else case.record
    layout = Layout("lines" if "json" in form.reads else "csv")
    batches = decoder_of(Job((form.name,), layout, {}, Setup(b"k" * 32))).batches(iter([(1, raw)]), tally)
    return _rows(batches), tally


def decoded_file(path: Path, form: str | None = None) -> tuple[list[dict[str, Any]], Tally]:
    """Return the rows of a file and the tally of its other records; it must be recognised as the format."""
    found = detect(path)
    assert found.form is not None, found.evidence
    assert form is None or found.form.name == form, (found.form.name, found.evidence)
    total = Tally()
    rows: list[dict[str, Any]] = []
    with opened(path) as content:
        for part in all_parts(content, job_of(found, Setup(b"k" * 32))):
            rows += _rows(part.batches)
            total.records += part.tally.records
            total.rejects += part.tally.rejects
            total.ignored += part.tally.ignored
    assert total.records == len(rows) + len(total.rejects) + total.ignored.total()
    return rows, total


def _rows(batches: Any) -> list[dict[str, Any]]:
    rows = [row for _, batch in batches for row in batch.to_pylist()]
    return [{column: _plain(value) for column, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    """Return a value as YAML writes it: amounts without trailing zeros, times as ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, datetime) else value
