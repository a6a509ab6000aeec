"""Every format is recognised by its sample and by variants of it, and gives the same rows from each.

The sample of a format is `sample_logs/formats/NAME.*`, or `sample_logs/NAME*` where the invented month has one; the
golden rows are under `sample:` in the format's YAML file.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from format_cases import decoded_file, documents
from running import ROOT

from llmaudit.formats.base import Format
from llmaudit.ingest.registry import known

LINES = 300
"""Of a large sample so many lines are looked at."""


def samples(form: Format) -> list[Path]:
    found = sorted((ROOT / "sample_logs" / "formats").glob(f"{form.name}.*"))
    return found or sorted(path for path in (ROOT / "sample_logs").glob(f"{form.name}.*"))


def folder_sample(form: Format) -> list[Path]:
    return sorted(path for path in (ROOT / "sample_logs" / form.name).glob("*.jsonl"))[:1]


SAMPLES = [(form, path) for form in known() for path in (samples(form) or folder_sample(form))]


@pytest.mark.parametrize("form", known(), ids=lambda form: form.name)
def test_every_format_has_a_sample(form: Format) -> None:
    assert any(each.name == form.name for each, _ in SAMPLES)


@pytest.mark.parametrize(("form", "path"), SAMPLES, ids=lambda value: getattr(value, "name", value))
def test_a_sample_is_what_it_is_named_for(form: Format, path: Path) -> None:
    rows, _ = decoded_file(path, form.name)
    assert rows
    golden = documents()[form.name].get("sample")
    if golden is not None and path == SAMPLES[[each.name for each, _ in SAMPLES].index(form.name)][1]:
        shown = [{column: row.get(column) for column in said} for row, said in zip(rows, golden, strict=False)]
        assert (len(rows), shown) == (len(golden), golden)


def turned_around(value: Any) -> Any:
    """Return a JSON value with the keys of every object in reverse order."""
    if isinstance(value, dict):
        return {key: turned_around(inner) for key, inner in reversed(value.items())}
    return [turned_around(inner) for inner in value] if isinstance(value, list) else value


def json_lines(path: Path) -> list[Any]:
    """Return the values of a file of JSON lines, or nothing where it is none."""
    data = path.read_bytes()
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    values = []
    for line in data.splitlines()[:LINES]:
        try:
            values.append(msgspec.json.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return values if all(isinstance(value, dict) for value in values) else []


VARIANTS: dict[str, Callable[[list[Any]], bytes]] = {
    "as it is": lambda values: b"\n".join(map(msgspec.json.encode, values)),
    "other key order": lambda values: b"\n".join(msgspec.json.encode(turned_around(value)) for value in values),
    "more keys": lambda values: b"\n".join(
        msgspec.json.encode({"zz_added": {"later": 1}, **value, "zz_more": None}) for value in values
    ),
    "in an array": msgspec.json.encode,
    "in an envelope": lambda values: msgspec.json.encode({"count": len(values), "results": values}),
    "printed one after the other": lambda values: b"\n".join(
        msgspec.json.format(msgspec.json.encode(value), indent=2) for value in values
    ),
}
JSON_SAMPLES = [(form, path) for form, path in SAMPLES if "json" in form.reads and json_lines(path)]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("form", "path"), JSON_SAMPLES, ids=lambda value: getattr(value, "name", value))
def test_variants_of_a_json_sample_give_the_same_rows(form: Format, path: Path, variant: str, tmp_path: Path) -> None:
    values = json_lines(path)
    plain, other = tmp_path / path.name.partition(".gz")[0], tmp_path / variant / path.name.partition(".gz")[0]
    other.parent.mkdir()
    plain.write_bytes(VARIANTS["as it is"](values))
    other.write_bytes(VARIANTS[variant](values))
    assert without_place(decoded_file(other, form.name)[0]) == without_place(decoded_file(plain, form.name)[0])


def without_place(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows without the line, and without JSON texts, whose keys may stand in another order."""
    return [{k: v for k, v in row.items() if k not in {"line", "raw_usage", "tags", "prompt_hash"}} for row in rows]


TABLES = [(form, path) for form, path in SAMPLES if "table" in form.reads and ".csv" in path.name]


@pytest.mark.parametrize(("form", "path"), TABLES, ids=lambda value: getattr(value, "name", value))
def test_a_table_with_other_columns_and_another_dialect_gives_the_same_rows(
    form: Format, path: Path, tmp_path: Path
) -> None:
    data = path.read_bytes()
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) if row]
    width = len(rows[0])
    rows = [row for row in rows if len(row) == width]
    order = random.Random(1).sample(range(width), width)  # noqa: S311 -- any order will do
    plain, other = tmp_path / "plain.csv", tmp_path / "other.tsv"
    with plain.open("w", newline="") as sink:
        csv.writer(sink).writerows(rows)
    with other.open("w", newline="", encoding="utf-8-sig") as sink:
        moved = [[row[i] for i in order] + (["zz_added"] if n == 0 else ["x"]) for n, row in enumerate(rows)]
        csv.writer(sink, delimiter="\t").writerows(moved)
    assert without_place(decoded_file(other, form.name)[0]) == without_place(decoded_file(plain, form.name)[0])
