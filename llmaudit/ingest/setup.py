"""What decoding needs besides the files. Nothing heavy is imported here: a run that finds nothing new needs no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmaudit.period import ALL, Period

if TYPE_CHECKING:
    from llmaudit.formats.mapped import ColumnMap


@dataclass(frozen=True)
class Setup:
    """What decoding needs besides the records (picklable).

    Attributes:
        hash_key: Key of the database for hashes of prompts and personal ids.
        overlays: The user's catalog files, for tokenizer families.
        period: The span of time asked for.
        keep_users: Store e-mail addresses, phone numbers and IPs as they are.
        keep_text: Keep prompts and answers in a file beside the database.
        column_map: How every file is read, where the user says so.
    """

    hash_key: bytes
    overlays: tuple[Path, ...] = ()
    period: Period = ALL
    keep_users: bool = False
    keep_text: bool = False
    column_map: ColumnMap | None = None
