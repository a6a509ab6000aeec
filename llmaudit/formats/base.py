"""What a log format or a bill is: how to recognize it, what its counts mean, and how its record becomes a request.

A format is one file in `llmaudit/formats/` (a bill: in `llmaudit/bills/`) that defines `FORMAT`; it is registered
nowhere else. `docs/adding-a-format.md` walks through it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

from llmaudit.features import Asked
from llmaudit.formats.values import epoch, unit_of
from llmaudit.request import Ignored, Reject, Request

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from llmaudit.formats.alike import Alike, Together

Entry = TypeVar("Entry")

Reads = Literal["json", "table", "sqlite", "sse", "text"]
"""How the records of a format may be arranged in a file.

    json: JSON objects: one per line, in an array, in an export's envelope, or several documents in a row.
    table: rows under named columns: CSV, TSV, semicolons, Postgres COPY text, Parquet.
    sqlite: rows of the tables that `Format.tables` names.
    sse: a captured event stream; every `data:` line is a record (and every comment, as `{"comment": "…"}`).
    text: lines that match `Format.pattern`; the record is the mapping of its named groups.
"""

Repeats = Literal["once", "first", "largest", "last"]
"""What it means if a request id occurs again, in one file or in several.

    once: it should not happen; the first record counts, and one with other content is reported as a conflict.
    first: it happens, and the first record counts (a resumed session that copies its history).
    largest: the records of a call grow (a stream written block by block); the one with most output counts.
    last: a record is written again when it changes; the last one counts.
"""


class Text(NamedTuple):
    """The text of a request, for `--keep-text`: its turns as JSON, and the answer."""

    request: Request
    prompt: str
    answer: str | None


class TokenCounter(Protocol):
    """Counts the tokens of a text as one model would, without a network (`llmaudit.tokens.Counter`)."""

    def count(self, text: str, model: str | None) -> int | None:
        """Return the count, or None where no vocabulary and no stated ratio is known for the model."""


@dataclass(frozen=True)
class FileFacts:
    """What is known about a file before its records are read (picklable, for worker processes).

    Attributes:
        name: The file's own name, without its folder.
        units: For each of the format's `epochs`, its units per second, inferred from the values in the file.
        study: What the format's own `study` returned.
    """

    name: str = ""
    units: Mapping[str, int] = field(default_factory=dict)
    study: Any = None


@dataclass
class Context:
    """What a format may use besides the record.

    Attributes:
        hash_key: Key of this database for hashes of prompts and of personal ids.
        counter: Counts the tokens that a log does not state.
        file: Facts about the file.
        shared: What the records of one batch share, as yielded by `unfold`.
        state: The format's own state for the file, as created by `Format.state`.
        asked: Requests whose words still have to be examined; the decoder does that for many at once.
        texts: Collects the texts to keep if the user wants them kept; else None.
    """

    hash_key: bytes
    counter: TokenCounter
    file: FileFacts = field(default_factory=FileFacts)
    shared: Any = None
    state: Any = None
    asked: list[Asked] = field(default_factory=list)
    texts: list[Text] | None = None

    def epoch(self, number: float | None, key: str) -> datetime | None:
        """Return an epoch number of the key as naive UTC, in the unit that the whole file uses for it.

        Raises:
            Reject: The moment lies outside 2020 to 2100.
        """
        if number is None:
            return None
        return epoch(number, key, self.file.units.get(key) or unit_of((number,)))


class Held:
    """The result for a record that went into the format's state, from which `finish` makes the requests."""


HELD = Held()


class Refused(NamedTuple):
    """A record in the format's state that cannot be used, as shows when the file has ended.

    Attributes:
        line: Its line.
        reject: Why.
    """

    line: int
    reject: Reject


def ended(
    entries: Iterable[Entry], make: Callable[[Entry], Request | list[Request] | None], line_of: Callable[[Entry], int]
) -> Iterator[Request | Refused]:
    """Yield what the entries of a format's state make when the file has ended; one that cannot be used stops no other.

    Args:
        entries: What was held.
        make: Entry to its request, to several, or to None where it is none. May raise `Reject`.
        line_of: Entry to its line.
    """
    for entry in entries:
        try:
            made = make(entry)
        except Reject as reject:
            yield Refused(line_of(entry), reject)
        else:
            yield from made if isinstance(made, list) else () if made is None else (made,)


Made = Request | Ignored | Held
"""What one record becomes; for a bill, `llmaudit.bills.base.BillLine` takes the place of `Request`."""


