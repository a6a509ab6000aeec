"""The compiled catalog on disk: CSV files that a person can read and compare, merged with those of the last update.

A row is a belief. One that we no longer hold keeps its line, with the day we dropped it (`superseded_on`), so that an
old report can be reproduced. Nothing is ever deleted.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from llmaudit.catalog.build.conflicts import Conflict
from llmaudit.catalog.build.fact import LICENCE, Fact, Origin, instant, plain
from llmaudit.catalog.build.merge import TOKEN_UNITS, Row
from llmaudit.catalog.model import FINEST_PER_MILLION, MAX_DECIMALS_PER_MILLION
from llmaudit.money import round_to

RATE_COLUMNS = tuple(field.name for field in fields(Row) if field.name != "seller")
NOT_SELLERS = frozenset({"sources", "skus", "names", "models", "conflicts", "sellers"})
"""Names of the other tables of pricing/compiled/; no seller may be called so."""

SOURCE_ID_DIGITS = 10
NOISE = Decimal("1e-9")
"""Relative; what floating-point multiplication adds to a price is a millionth of this."""


def source_id(origin: Origin) -> str:
    """Return the id of a source: a digest of what it is, so that it is the same in every build."""
    text = f"{origin.package}\0{origin.url}\0{LICENCE}\0{origin.note}"
    return sha256(text.encode()).hexdigest()[:SOURCE_ID_DIGITS]


def row_of(fact: Fact, *, agree: str, source: str) -> Row:
    """Return the row of a believed fact; `learned_on` is filled when it meets the last update."""
    assert fact.valid_from is not None  # noqa: S101 -- every fact has a start by now
    usd, stated = _exact(fact)
    return Row(
        seller=fact.seller,
        sku=fact.sku,
        unit=fact.unit,
        when=fact.when,
        usd=usd,
        original=fact.original or stated,
        valid_from=fact.valid_from,
        valid_to=fact.valid_to,
        firm_until=None,
        basis=fact.basis,
        learned_on=None,
        superseded_on=None,
        checked_on=fact.checked_on,
        agree=agree,
        source=source,
    )


def _exact(fact: Fact) -> tuple[str, str]:
    """Return a price as the catalog keeps it, and as the package had it where that is finer than six decimals.

    Some packages multiply in floating point: 0.18 comes as 0.18000000000000002. What is within a billionth of a price
    of six decimals is that price; anything finer is kept to twelve decimals and marked by what was stated.
    """
    coarse = round_to(fact.usd, MAX_DECIMALS_PER_MILLION)
    if fact.unit not in TOKEN_UNITS or abs(fact.usd - coarse) <= coarse * NOISE:
        return plain(fact.usd if fact.unit not in TOKEN_UNITS else coarse), ""
    return plain(round_to(fact.usd, FINEST_PER_MILLION)), f"USD {plain(fact.usd)}"


def belief(row: Row) -> tuple[object, ...]:
    """Return what a row claims of the world; its source, votes and check may change without the claim changing."""
    return (
        row.seller,
        row.sku,
        row.unit,
        row.when,
        row.usd,
        row.original,
        row.valid_from,
        row.valid_to,
        row.firm_until,
    )


def rate_of(row: Row) -> tuple[str, str, str, str]:
    """Return the rate a row is about."""
    return (row.seller, row.sku, row.unit, row.when)


def with_previous(fresh: Sequence[Row], previous: Sequence[Row], on: date, seen_on: date) -> list[Row]:
    """Return this build's rows together with those of the last one.

    - A row that says the same keeps the day it was learnt.
    - A price that was first seen at the last build keeps that start, although the package now in use is newer.
    - A price without a dated end that is now another one, or no longer stated, did hold: it gets a row that ends where
      its successor begins (or on `seen_on`), and the old open row is superseded.
    - Every other row that is no longer said is superseded.

    Args:
        fresh: This build's rows.
        previous: The rows on disk, superseded ones included.
        on: The day of the build.
        seen_on: The day the newest package speaks of: the end of what nobody states any more.
    """
    believed = [row for row in previous if row.superseded_on is None]
    open_before = {rate_of(row): row for row in believed if row.valid_to is None}
    kept = [_with_first_start(row, open_before.get(rate_of(row))) for row in fresh]
    said = {belief(row) for row in kept}
    starts: dict[tuple[str, str, str, str], datetime] = {}
    for row in kept:
        starts[rate_of(row)] = min(row.valid_from, starts.get(rate_of(row), row.valid_from))
    history = [
        replace(row, valid_to=end)
        for row in believed
        if belief(row) not in said and (end := _held_until(row, starts.get(rate_of(row)), seen_on))
    ]
    learned = {belief(row): row.learned_on for row in believed}
    now = {belief(row): replace(row, learned_on=learned.get(belief(row)) or on) for row in [*kept, *history]}
    past = [row for row in previous if row.superseded_on]
    past += [replace(row, superseded_on=on) for row in believed if belief(row) not in now]
    return sorted([*now.values(), *past], key=_order)


def _with_first_start(row: Row, before: Row | None) -> Row:
    """A price that was already seen earlier keeps its earlier start."""
    if before and before.usd == row.usd and row.basis == "first-seen" and before.valid_from < row.valid_from:
        return replace(row, valid_from=before.valid_from, basis=before.basis)
    return row


def _held_until(row: Row, successor: datetime | None, seen_on: date) -> datetime | None:
    """Return until when a price held that nobody states any more, or None where the record now says otherwise.

    What was seen is history, not an error. A documented price, or one whose span the new record covers, was corrected.
    """
    if row.basis == "documented" or (successor is not None and successor <= row.valid_from):
        return None
    end = min(filter(None, [row.valid_to, successor]), default=instant(seen_on.isoformat()))
    return end if row.valid_from < end else None


def _order(row: Row) -> tuple[object, ...]:
    return (row.seller, row.sku, row.unit, row.when, row.valid_from, str(row.learned_on), row.usd, str(row.valid_to))


def read_rows(folder: Path) -> list[Row]:
    """Return the rate rows of a compiled folder."""
    rows: list[Row] = []
    for path in sorted(folder.glob("*.csv")):
        if path.stem in NOT_SELLERS:
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            rows += [_parsed(path.stem, line) for line in csv.DictReader(lines)]
    return rows


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the lines of one of the other tables; empty where it does not exist."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _parsed(seller: str, line: Mapping[str, str]) -> Row:
    return Row(
        seller=seller,
        sku=line["sku"],
        unit=line["unit"],
        when=line["when"],
        usd=line["usd"],
        original=line["original"],
        valid_from=instant(line["valid_from"]),
        valid_to=instant(line["valid_to"]) if line["valid_to"] else None,
        firm_until=instant(line["firm_until"]) if line["firm_until"] else None,
        basis=line["basis"],  # type: ignore[arg-type]  # written by this module
        learned_on=date.fromisoformat(line["learned_on"]),
        superseded_on=date.fromisoformat(line["superseded_on"]) if line["superseded_on"] else None,
        checked_on=date.fromisoformat(line["checked_on"]) if line["checked_on"] else None,
        agree=line["agree"],
        source=line["source"],
    )


def shown(value: object) -> str:
    """Return a cell: empty for unknown, instants with Z, days as they are."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def csv_text(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV with unix line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([shown(cell) for cell in line] for line in lines)
    return out.getvalue()


