"""Pairs files of every kind come to the same rows, and what cannot be used is named by its line."""

import gzip
import random
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from builders import write_jsonl
from pair_files import both, row
from running import run_here

from llmaudit.catalog import Catalog, load_catalog
from llmaudit.errors import InputError, UsageError
from llmaudit.ingest.read import HEAD_BYTES
from llmaudit.shadow.fast_read import fast
from llmaudit.shadow.pairs import UNKNOWN
from llmaudit.shadow.pivot import order_of_time, pivot
from llmaudit.shadow.prepare import prepare
from llmaudit.shadow.read import Rows, read_rows, reject_text

ROWS = [
    row(1, "primary", tier=2, latency_ms=812.5, cost_usd=0.001234567891, score=1, at="2026-10-01T12:00:00.25+02:00"),
    row(1, "shadow", tier=2, latency_ms=402, cost_usd=0.0001, score=0, at="2026-10-01T10:00:01Z"),
    row(2, "primary", tier=None, latency_ms=None, cost_usd=None, score=None),
    row(2, "shadow", tier=0, latency_ms=1.0, cost_usd=3, score=0.5),
]


def written(folder: Path, kind: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"pairs.{kind}"
    if kind == "jsonl":
        return write_jsonl(path, rows)
    if kind == "json":
        path.write_bytes(msgspec.json.encode(rows))
        return path
    if kind == "jsonl.gz":
        path.write_bytes(gzip.compress(b"".join(msgspec.json.encode(one) + b"\n" for one in rows)))
        return path
    frame = pl.DataFrame(rows, infer_schema_length=None)
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "json", "jsonl.gz", "csv", "parquet"])
def test_every_kind_of_file_has_the_same_rows(tmp_path: Path, kind: str) -> None:
    found = read_rows(written(tmp_path, kind, ROWS))
    rows = found.table.to_pylist()
    assert found.records == 4
    assert [one["tier"] for one in rows] == [2, 2, None, 0]
    assert [one["latency_ms"] for one in rows] == [812.5, 402.0, None, 1.0]
    assert [one["score"] for one in rows] == [1.0, 0.0, None, 0.5]
    assert [one["cost_usd"] for one in rows] == [Decimal("0.001234567891"), Decimal("0.0001"), None, Decimal(3)]
    assert rows[0]["at"] == datetime.fromisoformat("2026-10-01T10:00:00.250000")
    assert rows[1]["at"] == datetime.fromisoformat("2026-10-01T10:00:01")


AWKWARD = {
    "numbers as text": ({"latency_ms": "12.5", "score": "1"}, {"latency_ms": 12.5, "score": 1.0}),
    "true and false": ({"score": True, "success": "yes"}, {"score": 1.0, "success": True}),
    "ids as numbers": ({"pair_id": 17, "user_id": 4}, {"pair_id": "17", "user_id": "4"}),
    "a tier in words": ({"tier": "tier 2"}, {"tier": 2}),
    "an unknown tier": ({"tier": "unknown"}, {"tier": None}),
    "an exact amount as text": ({"cost_usd": "0.000000000001"}, {"cost_usd": Decimal("0.000000000001")}),
    "usage as OpenAI has it": (
        {"usage": {"prompt_tokens": 30, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 10}}},
        {"prompt_tokens": 30, "completion_tokens": 4, "cached_tokens": 10},
    ),
    "usage as Anthropic has it": (
        {"usage": {"input_tokens": 20, "cache_read_input_tokens": 10, "output_tokens": 4}},
        {"input_tokens": 20, "cache_read_tokens": 10, "output_tokens": 4},
    ),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_but_clear_values_are_understood(tmp_path: Path, name: str) -> None:
    given, expected = AWKWARD[name]
    found = read_rows(write_jsonl(tmp_path / "a.jsonl", [row(3, "primary") | given, row(3, "shadow", score=0.5)]))
    first = found.table.to_pylist()[0]
    assert {key: first[key] for key in expected} == expected


