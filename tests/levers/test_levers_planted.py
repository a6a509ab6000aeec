"""What each lever finds in a tiny log read by `ingest`, against arithmetic that stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from acme import IN, OUT, READ, WRITE, asked
from conftest import EvidenceOf

from llmaudit.evidence import Evidence
from llmaudit.levers import all_levers
from llmaudit.levers.base import LeverResult
from llmaudit.money import total

HOUR, DAY = 60, 24 * 60
LEVERS = {lever.name: lever for lever in all_levers()}
WRITE_1H = Decimal(8) / 1_000_000
ONE = 1000 * IN + 100 * OUT
"""What a request of `asked` costs when nothing else is said."""


def found(evidence: Evidence, name: str) -> LeverResult:
    return LEVERS[name].find(evidence)


def sums(result: LeverResult) -> tuple[Decimal, Decimal, Decimal]:
    rows = result.rows
    return tuple(total(getattr(row, f"{part}_usd") for row in rows) for part in ("low", "saved", "high"))  # type: ignore[return-value]


def touched(result: LeverResult) -> int:
    return sum(row.requests for row in result.rows)


def talk(
    turns: int, *, first: int = 2000, grows: int = 500, every: float = 2, number: int = 0, **rest: Any
) -> Iterator[Any]:
    """Yield a conversation without text: each prompt holds the one before, its answer of 100 tokens, and more."""
    for turn in range(turns):
        yield asked(
            number + turn,
            number / 100 + turn * every,
            prompt=first + turn * grows,
            about={"session_id": f"s{number}"},
            **rest,
        )


class TestResponseCache:
    def test_repeats_by_window(self, evidence_of: EvidenceOf) -> None:
        times = [0, 30, 30 + 2 * HOUR, 30 + 2 * HOUR + 3 * DAY, 30 + 2 * HOUR + 13 * DAY]
        rows = [asked(i, at, text="What is a lease?", answer=100) for i, at in enumerate(times)]
        result = found(evidence_of([*rows, asked(9, 1, text="What is a bond?")]), "response_cache")
        # after 30 minutes, after 2 hours, after 3 days; the last comes 10 days later
        assert sums(result) == (ONE, 2 * ONE, 3 * ONE)
        assert touched(result) == 2
        assert result.missing is None

    def test_another_model_or_limit_is_another_question(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(1, 0, text="Same words"),
            asked(2, 5, text="Same words", model="m2"),
            asked(3, 10, text="Same words", max_tokens=50),
        ]
        assert found(evidence_of(rows), "response_cache").rows == []

    def test_a_retry_is_no_repeat(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(1, 0, text="Try", status=500, call="k1"),
            asked(2, 1, text="Try", call="k1"),
            asked(3, 2, text="Twice answered", call="k2"),
            asked(4, 3, text="Twice answered", call="k2"),
        ]
        assert found(evidence_of(rows), "response_cache").rows == []

    def test_an_answer_that_was_not_there_yet_could_not_be_kept(self, evidence_of: EvidenceOf) -> None:
        rows = [asked(1, 0, text="Slow", seconds=90), asked(2, 1, text="Slow"), asked(3, 5, text="Slow")]
        assert touched(found(evidence_of(rows), "response_cache")) == 1

    def test_what_was_billed_counts(self, evidence_of: EvidenceOf) -> None:
        rows = [asked(i, i * 5, text="Billed", cost=cost) for i, cost in enumerate(["0.5", "0.25", "0"])]
        assert sums(found(evidence_of(rows), "response_cache")) == (Decimal("0.25"),) * 3

    def test_tools_only_in_the_high_bound(self, evidence_of: EvidenceOf) -> None:
        tools = [{"type": "function", "function": {"name": "look_up"}}]
        rows = [asked(i, i, text="Step", tools=tools) for i in range(2)]
        assert sums(found(evidence_of(rows), "response_cache")) == (0, 0, ONE)

    def test_no_prompts_is_unknown(self, evidence_of: EvidenceOf) -> None:
        result = found(evidence_of([asked(1, 0), asked(2, 1)]), "response_cache")
        assert result.rows == []
        assert result.missing == "2 of 2 good answers are logged without a prompt"


class TestPromptCache:
    def test_a_conversation_in_full(self, evidence_of: EvidenceOf) -> None:
        result = found(evidence_of(talk(4)), "prompt_cache")
        read = 2000 + 2500 + 3000  # each of the last three begins with the one before
        written = 3500  # and what is new is written: 2000 + 3 x 500
        low, saved, high = sums(result)
        assert saved == read * (IN - READ) - written * (WRITE - IN)
        assert high == read * (IN - READ)
        assert low == 0  # no text: nothing proves that it is a conversation
        assert touched(result) == 3
        # talk of 2,000, 2,500, 3,000 and 3,500 tokens: the last three could have read 7,500
        assert "7,500 of the tokens in sessions are at models that cache only on request (maker/m1)" in result.evidence

    def test_one_hour_where_turns_are_slow(self, evidence_of: EvidenceOf) -> None:
        _, saved, _ = sums(found(evidence_of(talk(9, first=20_000, every=20)), "prompt_cache"))
        read = sum(20_000 + turn * 500 for turn in range(8))
        written = 20_000 + 8 * 500
        assert saved == read * (IN - READ) - written * (WRITE_1H - IN)

    def test_too_slow_for_any_lifetime(self, evidence_of: EvidenceOf) -> None:
        assert sums(found(evidence_of(talk(4, every=61)), "prompt_cache"))[1] == 0

    def test_smallest_prompt(self, evidence_of: EvidenceOf) -> None:
        at, below = talk(2, first=1024, number=0), talk(2, first=1023, grows=0, number=50)
        result = found(evidence_of([*at, *below]), "prompt_cache")
        # below 1,024 tokens nothing is read, and nothing is written
        assert sums(result)[1] == 1024 * (IN - READ) - (1524) * (WRITE - IN)

    def test_writes_that_nobody_reads_are_paid(self, evidence_of: EvidenceOf) -> None:
        alone = [asked(100 + i, i, prompt=2000, about={"session_id": f"alone{i}"}) for i in range(9)]
        result = found(evidence_of([*talk(2, grows=500), *alone]), "prompt_cache")
        # reading 2,000 tokens saves 6,000 picounits; writing 2,500 + 9 x 2,000 costs 20,500: not worth it
        assert 2000 * (IN - READ) < (2500 - 2000 + 2000 + 9 * 2000) * (WRITE - IN)
        assert sums(result)[1] == 0

    def test_nothing_where_it_is_cached_already(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(0, 0, prompt=2000, written=2000, about={"session_id": "s"}),
            asked(1, 1, prompt=2500, cached=2000, written=500, about={"session_id": "s"}),
            asked(2, 2, prompt=3000, cached=2500, written=500, about={"session_id": "s"}),
        ]
        assert found(evidence_of(rows), "prompt_cache").rows == []

    def test_what_is_read_already_is_taken_off(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(0, 0, prompt=4000, written=4000, about={"session_id": "s"}),
            asked(1, 1, prompt=4500, cached=3000, about={"session_id": "s"}),
        ]
        result = found(evidence_of(rows), "prompt_cache")
        # 1,000 of the 4,000 could have been read too; the other 500 uncached tokens would have been written
        assert sums(result)[1] == 1000 * (IN - READ) - 500 * (WRITE - IN)

    def test_a_shared_system_message(self, evidence_of: EvidenceOf) -> None:
        def rows() -> Iterator[Any]:
            for i in range(6):
                question = f"{'why ' * 24}{chr(97 + i)}{'?' * 103}"
                messages = [{"role": "system", "content": "s" * 800}, {"role": "user", "content": question}]
                assert len(question) == 200
                yield asked(i, i * 2, prompt=2500, messages=messages)

        low, saved, high = sums(found(evidence_of(rows()), "prompt_cache"))
        share = 2500 * 800 // 1000
        assert saved == 5 * share * (IN - READ) - share * (WRITE - IN)
        assert (low, high) == (0, 5 * 2500 * (IN - READ))

    def test_turns_and_text_prove_it(self, evidence_of: EvidenceOf) -> None:
        def rows() -> Iterator[Any]:
            messages = [{"role": "system", "content": "Answer."}]
            for turn in range(3):
                messages = [*messages, {"role": "user", "content": f"And what about letter {chr(97 + turn)} then?"}]
                yield asked(turn, turn, prompt=2000 + 500 * turn, messages=messages, about={"session_id": "s"})
                messages = [*messages, {"role": "assistant", "content": "yes"}]

        low, saved, _ = sums(found(evidence_of(rows()), "prompt_cache"))
        assert low == saved == 4500 * (IN - READ) - 3000 * (WRITE - IN)

    def test_a_model_without_a_rule_is_not_claimed(self, evidence_of: EvidenceOf) -> None:
        result = found(evidence_of(talk(4, model="m3")), "prompt_cache")
        assert result.rows == []
        assert any(
            "7,500 more tokens at models whose caching rules are not in the catalog (maker/m3)" in s
            for s in result.evidence
        )

    def test_gateways_that_bill_more_pass_more_on(self, evidence_of: EvidenceOf) -> None:
        def billed() -> Iterator[Any]:
            for row in talk(4):
                used = row["response"]["usage"]
                used["cost"] = str((used["prompt_tokens"] * IN + used["completion_tokens"] * OUT) * 2)
                yield row

        saved = 7500 * (IN - READ) - 3500 * (WRITE - IN)
        assert sums(found(evidence_of(billed()), "prompt_cache"))[1] == 2 * saved


class TestCacheWrites:
    def test_never_read_and_read_in_part(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(0, 0, prompt=3000, written=2000, about={"session_id": "alone"}),
            asked(1, 0, prompt=5000, written=5000, about={"session_id": "s"}),
            asked(2, 1, prompt=6000, cached=4000, written=2000, about={"session_id": "s"}),
            asked(3, 2, prompt=6500, cached=6000, about={"session_id": "s"}),
        ]
        low, saved, high = sums(found(evidence_of(rows), "cache_writes"))
        assert low == 2000 * (WRITE - IN)
        assert saved == high == 2000 * (WRITE - IN)  # the third request reads all that the second had left

    def test_too_late(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(1, 0, prompt=5000, written=5000, about={"session_id": "s"}),
            asked(2, 62, prompt=6000, cached=5000, about={"session_id": "s"}),
        ]
        result = found(evidence_of(rows), "cache_writes")
        # a lifetime that is not known is taken for an hour
        assert sums(result) == (0, 5000 * (WRITE - IN), 5000 * (WRITE - IN))
        assert touched(result) == 1

    def test_the_last_turn_is_never_read(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(0, 0, prompt=5000, written=5000, about={"session_id": "s"}),
            asked(1, 1, prompt=6000, cached=5000, written=1000, about={"session_id": "s"}),
        ]
        assert sums(found(evidence_of(rows), "cache_writes")) == (0, 1000 * (WRITE - IN), 1000 * (WRITE - IN))

    def test_nothing_written_nothing_lost(self, evidence_of: EvidenceOf) -> None:
        result = found(evidence_of(talk(3)), "cache_writes")
        assert (result.rows, result.evidence, result.missing) == ([], [], None)


class TestBatch:
    def nightly(self, **rest: Any) -> Iterator[Any]:
        for day in range(4):
            for i in range(10):
                yield asked(day * 100 + i, day * DAY + 17 * HOUR + i * 9, model="m2", stream=False, **rest)

    def test_a_burst_every_night(self, evidence_of: EvidenceOf) -> None:
        low, saved, high = sums(found(evidence_of(self.nightly(about={"feature": "summaries"})), "batch"))
        assert (low, saved, high) == (0, 40 * ONE / 2, 40 * ONE / 2)

    def test_a_name_that_says_so(self, evidence_of: EvidenceOf) -> None:
        rows = [asked(i, i * 7 * HOUR, model="m2", stream=False, about={"feature": "nightly-evals"}) for i in range(3)]
        assert sums(found(evidence_of(rows), "batch")) == (3 * ONE / 2,) * 3

    @pytest.mark.parametrize(
        "rest",
        [{"stream": True}, {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}] * 2}],
    )
    def test_somebody_or_the_next_step_waits(self, evidence_of: EvidenceOf, rest: dict[str, Any]) -> None:
        rows = [
            asked(i, i, model="m2", about={"feature": "nightly-evals"}, **({"stream": False} | rest)) for i in range(3)
        ]
        assert found(evidence_of(rows), "batch").rows == []

    def test_all_day_is_only_possible(self, evidence_of: EvidenceOf) -> None:
        rows = [asked(i, i * 61, model="m2", stream=False, about={"feature": "summaries"}) for i in range(48)]
        assert sums(found(evidence_of(rows), "batch")) == (0, 0, 48 * ONE / 2)

    def test_no_batch_price_no_claim(self, evidence_of: EvidenceOf) -> None:
        rows = [asked(i, i, stream=False, about={"feature": "nightly-evals"}) for i in range(3)]
        assert found(evidence_of(rows), "batch").rows == []


class TestLongContext:
    def test_just_over_the_step(self, evidence_of: EvidenceOf) -> None:
        sizes = [10_000, 10_150, 10_900, 14_000, 19_000]
        result = found(
            evidence_of(asked(i, i, prompt=size, model="m3") for i, size in enumerate(sizes)), "long_context"
        )

        def saved(size: int) -> Decimal:
            return 2 * (size * IN + 100 * OUT) - (10_000 * IN + 100 * OUT)

        # 10,000 tokens are below the step; 150 are 1.5% too many, 900 are 9%, 4,000 are 40%, 9,000 are 90%
        assert sums(result) == (saved(10_150), saved(10_150) + saved(10_900), sum(map(saved, (10_150, 10_900, 14_000))))

    def test_an_edge_between_the_step_and_the_prompt(self, evidence_of: EvidenceOf) -> None:
        """Cells divide at 16,000 for context windows; the price stepped before, and 17,000 are 21% above that."""
        result = found(evidence_of([asked(1, 0, prompt=17_000, model="m4")]), "long_context")
        assert sums(result) == (0, 0, 2 * (17_000 * IN + 100 * OUT) - (14_000 * IN + 100 * OUT))

    def test_a_band_of_another_model_is_no_step(self, evidence_of: EvidenceOf) -> None:
        assert found(evidence_of([asked(1, 0, prompt=10_100)]), "long_context").rows == []


class TestMaxTokens:
    def test_cut_off(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(1, 0, answer=500, finish="length", max_tokens=500),
            asked(
                2,
                1,
                text="As JSON",
                answer=500,
                finish="length",
                max_tokens=500,
                response_format={"type": "json_object"},
            ),
            asked(3, 2, answer=1, finish="length", max_tokens=1),
            asked(4, 3, answer=100, max_tokens=1000),
        ]
        result = found(evidence_of(rows), "max_tokens")
        cut = 1000 * IN + 500 * OUT
        assert sums(result) == (cut, 2 * cut, 2 * cut)
        assert any("used 1,101 of 2,001 reserved output tokens (55.0%)" in sentence for sentence in result.evidence)

    def test_no_reason_in_the_log(self, evidence_of: EvidenceOf) -> None:
        row = asked(1, 0)
        row["response"]["choices"] = []
        result = found(evidence_of([row]), "max_tokens")
        assert (result.rows, result.missing) == (
            [],
            "1 of 1 good answers are logged without a finish reason",
        )


class TestServiceTier:
    def test_priority_in_the_background(self, evidence_of: EvidenceOf) -> None:
        background = {"feature": "backfill"}
        rows = [
            asked(1, 0, model="m2", tier="priority", stream=False, about=background),
            asked(2, 1, model="m2", tier="priority", stream=True, about={"feature": "chat"}),
        ]
        assert sums(found(evidence_of(rows), "service_tier")) == (ONE, ONE, 2 * ONE)

    def test_flex_only_where_there_is_no_batch(self, evidence_of: EvidenceOf) -> None:
        rows = [
            asked(1, 0, model="m2", stream=False, about={"feature": "backfill"}),
            asked(2, 1, model="m3", stream=False, about={"feature": "backfill"}),
        ]
        result = found(evidence_of(rows), "service_tier")
        assert {row.model: (row.low_usd, row.saved_usd, row.high_usd) for row in result.rows} == {
            "maker/m2": (0, 0, ONE / 2),
            "maker/m3": (ONE / 2,) * 3,
        }

    def test_flex_is_flex_already(self, evidence_of: EvidenceOf) -> None:
        rows = [asked(1, 0, model="m3", tier="flex", stream=False, about={"feature": "backfill"})]
        assert found(evidence_of(rows), "service_tier").rows == []
