"""The progress line that a terminal shows while logs are read."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from llmaudit.errors import printable

if TYPE_CHECKING:
    from llmaudit.ingest.ledger import FileRead

SECONDS_BETWEEN = 0.2
BAR_CHARS = 24


class ProgressLine:
    """One line that is overwritten again and again: the file, its records, their rate, and the time left."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._last = 0.0
        self._records: dict[int, int] = {}
        self._bytes: dict[int, int] = {}

    def report(self, file: FileRead, position: int, whole: int) -> None:
        """Show how far reading has come.

        Args:
            file: The file that is being read.
            position: Bytes of it read so far, compressed if it is.
            whole: Bytes of all files together.
        """
        self._records[file.slot], self._bytes[file.slot] = file.records, position
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN:
            return
        self._last = now
        seconds = max(now - self._began, 1e-6)
        records, read = sum(self._records.values()), sum(self._bytes.values())
        share = min(read / whole, 1.0) if whole else 1.0
        left = seconds / share * (1 - share) if share else 0.0
        bar = "#" * int(share * BAR_CHARS) + "." * (BAR_CHARS - int(share * BAR_CHARS))
        sys.stderr.write(
            f"\r\x1b[K[{bar}] {share:4.0%}  {records:,} records, {records / seconds:,.0f}/s,"
            f" {_clock(left)} left  {printable(file.path.name, 40)}"
        )
        sys.stderr.flush()

    def clear(self) -> None:
        """Erase the line."""
        sys.stderr.write("\r\x1b[K")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
