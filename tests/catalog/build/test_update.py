"""An update of the whole catalog: the same bytes again, and what becomes of rows that change."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from making import TODAY, litellm_wheel, moment

from llmaudit.catalog.build import update
from llmaudit.catalog.build.merge import Row
from llmaudit.catalog.build.write import with_previous
from llmaudit.catalog.compiled import read_compiled

LATER = TODAY + timedelta(days=20)
PRICES: dict[str, Any] = {
    "house-a": {"litellm_provider": "some_host", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    "house-b": {"litellm_provider": "some_host", "input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06},
}
NEWER: dict[str, Any] = {
    "house-a": {"litellm_provider": "some_host", "input_cost_per_token": 5e-06, "output_cost_per_token": 2e-06},
}


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def host_rows(folder: Path) -> list[tuple[str, ...]]:
    """Return sku, unit, price, start, end, learnt and superseded of the host's rows."""
    columns = ("sku", "unit", "usd", "valid_from", "valid_to", "learned_on", "superseded_on")
    with (folder / "some-host.csv").open(encoding="utf-8", newline="") as lines:
        return [tuple(line[name][:10] for name in columns) for line in csv.DictReader(lines)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a first build, and the wheel it was made from."""
    folder = tmp_path_factory.mktemp("build")
    wheel = litellm_wheel(folder, PRICES)
    update(folder / "first", litellm_wheel=wheel, on=TODAY, previous=None)
    return folder / "first", wheel


def test_the_same_inputs_give_the_same_bytes(built: tuple[Path, Path], tmp_path: Path) -> None:
    folder, wheel = built
    update(tmp_path / "again", litellm_wheel=wheel, on=TODAY, previous=None)
    assert contents(tmp_path / "again") == contents(folder)


def test_run_again_over_its_own_output_nothing_changes(built: tuple[Path, Path], tmp_path: Path) -> None:
    folder, wheel = built
    report = update(tmp_path / "again", litellm_wheel=wheel, on=LATER, previous=folder)
    assert contents(tmp_path / "again") == contents(folder)
    assert (report.new, report.changed, report.superseded) == (0, 0, 0)


def test_every_row_can_be_read_back(built: tuple[Path, Path]) -> None:
    compiled = read_compiled(built[0])
    rates = [rate for key in compiled.rows for rate in compiled.rates(key, None)]
    assert len(rates) == sum(json.loads((built[0] / "BUILD.json").read_text(encoding="utf-8"))["rows"].values())
    assert all(rate.start < rate.end for rate in rates)


def test_no_two_rows_of_a_rate_overlap(built: tuple[Path, Path]) -> None:
    compiled = read_compiled(built[0])
    last: dict[tuple[Any, ...], Any] = {}
    for key in compiled.rows:
        for rate in sorted(compiled.rates(key, None), key=lambda rate: rate.start):
            of = (*key, rate.unit, rate.when)
            assert of not in last or last[of] <= rate.start, of
            last[of] = rate.end


def test_a_changed_price_and_one_that_is_gone(built: tuple[Path, Path], tmp_path: Path) -> None:
    folder, _ = built
    wheel = litellm_wheel(tmp_path, NEWER, version="9.9.10")
    report = update(tmp_path / "next", litellm_wheel=wheel, on=LATER, previous=folder)
    first, newest = "2026-11-02", "2026-11-04"  # LiteLLM's day; the newest day any package speaks of
    rows = host_rows(tmp_path / "next")
    learned, later = TODAY.isoformat(), LATER.isoformat()
    assert ("house-a", "output", "2", first, "", learned, "") in rows  # unchanged: learnt on the first day
    assert ("house-a", "input", "5", first, "", later, "") in rows
    assert ("house-a", "input", "1", first, "", learned, later) in rows  # superseded, and still there
    assert ("house-b", "input", "3", first, "", learned, later) in rows
    assert ("house-b", "input", "3", first, newest, later, "") in rows  # it did hold, as long as it was seen
    assert report.superseded == 3
    with (tmp_path / "next" / "skus.csv").open(encoding="utf-8", newline="") as lines:
        assert any(line["sku"] == "house-b" for line in csv.DictReader(lines))


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_name_that_moved_keeps_its_past(built: tuple[Path, Path], tmp_path: Path) -> None:
    folder, wheel = built
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    names = table(before, "names.csv")
    moved = next(line for line in names if line["seller"] == "openai")
    other = next(line["sku"] for line in names if line["seller"] == "openai" and line["sku"] != moved["sku"])
    gone = {**moved, "name": "long-gone"}
    text = (before / "names.csv").read_text(encoding="utf-8")
    was, now = (",".join(line.values()) for line in (moved, {**moved, "sku": other}))
    (before / "names.csv").write_text(text.replace(was, now) + ",".join(gone.values()) + "\n", encoding="utf-8")
    update(tmp_path / "next", litellm_wheel=wheel, on=LATER, previous=before)
    newest = "2026-11-04T00:00:00Z"  # the newest day any package speaks of
    lines = [(n["name"], n["sku"], n["valid_from"], n["valid_to"]) for n in table(tmp_path / "next", "names.csv")]
    assert (moved["name"], other, moved["valid_from"], newest) in lines
    assert (moved["name"], moved["sku"], newest, "") in lines
    assert ("long-gone", moved["sku"], moved["valid_from"], newest) in lines


def test_every_source_is_named_and_none_is_idle(built: tuple[Path, Path]) -> None:
    known = {line["id"] for line in table(built[0], "sources.csv")}
    files = [
        path for path in built[0].glob("*.csv") if path.name not in {"sources.csv", "sellers.csv", "conflicts.csv"}
    ]
    assert {line["source"] for path in files for line in table(built[0], path.name)} == known


def row(usd: str, start: str, end: str | None = None, **other: Any) -> Row:
    known: dict[str, Any] = {"basis": "first-seen", "learned_on": None, "superseded_on": None, "source": "s"}
    known |= other
    return Row(
        seller="host", sku="m", unit="input", when="", usd=usd, original="", valid_from=moment(start),
        valid_to=moment(end) if end else None, firm_until=None, checked_on=None, agree="1/1", **known,
    )  # fmt: skip


OLD, NEW = date(2026, 11, 1), date(2026, 12, 1)


def merged(fresh: list[Row], previous: list[Row]) -> set[tuple[str, str, str, str, str]]:
    rows = with_previous(fresh, previous, NEW, date(2026, 11, 30))
    return {
        (r.usd, str(r.valid_from)[:10], str(r.valid_to)[:10], str(r.learned_on), str(r.superseded_on)) for r in rows
    }


def test_a_price_keeps_the_day_it_was_first_seen() -> None:
    before = row("2", "2026-10-01", learned_on=OLD)
    assert merged([row("2", "2026-11-25")], [before]) == {("2", "2026-10-01", "None", "2026-11-01", "None")}


def test_a_seen_price_that_changed_becomes_history() -> None:
    before = row("2", "2026-10-01", learned_on=OLD)
    assert merged([row("3", "2026-11-25")], [before]) == {
        ("2", "2026-10-01", "None", "2026-11-01", "2026-12-01"),
        ("2", "2026-10-01", "2026-11-25", "2026-12-01", "None"),
        ("3", "2026-11-25", "None", "2026-12-01", "None"),
    }


def test_history_made_so_stays_in_the_next_build() -> None:
    rows = with_previous([row("3", "2026-11-25")], [row("2", "2026-10-01", learned_on=OLD)], NEW, date(2026, 11, 30))
    again = with_previous([row("3", "2026-12-20")], rows, date(2026, 12, 24), date(2026, 12, 20))
    assert again == rows


def test_a_correction_of_the_record_supersedes_and_leaves_no_history() -> None:
    before = row("2", "2026-10-01", basis="documented", learned_on=OLD)
    fresh = row("3", "2026-10-01", basis="documented")
    assert merged([fresh], [before]) == {
        ("2", "2026-10-01", "None", "2026-11-01", "2026-12-01"),
        ("3", "2026-10-01", "None", "2026-12-01", "None"),
    }


def test_a_superseded_row_is_kept_for_ever() -> None:
    past = row("1", "2026-09-01", learned_on=OLD, superseded_on=OLD)
    fresh = row("2", "2026-10-01")
    assert past in with_previous([fresh], [past], NEW, NEW)
    assert past in with_previous([], [past, replace(fresh, learned_on=OLD)], NEW, NEW)
