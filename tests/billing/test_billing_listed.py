"""Usage exports at list: arithmetic written out, bounds that must hold the planted truth, and another calculator."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from builders import catalog_of, catalog_text, sku_text
from genai_prices import Usage, calc_price
from hypothesis import given
from hypothesis import strategies as st

from llmaudit.billing.listed import Listed, at_list
from llmaudit.catalog import Catalog
from llmaudit.evidence import BillSum

DAY = date(2026, 10, 1)
MILLION = 1_000_000

ACME = catalog_text(
    "acme",
    sku_text(
        "m-1",
        [
            "usd_per_million: {input: 2, cache_read: 0.5, output: 8}",
            "when: {batch: true}, usd_per_million: {input: 1, cache_read: 0.25, output: 4}",
            "when: {service_tier: flex}, usd_per_million: {input: 1.5, cache_read: 0.5, output: 6}",
            "when: {service_tier: priority}, usd_per_million: {input: 4, cache_read: 1, output: 16}",
        ],
    )
    + sku_text(
        "m-step",
        [
            "usd_per_million: {input: 2, output: 8}",
            "valid_from: 2026-10-01T12:00:00Z, usd_per_million: {input: 1, output: 4}",
        ],
    )
    + sku_text(
        "m-long",
        [
            "usd_per_million: {input: 2, output: 8}",
            "when: {prompt_gt: 200000}, usd_per_million: {input: 4, output: 12}",
        ],
    )
    + sku_text(
        "m-above",
        [
            "usd_per_million: {input: 2, output: 8}",
            "when: {marginal_gt: 200000}, usd_per_million: {input: 5}",
        ],
    )
    + sku_text(
        "m-write",
        ["usd_per_million: {input: 2, cache_read: 0.5, cache_write_other: 2.5, cache_write_12h: 4, output: 8}"],
    )
    + sku_text(
        "m-audio",
        [
            (
                "usd_per_million: {input: 2, cache_read: 0.5, output: 8,"
                " input_audio: 32, cache_read_audio: 0.4, output_audio: 64}"
            )
        ],
    )
    + sku_text(
        "m-region",
        ["usd_per_million: {input: 2, output: 8}", "when: {region: us}, usd_per_million: {input: 2.2, output: 8.8}"],
    ),
)


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("acme"), ACME)


def line(model: str | None = "m-1", kind: str = "input", tokens: int | None = MILLION, **rest: Any) -> BillSum:
    told: dict[str, Any] = {
        "bill": "acme_usage",
        "seller": "acme",
        "day": DAY,
        "service_tier": "default",
        "is_batch": False,
    }
    return BillSum(
        **(told | {"region": "global", "family": "completions"} | rest),
        model=model,
        token_kind=kind,
        tokens=None if tokens is None else Decimal(tokens),
    )


def one(catalog: Catalog, *args: Any, **rest: Any) -> Listed:
    (found,) = at_list([line(*args, **rest)], catalog)
    return found


def dollars(found: Listed) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    return found.low, found.usd, found.high


@pytest.mark.parametrize(
    ("kind", "told", "cost"),
    [
        ("input", {}, "2"),
        ("cache_read", {}, "0.5"),
        ("output", {}, "8"),
        ("output", {"is_batch": True}, "4"),
        ("output", {"service_tier": "batch", "is_batch": True}, "4"),
        ("cache_read", {"is_batch": True}, "0.25"),
        ("input", {"service_tier": "flex"}, "1.5"),
        ("output", {"service_tier": "priority"}, "16"),
    ],
)
def test_what_is_told_has_one_cost(acme: Catalog, kind: str, told: dict[str, Any], cost: str):
    found = one(acme, "m-1", kind, **told)
    assert dollars(found) == (Decimal(cost),) * 3
    assert not found.doubts


def test_a_batch_that_is_not_told_apart_is_an_interval_and_its_ordinary_cost_has_none(acme: Catalog):
    found = one(acme, is_batch=None)
    assert dollars(found) == (Decimal(1), Decimal(2), Decimal(2))
    assert found.doubts == {"batch"}


def test_a_tier_that_is_not_told_may_be_every_tier_with_a_price(acme: Catalog):
    found = one(acme, "m-1", "output", service_tier=None)
    assert dollars(found) == (Decimal(6), Decimal(8), Decimal(16))
    assert found.doubts == {"tier"}
    both = one(acme, "m-1", "output", service_tier=None, is_batch=None)
    assert dollars(both) == (Decimal(4), Decimal(8), Decimal(16))
    assert both.doubts == {"tier", "batch"}


def test_what_batch_and_tiers_change_is_known_against_the_ordinary_tier(acme: Catalog):
    assert one(acme, is_batch=True).ordinary == 2
    assert one(acme, service_tier="priority").ordinary == 2


def test_a_day_within_which_the_price_steps_has_bounds_and_no_guess(acme: Catalog):
    found = one(acme, "m-step")
    assert dollars(found) == (Decimal(1), None, Decimal(2))
    assert found.doubts == {"time"}
    assert dollars(one(acme, "m-step", day=date(2026, 9, 30))) == (Decimal(2),) * 3
    assert dollars(one(acme, "m-step", day=date(2026, 10, 2))) == (Decimal(1),) * 3


def test_usage_by_the_minute_has_the_price_of_its_minute(acme: Catalog):
    before = one(acme, "m-step", grain="minute", price_slot=datetime(2026, 10, 1))  # noqa: DTZ001 -- naive UTC
    after = one(acme, "m-step", grain="minute", price_slot=datetime(2026, 10, 1, 12))  # noqa: DTZ001
    assert (dollars(before), dollars(after)) == ((Decimal(2),) * 3, (Decimal(1),) * 3)


@pytest.mark.parametrize(
    ("context", "low", "high"),
    [
        ("0-200k", "2", "2"),
        ("≤ 200k", "2", "2"),
        ("200k-1M", "4", "4"),
        ("> 200k", "4", "4"),
        ("0-500k", "2", "4"),
        (None, "2", "4"),
    ],
)
def test_the_span_of_prompt_sizes_decides_the_band(acme: Catalog, context: str | None, low: str, high: str):
    found = one(acme, "m-long", context=context)
    assert (found.low, found.high) == (Decimal(low), Decimal(high))
    assert found.doubts == ({"context"} if low != high else set())


def test_a_price_of_the_tokens_above_a_size_only_is_bounds_for_a_sum(acme: Catalog):
    found = one(acme, "m-above")
    assert (dollars(found), found.doubts) == ((Decimal(2), Decimal(2), Decimal(5)), {"context"})
    assert dollars(one(acme, "m-above", "output")) == (Decimal(8),) * 3  # output has no step
    assert dollars(one(acme, "m-above", tokens=200_000)) == (Decimal("0.4"),) * 3
    long = one(acme, "m-above", context="> 200k")  # of each prompt the first 200,000 at 2, the rest at 5
    assert dollars(long) == (Decimal(2), None, Decimal(5))


def test_a_sum_smaller_than_a_long_prompt_has_no_long_prompt(acme: Catalog):
    assert dollars(one(acme, "m-long", tokens=200_000)) == (Decimal("0.4"),) * 3
    assert one(acme, "m-long", tokens=200_001).high == Decimal("0.800004")  # 200,001 x 4 / 1,000,000
    parts = at_list([line("m-long", tokens=150_000), line("m-long", "cache_read", 60_000)], acme)
    assert [part.high for part in parts] == [Decimal("0.6"), Decimal("0.24")]  # 210,000 together can be one prompt


def test_input_that_is_not_told_apart_is_between_its_cheapest_and_dearest_kind(acme: Catalog):
    found = one(acme, "m-1", "input_all")
    assert dollars(found) == (Decimal("0.5"), None, Decimal(2))
    assert found.doubts == {"kind"}
    assert dollars(one(acme, "m-long", "input_all", tokens=100)) == (Decimal("0.0002"),) * 3  # no cache price: as input


@pytest.mark.parametrize(
    ("kind", "low", "usual", "high"),
    [
        ("cache_write_30m", "2.5", "2.5", "2.5"),
        ("cache_write_12h", "4", "4", "4"),
        ("cache_write_other", "2.5", "2.5", "4"),
    ],
)
def test_cache_writes_cost_what_their_lifetime_costs(acme: Catalog, kind: str, low: str, usual: str, high: str):
    assert dollars(one(acme, "m-write", kind)) == (Decimal(low), Decimal(usual), Decimal(high))


@pytest.mark.parametrize(
    ("kind", "cost"),
    [("input_audio", "32"), ("cache_read_audio", "0.4"), ("output_audio", "64"), ("input_image", "2"), ("input", "2")],
)
def test_audio_has_its_own_price_and_what_has_none_costs_what_it_is_part_of(acme: Catalog, kind: str, cost: str):
    assert dollars(one(acme, "m-audio", kind)) == (Decimal(cost),) * 3


def test_a_region_is_priced_as_told_and_bounded_where_it_is_not(acme: Catalog):
    assert dollars(one(acme, "m-region", region="us")) == (Decimal("2.2"),) * 3
    assert dollars(one(acme, "m-region", region="not_available")) == (Decimal(2),) * 3
    unknown = one(acme, "m-region", region=None)
    assert (dollars(unknown), unknown.doubts) == ((Decimal(2), Decimal(2), Decimal("2.2")), {"region"})


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"model": "nobody-9"}, "unknown-model"),
        ({"model": None}, "the export does not separate models"),
        ({"is_consistent": False}, "its counts contradict each other"),
        ({"day": None}, "no time"),
        ({"service_tier": "scale"}, "m-1 has no price for service tier scale"),
        ({"grain": "month"}, "its period is neither a single day nor within one price"),
        (
            {"tokens": None, "unit": "num_requests", "pieces": Decimal(3), "family": "web_search_calls"},
            "web search calls: no price for this unit",
        ),
        ({"model": "m-step", "day": date(2019, 12, 31)}, "m-step has no price before 2020-01-01"),
    ],
)
def test_what_has_no_price_says_why(acme: Catalog, told: dict[str, Any], why: str):
    found = one(acme, **told)
    assert (dollars(found), found.why_unpriced) == ((None, None, None), why)


def test_nothing_used_costs_nothing_whatever_it_is(acme: Catalog):
    assert dollars(one(acme, "nobody-9", tokens=0)) == (0, 0, 0)


def test_anthropics_fast_mode_is_ruled_out_only_by_a_speed(catalog: Catalog):
    told = {
        "seller": "anthropic",
        "bill": "anthropic_usage",
        "service_tier": "standard",
        "context": "0-200k",
        "day": date(2026, 11, 10),
    }
    name = "claude-fable-5-2"
    untold, standard, fast = (
        one(catalog, name, **told | {"service_tier": tier, "speed": speed})
        for tier, speed in (("standard", None), ("standard", "standard"), ("fast", "fast"))
    )
    assert (untold.low, untold.usd, untold.high) == (standard.usd, standard.usd, fast.usd)
    assert (untold.doubts, standard.doubts) == ({"speed"}, frozenset())
    without_tier = one(catalog, name, **told | {"service_tier": None, "speed": "standard"})
    assert dollars(without_tier) == (standard.usd,) * 3


@pytest.mark.parametrize(
    ("provider", "model", "kinds"),
    [
        ("openai", "gpt-4.1", {"input": 123_456, "cache_read": 65_432, "output": 9_999}),
        ("openai", "gpt-4o-mini", {"input": 1_000_001, "cache_read": 7, "output": 31}),
        ("anthropic", "claude-sonnet-4-5", {"input": 1_500, "cache_read": 200, "cache_write_5m": 500, "output": 77}),
        ("anthropic", "claude-haiku-4-5", {"input": 31, "cache_read": 900_000, "cache_write_5m": 17, "output": 4_321}),
    ],
)
def test_another_calculator_has_the_same_cost(catalog: Catalog, provider: str, model: str, kinds: dict[str, int]):
    listed = at_list(
        [
            line(model, kind, tokens, seller=provider, context="0-200k", speed="standard")
            for kind, tokens in kinds.items()
        ],
        catalog,
    )
    written, read = kinds.get("cache_write_5m", 0), kinds["cache_read"]
    usage = Usage(
        input_tokens=kinds["input"] + read + written,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=kinds["output"],
    )
    theirs = calc_price(usage, model, provider_id=provider, genai_request_timestamp=datetime(2026, 10, 1, 12))  # noqa: DTZ001
    assert sum((part.usd or Decimal(0)) for part in listed) == theirs.total_price


RATES = {  # dollars a million: input, cache_read, output
    (None, False): (Decimal(2), Decimal("0.5"), Decimal(8)),
    (None, True): (Decimal(1), Decimal("0.25"), Decimal(4)),
    ("flex", False): (Decimal("1.5"), Decimal("0.5"), Decimal(6)),
    ("priority", False): (Decimal(4), Decimal(1), Decimal(16)),
}
requests = st.lists(
    st.tuples(st.sampled_from(sorted(RATES, key=str)), *[st.integers(0, 500_000)] * 3), min_size=1, max_size=6
)


@given(requests, st.sets(st.sampled_from(["tier", "batch", "cached"])))
def test_bounds_always_hold_what_the_requests_cost(acme: Catalog, sent: list[Any], tells: set[str]):
    truth = sum(
        (rate * count for case, *counts in sent for rate, count in zip(RATES[case], counts, strict=True)), Decimal(0)
    )
    sums: dict[tuple[Any, ...], int] = {}
    for (tier, batch), fresh, read, made in sent:
        told = ((tier or "default") if "tier" in tells else None, batch if "batch" in tells else None)
        kinds = {"input": fresh, "cache_read": read} if "cached" in tells else {"input_all": fresh + read}
        for kind, count in (kinds | {"output": made}).items():
            sums[(*told, kind)] = sums.get((*told, kind), 0) + count
    listed = at_list(
        [line("m-1", kind, count, service_tier=tier, is_batch=batch) for (tier, batch, kind), count in sums.items()],
        acme,
    )
    low, high = (sum((getattr(part, end) for part in listed), Decimal(0)) for end in ("low", "high"))
    assert low <= truth / MILLION <= high
    if tells == {"tier", "batch", "cached"}:
        assert low == truth / MILLION == high
