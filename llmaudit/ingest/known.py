"""The files that are already in the database, held in memory so that each check is a lookup and not a query.

Nothing heavy is imported here: of thousands of files mostly all are known, and a run that finds nothing new needs no
more than this.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from llmaudit.store import Store

Key = tuple[str, datetime | None, datetime | None]
"""What makes a file the same again: the hash of its content, and the period it was read for."""


UNKNOWN = "unknown format"
NOT_LOOKED_AT = "not looked at"
NO_REQUEST = "no request in it"


class FileResult(msgspec.Struct, frozen=True):
    """What became of one file: `lines = accepted + duplicates + ignored + rejected + bills`, always.

    Attributes:
        path: As it was named.
        format: Its format, or None where it was not recognised.
        lines: Records: lines, CSV rows, array elements or spans; one that holds several requests counts as many.
        accepted: New requests in the database.
        duplicates: Records whose call was there already, in this file or an earlier one.
        ignored: Records that are no requests, or outside the period asked for.
        rejected: Records that cannot be used.
        bills: Bill lines.
        skipped: Why nothing was taken in: `already ingested`, `unknown format`, `no request in it` (of a folder's
            files), `not looked at:` and its kind, the ending that no log has or `hidden`, or `not used:` and an error's
            name; None where the file was read.
        reasons: Counts of ignored and rejected records by reason.
        conflicts: Duplicates whose content differs from what is in the database.
        masked: Values that looked like live keys and were replaced.
        warnings: What in the file contradicts the usual way of counting of its source, with numbers.
    """

    path: str
    format: str | None
    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    ignored: int = 0
    rejected: int = 0
    bills: int = 0
    skipped: str | None = None
    reasons: dict[str, int] = {}
    conflicts: int = 0
    masked: int = 0
    warnings: list[str] = []

    @property
    def was_left(self) -> bool:
        """Whether it was not looked at: a folder's file that is hidden, or has an ending that no log has."""
        return self.skipped is not None and self.skipped.startswith(NOT_LOOKED_AT)


class Known:
    """The files that are in the database, by their content.

    Args:
        store: The database.

    Attributes:
        sizes: How large they are on disk.
        by_content: The sources of each content: several where it was read for several periods.
        read: By source, the path of each file of this run, whether it was new or there already.
    """

    def __init__(self, store: Store) -> None:
        self._results: dict[Key, FileResult] = {}
        self._sources: dict[Key, int] = {}
        self.read: dict[int, str] = {}
        self.sizes: set[int] = set()
        self.by_content: dict[str, list[int]] = {}
        rows = store.rows(
            "SELECT source_id, content_sha256, since, until, disk_bytes,"
            " path, format, lines, accepted, duplicates, ignored, rejected, bills FROM sources"
        )
        for source_id, digest, since, until, disk_bytes, *counted in rows:
            self.add(source_id, (digest, since, until), disk_bytes, FileResult(*counted))

    def add(self, source_id: int, key: Key, disk_bytes: int, result: FileResult) -> None:
        """Keep a file that is in the database."""
        self._results[key] = result
        self._sources[key] = source_id
        self.sizes.add(disk_bytes)
        self.by_content.setdefault(key[0], []).append(source_id)

    def again(self, key: Key, label: str) -> FileResult | None:
        """Return what becomes of a file whose content is there already: what was accepted then is a duplicate now.

        Args:
            key: Its content, and the period it is read for.
            label: What it is called this time.
        """
        earlier = self._results.get(key)
        if earlier is None:
            return None
        self.read[self._sources[key]] = label
        return FileResult(
            path=label,
            format=earlier.format,
            skipped="already ingested",
            lines=earlier.lines,
            duplicates=earlier.duplicates + earlier.accepted + earlier.bills,
            ignored=earlier.ignored,
            rejected=earlier.rejected,
        )
