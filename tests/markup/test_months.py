"""Verdicts on simulated months with planted truth, at fixed seeds. `benchmarks/markup.py` is the study behind them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import cast

import numpy as np
import pytest

from llmaudit.catalog import Catalog
from llmaudit.datasets.markup import Look, World, payments, simulate
from llmaudit.datasets.markup_study import LOOKS, PLANTED, judge_month
from llmaudit.markup.lookalikes import ORDER
from llmaudit.markup.model import GatewayRow

REQUESTS = 700


def month(catalog: Catalog, world: World, seed: int = 7) -> GatewayRow:
    return judge_month(replace(world, requests=REQUESTS), catalog, np.random.default_rng(seed))


BESIDE = {"24 tokens a request, reported", "5.5% on credit, at least $0.80"}
"""What no amount shows: the list cost of what was reported has it in, or it was paid elsewhere."""


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_rule_is_found(catalog: Catalog, what: str) -> None:
    world = PLANTED[what]
    found = month(catalog, world)
    assert (found.verdict, found.kind) == ("markup", world.rule)
    assert found.overpaid_usd is not None
    if what not in BESIDE:
        assert float(found.overpaid_usd) == pytest.approx(float(found.over_list_usd or 0), rel=1e-6)
    assert sum(one.overpaid_usd for one in found.found) == found.overpaid_usd
    (rule,) = found.found
    if world.rule in {"token_rate", "conversion", "output_rate", "input_rate"}:
        assert rule.pct == pytest.approx(100 * (world.rate - 1), abs=0.02)
    if world.rule == "per_request":
        assert float(rule.fixed_usd or 0) == pytest.approx(world.fee, rel=0.01)
        assert float(found.overpaid_usd) == pytest.approx(REQUESTS * 0.0002)
    if world.since:
        assert f"{rule.since}" == "2026-10-13"


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_an_interval_has_room_for_ties(catalog: Catalog, seed: int) -> None:
    """List costs in whole tens of the log's step, times 1.05, end on half a step: all of them are rounded alike."""
    (rule,) = month(catalog, replace(PLANTED["5%"], unit=Decimal("1e-8")), seed).found
    assert rule.low_pct is not None
    assert rule.high_pct is not None
    assert rule.low_pct <= 5 <= rule.high_pct
    assert rule.high_pct - rule.low_pct < 0.001


def test_a_month_at_list_is_cleared_with_a_bound(catalog: Catalog) -> None:
    found = month(catalog, World(unit=Decimal("1e-6")))
    assert (found.verdict, found.kind, found.overpaid_usd) == ("none", None, 0)
    assert "at most" in found.evidence[0]
    assert [one.name for one in found.ruled_out] == list(ORDER)


@pytest.mark.parametrize("share", [1.0, 0.4])
@pytest.mark.parametrize("look", LOOKS)
def test_a_look_alike_is_no_markup(catalog: Catalog, look: str, share: float) -> None:
    found = month(catalog, World(look=cast("Look", look), share=share))
    assert found.verdict in {"none", "explained", "undecidable"}
    assert not found.found


@pytest.mark.parametrize("look", ["region", "service tier", "batch", "cache class", "alias", "currency", "promotion"])
def test_what_explains_a_month_is_named(catalog: Catalog, look: str) -> None:
    found = month(catalog, World(look=cast("Look", look)))
    assert found.verdict == "explained"
    assert look in [one.name for one in found.ruled_out if not one.ruled_out]


def test_ten_percent_on_models_with_regional_prices_only_decides_nothing(catalog: Catalog) -> None:
    """gpt-5.6-sol and claude-sonnet-4-6 cost 1.1 times as much in a region: the very ratio that is planted."""
    mix = {("openai", "gpt-5.6-sol"): 1.0, ("anthropic", "claude-sonnet-4-6"): 1.0}
    found = month(catalog, World(rule="token_rate", rate=1.10, mix=mix))
    assert found.verdict == "undecidable"
    assert "region" in found.evidence[0]


def test_thirty_percent_on_them_is_a_markup_whose_low_end_leaves_room_for_the_region(catalog: Catalog) -> None:
    """1.30 over list, or 1.30 / 1.10 - 1 = 18.18% over a regional list."""
    mix = {("openai", "gpt-5.6-sol"): 1.0, ("anthropic", "claude-sonnet-4-6"): 1.0}
    found = month(catalog, World(rule="token_rate", rate=1.30, mix=mix))
    assert found.verdict == "markup"
    assert found.low_pct == pytest.approx(18.18, abs=0.01)
    assert found.high_pct == pytest.approx(30, abs=0.01)


def test_amounts_in_cents_still_show_a_tenth(catalog: Catalog) -> None:
    found = judge_month(World(rule="token_rate", rate=1.3, unit=Decimal("0.01")), catalog, np.random.default_rng(1))
    assert found.verdict == "markup"
    assert found.pct == pytest.approx(30, abs=4)


def test_reported_tokens_that_were_not_sent_cost_what_they_cost_at_list(catalog: Catalog) -> None:
    """$2 a million tokens of gpt-4.1, $1 of claude-haiku-4-5: 24 of them on every request."""
    mix = {("openai", "gpt-4.1"): 1.0, ("anthropic", "claude-haiku-4-5"): 1.0}
    found = month(catalog, World(rule="token_count", tokens=24, is_reported=True, mix=mix))
    requests = {row.model: row.requests for row in found.by_model}
    cost = requests["openai/gpt-4.1"] * 2 + requests["anthropic/claude-haiku-4-5"]
    assert float(found.overpaid_usd or 0) == pytest.approx(24 * cost / 1_000_000, rel=1e-9)


def test_a_fee_on_credit_is_what_the_payments_cost_over_it(catalog: Catalog) -> None:
    world = replace(PLANTED["5.5% on credit, at least $0.80"], requests=REQUESTS)
    rng = np.random.default_rng(7)
    simulate(world, catalog, rng)
    paid = [(one.paid_usd, one.credited_usd or 0) for one in payments(world, rng)]
    found = month(catalog, world)
    assert found.overpaid_usd == sum(usd - credit for usd, credit in paid)
    assert all(
        abs(usd - credit - max(credit * Decimal("0.055"), Decimal("0.8"))) <= Decimal("0.005") for usd, credit in paid
    )
