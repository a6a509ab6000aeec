"""One call from files to a result, used by the command line and the Python API alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import msgspec
import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.errors import printable
from llmaudit.ingest.read import file_name
from llmaudit.period import ALL, Period
from llmaudit.shadow.certify import certify
from llmaudit.shadow.model import Analysis, Plan
from llmaudit.shadow.pair_arrays import cluster_kind, pairs_of
from llmaudit.shadow.pairs import Pairs
from llmaudit.shadow.pivot import pivot
from llmaudit.shadow.prepare import prepare
from llmaudit.shadow.read import read_rows, reject_text
from llmaudit.shadow.storage import Details, save
from llmaudit.store import Store

SAVE_MIB = 256
"""Memory for putting pairs into the database while they are analysed."""


@dataclass(frozen=True)
class Logs:
    """Two ingested logs to join.

    Attributes:
        primary: End of the path of the log that users saw.
        shadow: End of the path of the shadow's log.
        join: id, trace or prompt.
        scores: File of `request_id, score`; None if quality is not known.
    """

    primary: str
    shadow: str
    join: str = "id"
    scores: Path | None = None


@dataclass(frozen=True)
class Request:
    """What to read and how.

    Attributes:
        files: Pairs files; empty if logs are joined.
        logs: Logs to join; None if files are read.
        plan: What was decided before.
        primary: Name of the arm users saw, where it is none of the usual ones.
        share: The sampling share that was meant, for the sample-ratio check.
        period: Of production traffic; its zone decides days.
    """

    files: Sequence[Path]
    logs: Logs | None
    plan: Plan
    primary: str | None = None
    share: float | None = None
    period: Period = ALL


def run(store: Store, prices: Callable[[], Catalog], request: Request) -> tuple[Analysis, int]:
    """Read a shadow test into the database, analyse it, and certify what it shows.

    Args:
        store: The database.
        prices: Returns the catalog; asked only where something has to be priced.
        request: What to read and how.

    Returns:
        The analysis, and how many legs it certifies.

    Raises:
        InputError: Files or logs that cannot be used.
        UsageError: Several scores and none was named.
    """
    with ThreadPoolExecutor(1) as pool:  # it needs scipy, whose import takes a third of a second
        for name in ("traffic", "analysis"):
            pool.submit(import_module, f"llmaudit.shadow.{name}")
        tables, details = _rows(store, prices, request)
    from llmaudit.shadow.analysis import analyze  # noqa: PLC0415 -- imported by now
    from llmaudit.shadow.traffic import best_unit, production_mix, sampled_traffic  # noqa: PLC0415 -- so is this

    _give_back()
    prepared = prepare(tables, prices, score=request.plan.score, primary=request.primary)
    del tables
    details = msgspec.structs.replace(
        details, score=prepared.score, pairwise=prepared.pairwise, notes=[*details.notes, *prepared.notes]
    )
    plan = request.plan
    if plan.mix is None and (mix := production_mix(store, request.period)):
        plan = msgspec.structs.replace(plan, mix=mix)
    pair_table = pivot(prepared.columns)
    del prepared
    _give_back()
    cluster_kind(pair_table, plan.cluster)  # refused before anything is kept
    zone = request.period.timezone
    if request.share is not None:  # production is compared with pairs that are in the database
        save(store, pair_table, plan, details, zone)
        traffic = sampled_traffic(store, plan.name, request.share, best_unit(store))
        analysis = analyze(_pairs(pair_table, details, zone, plan.cluster), plan, traffic)
    else:
        with store.aside(SAVE_MIB), ThreadPoolExecutor(1) as pool:  # DuckDB and numpy both leave Python's lock
            saved = pool.submit(save, store, pair_table, plan, details, zone)
            analysis = analyze(_pairs(pair_table, details, zone, plan.cluster), plan)
            saved.result()
    return analysis, certify(store, analysis)


def _give_back() -> None:
    """Return unused memory to the system: a million pairs take some hundred MB in each shape they pass through.

    Python allocates from the C library, as Arrow's system pool does, so both pools are released.
    """
    for pool in (pa.default_memory_pool(), pa.system_memory_pool()):
        pool.release_unused()


def _pairs(kept: pa.Table, details: Details, zone: str, cluster: str) -> Pairs:
    pairs = pairs_of(kept, details, zone, cluster)
    _give_back()
    return pairs


def _rows(store: Store, prices: Callable[[], Catalog], request: Request) -> tuple[list[pa.Table], Details]:
    if request.logs is not None:
        from llmaudit.shadow.traffic import joined_rows  # noqa: PLC0415 -- it needs scipy

        logs = request.logs
        scores = read_rows(logs.scores, ("request_id", "score")).table if logs.scores else None
        table = joined_rows(store, prices(), logs, scores)
        return [table], Details(rows=table.num_rows, notes=[f"two logs were joined by {logs.join}"])
    tables, notes, records, rejected = [], [], 0, 0
    for path in request.files:
        rows = read_rows(path)
        tables.append(rows.table)
        records, rejected = records + rows.records, rejected + len(rows.rejected)
        if rows.rejected:
            first = "; ".join(reject_text(one) for one in rows.rejected[:3])
            notes.append(
                f"{printable(file_name(path))}: {len(rows.rejected):,} of {rows.records:,} records not usable ({first})"
            )
    return tables, Details(rows=records, rejected=rejected, notes=notes)
