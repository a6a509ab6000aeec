"""Loads files into the database, in the order given.

A small file is read once, and its hash says whether it is already there: of the thousands of sessions that a coding
agent leaves, mostly all are. New files go to `llmaudit.ingest.intake`, which is imported only then.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmaudit.errors import InputError
from llmaudit.ingest.known import NOT_LOOKED_AT, FileResult
from llmaudit.ingest.read import file_name
from llmaudit.ingest.run import Asked, Run
from llmaudit.ingest.small import small_file

if TYPE_CHECKING:
    from llmaudit.ingest.intake import Intake


class Loader:
    """Takes files into the database, in the order they are given.

    Args:
        run: What is asked for.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._intake: Intake | None = None

    @property
    def results(self) -> list[FileResult]:
        """What became of each file that is not still waiting."""
        return [result for result in self._run.results if result is not None]

    @property
    def failures(self) -> list[InputError]:
        """Why files could not be used, in their order."""
        return [error for _, error in sorted(self._run.failed.items())]

    def add(self, path: Path, *, label: str | None = None, must_be_log: bool = True) -> None:
        """Read a file; it is in the database when its result is there, at the latest after `flush`.

        Args:
            path: The file.
            label: What it is called in the ledger; by default its path.
            must_be_log: Whether a file in no known format is an error, or only skipped (a folder's other files).
        """
        run = self._run
        run.results.append(None)
        asked = Asked(path, len(run.results) - 1, label or file_name(path), must_be_log)
        with run.noting(asked):
            small = small_file(path)
            if small is not None and (earlier := run.known.again(run.key(small.digest), asked.label)):
                run.results[asked.slot] = earlier
            else:
                self._new().add(asked, small)

    def leave(self, path: Path, why: str) -> None:
        """Note a folder's file that is not looked at, and why."""
        self._run.results.append(FileResult(file_name(path), None, skipped=f"{NOT_LOOKED_AT}: {why}"))

    def _new(self) -> Intake:
        """Return what takes in new files."""
        if self._intake is None:
            from llmaudit.ingest.intake import Intake  # noqa: PLC0415 -- heavy, and often nothing is new

            self._intake = Intake(self._run)
        return self._intake

    def flush(self) -> None:
        """Commit what waits."""
        if self._intake is not None:
            self._intake.flush()

    def close(self) -> None:
        """Close the file of kept texts."""
        if self._intake is not None:
            self._intake.close()
