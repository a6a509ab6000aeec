"""A transaction that fails: what went wrong first is what is said, and what a block had changed is as before."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from llmaudit.errors import StorageFailedError
from llmaudit.store import Store

ENDLESS = "SELECT sum(hash(a.range, b.range) % 7) FROM range(1000000) a, range(1000000) b"
TWICE = pa.table({"number": [1, 1]})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "audit.duckdb") as opened:
        opened.execute("CREATE TEMP TABLE numbers (number BIGINT PRIMARY KEY)")
        yield opened


def settings(store: Store) -> tuple[object, ...]:
    names = ("threads", "preserve_insertion_order", "memory_limit", "disabled_optimizers")
    return tuple(store.one("SELECT current_setting(?)", [name])[0] for name in names)


def as_before(store: Store, before: tuple[object, ...]) -> None:
    """Assert that a database works as if nothing had been tried."""
    assert settings(store) == before
    assert not store.has("incoming")
    with store.transaction():
        store.execute("INSERT INTO numbers VALUES (7)")
    assert store.rows("SELECT number FROM numbers") == [(7,)]


def test_the_first_error_is_told(store: Store) -> None:
    before = settings(store)
    with (
        pytest.raises(StorageFailedError, match="duplicate key"),
        store.little_memory(),
        store.transaction(),
        store.joins_as_written(),
        store.in_any_order(),
        store.table("incoming", TWICE),
    ):
        store.execute("INSERT INTO numbers SELECT number FROM incoming")
    as_before(store, before)


def test_a_signal_within_a_transaction_is_an_interruption(store: Store) -> None:
    before = settings(store)
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        time.sleep(0.2)
        signal.pthread_kill(main, signal.SIGINT)

    sender = threading.Thread(target=interrupt)
    sender.start()
    with (
        pytest.raises(KeyboardInterrupt),
        store.transaction(),
        store.one_thread(),
        store.table("incoming", TWICE),
    ):
        store.execute(f"INSERT INTO numbers {ENDLESS}")
    sender.join()
    as_before(store, before)
