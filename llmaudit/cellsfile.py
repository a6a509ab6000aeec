"""Cells files: everything an audit needs in one Parquet file, without any text.

The rows are the cells, with exact decimals, readable by anything that reads Parquet. Everything else is in the file's
metadata: the name of the schema under `llmaudit.schema`, one compressed JSON document under `llmaudit`, and its SHA-256
(docs/files.md). Money in that document is decimal text.
"""

from __future__ import annotations

import binascii
import gzip
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from llmaudit.catalog import Catalog
from llmaudit.cells import KEYS, PARTS, Cell
from llmaudit.edges import Edges, in_terms_of, misfit, slots_in_terms_of
from llmaudit.errors import InputError, StoreError, printable
from llmaudit.evidence import BillSum
from llmaudit.facts import Facts, Source
from llmaudit.money import ZERO, total
from llmaudit.parquetfile import write_parquet
from llmaudit.period import Period
from llmaudit.plans.assigning import Move
from llmaudit.request import COUNTERS
from llmaudit.shadow.model import Analysis
from llmaudit.summaries import all_summaries
from llmaudit.tiers.confusion import Confusion

SCHEMA = "llmaudit/cells/2"
KIND, _, MAJOR = SCHEMA.rpartition("/")
SCHEMA_KEY, REST, REST_SHA256 = b"llmaudit.schema", b"llmaudit", b"llmaudit.sha256"
MAX_REST = 2**31 - 1
"""Bytes of the document that are unpacked at most."""

_KINDS: dict[str, pa.DataType] = {
    "day": pa.date32(),
    "price_slot": pa.timestamp("us"),
    "tier": pa.int32(),
    "prompt_band": pa.int64(),
}
_SUMS = (*COUNTERS, "reasoning_tokens", *PARTS, "web_searches")


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """What a cells file holds beside its cells.

    Attributes:
        schema: Its name and major version.
        catalog_version: Content hash of the prices that the cells were folded by.
        timezone: Zone of the days.
        since: Start of the period asked for, inclusive; None is unbounded.
        until: Its end, exclusive.
        cells: How many cells there are.
        requests: How many requests they hold.
        billed_usd: Exact sum of what was billed.
        edges: Where the cells divide.
        sources: The files that were read, as the ledger has them.
        bills: Sums of bill lines.
        tagged_by: Requests by the tier rule that decided.
        confusion: How often tags are wrong.
        certified: Moves that outcomes have certified.
        shadow: What shadow tests showed; their pairs stay in the database.
        summaries: Rows of every summary, by its name.
        notes: What a reader must know, in sentences.
    """

    schema: str = SCHEMA
    catalog_version: str
    timezone: str
    since: datetime | None
    until: datetime | None
    cells: int
    requests: int
    billed_usd: Decimal
    edges: Edges
    sources: list[Source]
    bills: list[BillSum]
    tagged_by: dict[str, int]
    confusion: Confusion
    certified: list[Move]
    shadow: list[Analysis]
    summaries: dict[str, msgspec.Raw]
    notes: tuple[str, ...]


OUTCOMES_STAY = (
    "the database has paired outcomes, which stay there: an audit of its cells knows the moves that shadow tests "
    "certified and calls every other one unproven"
)


def is_cells(path: Path) -> bool:
    """Say whether a file is a cells file, of any version, by its metadata; a damaged file is not one."""
    try:
        return path.suffix == ".parquet" and path.is_file() and SCHEMA_KEY in _metadata(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError):  # the last: a name in the schema, for older Arrow
        return False


def _metadata(path: Path) -> Mapping[bytes, bytes]:
    return pq.read_metadata(path).metadata or {}


def save(facts: Facts, catalog: Catalog, out: Path) -> None:
    """Write facts to a cells file, whole or not at all.

    Args:
        facts: The facts, in the terms of `catalog`.
        catalog: The prices that they were folded by.
        out: The file.

    Raises:
        StorageFailedError: The folder is missing or may not be written to.
    """
    rest = msgspec.json.encode(_rest(facts, catalog))
    write_parquet(_table(facts.cells).replace_schema_metadata(sealed(rest)), out, arrow_schema=False)


def sealed(rest: bytes) -> dict[bytes, bytes]:
    """Return the metadata of a file whose document is this JSON text: packed, since its names repeat, and sealed."""
    packed = b64encode(gzip.compress(rest, mtime=0))
    return {SCHEMA_KEY: SCHEMA.encode(), REST: packed, REST_SHA256: sha256(rest).hexdigest().encode()}


