"""Every way in which records lie in files, read by formats made for the test alone."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from logs import PACKERS, write

from llmaudit import usage
from llmaudit.bills import all_bills
from llmaudit.formats import all_formats
from llmaudit.formats.base import HELD, Context, Format
from llmaudit.formats.values import text_integer
from llmaudit.ingest import registry
from llmaudit.ingest.detect import detect
from llmaudit.ingest.shapes import shapes
from llmaudit.request import Ignored, Request


class Call(msgspec.Struct):
    """A record of the test's own format."""

    ident: str
    wrote: int | float | None = None
    asked: int | float | None = None
    paid: Decimal | None = None
    at: datetime | None = None
    extra: dict[str, Any] | None = None
    when: int | None = None


def convert(call: Call, context: Context) -> Request:
    request = Request(request_id=call.ident, started_at=call.at, team=context.shared, billed_amount=call.paid)
    if call.when is not None:
        request.started_at = context.epoch(call.when, "when")
    usage.openai(request, prompt=call.asked, completion=call.wrote)
    request.feature = (call.extra or {}).get("feature")
    return request


BASE: dict[str, Any] = {
    "title": "Test",
    "marks": ("ident", "wrote", "asked"),
    "needs": ("ident",),
    "record": Call,
    "convert": convert,
    "semantics": "asked includes everything",
    "epochs": ("when",),
}
PLAIN = Format(name="plain", reads=("json", "table", "sse"), **BASE)


class Group(msgspec.Struct):
    """A batch: what its calls share, and the calls."""

    owner: str
    calls: list[msgspec.Raw]


GROUPS = Format(
    name="groups",
    **{**BASE, "marks": ("owner", "calls.ident", "calls.wrote"), "needs": ("owner", "calls")},
    batch=Group,
    unfold=lambda group: ((raw, group.owner) for raw in group.calls),
)


def count_up(call: Call, context: Context) -> Any:
    """Cumulative counters: a call wrote what the total has grown by."""
    if call.wrote is None:
        context.state["owner"] = call.ident
        return HELD
    grown = call.wrote - context.state.get("total", 0)
    context.state["total"] = call.wrote
    request = Request(request_id=call.ident, team=context.state.get("owner"))
    usage.openai(request, prompt=call.asked, completion=grown)
    return request


COUNTING = Format(name="counting", **{**BASE, "convert": count_up}, state=dict)


def gather(call: Call, context: Context) -> Any:
    context.state.setdefault(call.ident, []).append(call)
    return HELD


def gathered(context: Context) -> Iterator[Request]:
    for number, (ident, calls) in enumerate(context.state.items(), start=1):
        request = Request(request_id=ident, line=number)
        usage.openai(request, prompt=calls[0].asked, completion=sum(call.wrote or 0 for call in calls))
        yield request


GATHERING = Format(name="gathering", **{**BASE, "convert": gather}, state=dict, finish=gathered)
SEVERAL = Format(
    name="several",
    **{**BASE, "convert": lambda call, context: [convert(call, context), Ignored("tail"), Request(request_id="x")]},
)


def line_to_request(groups: dict[str, str], _: Context) -> Request:
    request = Request(request_id=groups["ident"])
    usage.openai(request, prompt=0, completion=text_integer(groups["wrote"], "wrote"))
    return request


TEXT = Format(
    name="text",
    title="Test",
    reads=("text",),
    pattern=re.compile(r"(?P<ident>\w+) wrote (?P<wrote>\S+)$"),
    convert=line_to_request,
    semantics="wrote is output",
)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch):
    """Make formats known beside the real ones, for this test."""

    def add(*forms: Format) -> None:
        found = tuple(sorted((*all_formats(), *all_bills(), *forms), key=lambda form: form.name))
        monkeypatch.setattr(registry, "known", lambda: found)
        forget_what_is_known()

    yield add
    monkeypatch.undo()
    forget_what_is_known()


def forget_what_is_known() -> None:
    for cached in (registry.rarity, registry.known_for, registry.names_for, registry.by_name, shapes):
        cached.cache_clear()


CALLS = [{"ident": f"c{n}", "wrote": n, "asked": 10 * n, "at": f"2026-10-0{n}T00:00:00Z"} for n in (1, 2, 3)]
ENCODED = [msgspec.json.encode(call) for call in CALLS]


def table(delimiter: str) -> bytes:
    rows = [list(CALLS[0]), *([str(cell) for cell in call.values()] for call in CALLS)]
    return "\n".join(delimiter.join(row) for row in rows).encode() + b"\n"


