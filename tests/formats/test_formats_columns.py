"""What a format makes of many records at once is, cell for cell, what it makes of them one by one."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from builders import litellm_row
from hypothesis import given, settings
from hypothesis import strategies as st

from llmaudit.formats import alike
from llmaudit.formats.base import Format
from llmaudit.formats.litellm import Metadata, SpendLog
from llmaudit.ingest import registry
from llmaudit.ingest.blocks import Block
from llmaudit.ingest.layout import Layout
from llmaudit.ingest.records import Tally, text_lines
from llmaudit.ingest.registry import known
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.work import Job, decode_block, decoder_of


@pytest.fixture(autouse=True, params=[1, alike.MIN_ALIKE], ids=["cut", "rows"])
def least_alike(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let lines be cut from the first one on, and again only as many as are worth it."""
    before = alike.MIN_ALIKE
    alike.MIN_ALIKE = request.param
    yield
    alike.MIN_ALIKE = before


WITH_COLUMNS = [form for form in known() if form.columns is not None]
COUNTS = st.one_of(st.none(), st.integers(0, 5000), st.sampled_from([-1, 2.5, 7.0, 10**10, 2**70, True, "5"]))
TIMES = st.sampled_from(
    [
        "2026-10-01T10:00:00",
        "2026-10-01T10:00:00.123456Z",
        "2026-10-01T10:00:00+02:00",
        "1999-01-01T00:00:00",
        None,
        "x",
    ]
)
WORDS = st.sampled_from(["", None, "gpt-4o", "ü", "bob@example.org", "sk-" + "a" * 24, "10.0.0.1", "+49 170 123 4567"])


ODD: dict[str, Any] = {
    "request_id": st.sampled_from(["", "a_batch_cost", "r-2"]),
    "session_id": WORDS,
    "litellm_call_id": WORDS,
    "prompt_tokens": COUNTS,
    "completion_tokens": COUNTS,
    "startTime": TIMES,
    "endTime": TIMES,
    "completionStartTime": TIMES,
    "spend": st.sampled_from([0, None, -1, 1e-13, 0.1 + 0.2, 1e9, "0.5", 5e-324, True]),
    "status": st.sampled_from(["success", "failure", None, 5]),
    "model": WORDS,
    "end_user": WORDS,
    "user": WORDS,
    "api_key": WORDS,
    "team_id": WORDS,
    "request_tags": st.sampled_from([[], None, ["feature:x", "team:y", "tier:2"], '["tier:1"]', [5], "x"]),
    "cache_hit": st.sampled_from(["True", True, None, 3]),
    "messages": st.sampled_from([{}, [], None, "", [{"role": "user", "content": "Summarise this, please"}]]),
    "metadata": st.none(),
}
METADATA = {
    "usage_object",
    "additional_usage_values",
    "cost_breakdown",
    "error_information",
    "user_api_key_alias",
    "user_api_key_team_alias",
    "original_model_group",
    "internal_call_origin",
}


@st.composite
def litellm(draw: Any) -> dict[str, Any]:
    """Draw a row that is mostly ordinary, and odd in one or two places."""
    row = litellm_row("r", "2026-10-01T10:00:00", prompt=100, completion=5, spend="0.01")
    row["metadata"] = {"usage_object": {"prompt_tokens_details": {"cached_tokens": draw(st.integers(0, 120))}}}
    odd = ODD | {"metadata": st.one_of(st.sampled_from([None, "{}", '{"usage_object":{}}', {}, 7]), _metadata())}
    for key in draw(st.lists(st.sampled_from(sorted(odd)), max_size=2, unique=True)):
        row[key] = draw(odd[key])
    for key in draw(st.lists(st.sampled_from(sorted(row)), max_size=1)):
        del row[key]
    return row


def _metadata() -> st.SearchStrategy[Any]:
    prompt = st.fixed_dictionaries(
        {},
        optional={
            "cached_tokens": COUNTS,
            "cache_write_tokens": COUNTS,
            "cache_creation_tokens": COUNTS,
            "cache_creation_token_details": st.sampled_from([None, {"ephemeral_5m_input_tokens": 3}]),
        },
    )
    usage = st.fixed_dictionaries(
        {},
        optional={
            "prompt_tokens_details": st.one_of(st.none(), prompt),
            "completion_tokens_details": st.fixed_dictionaries({}, optional={"reasoning_tokens": COUNTS}),
            "cache_read_input_tokens": COUNTS,
            "cache_creation_input_tokens": COUNTS,
        },
    )
    return st.fixed_dictionaries(
        {"usage_object": st.one_of(st.none(), usage)},
        optional={
            "user_api_key_alias": WORDS,
            "original_model_group": WORDS,
            "internal_call_origin": WORDS,
            "error_information": st.sampled_from([None, {"error_code": "429"}]),
            "user_api_key_team_alias": WORDS,
            "additional_usage_values": st.one_of(st.none(), usage),
            "cost_breakdown": st.sampled_from([None, {"total_cost": 0.5, "service_tier": "flex"}, {"total_cost": "x"}]),
        },
    )