BAD = {
    "not JSON": ('{"pair_id": "x", "arm":', "line 151 is not valid JSON"),
    "no object": ("[1, 2]", "line 151 is no JSON object"),
    "no pair id": ('{"arm": "primary"}', "line 151: pair_id is missing"),
    "no arm": ('{"pair_id": "x", "arm": null}', "line 151: arm is missing"),
    "a word for a score": ('{"pair_id": "x", "arm": "shadow", "score": "good"}', "line 151: score is not a number"),
    "a fifth tier": ('{"pair_id": "x", "arm": "shadow", "tier": 4}', "line 151: tier is not a tier from 0 to 3"),
    "negative time": ('{"pair_id": "x", "arm": "shadow", "latency_ms": -1}', "line 151: latency_ms is negative"),
    "no time": ('{"pair_id": "x", "arm": "shadow", "at": "yesterday"}', "line 151: at is not an ISO 8601 time"),
    "half a token": ('{"pair_id": "x", "arm": "shadow", "input_tokens": 1.5}', "line 151: input_tokens is not a whole"),
    "a cost below 0": ('{"pair_id": "x", "arm": "shadow", "cost_usd": -0.1}', "line 151: cost_usd is not between"),
    "a name twice": (
        '{"pair_id": "x", "arm": "shadow", "score": 1, "score" : 0}',
        "line 151: score occurs twice",
    ),
    "an infinite score": ('{"pair_id": "x", "arm": "shadow", "score": 1e999}', "line 151"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_named_and_the_others_are_kept(tmp_path: Path, name: str) -> None:
    text, message = BAD[name]
    lines = (
        [msgspec.json.encode(one) for one in both(75)]
        + [text.encode()]
        + [msgspec.json.encode(one) for one in both(30)]
    )
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    found = read_rows(path)
    assert found.records == 211
    assert found.table.num_rows == 210
    (rejected,) = found.rejected
    assert message in _text(found)
    assert rejected.line == 151
    assert found.table["line"].to_pylist()[150] == 152


def _text(found: Rows) -> str:
    return reject_text(found.rejected[0])


def test_more_than_one_in_a_hundred_bad_lines_are_refused(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [*both(20), {"pair_id": "x"}])
    with pytest.raises(InputError, match=r"1 of 41 records cannot be used \(line 41: arm is missing\)"):
        read_rows(path)


def _mixed(seed: int, count: int = 600) -> list[dict[str, Any]]:
    """Return rows of few shapes, with a value of another kind here and there."""
    draw = random.Random(seed)  # noqa: S311 -- test data
    rows: list[dict[str, Any]] = []
    for i in range(count):
        one = row(i // 2, ("primary", "shadow")[i % 2], tier=draw.choice([0, 3]), latency_ms=draw.lognormvariate(6, 1))
        one |= {"score": draw.choice([0, 1, 0.5]), "success": draw.random() < 0.5, "user_id": f"u{draw.randrange(40)}"}
        one |= {"cost_usd": draw.choice([draw.random() / 1000, 3, 1e-07, None]), "input_tokens": draw.randrange(10**6)}
        one |= {"at": f"2026-10-0{draw.randrange(1, 8)}T10:00:0{draw.randrange(10)}{draw.choice(['Z', '.25+02:00'])}"}
        one |= {"note": {"text": "x", "parts": [1, 2.5, {}]}, "turn": None if i % 3 else i % 7}
        if i % 2:
            one["usage"] = {
                "prompt_tokens": i,
                "prompt_tokens_details": {"cached_tokens": i % 5},
                "completion_tokens": 9,
            }
        rare = {0: {"user_id": 'a "b"\u00e9'}, 1: {"pair_id": i}, 2: {"tier": "tier 2"}, 3: {"latency_ms": "12.5"}}
        rare |= {4: {"user_id": ""}, 5: {"score": True}, 6: {"route": "only here"}, 7: {"model": None}}
        rows.append(one | (rare.get(draw.randrange(8), {}) if draw.random() < 0.02 else {}))
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_lines_cut_at_once_are_the_rows_that_the_reader_of_single_records_finds(tmp_path: Path, seed: int) -> None:
    rows = _mixed(seed)
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    at_once = fast(path, path.read_bytes()[:HEAD_BYTES], ("pair_id", "arm"), is_json=True)
    one_by_one = read_rows(write_jsonl(tmp_path / "b.jsonl", [*rows, {"pair_id": "no arm"}]))
    assert at_once is not None
    assert len(one_by_one.rejected) == 1
    assert _known(at_once) == _known(one_by_one.table)


def _known(table: pa.Table) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if value is not None} for one in table.to_pylist()]


@pytest.mark.parametrize(
    "bad",
    [
        *(
            '"score": 1e999',
            '"score": "good"',
            '"latency_ms": -1',
            '"tier": 9',
            '"at": "soon"',
            '"at": 1790000000',
            '"input_tokens": 0.5',
        ),
        *('"cost_usd": -1', '"cost_usd": 1e9', '"user_id": true', '"user_id": [1]'),
        *('"score": 01', '"score": 1.', '"score": NaN', f'"user_id": "{"x" * 1001}"', '"score": 1, "score": 1'),
    ],
)
def test_lines_that_are_alike_and_bad_are_not_cut(tmp_path: Path, bad: str) -> None:
    good = b"".join(msgspec.json.encode(one) + b"\n" for one in both(100))
    path = tmp_path / "a.jsonl"
    path.write_bytes(good + f'{{"pair_id": "x", "arm": "shadow", {bad}}}\n'.encode() * 100)
    assert fast(path, good, ("pair_id", "arm"), is_json=True) is None


REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b"\n\n", "is empty"),
    "no pairs": (b'{"a": 1}\n{"a": 2}\n', "none of 2 records has a pair_id: it is no pairs file"),
    "pairs side by side": (b'{"pair_id": 1}\n{"pair_id": 2}\n', "none of 2 records has an arm: it is no pairs file"),
    "a CSV of something else": (b"a,b\n1,2\n", "none of 1 records has a pair_id"),
    "a CSV with a column twice": (b"pair_id,arm,arm\n1,a,b\n", "names a column twice"),
    "a torn Parquet file": (b"PAR1" + b"\0" * 50, "damaged Parquet"),
    "a torn archive": (gzip.compress(b'{"pair_id": 1}\n' * 1000)[:-8], "damaged or truncated"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_hold_no_pairs_are_refused(tmp_path: Path, name: str) -> None:
    data, message = REFUSED[name]
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_rows(path)


def test_a_csv_row_with_a_line_end_inside_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('pair_id,arm,score,user_id\n1,primary,1,"a\nb"\n1,shadow,0,c\n')
    found = read_rows(path)
    assert found.table["user_id"].to_pylist() == ["a\nb", "c"]
    assert found.table["score"].to_pylist() == [1.0, 0.0]


def test_a_column_of_a_parquet_file_out_of_bounds_is_named(tmp_path: Path) -> None:
    pl.DataFrame(both(3, tier=7)).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="column tier holds 7 to 7"):
        read_rows(tmp_path / "a.parquet")


