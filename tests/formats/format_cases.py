"""Reads the YAML cases of this folder: a base record, what a case changes in it, and what the request must then say."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import yaml

from llmaudit.formats import format_named
from llmaudit.ingest.records import Tally
from llmaudit.ingest.work import Setup, decoder_of

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One record and what must become of it."""

    form: str
    name: str
    record: dict[str, Any]
    expect: Any

    def __str__(self) -> str:
        return f"{self.form}: {self.name}"


def all_cases() -> list[Case]:
    return list(_cases())


def _cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        for case in document["cases"]:
            record = _changed(document["base"], case.get("set", {}), case.get("drop", ()))
            yield Case(path.stem, case["name"], record, case["expect"])


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


def decoded(case: Case) -> dict[str, Any]:
    """Return the case's row as column to value, or `rejected` or `ignored` with the reason."""
    form = format_named(case.form)
    tally = Tally(records=1)
    raw = case.record if form.record is None else msgspec.json.encode(case.record)
    batch = decoder_of(form, Setup(b"k" * 32)).batch(iter([(1, raw)]), tally)
    if tally.rejects:
        return {"rejected": tally.rejects[0].reason, "field": tally.rejects[0].field}
    if tally.ignored:
        return {"ignored": next(iter(tally.ignored))}
    (row,) = batch.to_pylist()
    return {column: _plain(value) for column, value in row.items()}


def _plain(value: object) -> object:
    """Return a value as YAML writes it: amounts without trailing zeros, times as ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, datetime) else value
