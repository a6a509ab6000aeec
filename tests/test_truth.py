"""Every planted fact of sample_logs/truth.json against the audit; what the audit has only as sums, against its cells.

The truth is added up by the generator of the logs from its own bookkeeping. It counts reported usage only, so requests
whose tokens were counted offline stand apart here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from llmaudit.cells import PricedCell
from llmaudit.request import COUNTERS

GATEWAYS = ("brightrelay", "direct", "litellm", "openrouter")
NAMES = {None: "direct", "api.brightrelay.example": "brightrelay"}
"""A log has Brightrelay's address, not its name."""

CLASSES = {"bad_request": "client_error", "stream_cut": "other"}
"""Classes that the truth names more closely than a log tells."""

STATUS = {"success": "ok", "failure": "error", "cancelled": "cancelled"}
REASONS = {
    "cut off": "malformed-json",
    "is no time": "not-a-time",
    "cannot be negative": "out-of-range",
    "has to be whole": "not-an-integer",
    "fields, the header": "field-count",
}
MONTH = timedelta(days=31)
ESTIMATE = Decimal("0.15")
"""How far tokens counted offline may be from the true ones."""


@pytest.fixture(scope="module")
def cells(session: Any) -> list[PricedCell]:
    return session.evidence(()).cells


@pytest.fixture(scope="module")
def measured(cells: list[PricedCell]) -> list[PricedCell]:
    return [one for one in cells if one.cell.usage_status != "estimated"]


def gateway_of(one: PricedCell) -> str:
    return gateway_named(one.cell.gateway)


def gateway_named(name: str | None) -> str:
    return NAMES.get(name, name or "")


def sums(
    cells: Iterable[PricedCell], key: Callable[[PricedCell], str | None], value: Callable[[PricedCell], Any]
) -> dict[str, Any]:
    """Return sums by a key, without what is zero."""
    found: dict[str, Any] = {}
    for one in cells:
        name = key(one) or "(none)"
        found[name] = found.get(name, 0) + (value(one) or 0)
    return {name: amount for name, amount in found.items() if amount}


def exact(truth: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in truth.items() if name != "total" and Decimal(text or 0)}


def named(rows: list[dict[str, Any]], value: str) -> dict[str, Any]:
    return {NAMES.get(row["name"] or "(none)", row["name"] or "(none)"): row[value] for row in rows}


def known_classes(counts: dict[str, int]) -> dict[str, int]:
    return dict(Counter({CLASSES.get(name, name): count for name, count in counts.items()}))


def test_every_line_of_every_file(audit: Any, truth: Any) -> None:
    kinds = ("lines", "accepted", "duplicates", "ignored", "rejected")
    found = {
        file["path"].partition("sample_logs/")[2]: {k: file[k] for k in kinds} for file in audit["coverage"]["files"]
    }
    assert found == {name: {k: file[k] for k in kinds} for name, file in truth["files"].items()}
    assert {kind: audit["coverage"][kind] for kind in kinds} == truth["totals"]
    assert audit["coverage"]["bills"] == audit["coverage"]["conflicts"] == 0


def test_reasons_of_ignored_lines(audit: Any, truth: Any) -> None:
    for file in audit["coverage"]["files"]:
        planted = truth["files"][file["path"].partition("sample_logs/")[2]]
        ignored = Counter()
        for reason, count in file["reasons"].items():
            name = next((name for name in planted.get("ignored_by_reason", ()) if reason.startswith(name)), None)
            if name:
                ignored[name] += count
        assert ignored == planted.get("ignored_by_reason", {})


def test_rejected_lines(session: Any, truth: Any) -> None:
    rows = session.store.rows("SELECT path, line, reason FROM rejects JOIN sources USING (source_id)")
    found = {(path.partition("sample_logs/")[2], line): reason for path, line, reason in rows}
    planted = {
        (name, reject["line"]): next(slug for words, slug in REASONS.items() if words in reject["why"])
        for name, file in truth["files"].items()
        for reject in file["rejects"]
    }
    assert found == planted
    assert len(found) == truth["totals"]["rejected"] == 11


def test_duplicated_window(audit: Any, session: Any, truth: Any) -> None:
    window = truth["duplicated_window"]
    (file,) = (file for file in audit["coverage"]["files"] if file["path"].endswith(window["file"]))
    assert file["duplicates"] == window["rows"]
    taken = session.store.one(
        "SELECT count(*) FROM requests JOIN sources USING (source_id) WHERE path LIKE '%' || ? AND started_at < ?",
        [window["file"], datetime.fromisoformat(window["to"]).replace(tzinfo=None)],
    )
    assert taken == (0,)


def test_time_span(audit: Any, session: Any, truth: Any) -> None:
    rows = session.store.rows(
        "SELECT gateway, min(started_at), max(started_at) FROM requests GROUP BY ALL"
        " UNION ALL SELECT 'all', min(started_at), max(started_at) FROM requests"
    )
    found = {
        gateway_named(name): {
            "first": f"{first.isoformat(timespec='milliseconds')}Z",
            "last": f"{last.isoformat(timespec='milliseconds')}Z",
        }
        for name, first, last in rows
    }
    assert found == truth["time"]
    assert audit["spend"]["first_day"] == truth["time"]["all"]["first"][:10]
    assert audit["spend"]["last_day"] == truth["time"]["all"]["last"][:10]


