"""An audit from cells files is the audit from the requests, to the last digit; what cannot be used is refused."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import litellm_row, write_jsonl
from running import Run

from llmaudit import api
from llmaudit.catalog import load_catalog
from llmaudit.cellsfile import REST_SHA256, SCHEMA_KEY, load, save, sealed, unpacked
from llmaudit.facts import added, facts_of
from llmaudit.summaries import all_summaries

MODELS = [("gpt-5.6-sol", "openai"), ("claude-opus-5", "anthropic"), ("nobody-9", "hosted_vllm")]
BUSY = """seller: openai
models:
  - sku: gpt-5.6-sol
    prices:
      - {valid_from: %s, source: test, %susd_per_million: {input: 1, output: 2}}
"""


def rows(seed: int, number: int = 120, *, machine: str = "m") -> list[dict[str, Any]]:
    rng = random.Random(seed)  # noqa: S311 -- seeded on purpose
    start = datetime(2026, 10, 1)  # noqa: DTZ001 -- naive UTC
    found = []
    for place in range(number):
        model, provider = rng.choice(MODELS)
        at = start + timedelta(seconds=rng.randrange(4 * 86_400))
        failed = rng.choice([None] * 6 + ["429"])
        found.append(
            litellm_row(
                f"{machine}-{seed}-{place}",
                at.isoformat(),
                model=model,
                provider=provider,
                prompt=0 if failed else rng.choice([800, 9_000, 300_000]),
                completion=0 if failed else rng.randrange(900),
                spend="0" if failed else rng.choice([None, f"{rng.random():.9f}"]),
                tags=rng.choice([[], ["feature:sql-agent"], ["tier:3", "team:a"]]),
                failed=failed,
            )
        )
    return found


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("logs")
    return [write_jsonl(folder / f"{name}.jsonl", rows(seed, machine=name)) for seed, name in enumerate("abc")]


def rolled(call: Run, log: Path, *more: object) -> str:
    """Roll the requests of one log up, and return the name of the file."""
    assert call("ingest", log, "--db", f"{log.stem}.duckdb").code == 0
    name = f"{log.stem}{len(more)}.parquet"
    done = call("rollup", "--db", f"{log.stem}.duckdb", "--out", name, *more)
    assert done.code == 0, done.err
    return name


def test_the_audit_from_cells_is_the_audit_from_requests(
    call: Run, audit: Any, audit_folder: Path, tmp_path: Path
) -> None:
    assert call("rollup", "--db", audit_folder / "sample.duckdb", "--out", "cells.parquet").code == 0
    done = call("audit", "cells.parquet", "--json", "--out", "report.html")
    assert (done.code, done.err) == (0, "report written to report.html\n")
    assert done.json == audit
    assert audit["coverage"]["files"]
    assert audit["spend"]["requests"] > 10_000
    assert "<html" in (tmp_path / "report.html").read_text()


def test_no_request_is_named(call: Run, logs: list[Path], tmp_path: Path) -> None:
    table = pq.read_table(tmp_path / rolled(call, logs[0]))
    rest = unpacked(table.schema.metadata)
    assert msgspec.json.decode(rest)["summaries"]["billed"], "a sample of single requests, by file and line"
    assert b"a-0-" in Path(logs[0]).read_bytes()
    assert b"a-0-" not in repr(table.to_pylist()).encode() + rest, "a request's id"


def test_cells_of_several_machines_add_up(call: Run, logs: list[Path]) -> None:
    together = call("audit", *logs, "--json").json
    names = [rolled(call, log) for log in logs]
    for order in (names, names[::-1], [names[1], names[2], names[0]]):
        assert call("audit", *order, "--json").json == together
    assert call("rollup", *names[:2], "--out", "two.parquet").code == 0
    assert call("audit", names[2], "two.parquet", "--json").json == together, "added in two steps"
    assert call("audit", names[0], logs[1], logs[2], "--json").json == together, "cells and logs"


def test_cells_of_several_days_add_up(call: Run, logs: list[Path]) -> None:
    days = [f"2026-10-0{day}" for day in range(1, 6)]
    names = []
    for since, until in pairwise(days):
        name = rolled(call, logs[0], "--since", since, "--until", until)
        names.append(f"{since}.parquet")
        Path(name).rename(names[-1])
    whole = call("audit", logs[0], "--since", days[0], "--until", days[-1], "--json").json
    assert whole["spend"]["requests"] == 120
    for order in (names, names[::-1]):
        assert call("audit", *order, "--json").json == whole


def test_another_catalog_that_divides_no_finer_prices_the_same_cells(
    call: Run, logs: list[Path], tmp_path: Path
) -> None:
    name, mine = rolled(call, logs[0]), tmp_path / "mine.yaml"
    mine.write_text(BUSY % ("2025-01-01T00:00:00Z", ""))
    from_rows = call("audit", logs[0], "--catalog", mine, "--json").json
    from_cells = call("audit", name, "--catalog", mine, "--json").json
    assert from_cells == from_rows
    assert from_rows["spend"] != call("audit", name, "--json").json["spend"], "the prices are others"


@pytest.mark.parametrize(
    ("overlay", "named"),
    [
        (BUSY % ("2026-10-02T07:31:00Z", ""), "2026-10-02T07:31Z"),
        (BUSY % ("2025-01-01T00:00:00Z", "when: {prompt_ge: 12345}, "), "12,345 tokens"),
        ("seller: hosted_vllm\nmodels:\n  - sku: nobody-9\n    model: us/nobody-9\n", "nobody-9"),
    ],
    ids=["slot", "band", "name"],
)
def test_a_catalog_that_divides_finer_is_refused(
    call: Run, logs: list[Path], tmp_path: Path, overlay: str, named: str
) -> None:
    name, mine = rolled(call, logs[0], "--until", "2026-10-04"), tmp_path / "mine.yaml"
    mine.write_text(overlay)
    done = call("audit", name, "--catalog", mine)
    assert done.code == 5
    assert "[cells-of-another-catalog]" in done.err
    assert named in done.err
    assert f"`llmaudit rollup --until 2026-10-04T00:00:00Z --out {name}`" in done.err
    again = call("rollup", "--db", "a.duckdb", "--catalog", mine, "--until", "2026-10-04", "--out", name)
    assert again.code == 0
    assert call("audit", name, "--catalog", mine).code == 0, "the command that the message names helps"


def test_what_would_count_twice_is_refused(call: Run, logs: list[Path]) -> None:
    name = rolled(call, logs[0])
    done = call("audit", name, name)
    assert (done.code, "[cells-twice]" in done.err) == (2, True)
    first = rolled(call, logs[0], "--until", "2026-10-03")
    done = call("audit", name, first)
    assert (done.code, "a.jsonl" in done.err) == (2, True), "a part of it"


def test_zones_and_periods_are_those_of_the_cells(call: Run, logs: list[Path]) -> None:
    utc, berlin = rolled(call, logs[0]), rolled(call, logs[1], "--timezone", "Europe/Berlin")
    assert "[cells-of-two-zones]" in call("audit", utc, berlin).err
    assert call("audit", berlin, "--json").json["timezone"] == "Europe/Berlin"
    for asked in (["--timezone", "Asia/Tokyo"], ["--month", "2026-10"]):
        done = call("audit", utc, *asked)
        assert (done.code, "[cells-of-another-period]" in done.err) == (2, True)


def changed(path: Path, change: Any, *, seal: bool = True) -> None:
    """Write a cells file again with another document, schema or table; without a new seal where asked."""
    table = pq.read_table(path)
    old = dict(table.schema.metadata)
    rest = msgspec.json.decode(unpacked(old))
    table = change(rest, table)
    new = sealed(msgspec.json.encode(rest)) | {SCHEMA_KEY: rest["schema"].encode()}
    new |= {} if seal else {REST_SHA256: old[REST_SHA256]}
    pq.write_table(table.replace_schema_metadata(new), path)


def newer(rest: dict[str, Any], table: pa.Table) -> pa.Table:
    rest["schema"] = "llmaudit/cells/3"
    return table


def older(rest: dict[str, Any], table: pa.Table) -> pa.Table:
    rest["schema"] = "llmaudit/cells/1"
    return table


def other_kind(rest: dict[str, Any], table: pa.Table) -> pa.Table:
    rest["schema"] = "somebody/cells/1"
    return table


def other_columns(_: dict[str, Any], table: pa.Table) -> pa.Table:
    return table.drop_columns(["feature"])


def a_cell_less(_: dict[str, Any], table: pa.Table) -> pa.Table:
    return table.slice(1)


def other_notes(rest: dict[str, Any], table: pa.Table) -> pa.Table:
    rest["notes"] = ["all is well"]
    return table


@pytest.mark.parametrize(
    ("change", "seal", "code", "slug"),
    [
        (newer, "right", 6, "newer-cells"),
        (older, "right", 5, "not-cells"),
        (other_kind, "right", 5, "not-cells"),
        (other_columns, "right", 5, "damaged-cells"),
        (a_cell_less, "right", 5, "damaged-cells"),
        (other_notes, "wrong", 5, "damaged-cells"),
    ],
    ids=["newer", "older", "other kind", "columns", "totals", "seal"],
)
def test_a_file_that_is_not_what_it_says_is_refused(
    call: Run, logs: list[Path], change: Any, seal: str, code: int, slug: str
) -> None:
    name = rolled(call, logs[0])
    changed(Path(name), change, seal=seal == "right")
    done = call("audit", name)
    assert (done.code, f"[{slug}]" in done.err) == (code, True), done.err


def test_damage_is_noticed_wherever_it_is(call: Run, logs: list[Path]) -> None:
    """A byte changed anywhere, and a file cut anywhere, ends with an error or with the very same audit."""
    name = rolled(call, logs[0])
    good, told = Path(name).read_bytes(), call("audit", name, "--json").out
    rng = random.Random(5)  # noqa: S311 -- seeded on purpose
    refused = 0
    for _ in range(30):
        place = rng.randrange(len(good))
        Path(name).write_bytes(good[:place] + bytes([good[place] ^ (1 << rng.randrange(8))]) + good[place + 1 :])
        done = call("audit", name, "--json")
        refused += done.code == 5
        assert done.code == 5 or done.out == told, (place, done.code, done.err)
    assert refused > 10  # the others hit bytes that nothing is read from
    for keep in (0, 3, 100, len(good) // 2, len(good) - 1):
        Path(name).write_bytes(good[:keep])
        assert call("audit", name).code == 5, keep


def test_a_foreign_parquet_is_no_cells_file(call: Run) -> None:
    pq.write_table(pa.table({"a": [1]}), "other.parquet")
    assert call("audit", "other.parquet").code == 5
    done = call("rollup", "other.parquet", "--out", "cells.parquet")
    assert (done.code, "[not-cells]" in done.err) == (5, True)


def test_what_an_older_file_lacks_is_said(call: Run, logs: list[Path]) -> None:
    name = rolled(call, logs[0])

    def without_latency(rest: dict[str, Any], table: pa.Table) -> pa.Table:
        del rest["summaries"]["latency"]
        return table

    changed(Path(name), without_latency)
    done = call("audit", name, "--json")
    assert done.code == 0
    assert any("`latency`" in warning for warning in done.json["warnings"])


def test_every_summary_travels_and_adds(session: api.Session, tmp_path: Path) -> None:
    """Whatever summaries there are: the rows of a file are those that were saved, and the parts add up to the whole."""
    catalog = load_catalog()
    facts = facts_of(session.store, catalog)
    save(facts, catalog, tmp_path / "cells.parquet")
    back = load(tmp_path / "cells.parquet", catalog)
    for summary in all_summaries():
        rows = list(facts.summaries[summary.row])
        assert list(back.summaries[summary.row]) == rows, summary.name
        assert summary.merge([]) == [], summary.name
        assert list(summary.merge(rows)) == list(summary.merge(rows[::-1])), f"{summary.name}: order"
    assert back == facts
    assert added([back]) is back