def unpacked(metadata: Mapping[bytes, bytes]) -> bytes:
    """Return the JSON text of a file's document.

    Raises:
        ValueError: It is not packed as `sealed` does, not what was sealed, or larger than any that is written.
    """
    try:
        stream = zlib.decompressobj(wbits=31)
        text = stream.decompress(b64decode(metadata.get(REST, b""), validate=True), MAX_REST)
    except (zlib.error, binascii.Error) as error:
        raise ValueError(f"its metadata cannot be unpacked: {error}") from error
    if not stream.eof or sha256(text).hexdigest().encode() != metadata.get(REST_SHA256):
        raise ValueError("its metadata is not what was written")
    return text


def _rest(facts: Facts, catalog: Catalog) -> Rest:
    known = {one.name: list(facts.summaries[one.row]) for one in all_summaries() if one.row in facts.summaries}
    return Rest(
        catalog_version=catalog.version,
        timezone=facts.period.timezone,
        since=facts.period.since,
        until=facts.period.until,
        cells=len(facts.cells),
        requests=sum(cell.requests for cell in facts.cells),
        billed_usd=_billed(facts.cells),
        edges=facts.edges,
        sources=facts.sources,
        bills=facts.bills,
        tagged_by=facts.tagged_by,
        confusion=facts.confusion,
        certified=sorted(facts.certified, key=str),
        shadow=[_analysis(test) for test in facts.shadow],
        summaries={name: msgspec.Raw(msgspec.json.encode(rows)) for name, rows in known.items()},
        notes=(*facts.notes, *((OUTCOMES_STAY,) if facts.outcomes else ())),
    )


def _analysis(test: Any) -> Analysis:
    if isinstance(test, Analysis):
        return test
    from llmaudit.shadow.analysis import analyze  # noqa: PLC0415 -- scipy only where there is a test to read

    return analyze(*test)


def _billed(cells: Sequence[Cell]) -> Decimal:
    return total(cell.billed_usd for cell in cells if cell.billed_usd is not None)


def _table(cells: Sequence[Cell]) -> pa.Table:
    """Return cells as columns: keys, requests, calls, token sums, `billed_usd` in exact US dollars."""
    counts = [(*cell.tokens, cell.reasoning_tokens, *cell.parts, cell.web_searches) for cell in cells]
    sums = {name: [row[place] for row in counts] for place, name in enumerate(_SUMS)}
    return pa.table(
        {
            **{name: pa.array([getattr(cell, name) for cell in cells], kind_of(name)) for name in KEYS},
            "requests": pa.array([cell.requests for cell in cells], pa.int64()),
            "calls": pa.array([cell.calls for cell in cells], pa.int64()),
            **{name: pa.array(values, pa.int64()) for name, values in sums.items()},
            "billed_usd": pa.array([cell.billed_usd for cell in cells], pa.decimal128(38, 12)),
        }
    )


def kind_of(name: str) -> pa.DataType:
    """Return the type of a key's column."""
    flags = {"is_batch", "is_thinking", "has_pii", "has_searches"}
    return pa.bool_() if name in flags or name.startswith("needs_") else _KINDS.get(name, pa.string())


def load(path: Path, catalog: Catalog) -> Facts:
    """Read the facts of a cells file, in the terms of a catalog.

    Args:
        path: The file.
        catalog: The prices they will be priced by.

    Raises:
        InputError: It is damaged or no cells file, or the catalog divides cells where these do not divide.
        StoreError: It is from a newer llmaudit.
    """
    rest, table = _read(path)
    if reason := misfit(rest.edges, catalog):
        raise InputError(
            f"the cells of {printable(path.name)} cannot be priced by catalog {catalog.version}: {printable(reason)}",
            next_step=f"Roll them up again by this catalog where the database is: {_rebuild(rest, path)}",
            slug="cells-of-another-catalog",
        )
    cells, edges = in_terms_of(catalog, _cells(table), rest.edges)
    summaries, absent = _summaries(path, rest)
    return Facts(
        cells=cells,
        sources=rest.sources,
        summaries=summaries,
        tagged_by=rest.tagged_by,
        confusion=rest.confusion,
        period=Period(rest.since, rest.until, rest.timezone),
        shadow=list(rest.shadow),
        certified=frozenset(rest.certified),
        bills=_bills(rest.bills, slots_in_terms_of(catalog, rest.edges)),
        edges=edges,
        notes=(*rest.notes, *_lacking(path, absent)),
    )


