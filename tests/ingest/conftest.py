"""A fresh database for each test, and a way to put files into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmaudit.ingest import IngestResult, Setup, ingest
from llmaudit.store import Store

Load = Callable[..., IngestResult]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "audit.duckdb") as opened:
        yield opened


@pytest.fixture
def load(store: Store) -> Load:
    """Take files into the database; keyword arguments are those of `ingest`."""
    return lambda *paths, **options: ingest(store, [str(path) for path in paths], Setup(b"k" * 32), **options)


@pytest.fixture
def contents(store: Store) -> Callable[[], dict[str, Any]]:
    """Return everything in the database, for a comparison."""
    tables = ("requests", "sources", "rejects", "conflicts")
    return lambda: {table: store.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in tables}
