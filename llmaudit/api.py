"""The Python API: the numbers of the command line as values and data frames.

For instance:

    import llmaudit

    with llmaudit.audit_paths(["logs/"]) as session:
        session.audit().spend.spend_usd
        session.requests()          # polars frame: the canonical requests
        session.cells()             # polars frame: rollup cells with their list cost
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from llmaudit.audit import DEFAULT_PLANS, Audit, conclude, gather
from llmaudit.catalog import load_catalog
from llmaudit.cells import KEYS
from llmaudit.evidence import Evidence
from llmaudit.ingest import IngestResult, Setup, ingest
from llmaudit.period import ALL, Period
from llmaudit.request import COUNTERS
from llmaudit.store import Store
from llmaudit.tiers.tag import tag

if TYPE_CHECKING:
    import polars as pl


class Session:
    """An open database with a catalog.

    Args:
        store: The database.
        catalogs: The user's catalog files.
        period: The period to cover, and the time zone of its days.
    """

    def __init__(self, store: Store, catalogs: Sequence[Path] = (), period: Period = ALL) -> None:
        self.store = store
        self.catalog = load_catalog(catalogs)
        self._catalogs = tuple(catalogs)
        self._period = period

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def ingest(self, paths: Sequence[str], format_name: str | None = None) -> IngestResult:
        """Read files and folders into the database and tag the requests; see `llmaudit.ingest.ingest`."""
        setup = Setup(self.store.hash_key, self._catalogs, self._period)
        result = ingest(self.store, paths, setup, format_name=format_name)
        tag(self.store)
        return result

    def evidence(self, plans: Sequence[str] = DEFAULT_PLANS) -> Evidence:
        """Return the evidence from which the findings are computed.

        Args:
            plans: Presets or plan files to evaluate.
        """
        return gather(self.store, self.catalog, plans, self._period)

    def audit(self, plans: Sequence[str] = DEFAULT_PLANS) -> Audit:
        """Return the audit: every finding over the database."""
        return conclude(self.evidence(plans))

    def requests(self) -> pl.DataFrame:
        """Return the canonical rows, in the order read; money is `Decimal`, times are naive UTC."""
        return self.store.frame("SELECT * FROM requests ORDER BY row_id")

    def cells(self) -> pl.DataFrame:
        """Return the rollup cells with their list cost: keys, requests, six token sums, billed, list and spend."""
        import polars as pl  # noqa: PLC0415 -- 0.2 s that only frames need

        rows = [
            {name: getattr(priced.cell, name) for name in KEYS}
            | dict(zip(COUNTERS, priced.cell.tokens, strict=True))
            | {
                "requests": priced.cell.requests,
                "calls": priced.cell.calls,
                "billed_usd": priced.cell.billed_usd,
                "list_usd": priced.list_usd,
                "spend_usd": priced.spend_usd,
                "model_class": priced.model_class,
            }
            for priced in self.evidence(()).cells
        ]
        money = {name: pl.Decimal(38, 12) for name in ("billed_usd", "list_usd", "spend_usd")}
        return pl.DataFrame(rows, schema_overrides=money, infer_schema_length=None)


def open_database(
    path: str | Path,
    *,
    catalogs: Sequence[str | Path] = (),
    period: Period = ALL,
    read_only: bool = True,
) -> Session:
    """Open an existing database, read-only by default.

    Raises:
        InputError: There is no such file.
        StoreError: Another process holds it, or it is from a newer llmaudit.
    """
    return Session(Store(Path(path), read_only=read_only), [Path(name) for name in catalogs], period)


def audit_paths(
    paths: Sequence[str | Path],
    *,
    catalogs: Sequence[str | Path] = (),
    period: Period = ALL,
) -> Session:
    """Read logs into a temporary database, which is deleted when the session is closed.

    Raises:
        InputError: A path does not exist, or no log was found.
    """
    session = Session(Store(None), [Path(name) for name in catalogs], period)
    try:
        session.ingest([str(path) for path in paths])
    except BaseException:
        session.store.close()
        raise
    return session
