"""Removes a file from the database, as if it had never been read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.ingest.ledger import COUNTS_AS, settle
from llmaudit.store import Store, TextStore, text_path


class Forgotten(msgspec.Struct, frozen=True):
    """What went with a file.

    Attributes:
        path: The file, as the ledger had it.
        removed: Requests and bill lines that only this file told.
        kept: Those that other files tell too; they stand for those files now.
        merged: Calls of other systems that keep what this file added to them.
    """

    path: str
    removed: int
    kept: int
    merged: int


def sources_named(store: Store, name: str) -> list[tuple[int, str]]:
    """Return the files of a name, or of a content hash (or its beginning, eight characters at least).

    Raises:
        InputError: There is none, or the beginning of a hash is that of several contents.
    """
    found = store.rows("SELECT source_id, path FROM sources WHERE path = ? ORDER BY source_id", [name])
    if not found and len(name) >= 8 and set(name) <= set("0123456789abcdef"):  # noqa: PLR2004 -- of 64 characters
        hashed = store.rows(
            "SELECT source_id, path, content_sha256 FROM sources WHERE starts_with(content_sha256, ?) ORDER BY 1",
            [name],
        )
        if len({row[2] for row in hashed}) > 1:
            raise InputError(
                f"{name} is the beginning of several files' hashes",
                next_step='Give more of it; `llmaudit query "SELECT path, content_sha256 FROM sources"` shows them.',
                slug="no-such-source",
            )
        found = [row[:2] for row in hashed]
    if not found:
        raise InputError(
            f"no file {printable(name)} is in the database",
            next_step="Name it as it was named at ingest, or by its content hash; `llmaudit status --json` lists them.",
            slug="no-such-source",
        )
    return [(int(source_id), str(path)) for source_id, path in found]


def forget(store: Store, source_ids: Sequence[int]) -> Forgotten:
    """Take files out, in one transaction.

    Args:
        store: The database.
        source_ids: The files; several where one content was read for several periods.
    """
    ids = {"ids": list(source_ids)}
    with store.transaction():
        path = str(store.one("SELECT min(path) FROM sources WHERE source_id IN (SELECT unnest($ids))", ids)[0])
        merged = int(
            store.one(
                "SELECT count(*) FROM sightings s JOIN requests r USING (row_id) WHERE s.told = 'requests'"
                " AND s.source_id IN (SELECT unnest($ids)) AND s.id_space <> r.id_space"
                " AND r.source_id NOT IN (SELECT unnest($ids))",
                ids,
            )[0]
        )
        removed = kept = 0
        for table in COUNTS_AS:
            passed_on, to = _pass_on(store, table, ids)
            removed += _delete_rows(store, table, ids)
            kept += passed_on
            settle(store, table, to)
        store.execute("DELETE FROM sightings WHERE source_id IN (SELECT unnest($ids))", ids)
        store.execute("DELETE FROM rejects WHERE source_id IN (SELECT unnest($ids))", ids)
        store.execute("DELETE FROM conflicts WHERE source_id IN (SELECT unnest($ids))", ids)
        store.execute("DELETE FROM sources WHERE source_id IN (SELECT unnest($ids))", ids)
    _sweep_texts(store)
    return Forgotten(path, removed, kept, merged)


def _pass_on(store: Store, table: str, ids: dict[str, list[int]]) -> tuple[int, set[int]]:
    """Let rows that other files tell too stand for the first of those; return how many, and those files."""
    store.execute(
        "CREATE TEMP TABLE heirs AS SELECT s.row_id, min((s.source_id, s.line, s.id_space, s.request_id)) AS heir"
        f" FROM sightings s JOIN {table} r USING (row_id) WHERE s.told = $table"
        " AND r.source_id IN (SELECT unnest($ids)) AND s.source_id NOT IN (SELECT unnest($ids)) GROUP BY s.row_id",
        {**ids, "table": table},
    )
    own = ", id_space = heirs.heir[3], request_id = heirs.heir[4]" if table == "requests" else ""
    store.execute(
        f"UPDATE {table} SET source_id = heirs.heir[1], line = heirs.heir[2]{own}"
        f" FROM heirs WHERE heirs.row_id = {table}.row_id"
    )
    store.execute(
        "DELETE FROM sightings USING heirs WHERE sightings.told = $table AND sightings.row_id = heirs.row_id"
        " AND sightings.source_id = heirs.heir[1] AND sightings.line = heirs.heir[2]",
        {"table": table},
    )
    heirs = {int(row[0]) for row in store.rows("SELECT DISTINCT heir[1] FROM heirs")}
    count = int(store.one("SELECT count(*) FROM heirs")[0])
    store.execute("DROP TABLE heirs")
    return count, heirs


def _delete_rows(store: Store, table: str, ids: dict[str, list[int]]) -> int:
    gone = f"(SELECT row_id FROM {table} WHERE source_id IN (SELECT unnest($ids)))"
    if table == "requests":
        store.execute(f"DELETE FROM tiers WHERE row_id IN {gone}", ids)
        store.execute(f"DELETE FROM conflicts WHERE kept_row_id IN {gone}", ids)
    store.execute(f"DELETE FROM sightings WHERE told = '{table}' AND row_id IN {gone}", ids)
    count = int(store.one(f"SELECT count(*) FROM {table} WHERE source_id IN (SELECT unnest($ids))", ids)[0])
    store.execute(f"DELETE FROM {table} WHERE source_id IN (SELECT unnest($ids))", ids)
    return count


def _sweep_texts(store: Store) -> None:
    if store.path is None or not text_path(store.path).exists():
        return
    digests = {str(row[0]) for row in store.rows("SELECT content_sha256 FROM sources")}
    TextStore(text_path(store.path), digests).close()