def _lacking(path: Path, absent: Sequence[str]) -> Iterator[str]:
    if absent:
        yield f"{path.name} was made without {', '.join(f'`{name}`' for name in absent)}: findings from it lack them"


def _bills(bills: list[BillSum], slot_of: Callable[[datetime], datetime]) -> list[BillSum]:
    return [
        bill if bill.price_slot is None else msgspec.structs.replace(bill, price_slot=slot_of(bill.price_slot))
        for bill in bills
    ]


def _read(path: Path) -> tuple[Rest, pa.Table]:
    """Return what a file holds, every byte of it checked."""
    try:
        metadata = _metadata(path)
        _check_version(path, metadata.get(SCHEMA_KEY, b"no cells file").decode())
        rest = msgspec.json.decode(unpacked(metadata), type=Rest)
        table = pq.read_table(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:  # msgspec's errors, and bytes that are no text, are one
        raise _damaged(path, str(error)) from error
    if table.schema.remove_metadata() != _table([]).schema:
        raise _damaged(path, "its columns are not those of cells")
    held = (len(table), pc.sum(table["requests"]).as_py() or 0, pc.sum(table["billed_usd"]).as_py() or ZERO)
    if held != (rest.cells, rest.requests, rest.billed_usd):
        raise _damaged(path, "its cells do not add up to what it says they do")
    return rest, table


def _check_version(path: Path, schema: str) -> None:
    kind, _, major = schema.rpartition("/")
    if kind != KIND or not major.isdecimal():
        raise InputError(
            f"{printable(path.name)} is {printable(schema)}, not {SCHEMA}",
            next_step="Cells files are made by `llmaudit rollup --out cells.parquet`.",
            slug="not-cells",
        )
    if int(major) < int(MAJOR):  # its cells lack a column or an edge, which only the requests could give them
        raise InputError(
            f"{printable(path.name)} is {printable(schema)}, older than {SCHEMA}, which this llmaudit reads",
            next_step="Roll the logs up again: `llmaudit rollup --out cells.parquet`.",
            slug="not-cells",
        )
    if int(major) > int(MAJOR):
        raise StoreError(
            f"{printable(path.name)} is {printable(schema)}; this llmaudit knows up to {SCHEMA}",
            next_step="Use the newer llmaudit that wrote it.",
            slug="newer-cells",
        )


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{printable(path.name)} is a damaged cells file: {printable(why.splitlines()[0] if why else 'unreadable')}",
        next_step="Fetch the file again, or roll it up again.",
        slug="damaged-cells",
    )


def _rebuild(rest: Rest, path: Path) -> str:
    """Return the command that makes the same cells by another catalog."""
    bounds = [f"--{name} {at.isoformat()}Z" for name, at in (("since", rest.since), ("until", rest.until)) if at]
    zone = [] if rest.timezone == "UTC" else [f"--timezone {rest.timezone}"]
    return " ".join(["`llmaudit rollup", *bounds, *zone, f"--out {printable(path.name)}`"])


def _cells(table: pa.Table) -> list[Cell]:
    columns = {name: table[name].to_pylist() for name in table.column_names}
    keys = [columns[name] for name in KEYS]
    counters, parts = ([columns[name] for name in names] for names in (COUNTERS, PARTS))
    others = [columns[name] for name in ("requests", "calls", "reasoning_tokens", "web_searches", "billed_usd")]
    return [
        Cell(
            **dict(zip(KEYS, key, strict=True)),
            requests=count,
            calls=calls,
            tokens=tokens,
            reasoning_tokens=reasoning,
            parts=part,
            web_searches=searches,
            billed_usd=billed,
        )
        for key, tokens, part, (count, calls, reasoning, searches, billed) in zip(
            zip(*keys, strict=True),
            zip(*counters, strict=True),
            zip(*parts, strict=True),
            zip(*others, strict=True),
            strict=True,
        )
    ]


def _summaries(path: Path, rest: Rest) -> tuple[dict[type[msgspec.Struct], Sequence[msgspec.Struct]], list[str]]:
    """Return the rows of every summary by their type, and the names of those the file does not have."""
    known: dict[type[msgspec.Struct], Sequence[msgspec.Struct]] = {}
    absent = []
    for summary in all_summaries():
        raw = rest.summaries.get(summary.name)
        if raw is None:
            absent.append(summary.name)
        try:
            rows = [] if raw is None else msgspec.json.decode(raw, type=list[summary.row])  # type: ignore[name-defined]
        except msgspec.MsgspecError as error:
            raise _damaged(path, f"{summary.name}: {error}") from error
        known[summary.row] = rows
    return known, absent