@pytest.mark.parametrize("by", ["gateway", "model", "feature", "team"])
def test_requests(audit: Any, truth: Any, by: str) -> None:
    assert named(audit["spend"][f"by_{by}"], "requests") == truth["requests"][f"by_{by}"]


def test_requests_by_status(audit: Any, cells: list[PricedCell], truth: Any) -> None:
    planted = {STATUS[name]: count for name, count in truth["requests"]["by_status"].items()}
    assert sums(cells, lambda one: one.cell.status, lambda one: one.cell.requests) == planted
    assert audit["reliability"]["by_class"] == known_classes(truth["requests"]["failed_by_class"])
    assert audit["spend"]["requests"] == sum(planted.values()) == truth["totals"]["accepted"]


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
    assert sums(cells, gateway_of, lambda one: one.cell.billed_usd) == exact(planted)
    assert Decimal(audit["spend"]["billed_usd"]) == Decimal(planted["total"])


def test_list_cost(measured: list[PricedCell], truth: Any) -> None:
    planted = truth["spend"]
    assert sums(measured, gateway_of, lambda one: one.list_usd) == exact(planted["list_usd_by_gateway"])
    assert sums(measured, lambda one: one.cell.model, lambda one: one.list_usd) == exact(planted["list_usd_by_model"])


SPEND_KEYS = {"gateway": gateway_of, "feature": lambda one: one.cell.feature, "team": lambda one: one.cell.team}


@pytest.mark.parametrize("by", SPEND_KEYS)
def test_spend(audit: Any, cells: list[PricedCell], measured: list[PricedCell], truth: Any, by: str) -> None:
    planted = exact(truth["spend"][f"spend_usd_by_{by}"])
    key = SPEND_KEYS[by]
    assert sums(measured, key, lambda one: one.spend_usd) == planted
    estimated = sums((one for one in cells if one.cell.usage_status == "estimated"), key, lambda one: one.spend_usd)
    shown = exact(named(audit["spend"][f"by_{by}"], "spend_usd"))
    assert shown == {name: amount + estimated.get(name, 0) for name, amount in planted.items()}
    assert sum(planted.values()) == Decimal(truth["spend"][f"spend_usd_by_{by}"]["total"])


def test_estimated_usage(audit: Any, cells: list[PricedCell], truth: Any) -> None:
    planted = truth["streamed_without_usage"]
    estimated = [one for one in cells if one.cell.usage_status == "estimated"]
    assert audit["coverage"]["usage"]["estimated"] == planted["requests"]
    assert sums(estimated, lambda one: one.cell.model, lambda one: one.cell.requests) == {
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


def reliability(cells: list[PricedCell]) -> dict[str, Any]:
    """Return what truth.json says of some cells, but for what needs single calls."""
    failed = [one for one in cells if one.cell.status == "error"]
    paid = [one for one in failed if one.spend_usd]
    again = [one for one in cells if one.cell.attempt_kind != "first"]
    kinds = sums(cells, lambda one: one.cell.attempt_kind, lambda one: one.cell.requests)
    return {
        "calls": sum(one.cell.calls for one in cells),
        "calls_abandoned": sum(one.cell.calls for one in failed),
        "failed_attempts": sum(one.cell.requests for one in failed),
        "failed_attempts_by_class": sums(failed, lambda one: one.cell.error_class, lambda one: one.cell.requests),
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


def test_personal_data(session: Any, truth: Any) -> None:
    found = session.store.one("SELECT count(*) FILTER (has_pii) FROM requests")
    assert found == (truth["text_with_personal_data"]["requests"],)


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


def test_overspecification_holds_every_planted_request(audit: Any, truth: Any) -> None:
    planted, found = truth["tiers"]["tier01_on_flagship"], audit["overspecification"]
    assert found["requests"] + found["refused_requests"] == planted["on_flagship"]
    assert Decimal(found["spend_usd"]) <= Decimal(planted["spend_usd"]) + Decimal(audit["spend"]["estimated_usd"])
    tiers = {row["name"]: row["tier"] for row in found["by_feature"]}
    assert (
        tiers.items() <= {name: tier for name, tier in truth["tiers"]["by_feature"].items() if tier in {0, 1}}.items()
    )


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
    assert items["failover"]["evidence"][0] == f"{planted:,} attempts failed by no fault of the caller"


def test_the_planted_markup_is_the_first_step_and_the_driver(audit: Any, truth: Any) -> None:
    planted = sum(Decimal(row["overpaid_usd"]) for row in truth["markup"].values())
    first, second = audit["waterfall"]["steps"][:2]
    assert [first["name"], second["name"]] == ["markup", "retries"]
    assert first["saved_usd"] == first["alone_usd"]  # nothing was taken before it
    assert Decimal(first["saved_usd"]) == pytest.approx(planted, abs=Decimal("0.01"))
    (driver,) = (row for row in audit["drivers"]["drivers"] if row["name"] == "markup")
    assert Decimal(driver["usd"]) == pytest.approx(planted, abs=Decimal("0.01"))
    assert Decimal(second["alone_usd"]) == Decimal(truth["reliability"]["failed_attempts_billed"]["billed_usd"])
