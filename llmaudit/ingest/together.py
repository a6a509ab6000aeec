"""Small files decoded together: detected and converted one by one, in columns and cleaned by the thousand rows.

A coding agent leaves thousands of files of some kilobytes. To make seventy columns of a dozen rows, and to look through
each for keys, costs several times what the rows themselves do; here that is done once for many files. What becomes of a
file does not depend on the files beside it: where rows cannot be told apart any more (a value that no column holds, a
key that was masked), each file's are made on their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

import pyarrow as pa

from llmaudit.errors import InputError
from llmaudit.formats.base import FileFacts
from llmaudit.formats.mapped import format_of
from llmaudit.ingest.arrays import Row
from llmaudit.ingest.decode import Decoder
from llmaudit.ingest.detect import Detection, detect
from llmaudit.ingest.layout import Layout
from llmaudit.ingest.read import HEAD_BYTES
from llmaudit.ingest.records import Tally
from llmaudit.ingest.registry import known_named
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.small import InMemory, Small
from llmaudit.ingest.work import PART_OF_CALL, Job, context_of, job_of, records_in_turn

ROWS_TOGETHER = 2000
"""Rows made into columns at once, about: those of a file stay together."""

ONE_BY_ONE_BYTES = 1 << 16
"""A larger file of a format that makes columns itself is read alone, which is faster."""

_TOGETHER = {"lines", "document", "csv", "copy", "sse", "text"}
"""Containers whose records are read from bytes in memory."""


@dataclass
class Outcome:
    """What became of one small file (picklable).

    Attributes:
        found: What it is; None where that is an error.
        alone: It has to be read on its own, from the disk.
        tally: Its records that are no rows.
        rows: Its rows.
        texts: Texts that are to be kept.
        error: Why it cannot be used.
    """

    found: Detection | None = None
    alone: bool = False
    tally: Tally = field(default_factory=Tally)
    rows: int = 0
    texts: list[pa.Table] = field(default_factory=list)
    error: InputError | None = None


@dataclass(frozen=True)
class Shared:
    """Rows of one format from several files.

    Attributes:
        counts: Place of each file among those given, and how many rows are its own, in order.
        name: The format.
        batch: The rows.
    """

    counts: Sequence[tuple[int, int]]
    name: str
    batch: pa.RecordBatch


@dataclass
class Together:
    """Decodes small files, many at a time.

    Args:
        setup: What decoding needs besides the files.
        format_name: The format of every file, where the user says so.
    """

    setup: Setup
    format_name: str | None = None
    _hands: dict[tuple[str, Layout], _Hand] = field(default_factory=dict)

    def decode(self, files: Sequence[Small]) -> tuple[list[Outcome], list[Shared]]:
        """Return what became of each file, and the rows of all of them, in the order of the files."""
        outcomes: list[Outcome] = []
        shared: list[Shared] = []
        hand: _Hand | None = None
        for place, small in enumerate(files):
            outcome, its_hand = self._found(small)
            outcomes.append(outcome)
            if its_hand is None and not outcome.alone:
                continue
            if its_hand is not hand or (hand is not None and hand.pending >= ROWS_TOGETHER):
                shared += hand.columns(outcomes) if hand is not None else ()
                hand = its_hand
            if its_hand is not None:
                its_hand.take(place, small, outcome)
        shared += hand.columns(outcomes) if hand is not None else ()
        return outcomes, shared

    def _found(self, small: Small) -> tuple[Outcome, _Hand | None]:
        """Return the outcome that a file begins with, and what decodes it; None where nothing here does."""
        column_map = self.setup.column_map
        form = format_of(column_map) if column_map is not None else None
        if form is None and self.format_name is not None:
            form = known_named(self.format_name)
        try:
            found = detect(small.path, form, small.text if len(small.text) < HEAD_BYTES else None)
        except InputError as error:
            return Outcome(error=error), None
        if found.form is None:
            return Outcome(found), None
        by_itself = found.form.columns is not None and len(small.text) > ONE_BY_ONE_BYTES
        if found.others or by_itself or found.container not in _TOGETHER:
            return Outcome(found, alone=True), None
        key = found.form.name, found.layout
        if key not in self._hands:
            self._hands[key] = _Hand(job_of(found, self.setup))
        return Outcome(found), self._hands[key]


class _Hand:
    """Decodes files of one format that lie in one way.

    Args:
        job: How they are decoded.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._form = job.forms[0]
        self._context = context_of(self._form, job)
        self._decoder = Decoder(
            self._form, self._context, job.setup.period, job.layout, keep_users=job.setup.keep_users
        )
        self._waiting: list[_Waiting] = []
        self.pending = 0

    def take(self, place: int, small: Small, outcome: Outcome) -> None:
        """Convert the records of a file; its rows wait for those of others."""
        try:
            rows, folded = self._converted(small, outcome, fold=True)
            if folded and outcome.tally.rejects:  # a record that was left out may have been one of them
                rows, folded = self._converted(small, outcome, fold=False)
        except InputError as error:
            outcome.error = error
            return
        texts = self._decoder.texts()
        outcome.texts = [] if texts is None else [texts]
        outcome.rows = len(rows) + folded
        if rows:
            self._waiting.append(_Waiting(place, small, rows, folded))
            self.pending += len(rows)

    def _converted(self, small: Small, outcome: Outcome, *, fold: bool) -> tuple[list[Row], int]:
        self._begin(outcome)
        tally = outcome.tally
        content = InMemory(small.path, BytesIO(small.text), small.disk_bytes)
        rows: list[Row] = []
        left = 0
        for records, part in records_in_turn(content, self._job):
            more, folded = self._decoder.rows(records, part, fold=fold)
            rows += more
            left += folded
            tally.add(part)
        rows += self._decoder.last_rows(tally)
        if tally.held:
            tally.ignored[PART_OF_CALL] += tally.held
        return rows, left

    def _begin(self, outcome: Outcome) -> None:
        """Forget the file before."""
        found, context = outcome.found, self._context
        assert found is not None  # noqa: S101 -- for mypy: only a file that was recognised comes here
        outcome.tally = Tally()
        context.file, context.shared = found.facts.get(self._form.name) or FileFacts(), None
        context.state = self._form.state() if self._form.state else None
        context.asked.clear()
        if context.texts is not None:
            context.texts.clear()

    def columns(self, outcomes: Sequence[Outcome]) -> Iterator[Shared]:
        """Yield the rows that wait, as columns."""
        waiting, self._waiting, self.pending = self._waiting, [], 0
        if not waiting:
            return
        tally = Tally()
        batch = self._decoder.columns([row for each in waiting for row in each.rows], tally)
        if not tally.rejects and not tally.masked:
            yield Shared([(each.place, len(each.rows)) for each in waiting], self._form.name, batch)
            return
        for each in waiting:
            outcome = outcomes[each.place]
            rows = self._converted(each.small, outcome, fold=False)[0] if each.folded else each.rows
            batch = self._decoder.columns(rows, outcome.tally)
            outcome.rows = batch.num_rows
            yield Shared([(each.place, batch.num_rows)], self._form.name, batch)


class _Waiting(NamedTuple):
    """Rows of a file that wait to be made into columns, and how many records were left out of them."""

    place: int
    small: Small
    rows: list[Row]
    folded: int
