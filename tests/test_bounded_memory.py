"""Reading in bounded memory: the same answer, with more memory where the bound is too little."""

from __future__ import annotations

import pytest

from llmaudit.errors import StorageFailedError
from llmaudit.store import Store, database

LONG_LIST = "SELECT len(list(i)) FROM range(3000000) t(i)"
"""Some 24 MB that cannot be put on disk meanwhile."""


def test_what_needs_more_than_the_bound_is_done_again_with_all_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BOUNDED_MEMORY", 15_000_000)
    limits = []
    with Store(None) as store:

        def work() -> int:
            limits.append(store.one("SELECT current_setting('memory_limit')")[0])
            return int(store.one(LONG_LIST)[0])

        assert store.in_bounded_memory(work) == 3_000_000
        (after,) = store.one("SELECT current_setting('memory_limit')")
    assert limits[0] == "14.3 MiB"
    assert limits[1] == after != limits[0]


def test_what_fails_for_another_reason_is_not_done_again() -> None:
    tries = []
    with Store(None) as store:

        def work() -> None:
            tries.append(1)
            store.execute("SELECT * FROM nowhere")

        with pytest.raises(StorageFailedError):
            store.in_bounded_memory(work)
    assert tries == [1]


def test_the_bound_is_half_of_what_a_small_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """What DuckDB finds on a machine of 1 GB is 800 MB; read as DuckDB writes it, in binary units."""
    monkeypatch.setattr(database, "HARDENED", {**database.HARDENED, "memory_limit": "800MB"})
    with Store(None) as store:
        inside = store.in_bounded_memory(lambda: store.one("SELECT current_setting('memory_limit')")[0])
        with store.little_memory():
            little = store.one("SELECT current_setting('memory_limit')")[0]
    assert inside == little == "381.4 MiB"  # 400,000,000 / 2^20, but for the rounding of 762.9 MiB


def test_a_large_machine_gives_no_more_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "HARDENED", {**database.HARDENED, "memory_limit": "64GiB"})
    with Store(None) as store:
        assert store.in_bounded_memory(lambda: store.one("SELECT current_setting('memory_limit')")[0]) == "953.6 MiB"
