"""Shadow tests in the database: their pairs, their plan, and what else is known of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from llmaudit.privacy import pseudonym
from llmaudit.shadow.arrow_columns import codes_of
from llmaudit.shadow.model import Plan
from llmaudit.store import Store


class Details(msgspec.Struct, frozen=True):
    """What is known of a test's rows besides the pairs.

    Attributes:
        rows: Rows read.
        rejected: Rows that could not be used.
        score: The score that decides.
        pairwise: Whether scores come from a preference.
        notes: Sentences.
    """

    rows: int = 0
    rejected: int = 0
    score: str | None = None
    pairwise: bool = False
    notes: list[str] = []


def save(store: Store, pairs: pa.Table, plan: Plan, details: Details, timezone: str) -> None:
    """Put a test's pairs into the database, in place of an earlier reading of the same test.

    Args:
        store: The database.
        pairs: As `pivot` returns them.
        plan: What was decided.
        details: What is known of the rows.
        timezone: In which days begin.
    """
    with store.table("new_pairs", _with_pseudonyms(pairs, store.hash_key)), store.transaction():
        for name in ("shadow_pairs", "shadow_tests", "evals"):
            store.execute(f"DELETE FROM {name} WHERE test = ?", [plan.name])
        store.execute("INSERT INTO shadow_pairs BY NAME SELECT ? AS test, p.* FROM new_pairs AS p", [plan.name])
        store.execute(
            "INSERT INTO shadow_tests VALUES (?, ?, ?, ?)", [plan.name, _json(plan), _json(details), timezone]
        )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _with_pseudonyms(table: pa.Table, key: bytes) -> pa.Table:
    """Hash user ids that are addresses or telephone numbers, as ingest does."""
    if "user_id" not in table.column_names:
        return table
    codes, before = codes_of(table["user_id"])
    names = [pseudonym(value, key) for value in before]
    if names == before:
        return table
    hashed = pa.array([*names, None], pa.string()).take(pa.array(codes % (len(names) + 1)))  # the last is of null: -1
    return table.set_column(table.column_names.index("user_id"), "user_id", hashed)


def tests(store: Store) -> list[tuple[Plan, Details, str]]:
    """Return every test in the database: its plan, its details and its time zone, by name."""
    rows = store.rows("SELECT plan, details, timezone FROM shadow_tests ORDER BY test")
    return [
        (msgspec.json.decode(plan, type=Plan), msgspec.json.decode(known, type=Details), zone)
        for plan, known, zone in rows
    ]
