"""One run over files: what to read, and the result of each file so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llmaudit.errors import InputError
from llmaudit.ingest.known import NO_REQUEST, NOT_LOOKED_AT, FileResult, Key, Known
from llmaudit.ingest.read import DATABASE, PACKED
from llmaudit.ingest.setup import Setup
from llmaudit.store import Store

if TYPE_CHECKING:
    from llmaudit.ingest.ledger import FileRead

Progress = Callable[["FileRead", int, int], None]
"""Called with the file that is being read, the bytes read of it as it lies on disk, and the bytes of all files."""


class NoRequestError(InputError):
    """Every record of a file is sound and none is a request: in a folder no error, as sessions without a call are."""


@dataclass(frozen=True)
class Asked:
    """A file to read.

    Attributes:
        path: The file.
        slot: Its place among the files of the run.
        label: What it is called in the ledger.
        must_be_log: Whether it is an error that it is in no known format, or holds no request.
    """

    path: Path
    slot: int
    label: str
    must_be_log: bool


@dataclass
class Run:
    """What a run has to do, and the result of each file.

    Attributes:
        store: The database.
        setup: What decoding needs besides the files.
        progress: Called now and then.
        format_name: The format of every file, where the user says so; else it is detected.
        whole: Bytes of all files that will be read, as they lie on disk.
        results: What became of each file; None while it is not committed.
        failed: Why files could not be used, by their place.
        known: The files that are in the database.
    """

    store: Store
    setup: Setup
    progress: Progress | None = None
    format_name: str | None = None
    whole: int = 0
    results: list[FileResult | None] = field(default_factory=list)
    failed: dict[int, InputError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known = Known(self.store)

    def key(self, digest: str) -> Key:
        """Return what tells a content again that is read for the period asked for."""
        return digest, self.setup.period.since, self.setup.period.until

    @contextmanager
    def noting(self, asked: Asked) -> Iterator[None]:
        """Note an error that makes a file useless, and go on with the next."""
        try:
            yield
        except InputError as error:
            if error.slug in {PACKED, DATABASE} and not asked.must_be_log:
                self.results[asked.slot] = FileResult(asked.label, None, skipped=f"{NOT_LOOKED_AT}: {error.slug}")
                return
            if isinstance(error, NoRequestError) and not asked.must_be_log:
                self.results[asked.slot] = FileResult(asked.label, None, skipped=NO_REQUEST)
                return
            self.failed[asked.slot] = error
            self.results[asked.slot] = FileResult(asked.label, None, skipped=f"not used: {error.slug}")
