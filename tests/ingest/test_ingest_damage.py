"""Every sample of every format and bill, damaged at random: no crash, no record lost, a ledger that adds up.

In CI one round over all samples; LLMAUDIT_FULL_TESTS=1 tries 3,000 files (CONTRIBUTING.md).
"""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path
from random import Random

import pytest
from damage import damaged
from logs import write

from llmaudit.ingest import Setup, ingest
from llmaudit.ingest.verify import verify
from llmaudit.store import Store

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
ROUNDS = 34 if os.environ.get("LLMAUDIT_FULL_TESTS") else 1


def samples() -> dict[str, bytes]:
    """Return the sample of every format, and the first lines of the month's logs, by name."""
    found = {path.name: path.read_bytes() for path in sorted((SAMPLES / "formats").iterdir())}
    for path in [*sorted(SAMPLES.glob("*.gz")), *sorted((SAMPLES / "claude_code").iterdir())[:2]]:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found[f"month-{path.name.removesuffix('.gz')}"] = b"\n".join(data.split(b"\n")[:12]) + b"\n"
    return found


@pytest.mark.parametrize("number", range(ROUNDS))
def test_damage_to_every_sample(number: int, tmp_path: Path) -> None:
    """One file of each in one run."""
    dice = Random(number)  # noqa: S311 -- any damage will do, the same every time
    for name, data in samples().items():
        write(tmp_path / "logs" / name, damaged(data, name, dice))
    with Store(tmp_path / "audit.duckdb") as store:
        result = ingest(store, [str(tmp_path / "logs")], Setup(b"k" * 32))
        assert len(result.files) == len(samples())
        for file in result.files:
            assert file.lines == file.accepted + file.duplicates + file.ignored + file.rejected + file.bills, file
        assert [check for check in verify(store) if not check.ok] == []
        assert result.totals.accepted > len(samples())


COUNT = {"openai_stream.sse": rb'"prompt_tokens": ?(\d+)', "anthropic_stream.sse": rb'"input_tokens": ?(\d+)'}


@pytest.mark.parametrize("name", COUNT)
def test_one_answer_of_a_stream_that_cannot_be_used_stops_no_other(name: str, tmp_path: Path) -> None:
    """What a stream holds is only made at its end: a count out of range there is one reject, and ended the run."""
    good = (SAMPLES / "formats" / name).read_bytes()
    found = re.search(COUNT[name], good)
    assert found
    bad = good[: found.start(1)] + b"1000000000000" + good[found.end(1) :]
    with Store(tmp_path / "audit.duckdb") as store:
        before = ingest(store, [str(write(tmp_path / "good.sse", good))], Setup(b"k" * 32)).totals
    with Store(tmp_path / "other.duckdb") as store:
        (after,) = ingest(store, [str(write(tmp_path / "bad.sse", bad))], Setup(b"k" * 32)).files
        assert [check for check in verify(store) if not check.ok] == []
    assert (after.lines, after.accepted, after.rejected) == (before.lines, before.accepted - 1, 1)
    assert after.reasons["out-of-range"] == 1


def test_a_database_with_a_column_that_is_no_utf8_is_damage(tmp_path: Path) -> None:
    data = (SAMPLES / "formats" / "llm_logs.db").read_bytes().replace(b"duration_ms", b"dur\xb8tion_ms")
    with Store(tmp_path / "audit.duckdb") as store:
        log = write(tmp_path / "logs" / "good.sse", (SAMPLES / "formats" / "openai_stream.sse").read_bytes())
        write(log.with_name("broken.db"), data)
        result = ingest(store, [str(log.parent)], Setup(b"k" * 32))
    assert [failure.slug for failure in result.failures] == ["damaged-archive"]
    assert result.totals.accepted
