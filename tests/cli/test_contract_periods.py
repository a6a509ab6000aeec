"""The period of a run: its bounds, the zone of its days, and what an empty one ends with."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import write_jsonl
from running import Run

PERIODS = {
    "all": ("", "a-1 a-2 a-3 a-4 a-5 a-6"),
    "start is in": ("--since 2026-10-02", "a-3 a-4 a-5 a-6"),
    "end is out": ("--until 2026-10-02", "a-1 a-2"),
    "one day": ("--since 2026-10-02 --until 2026-10-03", "a-3 a-4 a-5 a-6"),
    "instants": ("--since 2026-10-02T12:00:00Z --until 2026-10-02T13:00:00Z", "a-5"),
    "an offset": ("--since 2026-10-02T00:00:00+02:00", "a-2 a-3 a-4 a-5 a-6"),
    "month": ("--month 2026-10", "a-1 a-2 a-3 a-4 a-5 a-6"),
    "month before": ("--month 2026-09", ""),
    "zone of a date": ("--timezone Europe/Berlin --since 2026-10-02", "a-2 a-3 a-4 a-5 a-6"),
    "zone of an end": ("--timezone Europe/Berlin --until 2026-10-02", "a-1"),
    "zone of a month": ("--timezone Pacific/Kiritimati --month 2026-09", ""),
    "a written offset beats the zone": ("--timezone Europe/Berlin --since 2026-10-02T00:00:00Z", "a-3 a-4 a-5 a-6"),
}


@pytest.mark.parametrize("what", PERIODS)
def test_periods(call: Run, small_db: Path, what: str) -> None:
    flags, ids = PERIODS[what]
    rows = call("requests", "--db", small_db, "--json", *flags.split()).json["rows"]
    assert [row["request_id"] for row in rows] == ids.split()
    status = call("status", "--db", small_db, "--json", *flags.split()).json
    assert status["requests"] == len(rows)
    started = sorted(row["started_at"] for row in rows)
    assert (status["first_at"], status["last_at"]) == ((started[0], started[-1]) if started else (None, None))


def test_days_are_of_the_zone(call: Run, small_db: Path) -> None:
    def days(*flags: str) -> dict[str, int]:
        document = call("report", "--db", small_db, "--json", *flags).json
        return {row["name"]: row["requests"] for row in document["spend"]["by_day"]}

    assert days() == {"2026-10-01": 2, "2026-10-02": 4}
    assert days("--timezone", "Europe/Berlin") == {"2026-10-01": 1, "2026-10-02": 4, "2026-10-03": 1}


def test_month_over_the_end_of_summer_time(call: Run, small_db: Path) -> None:
    document = call("report", "--db", small_db, "--json", "--month", "2026-10", "--timezone", "Europe/Berlin").json
    assert (document["since"], document["until"]) == ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
    assert document["timezone"] == "Europe/Berlin"


def test_period_of_ingest_is_ignored_not_lost(call: Run, small_log: Path) -> None:
    document = call("ingest", small_log, "--since", "2026-10-02", "--json").json
    assert (document["totals"]["accepted"], document["totals"]["ignored"]) == (4, 2)
    assert document["totals"]["lines"] == 6


ANALYSES = (
    "report",
    "reprice",
    "markup",
    "markup letter openrouter --out letter.md",
    "checklist",
    "plan optimize",
    "plan optimize --allow-unproven",
    "plan frontier",
    "plan payback",
    "plan payback --days 30",
)
"""Commands that conclude something from the requests of a period; `check`, `baseline`, `shadow` have own words."""


@pytest.mark.parametrize("line", ANALYSES)
def test_an_empty_period_is_no_finding(call: Run, small_db: Path, tmp_path: Path, line: str) -> None:
    done = call(*line.split(), "--db", small_db, "--month", "2020-01")
    assert done.code == 4
    assert "from 2020-01-01T00:00Z to 2020-02-01T00:00Z" in done.err
    assert "[nothing-in-period]" in done.err
    assert "--month" in done.err
    assert not (tmp_path / "letter.md").exists()


@pytest.mark.parametrize(
    "line",
    ["plan frontier", "plan optimize", "plan payback", "shadow design", "shadow sample", "baseline save b.json"],
)
def test_too_little_data_is_one_document_with_every_key(call: Run, small_db: Path, line: str) -> None:
    """The keys are those of an answer; what is not known is null, and the reason that is on stderr stands in it."""
    unproven = ["--allow-unproven"] if line == "plan optimize" else []
    full = call(*line.split(), *unproven, "--db", small_db, "--json")
    done = call(*line.split(), "--db", small_db, "--month", "2020-01", "--json")
    assert done.code == 4
    found, answered = done.json, full.json
    (reason,) = found["warnings"]
    assert reason in done.err
    if full.code == 0:  # without outcomes there is no frontier of the small log either
        assert set(found) == {*answered, "warnings"}
    assert found["schema"] == answered["schema"]
    assert call(*line.split(), "--db", small_db, "--month", "2020-01").out == ""


@pytest.mark.parametrize("name", ["report", "reprice", "markup", "checklist", "reconcile"])
def test_an_empty_period_is_still_one_document(call: Run, small_db: Path, name: str) -> None:
    done = call(name, "--db", small_db, "--month", "2020-01", "--json")
    assert (done.code, done.json["catalog_version"] is None) == (4, False)


@pytest.mark.parametrize(
    ("bound", "said"), [("--since", "since 2030-01-01T00:00Z"), ("--until", "before 2020-01-01T00:00Z")]
)
def test_an_empty_period_with_one_bound(call: Run, small_db: Path, bound: str, said: str) -> None:
    done = call("reprice", "--db", small_db, bound, said.split()[1][:10])
    assert (done.code, done.out) == (4, "")
    assert f"there is no request {said}: nothing" in done.err


def test_markup_of_requests_without_a_gateway(call: Run, tmp_path: Path) -> None:
    """There are requests, so the period is not empty; none of them went through a gateway."""
    answers = [{"id": "resp_1", "object": "response", "created_at": 1790848800, "model": "gpt-5.6-luna", "output": []}]
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    log = write_jsonl(tmp_path / "direct.jsonl", [one | {"status": "completed", "usage": usage} for one in answers])
    assert call("ingest", log, "--db", "a.duckdb").code == 0
    done = call("markup", "--db", "a.duckdb")
    assert (done.code, done.out.splitlines()[0][:37]) == (0, "No request went through a gateway tha")
    assert call("markup", "--db", "a.duckdb", "--json").json["gateways"] == []
    assert call("markup", "--db", "a.duckdb", "--month", "2020-01").code == 4
    letter = call("markup", "letter", "openrouter", "--out", "x.md", "--db", "a.duckdb")
    assert (letter.code, "[no-such-gateway]" in letter.err) == (5, True)
