"""One table in several containers: whatever a team exported it as, the rows are the same."""

from __future__ import annotations

import pytest
from format_cases import decoded_file
from running import ROOT
from test_formats_samples import without_place

SAMPLES = ROOT / "sample_logs" / "formats"


@pytest.mark.parametrize(
    ("name", "container", "other"),
    [
        ("litellm", "jsonl", "csv"),
        ("litellm", "jsonl", "sql"),
        ("litellm", "jsonl", "parquet"),
        ("bifrost", "json", "db"),
        ("new_api", "json", "csv"),
    ],
)
def test_rows_are_the_same_in_every_container(name: str, container: str, other: str) -> None:
    rows, _ = decoded_file(SAMPLES / f"{name}.{container}", name)
    again, _ = decoded_file(SAMPLES / f"{name}.{other}", name)
    assert without_place(again) == without_place(rows)
