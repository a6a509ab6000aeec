"""Logs in no known format: a column map reads them, and `detect` proposes one that reads them rightly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmaudit.errors import InputError
from llmaudit.formats.mapped import load_map
from llmaudit.ingest import Setup, ingest
from llmaudit.ingest.detect import detect
from llmaudit.ingest.propose import propose
from llmaudit.store import Store

RECORD = {
    "call": "c1",
    "meta": {"ts": 1788427200123, "vendor": "openai"},
    "llm": {"model": "gpt-4.1"},
    "usage": {"promptTokens": 1000, "completionTokens": 200, "cached_tokens": 600, "totalTokens": 1200},
    "durationSeconds": 1.5,
    "cost_cents": 0.41,
}
SECOND = RECORD | {"call": "c2", "usage": {"promptTokens": 10, "completionTokens": 0, "totalTokens": 10}}
MAP = """
name: house
columns:
  request_id: call
  started_at: meta.ts
  model: llm.model
  input_tokens: usage.promptTokens
  output_tokens: usage.completionTokens
  cache_read_tokens: usage.cached_tokens
  latency: durationSeconds
  billed_amount: cost_cents
  status: state
constants: {seller: openai}
input_includes_cached: true
time_unit: ms
duration_unit: s
cost_unit: cents
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def taken(store: Store, path: Path, column_map: Path) -> list[tuple[Any, ...]]:
    result = ingest(store, [str(path)], Setup(b"k" * 32, column_map=load_map(column_map)))
    assert not result.failures
    return store.rows(
        "SELECT request_id, CAST(started_at AS VARCHAR), CAST(ended_at AS VARCHAR), seller, model_raw, input_tokens,"
        " cache_read_tokens, output_tokens, CAST(billed_amount AS VARCHAR), status FROM requests ORDER BY row_id"
    )


# 1000 - 600 = 400 uncached; 0.41 cents are $0.0041; 1.5 s after 2026-09-03T09:20:00.123Z; a zero stays zero.
TIMES = ("2026-09-03 09:20:00.123", "2026-09-03 09:20:01.623")
FIRST_ROW = ("c1", *TIMES, "openai", "gpt-4.1", 400, 600, 200, "0.004100000000", "error")
SECOND_ROW = ("c2", *TIMES, "openai", "gpt-4.1", 10, 0, 0, "0.004100000000", "ok")


@pytest.mark.parametrize("shape", ["lines", "array", "envelope"])
def test_a_map_reads_json_in_every_shape(store: Store, tmp_path: Path, shape: str):
    records = [RECORD | {"state": "failed"}, SECOND]
    text = {"lines": lines(*records), "array": json.dumps(records), "envelope": json.dumps({"n": 2, "data": records})}
    path = written(tmp_path, "house.json", text[shape])
    assert taken(store, path, written(tmp_path, "map.yaml", MAP)) == [FIRST_ROW, SECOND_ROW]


def test_a_map_reads_csv_and_parquet_alike(store: Store, tmp_path: Path):
    text = "call,ts,model,in,out,cached,ms,usd\nc1,2026-09-03 09:20:00.123,gpt-4.1,1000,200,600,1500,0.0041\n"
    simple = MAP.split("columns:", maxsplit=1)[0] + (
        "columns: {request_id: call, started_at: ts, model: model, input_tokens: in, output_tokens: out,"
        " cache_read_tokens: cached, latency: ms, billed_amount: usd}\n"
        "constants: {seller: openai, status: failed}\ninput_includes_cached: true\n"
    )
    column_map = written(tmp_path, "map.yaml", simple)
    expected = [FIRST_ROW]
    assert taken(store, written(tmp_path, "a.csv", text), column_map) == expected
    names, cells = (row.split(",") for row in text.splitlines())
    table = {name: [int(cell) if cell.isdigit() else cell] for name, cell in zip(names, cells, strict=True)}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    result = ingest(store, [str(tmp_path / "a.parquet")], Setup(b"k" * 32, column_map=load_map(column_map)))
    assert (result.totals.duplicates, result.totals.accepted) == (1, 0)  # the same request, told again


def test_input_without_the_cache_and_output_without_reasoning(store: Store, tmp_path: Path):
    text = "id,model,in,out,cached,thoughts\n1,m,100,20,600,5\n"
    column_map = written(
        tmp_path,
        "map.yaml",
        "name: n\ncolumns: {request_id: id, model: model, input_tokens: in, output_tokens: out,"
        " cache_read_tokens: cached, reasoning_tokens: thoughts}\n"
        "input_includes_cached: false\noutput_includes_reasoning: false\n",
    )
    taken(store, written(tmp_path, "a.csv", text), column_map)
    row = store.one("SELECT input_tokens, cache_read_tokens, output_tokens, reasoning_tokens, seller FROM requests")
    assert row == (100, 600, 25, 5, None)