def rate_files(rows: Iterable[Row]) -> dict[str, str]:
    """Return one file a seller: name to content."""
    by_seller: dict[str, list[Row]] = {}
    for row in rows:
        by_seller.setdefault(row.seller, []).append(row)
    return {
        f"{seller}.csv": csv_text(RATE_COLUMNS, ([getattr(row, name) for name in RATE_COLUMNS] for row in of_seller))
        for seller, of_seller in by_seller.items()
    }


def sources_in(files: Mapping[str, str]) -> set[str]:
    """Return the ids of the sources that occur in files."""
    tables = (csv.DictReader(io.StringIO(text)) for name, text in files.items() if name.endswith(".csv"))
    return {line["source"] for table in tables if "source" in (table.fieldnames or ()) for line in table} - {""}


def conflict_file(found: Iterable[Conflict]) -> str:
    """Return conflicts.csv."""
    columns = ("seller", "sku", "unit", "when", "at", "values", "used", "class", "status", "why")
    return csv_text(columns, ([getattr(c, field.name) for field in fields(Conflict)] for c in found))


def build_file(content: Mapping[str, Any]) -> str:
    """Return BUILD.json."""
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_files(out: Path, files: Mapping[str, str]) -> None:
    """Write the compiled folder; a table that is no longer made is removed."""
    out.mkdir(parents=True, exist_ok=True)
    for path in out.glob("*.csv"):
        if path.name not in files:
            path.unlink()
    for name, text in sorted(files.items()):
        (out / name).write_text(text, encoding="utf-8", newline="")