@pytest.fixture(scope="module")
def prices() -> Catalog:
    return load_catalog()


def pairs_of(folder: Path, rows: list[dict[str, Any]], prices: Catalog, **options: Any) -> list[dict[str, Any]]:
    table = read_rows(write_jsonl(folder / "a.jsonl", rows)).table
    return pivot(prepare([table], lambda: prices, **({"score": None, "primary": None} | options)).columns).to_pylist()


def test_the_first_row_of_an_arm_counts_and_copies_are_counted(tmp_path: Path, prices: Catalog) -> None:
    rows = [row(1, "shadow", score=0.1), row(1, "primary", score=0.9), row(1, "shadow", score=0.7), row(2, "primary")]
    first, second = pairs_of(tmp_path, rows, prices)
    assert (first["shadow_score"], first["shadow_copies"], first["primary_copies"]) == (0.1, 2, 1)
    assert (second["pair_id"], second["shadow_line"], second["shadow_copies"]) == ("p2", None, 0)


def test_what_the_primary_does_not_know_the_shadow_may(tmp_path: Path, prices: Catalog) -> None:
    (pair,) = pairs_of(tmp_path, [row(1, "primary", tier=None, route="x"), row(1, "shadow", tier=3, route="y")], prices)
    assert (pair["tier"], pair["route"]) == (3, "x")


