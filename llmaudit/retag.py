"""Read the words of prompts again: from the files they came from, since the database keeps none.

A rule over words that has changed since a log was read needs the text. The ledger has each file's path and the hash of
its content: a file that is still there unchanged is decoded as it was, and the hints of its requests are written anew.
What cannot be reached is counted and named.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pyarrow as pa

from llmaudit.errors import InputError
from llmaudit.formats import format_named
from llmaudit.ingest.detect import container_of
from llmaudit.ingest.read import head_of, opened
from llmaudit.ingest.work import Setup, decoded
from llmaudit.period import Period
from llmaudit.store import Store

HINTS = ("task_hint", "effort_hint", "stakes_hint", "hint_rule", "hint_words", "template_hash", "system_hash")
"""Columns that come from a prompt's words and rules that may change."""


class Unreached(msgspec.Struct, frozen=True):
    """A file whose requests keep the hints they had.

    Attributes:
        path: As the ledger has it.
        requests: Its requests.
        why: What is in the way.
    """

    path: str
    requests: int
    why: str


class Reread(msgspec.Struct, frozen=True):
    """What reading again came to.

    Attributes:
        files: Files read again.
        requests: Their requests whose hints were written anew.
        unreached: Files that could not be read again.
    """

    files: int
    requests: int
    unreached: list[Unreached]


def reread(store: Store, overlays: tuple[Path, ...] = ()) -> Reread:
    """Write the hints of every request anew from the file it came from; tag afterwards.

    Args:
        store: The database. One transaction a file: an interruption leaves whole files.
        overlays: The user's catalog files, as at ingest.
    """
    files, requests, unreached = 0, 0, []
    columns = "source_id, path, content_sha256, format, since, until, accepted"
    for row in store.dicts(f"SELECT {columns} FROM sources WHERE accepted > 0 ORDER BY source_id"):
        setup = Setup(store.hash_key, overlays, Period(since=row["since"], until=row["until"]))
        why = _read(store, row["source_id"], Path(row["path"]), row["format"], row["content_sha256"], setup)
        if why is None:
            files, requests = files + 1, requests + row["accepted"]
        else:
            unreached.append(Unreached(row["path"], row["accepted"], why))
    return Reread(files, requests, unreached)


class _OtherContent(Exception):  # noqa: N818 -- rolls the transaction back
    """The file's content is not what was read."""


def _read(store: Store, source_id: int, path: Path, form_name: str, digest: str, setup: Setup) -> str | None:
    """Write the hints of one file's requests anew; return what was in the way, or None."""
    if str(path) == "-":
        return "was read from standard input"
    if not path.is_file():
        return "no longer there"
    names = ", ".join(f"{name} = h.{name}" for name in HINTS)
    try:
        with store.transaction():
            hints, found = _hints(path, form_name, setup)
            _check(found, digest)
            with store.table("hints", hints):
                store.execute(
                    f"UPDATE requests SET {names} FROM hints h WHERE requests.source_id = ? AND requests.line = h.line",
                    [source_id],
                )
    except _OtherContent:
        return "its content has changed"
    except InputError as error:
        return f"cannot be read: {error.slug}"
    return None


def _check(found: str, digest: str) -> None:
    if found != digest:
        raise _OtherContent


def _hints(path: Path, form_name: str, setup: Setup) -> tuple[pa.Table, str]:
    """Return line and hints of a file's requests, and the hash of its content."""
    form = format_named(form_name)
    with opened(path) as content:
        with closing(decoded(content, form, container_of(head_of(path)), setup)) as parts:
            batches = [part.batch.select(["line", *HINTS]) for part in parts]
        return pa.Table.from_batches(batches), content.digest.hexdigest()
