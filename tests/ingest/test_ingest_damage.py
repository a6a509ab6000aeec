"""Every sample of every format and bill, damaged at random: no crash, no record lost, a ledger that adds up.

In CI one round over all samples; LLMAUDIT_FULL_TESTS=1 tries 3,000 files (CONTRIBUTING.md).
"""

from __future__ import annotations

import gzip
import os
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
