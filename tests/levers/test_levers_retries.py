"""What failed and repeated attempts cost, at the three ends of what can be avoided, over cells made by hand."""

from __future__ import annotations

from decimal import Decimal

from builders import cell, evidence

from llmaudit.catalog import Catalog
from llmaudit.levers import all_levers, retries

MILLION = 1_000_000


def test_the_lever_is_found() -> None:
    assert retries.LEVER in all_levers()


def test_failed_is_expected_failed_again_the_least_and_repeated_the_most(catalog: Catalog) -> None:
    """A million tokens are 7 dollars. Failed: 7 + 1 of a repeat. Repeats: that one, and 14 for one that answered."""
    cells = [
        cell(tokens=5 * MILLION, requests=5),
        cell(status="error", error_class="timeout", tokens=MILLION),
        cell(status="error", error_class="timeout", attempt_kind="retry", billed="1", requests=2),
        cell(attempt_kind="retry", tokens=2 * MILLION),
        cell(status="cancelled", tokens=MILLION),
    ]
    result = retries.find(evidence(catalog, *cells))
    (row,) = result.rows
    assert (row.gateway, row.model, row.tier, row.feature, row.requests) == (None, "example/flagship-7", None, None, 4)
    assert (row.low_usd, row.saved_usd, row.high_usd) == (1, 8, 22)
    assert result.evidence == ["3 attempts failed, 3 of them at a cost; 3 repeated a failed one"]
    assert result.missing is None


def test_groups_are_those_of_the_waterfall(catalog: Catalog) -> None:
    cells = [
        cell(status="error", billed="2", gateway="g", tier=1, feature="letters"),
        cell(status="error", billed="3", gateway="g", tier=2, feature="letters"),
    ]
    found = {
        (row.gateway, row.tier, row.feature): row.saved_usd for row in retries.find(evidence(catalog, *cells)).rows
    }
    assert found == {("g", 1, "letters"): Decimal(2), ("g", 2, "letters"): Decimal(3)}


def test_what_a_log_does_not_say_is_missing_not_zero(catalog: Catalog) -> None:
    result = retries.find(evidence(catalog, cell(status="error", usage_status="missing", requests=4)))
    assert result.rows == []
    assert result.missing is not None
    assert result.missing.startswith("4 failed attempts are logged without tokens")


def test_nothing_failed(catalog: Catalog) -> None:
    assert retries.find(evidence(catalog, cell(tokens=5))) == retries.LeverResult(rows=[])