def test_pairs_have_one_order_however_they_come() -> None:
    """The database keeps no order. At one instant lines decide; lines of two files may be alike, then ids do."""
    at = np.array([7, 7, 7, 3, 3, UNKNOWN, UNKNOWN, 9])
    line = np.array([2, 1, 1, 5, 4, 8, 6, 1])
    ids = np.array(["d", "z", "b", "c", "a", "y", "x", "e"])
    wanted = ["x", "y", "a", "c", "b", "z", "d", "e"]
    for order in (np.arange(8), np.arange(8)[::-1], np.random.default_rng(1).permutation(8)):
        found = order_of_time(at[order], line[order], pa.array(ids[order]))
        assert found is not None
        assert list(ids[order][found]) == wanted
    assert order_of_time(np.array([UNKNOWN, 3, 3]), np.array([9, 1, 2]), pa.array(["b", "c", "a"])) is None


@pytest.mark.parametrize("names", [("A", "B"), ("control", "treatment"), ("baseline", "candidate")])
def test_usual_names_of_arms_are_understood(tmp_path: Path, prices: Catalog, names: tuple[str, str]) -> None:
    rows = [row(1, "primary") | {"arm": names[0], "score": 0.25}, row(1, "shadow") | {"arm": names[1]}]
    (pair,) = pairs_of(tmp_path, rows, prices)
    assert pair["primary_score"] == 0.25


def test_one_arm_alone_is_no_test(tmp_path: Path, prices: Catalog) -> None:
    with pytest.raises(InputError, match="there is only one arm: primary"):
        pairs_of(tmp_path, [row(1, "primary"), row(2, "primary")], prices)


def test_unusual_names_of_arms_have_to_be_told(tmp_path: Path, prices: Catalog) -> None:
    rows = [row(1, "primary") | {"arm": "old"}, row(1, "shadow") | {"arm": "new"}]
    with pytest.raises(InputError, match="the arms cannot be distinguished: old, new"):
        pairs_of(tmp_path, rows, prices)
    (pair,) = pairs_of(tmp_path, rows, prices, primary="old")
    assert pair["primary_line"] == 1


def test_tokens_without_a_cost_get_the_list_price(tmp_path: Path, prices: Catalog) -> None:
    """gpt-5.6-sol in October 2026: $4, $0.40 and $20 per million of input, cache reads and output."""
    usage = {
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 200}}
    }
    rows = [row(1, "primary") | usage, row(1, "shadow", cost_usd="0.5", extra_cost_usd="0.25")]
    (pair,) = pairs_of(tmp_path, rows, prices)
    assert pair["primary_cost_usd"] == Decimal("0.00528")  # 800 x 4 + 200 x 0.4 + 100 x 20 = 5,280 per million
    assert pair["primary_prompt_tokens"] == 1000
    assert pair["shadow_cost_usd"] == Decimal("0.75")


def test_several_scores_have_to_be_chosen_from(tmp_path: Path, prices: Catalog) -> None:
    rows = [{k: v for k, v in one.items() if k != "score"} | {"score_judge": 0.5, "score_human": 1} for one in both(2)]
    with pytest.raises(UsageError, match="several scores: score_judge, score_human"):
        pairs_of(tmp_path, rows, prices)
    assert pairs_of(tmp_path, rows, prices, score="human")[0]["primary_score"] == 1.0
    with pytest.raises(UsageError, match="no such score"):
        pairs_of(tmp_path, rows, prices, score="votes")


def test_a_preference_is_half_a_score_to_either_side(tmp_path: Path, prices: Catalog) -> None:
    rows = [
        {k: v for k, v in row(i, "shadow", preference=p).items() if k != "score"}
        for i, p in enumerate(["shadow", "tie", -1])
    ]
    assert [pair["shadow_score"] for pair in pairs_of(tmp_path, rows, prices)] == [1.0, 0.5, 0.0]


def test_a_record_that_is_nested_deeply_is_one_record(tmp_path: Path) -> None:
    """Lists three hundred deep ended the command with an internal error."""
    deep: Any = 1
    for _ in range(600):
        deep = [deep]
    lines = [{"pair_id": f"p{n}", "arm": arm, "score": 1, "extra": deep} for n in range(3) for arm in "ab"]
    lines[0]["score"] = "good"  # so that it is read record by record
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    done = run_here(tmp_path, "shadow", "analyze", path, "--db", "s.duckdb", "--margin", "0.1")
    assert done.code in {4, 5}, done.err
    assert "internal error" not in done.err
