"""What an engine found out beforehand, made into the tables that its rollup needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from llmaudit.catalog import Catalog
from llmaudit.crowded import TOP
from llmaudit.edges import Edges, edges_of
from llmaudit.errors import InputError
from llmaudit.lakehouse.job import (
    CELLS,
    LATENCY,
    PLANNED,
    ROLLUP_SQL,
    Asked,
    Planned,
    asked_of,
    no_job,
    portable,
    query,
    requests_view,
    saved,
    stamped,
    table_view,
    write_script,
)
from llmaudit.parquetfile import whole, write_parquet
from llmaudit.request import OTHER
from llmaudit.resolve import sku_map, slots_between
from llmaudit.rollup import prompt_bands
from llmaudit.store import Store

_TIME = pa.timestamp("us")
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("kind", "gateway", "seller", "name", "content")),
        *((name, _TIME) for name in ("first_at", "last_at", "last_end")),
        ("requests", pa.int64()),
    ]
)
_FOLDED = {
    "feature": "values of feature",
    "team": "values of team",
    "model": "model names that the catalog does not know",
}

_COMBINATIONS = """
    WITH logged AS (
        SELECT DISTINCT coalesce(gateway, '') AS gateway_raw, coalesce(seller, '') AS seller_raw,
            CASE WHEN name IN (SELECT name FROM folded_model) THEN ? ELSE coalesce(name, '') END AS model_raw,
            CAST(first_at AS DATE) AS first_day, CAST(last_at AS DATE) AS last_day
        FROM names WHERE kind = 'model'
    )
    SELECT n.gateway_raw, n.seller_raw, n.model_raw, s.priced_at AS price_slot
    FROM logged n JOIN price_slots s ON s.slot_day BETWEEN n.first_day AND n.last_day
    UNION
    SELECT gateway_raw, seller_raw, model_raw, TIMESTAMP '1970-01-01 00:00:00' FROM logged
    ORDER BY ALL