def read(data: bytes, form: Format, *, by_columns: bool) -> tuple[list[Any], Any]:
    """Return rows and the account of the others, by columns or record by record."""
    layout = Layout("lines")
    mixed = decoder_of(Job((form.name,), layout, {}, Setup(b"k" * 32)))
    if by_columns:
        done = decode_block(mixed, Block(1, data), layout)
        batches, tally = done.batches, done.tally
    else:
        mixed.decoders[0]._by_columns = False
        tally = Tally()
        batches = mixed.batches(text_lines(Block(1, data), tally), tally)
    rows = [row for _, batch in batches for row in batch.to_pylist()]
    rejects = sorted((each.line, each.reason, each.field) for each in tally.rejects)
    return rows, (tally.records, rejects, dict(tally.ignored), tally.masked)


def test_a_plain_row_is_ordinary() -> None:
    """Else what is drawn below would all be left to `convert`, and the two ways would be one."""
    (form,) = WITH_COLUMNS
    row = litellm_row("r", "2026-10-01T10:00:00", prompt=100, completion=5, spend="0.01")
    context = decoder_of(Job((form.name,), Layout("lines"), {}, Setup(b"k" * 32))).decoders[0]._context
    for messages in ({}, None, [], ""):
        decoded = msgspec.json.decode(msgspec.json.encode(row | {"messages": messages}), type=SpendLog)
        assert form.columns is not None
        made, left = form.columns([decoded], context)
        assert (len(made["request_id"]), left) == (1, [])


def test_there_are_formats_with_columns() -> None:
    assert [form.name for form in WITH_COLUMNS] == ["litellm"]


def test_every_field_of_a_row_is_drawn() -> None:
    """A field that is read but not drawn could be read one way in rows and another way in columns."""
    assert set(SpendLog.__struct_fields__) <= set(ODD) | {"call_type", "model_group", "custom_llm_provider"}
    assert set(Metadata.__struct_fields__) == METADATA


@settings(max_examples=40, deadline=None)
@given(drawn=_metadata())
def test_drawn_metadata_is_known_by_name(drawn: dict[str, Any]) -> None:
    assert set(drawn) <= METADATA


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(litellm(), min_size=1, max_size=6),
    junk=st.lists(st.sampled_from([b"", b"  ", b"{", b"[1]", b"{}{}", b'{"a":1} ', b"null"]), max_size=1),
    place=st.integers(0, 6),
)
def test_litellm_columns_equal_litellm_rows(rows: list[dict[str, Any]], junk: list[bytes], place: int) -> None:
    lines = [msgspec.json.encode(row) for row in rows]
    lines[place:place] = junk
    data = b"\n".join(lines)
    (form,) = WITH_COLUMNS
    assert read(data, form, by_columns=True) == read(data, form, by_columns=False)


