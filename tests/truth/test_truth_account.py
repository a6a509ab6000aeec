"""What the audit concludes from the sample logs, against what is planted in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from planted import exact, named


def test_the_waterfall_adds_up_from_spent_to_reachable(audit: Any) -> None:
    found = audit["waterfall"]
    assert found["spend_usd"] == audit["spend"]["spend_usd"]
    left = Decimal(found["spend_usd"])
    for step in found["steps"]:
        left -= Decimal(step["saved_usd"] or 0)
        assert Decimal(step["left_usd"]) == left, step["name"]
    assert Decimal(found["reachable_usd"]) == left
    parts = [Decimal(found[name]) for name in ("no_risk_usd", "certified_usd", "unproven_usd")]
    assert sum(parts) == Decimal(found["saving_usd"]) == Decimal(found["spend_usd"]) - left
    by_feature = {row["feature"] or "(none)": Decimal(row["spend_usd"]) for row in found["by_feature"]}
    assert by_feature == exact(named(audit["spend"]["by_feature"], "spend_usd"))


def test_the_checklist_says_what_is_planted(audit: Any, truth: Any) -> None:
    items = {item["id"]: item for item in audit["checklist"]["items"]}
    statuses = {name: item["status"] for name, item in items.items()}
    assert statuses["rate-limits"] == "fail"  # a provider's storm, and no gateway refused
    assert statuses["cost-routing"] == "warn"  # flagships take more of the complex, and most of the simple too
    assert statuses["observability"] == "warn"  # two of four sources have no call ids
    assert "pass" not in statuses.values()
    planted = truth["reliability"]["failed_attempts"] - truth["reliability"]["failed_attempts_by_class"]["bad_request"]
    assert items["failover"]["evidence"][0] == f"{planted:,} attempts failed through no fault of the caller"


def test_the_planted_markup_is_the_first_step_and_the_driver(audit: Any, truth: Any) -> None:
    planted = sum(Decimal(row["overpaid_usd"]) for row in truth["markup"].values())
    first, second = audit["waterfall"]["steps"][:2]
    assert [first["name"], second["name"]] == ["markup", "retries"]
    assert first["saved_usd"] == first["alone_usd"]  # nothing was taken before it
    assert Decimal(first["saved_usd"]) == pytest.approx(planted, abs=Decimal("0.01"))
    (driver,) = (row for row in audit["drivers"]["drivers"] if row["name"] == "markup")
    assert Decimal(driver["usd"]) == pytest.approx(planted, abs=Decimal("0.01"))
    assert Decimal(second["alone_usd"]) == Decimal(truth["reliability"]["failed_attempts_billed"]["billed_usd"])