class Cut(NamedTuple):
    """How columns are cut out of lines that differ only in their values.

    Attributes:
        fits: Whether the lines of a shape can be cut; called with one of them, decoded.
        columns: The columns of the lines whose shapes fit, in order, and which of the lines have to be left to
            `convert` nevertheless. Called with one decoded line of each shape. Raises `Odd` for an unusual value.
    """

    fits: Callable[[Alike, Any], bool]
    columns: Callable[[Together, Sequence[Any]], tuple[Mapping[str, Any], npt.NDArray[np.bool_]]]


Convert = Callable[[Any, Context], Any]
"""Record to `Made`, or to a list of them (a call with iterations, a log line with several calls)."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One log format or bill.

    Attributes:
        name: Its name on the command line, also the stem of its file and its sample.
        title: The system that writes it, as people call it.
        kind: A log has requests, a bill has lines at their own grain.
        reads: How its records may be arranged in a file.
        marks: Distinctive keys; inside objects (or the first object of a list) dotted, at most three deep. At least
            three of them have to be in a record to identify the format. A key that few formats list weighs more than a
            common one.
        needs: Keys that every record of this format has.
        lacks: Keys that no record of this format has.
        says: A last check of a record that has the right keys (decoded, as a dict): whether it is of this format. For
            formats that differ only in a value, such as the prefix of an id.
        beats: Names of more general formats that files of this one also match.
        record: The msgspec type of one record: only named fields are decoded, and a field of the wrong type is a
            reject. Rows of tables are decoded into it too: a cell by the type of its field, an empty one as absent,
            JSON in a cell as its content. None: the record is a dict of column name to text.
        convert: Record to request, `Ignored`, `HELD`, or a list of them. May raise `Reject`.
        columns: Does the same as `convert` for many records at once, as Arrow columns, where speed justifies a second
            implementation. Returns the columns of the records it can convert (by name; others are null), in order, and
            the positions of those it leaves to `convert`. The tests check that both agree.
        semantics: What the token counts of this system include, in words, and how that is known.
        verified: What was checked on real output of the system, and what rests on documentation alone.
        about: For the manual: where the files are, and which fields the canonical columns come from.
        traps: For the manual: what goes wrong with such logs, and what is done about it.
        cut: Does the same as `columns` for lines that differ only in their values (`llmaudit.formats.alike`), without
            creating an object per row.
        fold: For records of one call that grow: the positions of those that need no conversion, because another record
            of the file certainly counts instead. What that one must take over from them (an earlier time) has then been
            copied to it. A record that might be rejected, or reported several times, is never left out.
        plain: Columns of requests that contain nothing from the log but numbers: they are not searched for keys.
        repeats: What it means if a request id occurs again.
        id_space: Formats that share request ids share this name; by default it is the name of the format.
        batch: The msgspec type of a document that contains several records, with `msgspec.Raw` leaves; marks and needs
            are then keys of the document.
        unfold: Batch to its records, each with what they share (session header, resource attributes), which `convert`
            finds in `context.shared`.
        state: Creates the empty state for a file. A format with state sees its records in file order.
        finish: The requests (with `line` set) that are left in `context.state` when the file ends, and what of it
            cannot be used (`ended`): a `Reject` that it lets out would end the whole run.
        epochs: Keys that contain an epoch number, whose unit is decided once per file (`context.epoch`).
        study: Looks at a sample of records (decoded, as dicts) from the head, middle and tail of the file; `convert`
            finds its result in `context.file.study`. Must be picklable.
        tables: For SQLite: a table, and the query that reads it; run for each table that the file has. Every row
            becomes a record with the name of the table under `_table`.
        pattern: For text: what a line looks like, with named groups.
    """

    name: str
    title: str
    kind: Literal["log", "bill"] = "log"
    reads: tuple[Reads, ...] = ("json",)
    marks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    says: Callable[[dict[str, Any]], bool] | None = None
    beats: tuple[str, ...] = ()
    record: Any = None
    convert: Convert
    columns: Callable[[Sequence[Any], Context], tuple[Mapping[str, Any], list[int]]] | None = None
    cut: Cut | None = None
    fold: Callable[[Sequence[Any]], set[int]] | None = None
    plain: tuple[str, ...] = ()
    semantics: str
    verified: str = ""
    about: str = ""
    traps: tuple[tuple[str, str], ...] = ()
    repeats: Repeats = "once"
    id_space: str = ""
    batch: Any = None
    unfold: Callable[[Any], Iterable[tuple[Any, Any]]] | None = None
    state: Callable[[], Any] | None = None
    finish: Callable[[Context], Iterable[Any]] | None = None
    epochs: tuple[str, ...] = ()
    study: Callable[[Sequence[dict[str, Any]]], Any] | None = None
    tables: Mapping[str, str] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None

    @property
    def space(self) -> str:
        """The namespace of its request ids."""
        return self.id_space or self.name
