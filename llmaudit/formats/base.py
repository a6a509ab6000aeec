"""What a log format or a bill is: how to recognize it, what its counts mean, and how its record becomes a request.

A format is one file in `llmaudit/formats/` (a bill: in `llmaudit/bills/`) that defines `FORMAT`; it is registered
nowhere else. `docs/adding-a-format.md` walks through it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from llmaudit.features import Asked
from llmaudit.formats.values import epoch, unit_of
from llmaudit.request import Ignored, Request

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from llmaudit.formats.alike import Alike, Together

Reads = Literal["json", "table", "sqlite", "sse", "text"]
"""How records may lie in a file of the format.

    json: JSON objects: one a line, in an array, in an export's envelope, several documents after each other.
    table: rows under named columns: CSV, TSV, semicolons, Postgres COPY text, Parquet.
    sqlite: rows of the tables that `Format.tables` names.
    sse: a captured event stream; every `data:` line is a record (and every comment, as `{"comment": "…"}`).
    text: lines that `Format.pattern` matches; the record is the mapping of its named groups.
"""

Repeats = Literal["once", "first", "largest", "last"]
"""What the same request id again means, in one file or in several.

    once: it should not happen; the first counts, and one that says something else is reported as a conflict.
    first: it happens, and the first counts (a resumed session that copies its history).
    largest: records of one call that grow (a stream written block by block); the one with most output counts.
    last: a record that is written again when it changes; the last counts.
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
    """What was found out about a file before its records are read (picklable: worker processes get it).

    Attributes:
        name: The file's own name, without its folder.
        units: Units a second of each of the format's `epochs`, told from the file's values.
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
        shared: What the parts of one batch share, as `unfold` gave it.
        state: The format's own state over a file, as `Format.state` made it.
        asked: Requests whose words are still to be looked at; the decoder does, many at once.
        texts: Texts that are to be kept, where the user wants them kept; None where not.
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
    """A record that was put into the format's state; `finish` makes requests of what is there."""


HELD = Held()

Made = Request | Ignored | Held
"""What one record is; a bill's records are `llmaudit.bills.base.BillLine` in place of `Request`."""


class Cut(NamedTuple):
    """How columns are cut out of lines that are alike.

    Attributes:
        fits: Whether the lines of a shape can be cut; one of them comes decoded.
        columns: The columns of lines of shapes that fit, in order, and which of them must be left to `convert` all the
            same. One line of each shape comes decoded. Raises `Odd` where a value is out of the ordinary.
    """

    fits: Callable[[Alike, Any], bool]
    columns: Callable[[Together, Sequence[Any]], tuple[Mapping[str, Any], npt.NDArray[np.bool_]]]


Convert = Callable[[Any, Context], Any]
"""Record to `Made`, or to a list of them (a call with iterations, a log line with several calls)."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One log format or bill.

    Attributes:
        name: Its name on the command line, also the stem of its file and of its sample.
        title: The system that writes it, for people.
        kind: A log has requests, a bill has lines at their own grain.
        reads: How its records may lie in a file.
        marks: Distinctive keys; inside objects (or the first object of a list) dotted, at most three deep. Three of
            them in a record is the least that names a format. A key that few formats list weighs more than a common
            one.
        needs: Keys without which a record is never of this format.
        lacks: Keys with which a record is never of this format.
        says: A last look at a record that has the keys (decoded, as a dict): whether it is one. For formats that differ
            in a value only, such as the prefix of an id.
        beats: Names of more general formats whose files this one's also look like.
        record: The msgspec type of one record: only what is named is decoded, and a field of the wrong type is a
            reject. A row of a table is decoded into it too: a cell by the type of its field, an empty one as absent,
            JSON in a cell as what it holds. None: the record is a dict of column name to text.
        convert: Record to request, `Ignored`, `HELD`, or a list of them. May raise `Reject`.
        columns: The same as `convert` for many records at once, as Arrow columns, where speed is worth a second way of
            saying it. Returns the columns of the records it can do (by name; others are null), in order, and the
            positions of those it leaves to `convert`. The tests hold the two equal.
        semantics: What the token counts of this system include, in words, and where that is known from.
        verified: What of this format was checked on real output, and what rests on documentation alone.
        about: For the manual: where the files lie, and which fields the canonical columns come from.
        traps: For the manual: what goes wrong with such logs, and what is done about it.
        cut: The same as `columns` for lines that differ in nothing but their values (`llmaudit.formats.alike`): no
            object is made per row.
        fold: For records of one call that grow: the positions of those among a file's records that need no conversion,
            because another of them is sure to count instead. What that one must take over from them (an earlier
            time), it has then been given. A record that might be rejected, or told as several, is never left out.
        plain: Columns of requests that hold nothing from the log but numbers: they are not searched for keys.
        repeats: What the same request id again means.
        id_space: Formats that share request ids share this name; by default the format's own.
        batch: The msgspec type of a document that holds several records, leaves as `msgspec.Raw`; marks and needs are
            then keys of the document.
        unfold: Batch to its records, each with what they share (session header, resource attributes), which `convert`
            finds in `context.shared`.
        state: Makes an empty state for a file. A format with state sees its records in file order.
        finish: The requests (with `line` set) that are in `context.state` when the file ends.
        epochs: Keys that hold an epoch number, whose unit is decided once a file (`context.epoch`).
        study: Looks at a sample of records (decoded, as dicts) from the head, middle and tail of the file, and returns
            what it learned: `convert` finds it in `context.file.study`. Must be picklable.
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
