"""Rules and quantities of the catalog, each with the arithmetic of its figure beside it."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from builders import DAY, catalog_of, catalog_text, sku_text

from llmaudit.catalog import Catalog, Conditions, Quote, load_catalog, quote
from llmaudit.catalog.units import PIECE_UNITS, TOKEN_UNITS
from llmaudit.errors import InputError

GLOBAL = Conditions(DAY, region="global")
M = 1_000_000


def own(tmp_path: Path, *skus: str, rules: str = "") -> Catalog:
    return catalog_of(tmp_path, catalog_text("own", "".join(skus)) + rules)


def asked(catalog: Catalog, model: str = "m", conditions: Conditions = GLOBAL, **tokens: int) -> Quote:
    return quote(catalog, model, tokens, conditions, seller="own")


def amounts(found: Quote) -> tuple[Decimal | None, ...]:
    return found.low_usd, found.cost_usd, found.high_usd


def test_marginal_steps(tmp_path: Path) -> None:
    """A tax bracket at 1,000 and another at 3,000 tokens: 1,000 x 1 + 2,000 x 2 + 1,000 x 4 millionths."""
    prices = [
        "usd_per_million: {input: 1, cache_read: 0.1, output: 10}",
        "when: {marginal_gt: 1000}, usd_per_million: {input: 2, cache_read: 0.2}",
        "when: {marginal_gt: 3000}, usd_per_million: {input: 4, cache_read: 0.4}",
    ]
    catalog = own(tmp_path, sku_text("m", prices))
    found = asked(catalog, input_tokens=4000, output_tokens=100)
    assert found.cost_usd == Decimal("0.009") + Decimal("0.001")
    assert sum(part.cost_usd for part in found.components) == found.cost_usd
    assert asked(catalog, input_tokens=1000).cost_usd == Decimal("0.001")
    # Cached tokens are the beginning of a prompt: 1,000 at 0.1, 500 at 0.2, then 1,500 ordinary ones at 2.
    cached = asked(catalog, input_tokens=1500, cache_read_tokens=1500)
    assert cached.cost_usd == Decimal("0.0001") + Decimal("0.0001") + Decimal("0.003")


def test_reasoning_apart(tmp_path: Path) -> None:
    """300 of 1,000 output tokens reasoned: 700 x 10 + 300 x 40; unknown is anything from all to none."""
    catalog = own(tmp_path, sku_text("m", ["usd_per_million: {input: 1, output: 10, reasoning: 40}"]))
    assert amounts(asked(catalog, output_tokens=1000, reasoning_tokens=300)) == (Decimal("0.019"),) * 3
    assert amounts(asked(catalog, output_tokens=1000, reasoning_tokens=0)) == (Decimal("0.01"),) * 3
    assert amounts(asked(catalog, output_tokens=1000)) == (Decimal("0.01"), Decimal("0.01"), Decimal("0.04"))
    assert asked(catalog, output_tokens=10, reasoning_tokens=11).status == "unpriced"


def test_thinking_mode(tmp_path: Path) -> None:
    """A sku whose whole price changes while it reasons: 1,000 x 2 and 1,000 x 8 millionths."""
    catalog = own(
        tmp_path,
        sku_text(
            "m",
            [
                "usd_per_million: {input: 1, output: 2}",
                "when: {mode: thinking}, usd_per_million: {input: 1, output: 8}",
            ],
        ),
    )
    assert asked(catalog, output_tokens=1000, reasoning_tokens=1).cost_usd == Decimal("0.008")
    assert asked(catalog, output_tokens=1000, reasoning_tokens=0).cost_usd == Decimal("0.002")
    assert amounts(asked(catalog, output_tokens=1000)) == (Decimal("0.002"), Decimal("0.002"), Decimal("0.008"))


def test_audio_apart(tmp_path: Path) -> None:
    """Of 1,000 input tokens 400 are audio at 5: 600 x 1 + 400 x 5; images have no price of their own here."""
    catalog = own(tmp_path, sku_text("m", ["usd_per_million: {input: 1, input_audio: 5, output: 2}"]))
    found = asked(catalog, input_tokens=1000, input_audio_tokens=400)
    assert found.cost_usd == Decimal("0.0026")
    assert [(part.counter, int(part.quantity)) for part in found.components] == [
        ("input_tokens", 600),
        ("input_audio_tokens", 400),
    ]
    image = asked(catalog, input_tokens=1000, input_image_tokens=400)
    assert image.cost_usd == Decimal("0.001")
    assert "no input_image price is on record for that day" in image.assumptions[0]


def test_pieces(tmp_path: Path) -> None:
    """Two searches at a cent, half an hour at 5 cents, and 2 dollars a thousand for each request."""
    prices = ["usd_per_million: {input: 1, output: 1}, usd_each: {web_search: 0.01, code_hour: 0.05, request: 0.002}"]
    catalog = own(tmp_path, sku_text("m", [*prices, "when: {batch: true}, usd_per_million: {input: 0.5, output: 0.5}"]))
    found = quote(catalog, "m", {"web_searches": 2}, GLOBAL, seller="own", pieces={"code_hour": Decimal("0.5")})
    assert found.cost_usd == Decimal("0.02") + Decimal("0.025") + Decimal("0.002")
    batch = asked(catalog, conditions=Conditions(DAY, is_batch=True), input_tokens=M, web_searches=1)
    assert batch.cost_usd == Decimal("0.512")  # the search is not discounted
    plain = own(tmp_path, sku_text("m", ["usd_per_million: {input: 1, output: 1}"]))
    assert asked(plain, web_searches=1).status == "unpriced"
    assert asked(plain, web_searches=0, input_tokens=M).cost_usd == 1


def test_multipliers(tmp_path: Path) -> None:
    """A tenth more in the US, for m but not for n; a stated regional price wins over the rule."""
    rules = """