def dump() -> bytes:
    rows = "".join(f"{c['ident']}\t{c['wrote']}\t{c['asked']}\t{c['at'][:10]} 00:00:00+00\t\\N\n" for c in CALLS)
    head = "SET search_path TO public;\n\nCOPY public.other (a, b) FROM stdin;\n1\t2\n\\.\n"
    return f'{head}COPY public."Calls" (ident, wrote, asked, at, extra) FROM stdin;\n{rows}\\.\n'.encode()


def parquet() -> bytes:
    sink = io.BytesIO()
    rows = [{**call, "at": datetime.fromisoformat(call["at"])} for call in CALLS]
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def sqlite(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE calls (ident TEXT, wrote INTEGER, asked INTEGER, at TEXT)")
        database.executemany("INSERT INTO calls VALUES (:ident, :wrote, :asked, :at)", CALLS)
    return path.read_bytes()


def shipped(key: str) -> bytes:
    """Return the lines as a log shipper keeps them: JSON text under one key."""
    return b"\n".join(
        msgspec.json.encode({"timestamp": n, "ingestionTime": n, key: call.decode()}) for n, call in enumerate(ENCODED)
    )


SHAPES: dict[str, tuple[bytes, str]] = {
    "lines": (b"\n".join(ENCODED), "lines"),
    "lines, Windows line ends": (b"\r\n".join(ENCODED), "lines"),
    "lines, old Mac line ends": (b"\r".join(ENCODED), "lines"),
    "lines in UTF-16": (b"\n".join(ENCODED).decode().encode("utf-16"), "lines"),
    "lines in UTF-16, no mark": (b"\n".join(ENCODED).decode().encode("utf-16-be"), "lines"),
    "lines with a mark": (b"\xef\xbb\xbf" + b"\n".join(ENCODED), "lines"),
    "an array": (b"[" + b",".join(ENCODED) + b"]", "document"),
    "an array with a comma too many": (b"[\n" + b",\n".join(ENCODED) + b",\n]\n", "document"),
    "documents printed one after the other": (
        b"\n".join(msgspec.json.format(call, indent=2) for call in ENCODED),
        "document",
    ),
    "an envelope": (b'{"object":"list","data":[' + b",".join(ENCODED) + b"]}", "document"),
    "an envelope in an envelope": (b'{"success":true,"data":{"items":[' + b",".join(ENCODED) + b"]}}", "document"),
    "pages of an API, one a line": (
        b'{"data":['
        + b",".join(ENCODED[:2])
        + b'],"has_more":true}\n{"data":['
        + ENCODED[2]
        + b'],"has_more":false}\n',
        "lines",
    ),
    "CloudWatch events in an envelope": (
        msgspec.json.encode({"logEvents": [{"id": "1", "timestamp": 1, "message": call.decode()} for call in ENCODED]}),
        "document",
    ),
    "lines of a log shipper": (shipped("log"), "lines"),
    "comma-separated": (table(","), "csv"),
    "tab-separated": (table("\t"), "csv"),
    "semicolons and a mark": (b"\xef\xbb\xbf" + table(";"), "csv"),
    "every line in one more pair of quotes": (
        b"\n".join(b'"' + row + b'"' for row in table(",").splitlines()),
        "csv",
    ),
    "a Postgres dump": (dump(), "copy"),
    "Parquet": (parquet(), "parquet"),
    "a captured event stream": (
        b"".join(b"event: call\ndata: " + call + b"\n\n" for call in ENCODED) + b"data: [DONE]\n",
        "sse",
    ),
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", SHAPES)
def test_the_same_calls_however_they_lie(name: str, packer: str, use, load, store, tmp_path: Path) -> None:
    use(PLAIN)
    data, container = SHAPES[name]
    path = write(tmp_path / "file", PACKERS[packer](data))
    found = detect(path)
    assert (found.form and found.form.name, found.container) == ("plain", container)
    result = load(path)
    assert result.failures == []
    rows = store.rows("SELECT request_id, output_tokens, input_tokens, started_at FROM requests ORDER BY row_id")
    assert rows == [(f"c{n}", n, 10 * n, datetime.fromisoformat(f"2026-10-0{n}")) for n in (1, 2, 3)]
    counted = result.totals
    assert counted.lines == counted.accepted + counted.ignored
    assert counted.accepted == 3


DATABASE = Format(
    name="database",
    **{**BASE, "marks": ("calls.ident", "calls.wrote", "calls.asked"), "needs": ("calls",)},
    reads=("sqlite",),
    tables={"calls": "SELECT * FROM calls", "newer": "SELECT * FROM newer"},
)


@pytest.mark.parametrize("packer", PACKERS)
def test_rows_of_an_sqlite_database(packer: str, use, load, store, tmp_path: Path) -> None:
    use(DATABASE)
    result = load(write(tmp_path / "file", PACKERS[packer](sqlite(tmp_path / "calls.db"))))
    assert result.failures == []
    rows = store.rows("SELECT request_id, output_tokens FROM requests ORDER BY row_id")
    assert rows == [("c1", 1), ("c2", 2), ("c3", 3)]


def test_an_index_on_a_function_costs_no_database(use, load, tmp_path: Path) -> None:
    """Kilo's has one on json_extract, which an untrusted schema may not use in SQLite 3.40."""
    use(DATABASE)
    sqlite(tmp_path / "calls.db")
    with closing(sqlite3.connect(tmp_path / "calls.db")) as database, database:
        database.execute("CREATE INDEX by_kind ON calls (json_valid(at))")
    assert load(tmp_path / "calls.db").totals.accepted == len(CALLS)


def test_a_database_without_its_write_ahead_log_says_what_is_missing(load, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "calls.db")) as database, database:
        database.execute("PRAGMA journal_mode = WAL")
    (failure,) = load(tmp_path / "calls.db").failures
    assert failure.slug == "unknown-format"
    assert "-wal" in str(failure)


def test_a_table_whose_cells_are_the_records_says_how_to_export_them(load, tmp_path: Path) -> None:
    """CloudWatch's Insights and Splunk download such tables, which are no table of requests."""
    told = b'@timestamp,@message\n2026-10-01 10:00:00.000,"{""schemaType"": ""ModelInvocationLog""}"\n'
    (failure,) = load(write(tmp_path / "a.csv", told)).failures
    assert failure.slug == "unknown-format"
    assert "its column @message holds JSON" in str(failure)


def test_a_batch_gives_its_records_what_they_share(use, load, store, tmp_path: Path) -> None:
    use(GROUPS, PLAIN)
    groups = [{"owner": "a", "calls": CALLS[:2]}, {"owner": "b", "calls": CALLS[2:]}, {"owner": "c", "calls": []}]
    bad = {"owner": "d", "calls": [{"ident": "c4", "wrote": 2.5}, {"ident": "c5", "wrote": 5, "asked": 0}]}
    result = load(write(tmp_path / "file", b"\n".join(map(msgspec.json.encode, [*groups, bad]))))
    rows = store.rows("SELECT request_id, team, line FROM requests ORDER BY row_id")
    assert rows == [("c1", "a", 1), ("c2", "a", 1), ("c3", "b", 2), ("c5", "d", 4)]
    totals = result.totals
    assert (totals.lines, totals.accepted, totals.ignored, totals.rejected) == (6, 4, 1, 1)


def test_state_runs_over_a_file_and_starts_anew_with_the_next(use, load, store, tmp_path: Path) -> None:
    use(COUNTING)
    for owner in ("a", "b"):
        totals = [(1, 10), (2, 25), (3, 25)]
        records = [{"ident": owner, "asked": 0}]
        records += [{"ident": f"{owner}{n}", "wrote": total, "asked": 1} for n, total in totals]
        write(tmp_path / "logs" / f"{owner}.jsonl", b"\n".join(map(msgspec.json.encode, records)))
    result = load(tmp_path / "logs")
    rows = store.rows("SELECT request_id, team, output_tokens FROM requests ORDER BY row_id")
    assert rows == [(f"{o}{n}", o, grown) for o in "ab" for n, grown in ((1, 10), (2, 15), (3, 0))]
    assert (result.totals.lines, result.totals.accepted, result.totals.ignored) == (8, 6, 2)


def test_a_call_that_several_records_tell_is_made_when_the_file_ends(use, load, store, tmp_path: Path) -> None:
    use(GATHERING)
    parts = [{"ident": "a", "wrote": 1, "asked": 9}, {"ident": "b", "wrote": 2, "asked": 8}, {"ident": "a", "wrote": 4}]
    result = load(write(tmp_path / "file", b"\n".join(map(msgspec.json.encode, parts))))
    assert store.rows("SELECT request_id, output_tokens FROM requests ORDER BY row_id") == [("a", 5), ("b", 2)]
    assert (result.totals.lines, result.totals.accepted, result.totals.ignored) == (3, 2, 1)


def test_a_record_of_several_requests_counts_as_many(use, load, tmp_path: Path) -> None:
    use(SEVERAL)
    totals = load(write(tmp_path / "file", ENCODED[0])).totals
    assert (totals.lines, totals.accepted, totals.ignored) == (3, 2, 1)


def test_lines_of_text(use, load, store, tmp_path: Path) -> None:
    use(TEXT)
    result = load(write(tmp_path / "access.log", b"c1 wrote 5\nnot a line\nc2 wrote x\nc3 wrote 7\n"))
    assert store.rows("SELECT request_id, output_tokens FROM requests ORDER BY row_id") == [("c1", 5), ("c3", 7)]
    assert result.files[0].reasons == {"malformed-line": 1, "not-a-number": 1}


def test_records_of_several_formats_in_one_file(use, load, store, tmp_path: Path) -> None:
    use(PLAIN)
    used = {"prompt_tokens": 3, "completion_tokens": 4}
    chat = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1790000000, "model": "m", "choices": []}
    other = msgspec.json.encode({**chat, "usage": used})
    path = write(tmp_path / "file", b"\n".join([ENCODED[0], other, ENCODED[1], b"{}", ENCODED[2]]))
    found = detect(path)
    assert [form.name for form in (found.form, *found.others) if form] == ["plain", "openai_compatible"]
    result = load(path)
    rows = store.rows("SELECT line, request_id, output_tokens, id_space FROM requests ORDER BY line")
    assert rows == [
        (1, "c1", 1, "plain"),
        (2, "chatcmpl-1", 4, "openai_compatible"),
        (3, "c2", 2, "plain"),
        (5, "c3", 3, "plain"),
    ]
    assert result.files[0].reasons == {"missing-field": 1}


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
def test_the_unit_of_a_time_is_the_files(unit: int, use, load, store, tmp_path: Path) -> None:
    """One row with a time of another size is out of range, not read in a unit of its own."""
    use(PLAIN)
    second = 1_790_000_000
    calls = [{"ident": f"c{n}", "wrote": n, "asked": n, "when": (second + n) * unit} for n in range(5)]
    calls.append({"ident": "odd", "wrote": 1, "asked": 1, "when": second * (1_000 if unit == 1 else 1)})
    result = load(write(tmp_path / "file", b"\n".join(map(msgspec.json.encode, calls))))
    assert store.rows("SELECT epoch(started_at)::BIGINT FROM requests ORDER BY row_id") == [
        (second + n,) for n in range(5)
    ]
    assert result.files[0].reasons == {"out-of-range": 1}


