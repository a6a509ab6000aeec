"""One table in several containers: whatever a team exported it as, the rows are the same."""

from __future__ import annotations

import pytest
from format_cases import decoded_file
from running import ROOT
from test_formats_samples import without_place

SAMPLES = ROOT / "sample_logs" / "formats"


@pytest.mark.parametrize("container", ["csv", "sql", "parquet"])
def test_spend_logs_are_the_same_in_every_container(container: str) -> None:
    rows, _ = decoded_file(SAMPLES / f"litellm.{container}", "litellm")
    as_json, _ = decoded_file(SAMPLES / "litellm.jsonl", "litellm")
    assert without_place(rows) == without_place(as_json)
