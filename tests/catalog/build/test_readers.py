"""Each source against figures worked out by hand from what it says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from making import TODAY, litellm_wheel, moment

from llmaudit.catalog.build import cost_calculator, genai, litellm_json, model_prices
from llmaudit.catalog.build.fact import Stated, cleaned, per_million, plain
from llmaudit.catalog.build.litellm_keys import parse
from llmaudit.errors import InputError

SCHEDULES = frozenset({"deepseek-peak-2026", "deepseek-offpeak-2025"})


def rates(source: Stated, seller: str, sku: str) -> dict[tuple[str, str], list[str]]:
    """Return the prices of a sku by unit and conditions, in the order in which they hold."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for fact in source.facts:
        if (fact.seller, fact.sku) == (seller, sku):
            found.setdefault((fact.unit, fact.when), []).append((str(fact.valid_from or ""), plain(fact.usd)))
    return {key: [usd for _, usd in sorted(values)] for key, values in found.items()}


EXACT = [
    ("1.2e-06", "1.2"),
    ("7.5e-8", "0.075"),
    ("0.0000000028", "0.0028"),
    ("8.000000000000001e-07", "0.8"),  # noise of binary arithmetic
    ("2.857142857142857E-7", "0.285714285714"),
    ("0", "0"),
]


@pytest.mark.parametrize(("per_token", "expected"), EXACT)
def test_per_million_is_exact(per_token: str, expected: str) -> None:
    assert plain(per_million(Decimal(per_token))) == expected


def test_a_price_of_few_digits_is_left_as_it_is() -> None:
    assert cleaned(Decimal("0.09825000001")) == Decimal("0.09825000001")


KEYS = [
    ("input_cost_per_token", "chat", "input", None, {}),
    ("output_cost_per_token_above_272k_tokens_priority", "chat", "output", 272_000, {"service_tier": "priority"}),
    ("cache_read_input_token_cost_batches", "chat", "cache_read", None, {"batch": "true"}),
    ("cache_creation_input_token_cost_above_1hr", "chat", "cache_write_1h", None, {}),
    ("cache_creation_input_token_cost_above_1hr_above_200k_tokens", "chat", "cache_write_1h", 200_000, {}),
    (
        "cache_creation_input_token_cost_above_12hr_above_272k_tokens_flex",
        "chat",
        "cache_write_12h",
        272_000,
        {"service_tier": "flex"},
    ),
    ("input_cost_per_second", "audio_transcription", "second_audio_in", None, {}),
]


@pytest.mark.parametrize(("key", "mode", "unit", "above", "conditions"), KEYS)
def test_litellm_keys(key: str, mode: str, unit: str, above: int | None, conditions: dict[str, str]) -> None:
    meaning = parse(key, mode)
    assert meaning is not None
    assert (meaning.unit, meaning.above, meaning.conditions) == (unit, above, conditions)


@pytest.mark.parametrize("key", ["input_cost_per_second", "input_dbu_cost_per_token", "max_input_tokens"])
def test_litellm_keys_that_are_not_understood(key: str) -> None:
    assert parse(key, "chat") is None


LITELLM: dict[str, Any] = {
    "sample_spec": {"litellm_provider": "one of many", "input_cost_per_token": 0.0},
    "gpt-x": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_input_tokens": 1000,
        "supports_vision": True,
        "deprecation_date": "2027-01-31",
        "input_cost_per_token": 2e-06,
        "input_cost_per_token_above_272k_tokens": 4e-06,
        "output_cost_per_token": 8e-06,
        "cache_creation_input_token_cost": 2.5e-06,
        "cache_read_input_token_cost": 0.0,
        "regional_processing_uplift_multiplier_eu": 1.1,
        "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_high": 0.01},
    },
    "deepseek/deepseek-x": {
        "litellm_provider": "deepseek",
        "input_cost_per_token": 1.32e-06,
        "off_peak_pricing": {"input_cost_per_token": 6.6e-07, "windows": []},
    },
    "azure/eu/gpt-x": {"litellm_provider": "azure", "input_cost_per_token": 2.2e-06},
    "azure/us-gov/gpt-x": {"litellm_provider": "azure", "input_cost_per_token": 2.4e-06},
    "bedrock/us-west-2/anthropic.claude-x": {
        "litellm_provider": "bedrock",
        "input_cost_per_token": 3e-06,
        "cache_creation_input_token_cost": 3.75e-06,
    },
    "xai/grok-x": {"litellm_provider": "xai", "input_cost_per_token_above_200k_tokens": 4e-06},
    "dashscope/qwen-x": {
        "litellm_provider": "dashscope",
        "tiered_pricing": [
            {"range": [0, 256000.0], "input_cost_per_token": 5e-08, "output_cost_per_reasoning_token": 4e-06},
            {"range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-07},
        ],
    },
}


