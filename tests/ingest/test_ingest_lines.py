"""One bad line among good ones: it is rejected with its reason and place, and costs no other line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from logs import decode_file, line, lines, write

from llmaudit.ingest import blocks, read, records


def changed(old: bytes, new: bytes) -> bytes:
    """Return a good line with a piece replaced."""
    good = line(2)
    assert old in good
    return good.replace(old, new)


BAD = {
    "cut off": (line(2)[:40], "malformed-json", None),
    "two objects glued together": (line(2) + line(3), "malformed-json", None),
    "trailing garbage": (line(2) + b"x", "malformed-json", None),
    "an array": (b"[1]", "wrong-type", None),
    "a number": (b"17", "wrong-type", None),
    "a string": (b'"text"', "wrong-type", None),
    "null": (b"null", "wrong-type", None),
    "no JSON": (b"Traceback (most recent call last):", "malformed-json", None),
    "a raw NUL": (changed(b'"r-2"', b'"r\x002"'), "malformed-json", None),
    "NULs only": (b"\0\0\0", "malformed-json", None),
    "bad UTF-8": (changed(b'"r-2"', b'"r\xff2"'), "not-utf8", None),
    "a lone surrogate": (changed(b'"r-2"', rb'"r\ud8002"'), "malformed-json", None),
    "NaN as cost": (changed(b"0.002", b"NaN"), "malformed-json", None),
    "Infinity as text": (changed(b"0.002", b'"Infinity"'), "absurd-amount", "spend"),
    "1e400 as cost": (changed(b"0.002", b"1e400"), "absurd-amount", "spend"),
    "1e400 as tokens": (changed(b":20,", b":1e400,"), "out-of-range", "prompt_tokens"),
    "true as tokens": (changed(b":20,", b":true,"), "wrong-type", "prompt_tokens"),
    "text as tokens": (changed(b":20,", b':"20",'), "wrong-type", "prompt_tokens"),
    "a fraction of a token": (changed(b":20,", b":2.7,"), "not-an-integer", "prompt_tokens"),
    "a negative count": (changed(b":20,", b":-20,"), "out-of-range", "prompt_tokens"),
    "more than 64 bits": (changed(b":20,", b":18446744073709551616,"), "out-of-range", "prompt_tokens"),
    "ten thousand digits": (changed(b":20,", b":" + b"9" * 10_000 + b","), "out-of-range", None),
    "nested without end": (line(2)[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested-too-deep", None),
    "a list as metadata": (line(2, metadata=[1]), "wrong-type", "metadata"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_rejected_and_its_neighbours_are_read(name: str, tmp_path: Path) -> None:
    bad, reason, field = BAD[name]
    rows, tally = decode_file(write(tmp_path / "log.jsonl", b"\n".join([line(1), bad, line(3), b""])))
    assert [row["request_id"] for row in rows] == ["r-1", "r-3"]
    assert [(reject.line, reject.reason) for reject in tally.rejects] == [(2, reason)]
    assert field in {tally.rejects[0].field, None}
    assert tally.records == 3


GOOD = {
    "Windows line ends": lines([1, 2]).replace(b"\n", b"\r\n"),
    "old Mac line ends": lines([1, 2]).replace(b"\n", b"\r"),
    "no line end at the end": lines([1, 2]).removesuffix(b"\n"),
    "a byte-order mark": b"\xef\xbb\xbf" + lines([1, 2]),
    "a first line of white space": b" \t\n" + lines([1, 2]),
    "spaces around": b"  " + line(1) + b"  \n\t" + line(2) + b"\n",
    "blank lines between": line(1) + b"\n\n \r\n" + line(2) + b"\n\n",
    "keys nobody knows": line(1, new={"a": [1, 2]}) + b"\n" + line(2, prompt="x") + b"\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_an_odd_file_of_two_good_lines_gives_two_rows(name: str, tmp_path: Path) -> None:
    rows, tally = decode_file(write(tmp_path / "log.jsonl", GOOD[name]))
    assert [row["request_id"] for row in rows] == ["r-1", "r-2"]
    assert tally.rejects == []
    assert tally.records == 2 + tally.ignored.total()


def test_of_a_key_that_comes_twice_the_last_counts(tmp_path: Path) -> None:
    (row,), tally = decode_file(write(tmp_path / "log.jsonl", changed(b"0.002", b'0.1,"spend":9.9') + b"\n" + b"\n"))
    assert float(row["billed_amount"]) == 9.9
    assert tally.rejects == []


@pytest.mark.parametrize("chunk", [4, 7, 1000, 1 << 22])
def test_lines_do_not_depend_on_how_they_are_read(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BYTES", chunk)
    text = b"\xef\xbb\xbfone\n\n" + b"x" * 3000 + b"\r\nlast"
    with read.opened(write(tmp_path / "text", text)) as content:
        found = [
            (number, found)
            for block in blocks.blocks(content)
            for number, found in enumerate(block.lines(), block.first_line)
        ]
    assert found == [(1, b"one"), (2, b""), (3, b"x" * 3000 + b"\r"), (4, b"last")]


@pytest.mark.parametrize("chunk", [100, 999, 1000, 1001, 5000, 1 << 22])
def test_a_line_too_long_is_read_past(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BYTES", chunk)
    for module in (blocks, records):
        monkeypatch.setattr(module, "MAX_LINE_BYTES", 1000)
    long = line(2, x="y" * 2000)
    rows, tally = decode_file(write(tmp_path / "log.jsonl", b"\n".join([long, line(1), long, line(3), long])))
    assert [row["request_id"] for row in rows] == ["r-1", "r-3"]
    assert [(reject.line, reject.reason) for reject in tally.rejects] == [(n, "line-too-long") for n in (1, 3, 5)]


def test_two_thousand_single_byte_mutations_lose_no_line(tmp_path: Path) -> None:
    good = lines(range(1, 6))
    dice = random.Random(7)  # noqa: S311 -- repeatable damage, not cryptography
    path = tmp_path / "log.jsonl"
    for _ in range(2000):
        mutated = bytearray(good)
        mutated[dice.randrange(len(good))] = dice.randrange(256)
        path.write_bytes(mutated)
        rows, tally = decode_file(path)
        assert tally.records == len(rows) + len(tally.rejects) + tally.ignored.total()
        assert tally.records == bytes(mutated).removesuffix(b"\n").count(b"\n") + 1
        assert len(rows) >= 3, bytes(mutated)  # one byte damages one line, or two by joining or splitting them