"""
"""Names with every slot of the days between their first and their last, and for requests without a time."""


@dataclass(frozen=True)
class Names:
    """What the table holds.

    Attributes:
        asked: What was asked for.
        found: Rows of names.sql.
        requests: How many requests there are.
        tagged_by: Requests by the tier rule that decided.
        files: Path and content hash of each file, with its requests.
    """

    asked: Asked
    found: pa.Table
    requests: int
    tagged_by: dict[str, int]
    files: list[tuple[str, str, int]]


@dataclass
class Tables:
    """What the engine needs to know of the catalog.

    Attributes:
        by_name: Tables to write beside the SQL.
        edges: Where the cells will divide.
        notes: What a reader must know, in sentences.
    """

    by_name: dict[str, pa.Table]
    edges: Edges
    notes: list[str] = field(default_factory=list)

    @property
    def folded(self) -> list[str]:
        """Keys of which some values are merged."""
        return [name.removeprefix("folded_") for name in self.by_name if name.startswith("folded_")]


def names_of(folder: Path) -> Names:
    """Read what the engine found out beforehand.

    Args:
        folder: The job's folder.

    Raises:
        InputError: It is not there yet, cannot be read, or there is no request.
    """
    asked = asked_of(folder)
    found = rows_of(folder, asked.names_folder, _SCHEMA)
    kinds = {kind: found.filter(pc.equal(found["kind"], kind)) for kind in ("model", "signal", "file")}
    requests = pc.sum(kinds["model"]["requests"]).as_py() or 0
    if not requests:
        raise InputError(
            f"{asked.table} has no requests in the period",
            next_step="Check the table's name and the period in job.json, and run `llmaudit lakehouse names` again.",
            slug="no-requests",
        )
    return Names(
        asked,
        found,
        requests,
        dict(sorted(zip(*_lists(kinds["signal"], "name", "requests"), strict=True))),
        sorted(zip(*_lists(kinds["file"], "name", "content", "requests"), strict=True)),
    )


def _lists(table: pa.Table, *names: str) -> list[list[object]]:
    return [table[name].to_pylist() for name in names]


def rows_of(folder: Path, name: str, schema: pa.Schema) -> pa.Table:
    """Read the rows that an engine wrote into a job's folder, in the types that are expected of them.

    Args:
        folder: The job's folder.
        name: The folder in it.
        schema: The columns. Engines differ in the width of integers and decimals, and in whether times have a zone.

    Raises:
        InputError: They are not there, or are others.
    """
    files = sorted(path for path in (folder / name).glob("*.parquet") if not path.name.startswith(("_", ".")))
    if not files:
        raise no_job(folder, f"there is no Parquet file in {name}/ yet")
    try:
        parts = [pq.read_table(path, columns=schema.names).select(schema.names).cast(schema) for path in files]
    except (pa.ArrowException, OSError, KeyError) as error:
        raise no_job(folder, f"{name}/: {str(error).splitlines()[0]}") from None
    return pa.concat_tables(parts)


def tables_of(names: Names, catalog: Catalog, top: int = TOP) -> Tables:
    """Return what the engine needs to know of the catalog.

    Args:
        names: What the table holds.
        catalog: Decides which names mean which sku, and where cells divide.
        top: How many features, teams and unknown models are kept apart: those with most requests.
    """
    found = names.found
    dated = pc.max(pc.max_element_wise(found["last_at"], found["last_end"])).as_py()
    slots = slots_between(catalog, pc.min(found["first_at"]).as_py(), dated)
    with Store(None) as store, store.table("names", found), store.table("price_slots", slots):
        crowds = {key: _beyond(store, key, top) for key in ("feature", "team")}
        crowds["model"] = _beyond(store, "model", top, _unknown(found, catalog))
        with store.table("folded_model", crowds["model"]):
            combinations = store.arrow(_COMBINATIONS, [OTHER])
        skus = sku_map(catalog, combinations)
        with store.table("sku_map", skus):
            edges = edges_of(store, catalog)
    folded = {key: table for key, table in crowds.items() if table.num_rows}
    by_name = {"price_slots": slots, "sku_map": skus, "prompt_bands": prompt_bands(catalog)}
    return Tables(
        by_name | {f"folded_{key}": table.select(["name"]) for key, table in folded.items()},
        edges,
        [
            f"{table.num_rows:,} {_FOLDED[key]} beyond the {top:,} with most requests stand together as {OTHER}:"
            f" {pc.sum(table['requests']).as_py():,} requests; no total changes"
            for key, table in folded.items()
        ],
    )


def _unknown(found: pa.Table, catalog: Catalog) -> set[str]:
    """Return the model names that the catalog knows under no seller and at no time of their days."""
    models = found.filter(pc.equal(found["kind"], "model")).to_pylist()
    known = {row["name"] for row in models if _is_known(catalog, row)}
    return {row["name"] for row in models if row["name"]} - known


def _is_known(catalog: Catalog, row: dict[str, Any]) -> bool:
    seller = row["seller"] or catalog.seller_of_host(row["gateway"] or "")
    return any(catalog.find(row["name"] or "", seller=seller, at=row[at]).offer for at in ("first_at", "last_at"))


def _beyond(store: Store, key: str, top: int, among: set[str] | None = None) -> pa.Table:
    """Return the values of a key beyond those with most requests: `name, requests`."""
    chosen = pa.table({"name": pa.array(sorted(among or ()), pa.string())})
    with store.table("chosen", chosen):
        return store.arrow(
            "SELECT name, CAST(sum(requests) AS BIGINT) AS requests FROM names"
            f" WHERE kind = ? AND name IS NOT NULL {'' if among is None else 'AND name IN (SELECT name FROM chosen)'}"
            " GROUP BY name ORDER BY requests DESC, name OFFSET ?",
            [key, top],
        )


def write_rollup(folder: Path, names: Names, tables: Tables, catalog: Catalog) -> Path:
    """Write the tables of the catalog and the SQL of the rollup into a job's folder.

    Returns:
        The SQL file to run.
    """
    asked = names.asked
    planned = Planned(asked=asked, catalog_version=catalog.version, edges=tables.edges, notes=tables.notes)
    for name, table in tables.by_name.items():
        write_parquet(table, folder / f"{name}.parquet")
    with whole(folder / PLANNED) as part:
        part.write_bytes(msgspec.json.encode(planned))
    words = asked.words
    statements = [
        words.setup,
        *(table_view(asked, name) for name in tables.by_name),
        requests_view(asked, tables.folded),
        *portable(words),
        saved(asked, stamped(CELLS, planned), query(words, "rollup.sql")),
        saved(asked, stamped(LATENCY, planned), query(words, "latency.sql")),
    ]
    return write_script(folder / ROLLUP_SQL, statements)
