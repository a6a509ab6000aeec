"""Reads pricing/compiled/: one CSV row per atomic rate, made by `llmaudit pricing update` (docs/pricing-sources.md).

Rows stay as they are and become `Rate` values only for a sku that is asked for: most runs touch a few dozen of several
thousand.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec

from llmaudit.catalog.instants import BEGINNING, FOREVER, naive
from llmaudit.catalog.model import Abilities, Evidence, Rate, When
from llmaudit.errors import InputError, printable
from llmaudit.money import parse_decimal

RATE_COLUMNS = (
    "sku", "unit", "when", "usd", "original", "valid_from", "valid_to", "firm_until", "basis", "learned_on",
    "superseded_on", "checked_on", "agree", "source",
)  # fmt: skip
NOT_RATES = {"sources", "sellers", "skus", "names", "models", "conflicts"}
"""The tables of the folder that hold no rates."""

Key = tuple[str, str]
Row = tuple[str, ...]


@dataclass(frozen=True)
class CompiledName:
    """A further name of a sku, for a span of time (naive UTC)."""

    seller: str
    name: str
    sku: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Compiled:
    """The compiled catalog.

    Attributes:
        rows: Rate rows by seller and sku, in file order.
        models: Canonical name by seller and sku.
        retired: When a sku was retired, by seller and sku.
        kinds: What each seller is (`SellerKind`).
        aka: Other names of each seller.
        names: Further names.
        contexts: Context window by canonical name, in tokens.
        longest: Most tokens of one answer by canonical name.
        abilities: What models can do, by canonical name.
        packages: Package and address of each source, by the id that rows use.
        digest: Hash of every file that was read.
    """

    rows: dict[Key, list[Row]] = field(default_factory=dict)
    models: dict[Key, str] = field(default_factory=dict)
    retired: dict[Key, datetime] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    aka: dict[str, tuple[str, ...]] = field(default_factory=dict)
    names: tuple[CompiledName, ...] = ()
    contexts: dict[str, int] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)
    abilities: dict[str, Abilities] = field(default_factory=dict)
    packages: dict[str, tuple[str, str]] = field(default_factory=dict)
    digest: str = ""

    def rates(self, key: Key, known_at: date | None) -> list[Rate]:
        """Return the rates of a sku as they were known on a day; None is now.

        Raises:
            InputError: A row that is no rate; with file and sku.
        """
        return [self._rate(key, row) for row in self.rows.get(key, ()) if _is_known(row, known_at)]

    def conditions(self) -> Iterator[When]:
        """Yield every condition that any row has, once."""
        yield from (parse_when(text) for text in {row[_WHEN] for rows in self.rows.values() for row in rows})

    def edges(self) -> Iterator[datetime]:
        """Yield every instant at which a row begins or ends, once."""
        texts = {row[column] for rows in self.rows.values() for row in rows for column in (_FROM, _TO)}
        yield from (parse_instant(text) for text in texts if text)

    def _rate(self, key: Key, row: Row) -> Rate:
        values = dict(zip(RATE_COLUMNS, row, strict=True))
        package, source = self.packages.get(values["source"], (None, values["source"]))
        try:
            return Rate(
                unit=values["unit"],
                usd=parse_decimal(values["usd"]),
                when=parse_when(values["when"]),
                start=parse_instant(values["valid_from"]),
                end=parse_instant(values["valid_to"]) if values["valid_to"] else FOREVER,
                evidence=Evidence(
                    basis=msgspec.convert(values["basis"], Basis),
                    source=source or str(package),
                    package=package,
                    checked_on=_day(values["checked_on"]),
                    agree=_agreement(values["agree"]),
                    firm_until=parse_instant(values["firm_until"]) if values["firm_until"] else None,
                    learned_on=_day(values["learned_on"]),
                    original=values["original"] or None,
                ),
            )
        except (ValueError, msgspec.ValidationError) as error:
            raise _damaged(f"{key[0]}.csv", f"{key[1]} {values['unit']}", error) from error


Basis = msgspec.structs.fields(Evidence)[0].type
_WHEN, _FROM, _TO, _LEARNED, _SUPERSEDED = (
    RATE_COLUMNS.index(name) for name in ("when", "valid_from", "valid_to", "learned_on", "superseded_on")
)


def read_compiled(folder: Path) -> Compiled:
    """Return the compiled catalog in a folder; empty where there is none.

    Raises:
        InputError: A file that is no table of the expected columns.
    """
    files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    digest = sha256()
    tables: dict[str, list[Row]] = {}
    for path in files:
        data = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + sha256(data).digest())
        tables[path.stem] = _table(path.name, data, RATE_COLUMNS if path.stem not in NOT_RATES else None)
    rows: dict[Key, list[Row]] = {}
    for seller, table in tables.items():
        if seller not in NOT_RATES:
            for row in table:
                rows.setdefault((seller, row[0]), []).append(row)
    skus, sellers, models = (_dicts(tables.get(name, [])) for name in ("skus", "sellers", "models"))
    return Compiled(
        rows=rows,
        models={(row["seller"], row["sku"]): row["model"] for row in skus if (row["seller"], row["sku"]) in rows},
        retired={(row["seller"], row["sku"]): parse_instant(row["retired_at"]) for row in skus if row["retired_at"]},
        kinds={row["seller"]: row["kind"] for row in sellers},
        aka={row["seller"]: tuple(row["aka"].split()) for row in sellers},
        names=tuple(_name(row) for row in _dicts(tables.get("names", []))),
        contexts={row["model"]: int(row["context"]) for row in models if row["context"]},
        longest={row["model"]: int(row["max_output"]) for row in models if row["max_output"]},
        abilities={row["model"]: _abilities(row) for row in models},
        packages={row["id"]: (row["package"], row["url"]) for row in _dicts(tables.get("sources", []))},
        digest=digest.hexdigest() if files else "",
    )


def _table(name: str, data: bytes, columns: Sequence[str] | None) -> list[Row]:
    """Return the rows of a CSV file; with the header first where `columns` is None."""
    try:
        reader = csv.reader(StringIO(data.decode("utf-8"), newline=""), strict=True)
        header = tuple(next(reader, ()))
        rows = [tuple(row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _damaged(name, "the file", error) from error
    if columns is not None and header != tuple(columns):
        raise _damaged(name, "the header", ValueError(f"columns {', '.join(header)[:200]}"))
    ragged = next((number for number, row in enumerate(rows, start=2) if len(row) != len(header)), None)
    if ragged is not None:
        raise _damaged(name, f"line {ragged}", ValueError(f"it has not {len(header)} columns"))
    return rows if columns is not None else [header, *rows]


def _dicts(table: list[Row]) -> list[dict[str, str]]:
    return [dict(zip(table[0], row, strict=True)) for row in table[1:]] if table else []


def _abilities(row: dict[str, str]) -> Abilities:
    known = {"true": True, "false": False}
    tools, images, json, reasoning = (
        known.get(row[name]) for name in ("tools", "images_in", "json_schema", "reasoning")
    )
    return Abilities(tools, images, json, reasoning)


def _name(row: dict[str, str]) -> CompiledName:
    start = parse_instant(row["valid_from"]) if row["valid_from"] else BEGINNING
    end = parse_instant(row["valid_to"]) if row["valid_to"] else FOREVER
    return CompiledName(row["seller"], row["name"], row["sku"], start, end)


def _is_known(row: Row, known_at: date | None) -> bool:
    """Say whether the catalog held a row on a day. ISO dates compare as text."""
    if known_at is None:
        return not row[_SUPERSEDED]
    day = known_at.isoformat()
    return row[_LEARNED] <= day and not (row[_SUPERSEDED] and row[_SUPERSEDED] <= day)


@lru_cache(maxsize=4096)
def parse_when(text: str) -> When:
    """Return a condition from its form in a compiled file, such as `batch=true;prompt_gt=272000`.

    Raises:
        ValueError: A condition that the catalog does not know.
    """
    pairs: dict[str, Any] = {}
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        pairs[name] = value
    try:
        return msgspec.convert(pairs, When, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"condition {text!r}: {error}") from None


@lru_cache(maxsize=16384)
def parse_instant(text: str) -> datetime:
    """Return an ISO instant as naive UTC.

    Raises:
        ValueError: It is none.
    """
    return naive(datetime.fromisoformat(text))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _agreement(text: str) -> tuple[int, int] | None:
    same, slash, every = text.partition("/")
    return (int(same), int(every)) if slash else None


def _damaged(name: str, where: str, error: Exception) -> InputError:
    return InputError(
        f"pricing/compiled/{printable(name)}: {printable(where)} cannot be read: {printable(str(error))}",
        next_step="Reinstall llmaudit, or rebuild the folder with `llmaudit pricing update`.",
        slug="bad-catalog",
    )