def test_most_of_a_real_month_is_cut_and_equals_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with all the columns of the table, of several providers, some failed or odd, some planted to be rejected."""
    (form,) = WITH_COLUMNS
    data = gzip.decompress((Path(__file__).parents[2] / "sample_logs" / "litellm.jsonl.gz").read_bytes()).rstrip(b"\n")
    assert form.cut is not None
    cut = []
    spied = form.cut._replace(columns=lambda lines, firsts: cut.append(len(lines)) or form.cut.columns(lines, firsts))
    monkeypatch.setattr(registry, "known_named", lambda _: dataclasses.replace(form, cut=spied))
    found = read(data, form, by_columns=True)
    assert sum(cut) > 0.9 * data.count(b"\n")
    assert found == read(data, form, by_columns=False)


def cut_equal_to_rows(rows: list[dict[str, Any]]) -> tuple[Any, Any]:
    """Return the places of the rows that are cut, and which are odd; the whole has to equal what is read row by row."""
    data = b"\n".join(msgspec.json.encode(row) for row in rows)
    (form,) = WITH_COLUMNS
    decoder = decoder_of(Job((form.name,), Layout("lines"), {}, Setup(b"k" * 32))).decoders[0]
    assert decoder._cutter is not None
    made = decoder._cutter.columns(data, len(rows))
    assert made is not None
    assert read(data, form, by_columns=True) == read(data, form, by_columns=False)
    return made[1], made[2]


@pytest.mark.parametrize("place", [0, 70])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("startTime", "2026-13-45T25:61:00"),
        ("startTime", "x"),
        ("endTime", "2026-10-01T10:00:00Z"),
        ("prompt_tokens", 2.5),
        ("spend", -1),
        ("completion_tokens", 10**12),
    ],
)
def test_an_odd_value_takes_out_its_line_and_not_its_block(key: str, value: Any, place: int) -> None:
    rows = [litellm_row(f"r{n}", "2026-10-01T10:00:00", prompt=100, completion=5, spend="0.01") for n in range(140)]
    rows[place] = rows[place] | {key: value}
    places, odd = cut_equal_to_rows(rows)
    assert len(places) == len(rows)
    assert np.flatnonzero(odd).tolist() == [place]


@pytest.mark.parametrize(
    "more", [{}, {"metadata": {}}, {"metadata": None}, {"metadata": {"usage_object": None}}], ids=str
)
def test_rows_without_a_usage_object_are_cut(more: dict[str, Any]) -> None:
    plain = [litellm_row(f"r{n}", "2026-10-01T10:00:00", prompt=100, completion=5, spend="0.01") for n in range(140)]
    rows = [{key: value for key, value in row.items() if key != "metadata"} | more for row in plain]
    places, odd = cut_equal_to_rows(rows)
    assert (len(places), odd.any()) == (len(rows), False)


@pytest.mark.parametrize(
    "data",
    [b'{"a":1}{"b":2}\n{"c":{}}', b'{"a":\n1}', b'{"a":1}\r\n{"a":2}', b"{}\n\n{}", b'{"a":NaN}', b'{"a":1,"a":2}'],
)
def test_lines_that_only_look_like_objects_are_told_apart(data: bytes) -> None:
    (form,) = WITH_COLUMNS
    assert read(data, form, by_columns=True) == read(data, form, by_columns=False)


@st.composite
def damaged(draw: Any) -> bytes:
    """Draw lines of one shape, with values of different lengths, and change, drop or add one byte."""
    rows = []
    for number in range(6):
        row = litellm_row(
            f"r{10**number}", f"2026-10-01T10:00:0{number}", prompt=10**number, completion=5, spend="1e-05"
        )
        usage = {"prompt_tokens_details": {"cached_tokens": number}, "ü": [{}, 1.5e-7, "x" * number, True, None]}
        rows.append(row | {"metadata": {"usage_object": usage, "user_api_key_alias": "k"}, "unknown": [0.5, "a"]})
    data = b"\n".join(msgspec.json.encode(row) for row in rows)
    place = draw(st.integers(0, len(data) - 1))
    byte = draw(
        st.sampled_from([b'"', b"{", b"}", b"[", b",", b":", b"0", b"-", b"e", b".", b"n", b"\n", b"\\", b"\xff"])
    )
    kept = draw(st.integers(0, 1))
    return data[:place] + draw(st.sampled_from([byte, b""])) + data[place + kept :]


@settings(max_examples=400, deadline=None)
@given(data=damaged())
def test_damaged_lines_are_told_apart(data: bytes) -> None:
    (form,) = WITH_COLUMNS
    assert read(data, form, by_columns=True) == read(data, form, by_columns=False)


def test_lines_of_one_shape_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would compare the slow way with itself."""
    rows = [litellm_row(f"r{n}", "2026-10-01T10:00:00", prompt=10**n, completion=5, spend="0.01") for n in range(9)]
    rows = [row | {"metadata": {"usage_object": {"x": "y" * n}}} for n, row in enumerate(rows)]
    (form,) = WITH_COLUMNS
    lines = [msgspec.json.encode(row) for row in rows]
    monkeypatch.setattr(alike, "MIN_ALIKE", 1)
    (found,) = alike.Shapes().of(b"\n".join(lines))
    assert found.places.tolist() == list(range(9))
    texts = alike.Together(b"\n".join(lines), [found]).values("prompt_tokens")
    assert texts is not None
    assert texts.to_pylist() == [str(10**n) for n in range(9)]
    assert form.cut is not None
