"""A page's claim beside a measured bill."""

from __future__ import annotations

from decimal import Decimal

import pytest
from page_cases import TODAY

from llmaudit.catalog import Catalog
from llmaudit.pages import Bill, PageAudit, audit_text, check_claim

ZERO = "There is no markup on tokens."
TEN = "We charge the provider's list price plus 10% for every token."
TOPUP = f"{ZERO} A fee of 5% applies when you buy credits."
SOFT = "Tokens are typically sold at cost."
SILENT = "Pay as you go."


def bill(pct: float | None, verdict: str = "markup", low: float | None = None, channel: str = "token_rate") -> Bill:
    return Bill(
        gateway="harbour",
        verdict=verdict,
        pct=pct,
        low_pct=low,
        high_pct=pct,
        overpaid_usd=Decimal(100),
        requests=2_000,
        channel=channel,
    )


def read(text: str, catalog: Catalog) -> PageAudit:
    return audit_text(text, catalog, today=TODAY)


@pytest.mark.parametrize(
    ("text", "measured", "status", "claimed"),
    [
        (ZERO, bill(10.0, low=9.8), "contradicted", 0.0),
        (ZERO, bill(0.1, "none"), "agrees", 0.0),
        (ZERO, bill(10.0, "explained"), "undecidable", 0.0),
        (ZERO, bill(None, "undecidable"), "undecidable", 0.0),
        (TEN, bill(10.0, low=9.8), "agrees", 10.0),
        (TEN, bill(15.0, low=14.8), "exceeded", 10.0),
        (TEN, bill(12.0, low=9.0), "agrees", 10.0),
        (TOPUP, bill(10.0, low=9.8), "contradicted", 0.0),
        (TOPUP, bill(5.0, low=4.9, channel="topup"), "agrees", 5.0),
        (TOPUP, bill(8.0, low=7.9, channel="topup"), "exceeded", 5.0),
        (SOFT, bill(10.0, low=9.8), "undisclosed_markup", None),
        (SILENT, bill(10.0, low=9.8), "undisclosed_markup", None),
        (SILENT, bill(0.0, "none"), "nothing_to_compare", None),
    ],
)
def test_claim_against_bill(catalog: Catalog, text: str, measured: Bill, status: str, claimed: float | None) -> None:
    result = check_claim(read(text, catalog), measured)
    assert (result.status, result.claimed_pct, result.measured_pct) == (status, claimed, measured.pct)
    assert (result.quote is None) == (claimed is None)


def test_the_sentence_has_both_figures_and_the_line(catalog: Catalog) -> None:
    result = check_claim(read(ZERO, catalog), bill(10.0, low=9.8))
    assert result.sentence == (
        "the page claims that nothing is added (line 1); the bill shows +10.00% over list in 2,000 requests"
    )


def test_what_the_customer_sets_is_no_claim(catalog: Catalog) -> None:
    page = read("You can set a margin of 10% for your own customers.", catalog)
    assert check_claim(page, bill(10.0, low=9.8)).status == "undisclosed_markup"
