"""What each format makes of one record: the golden cases of this folder's YAML files."""

from __future__ import annotations

import pytest
from format_cases import FOLDER, Case, all_cases, decoded

from llmaudit.formats import all_formats


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_record_becomes_what_the_case_says(case: Case) -> None:
    found = decoded(case)
    assert {column: found.get(column) for column in case.expect} == case.expect


@pytest.mark.parametrize("form", [form for form in all_formats() if form.kind == "log"], ids=lambda form: form.name)
def test_every_format_has_cases(form) -> None:
    assert (FOLDER / f"{form.name}.yaml").is_file()
