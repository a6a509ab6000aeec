"""Counts that gateways hand on: read by the provider's rule or by what the file proves, absent stays absent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmaudit import usage
from llmaudit.bills.base import BillLine
from llmaudit.bills.daily import with_tokens
from llmaudit.request import COUNTERS, Request

COUNTS = st.integers(min_value=0, max_value=200_000)


def read_as(provider: str, model: str | None = None, study: object = None, **counts: int | None) -> Request:
    request = Request()
    usage.passed_through(request, usage.Reading(**counts), provider=provider, model=model, study=study)
    return request


@pytest.mark.parametrize(
    ("provider", "model", "way"),
    [
        ("openai", "gpt-4o", "inside"),
        ("anthropic", "x", "beside"),
        ("ANTHROPIC", None, "beside"),
        ("vertex-ai", "claude-sonnet-4-5", "beside"),
        ("aws-bedrock", "amazon.nova-pro", "beside"),
        ("google", "gemini-2.5-pro", "inside"),
        (None, None, "inside"),
    ],
)
def test_who_counts_cached_tokens_beside_the_input(provider: str | None, model: str | None, way: str) -> None:
    assert usage.excludes_cache(provider, model) is (way == "beside")


@given(uncached=COUNTS, read=COUNTS, written=COUNTS, output=COUNTS)
def test_both_ways_of_counting_one_call_give_the_same_counters(
    uncached: int, read: int, written: int, output: int
) -> None:
    inside = read_as("openai", prompt=uncached + read + written, completion=output, read=read, written=written)
    beside = read_as("anthropic", prompt=uncached, completion=output, read=read, written=written)
    assert [getattr(inside, name) for name in COUNTERS] == [getattr(beside, name) for name in COUNTERS]
    assert inside.input_tokens == uncached


@given(prompt=COUNTS, output=COUNTS)
def test_a_count_that_the_gateway_does_not_have_is_unknown_and_not_zero(prompt: int, output: int) -> None:
    request = read_as("openai", prompt=prompt, completion=output)
    assert (request.input_tokens, request.output_tokens) == (prompt, output)
    assert request.cache_read_tokens is None
    assert request.cache_write_other_tokens is None
    assert read_as("openai", prompt=prompt, completion=output, read=0).cache_read_tokens == 0


def test_the_file_decides_before_the_name_does() -> None:
    name, rows = usage.rule_name("house", "m"), [usage.Reading(10, 1, read=90)] * usage.LEAST_TO_CONTRADICT
    study = usage.studied((name, usage.INSIDE, row) for row in rows)
    assert read_as("house", "m", study, prompt=100, completion=1, read=90).input_tokens == 100
    assert read_as("house", "m", prompt=100, completion=1, read=90).input_tokens == 10


def test_zeros_that_are_no_counts_are_missing_and_what_was_counted_stays() -> None:
    nothing = read_as("openai", prompt=0, completion=0, read=0, written=0)
    usage.not_counted(nothing)
    assert (nothing.usage_status, nothing.input_tokens, nothing.output_tokens) == ("missing", None, None)
    billed = read_as("openai", prompt=7, completion=0)
    usage.not_counted(billed)
    assert (billed.usage_status, billed.input_tokens) == ("reported", 7)


@given(prompt=COUNTS, cached=COUNTS, written=COUNTS)
def test_the_kinds_of_a_day_add_up_to_its_prompt_or_the_rest_is_unknown(prompt: int, cached: int, written: int) -> None:
    kinds = usage.summed(prompt=prompt, completion=5, cached=cached, written=written)
    if cached + written <= prompt:
        assert (kinds["input"] or 0) + cached + written == prompt
    else:
        assert kinds["input"] is None
    assert usage.summed(prompt=prompt, completion=5) == {"input_all": prompt, "output": 5}


def test_quantities_stand_beside_the_amount_and_have_none() -> None:
    charge = BillLine(line_key="d", billed_cost=Decimal("1.5"), requests=3, currency="USD")
    lines = with_tokens(charge, {"input": 10, "cache_read": 0, "cache_write_other": None, "output": 4})
    assert [(line.line_key, line.token_kind, line.quantity, line.billed_cost, line.requests) for line in lines] == [
        ("d", None, None, Decimal("1.5"), 3),
        ("d|input", "input", Decimal(10), None, None),
        ("d|output", "output", Decimal(4), None, None),
    ]
