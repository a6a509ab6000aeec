"""What a summary is: its row type, its query, and how the rows of several files add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from llmaudit.store import Store

Row = TypeVar("Row", bound=msgspec.Struct)


@dataclass(frozen=True)
class Summary(Generic[Row]):
    """Rows of one kind, and how to make and to add them.

    Attributes:
        name: Names it in a cells file.
        row: The type of its rows: frozen, and plain enough for JSON.
        build: Makes the rows from a store whose views `period_requests`, `resolved_requests`, `attempts` and
            `keyed_requests` are there (`llmaudit.rollup.keyed_requests`). The rows are few: a cap belongs in here. In
            its joins put the large side first: they are run as written, and the others are held in memory.
        merge: Adds the rows of several cells files (days, machines) to what one would hold.
    """

    name: str
    row: type[Row]
    build: Callable[[Store], list[Row]]
    merge: Callable[[Sequence[Row]], list[Row]]
