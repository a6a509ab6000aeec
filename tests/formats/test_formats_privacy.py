"""What must not get from a log into the database: text, and personal addresses as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_cases import Case, all_cases, decoded

from llmaudit.privacy import pseudonym

TOLD = [case for case in all_cases() if "secret" in f"{case.record} {case.text}"]


@pytest.mark.parametrize("case", TOLD, ids=str)
def test_text_of_a_record_is_in_no_column(case: Case, tmp_path: Path) -> None:
    found = decoded(case, tmp_path)
    assert found, "the case became nothing"
    assert "secret" not in str(found)


def test_some_records_have_text_to_hide() -> None:
    assert {case.form for case in TOLD} >= {"claude_code", "litellm", "openai_compatible"}


@pytest.mark.parametrize("personal", ["bob@example.org", "+49 170 123 4567"])
def test_a_personal_address_becomes_a_keyed_hash_that_still_groups(personal: str) -> None:
    hashed = pseudonym(personal, hash_key=b"a" * 32)
    assert hashed.startswith("hashed:")
    assert personal not in hashed
    assert hashed == pseudonym(personal, hash_key=b"a" * 32)
    assert hashed != pseudonym(personal, hash_key=b"b" * 32)


@pytest.mark.parametrize("opaque", ["user_2H1mIfJB0tU7", "4711", "a1b2-c3d4"])
def test_an_opaque_id_stays_as_it_is(opaque: str) -> None:
    assert pseudonym(opaque, hash_key=b"a" * 32) == opaque
