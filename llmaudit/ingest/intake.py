"""New files into the database: each in whole or not at all, its ledger row in the same transaction as its rows.

A large file is streamed. Small files are decoded many at a time and committed together; what becomes of each does not
depend on the others, and one that cannot be used takes no other with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain

from msgspec.structs import replace

from llmaudit.errors import InputError, printable
from llmaudit.formats.mapped import format_of
from llmaudit.ingest.commit import SMALL_ROWS, Commits, Part
from llmaudit.ingest.detect import Detection, detect
from llmaudit.ingest.known import UNKNOWN, FileResult, Key
from llmaudit.ingest.ledger import FileRead, Ledger
from llmaudit.ingest.read import CHUNK_BYTES, Content, file_name, opened
from llmaudit.ingest.registry import known_named
from llmaudit.ingest.run import Asked, NoRequestError, Run
from llmaudit.ingest.small import Small
from llmaudit.ingest.together import Outcome, Shared, Together
from llmaudit.ingest.work import Decoded, decoded, job_of

BATCH_FILES = 500
BATCH_BYTES = 4 << 20
"""Small files are decoded when so many have been read, or so much of them."""


class _AlreadyThere(Exception):  # noqa: N818 -- rolls the transaction back
    """The content turned out to be in the ledger."""


class Intake:
    """Takes new files into the database, in the order they are given.

    Args:
        run: What is asked for.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ledger = Ledger(run.store, run.known)
        self._commits = Commits(run.store, self._ledger, run.setup.keep_text, self._committed, self._changed)
        self._together = Together(run.setup, run.format_name)
        self._small: list[tuple[Asked, Small]] = []
        self._small_bytes = 0
        self._keys: set[Key] = set()
        self._copies: list[tuple[Asked, Key]] = []
        self._slots: dict[int, int] = {}

    def add(self, asked: Asked, small: Small | None) -> None:
        """Take in a file: in the database when its result is there.

        Args:
            asked: The file.
            small: What is in it, where it is small.
        """
        if small is None:
            self._decode_small()
            self._alone(asked)
        else:
            self._add_small(asked, small)

    def _add_small(self, asked: Asked, small: Small) -> None:
        """Let a small file wait for others; a copy of one that waits, until that one is there."""
        key = self._run.key(small.digest)
        if key in self._keys:
            self._copies.append((asked, key))
        else:
            self._small.append((asked, small))
            self._keys.add(key)
            self._small_bytes += small.content_bytes
            if len(self._small) >= BATCH_FILES or self._small_bytes >= BATCH_BYTES:
                self._decode_small()

    def _decode_small(self) -> None:
        """Decode the small files that wait."""
        small, self._small, self._small_bytes = self._small, [], 0
        if small:
            outcomes, shared = self._together.decode([each for _, each in small])
            self._take(small, outcomes, shared)

    def _take(
        self, small: Sequence[tuple[Asked, Small]], outcomes: Sequence[Outcome], shared: Sequence[Shared]
    ) -> None:
        """Let what became of small files wait for the commit; files that are read alone come in at their place."""
        begin = 0
        for place, outcome in enumerate(outcomes):
            if outcome.alone:
                self._accept(range(begin, place), small, outcomes, shared)
                begin = place + 1
                with self._run.noting(small[place][0]):
                    self._alone(small[place][0], outcome.found)
        self._accept(range(begin, len(small)), small, outcomes, shared)

    def _accept(
        self,
        places: range,
        small: Sequence[tuple[Asked, Small]],
        outcomes: Sequence[Outcome],
        shared: Sequence[Shared],
    ) -> None:
        files: dict[int, FileRead] = {}
        for place in places:
            with self._run.noting(small[place][0]):
                file = self._account(*small[place], outcomes[place])
                if file is not None:
                    files[place] = file
        for to in dict.fromkeys(file.to for file in files.values()):
            parts = [
                Part([(files[place], rows) for place, rows in each.counts if place in files], each.name, each.batch)
                for each in shared
                if each.counts[0][0] in places and each.batch.num_rows
            ]
            self._commits.wait(
                [file for file in files.values() if file.to == to],
                [part for part in parts if part.files[0][0].to == to],
            )

    def _account(self, asked: Asked, small: Small, outcome: Outcome) -> FileRead | None:
        """Return a small file with the account of its records; None where it is none of our logs."""
        if outcome.error is not None:
            raise outcome.error
        file = self._file(asked, outcome.found) if outcome.found is not None else None
        if file is None:
            return None
        file.digest, file.content_bytes, file.disk_bytes = small.digest, small.content_bytes, small.disk_bytes
        file.count(outcome.tally, outcome.rows)
        if self._run.progress:
            self._run.progress(file, small.disk_bytes, self._run.whole)
        if file.rows == 0:
            raise _nothing(file)
        self._commits.keep(file, outcome.texts)
        return file

    def _file(self, asked: Asked, found: Detection) -> FileRead | None:
        """Return a file that was recognised; else it is an error, or passed over."""
        if found.form is not None:
            return FileRead(asked.path, job_of(found, self._run.setup), asked.slot, asked.label)
        if asked.must_be_log:
            raise _unknown("standard input" if asked.label == "-" else file_name(asked.path), found)
        self._run.results[asked.slot] = FileResult(file_name(asked.path), None, skipped=UNKNOWN)
        return None

    def _alone(self, asked: Asked, found: Detection | None = None) -> None:
        """Read a file on its own: it is large, packed, a table, or mixed."""
        column_map = self._run.setup.column_map
        named = known_named(self._run.format_name) if self._run.format_name else None
        found = found or detect(asked.path, format_of(column_map) if column_map is not None else named)
        file = self._file(asked, found)
        if file is None:
            return
        result = self._known_content(file) or self._read(file)
        if result is not None:  # else it is set when the file is committed, which may have happened already
            self._run.results[asked.slot] = result

    def _read(self, file: FileRead) -> FileResult | None:
        with ExitStack() as stack:
            content = stack.enter_context(opened(file.path))
            parts = self._parts(file, content, stack.enter_context(closing(decoded(content, file.job))))
            first: list[Part] = []
            for part in parts:
                first.append(part)
                if file.rows > SMALL_ROWS:
                    return self._stream(file, content, chain(first, parts))
            _ended(file, content)
        return self._gather(file, first)

    def _known_content(self, file: FileRead) -> FileResult | None:
        """Return the result of a file whose content was read before, hashing it first where its size is known."""
        with opened(file.path) as content:
            if not self._ledger.may_know(content.disk_bytes):
                return None
            while content.read(CHUNK_BYTES):
                pass
            _ended(file, content)
        return self._ledger.again(file)

    def _parts(self, file: FileRead, content: Content, decoded_parts: Iterable[Decoded]) -> Iterator[Part]:
        """Count what becomes of a file's records, and yield its rows."""
        for part in decoded_parts:
            file.count(part.tally, sum(batch.num_rows for _, batch in part.batches))
            self._commits.keep(file, part.texts)
            if self._run.progress:
                self._run.progress(file, content.position, self._run.whole)
            for name, batch in part.batches:
                yield Part([(file, batch.num_rows)], name, batch)

    def _gather(self, file: FileRead, parts: list[Part]) -> FileResult | None:
        """Let a file of few rows wait for the next commit, unless it is there already or has nothing."""
        if file.key in self._commits.keys:
            self._commits.commit()
        if earlier := self._ledger.again(file):
            return earlier
        if file.rows == 0:
            raise _nothing(file)
        self._keys.add(file.key)
        self._commits.wait([file], parts)
        return None

    def _stream(self, file: FileRead, content: Content, parts: Iterator[Part]) -> FileResult | None:
        """Commit a large file, row by row as it is decoded."""

        def ended() -> None:
            _ended(file, content)
            if self._ledger.again(file):
                raise _AlreadyThere

        try:
            self._commits.stream(file, parts, ended)
        except _AlreadyThere:
            return self._ledger.again(file)
        return self._run.results[file.slot]

    def flush(self) -> None:
        """Commit the small files that wait."""
        self._decode_small()
        self._commits.commit()
        copies, self._copies = self._copies, []
        self._keys.clear()
        for asked, key in copies:
            earlier = self._run.known.again(key, asked.label)
            if earlier is not None:
                self._run.results[asked.slot] = earlier
                continue
            with self._run.noting(asked):  # the first of them could not be used
                self._alone(asked)
        self._commits.commit()

    def _committed(self, file: FileRead, result: FileResult) -> None:
        self._run.results[file.slot] = result
        self._slots[file.source_id] = file.slot

    def _changed(self, source_id: int, accepted: int, duplicates: int, bills: int) -> None:
        """Correct the result of a file of this run: else a call that passed to a later file would count in both."""
        slot = self._slots.get(source_id)
        result = None if slot is None else self._run.results[slot]
        if slot is not None and result is not None:
            self._run.results[slot] = replace(result, accepted=accepted, duplicates=duplicates, bills=bills)

    def close(self) -> None:
        """Close the file of kept texts."""
        self._commits.close()


def _ended(file: FileRead, content: Content) -> None:
    """Take over what is known of a file when it has been read to its end."""
    file.digest, file.content_bytes = content.digest.hexdigest(), content.size
    file.disk_bytes = content.disk_bytes


def _unknown(name: str, found: Detection) -> InputError:
    name = printable(name)
    if found.container == "empty":
        return InputError(f"{name} is empty", next_step="Check the export that wrote it.", slug="empty-file")
    return InputError(
        f"{name} is in no known format ({printable('; '.join(found.evidence))})",
        next_step="See `llmaudit formats` for --format; `llmaudit detect` proposes a column map for --map.",
        slug="unknown-format",
    )


def _nothing(file: FileRead) -> InputError:
    reasons = sorted((file.ignored + file.rejected).items())
    why = ", ".join(f"{count} {reason}" for reason, count in reasons) or "it holds no record"
    kind = NoRequestError if file.ignored and not file.rejected else InputError
    return kind(
        f"{printable(file.label)}: not one request in {file.records} records of {file.name} ({printable(why)})",
        next_step="Check that it is a request log of this format and covers the period asked for.",
        slug="nothing-accepted",
    )
