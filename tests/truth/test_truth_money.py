"""Every planted fact of sample_logs/truth.json on tokens and money."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from planted import GATEWAYS, exact, gateway_of, named, sums

from llmaudit.cells import PricedCell
from llmaudit.request import COUNTERS

MONTH = timedelta(days=31)

ESTIMATE = Decimal("0.15")
"""How far tokens counted offline may be from the true ones."""

SPEND_KEYS = {
    "gateway": gateway_of,
    "feature": lambda priced: priced.cell.feature,
    "team": lambda priced: priced.cell.team,
}


@pytest.mark.parametrize("gateway", ["all", *GATEWAYS])
def test_tokens(measured: list[PricedCell], truth: Any, gateway: str) -> None:
    those = [one.cell for one in measured if gateway in {"all", gateway_of(one)}]
    found = {name.removesuffix("_tokens"): sum(cell.tokens[i] for cell in those) for i, name in enumerate(COUNTERS)} | {
        "reasoning": sum(cell.reasoning_tokens or 0 for cell in those)
    }
    found["input_uncached"] = found.pop("input")
    assert found == truth["tokens"][gateway]


def test_billed(audit: Any, cells: list[PricedCell], truth: Any) -> None:
    planted = truth["spend"]["billed_usd_by_gateway"]
    assert sums(cells, gateway_of, lambda priced: priced.cell.billed_usd) == exact(planted)
    assert Decimal(audit["spend"]["billed_usd"]) == Decimal(planted["total"])


def test_list_cost(measured: list[PricedCell], truth: Any) -> None:
    planted = truth["spend"]
    assert sums(measured, gateway_of, lambda priced: priced.list_usd) == exact(planted["list_usd_by_gateway"])
    assert sums(measured, lambda priced: priced.cell.model, lambda priced: priced.list_usd) == exact(
        planted["list_usd_by_model"]
    )


@pytest.mark.parametrize("by", SPEND_KEYS)
def test_spend(audit: Any, cells: list[PricedCell], measured: list[PricedCell], truth: Any, by: str) -> None:
    planted = exact(truth["spend"][f"spend_usd_by_{by}"])
    key = SPEND_KEYS[by]
    assert sums(measured, key, lambda priced: priced.spend_usd) == planted
    estimated = sums(
        (one for one in cells if one.cell.usage_status == "estimated"), key, lambda priced: priced.spend_usd
    )
    shown = exact(named(audit["spend"][f"by_{by}"], "spend_usd"))
    assert shown == {name: amount + estimated.get(name, 0) for name, amount in planted.items()}
    assert sum(planted.values()) == Decimal(truth["spend"][f"spend_usd_by_{by}"]["total"])


def test_estimated_usage(audit: Any, cells: list[PricedCell], truth: Any) -> None:
    planted = truth["streamed_without_usage"]
    estimated = [one for one in cells if one.cell.usage_status == "estimated"]
    assert audit["coverage"]["usage"]["estimated"] == planted["requests"]
    assert sums(estimated, lambda priced: priced.cell.model, lambda priced: priced.cell.requests) == {
        model: row["requests"] for model, row in planted["by_model"].items()
    }
    assert Decimal(audit["spend"]["estimated_usd"]) == pytest.approx(Decimal(planted["list_usd"]), rel=ESTIMATE)
    for name, position in (("input_tokens", 0), ("output_tokens", 5)):
        assert sum(one.cell.tokens[position] for one in estimated) == pytest.approx(planted[name], rel=float(ESTIMATE))


def test_total_is_measured_plus_estimated(audit: Any, truth: Any) -> None:
    spend = audit["spend"]
    measured = Decimal(spend["spend_usd"]) - Decimal(spend["estimated_usd"])
    assert measured == Decimal(truth["spend"]["spend_usd_by_gateway"]["total"])
    assert Decimal(spend["billed_usd"]) + Decimal(spend["list_only_usd"]) == Decimal(spend["spend_usd"])


def test_unpriced_model(audit: Any, truth: Any) -> None:
    planted = truth["unpriced"]
    (row,) = audit["coverage"]["unpriced"]
    assert (row["model"], row["requests"]) == (planted["model"], planted["requests_with_usage"])
    assert {"input": row["input_tokens"], "output": row["output_tokens"]} == planted["tokens"]
    (slice_,) = (one for one in audit["spend"]["by_model"] if one["name"] == planted["model"])
    assert (slice_["requests"], slice_["spend_usd"]) == (planted["requests"], None)
    assert audit["spend"]["unpriced_requests"] == planted["requests_with_usage"]


def test_price_changes(measured: list[PricedCell], truth: Any) -> None:
    """Every request of the model is priced at the rate of its own day: the sums are those of three price lists."""
    first, second = truth["price_changes"]
    changes = [datetime.fromisoformat(change["at"]).replace(tzinfo=None) for change in (first, second)]
    eras = [
        (changes[0] - MONTH, changes[0], first["before"], first["requests_before"]),
        (changes[0], changes[1], first["after"], first["requests_after"]),
        (changes[1], changes[1] + MONTH, second["after"], second["requests_after"]),
    ]
    own = [one for one in measured if one.cell.model == first["model"] and one.cell.usage_status == "reported"]
    for start, end, rates, requests in eras:
        those = [one for one in own if start <= one.cell.price_slot < end]
        tokens = [sum(one.cell.tokens[i] for one in those) for i in range(len(COUNTERS))]
        by_hand = tokens[0] * Decimal(rates["input"]) + tokens[1] * Decimal(rates["cache_read"])
        by_hand += tokens[5] * Decimal(rates["output"])
        assert sum(one.list_usd for one in those) == by_hand / 1_000_000
        assert sum(one.cell.requests for one in those) == requests
        assert tokens[2:5] == [0, 0, 0]
