"""The same call twice, in one file or in several: one row of it stays, and what contradicts it is noted."""

from __future__ import annotations

from llmaudit.formats.base import Format
from llmaudit.request import COLUMNS
from llmaudit.store import Store

MOST_OUTPUT_FIRST = "coalesce(output_tokens, 0) DESC, coalesce(input_tokens, 0) DESC, line"
_SAID = [name for name in COLUMNS if name not in {"line", "raw_usage", "prompt_hash"}]
"""What two records of one request must agree in. Compared when they meet: a stored hash would bind the database to one
version of the hash function."""


class Repeats:
    """Finds the calls of a new file that are there more than once, inside the transaction that brings the file.

    Args:
        store: The database; the file's rows are in it.
        form: The format of the file, which says what the same id twice means.
        source_id: The file.
    """

    def __init__(self, store: Store, form: Format, source_id: int) -> None:
        self._store = store
        self._form = form
        self._source_id = source_id

    def drop_within(self) -> int:
        """Leave one row of each call that the file holds several times; return how many repeats say something else."""
        with_id, hashes = self._store.one(
            "SELECT count(request_id), count(DISTINCT hash(request_id)) FROM requests"
            " WHERE source_id = ? AND request_id IS NOT NULL",
            [self._source_id],
        )
        if with_id == hashes:  # as many hashes as ids: no id comes twice, and the ids need not be held in memory
            return 0
        order = MOST_OUTPUT_FIRST if self._form.repeats == "largest" else "line"
        self._store.execute(
            "CREATE TEMP TABLE repeats AS SELECT row_id, line, request_id,"
            f" hash({', '.join(_SAID)}) <> first(hash({', '.join(_SAID)})) OVER same AS differs"
            " FROM requests WHERE source_id = $this AND request_id IN (SELECT request_id FROM requests"
            " WHERE source_id = $this GROUP BY request_id HAVING count(*) > 1)"
            f" WINDOW same AS (PARTITION BY request_id ORDER BY {order})"
            " QUALIFY row_number() OVER same > 1",
            {"this": self._source_id},
        )
        if self._form.repeats == "largest":
            self._date_by_first_record()
        return self._drop_noted()

    def _date_by_first_record(self) -> None:
        """Let a call whose records grew begin with its first record, not with the largest."""
        self._store.execute(
            "UPDATE requests SET started_at = f.started_at FROM (SELECT request_id, min(started_at) AS started_at"
            " FROM requests WHERE source_id = $this AND request_id IN (SELECT request_id FROM repeats)"
            " GROUP BY request_id) f WHERE requests.source_id = $this AND requests.request_id = f.request_id",
            {"this": self._source_id},
        )

    def drop_known(self, digest: str) -> int:
        """Take out calls that an earlier file brought; return how many of them say something else.

        A call without an id is known only by its place: the same line of the same content, read for another period.
        Where records of one call grow, and this file has more of the output, its row replaces the earlier one.
        """
        if not self._store.rows("SELECT 1 FROM sources LIMIT 1"):
            return 0
        self._store.execute(
            "CREATE TEMP TABLE repeats AS SELECT n.row_id, n.line, n.request_id, o.row_id AS kept_id,"
            f" hash({', '.join(f'n.{name}' for name in _SAID)}) <> hash({', '.join(f'o.{name}' for name in _SAID)})"
            " AS differs FROM requests n JOIN requests o ON n.request_id = o.request_id AND n.id_space = o.id_space"
            " WHERE n.source_id = $this AND o.source_id <> $this UNION ALL"
            " SELECT n.row_id, n.line, NULL, o.row_id, false FROM requests n JOIN requests o ON n.line = o.line"
            " WHERE n.source_id = $this AND n.request_id IS NULL AND o.request_id IS NULL"
            " AND o.source_id IN (SELECT source_id FROM sources WHERE content_sha256 = $digest)",
            {"this": self._source_id, "digest": digest},
        )
        if self._form.repeats == "largest":
            self._replace_smaller()
        return self._drop_noted()

    def _replace_smaller(self) -> None:
        """Let the row with more output take the place of an earlier one; the call begins with its first record.

        So it does not matter which of the files was read first.
        """
        same = "FROM repeats k JOIN requests n ON n.row_id = k.row_id WHERE requests.row_id = k.kept_id AND"
        said = ", ".join(f"{name} = n.{name}" for name in COLUMNS if name not in {"line", "request_id", "started_at"})
        self._store.execute(
            f"UPDATE requests SET {said} {same} coalesce(n.output_tokens, 0) > coalesce(requests.output_tokens, 0)"
        )
        self._store.execute(f"UPDATE requests SET started_at = n.started_at {same} n.started_at < requests.started_at")

    def _drop_noted(self) -> int:
        """Take the noted repeats out; where a format says each call once, record those that say something else."""
        conflicts = 0
        if self._form.repeats == "once":
            self._store.execute(
                "INSERT INTO conflicts SELECT ?, line, ?, request_id FROM repeats WHERE differs",
                [self._source_id, self._form.space],
            )
            conflicts = int(self._store.one("SELECT count(*) FROM repeats WHERE differs")[0])
        self._store.execute("DELETE FROM requests WHERE row_id IN (SELECT row_id FROM repeats)")
        self._store.execute("DROP TABLE repeats")
        return conflicts
