"""Which rule a file's own numbers prove: the identities of a source's totals, and what they cannot tell."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmaudit import usage
from llmaudit.request import Request
from llmaudit.usage import CACHE_APART, INSIDE, REASONING_APART, Reading, Rule, told_by

PART = st.integers(min_value=1, max_value=100_000)
RULES = [INSIDE, CACHE_APART, REASONING_APART, Rule(cache_apart=True, reasoning_apart=True)]


def reading(rule: Rule, uncached: int, read: int, visible: int, thought: int) -> Reading:
    """Return the counts that a source with such a rule writes; its total is all that was used."""
    return Reading(
        prompt=uncached + (0 if rule.cache_apart else read),
        completion=visible + (0 if rule.reasoning_apart else thought),
        total=uncached + read + visible + thought,
        read=read,
        reasoning=thought,
    )


@given(uncached=PART, read=PART, visible=PART, thought=PART, rule=st.sampled_from(RULES))
def test_a_whole_total_never_tells_another_rule(
    uncached: int, read: int, visible: int, thought: int, rule: Rule
) -> None:
    told = told_by(reading(rule, uncached, read, visible, thought))
    assert told.fits
    if rule.reasoning_apart is rule.cache_apart or read != thought:  # else one sum has two readings
        assert told.reasoning_apart in {None, rule.reasoning_apart}
        assert told.cache_apart in {None, rule.cache_apart}


@given(uncached=PART, read=PART, visible=PART, thought=PART, rule=st.sampled_from(RULES))
def test_a_file_of_three_is_read_as_it_counts_whatever_is_usual(
    uncached: int, read: int, visible: int, thought: int, rule: Rule
) -> None:
    if read == thought or (rule.cache_apart and read <= uncached and not rule.reasoning_apart):
        return
    one = reading(rule, uncached, read, visible, thought)
    study = usage.studied([("m", INSIDE, one)] * usage.LEAST_TO_CONTRADICT)
    request = Request()
    usage.by_rule(request, one, study.rule("m", INSIDE))
    assert (request.input_tokens, request.cache_read_tokens, request.output_tokens) == (
        uncached,
        read,
        visible + thought,
    )


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"prompt": 10, "completion": 5, "total": 15}, (None, None, True)),
        ({"prompt": 10, "completion": 5, "total": 15, "reasoning": 3}, (None, False, True)),
        ({"prompt": 10, "completion": 5, "total": 18, "reasoning": 3}, (None, True, True)),
        ({"prompt": 10, "completion": 5, "total": 15, "read": 8}, (None, None, True)),  # says nothing of the cache
        ({"prompt": 10, "completion": 5, "total": 23, "read": 8}, (True, None, True)),
        ({"prompt": 10, "completion": 5, "total": 115, "read": 100}, (True, None, True)),
        ({"prompt": 10, "completion": 5, "total": 15, "read": 100}, (True, None, True)),  # LangSmith adds up so
        ({"prompt": 10, "completion": 5, "total": 18, "read": 3, "reasoning": 3}, (None, None, True)),  # either way
        ({"prompt": 10, "completion": 5, "total": 99, "reasoning": 3}, (None, None, False)),
        ({"prompt": 10, "completion": 5, "read": 11}, (True, None, True)),
        ({"completion": 5, "total": 15}, (None, None, True)),
    ],
)
def test_what_one_record_tells(counts: dict[str, Any], told: tuple[bool | None, bool | None, bool]) -> None:
    assert tuple(told_by(Reading(**counts))) == told


def test_contradictions_are_said_with_numbers() -> None:
    inside = Reading(10, 50, 60, reasoning=40)
    apart = Reading(10, 10, 60, reasoning=40)
    odd = Reading(10, 10, 999, reasoning=40)
    said = usage.studied([("m", INSIDE, each) for each in [inside] * 7 + [apart] * 2 + [odd]]).warnings()
    assert said == [
        "2 of 10 records of m count reasoning outside the output; too few, or outvoted, to change how the file is read",
        "1 of 10 records of m state a total that fits no rule",
    ]
    turned = usage.studied([("m", INSIDE, apart)] * 4)
    assert turned.warnings() == ["4 of 4 records of m count reasoning outside the output; the file is read that way"]
    assert turned.rule("m", INSIDE) == REASONING_APART
    assert turned.rule("another", INSIDE) == INSIDE


def test_gemini_reads_a_prompt_of_tools_as_input_and_no_answer_as_none() -> None:
    request = Request()
    usage.by_rule(request, usage.gemini(1000, None, cached=600, thoughts=400, tool_prompt=50), REASONING_APART)
    assert (request.input_tokens, request.cache_read_tokens, request.output_tokens) == (450, 600, 400)


@given(uncached=PART, read=PART, visible=PART, thought=PART, rule=st.sampled_from(RULES))
def test_langfuse_buckets_are_read_as_their_own_total_says(
    uncached: int, read: int, visible: int, thought: int, rule: Rule
) -> None:
    counts = reading(rule, uncached, read, visible, thought)
    written = {"input": counts.prompt, "input_cached_tokens": read, "output": counts.completion}
    request = Request()
    usage.langfuse(request, {**written, "output_reasoning": thought, "total": counts.total})
    if read != thought:
        assert request.input_tokens == uncached
        assert request.output_tokens == visible + thought