def test_litellm(tmp_path: Path) -> None:
    source = litellm_json.read(litellm_wheel(tmp_path, LITELLM), SCHEDULES, TODAY, {})
    assert source.snapshot == moment("2026-11-02")
    assert rates(source, "openai", "gpt-x") == {
        ("input", ""): ["2"],
        ("input", "prompt_gt=272000"): ["4"],
        ("output", ""): ["8"],
        ("cache_write_other", ""): ["2.5"],
        ("web_search", ""): ["0.01"],
    }
    # its base price is that of the peak hours
    assert rates(source, "deepseek", "deepseek-x") == {
        ("input", ""): ["0.66"],
        ("input", "schedule=deepseek-peak-2026"): ["1.32"],
    }
    assert rates(source, "azure", "gpt-x") == {("input", "region=eu"): ["2.2"], ("input", "region=gov"): ["2.4"]}
    assert rates(source, "bedrock", "anthropic.claude-x") == {
        ("input", "region=us-west-2"): ["3"],
        ("cache_write_5m", "region=us-west-2"): ["3.75"],
    }
    assert rates(source, "xai", "grok-x") == {("input", "prompt_ge=200000"): ["4"]}  # "200k or more"
    assert rates(source, "alibaba", "qwen-x") == {
        ("input", ""): ["0.05"],
        ("input", "prompt_gt=256000"): ["0.25"],
        ("output", "mode=thinking"): ["4"],
    }
    assert source.left_out["cache price of 0 (a placeholder)"] == 1
    assert [(rule.sku, rule.condition, rule.factor) for rule in source.multipliers] == [
        ("gpt-x", ("region", "eu"), Decimal("1.1"))
    ]
    note = next(note for note in source.skus if note.sku == "gpt-x")
    assert note.retired_on == date(2027, 1, 31)
    model = next(note for note in source.models if note.sku == "gpt-x")
    assert (model.context, model.images_in, model.tools) == (1000, True, None)


def test_hours_without_a_calendar_are_left_out(tmp_path: Path) -> None:
    source = litellm_json.read(litellm_wheel(tmp_path, LITELLM), frozenset(), TODAY, {})
    assert rates(source, "deepseek", "deepseek-x") == {}


def test_a_wheel_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="LiteLLM's price file cannot be read"):
        litellm_json.read(tmp_path / "litellm-1-none.whl", SCHEDULES, TODAY, {})


@pytest.fixture(scope="module")
def record() -> Stated:
    return model_prices.read(SCHEDULES)


def test_model_prices(record: Stated) -> None:
    # OpenAI, 2026-08-21: Sol from 5/30 to 4/20, and its batch at half of either (facts of the package's own README)
    sol = rates(record, "openai", "gpt-5.6-sol")
    assert list(dict.fromkeys(sol["input", ""])) == ["5", "4"]
    assert list(dict.fromkeys(sol["output", "batch=true"])) == ["15", "10"]
    assert list(dict.fromkeys(sol["cache_write_12h", ""])) == ["12.5", "10"]  # 2.5 times the input price
    # DeepSeek, since 2026-08-16 16:00 UTC: peak is twice the off-peak price
    pro = rates(record, "deepseek", "deepseek-v4-pro")
    assert set(pro["input", "schedule=deepseek-peak-2026"]) == {"1.32"}
    # the 2025 discount: V3 at half price
    assert "0.135" in rates(record, "deepseek", "deepseek-chat")["input", "schedule=deepseek-offpeak-2025"]
    # a withdrawn price has an end: Opus 4.6 was fast from 2026-04-08 to 2026-08-06
    ends = {
        str(fact.valid_to)[:10]
        for fact in record.facts
        if fact.sku == "claude-opus-4-6" and fact.when == "service_tier=fast"
    }
    assert ends == {"2026-08-06"}
    # computed in binary by its maker: 4.800000000000001
    assert "4.8" in rates(record, "xai", "grok-4.5")["output", "batch=true"]


def test_no_price_of_the_record_is_for_an_empty_span(record: Stated) -> None:
    assert all(f.valid_from and (f.valid_to is None or f.valid_from < f.valid_to) for f in record.facts)


def test_cost_calculator() -> None:
    source = cost_calculator.read(SCHEDULES)
    opus = rates(source, "anthropic", "claude-opus-4-6")
    assert opus["input", ""] == ["5"]
    assert opus["cache_write_1h", "batch=true;region=us"] == ["5.5"]  # 5 x 2 x 1.1 x 0.5
    assert rates(source, "bedrock", "global.anthropic.claude-opus-4-6")["input", ""] == ["5"]
    assert rates(source, "deepseek", "deepseek-v4-pro")["input", "schedule=deepseek-peak-2026"] == ["1.32"]
    assert source.left_out["carried over from an older table, in no official source"] > 0


def test_genai_prices() -> None:
    source = genai.read(SCHEDULES, TODAY, {})
    mistral = [f for f in source.facts if f.seller == "mistral"]
    large = [f for f in mistral if (f.sku, f.unit, f.when) == ("mistral-large-4", "input", "")]
    assert [(str(f.valid_from)[:10], plain(f.usd)) for f in large] == [
        ("None", "0.68"),
        ("2026-10-20", "1.36"),
        ("2026-10-29", "0.7"),
    ]
    # a tier is the whole request's, above its start
    assert rates(source, "openai", "gpt-5.6-sol")["input", "prompt_gt=272000;service_tier=flex"] == ["4"]
    # per thousand there, each here
    assert rates(source, "openai", "gpt-5.6-sol")["web_search", ""] == ["0.01", "0.01"]
    assert rates(source, "deepseek", "deepseek-v4-pro")["input", "schedule=deepseek-peak-2026"] == ["1.32"]


def test_the_newest_day_of_data_is_not_after_the_build() -> None:
    assert genai.newest_day(b"2026-01-02 2027-01-01 2026-03-04", date(2026, 6, 1)) == date(2026, 3, 4)


def test_an_installed_litellm_is_read_without_its_wheel() -> None:
    source = litellm_json.read(None, SCHEDULES, TODAY, {})
    assert source.version == version("litellm")
    sonnet = rates(source, "anthropic", "claude-sonnet-4-5")
    # Anthropic's page: 3/15, twice the input price for an hour's cache write, half of all in a batch
    assert [
        sonnet[key] for key in (("input", ""), ("output", ""), ("cache_write_1h", ""), ("input", "batch=true"))
    ] == [
        ["3"],
        ["15"],
        ["6"],
        ["1.5"],
    ]
