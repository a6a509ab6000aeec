"""What a price depends on: prompt size, service tier, batch, region, cache lifetime. Never a neighbour's price."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from builders import DAY, catalog_of, catalog_text, sku_text

from llmaudit.catalog import Catalog, Conditions, Quote, quote

PRICES = [
    "usd_per_million: {input: 1, cache_read: 0.1, cache_write_5m: 1.25, cache_write_1h: 2, output: 10}",
    "when: {prompt_gt: 1000}, usd_per_million: {input: 2, output: 20}",
    "when: {prompt_ge: 5000}, usd_per_million: {input: 3, output: 30}",
    "when: {service_tier: flex}, usd_per_million: {input: 0.5, output: 5}",
    "when: {batch: true}, usd_per_million: {input: 0.4, output: 4}",
    "when: {region: eu}, usd_per_million: {input: 1.1, cache_read: 0.11, output: 11}",
    "when: {region: us, service_tier: flex}, usd_per_million: {input: 0.6, output: 6}",
]
MAY = "valid_from: 2026-05-01T00:00:00Z, valid_to: 2026-06-01T00:00:00Z, usd_per_million: {input: 1, output: 1}"
OTHER = [
    "usd_per_million: {input: 1, cache_write_5m: 1.25, cache_write_1h: 2, output: 10}",
    "when: {region: eu}, usd_per_million: {input: 1.1, cache_write_5m: 1.375, cache_write_1h: 2.2, output: 11}",
]
GLOBAL = Conditions(DAY, region="global")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    text = catalog_text(
        "own",
        sku_text("m", PRICES)
        + sku_text("other", OTHER)
        + sku_text("plain", ["usd_per_million: {input: 1, output: 10}"])
        + sku_text("fast-only", ["when: {service_tier: fast}, usd_per_million: {input: 9, output: 9}"])
        + sku_text("dated", [MAY])
        + sku_text("large-only", ["when: {prompt_gt: 2000000}, usd_per_million: {input: 9, output: 9}"])
        + sku_text("input-only", ["usd_per_million: {input: 1}"]),
    )  # fmt: skip
    return catalog_of(tmp_path_factory.mktemp("own"), text)


def million(catalog: Catalog, model: str = "m", counter: str = "input", **conditions: Any) -> Quote:
    """Return the quote of a million tokens of one counter, in a region whose price is the global one."""
    given = replace(GLOBAL, **conditions)
    return quote(catalog, model, {f"{counter}_tokens": 1_000_000}, given, seller="own")


@pytest.mark.parametrize(
    ("tokens", "rate"),
    [
        ({"input_tokens": 1000}, 1),
        ({"input_tokens": 1001}, 2),
        ({"input_tokens": 4999}, 2),
        ({"input_tokens": 5000}, 3),
        ({"input_tokens": 1, "cache_read_tokens": 1000}, 2),
        ({"input_tokens": 1, "cache_write_5m_tokens": 500, "cache_write_1h_tokens": 500}, 2),
        ({"input_tokens": 1, "cache_write_other_tokens": 4999}, 3),
        ({"input_tokens": 1, "output_tokens": 9000}, 1),
    ],
    ids=str,
)
def test_prompt_thresholds(own: Catalog, tokens: dict[str, int], rate: int) -> None:
    """`prompt_gt` begins one token later, `prompt_ge` at its number; all five input counters count, output does not."""
    found = quote(own, "m", tokens, GLOBAL, seller="own")
    assert next(part for part in found.components if part.counter == "input_tokens").usd == rate


@pytest.mark.parametrize(
    ("conditions", "usd"),
    [
        ({}, "3"),
        ({"service_tier": "standard"}, "3"),
        ({"service_tier": "DEFAULT"}, "3"),
        ({"service_tier": "auto"}, "3"),
        ({"service_tier": "flex"}, "0.5"),
        ({"service_tier": "FLEX"}, "0.5"),
        ({"is_batch": True}, "0.4"),
        ({"is_batch": False}, "3"),
        ({"region": "EU"}, "1.1"),
    ],
    ids=str,
)
def test_tier_batch_and_region(own: Catalog, conditions: dict[str, Any], usd: str) -> None:
    found = million(own, **conditions)
    assert found.cost_usd == Decimal(usd)
    assert found.high_usd == Decimal(usd)


@pytest.mark.parametrize(
    ("model", "conditions", "why"),
    [
        ("m", {"service_tier": "flexx"}, "service tier flexx"),
        ("m", {"service_tier": "priority"}, "service tier priority"),
        ("m", {"service_tier": "flex", "is_batch": True}, "no price for these conditions"),
        ("plain", {"is_batch": True}, "no batch price"),
        ("fast-only", {}, "no price for these conditions"),
        ("dated", {}, "no price from 2026-06-01 on"),
        ("dated", {"at": DAY.replace(month=4, day=30)}, "no price before 2026-05-01"),
        ("nothing", {}, "not in the catalog"),
    ],
    ids=str,
)
def test_unknown_is_unpriced_never_the_ordinary_price(
    own: Catalog, model: str, conditions: dict[str, Any], why: str
) -> None:
    found = million(own, model, **conditions)
    assert (found.status, found.cost_usd, found.low_usd, found.high_usd) == ("unpriced", None, None, None)
    assert why in found.assumptions[0]


def test_what_was_used_needs_a_price(own: Catalog) -> None:
    """An embedding has no output price and needs none; output that is there is not priced as something else."""
    assert million(own, "input-only").cost_usd == 1
    found = quote(own, "input-only", {"input_tokens": 1, "output_tokens": 1}, GLOBAL, seller="own")
    assert (found.status, found.cost_usd) == ("unpriced", None)
    assert "no price for output_tokens" in found.assumptions[0]


@pytest.mark.parametrize(("day", "usd"), [("2026-05-01", "1"), ("2026-05-31", "1"), ("2026-06-01", None)])
def test_dates_are_half_open(own: Catalog, day: str, usd: str | None) -> None:
    found = million(own, "dated", at=DAY.fromisoformat(day))
    assert found.cost_usd == (None if usd is None else Decimal(usd))


def test_unknown_region_has_bounds(own: Catalog) -> None:
    found = million(own, "other", region=None)
    assert (found.status, found.low_usd, found.cost_usd, found.high_usd) == ("assumed_condition", 1, 1, Decimal("1.1"))
    assert "region unknown" in found.assumptions[0]


def test_region_without_a_price_of_its_own_is_said(own: Catalog) -> None:
    found = million(own, "other", region="mars")
    assert (found.status, found.cost_usd) == ("assumed_condition", 1)
    assert "no separate price is recorded for region mars" in found.assumptions[0]


@pytest.mark.parametrize(
    ("counter", "expected", "high"),
    [("cache_write_5m", "1.25", "1.25"), ("cache_write_1h", "2", "2"), ("cache_write_other", "1.25", "2")],
)
def test_cache_lifetimes(own: Catalog, counter: str, expected: str, high: str) -> None:
    """A write of unknown lifetime costs between the 5-minute and the 1-hour rate."""
    found = million(own, "other", counter)
    assert (found.low_usd, found.high_usd) == (Decimal(expected), Decimal(high))
    assert (found.status == "assumed_condition") == (expected != high)


def test_no_cache_price_is_the_input_price_and_said(own: Catalog) -> None:
    found = million(own, "plain", "cache_read")
    assert (found.cost_usd, found.status) == (1, "assumed_condition")
    assert "no cache_read price is on record for that day" in found.assumptions[0]
    assert million(own, "plain").status == "priced", "said only where tokens were cached"


def test_nothing_used_costs_nothing(own: Catalog) -> None:
    found = quote(own, "plain", {}, GLOBAL, seller="own")
    assert (found.status, found.cost_usd, found.components) == ("priced", 0, ())


def test_a_missing_name_is_met_with_the_nearest(catalog: Catalog) -> None:
    found = quote(catalog, "gpt-5.6-soll", {"input_tokens": 1}, Conditions(DAY))
    assert found.cost_usd is None
    assert "unknown-model" in found.assumptions[0]
    assert "gpt-5.6-sol" in found.assumptions[0]


@pytest.mark.parametrize(
    ("model", "seller", "said"),
    [
        ("gpt-4o", "opnai", "unknown-seller: the catalog has no seller 'opnai'; the nearest sellers are openai"),
        ("", None, "no-model-name: no model is named"),
        ("gpt-5.6-sol", "anthropic", "unknown-model: 'gpt-5.6-sol' is not in the catalog of anthropic"),
        ("meta-llama/Llama-3.3-70B-Instruct", None, "ambiguous-model: 'meta-llama/Llama-3.3-70B-Instruct' means"),
    ],
)  # fmt: skip
def test_why_a_name_means_nothing(catalog: Catalog, model: str, seller: str | None, said: str) -> None:
    found = quote(catalog, model, {"input_tokens": 1}, Conditions(DAY), seller=seller)
    assert found.assumptions[0].startswith(said)


def test_a_reason_is_the_same_for_every_request(own: Catalog) -> None:
    """`pricing apply` counts requests by reason: an instant in it would make one row of each hour."""
    hours = {million(own, "fast-only", at=DAY + timedelta(hours=hour)).assumptions for hour in range(3)}
    assert hours == {("fast-only has no price for these conditions",)}
    large = {million(own, "large-only", at=DAY + timedelta(hours=hour)).assumptions for hour in range(3)}
    assert large == {("large-only has no price for these conditions at that time",)}


@pytest.mark.parametrize(("tier", "said"), [(None, False), ("flex", True)])
def test_a_step_that_is_on_record_under_other_conditions_only_is_said(own: Catalog, tier: str | None, *, said: bool):
    """The ordinary price steps at 1,000 and 5,000 tokens, the flex price does not: its long prompts rest on a guess."""
    long, short = (
        quote(own, "m", {"input_tokens": size}, replace(GLOBAL, service_tier=tier), seller="own")
        for size in (1001, 1000)
    )
    assert [any("so long a prompt" in note for note in one.assumptions) for one in (long, short)] == [said, False]
