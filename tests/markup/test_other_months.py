"""Months of another simulator than the one that ships: prices written here, exact decimals, other ways to round.

What it shares with the program is the shape of a request. Prices are those of the makers' pages in October 2026, US
dollars a million tokens of input, cache read and output.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest

from llmaudit.catalog import Catalog
from llmaudit.datasets.markup_study import cells_of
from llmaudit.markup.gateway import judge_gateway
from llmaudit.markup.model import GatewayRow, MarkupRule
from llmaudit.markup.traffic import Traffic
from llmaudit.summaries.billed import BilledRequest

MILLION = 1_000_000
PRICES = {
    ("openai", "gpt-4.1"): ("2", "0.5", "8"),
    ("openai", "gpt-4.1-mini"): ("0.4", "0.1", "1.6"),
    ("anthropic", "claude-haiku-4-5"): ("1", "0.1", "5"),
}
FIRST = datetime(2026, 10, 1)  # noqa: DTZ001 -- naive UTC, as in the database


@dataclass(frozen=True)
class Call:
    """One request: what it costs at list, in parts, and what a rule may go by."""

    model: str
    day: int
    prompt: Decimal
    output: Decimal
    discount: Decimal
    token: Decimal
    chance: float

    @property
    def listed(self) -> Decimal:
        return self.prompt + self.output


Rule = Callable[[Call], Decimal]


def month(
    rule: Rule,
    *,
    places: int = 8,
    rounding: str = ROUND_HALF_EVEN,
    noise: float = 0.0,
    requests: int = 900,
    models: int = 3,
    batch: float = 0.0,
    scale: float = 1.0,
    hidden: bool = False,
    least_cached: int = 0,
) -> list[BilledRequest]:
    """Return a month of requests as a rule bills them."""
    dice = random.Random(20261001)  # noqa: S311 -- a simulation
    rows = []
    for number in range(requests):
        (seller, sku), (fresh, cached, out) = dice.choice(list(PRICES.items())[:models])
        at = FIRST + timedelta(seconds=dice.randrange(30 * 86400))
        size, read = int(dice.lognormvariate(7, 1) * scale) + 8, 0
        if dice.random() < 0.4:
            read = int(size * dice.uniform(0.3, 0.95)) * (size >= least_cached)
        output = int(dice.lognormvariate(5.5, 0.9) * scale) + 1
        prices = [Decimal(one) / MILLION for one in (fresh, cached, out)]
        prompt = (size - read) * prices[0] + read * prices[1]
        call = Call(
            sku, (at - FIRST).days, prompt, output * prices[2], read * (prices[0] - prices[1]), prices[0], dice.random()
        )
        amount = rule(call) * Decimal(repr(dice.lognormvariate(0, noise) if noise else 1.0))
        rows.append(
            BilledRequest(
                gateway="relay.example", seller=seller, sku=sku, model=f"{seller}/{sku}", requested=sku,
                day=at.date(), at=at, price_slot=datetime(at.year, at.month, at.day), slot_by="start",  # noqa: DTZ001
                service_tier=None, is_batch=call.chance < batch, region_class=None, is_thinking=False,
                tokens=(size, 0, 0, 0, 0, output) if hidden else (size - read, read, 0, 0, 0, output),
                reasoning_tokens=None, parts=(None,) * 5,
                web_searches=None, billed_usd=amount.quantize(Decimal(1).scaleb(-places), rounding), group_ratio=None,
                file="other", line=number + 1, rank=dice.getrandbits(32),
            )
        )  # fmt: skip
    return rows


def judged(catalog: Catalog, rows: list[BilledRequest]) -> GatewayRow:
    return judge_gateway(Traffic("relay.example", cells_of(rows, catalog), rows), catalog)


def rate(text: str) -> Rule:
    return lambda call: call.listed * Decimal(text)


def on_one_model(call: Call) -> Decimal:
    return call.listed * (Decimal("1.3") if call.model == "gpt-4.1-mini" else 1)


def from_a_day(call: Call) -> Decimal:
    return call.listed * (Decimal("1.05") if call.day >= 14 else 1)


def kept_and_more(call: Call) -> Decimal:
    return (call.listed + call.discount) * Decimal("1.05")


FOUND = {
    "5%, ties rounded up": (month(rate("1.05"), rounding=ROUND_HALF_UP), "token_rate", 5),
    "5%, rounded down to six places": (month(rate("1.05"), places=6, rounding=ROUND_FLOOR), "token_rate", 5),
    "5%, rounded up to six places": (month(rate("1.05"), places=6, rounding=ROUND_CEILING), "token_rate", 5),
    "5.5%, ten places": (month(rate("1.055"), places=10), "token_rate", 5.5),
    "10% on large requests, four places": (month(rate("1.1"), places=4, scale=6), "token_rate", 10),
    "30% on one model": (month(on_one_model), "token_rate", 30),
    "5% from the 15th": (month(from_a_day), "token_rate", 5),
    "$0.0002 a request, rounded down": (
        month(lambda call: call.listed + Decimal("0.0002"), places=6, rounding=ROUND_FLOOR), "per_request", 0.0002,
    ),
    "output 10% dearer": (month(lambda call: call.listed + call.output / 10), "output_rate", 10),
    "discount on cached input kept": (month(lambda call: call.listed + call.discount), "cache_discount", 100),
    "the same and 5%": (month(kept_and_more), "rate_and_cache_discount", 5),
    "24 tokens beyond those reported": (month(lambda call: call.listed + 24 * call.token), "token_count", 24),
    "24 tokens, of one model": (
        month(lambda call: call.listed + 24 * call.token, models=1, places=10), "token_count", 24,
    ),
    "at least $0.002, with noise": (
        month(lambda call: max(call.listed, Decimal("0.002")), noise=0.01), "minimum_charge", 0.002,
    ),
    "whole cents": (month(rate("1"), places=2, rounding=ROUND_CEILING, scale=10), "rounding_up", 0.01),
}  # fmt: skip


def interval(found: MarkupRule) -> tuple[float, float]:
    """Return the ends of the interval of a finding's own number."""
    ends = (
        (found.tokens_low, found.tokens_high)
        if found.tokens_per_request is not None
        else (found.low_pct, found.high_pct)
        if found.pct is not None
        else (found.fixed_low_usd, found.fixed_high_usd)
    )
    assert None not in ends
    return float(ends[0] or 0), float(ends[1] or 0)


