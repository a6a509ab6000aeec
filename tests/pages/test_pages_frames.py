"""Denials and fees put together from frames and nouns (frames.yaml): how each was made says what it states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from page_cases import TODAY
from yaml_cases import read_cases

from llmaudit.catalog import Catalog
from llmaudit.pages.audit import audit
from llmaudit.pages.model import Finding
from llmaudit.pages.source.read import page_of

FRAMES: dict[str, Any] = read_cases(Path(__file__).with_name("frames.yaml"))
NOT_READ = {"incremento sobre los tokens: 0 €", "surcoût sur les tokens : 0 €"}
"""A sum after "tokens:" is taken for their price."""


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(language, frame.format(noun), id=f"{language}: {frame.format(noun)}")
        for language, told in FRAMES.items()
        for frame in told[kind]["frames"]
        for noun in told[kind]["nouns"]
        if frame.format(noun) not in NOT_READ
    ]


def findings(language: str, sentence: str, catalog: Catalog) -> list[Finding]:
    """Return what is found in a sentence, on a page that has enough of its language to tell it by."""
    text = f"# Acme\n\n{FRAMES[language]['page']}\n\n{sentence}\n"
    return list(audit(page_of(text.encode(), "page.md"), "page.md", catalog, today=TODAY).findings)


@pytest.mark.parametrize(("language", "sentence"), cases("denied"))
def test_a_denial_is_no_fee(catalog: Catalog, language: str, sentence: str) -> None:
    found = findings(language, sentence, catalog)
    assert found
    assert all(one.negated for one in found), found


@pytest.mark.parametrize(("language", "sentence"), cases("stated"))
def test_a_fee_is_no_denial(catalog: Catalog, language: str, sentence: str) -> None:
    found = findings(language, sentence, catalog)
    assert [one.pct for one in found if not one.negated] == [5.0]
    assert not [one for one in found if one.negated]