multipliers:
  - {when: {region: us}, factor: 1.1, models: ["*"], unless: ["n"], source: the residency page}
"""
    stated = ["usd_per_million: {input: 2, output: 2}", "when: {region: us}, usd_per_million: {input: 3, output: 3}"]
    catalog = own(
        tmp_path,
        sku_text(
            "m",
            ["usd_per_million: {input: 2, output: 2}", "when: {batch: true}, usd_per_million: {input: 1, output: 1}"],
        ),
        sku_text("n", ["usd_per_million: {input: 2, output: 2}"]),
        sku_text("o", stated),
        rules=rules,
    )
    us = Conditions(DAY, region="us")
    assert asked(catalog, "m", us, input_tokens=M).cost_usd == Decimal("2.2")
    assert asked(catalog, "m", Conditions(DAY, region="us", is_batch=True), input_tokens=M).cost_usd == Decimal("1.1")
    assert "1.1 x 2" in asked(catalog, "m", us, input_tokens=M).rules[0]
    assert asked(catalog, "o", us, input_tokens=M).cost_usd == 3
    n = asked(catalog, "n", us, input_tokens=M)
    assert (n.cost_usd, n.status) == (2, "assumed_condition")


def test_discounts_hold_for_their_time(tmp_path: Path) -> None:
    """20% less from May to the end of June, searches left alone."""
    rules = """
discounts:
  - {pct: 20, models: ["m"], valid_from: 2026-05-01T00:00:00Z, valid_to: 2026-07-01T00:00:00Z, source: contract 7}
"""
    catalog = own(
        tmp_path, sku_text("m", ["usd_per_million: {input: 2, output: 2}, usd_each: {web_search: 1}"]), rules=rules
    )
    for month, usd in ((4, "3"), (5, "2.6"), (6, "2.6"), (7, "3")):
        at = Conditions(datetime(2026, month, 1), region="global")  # noqa: DTZ001 -- naive UTC
        assert asked(catalog, "m", at, input_tokens=M, web_searches=1).cost_usd == Decimal(usd)
    assert "20%" in asked(catalog, "m", Conditions(datetime(2026, 6, 1)), input_tokens=M).rules[0]  # noqa: DTZ001


def test_hosting(tmp_path: Path) -> None:
    """Two GPUs at $2.10, 40 M tokens an hour at 35%: 4.2 / 14 = 0.30 a million; output 4.2 / 2.1 = 2."""
    text = """
seller: own
kind: host
models:
  - sku: m
    model: own/m
    hosting: {usd_per_hour: 2.10, units: 2, input_tokens_per_hour: 40000000, output_tokens_per_hour: 6000000,
              utilisation: 0.35, valid_from: 2026-01-01T00:00:00Z, source: invoice}
