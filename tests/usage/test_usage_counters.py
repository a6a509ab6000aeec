"""Token counters from each provider's usage object: the identities hold, and nothing is clamped or invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yaml_cases import read_cases

from llmaudit import usage
from llmaudit.request import COUNTERS, INPUT_COUNTERS, Reject, Request

COUNTS = st.integers(min_value=0, max_value=200_000)


def filled(fill: Any, **counts: Any) -> Request:
    request = Request()
    fill(request, **counts)
    return request


def counters(request: Request) -> tuple[int | None, ...]:
    return tuple(getattr(request, name) for name in COUNTERS)


@given(uncached=COUNTS, read=COUNTS, short=COUNTS, long=COUNTS, other=COUNTS, output=COUNTS)
def test_openai_and_anthropic_tell_the_same_usage(
    uncached: int, read: int, short: int, long: int, other: int, output: int
) -> None:
    written = short + long + other
    inclusive = filled(
        usage.openai,
        prompt=uncached + read + written,
        completion=output,
        cached=read,
        written=written,
        written_5m=short,
        written_1h=long,
    )
    exclusive = filled(
        usage.anthropic,
        uncached=uncached,
        output=output,
        read=read,
        written=written,
        written_5m=short,
        written_1h=long,
    )
    assert counters(inclusive) == counters(exclusive) == (uncached, read, short, long, other, output)
    assert inclusive.usage_status == exclusive.usage_status == "reported"


@given(prompt=COUNTS, cached=COUNTS, written=COUNTS)
def test_the_parts_of_a_prompt_add_up_or_the_usage_is_flagged(prompt: int, cached: int, written: int) -> None:
    request = filled(usage.openai, prompt=prompt, completion=1, cached=cached, written=written)
    if cached + written <= prompt:
        assert request.usage_status == "reported"
        assert sum(getattr(request, name) for name in INPUT_COUNTERS) == prompt
    else:
        assert request.usage_status == "inconsistent"
        assert request.input_tokens is None
        assert request.cache_read_tokens == cached


OPENAI: list[tuple[str, dict[str, int | None], tuple[int | None, ...], str]] = [
    (
        "G1",
        {"prompt": 2000, "completion": 300, "cached": 1024, "written": 512},
        (464, 1024, 0, 0, 512, 300),
        "reported",
    ),
    ("OA", {"prompt": 10_000, "completion": 1000, "cached": 8000}, (2000, 8000, 0, 0, 0, 1000), "reported"),
    ("parts", {"prompt": 100, "completion": 1, "written_5m": 30, "written_1h": 20}, (50, 0, 30, 20, 0, 1), "reported"),
    ("nothing used", {"prompt": 0, "completion": 0}, (0, 0, 0, 0, 0, 0), "reported"),
    ("nothing known", {"prompt": None, "completion": None}, (None,) * 6, "missing"),
    ("no output", {"prompt": 10, "completion": None}, (10, 0, 0, 0, 0, None), "inconsistent"),
    ("no prompt", {"prompt": None, "completion": 10}, (None, 0, 0, 0, 0, 10), "inconsistent"),
    ("more reasoning", {"prompt": 10, "completion": 5, "reasoning": 6}, (10, 0, 0, 0, 0, 5), "inconsistent"),
]
ANTHROPIC: list[tuple[str, dict[str, int | None], tuple[int | None, ...], str]] = [
    ("G9", {"uncached": 3, "output": 108, "read": 5000, "written": 100}, (3, 5000, 0, 0, 100, 108), "reported"),
    (
        "G4",
        {"uncached": 12, "output": 80, "read": 9000, "written": 700, "written_5m": 500, "written_1h": 200},
        (12, 9000, 500, 200, 0, 80),
        "reported",
    ),
    (
        "AN",
        {"uncached": 2000, "output": 1000, "read": 8000, "written": 1000, "written_5m": 1000},
        (2000, 8000, 1000, 0, 0, 1000),
        "reported",
    ),
    ("nothing known", {"uncached": None, "output": None, "read": 5}, (None,) * 6, "missing"),
    ("no output", {"uncached": 10, "output": None}, (10, 0, 0, 0, 0, None), "inconsistent"),
    (
        "more parts than whole",
        {"uncached": 1, "output": 5, "written": 10, "written_5m": 6, "written_1h": 6},
        (1, 0, 6, 6, 0, 5),
        "inconsistent",
    ),
]
CASES = [(usage.openai, *case[1:]) for case in OPENAI] + [(usage.anthropic, *case[1:]) for case in ANTHROPIC]
NAMES = [f"openai {case[0]}" for case in OPENAI] + [f"anthropic {case[0]}" for case in ANTHROPIC]


@pytest.mark.parametrize(("fill", "counts", "expected", "status"), CASES, ids=NAMES)
def test_a_usage_object_becomes_these_counters(
    fill: Any, counts: dict[str, Any], expected: tuple[int | None, ...], status: str
) -> None:
    request = filled(fill, **counts)
    assert (counters(request), request.usage_status) == (expected, status)


@pytest.mark.parametrize("value", [0, 1, usage.MAX_TOKENS, 23.0, None])
def test_a_count_that_can_be_believed_is_taken(value: float | None) -> None:
    assert usage.checked("tokens", value) == value
    assert not isinstance(usage.checked("tokens", value), float)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (-1, "out-of-range"),
        (usage.MAX_TOKENS + 1, "out-of-range"),
        (2**64, "out-of-range"),
        (2.7, "not-an-integer"),
        (-1.0, "out-of-range"),
        (float("inf"), "not-an-integer"),
        (float("nan"), "not-an-integer"),
    ],
)
def test_a_count_that_cannot_be_believed_is_rejected_with_its_field(value: float, reason: str) -> None:
    with pytest.raises(Reject) as caught:
        usage.checked("prompt_tokens", value)
    assert (caught.value.reason, caught.value.field) == (reason, "prompt_tokens")


BUGS = read_cases(Path(__file__).with_name("usage_bugs.yaml"))


@pytest.mark.parametrize("case", BUGS, ids=[case["issue"].removeprefix("https://github.com/") for case in BUGS])
def test_what_others_read_wrongly(case: dict[str, Any]) -> None:
    request = filled(getattr(usage, case["fill"]), **case["given"])
    named = {name: getattr(request, name) for name in (*COUNTERS, "reasoning_tokens")}
    assert {name: count for name, count in named.items() if count} == case["expect"]
    assert request.usage_status == "reported"
    assert request.input_tokens is not None
