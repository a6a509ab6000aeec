"""Verdicts on a gateway. On the day: gpt-4.1 $2 a million everywhere, claude-opus-4-6 $5 and $5.50 in the US."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from builders import cell, evidence

from llmaudit.catalog import Catalog
from llmaudit.findings import drivers, markup
from llmaudit.findings.markup import GatewayRow
from llmaudit.summaries.payments import Payment

PLAIN: dict[str, Any] = {"model": "openai/gpt-4.1", "tokens": 2_000_000, "requests": 30}
OPUS: dict[str, Any] = {"model": "anthropic/claude-opus-4-6", "tokens": 1_000_000, "requests": 30}
HERE = {"region_class": "global"}

CASES: dict[str, tuple[list[dict[str, Any]], str, str | None, str | None]] = {
    # cells; verdict; billed minus list; words of the evidence
    "at list": ([PLAIN | {"billed": "4"}], "none", "0", "within 0.2%"),
    "rounded": ([PLAIN | {"billed": "4.007"}], "none", "0.007", "within 0.2%"),
    "ten percent": ([PLAIN | {"billed": "4.4"}], "markup", "0.4", "+10.00%"),
    "ten percent on few requests": (
        [PLAIN | {"billed": "4.4", "requests": 29}],
        "undecidable",
        "0.4",
        "29 requests, but not all",
    ),
    "just over the tolerance": ([PLAIN | {"billed": "4.009"}], "markup", "0.009", "+0.2"),
    "a discount": ([PLAIN | {"billed": "3.6"}], "explained", "-0.4", "discount"),
    "only a model with regional prices": ([OPUS | {"billed": "5.5"}], "undecidable", "0.5", "region"),
    "the same, and the region is known": ([OPUS | HERE | {"billed": "5.5"}], "markup", "0.5", "+10.00%"),
    "regional price, others at list": (
        [PLAIN | {"billed": "4"}, OPUS | {"billed": "5.5"}],
        "explained",
        "0.5",
        "regional prices are above",
    ),
    "markup, and a model that could be regional": (
        [PLAIN | {"billed": "4.4"}, OPUS | {"billed": "5.5"}],
        "markup",
        "0.9",
        "1 model",
    ),
    "a markup that another model's discount hides": (
        [PLAIN | {"billed": "4.4"}, OPUS | {"billed": "4.6"}],
        "markup",
        "0.0",
        "+10.00%",
    ),
    "no amounts": ([PLAIN], "undecidable", None, "good answers has a charged amount"),
    "no prices": (
        [PLAIN | {"model": "nobody/x", "billed": "4"}],
        "undecidable",
        None,
        "have an amount, but none has a list price (nobody/x)",
    ),
    "failures only": (
        [PLAIN | {"billed": "4", "status": "error"}],
        "undecidable",
        None,
        "good answers has a charged amount",
    ),
    "counted offline": (
        [PLAIN | {"billed": "9", "usage_status": "estimated"}],
        "undecidable",
        None,
        "no request has both",
    ),
}


TAKEN = {"markup, and a model that could be regional": "0.4", "a markup that another model's discount hides": "0.4"}
"""What a markup took where that is not all of billed less list: 10% on $4; no other model's difference is set off."""


def judged(catalog: Catalog, cells: list[dict[str, Any]], gateway: str = "somewhere.example") -> GatewayRow:
    (row,) = markup.find(evidence(catalog, *(cell(gateway=gateway, **keys) for keys in cells))).gateways
    return row


@pytest.mark.parametrize("what", CASES)
def test_verdict(catalog: Catalog, what: str) -> None:
    cells, verdict, over, words = CASES[what]
    found = judged(catalog, cells)
    assert found.verdict == verdict
    assert words in found.evidence[0]
    assert found.over_list_usd == (None if over is None else Decimal(over))
    taken = Decimal(TAKEN[what]) if what in TAKEN else found.over_list_usd
    assert found.overpaid_usd == {"markup": taken, "undecidable": None}.get(verdict, Decimal(0))
    assert found.below_list_usd == {None: None, "-0.4": Decimal("0.4"), "0.0": Decimal("0.4")}.get(over, Decimal(0))
    assert found.kind == ("token_rate" if verdict == "markup" else None)
    if over is None:
        assert (found.pct, found.low_pct, found.billed_usd, found.list_usd, found.requests) == (
            None,
            None,
            None,
            None,
            0,
        )


