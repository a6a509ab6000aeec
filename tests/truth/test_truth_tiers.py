"""Every planted fact of sample_logs/truth.json on tiers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from llmaudit.cells import PricedCell


def test_tiers(audit: Any, truth: Any) -> None:
    planted = truth["tiers"]
    found = {
        "(none)" if row["tier"] is None else str(row["tier"]): row["requests"] for row in audit["tiers"]["by_tier"]
    }
    assert found == planted["requests"]
    assert audit["tiers"]["known_requests"] == planted["known_requests"]
    assert audit["tiers"]["unknown_requests"] == planted["requests"]["(none)"]
    for row in audit["tiers"]["by_tier"][:4]:
        share = 100 * row["requests"] / planted["known_requests"]
        assert share == pytest.approx(float(planted["share_of_known_pct"][str(row["tier"])]), abs=5e-5)


def test_tiers_by_feature(audit: Any, truth: Any) -> None:
    found = {row["feature"] or "(none)": row for row in audit["tiers"]["by_feature"]}
    assert {name: row["tier"] for name, row in found.items()} == truth["tiers"]["by_feature"]
    assert {row["agreement_pct"] for row in found.values()} == {100.0}


def test_tier_0_and_1_on_flagships(audit: Any, measured: list[PricedCell], truth: Any) -> None:
    planted, found = truth["tiers"]["tier01_on_flagship"], audit["tiers"]
    assert found["tier01_requests"] == planted["tier01_requests"]
    assert found["tier01_on_flagship_requests"] == planted["on_flagship"]
    assert found["tier01_on_flagship_pct"] == pytest.approx(float(planted["share_pct"]), abs=5e-5)
    assert found["tier01_on_flagship_of_traffic_pct"] == pytest.approx(float(planted["share_of_known_pct"]), abs=5e-5)
    wasted = [one for one in measured if one.cell.tier in {0, 1} and one.model_class == "flagship"]
    assert sum(one.spend_usd for one in wasted if one.spend_usd) == Decimal(planted["spend_usd"])
    assert {one.cell.model for one in measured if one.model_class == "flagship"} == set(
        truth["tiers"]["flagship_models"]
    )


def test_overspecification_holds_every_planted_request(audit: Any, truth: Any) -> None:
    planted, found = truth["tiers"]["tier01_on_flagship"], audit["overspecification"]
    assert found["requests"] + found["refused_requests"] == planted["on_flagship"]
    assert Decimal(found["spend_usd"]) <= Decimal(planted["spend_usd"]) + Decimal(audit["spend"]["estimated_usd"])
    tiers = {row["name"]: row["tier"] for row in found["by_feature"]}
    assert (
        tiers.items() <= {name: tier for name, tier in truth["tiers"]["by_feature"].items() if tier in {0, 1}}.items()
    )
