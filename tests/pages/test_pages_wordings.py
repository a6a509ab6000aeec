"""Every wording of wordings.yaml on a page of its own: what it states is found, and what states no fee gives none."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from page_cases import TODAY
from yaml_cases import read_cases

from llmaudit.catalog import Catalog
from llmaudit.pages.audit import audit
from llmaudit.pages.model import Finding
from llmaudit.pages.source.read import page_of

LANGUAGES: dict[str, Any] = read_cases(Path(__file__).parent / "wordings.yaml")
STATED = [(language, case) for language, cases in LANGUAGES.items() for case in cases["stated"]]
SILENT = [(language, text) for language, cases in LANGUAGES.items() for text in cases["silent"]]


def found_on(language: str, text: str, catalog: Catalog) -> list[Finding]:
    page = f"{LANGUAGES[language]['page']}{text}\n"
    return audit(page_of(page.encode(), "fees.md"), "fees.md", catalog, today=TODAY).findings


def states(finding: Finding, wanted: dict[str, Any]) -> bool:
    figure = None if "fixed_usd" not in wanted else Decimal(wanted["fixed_usd"])
    return (
        finding.kind in wanted["kind"].split("|")
        and finding.negated == wanted.get("negated", False)
        and finding.who == wanted.get("who", "gateway")
        and (finding.negated or finding.fixed_usd == figure)
        and (finding.negated or "multiplier" in wanted or finding.pct == wanted.get("pct"))
        and finding.multiplier == wanted.get("multiplier")
        and ("minimum_usd" not in wanted or finding.minimum_usd == Decimal(wanted["minimum_usd"]))
        and ("per" not in wanted or finding.per == wanted["per"])
        and (finding.other_amount is not None) == wanted.get("other", False)
    )


def is_a_fee(finding: Finding) -> bool:
    return not finding.negated and finding.who == "gateway"


@pytest.mark.parametrize(
    ("language", "case"), STATED, ids=lambda value: value if isinstance(value, str) else value["text"]
)
def test_what_is_stated(language: str, case: dict[str, Any], catalog: Catalog) -> None:
    left = found_on(language, case["text"], catalog)
    for wanted in case["clauses"]:
        match = next((finding for finding in left if states(finding, wanted)), None)
        assert match is not None or wanted.get("may"), (wanted, left)
        if match is not None:
            assert wanted["quote"] in match.quote
            left.remove(match)
    assert [finding for finding in left if is_a_fee(finding)] == []


@pytest.mark.parametrize(("language", "text"), SILENT)
def test_what_states_no_fee(language: str, text: str, catalog: Catalog) -> None:
    assert [finding for finding in found_on(language, text, catalog) if is_a_fee(finding)] == []


def test_a_wording_that_states_a_fee_is_not_silent(catalog: Catalog) -> None:
    """The test above must be able to fail."""
    assert any(is_a_fee(finding) for finding in found_on("en", "We charge a 5% fee on every top-up.", catalog))