def test_range_of_an_uncertain_list(catalog: Catalog) -> None:
    """Billed 5.50 is 10% over the global price and 0% over the regional one."""
    found = judged(catalog, [OPUS | {"billed": "5.5"}])
    assert (found.low_pct, found.pct, found.high_pct) == (0.0, 10.0, 10.0)
    assert [row.decides for row in found.by_model] == [False]
    assert [row.ruled_out for row in found.ruled_out if row.name == "region"] == [False]


def test_models_add_up(catalog: Catalog) -> None:
    found = judged(
        catalog,
        [PLAIN | {"billed": "4.4", "requests": 2}, PLAIN | {"billed": "1", "day": None}, OPUS | {"billed": "5"}],
    )
    assert sum(row.billed_usd for row in found.by_model) == found.billed_usd
    assert sum(row.list_usd for row in found.by_model) == found.list_usd
    assert sum(row.over_list_usd for row in found.by_model) == found.over_list_usd
    assert sum(row.overpaid_usd or 0 for row in found.by_model) == (found.overpaid_usd or 0)
    assert sum(row.requests for row in found.by_model) == found.requests


def test_top_up_fee_is_on_every_credit(catalog: Catalog) -> None:
    """OpenRouter: 5.5% on what was billed, 4 + 1 for a request cut off; 1 dollar of list costs 1.055."""
    found = judged(catalog, [PLAIN | {"billed": "4"}, PLAIN | {"billed": "1", "status": "cancelled"}], "openrouter")
    assert found.verdict == "none"
    (card,) = (row for row in found.channels if row.kind == "topup_pct" and row.pct == Decimal("5.5"))
    assert card.on_this_spend_usd == Decimal("0.275")
    assert found.cost_per_list_usd == Decimal("1.055")


def test_requests_without_a_gateway_are_no_gateway(catalog: Catalog) -> None:
    assert markup.find(evidence(catalog, cell(**PLAIN))).gateways == []


def test_a_fee_paid_beside_the_requests_is_told_where_the_driver_is(catalog: Catalog) -> None:
    """5.5% of 300 dollars of credit is 16.50: no amount of a request has it, so no step can take it back."""
    bought = [
        Payment(
            gateway="g", at=None, category="Purchase", paid_usd=Decimal(paid), credited_usd=Decimal(credit), key=None
        )
        for paid, credit in (("105.50", "100"), ("158.25", "150"), ("52.75", "50"))
    ]
    seen = evidence(catalog, cell(**PLAIN | {"billed": "4", "gateway": "g"}), summaries={Payment: bought})
    (row,) = markup.find(seen).gateways
    assert row.beside_usd == row.overpaid_usd == Decimal("16.50")
    told = next(driver for driver in drivers.find(seen).drivers if driver.name == "markup")
    assert told.usd == Decimal("16.50")
    assert (told.of_usd, told.of) == (4 + told.usd, "spend and fees beside it")  # of spend alone it would be 412%
    assert told.pct == pytest.approx(100 * 16.5 / 20.5)
    assert "$16.50 of it was paid outside the requests" in told.reason


def test_a_stated_minimum_is_shown_with_its_percentage(catalog: Catalog) -> None:
    """OpenRouter's own words: 5.5% on credit bought by card, at least $0.80."""
    (row,) = markup.find(evidence(catalog, cell(**PLAIN | {"billed": "7", "gateway": "openrouter"}))).gateways
    figures = {one.applies_to: one.figure for one in row.channels}
    assert figures["card credit purchase"] == "5.5%, at least $0.80"
    assert figures["crypto credit purchase"] == "5%"