@pytest.mark.parametrize("what", FOUND)
def test_a_planted_rule_is_found(catalog: Catalog, what: str) -> None:
    rows, kind, number = FOUND[what]
    found = judged(catalog, rows)
    assert (found.verdict, found.kind) == ("markup", kind)
    (rule,) = found.found
    low, high = interval(rule)
    assert low <= number <= high
    assert high - low < 0.05 * number
    assert sum(rule.by_model.values()) == rule.overpaid_usd


def test_only_the_dearer_model_is_named(catalog: Catalog) -> None:
    (rule,) = judged(catalog, month(on_one_model)).found
    assert rule.models == ["openai/gpt-4.1-mini"]


def test_samples_show_what_the_rule_makes_before_the_log_rounds(catalog: Catalog) -> None:
    found = judged(catalog, month(rate("1.05"), places=6, rounding=ROUND_FLOOR))
    assert found.samples
    for sample in found.samples:
        assert float(sample.expected_usd) == pytest.approx(float(sample.list_usd) * 1.05, rel=1e-4)
        assert 0 <= float(sample.expected_usd - sample.billed_usd) < 1e-6 + 1e-9


def test_a_year_goes_on_at_the_pace_since_the_rule_began(catalog: Catalog) -> None:
    """5% from the 15th: 16 of the 30 days of the period have it, and the next year has it every day."""
    found = judged(catalog, month(from_a_day))
    took = found.overpaid_usd or Decimal(0)
    assert [one.since and one.since.day for one in found.found] == [15]
    assert found.monthly_usd == round(took * 365 / 12 / 16, 2)
    assert found.yearly_usd == round(took * 365 / 16, 2)


def half_off_for_a_week(call: Call) -> Decimal:
    return call.listed / (2 if 7 <= call.day < 14 else 1)


CLEAR = {
    "list, rounded down to four places": month(rate("1"), places=4, rounding=ROUND_FLOOR),
    "list, ties rounded up": month(rate("1"), places=6, rounding=ROUND_HALF_UP),
    "list with noise": month(rate("1"), noise=0.01),
    "few requests": month(rate("1"), requests=40),
    "half off for a week": month(half_off_for_a_week),
    "a discount on a fifth": month(lambda call: call.listed * (Decimal("0.75") if call.chance < 0.2 else 1)),
    "yuan": month(rate("7.1")),
    "list, and cached tokens left out": month(rate("1"), hidden=True),
    "batches billed in full": month(rate("1"), batch=0.3),
}


@pytest.mark.parametrize("what", CLEAR)
def test_nothing_is_made_up(catalog: Catalog, what: str) -> None:
    found = judged(catalog, CLEAR[what])
    assert found.verdict in {"none", "explained"}
    assert (found.overpaid_usd, found.found) == (0, [])


def test_two_gaps_of_a_log_at_once_are_left_open(catalog: Catalog) -> None:
    """Amounts in yuan, and no cached tokens: neither reading alone makes them, and no rule does."""
    found = judged(catalog, month(rate("7.1"), hidden=True))
    assert (found.verdict, found.overpaid_usd, found.found) == ("undecidable", None, [])


def test_a_discount_is_not_set_off_against_a_markup(catalog: Catalog) -> None:
    """mini is 10% dearer and haiku 30% cheaper: overpaid is the tenth, whatever the other saves."""

    def rule(call: Call) -> Decimal:
        return call.listed * Decimal({"gpt-4.1-mini": "1.1", "claude-haiku-4-5": "0.7"}.get(call.model, "1"))

    rows = month(rule, places=12)
    found = judged(catalog, rows)
    billed = {model: sum(row.billed_usd for row in rows if row.model == model) for model in found.found[0].by_model}
    assert (found.verdict, list(billed)) == ("markup", ["openai/gpt-4.1-mini"])
    assert float(found.overpaid_usd or 0) == pytest.approx(float(sum(billed.values())) / 11, rel=1e-6)
    assert (found.over_list_usd or 0) < 0 < (found.below_list_usd or 0)
