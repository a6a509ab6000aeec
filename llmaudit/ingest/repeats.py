"""The same call logged twice, in one file or in several: one row remains, and contradictions are noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmaudit.bills.base import COLUMNS as BILL_COLUMNS
from llmaudit.formats.base import Format
from llmaudit.request import COLUMNS
from llmaudit.store import Store

_MOST_OUTPUT = "coalesce(output_tokens, 0) DESC, coalesce(input_tokens, 0) DESC, source_id, line"
_ORDER = {
    "once": "source_id, line",
    "first": "source_id, line",
    "last": "source_id DESC, line DESC",
    "largest": _MOST_OUTPUT,
}
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


def follow_sightings(store: Store, table: str, gone: str) -> None:
    """Let what other records told of rows about to go stand by the rows that stay.

    A row can have been kept among the new files and go in favour of an earlier file's: without this the records that
    were noted against it would belong to nothing, and `forget` of the earlier file would lose a call they still tell.

    Args:
        store: The database.
        table: Where the rows are.
        gone: A table of the `row_id` that goes and the `kept_id` that stays.
    """
    store.execute(
        f"UPDATE sightings SET row_id = g.kept_id FROM {gone} g"
        " WHERE sightings.told = ? AND sightings.row_id = g.row_id",
        [table],
    )
    is_bill = "IN" if table == "bill_lines" else "NOT IN"  # the two tables number their rows each for itself
    store.execute(
        f"UPDATE conflicts SET kept_row_id = g.kept_id FROM {gone} g WHERE conflicts.kept_row_id = g.row_id"
        f" AND conflicts.id_space {is_bill} (SELECT id_space FROM bill_lines)"
    )


class Repeats:
    """Finds the calls of new files that are there more than once, inside the transaction that brings the files.

    Args:
        store: The database; the files' rows are in it.
        form: The format, which says what the same id twice means.
        first: The first of the new files; they are all from there on.
        same_content: New file and earlier file that have the same content, read for another period.
    """

    def __init__(self, store: Store, form: Format, first: int, same_content: Sequence[tuple[int, int]]) -> None:
        self._store = store
        self._form = form
        self._to = target_of(form)
        self._same_content = same_content
        self._these = {"first": first, "space": form.space}
        self._new = "source_id >= $first AND id_space = $space"

    def drop(self) -> set[int]:
        """Leave one row of each call; return the earlier files that a row has left, or in which one has a new time."""
        self._drop_within()
        if not self._store.rows("SELECT 1 FROM sources LIMIT 1"):
            return set()
        return self._drop_known()

    def _drop_within(self) -> None:
        """Take out repeats among the new files themselves."""
        table, key = self._to.table, self._to.key
        with_id, hashes = self._store.one(
            f"SELECT count(*), count(DISTINCT hash({key})) FROM {table} WHERE {self._new} AND {key} IS NOT NULL",
            self._these,
        )  # without NULLs: they have a hash too, which would stand for one id that comes twice
        if with_id == hashes:  # as many hashes as ids: no id comes twice, and the ids need not be held in memory
            return
        said = ", ".join(self._to.said)
        self._store.execute(
            "CREATE TEMP TABLE repeats AS"
            f" SELECT row_id, source_id, line, {key} AS same_id, first(row_id) OVER same AS kept_id,"
            f" first(source_id) OVER same AS kept_source, hash({said}) <> first(hash({said})) OVER same AS differs"
            f" FROM {table} WHERE {self._new} AND {key} IN"
            f" (SELECT {key} FROM {table} WHERE {self._new} GROUP BY {key} HAVING count(*) > 1)"
            f" WINDOW same AS (PARTITION BY {key} ORDER BY {_ORDER[self._form.repeats]})"
            " QUALIFY row_number() OVER same > 1",
            self._these,
        )
        if self._form.repeats == "largest":
            self._date_by_first_record()
        self._drop_noted()

    def _date_by_first_record(self) -> None:
        """Let a call whose records grew begin with its first record, not with the largest."""
        self._store.execute(
            "UPDATE requests SET started_at = f.started_at FROM (SELECT request_id, min(started_at) AS started_at"
            f" FROM requests WHERE {self._new} AND request_id IN (SELECT same_id FROM repeats) GROUP BY request_id) f"
            f" WHERE requests.{self._new} AND requests.request_id = f.request_id",
            self._these,
        )

    def _drop_known(self) -> set[int]:
        """Take out calls that an earlier file brought.

        A call without an id is known only by its place: the same line of the same content, read for another period.
        Where records of one call grow and a new file has more of the output, or where the last record counts, the row
        passes to the new file.
        """
        table, key = self._to.table, self._to.key
        differs = f"hash({self._all_of('n')}) <> hash({self._all_of('o')})"
        self._store.execute(
            "CREATE TEMP TABLE repeats AS SELECT n.row_id, n.source_id, n.line,"
            f" n.{key} AS same_id, o.row_id AS kept_id, o.source_id AS kept_source, {differs} AS differs"
            f" FROM {table} n JOIN {table} o ON n.{key} = o.{key} AND n.id_space = o.id_space"
            " WHERE n.source_id >= $first AND n.id_space = $space AND o.source_id < $first",
            self._these,
        )
        for new, other in self._same_content:
            self._store.execute(
                "INSERT INTO repeats SELECT n.row_id, n.source_id, n.line, NULL, o.row_id, o.source_id, false"
                f" FROM {table} n JOIN {table} o ON n.line = o.line AND n.id_space = o.id_space"
                f" WHERE n.source_id = ? AND o.source_id = ? AND n.{key} IS NULL AND o.{key} IS NULL",
                [new, other],
            )
        if not self._store.rows("SELECT 1 FROM repeats LIMIT 1"):
            self._store.execute("DROP TABLE repeats")
            return set()
        passed = self._pass_on()
        self._drop_noted()
        return passed

    def _pass_on(self) -> set[int]:
        """Let the earlier row take the values and the place of a new record that counts instead of it."""
        condition = {
            "largest": "coalesce(n.output_tokens, 0) > coalesce(o.output_tokens, 0)",
            "last": "k.differs",
        }.get(self._form.repeats)
        if condition is None:
            return set()
        table, key = self._to.table, self._to.key
        pairs = f"FROM repeats k JOIN {table} n ON n.row_id = k.row_id"
        self._store.execute(
            f"CREATE TEMP TABLE passed AS SELECT k.*, o.line AS kept_line {pairs}"
            f" JOIN {table} o ON o.row_id = k.kept_id WHERE {condition}"
        )
        names = [name for name in self._to.columns if name not in {key, "started_at"}]
        said = ", ".join(f"{name} = n.{name}" for name in ("source_id", *names))
        self._store.execute(
            f"UPDATE {table} SET {said} FROM passed k JOIN {table} n ON n.row_id = k.row_id"
            f" WHERE {table}.row_id = k.kept_id"
        )
        dated: set[int] = set()
        if self._form.repeats == "largest":  # the call begins with its first record, whichever file was read first
            earlier = f"{pairs} JOIN requests o ON o.row_id = k.kept_id WHERE n.started_at < o.started_at"
            dated = {int(row[0]) for row in self._store.rows(f"SELECT DISTINCT o.source_id {earlier}")}
            self._store.execute(
                f"UPDATE requests SET started_at = n.started_at {pairs}"
                " WHERE requests.row_id = k.kept_id AND n.started_at < requests.started_at"
            )
        # What is now the other record of the call is the earlier one.
        self._store.execute(
            "UPDATE repeats SET source_id = p.kept_source, line = p.kept_line, kept_source = p.source_id"
            " FROM passed p WHERE repeats.row_id = p.row_id"
        )
        sources = {int(row[0]) for row in self._store.rows("SELECT DISTINCT kept_source FROM passed")}
        self._store.execute("DROP TABLE passed")
        return sources | dated

    def _all_of(self, alias: str) -> str:
        return ", ".join(f"{alias}.{name}" for name in self._to.said)

    def _drop_noted(self) -> None:
        """Take the noted repeats out.

        Records of other files that tell a call are remembered; where a format says each call once, those that say
        something else are conflicts.
        """
        table = self._to.table
        self._store.execute(
            "INSERT INTO sightings SELECT $table, kept_id, source_id, line, $space, same_id FROM repeats"
            " WHERE source_id <> kept_source",
            {"space": self._form.space, "table": table},
        )
        if self._form.repeats == "once":
            fields = ", ".join(f"CASE WHEN n.{x} IS DISTINCT FROM o.{x} THEN '{x}' END" for x in self._to.said)
            self._store.execute(
                "INSERT INTO conflicts (source_id, line, id_space, request_id, kept_row_id, fields)"
                f" SELECT k.source_id, k.line, $space, k.same_id, k.kept_id, concat_ws(',', {fields})"
                f" FROM repeats k JOIN {table} n ON n.row_id = k.row_id JOIN {table} o ON o.row_id = k.kept_id"
                " WHERE k.differs",
                {"space": self._form.space},
            )
        follow_sightings(self._store, table, "repeats")
        self._store.execute(f"DELETE FROM {table} WHERE row_id IN (SELECT row_id FROM repeats)")
        self._store.execute("DROP TABLE repeats")
