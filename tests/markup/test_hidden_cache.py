"""What large requests, hidden cached parts and unpriced conditions may not change: verdicts on months of that kind."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from builders import litellm_row, write_jsonl
from running import Run
from test_other_months import Call, interval, judged, month, rate

from llmaudit.catalog import Catalog


def with_unsent_tokens(call: Call) -> Decimal:
    return call.listed + 24 * call.token


SMALL_BUT_CERTAIN = {
    "$0.0002 on requests of dimes": (
        month(lambda call: call.listed + Decimal("0.0002"), scale=60), "per_request", 0.0002,
    ),
    "24 tokens beside forty thousand": (month(with_unsent_tokens, scale=40, places=9), "token_count", 24),
    "at least $0.0015, most are above": (
        month(lambda call: max(call.listed, Decimal("0.0015")), scale=8, requests=2400), "minimum_charge", 0.0015,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SMALL_BUT_CERTAIN)
def test_an_amount_per_request_is_found_however_dear_requests_are(catalog: Catalog, what: str) -> None:
    """Each adds less than 0.2% to what is billed, and is in every amount to the last digit."""
    rows, kind, number = SMALL_BUT_CERTAIN[what]
    found = judged(catalog, rows)
    assert 0 < (found.over_list_pct or 0) < 0.2
    assert (found.verdict, found.kind) == ("markup", kind)
    low, high = interval(found.found[0])
    assert low <= number <= high
    assert float(found.overpaid_usd or 0) == pytest.approx(float(found.over_list_usd or 0), rel=0.02)


def test_a_round_rate_on_a_thousandth_of_the_spend_is_found(catalog: Catalog) -> None:
    dear = month(rate("1"), scale=60, models=1)
    cheap = [row for row in month(rate("1.1"), models=2) if row.model == "openai/gpt-4.1-mini"]
    found = judged(catalog, dear + cheap)
    assert (found.verdict, found.kind) == ("markup", "token_rate")
    assert found.pct == pytest.approx(10)
    assert found.found[0].models == ["openai/gpt-4.1-mini"]
    assert 0 < (found.over_list_pct or 0) < 0.2


@pytest.mark.parametrize("step", [4, 6, 8])
def test_rounding_alone_stays_none(catalog: Catalog, step: int) -> None:
    found = judged(catalog, month(rate("1"), places=step, rounding="ROUND_CEILING", scale=60))
    assert (found.verdict, found.found) == ("none", [])


def test_a_rate_is_read_off_prompts_too_small_to_be_cached(catalog: Catalog) -> None:
    """Four large prompts in ten were mostly read from a cache, and the log has no counter: they lie below 1.1."""
    found = judged(catalog, month(rate("1.1"), hidden=True, least_cached=1024, scale=6, models=1, requests=2400))
    assert (found.verdict, found.kind) == ("markup", "token_rate")
    low, high = interval(found.found[0])
    assert low <= 10 <= high
    billed = float(found.billed_usd or 0)
    assert float(found.overpaid_usd or 0) == pytest.approx(billed / 11, rel=1e-6)


def test_an_amount_found_on_small_prompts_is_taken_from_all(catalog: Catalog) -> None:
    rows = month(lambda call: call.listed + Decimal("0.0002"), hidden=True, least_cached=4096, scale=2)
    found = judged(catalog, rows)
    assert (found.verdict, found.kind) == ("markup", "per_request")
    assert float(found.overpaid_usd or 0) == pytest.approx(0.0002 * len(rows), rel=0.1)


def test_no_request_is_said_to_be_paid_back(catalog: Catalog) -> None:
    """A rate and an amount below nothing fit: nobody bills so, whatever the log left out."""
    found = judged(catalog, month(lambda call: call.listed * Decimal("1.1") - Decimal("0.0001"), scale=8))
    assert not [one for one in found.found if one.fixed_usd is not None and one.fixed_usd < 0]


def test_requests_at_list_deny_a_rule_for_all(catalog: Catalog) -> None:
    """Seven requests in ten have tokens that the log leaves out, as many as chance will; three are at list."""

    def rule(call: Call) -> Decimal:
        return call.listed + (call.output * Decimal(repr(round(call.chance, 4))) if call.chance < 0.7 else 0)

    found = judged(catalog, month(rule))
    assert (found.verdict, found.found) == ("undecidable", [])


def test_a_ratio_that_the_relay_logs_is_no_exchange_rate(catalog: Catalog) -> None:
    rows = [msgspec.structs.replace(row, group_ratio="1.5") for row in month(rate("1.5"))]
    found = judged(catalog, rows)
    assert (found.verdict, found.kind) == ("markup", "conversion")
    assert found.pct == pytest.approx(50)


def test_a_request_without_a_price_under_a_tier_decides_nothing(tmp_path: Path, call: Run) -> None:
    """gpt-5.4 in the fast tier is twice list ($5 and $30); what long prompts cost there is another number."""
    rows = []
    for number in range(400):
        prompt, output = (300_000 + number if number < 3 else 1000 + 137 * number), 100 + 31 * number
        prices = (10, 45) if number < 3 else (5, 30)
        billed = round((prices[0] * prompt + prices[1] * output) / 1e6, 12)
        rows.append(
            litellm_row(f"r{number}", "2026-10-14T10:00:00", prompt=prompt, completion=output, spend=str(billed))
            | {"model": "gpt-5.4", "model_group": "gpt-5.4", "custom_llm_provider": "openai"}
        )
    write_jsonl(tmp_path / "log.jsonl", rows)
    assert call("ingest", tmp_path / "log.jsonl", "--db", "tier.duckdb").code == 0
    (found,) = call("markup", "--db", "tier.duckdb", "--json").json["gateways"]
    assert (found["verdict"], found["found"]) == ("explained", [])
    assert "service tier" in found["evidence"][0]
