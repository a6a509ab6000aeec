"""Reads the words of prompts again, from the original files or from kept text; the database itself holds none.

When a rule over words changes, the text is needed again. The ledger has the path and the content hash of each file: a
file that is still there unchanged is decoded again, and the hints of its requests are rewritten. Otherwise the text
kept beside the database is used, if there is any (`ingest --keep-text`). Requests that neither reaches are counted and
reported.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa

from llmaudit.errors import InputError
from llmaudit.features import Turn, asked_and_told
from llmaudit.formats.mapped import NAME as MAPPED
from llmaudit.ingest.detect import detect
from llmaudit.ingest.read import opened
from llmaudit.ingest.registry import known_named
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.work import decoded, job_of
from llmaudit.period import Period
from llmaudit.store import Store, TextStore, text_path
from llmaudit.tiers.text import text_hints

WORDS = ("task_hint", "effort_hint", "stakes_hint", "hint_rule", "hint_words")
FROM_FILE = (*WORDS, "template_hash", "system_hash")
"""Columns that come from a prompt's words and from rules that may change."""

KEY = ("line", "request_id")


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
        files: Files read again, or found among kept texts.
        requests: Requests whose hints were rewritten.
        from_kept_text: How many of them from kept text.
        unreached: Files that could not be read again.
    """

    files: int
    requests: int
    from_kept_text: int
    unreached: list[Unreached]


class _Ledger(msgspec.Struct, frozen=True):
    """What the ledger says about one file."""

    source_id: int
    path: str
    content_sha256: str
    format: str
    since: datetime | None
    until: datetime | None


def reread(store: Store, overlays: tuple[Path, ...] = ()) -> Reread:
    """Rewrite the hints of every request; tag afterwards.

    Args:
        store: The database. One transaction a file: an interruption leaves whole files.
        overlays: The user's catalog files, as at ingest.
    """
    files, requests, kept, unreached = 0, 0, 0, []
    columns = ", ".join(_Ledger.__struct_fields__)
    held = "(SELECT count(*) FROM requests r WHERE r.source_id = s.source_id)"
    for row in store.rows(f"SELECT {held} AS held, {columns} FROM sources s WHERE held > 0 ORDER BY source_id"):
        count, file = int(row[0]), _Ledger(*row[1:])
        why = _from_file(store, file, overlays)
        if why is not None and _from_kept(store, file):
            why, kept = None, kept + count
        if why is None:
            files, requests = files + 1, requests + count
        else:
            unreached.append(Unreached(file.path, count, why))
    return Reread(files, requests, kept, unreached)


class _OtherContent(Exception):  # noqa: N818 -- rolls the transaction back
    """The file's content is not what was read."""


def _from_file(store: Store, file: _Ledger, overlays: tuple[Path, ...]) -> str | None:
    """Write the hints of a file's requests from the file; return what was in the way, or None."""
    path = Path(file.path)
    if file.format == MAPPED:
        return "read with a column map, which is not kept"
    if file.path == "-" or not path.is_file():
        return "no longer there"
    period = Period(since=file.since, until=file.until)
    try:
        found = detect(path, None if "+" in file.format else known_named(file.format))
        job = job_of(found, Setup(store.hash_key, overlays, period))
        with store.transaction(), opened(path) as content:
            with closing(decoded(content, job)) as parts:
                batches = [batch for part in parts for _, batch in part.batches if "task_hint" in batch.schema.names]
            if content.digest.hexdigest() != file.content_sha256:
                raise _OtherContent  # noqa: TRY301 -- rolls back, and is told apart from what reading raises
            _write(store, file.source_id, pa.Table.from_batches(batches).select([*KEY, *FROM_FILE]), FROM_FILE)
    except _OtherContent:
        return "its content has changed"
    except InputError as error:
        return f"cannot be read: {error.slug}"
    return None


def _from_kept(store: Store, file: _Ledger) -> bool:
    """Write the hints of a file's requests from kept text; say whether there is any."""
    if store.path is None or not text_path(store.path).is_file():
        return False
    with closing(TextStore(text_path(store.path), None)) as texts:
        rows = texts.prompts(file.content_sha256)
    if not rows:
        return False
    asked, told = zip(*(_turns(prompt) for _, _, prompt in rows), strict=True)
    hints = text_hints(asked, told)
    columns: dict[str, list[object]] = {
        "line": [line for line, _, _ in rows],
        "request_id": [request for _, request, _ in rows],
        "task_hint": [hint.task for hint in hints],
        "effort_hint": [hint.effort for hint in hints],
        "stakes_hint": [hint.stakes for hint in hints],
        "hint_rule": [hint.rule for hint in hints],
        "hint_words": [", ".join(hint.words) or None for hint in hints],
    }
    kinds = dict.fromkeys(columns, pa.string()) | {"line": pa.int64(), "effort_hint": pa.int64()}
    with store.transaction():
        _write(store, file.source_id, pa.table({name: pa.array(columns[name], kinds[name]) for name in columns}), WORDS)
    return True


def _turns(prompt: str) -> tuple[str, str]:
    """Return what a kept prompt asks and what its system message says."""
    turns = [Turn(**turn) for turn in msgspec.json.decode(prompt, type=list[dict[str, str]])]
    return asked_and_told(turns) if turns else ("", "")


def _write(store: Store, source_id: int, hints: pa.Table, columns: tuple[str, ...]) -> None:
    names = ", ".join(f"{name} = h.{name}" for name in columns)
    with store.table("hints", hints):
        store.execute(
            f"UPDATE requests SET {names} FROM hints h WHERE requests.source_id = ? AND requests.line = h.line"
            " AND requests.request_id IS NOT DISTINCT FROM h.request_id",
            [source_id],
        )
