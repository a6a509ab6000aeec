"""Every planted fact of sample_logs/truth.json on failures, retries and outages."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from planted import GATEWAYS, gateway_named, gateway_of, known_classes, sums

from llmaudit.cells import PricedCell


def reliability(cells: list[PricedCell]) -> dict[str, Any]:
    """Return what truth.json says of some cells, but for what needs single calls."""
    failed = [one for one in cells if one.cell.status == "error"]
    paid = [one for one in failed if one.spend_usd]
    again = [one for one in cells if one.cell.attempt_kind != "first"]
    kinds = sums(cells, lambda priced: priced.cell.attempt_kind, lambda priced: priced.cell.requests)
    return {
        "calls": sum(one.cell.calls for one in cells),
        "calls_abandoned": sum(one.cell.calls for one in failed),
        "failed_attempts": sum(one.cell.requests for one in failed),
        "failed_attempts_by_class": sums(
            failed, lambda priced: priced.cell.error_class, lambda priced: priced.cell.requests
        ),
        "failed_attempts_billed": money(paid),
        "repeated_attempts_after_a_failure": {**money(again), "attempts": sum(one.cell.requests for one in again)},
        "same_provider_retries": kinds.get("retry", 0),
        "fallbacks": kinds.get("fallback", 0),
    }


def money(cells: list[PricedCell]) -> dict[str, Any]:
    known = [one for one in cells if one.cell.usage_status != "estimated"]
    return {
        "attempts": sum(one.cell.requests for one in known),
        "billed_usd": sum((one.spend_usd or Decimal(0) for one in known), Decimal(0)),
        "list_usd": sum((one.list_usd or Decimal(0) for one in known), Decimal(0)),
    }


def planted_reliability(row: dict[str, Any]) -> dict[str, Any]:
    parts = {}
    for name in ("failed_attempts_billed", "repeated_attempts_after_a_failure"):
        parts[name] = {"attempts": row[name]["attempts"]} | {
            k: Decimal(row[name][k]) for k in ("billed_usd", "list_usd")
        }
    dropped = {"by_gateway", "not_in_the_logs", "calls_with_several_attempts", "calls_recovered"}
    kept = {name: value for name, value in row.items() if name not in dropped}
    return {**kept, **parts, "failed_attempts_by_class": known_classes(row["failed_attempts_by_class"])}


def test_reliability(cells: list[PricedCell], truth: Any) -> None:
    assert reliability(cells) == planted_reliability(truth["reliability"])


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_reliability_by_gateway(cells: list[PricedCell], truth: Any, gateway: str) -> None:
    own = [one for one in cells if gateway_of(one) == gateway]
    assert reliability(own) == planted_reliability(truth["reliability"]["by_gateway"][gateway])


def test_reliability_as_the_audit_says_it(audit: Any, truth: Any) -> None:
    planted, found = truth["reliability"], audit["reliability"]
    same = {
        "calls": "calls", "abandoned_calls": "calls_abandoned", "failed_attempts": "failed_attempts",
        "same_model_retries": "same_provider_retries", "fallbacks": "fallbacks",
    }  # fmt: skip
    assert {ours: found[ours] for ours in same} == {ours: planted[theirs] for ours, theirs in same.items()}
    billed, repeated = planted["failed_attempts_billed"], planted["repeated_attempts_after_a_failure"]
    assert (found["failed_billed_attempts"], found["repeated_attempts"]) == (billed["attempts"], repeated["attempts"])
    for ours, theirs in {"failed_usd": billed["billed_usd"], "failed_list_usd": billed["list_usd"]}.items():
        assert Decimal(found[ours]) == Decimal(theirs)
    for ours, theirs in {"repeated_usd": repeated["billed_usd"], "repeated_list_usd": repeated["list_usd"]}.items():
        assert Decimal(found[ours]) == pytest.approx(Decimal(theirs), abs=Decimal("0.005")), "to the cent"


def test_calls_of_several_attempts(session: Any, truth: Any) -> None:
    rows = session.store.rows(
        "SELECT gateway, list(status ORDER BY started_at, attempt, row_id) FROM requests"
        " WHERE call_id IS NOT NULL GROUP BY gateway, call_id HAVING count(*) > 1"
    )
    several = Counter(gateway_named(gateway) for gateway, statuses in rows if "error" in statuses[:-1])
    recovered = Counter(
        gateway_named(gateway) for gateway, statuses in rows if "error" in statuses[:-1] and statuses[-1] == "ok"
    )
    planted = truth["reliability"]["by_gateway"]
    assert {name: several[name] for name in GATEWAYS} == {
        n: planted[n]["calls_with_several_attempts"] for n in GATEWAYS
    }
    assert {name: recovered[name] for name in GATEWAYS} == {n: planted[n]["calls_recovered"] for n in GATEWAYS}


def test_what_no_log_says_is_in_no_figure(cells: list[PricedCell], truth: Any) -> None:
    """The provider billed LiteLLM's timeouts; the log has them with 0 tokens. Unknown is not made up."""
    planted = truth["reliability"]["not_in_the_logs"]["litellm_timeouts_billed_by_the_provider"]
    lost = [one for one in cells if one.cell.gateway == "litellm" and one.cell.error_class == "timeout"]
    assert sum(one.cell.requests for one in lost) == planted["attempts"]
    assert {one.cell.usage_status for one in lost} == {"missing"}
    assert sum(one.cell.prompt_tokens for one in lost) == 0


