"""The same call twice, in one file or in several: one row of it stays, and what contradicts it is noted."""

from __future__ import annotations

from dataclasses import dataclass

from llmaudit.bills.base import COLUMNS as BILL_COLUMNS
from llmaudit.formats.base import Format
from llmaudit.request import COLUMNS
from llmaudit.store import Store

MOST_OUTPUT_FIRST = "coalesce(output_tokens, 0) DESC, coalesce(input_tokens, 0) DESC, line"
_ORDER = {"once": "line", "first": "line", "last": "line DESC", "largest": MOST_OUTPUT_FIRST}
_PLACE = {"line", "raw_usage", "prompt_hash"}
"""Columns in which two records of one request may differ: where it stood, and how its usage was spelled."""


@dataclass(frozen=True)
class Target:
    """A table that records go to.

    Attributes:
        table: Its name.
        key: The column that tells the same call or line again.
        columns: Those that come from the record.
    """

    table: str
    key: str
    columns: tuple[str, ...]

    @property
    def said(self) -> list[str]:
        """What two records of a call must agree in; a stored hash would bind the database to one hash function."""
        return [name for name in self.columns if name not in _PLACE]


REQUESTS = Target("requests", "request_id", COLUMNS)
BILL_LINES = Target("bill_lines", "line_key", BILL_COLUMNS)


def target_of(form: Format) -> Target:
    """Return the table that a format's records go to."""
    return BILL_LINES if form.kind == "bill" else REQUESTS


class Repeats:
    """Finds the calls of a new file that are there more than once, inside the transaction that brings the file.

    Args:
        store: The database; the file's rows are in it.
        form: The format, which says what the same id twice means.
        source_id: The file.
    """

    def __init__(self, store: Store, form: Format, source_id: int) -> None:
        self._store = store
        self._form = form
        self._to = target_of(form)
        self._these = {"this": source_id, "space": form.space}

    def drop_within(self) -> int:
        """Leave one row of each call that the file holds several times; return how many repeats say something else."""
        table, key = self._to.table, self._to.key
        with_id, hashes = self._store.one(
            f"SELECT count({key}), count(DISTINCT hash({key})) FROM {table}"
            f" WHERE source_id = $this AND id_space = $space AND {key} IS NOT NULL",
            self._these,
        )
        if with_id == hashes:  # as many hashes as ids: no id comes twice, and the ids need not be held in memory
            return 0
        said = ", ".join(self._to.said)
        self._store.execute(
            f"CREATE TEMP TABLE repeats AS SELECT row_id, line, {key} AS same_id,"
            f" hash({said}) <> first(hash({said})) OVER same AS differs"
            f" FROM {table} WHERE source_id = $this AND id_space = $space AND {key} IN (SELECT {key} FROM {table}"
            f" WHERE source_id = $this AND id_space = $space GROUP BY {key} HAVING count(*) > 1)"
            f" WINDOW same AS (PARTITION BY {key} ORDER BY {_ORDER[self._form.repeats]})"
            " QUALIFY row_number() OVER same > 1",
            self._these,
        )
        if self._form.repeats == "largest":
            self._date_by_first_record()
        return self._drop_noted()

    def _date_by_first_record(self) -> None:
        """Let a call whose records grew begin with its first record, not with the largest."""
        self._store.execute(
            "UPDATE requests SET started_at = f.started_at FROM (SELECT request_id, min(started_at) AS started_at"
            " FROM requests WHERE source_id = $this AND id_space = $space"
            " AND request_id IN (SELECT same_id FROM repeats)"
            " GROUP BY request_id) f"
            " WHERE requests.source_id = $this AND id_space = $space AND requests.request_id = f.request_id",
            self._these,
        )

    def drop_known(self, digest: str) -> int:
        """Take out calls that an earlier file brought; return how many of them say something else.

        A call without an id is known only by its place: the same line of the same content, read for another period.
        Where records of one call grow, and this file has more of the output, or where the last record counts, its row
        replaces the earlier one.
        """
        if not self._store.rows("SELECT 1 FROM sources LIMIT 1"):
            return 0
        table, key = self._to.table, self._to.key
        self._store.execute(
            f"CREATE TEMP TABLE repeats AS SELECT n.row_id, n.line, n.{key} AS same_id, o.row_id AS kept_id,"
            f" hash({self._all_of('n')}) <> hash({self._all_of('o')})"
            f" AS differs FROM {table} n JOIN {table} o ON n.{key} = o.{key} AND n.id_space = o.id_space"
            " WHERE n.source_id = $this AND n.id_space = $space AND o.source_id <> $this UNION ALL"
            f" SELECT n.row_id, n.line, NULL, o.row_id, false FROM {table} n JOIN {table} o ON n.line = o.line"
            f" WHERE n.source_id = $this AND n.id_space = $space AND n.{key} IS NULL AND o.{key} IS NULL"
            " AND o.source_id IN (SELECT source_id FROM sources WHERE content_sha256 = $digest)",
            {**self._these, "digest": digest},
        )
        if self._form.repeats == "largest":
            self._replace("coalesce(n.output_tokens, 0) > coalesce(requests.output_tokens, 0)")
            self._date_by_earlier()
        elif self._form.repeats == "last":
            self._replace("k.differs")
        return self._drop_noted()

    def _all_of(self, alias: str) -> str:
        return ", ".join(f"{alias}.{name}" for name in self._to.said)

    def _replace(self, condition: str) -> None:
        """Let the new row's values take the place of an earlier one's, which stays the row of that call."""
        table, key = self._to.table, self._to.key
        said = ", ".join(f"{name} = n.{name}" for name in self._to.columns if name not in {"line", key, "started_at"})
        self._store.execute(
            f"UPDATE {table} SET {said} FROM repeats k JOIN {table} n ON n.row_id = k.row_id"
            f" WHERE {table}.row_id = k.kept_id AND {condition}"
        )

    def _date_by_earlier(self) -> None:
        """Let the call begin with its first record, so that it does not matter which file was read first."""
        self._store.execute(
            "UPDATE requests SET started_at = n.started_at FROM repeats k JOIN requests n ON n.row_id = k.row_id"
            " WHERE requests.row_id = k.kept_id AND n.started_at < requests.started_at"
        )

    def _drop_noted(self) -> int:
        """Take the noted repeats out; where a format says each call once, record those that say something else."""
        conflicts = 0
        if self._form.repeats == "once":
            self._store.execute(
                "INSERT INTO conflicts SELECT $this, line, $space, same_id FROM repeats WHERE differs", self._these
            )
            conflicts = int(self._store.one("SELECT count(*) FROM repeats WHERE differs")[0])
        self._store.execute(f"DELETE FROM {self._to.table} WHERE row_id IN (SELECT row_id FROM repeats)")
        self._store.execute("DROP TABLE repeats")
        return conflicts
