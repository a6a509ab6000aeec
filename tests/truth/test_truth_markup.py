"""Every planted fact of sample_logs/truth.json on what gateways add."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from planted import gateway_named, gateway_of

from llmaudit.cells import PricedCell


@pytest.mark.parametrize(
    ("gateway", "verdict"), [("litellm", "none"), ("openrouter", "none"), ("brightrelay", "markup")]
)
def test_markup(audit: Any, truth: Any, gateway: str, verdict: str) -> None:
    planted = truth["markup"][gateway]
    (found,) = (row for row in audit["markup"]["gateways"] if gateway_named(row["gateway"]) == gateway)
    assert found["verdict"] == verdict
    assert found["pct"] == pytest.approx(float(planted["pct"]), abs=0.1)
    shares = Decimal(found["overpaid_usd"]), Decimal(found["list_usd"]) * Decimal(planted["pct"]) / 100
    assert shares[0] == shares[1], "the same percentage of every good answer, exactly"
    assert Decimal(found["overpaid_usd"]) == pytest.approx(Decimal(planted["overpaid_usd"]), abs=Decimal("0.01"))


def test_markup_in_total_is_exact(measured: list[PricedCell], truth: Any) -> None:
    for gateway, planted in truth["markup"].items():
        compared = [one for one in measured if gateway_of(one) == gateway and one.cell.billed_kind and one.list_usd]
        billed, listed = (
            sum(values) for values in zip(*((one.cell.billed_usd, one.list_usd) for one in compared), strict=True)
        )
        assert (billed, listed) == (Decimal(planted["billed_usd"]), Decimal(planted["list_usd"]))
        assert billed - listed == Decimal(planted["overpaid_usd"])
        assert sum(one.cell.requests for one in compared) == planted["requests"]


def test_topup_fee_is_in_no_row(audit: Any, truth: Any) -> None:
    planted = truth["topup"]["openrouter"]
    (found,) = (row for row in audit["markup"]["gateways"] if row["gateway"] == "openrouter")
    fees = [
        row
        for row in found["channels"]
        if row["kind"] == "topup_pct" and Decimal(row["pct"]) == Decimal(planted["pct"])
    ]
    assert Decimal(planted["credits_used_usd"]) * Decimal(planted["pct"]) / 100 == Decimal(planted["fee_usd"])
    credited = sum(Decimal(row["spend_usd"]) for row in audit["spend"]["by_gateway"] if row["name"] == "openrouter")
    assert credited == Decimal(planted["credits_used_usd"])
    assert Decimal(fees[0]["on_this_spend_usd"]) == Decimal(planted["fee_usd"])
    assert Decimal(found["cost_per_list_usd"]) == pytest.approx(1 + Decimal(planted["pct"]) / 100)