def test_json_in_a_cell_cannot_forge_a_field(use, load, store, tmp_path: Path) -> None:
    use(PLAIN)
    cells = 'ident,asked,wrote,extra\nc1,1,2,"{""feature"":""f""}"\nc2,1,2,"{},""wrote"":99"\n'
    result = load(write(tmp_path / "file", cells.encode()))
    assert store.rows("SELECT request_id, output_tokens, feature FROM requests") == [("c1", 2, "f")]
    assert result.files[0].reasons == {"wrong-type": 1}


def test_a_tie_asks_which(use, load, tmp_path: Path) -> None:
    use(PLAIN, Format(name="twin", **BASE))
    path = write(tmp_path / "file", b"\n".join(ENCODED))
    result = load(path)
    assert [failure.slug for failure in result.failures] == ["ambiguous-format"]
    assert "plain or twin" in str(result.failures[0])
    assert load(path, format_name="twin").totals.accepted == 3


def test_a_special_format_beats_the_general_one(use, tmp_path: Path) -> None:
    use(PLAIN, Format(name="special", beats=("plain",), says=lambda call: call["ident"].startswith("c"), **BASE))
    found = detect(write(tmp_path / "file", b"\n".join(ENCODED)))
    assert found.form is not None
    assert (found.form.name, found.others) == ("special", ())


@pytest.mark.parametrize("packer", PACKERS)
def test_records_are_looked_at_in_the_tail_too(packer: str, use, load, tmp_path: Path) -> None:
    use(PLAIN)
    used = {"prompt_tokens": 3, "completion_tokens": 4}
    chat = {"object": "chat.completion", "created": 1790000000, "model": "m", "choices": [], "usage": used}
    plain = [msgspec.json.encode({**CALLS[0], "ident": f"c{n}", "extra": {"pad": "x" * 200}}) for n in range(2500)]
    other = [msgspec.json.encode({"id": f"chatcmpl-{n}", **chat}) for n in range(500)]
    path = write(tmp_path / "file", PACKERS[packer](b"\n".join(plain + other)))
    found = detect(path)
    assert [form.name for form in found.others] == ["openai_compatible"]
    assert load(path).totals.accepted == 3000