@pytest.mark.parametrize(
    ("text", "slug", "words"),
    [
        (MAP.replace("latency:", "lateness:"), "bad-column-map", ":4:3:"),
        (MAP.replace("input_includes_cached: true\n", ""), "bad-column-map", "input_includes_cached"),
        (MAP.replace("cost_unit: cents", "cost_unit: pennies"), "bad-column-map", ":17:12:"),
        (MAP.replace("{seller: openai}", "{model: gpt}"), "bad-column-map", "model is mapped and constant"),
        ("name: n\ncolumns: {team: t}\ninput_includes_cached: true\n", "bad-column-map", "neither tokens nor a model"),
    ],
)
def test_a_map_that_cannot_be_used_says_where(tmp_path: Path, text: str, slug: str, words: str):
    with pytest.raises(InputError) as caught:
        load_map(written(tmp_path, "map.yaml", text))
    assert caught.value.slug == slug
    assert words in caught.value.what


def test_a_source_that_no_record_has_is_refused_with_those_there_are(store: Store, tmp_path: Path):
    path = written(tmp_path, "a.jsonl", lines(RECORD | {"state": "ok"}))
    column_map = load_map(written(tmp_path, "map.yaml", MAP.replace("usage.promptTokens", "usage.prompt")))
    result = ingest(store, [str(path)], Setup(b"k" * 32, column_map=column_map))
    (failure,) = result.failures
    assert (failure.slug, store.one("SELECT count(*) FROM requests")[0]) == ("no-such-column", 0)
    assert "usage.prompt" in failure.what
    assert "durationSeconds" in failure.next_step


def test_a_damaged_cell_costs_one_record(store: Store, tmp_path: Path):
    text = "id,model,in,out\n1,m,100,20\n2,m,much,20\n3,m,2.5,20\n"
    column_map = written(
        tmp_path,
        "map.yaml",
        "name: n\ncolumns: {request_id: id, model: model, input_tokens: in, output_tokens: out}\n"
        "input_includes_cached: true\n",
    )
    result = ingest(store, [str(written(tmp_path, "a.csv", text))], Setup(b"k" * 32, column_map=load_map(column_map)))
    assert (result.totals.accepted, result.totals.rejected) == (1, 2)
    assert store.rows("SELECT line, reason FROM rejects ORDER BY line") == [(3, "not-a-number"), (4, "not-an-integer")]


def test_a_proposal_reads_the_file_it_was_made_for(store: Store, tmp_path: Path):
    path = written(tmp_path, "house.jsonl", lines(RECORD, SECOND))
    assert detect(path).form is None
    proposal = propose(path)
    assert proposal is not None
    rows = taken(store, path, written(tmp_path, "proposed.yaml", proposal.text))
    assert rows == [(*FIRST_ROW[:-1], "ok"), SECOND_ROW]
    assert load_map(tmp_path / "proposed.yaml") == proposal.column_map


def test_a_proposal_sees_that_cached_tokens_stand_beside_the_input(tmp_path: Path):
    usage = {"promptTokens": 100, "completionTokens": 20, "cached_tokens": 5000, "totalTokens": 5120}
    proposal = propose(written(tmp_path, "house.jsonl", lines(RECORD | {"usage": usage})))
    assert proposal is not None
    assert proposal.column_map.input_includes_cached is False


def test_a_trace_without_models_is_proposed_with_the_line_that_names_one(tmp_path: Path):
    """The columns of Azure's public inference traces."""
    rows = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.97,4808,10\n2023-11-16 18:17:04.03,3180,8\n"
    proposal = propose(written(tmp_path, "trace.csv", rows))
    assert proposal is not None
    assert (proposal.column_map.sources["input_tokens"], proposal.unused) == ("ContextTokens", ())
    assert "#   model: gpt-4o\n" in proposal.text


def test_odd_values_among_the_others_do_not_end_the_proposal(tmp_path: Path):
    rows = [f'{{"id":"r{n}","model":"gpt-4.1","input_tokens":10,"output_tokens":{n}}}' for n in range(40)]
    odd = ['{"id":["a"],"model":[1],"input_tokens":[1],"output_tokens":[2]}']
    proposal = propose(written(tmp_path, "house.jsonl", "\n".join([*rows, *odd])))
    assert proposal is not None
    assert proposal.column_map.sources["output_tokens"] == "output_tokens"


def test_nothing_is_proposed_for_a_table_of_something_else(tmp_path: Path):
    assert propose(written(tmp_path, "a.csv", "name,city\nAda,London\nBob,Paris\n")) is None


def test_a_comma_that_parts_no_thousands_is_no_number(store: Store, tmp_path: Path):
    text = 'id;model;in;out;usd\n1;m;"1,000";20;"0,5"\n2;m;"1,000";20;"1,000.5"\n'
    column_map = written(
        tmp_path,
        "map.yaml",
        "name: n\ncolumns: {request_id: id, model: model, input_tokens: in, output_tokens: out, billed_amount: usd}\n"
        "input_includes_cached: true\n",
    )
    ingest(store, [str(written(tmp_path, "a.csv", text))], Setup(b"k" * 32, column_map=load_map(column_map)))
    assert store.rows("SELECT line, reason, field FROM rejects") == [(2, "not-a-number", "usd")]
    assert store.one("SELECT input_tokens, CAST(billed_amount AS VARCHAR) FROM requests") == (1000, "1000.500000000000")