"""
    found = asked(catalog_of(tmp_path, text), input_tokens=M, output_tokens=M)
    assert found.cost_usd == Decimal("0.3") + Decimal(2)
    assert "2 x $2.10 an hour" in found.rules[0]


def test_single_rates_replaced(tmp_path: Path, catalog: Catalog) -> None:
    """`replaces: rate` changes one unit for its time and leaves the rest of the packaged prices."""
    text = """
seller: openai
replaces: rate
models:
  - sku: gpt-4.1-mini
    names: [our-mini]
    prices:
      - valid_from: 2026-10-01T00:00:00Z
        valid_to: 2026-11-01T00:00:00Z
        source: contract
        usd_per_million: {output: 1}
"""
    mine = catalog_of(tmp_path, text)
    tokens = {"input_tokens": M, "output_tokens": M}
    for month, usd in ((9, "2"), (10, "1.4"), (11, "2")):
        at = Conditions(datetime(2026, month, 15))  # noqa: DTZ001 -- naive UTC
        assert quote(mine, "our-mini", tokens, at, seller="openai").cost_usd == Decimal(usd)
    batch = Conditions(datetime(2026, 10, 15), is_batch=True)  # noqa: DTZ001
    assert quote(mine, "gpt-4.1-mini", tokens, batch).cost_usd == quote(catalog, "gpt-4.1-mini", tokens, batch).cost_usd


def test_completion_decides(catalog: Catalog) -> None:
    """DeepSeek's peak ends at 04:00 UTC: a start at 03:30 may complete on either side, a known completion may not."""

    def at(clock: str, *, is_start: bool) -> tuple[Decimal | None, ...]:
        moment = datetime.fromisoformat(f"2026-11-23T{clock}")
        return amounts(quote(catalog, "deepseek-v4-pro", {"input_tokens": M}, Conditions(moment, at_is_start=is_start)))

    peak, low = Decimal("1.32"), Decimal("0.66")
    assert at("03:30", is_start=False) == (peak, peak, peak)
    assert at("03:30", is_start=True) == (low, peak, peak)
    assert at("02:59", is_start=True) == (peak, peak, peak)
    assert at("04:10", is_start=True) == (low, low, low)
    assert at("05:30", is_start=True) == (low, low, peak)


def test_a_day_whose_holidays_are_not_known(catalog: Catalog) -> None:
    """The calendar knows the holidays of 2026: a Monday of 2027 may be one."""
    found = quote(catalog, "deepseek-v4-pro", {"input_tokens": M}, Conditions(datetime(2027, 1, 4, 2)))  # noqa: DTZ001
    assert amounts(found) == (Decimal("0.66"), Decimal("1.32"), Decimal("1.32"))


def test_a_report_can_be_run_again_as_it_was(tmp_path: Path) -> None:
    """A price that was learnt on 2026-10-20 is not known on 2026-10-10; the one before it is."""
    path = tmp_path / "own.yaml"
    prices = [
        "usd_per_million: {input: 1, output: 1}",
        "valid_from: 2026-10-01T00:00:00Z, learned_on: 2026-10-20, usd_per_million: {input: 3, output: 3}",
    ]
    path.write_text(catalog_text("own", sku_text("m", prices)) + "replaces: rate\n")
    at = Conditions(datetime(2026, 10, 5), region="global")  # noqa: DTZ001
    assert asked(load_catalog([path]), "m", at, input_tokens=M).cost_usd == 3
    before, then, now = (load_catalog([path], known_at=day) for day in (date(2026, 10, 10), date(2026, 12, 1), None))
    assert asked(before, "m", at, input_tokens=M).cost_usd == 1
    early = asked(before, "m", Conditions(datetime(2019, 1, 1)), input_tokens=M)  # noqa: DTZ001
    assert early.assumptions == ("m had, on 2026-10-10, no price before 2020-01-01",)
    assert asked(then, "m", at, input_tokens=M).cost_usd == 3
    assert len({before.version, then.version, now.version}) == 3


def test_every_unit_is_known(catalog: Catalog) -> None:
    units = {rate.unit for key in catalog.keys for rate in catalog.rates(key)}
    assert units <= TOKEN_UNITS | PIECE_UNITS
    assert {"input", "cache_write_12h", "output_image", "web_search", "request", "second_audio_in"} <= units


