"""Every page of cases/: its verdict, its language, every clause found, and no fee found that is not there."""

from __future__ import annotations

import pytest
from page_cases import Case, all_cases, score

from llmaudit.catalog import Catalog

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_page(case: Case, catalog: Catalog) -> None:
    found = case.audited(catalog)
    result = score(case, found)
    assert result.missed == []
    assert result.invented == []
    assert found.verdict == case.verdict, found.reason
    assert found.language == case.language
    if case.rows is not None:
        assert [None if row.pct is None else round(row.pct, 2) for row in found.rows] == case.rows


@pytest.mark.parametrize("case", CASES, ids=str)
def test_figures_stand_on_their_line(case: Case, catalog: Catalog) -> None:
    """A quote with a line that does not hold it would send the reader to the wrong place."""
    lines = case.page.replace("&nbsp;", " ").splitlines()
    for finding in case.audited(catalog).findings:
        words = [word for word in finding.quote.replace("|", " ").split() if len(word) > 1]
        held = [word for word in words if word.strip("…*_`") in lines[finding.line - 1]]
        assert held or any(finding.quote[i : i + 4] in lines[finding.line - 1] for i in range(len(finding.quote) - 3))


def test_there_are_pages_enough() -> None:
    assert len(CASES) >= 30
    assert {case.language for case in CASES} == {"en", "zh", "de", "fr", "es", "ja"}
    assert {case.ending for case in CASES} >= {"html", "md", "mdx", "txt"}


def test_a_missed_and_an_invented_fee_are_noticed(catalog: Catalog) -> None:
    """Without this the runner could pass by comparing nothing."""
    case = next(case for case in CASES if case.name == "claim and fee in one sentence")
    wrong = Case(case.file, case.name, case.ending, case.page, case.verdict, [{"kind": "topup_pct", "pct": 7}])
    result = score(wrong, wrong.audited(catalog))
    assert len(result.missed) == 1
    assert len(result.invented) == 2


@pytest.mark.parametrize("name", ["no markup on bread", "早餐不加价"])
def test_other_trades_claim_nothing(name: str, catalog: Catalog) -> None:
    """The runner counts only invented fees: a claim that a page does not make has to be looked for."""
    assert next(case for case in CASES if case.name == name).audited(catalog).findings == []


def test_a_denied_figure_is_no_claim(catalog: Catalog) -> None:
    case = next(case for case in CASES if case.name == "a denied figure alone is silence")
    assert case.audited(catalog).findings == []
