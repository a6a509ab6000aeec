"""What each format makes of one record, or of a small file: the golden cases of this folder's YAML files."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_cases import FOLDER, Case, all_cases, decoded

from llmaudit.ingest.registry import known


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_record_becomes_what_the_case_says(case: Case, tmp_path: Path) -> None:
    found = decoded(case, tmp_path)
    if isinstance(case.expect, list):
        shown = [{column: row.get(column) for column in said} for row, said in zip(found, case.expect, strict=False)]
        assert (len(found), shown) == (len(case.expect), case.expect)
    else:
        assert {column: found.get(column) for column in case.expect} == case.expect


@pytest.mark.parametrize("form", known(), ids=lambda form: form.name)
def test_every_format_has_cases(form) -> None:
    assert (FOLDER / f"{form.name}.yaml").is_file()
