"""Hidden prompts and inflated counts, planted: 24 tokens more on every request; every count 10% larger."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from llmaudit.markup.tokencount import token_counts
from llmaudit.summaries.prompts import SizedPrompt

SIZES = [40 + 13 * i + (i * i) % 57 for i in range(60)]


def prompts(
    reported: Callable[[int], int],
    *,
    by: str = "direct",
    exact: bool = True,
    wrapping: int = 0,
    sizes: list[int] = SIZES,
) -> list[SizedPrompt]:
    return [
        SizedPrompt(
            gateway="g",
            model="openai/gpt-4.1",
            by=by,  # type: ignore[arg-type]
            family="o200k",
            is_exact=exact,
            reported=reported(size),
            expected=size,
            wrapping=wrapping,
            file="f",
            line=1,
            rank=size,
        )
        for size in sizes
    ]


def test_a_hidden_prompt_against_a_direct_run() -> None:
    (found,) = token_counts(prompts(lambda size: size + 24))
    assert found.verdict == "padding"
    assert found.extra == pytest.approx(24, abs=1e-6)
    assert found.slope == pytest.approx(1)


def test_nothing_hidden() -> None:
    (found,) = token_counts(prompts(lambda size: size))
    assert (found.verdict, found.extra) == ("none", pytest.approx(0, abs=1e-6))


def test_every_count_inflated() -> None:
    (found,) = token_counts(prompts(lambda size: round(size * 1.1)))
    assert found.verdict == "inflation"
    assert found.slope == pytest.approx(1.1, abs=0.002)


def test_the_chat_template_is_no_hidden_prompt() -> None:
    """4 tokens a turn and 3 for the reply: a text of one turn is reported with 7 more."""
    (found,) = token_counts(prompts(lambda size: size + 7, by="text", wrapping=7))
    assert found.verdict == "none"


def test_a_hidden_prompt_against_the_text() -> None:
    (found,) = token_counts(prompts(lambda size: size + 7 + 24, by="text", wrapping=7))
    assert found.verdict == "padding"
    assert found.low == pytest.approx(24)
    assert found.high == pytest.approx(24 + 7)


def test_an_estimated_vocabulary_proves_no_small_padding() -> None:
    (found,) = token_counts(prompts(lambda size: round(size * 1.12) + 24, by="text", exact=False, wrapping=7))
    assert found.verdict in {"none", "unclear"}


def test_prompts_of_one_size() -> None:
    (found,) = token_counts(prompts(lambda size: size + 24, sizes=[500] * 40))
    assert (found.verdict, found.slope) == ("padding", None)
    assert found.extra == pytest.approx(24)


def test_few_prompts_say_nothing() -> None:
    assert token_counts(prompts(lambda size: size + 24, sizes=SIZES[:10])) == []