REFUSED = [
    ("multipliers: [{when: {}, factor: 1.1, models: [m], source: s}]", "adds a condition"),
    ("multipliers: [{when: {region: us}, factor: 1e400, models: [m], source: s}]", "at most 100"),
    ("quotas: [{unit: web_serch, free: 5, per: month, models: [m], source: s}]", "overlay.yaml:"),
    ("multipliers: [{when: {region: us}, factor: 0, models: [m], source: s}]", "above 0"),
    ("discounts: [{pct: 120, source: s}]", "at most 100"),
    ("quotas: [{unit: web_search, free: -5, per: month, models: [m], source: s}]", "above 0"),
    ("quotas: [{unit: web_search, free: 5, per: week, models: [m], source: s}]", "overlay.yaml:"),
    ("commitments: [{usd_per_month: 0, source: s}]", "above 0"),
]


@pytest.mark.parametrize(("rules", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_rules_that_cannot_be_meant(tmp_path: Path, rules: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        own(tmp_path, sku_text("m", ["usd_per_million: {input: 1, output: 1}"]), rules=rules)
    assert why in str(refused.value)
    assert "overlay.yaml:" in str(refused.value)


BAD_PRICES: list[tuple[str, Any]] = [
    ("usd_per_million: {input: 0.1234567}", "six"),
    ("when: {marginal_gt: 5}, usd_per_million: {output: 1}", "marginal_gt"),
    ("usd_per_million: {input: -1}", "from 0 to below 1,000,000"),
    ("usd_per_million: {input: NaN}", "from 0 to below 1,000,000"),
    ("usd_per_million: {input: 1e400}", "from 0 to below 1,000,000"),
    ("usd_each: {request: 100}", "from 0 to below 100"),
    ("valid_to: 2019-01-01T00:00:00Z, usd_per_million: {input: 1}", "before it begins"),
    ("note: nothing", "without a price"),
    ("usd_per_million: {inputs: 1}", "overlay.yaml:"),
    ("usd_each: {web_searches: 1}", "overlay.yaml:"),
]


@pytest.mark.parametrize(("price", "why"), BAD_PRICES, ids=[str(price) for price, _ in BAD_PRICES])
def test_prices_that_cannot_be_meant(tmp_path: Path, price: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        own(tmp_path, sku_text("m", [price]))
    assert why.replace("six", "6 decimals") in str(refused.value)
    assert re.match(r"overlay\.yaml:\d+:\d+: ", str(refused.value)), "line and column"


def test_finer_prices_are_taken_where_they_are_meant(tmp_path: Path) -> None:
    catalog = own(tmp_path, sku_text("m", ["fine: true, usd_per_million: {input: 0.1234567, output: 1}"]))
    assert asked(catalog, input_tokens=10).cost_usd == Decimal("0.000001234567")


def test_a_sum_of_more_than_28_digits_is_not_rounded(tmp_path: Path) -> None:
    """Python's own decimal context keeps 28 digits; these sums have 33."""
    catalog = own(tmp_path, sku_text("m", ["fine: true, usd_per_million: {input: 123456.123456789012, output: 1}"]))
    found = asked(catalog, input_tokens=999_999_999_999_999)
    exact = Fraction("123456.123456789012") * 999_999_999_999_999 / M
    assert [Fraction(amount or 0) for amount in amounts(found)] == [exact] * 3


@pytest.mark.parametrize(("hours", "tokens"), [("1e400", "5"), ("2", "1e-400"), ("1e9", "1"), ("0", "5")])
def test_hours_that_cannot_be_meant(tmp_path: Path, hours: str, tokens: str) -> None:
    hosting = (
        f"{{usd_per_hour: {hours}, input_tokens_per_hour: {tokens}, output_tokens_per_hour: {tokens},"
        " valid_from: 2026-01-01T00:00:00Z, source: s}"
    )
    with pytest.raises(InputError, match=r"^overlay\.yaml:\d+:\d+: .*`usd_per_hour`"):
        catalog_of(tmp_path, catalog_text("own", f"  - {{sku: m, model: own/m, hosting: {hosting}}}\n"))
