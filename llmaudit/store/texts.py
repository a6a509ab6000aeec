"""The texts of requests, kept only if the user asks for it, in a separate file beside the database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from llmaudit.store.duck import HARDENED, translated

if TYPE_CHECKING:
    import pyarrow as pa


def text_path(database: Path) -> Path:
    """Return where the texts of a database are kept, if they are."""
    return database.with_name(f"{database.name}.text")


class TextStore:
    """Prompts and answers, in a DuckDB file of their own beside the database, for its owner only.

    Texts are written before the requests they belong to are committed; texts of files that then did not make it are
    swept out at the next opening.

    Args:
        path: The file; it is made where it is not there.
        digests: Content hashes of the files that are in the database; None to look only.
    """

    def __init__(self, path: Path, digests: set[str] | None) -> None:
        self._path = path
        fresh = not path.exists()
        with translated(path):
            self._connection = duckdb.connect(str(path), read_only=digests is None, config=HARDENED)
            if digests is None:
                return
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS files (token VARCHAR NOT NULL, content_sha256 VARCHAR NOT NULL);"
                "CREATE TABLE IF NOT EXISTS texts (token VARCHAR NOT NULL, line BIGINT NOT NULL, request_id VARCHAR,"
                " prompt VARCHAR, answer VARCHAR)"
            )
        if fresh:
            path.chmod(0o600)
        self.sweep(digests)

    def add(self, token: str, texts: pa.Table | None, digest: str | None) -> None:
        """Write texts of a file, and its content hash when it has been read to its end."""
        with translated(self._path):
            if texts is not None:
                self._connection.register("incoming", texts)
                self._connection.execute("INSERT INTO texts SELECT ?, * FROM incoming", [token])
                self._connection.unregister("incoming")
            if digest is not None:
                self._connection.execute("INSERT INTO files VALUES (?, ?)", [token, digest])

    def sweep(self, digests: set[str]) -> None:
        """Remove the texts of every file whose content is not among these."""
        with translated(self._path):
            self._connection.execute(
                "DELETE FROM files WHERE content_sha256 NOT IN (SELECT unnest($these))",
                {"these": sorted(digests) or [""]},
            )
            self._connection.execute("DELETE FROM texts WHERE token NOT IN (SELECT token FROM files)")

    def prompts(self, digest: str) -> list[tuple[int, str | None, str]]:
        """Return line, request id and prompt (a JSON array of `role` and `text`) of a file's texts."""
        with translated(self._path):
            return self._connection.execute(
                "SELECT line, request_id, prompt FROM texts WHERE prompt IS NOT NULL"
                " AND token IN (SELECT token FROM files WHERE content_sha256 = ?) ORDER BY line, request_id",
                [digest],
            ).fetchall()

    def prompts_at(self, digest: str, lines: Sequence[int]) -> list[tuple[int, str | None, str]]:
        """Return line, request id and prompt of some lines of a file, as `prompts` does of all."""
        with translated(self._path):
            return self._connection.execute(
                "SELECT line, request_id, prompt FROM texts WHERE prompt IS NOT NULL"
                " AND line IN (SELECT unnest($lines))"
                " AND token IN (SELECT token FROM files WHERE content_sha256 = $digest) ORDER BY line, request_id",
                {"lines": list(lines), "digest": digest},
            ).fetchall()

    def count(self) -> int:
        """Return how many texts there are."""
        with translated(self._path):
            return int(self._connection.execute("SELECT count(*) FROM texts").fetchall()[0][0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
