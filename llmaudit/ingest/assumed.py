"""The time and the gateway assumed for requests whose log has none: stated by the user, apart from what logs say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from llmaudit.errors import InputError, printable
from llmaudit.store import Store

When = datetime | Literal["file", "none"]
"""A time (naive UTC); `file`, the date of each file; or `none`, which takes an earlier assumption back."""


def assume_time(store: Store, read: Mapping[int, str], when: When) -> int:
    """Note when the requests without a time in some files are taken to have been made; return how many there are.

    `requests` stays as the logs have it: only prices, days and periods go by the time that is assumed.

    Args:
        store: The database.
        read: Path by the id of each file's row in the ledger.
        when: Which time.

    Raises:
        InputError: The date of a file cannot be read.
    """
    undated = store.rows(
        "SELECT source_id, count(*) FROM requests WHERE started_at IS NULL AND source_id IN (SELECT unnest($ids))"
        " GROUP BY source_id ORDER BY source_id",
        {"ids": sorted(read)},
    )
    with store.transaction():
        for source_id, _ in undated:
            at = None if when == "none" else _date_of(read[source_id]) if when == "file" else when
            by = None if when == "none" else "file" if when == "file" else "given"
            store.execute(
                "UPDATE sources SET assumed_at = $at, assumed_by = $by WHERE source_id = $id",
                {"at": at, "by": by, "id": source_id},
            )
    return sum(count for _, count in undated)


def assume_gateway(store: Store, read: Mapping[int, str], name: str | None) -> int:
    """Note which gateway the requests of some files went through that name none; return how many there are.

    `requests` stays as the logs have it: only who is compared with a price list goes by the gateway that is assumed.

    Args:
        store: The database.
        read: Path by the id of each file's row in the ledger.
        name: The gateway; None takes an earlier assumption back.
    """
    ids = {"ids": sorted(read)}
    (count,) = store.one(
        "SELECT count(*) FROM requests WHERE gateway IS NULL AND source_id IN (SELECT unnest($ids))", ids
    )
    store.execute(
        "UPDATE sources SET assumed_gateway = $name WHERE source_id IN (SELECT unnest($ids))", {**ids, "name": name}
    )
    return int(count)


def _date_of(path: str) -> datetime:
    try:
        seconds = Path(path).stat().st_mtime
    except OSError as error:
        raise InputError(
            f"the date of {printable(path)} cannot be read: {error.strerror}",
            next_step="Name the time with --assume-time, such as 2026-10-01T12:00:00Z.",
            slug="file-unreadable",
        ) from None
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
