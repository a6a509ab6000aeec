"""How records lie in a file: lines, an array, an envelope, CSV. The same records are the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from logs import decode_file, lines, row, write

from llmaudit.errors import InputError
from llmaudit.ingest import blocks, delimited, documents
from llmaudit.ingest.detect import detect
from llmaudit.ingest.layout import layout_of

ROWS = [row(1), row(2)]
PRETTY = msgspec.json.format(msgspec.json.encode(ROWS), indent=2)
JSON_FILES = {
    "lines": (lines([1, 2]), "lines"),
    "an array": (msgspec.json.encode(ROWS), "document"),
    "an array, printed over many lines": (PRETTY, "document"),
    "an array with a record a line": (b"[\n" + b",\n".join(map(msgspec.json.encode, ROWS)) + b"\n]\n", "document"),
    "an envelope": (msgspec.json.encode({"object": "list", "data": ROWS}) + b"\n", "document"),
    "an envelope over many lines": (b'{\n  "count": 2,\n  "requests": ' + PRETTY + b"\n}", "document"),
    "lines, the first of them cut off": (b'{"request_id":"r\n' + lines([1, 2]), "lines"),
    "lines, the first of them garbage": (b"starting, please wait\n" + lines([1, 2]), "lines"),
    "lines, the first of them an array": (b"[1]\n" + lines([1, 2]), "lines"),
}


@pytest.mark.parametrize("name", JSON_FILES)
def test_records_are_found_however_they_lie(name: str, tmp_path: Path) -> None:
    data, container = JSON_FILES[name]
    path = write(tmp_path / "log", data)
    assert layout_of(data).container == container
    found = detect(path)
    assert found.form is not None
    assert found.form.name == "litellm"
    rows, _ = decode_file(path)
    assert [one["request_id"] for one in rows] == ["r-1", "r-2"]


def test_one_record_printed_over_many_lines_is_one_record(tmp_path: Path) -> None:
    rows, tally = decode_file(write(tmp_path / "log", msgspec.json.format(msgspec.json.encode(row(1)), indent=2)))
    assert (len(rows), tally.records) == (1, 1)


def test_an_element_that_cannot_be_used_is_rejected_by_its_number(tmp_path: Path) -> None:
    rows, tally = decode_file(write(tmp_path / "log", msgspec.json.encode([row(1), 5, row(2, spend=-1), row(3)])))
    assert [one["line"] for one in rows] == [1, 4]
    assert [(one.line, one.reason) for one in tally.rejects] == [(2, "wrong-type"), (3, "absurd-amount")]


def test_a_document_too_large_to_decode_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 100)
    with pytest.raises(InputError) as caught:
        decode_file(write(tmp_path / "log", msgspec.json.encode(ROWS)))
    assert caught.value.slug == "document-too-large"


HEADER = (
    "generation_id,created_at,cost_total,byok_usage_inference,tokens_prompt,tokens_completion,tokens_cached,"
    "model_permaslug,app_name"
)


def csv_row(number: int, name: str = "app") -> str:
    return f"gen-{number},2026-10-01 09:00:00.123,0.00{number},0,{10 * number},{number},0,a/b,{name}"


def decode_csv(path: Path, text: str | bytes) -> tuple[list[Any], list[Any], Any]:
    """Return request ids, rejects as (line, reason), and the tally."""
    data = text if isinstance(text, bytes) else text.encode()
    rows, tally = decode_file(write(path / "activity.csv", data), "openrouter")
    assert tally.records == len(rows) + len(tally.rejects) + tally.ignored.total()
    return [one["request_id"] for one in rows], [(one.line, one.reason) for one in tally.rejects], tally


ONE, TWO, THREE, FOUR = map(csv_row, (1, 2, 3, 4))
QUOTED_COMMA, QUOTED_LINE_END = csv_row(1, '"a, b"'), csv_row(1, '"a\nb"')
OPEN, OPEN_TOO, CLOSED_EARLY = csv_row(1, '"oops'), csv_row(3, '"'), csv_row(1, '"a"b')
CSV_FILES: dict[str, tuple[list[str], list[str], list[tuple[int, str]]]] = {
    "plain": ([ONE, TWO, ""], ["gen-1", "gen-2"], []),
    "Windows line ends": ([f"{ONE}\r", f"{TWO}\r", ""], ["gen-1", "gen-2"], []),
    "no line end at the end": ([ONE], ["gen-1"], []),
    "blank lines": (["", ONE, "  ", ""], ["gen-1"], []),
    "a short row": ([ONE, "gen-2,2026", THREE], ["gen-1", "gen-3"], [(3, "field-count")]),
    "a long row": ([f"{ONE},x", THREE], ["gen-3"], [(2, "field-count")]),
    "a row of totals": ([ONE, "Total,,0.001,0,10,1,0,,"], ["gen-1"], [(3, "not-a-time")]),
    "a comma in quotes": ([QUOTED_COMMA], ["gen-1"], []),
    "a line end in quotes": ([QUOTED_LINE_END, TWO], ["gen-1", "gen-2"], []),
    "a quote that never closes": ([OPEN, TWO, THREE], ["gen-2", "gen-3"], [(2, "malformed-csv")]),
    "two of them": ([OPEN, TWO, OPEN_TOO, FOUR], ["gen-4"], [(n, "malformed-csv") for n in (2, 3, 4)]),
    "text after a closing quote": ([CLOSED_EARLY, TWO], ["gen-2"], [(2, "malformed-csv")]),
    "bad UTF-8": ([ONE, csv_row(2, "\udcff"), THREE], ["gen-1", "gen-3"], [(3, "not-utf8")]),
}


@pytest.mark.parametrize("chunk", [50, 1 << 22])
@pytest.mark.parametrize("name", CSV_FILES)
def test_a_csv_row_is_read_or_rejected_and_costs_no_other(name: str, chunk: int, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BYTES", chunk)
    rows, ids, rejects = CSV_FILES[name]
    text = "\n".join([HEADER, *rows]).encode("utf-8", "surrogateescape")
    assert decode_csv(tmp_path, text)[:2] == (ids, rejects)


@pytest.mark.parametrize("before", ["\ufeff", "\n", " \r\n"])
def test_what_stands_before_the_header_is_passed_over(before: str, tmp_path: Path) -> None:
    assert decode_csv(tmp_path, f"{before}{HEADER}\n{ONE}\n")[:2] == (["gen-1"], [])


def test_columns_are_read_by_name_in_any_order_and_others_are_passed_over(tmp_path: Path) -> None:
    names, cells = [*HEADER.split(","), "api_key_disabled"], [*csv_row(7).split(","), "false"]
    reordered = f"{','.join(reversed(names))}\n{','.join(reversed(cells))}\n"
    rows, _ = decode_file(write(tmp_path / "a.csv", reordered.encode()), "openrouter")
    assert [(one["request_id"], one["input_tokens"], one["output_tokens"]) for one in rows] == [("gen-7", 70, 7)]


def test_a_quote_that_stays_open_for_long_costs_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_RECORD_LINES", 10)
    rows = [csv_row(1, '"oops'), *(csv_row(n) for n in range(2, 40))]
    ids, rejects, _ = decode_csv(tmp_path, "\n".join([HEADER, *rows]))
    assert (len(ids), rejects) == (38, [(2, "malformed-csv")])


def test_a_cell_cannot_forge_a_row(tmp_path: Path) -> None:
    forged = csv_row(1, f'"x\n{csv_row(666)}\ny"')
    ids, rejects, _ = decode_csv(tmp_path, f"{HEADER}\n{forged}\n{csv_row(2)}\n")
    assert ids == ["gen-2"]
    assert [line for line, _ in rejects] == [2, 3, 4]


def test_a_header_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        decode_csv(tmp_path, f"{HEADER},cost_total\n{csv_row(1)},9\n")
    assert (caught.value.slug, "cost_total" in str(caught.value)) == ("column-twice", True)


def test_a_header_without_rows_is_no_log(tmp_path: Path, load) -> None:
    result = load(write(tmp_path / "a.csv", f"{HEADER}\n".encode()))
    assert [failure.slug for failure in result.failures] == ["nothing-accepted"]
    assert "no record" in str(result.failures[0])
