"""One call that two systems tell is one row: both files are remembered, the better word is kept, a conflict said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from logs import row, write

from llmaudit.ingest import commit, intake
from llmaudit.ingest.forget import forget, sources_named
from llmaudit.ingest.verify import verify

SAMPLES = Path(__file__).parents[2] / "sample_logs" / "formats"
ID = "chatcmpl-9f2c41d7"
USAGE = {"prompt_tokens": 100, "completion_tokens": 20}


def gateway(**changes: Any) -> bytes:
    """Return a LiteLLM row: 100 prompt tokens, 20 of output, $0.010, team and key."""
    return msgspec.json.encode(row(10, request_id=ID, prompt_tokens=100, completion_tokens=20, **changes))


def trace(**changes: Any) -> bytes:
    """Return the same call as an application logged it: with its feature, without an amount."""
    answer = {"id": ID, "object": "chat.completion", "created": 1790848800, "model": "gpt-4o", "choices": []}
    asked = {"model": "gpt-4o", "messages": [], "metadata": {"feature": "summary"}}
    return msgspec.json.encode({"request": asked, "response": {**answer, "usage": USAGE, **changes}})


FACTS = (
    "SELECT count(*), sum(input_tokens), sum(output_tokens), sum(billed_amount)::VARCHAR, max(feature) FROM requests"
)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("runs", [1, 2])
def test_a_gateways_row_and_a_trace_of_it_are_one_call(
    runs: int, order: tuple[int, int], tmp_path: Path, load, store
) -> None:
    paths = [write(tmp_path / "gateway.jsonl", gateway()), write(tmp_path / "trace.jsonl", trace())]
    ordered = [paths[n] for n in order]
    totals = [load(*run).totals for run in ([ordered] if runs == 1 else [[path] for path in ordered])]
    assert store.one(FACTS) == (1, 100, 20, "0.010000000000", "summary")
    assert sum(each.lines for each in totals) == 2
    assert (sum(each.accepted for each in totals), sum(each.duplicates for each in totals)) == (1, 1)
    told = store.rows(
        "SELECT s.path FROM sightings JOIN sources s USING (source_id) UNION"
        " SELECT s.path FROM requests JOIN sources s USING (source_id)"
    )
    assert {path for (path,) in told} == {str(path) for path in paths}
    assert store.rows("SELECT * FROM conflicts") == []


def test_what_the_two_contradict_each_other_in_is_a_conflict_and_the_first_counts(tmp_path: Path, load, store) -> None:
    load(write(tmp_path / "gateway.jsonl", gateway()))
    other = {"prompt_tokens": 100, "completion_tokens": 21, "cost": 0.02}
    result = load(write(tmp_path / "trace.jsonl", trace(usage=other)))
    assert result.files[0].conflicts == 1
    assert store.rows("SELECT request_id, fields FROM conflicts") == [(ID, "output_tokens,billed_amount")]
    assert store.one(FACTS)[:4] == (1, 100, 20, "0.010000000000")


def test_reported_usage_takes_the_place_of_missing_usage(tmp_path: Path, load, store) -> None:
    load(write(tmp_path / "trace.jsonl", trace(usage=None)))
    load(write(tmp_path / "gateway.jsonl", gateway()))
    assert store.rows("SELECT usage_status, input_tokens FROM requests") == [("reported", 100)]
    assert store.rows("SELECT sum_input_tokens, sum_output_tokens FROM sources ORDER BY source_id") == [
        (100, 20),
        (None, None),
    ]


def test_short_ids_are_not_taken_for_the_same_call(tmp_path: Path, load, store) -> None:
    load(write(tmp_path / "gateway.jsonl", gateway().replace(ID.encode(), b"17")))
    load(write(tmp_path / "trace.jsonl", trace().replace(ID.encode(), b"17")))
    assert store.one("SELECT count(*) FROM requests") == (2,)


def test_attempts_of_one_call_stay_apart(tmp_path: Path, load, store) -> None:
    attempts = [row(n, request_id=f"chatcmpl-attempt-{n}", session_id="s-1", litellm_call_id="c-1") for n in (1, 2)]
    load(write(tmp_path / "gateway.jsonl", b"\n".join(map(msgspec.json.encode, attempts))))
    assert store.rows("SELECT DISTINCT call_id FROM requests") == [("c-1",)]
    assert store.one("SELECT count(*) FROM requests") == (2,)


@pytest.mark.parametrize("group", [1, 7, 500])
def test_many_small_files_are_committed_together_and_accounted_for_one_by_one(
    group: int, tmp_path: Path, load, store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "GROUP_FILES", group)
    monkeypatch.setattr(intake, "BATCH_FILES", max(group // 2, 1))
    for number in range(30):
        lines = b"\n".join(msgspec.json.encode(row(number * 10 + n)) for n in (1, 2, 3))
        write(tmp_path / "logs" / f"{number:02}.jsonl", lines + (b"\nbad" if number == 7 else b""))
    write(tmp_path / "logs" / "99.jsonl", b'{"request_id": 5}')
    write(tmp_path / "logs" / "98.jsonl", (tmp_path / "logs" / "03.jsonl").read_bytes())
    result = load(tmp_path / "logs")
    assert (result.totals.accepted, result.totals.rejected, result.totals.duplicates) == (90, 1, 3)
    assert store.one("SELECT count(*), sum(accepted), sum(rejected) FROM sources") == (30, 90, 1)
    assert [file.skipped for file in result.files if file.skipped] == ["already ingested", "unknown format"]
    assert len(result.files) == 32


@pytest.mark.parametrize("earlier", [gateway(), trace()], ids=["same system", "other system"])
def test_records_noted_against_a_row_that_goes_follow_it(earlier: bytes, tmp_path: Path, load, store) -> None:
    """Of two new files with one call the second is noted against the first, whose row goes in favour of an old one."""
    load(write(tmp_path / "old.jsonl", earlier))
    load(write(tmp_path / "one.jsonl", gateway(model_group="a")), write(tmp_path / "two.jsonl", gateway(user="u-2")))
    assert [check.name for check in verify(store) if not check.ok] == []
    assert {kept for (kept,) in store.rows("SELECT kept_row_id FROM conflicts")} == {1}
    for name in ("old.jsonl", "one.jsonl"):
        forget(store, [source for source, _ in sources_named(store, str(tmp_path / name))])
    assert store.one(FACTS)[:4] == (1, 100, 20, "0.010000000000")
    assert [check.name for check in verify(store) if not check.ok] == []


def helicone(number: int, **changes: Any) -> bytes:
    """Return a call as Helicone logs it, with its own id; its answer has the provider's id."""
    first = (SAMPLES / "helicone.jsonl").read_bytes().splitlines()[1]
    answer = {"id": ID, "object": "chat.completion", "model": "gpt-4o", "choices": [], "usage": USAGE}
    changes |= {"request_id": f"h-{number}", "response_id": f"hr-{number}", "response_body": answer}
    return msgspec.json.encode(msgspec.json.decode(first) | changes)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("runs", [1, 2])
def test_two_calls_of_a_system_stay_two_beside_a_trace_that_has_the_id_of_both(
    runs: int, order: tuple[int, int], tmp_path: Path, load, store
) -> None:
    """An answer from a gateway's cache is a request of its own, but its body has the id of the first answer."""
    hit = {"cost": 0, "cache_enabled": True, "cache_reference_id": "6f1c6a2e-0000-4000-8000-000000000001"}
    paths = [write(tmp_path / "gateway.jsonl", helicone(1) + b"\n" + helicone(2, **hit))]
    paths.append(write(tmp_path / "trace.jsonl", trace()))
    ordered = [paths[n] for n in order]
    for run in [ordered] if runs == 1 else [[path] for path in ordered]:
        load(*run)
    assert store.rows("SELECT billed_amount::DOUBLE FROM requests ORDER BY 1") == [(0,), (0.00672,)]
    assert [check.name for check in verify(store) if not check.ok] == []