def test_rate_limit_storm(session: Any, truth: Any) -> None:
    storm = truth["rate_limit_storm"]
    span = [datetime.fromisoformat(storm[end]).replace(tzinfo=None) for end in ("from", "to")]
    rows = session.store.rows(
        "SELECT gateway, count(*), count(*) FILTER (error_class = 'rate_limited') FROM requests"
        " WHERE started_at >= ? AND started_at < ? AND coalesce(model_served, model_requested, model_raw) LIKE '%gpt-%'"
        " AND gateway IS NOT NULL GROUP BY gateway",
        span,
    )
    found = {
        gateway_named(gateway): {"requests": requests, "rate_limited": limited} for gateway, requests, limited in rows
    }
    assert found == {name: storm[name] for name in ("litellm", "openrouter", "brightrelay")}


def test_the_storm_is_the_only_outage_and_its_hours_are_those_planted(audit: Any, truth: Any) -> None:
    """LiteLLM's six hours are found whole; every outage and storm of refusals lies in the planted window."""
    storm = truth["rate_limit_storm"]
    start, end = (datetime.fromisoformat(storm[key]) for key in ("from", "to"))
    outages = {gateway_named(one["gateway"]): one for one in audit["lockin"]["outages"]}
    assert set(outages) == {"litellm", "brightrelay"}
    whole = outages["litellm"]
    assert (whole["seller"], whole["hours"]) == (storm["provider"], (end - start) // timedelta(hours=1))
    assert datetime.fromisoformat(whole["start"]) == start
    assert (whole["requests"], whole["rate_limited"]) == (
        storm["litellm"]["requests"],
        storm["litellm"]["rate_limited"],
    )
    refused: Counter[str] = Counter()
    for one in audit["reliability"]["storms"]:
        began = datetime.fromisoformat(one["start"])
        assert start <= began
        assert began + timedelta(minutes=one["minutes"]) <= end
        assert one["seller"] == storm["provider"]
        refused[gateway_named(one["gateway"])] += one["rate_limited"]
    assert refused["litellm"] == storm["litellm"]["rate_limited"]
    assert refused["brightrelay"] <= storm["brightrelay"]["rate_limited"]


def test_what_became_of_failed_attempts(audit: Any, session: Any, truth: Any) -> None:
    fates = audit["reliability"]["fates"]
    parts = ("answered_again", "answered_elsewhere", "unanswered", "refused", "unlinked")
    assert sum(fates[name] for name in parts) == truth["reliability"]["failed_attempts"]
    assert fates["unlinked"] == truth["reliability"]["by_gateway"]["openrouter"]["failed_attempts"]
    assert fates["refused"] == truth["reliability"]["failed_attempts_by_class"]["bad_request"]
    abandoned = session.store.one(
        "SELECT count(*) FROM (SELECT call_id FROM requests WHERE call_id IS NOT NULL GROUP BY gateway, call_id"
        " HAVING count(*) FILTER (status = 'ok') = 0)"
    )
    assert fates["unanswered"] + fates["refused"] >= abandoned[0]  # each of those calls failed at least once
    assert Decimal(fates["lost_usd"]) <= Decimal(truth["reliability"]["failed_attempts_billed"]["billed_usd"])


def test_hidden_failures_are_counted_and_sized(audit: Any, truth: Any) -> None:
    """The provider's bill for LiteLLM's timeouts is in no log; the estimate is of its order, and no figure has it."""
    planted = truth["reliability"]["not_in_the_logs"]["litellm_timeouts_billed_by_the_provider"]
    hidden = audit["reliability"]["hidden"]
    assert {row["gateway"] for row in hidden} == {"litellm"}
    assert sum(row["attempts"] for row in hidden) == planted["attempts"]
    estimate = sum(Decimal(row["answer_usd"]) for row in hidden)
    assert Decimal(planted["list_usd"]) / 2 <= estimate <= Decimal(planted["list_usd"]) * 2
