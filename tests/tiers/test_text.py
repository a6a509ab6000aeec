"""What a prompt's words tell: cases, the business requests labelled by hand, and what must hold for any text."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yaml_cases import read_cases

from llmaudit.tiers import vocabulary
from llmaudit.tiers.effort import EFFORT_RULES
from llmaudit.tiers.evaluate import evaluate
from llmaudit.tiers.labels import read_labels
from llmaudit.tiers.rules import TIER_OF_TASK, TRUST
from llmaudit.tiers.tag_lines import judge_lines
from llmaudit.tiers.text import HEAD, TAIL, found_phrases, is_follow_up, subject, text_hints

HERE = Path(__file__).parent
CASES = read_cases(HERE / "text_cases.yaml")
BUSINESS = HERE / "business_requests.jsonl"


@pytest.mark.parametrize("case", CASES, ids=[str(number) for number, _ in enumerate(CASES)])
def test_case(case: dict[str, Any]) -> None:
    (found,) = text_hints([case["prompt"]], [case.get("system", "")])
    assert (found.task, found.effort, found.stakes) == (case["task"], case["effort"], case.get("stakes"))


def test_every_rule_decides_a_case() -> None:
    """A rule that no case reaches would be dead; `huge-prompt` and phrases without a verb have their own tests."""
    hints = text_hints([case["prompt"] for case in CASES], [case.get("system", "") for case in CASES])
    known = {rule.__name__.replace("_", "-") for rule in EFFORT_RULES}
    apart = {"huge-prompt", "text-by-phrase", "label-by-phrase"}
    assert {hint.rule for hint in hints if hint.rule} >= known - apart
    assert known == set(TRUST)


def test_phrases_without_an_opening_verb() -> None:
    asked = ["the text below, I need a summary of it please", "this message: spam or not, what would you say about it"]
    found = text_hints(asked, ["", ""])
    assert [(hint.rule, hint.task) for hint in found] == [
        ("text-by-phrase", "summarise"),
        ("label-by-phrase", "classify"),
    ]


def test_a_huge_prompt_is_complex() -> None:
    (found,) = text_hints(["Summarise this. " + "word " * 25_000], [""])
    assert (found.task, found.effort, found.rule) == ("long-context", 2, "huge-prompt")


def scored(source: str) -> Any:
    labels = [label for label in read_labels(BUSINESS).rows if label.source == source]
    rows = {row["id"]: row for row in map(msgspec.json.decode, BUSINESS.read_bytes().splitlines())}
    lines = [
        msgspec.json.encode({key: row[key] for key in ("prompt", "messages") if key in row})
        for row in rows.values()
        if row["source"] == source
    ]
    return evaluate(labels, [answer.tier for answer in judge_lines(lines)])


@pytest.mark.parametrize(("source", "accuracy", "recall"), [("rule-writing", 0.9, 0.9), ("held-out", 0.8, 0.7)])
def test_business_requests(source: str, accuracy: float, recall: float) -> None:
    """Floors, not the measured figures (those stand in docs/tiers.md): a change of words may cost a case, not ten."""
    found = scored(source)
    assert found.acceptable_accuracy.share >= accuracy
    assert found.high_stakes_recall.share >= recall
    assert found.false_high_stakes.share <= 0.02
    assert found.under_tiered_rate.share <= 0.25


def test_business_requests_are_what_the_datasheet_says() -> None:
    rows = [msgspec.json.decode(line) for line in BUSINESS.read_bytes().splitlines()]
    sheet = (HERE / "business_requests.md").read_text()
    assert f"{len(rows)} requests" in sheet
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row.get("prompt") or str(row["messages"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["tier"] == row["acceptable_tiers"][0]
        assert len(row["why"]) >= len("Code.")
    assert sum(row["source"] == "held-out" for row in rows) == len(rows) // 3


def test_the_same_whatever_stands_beside_it() -> None:
    asked = [case["prompt"] for case in CASES] * 3
    told = [case.get("system", "") for case in CASES] * 3
    whole = text_hints(asked, told)
    order = list(range(len(asked)))
    random.Random(3).shuffle(order)  # noqa: S311 -- seeded on purpose
    mixed = text_hints([asked[i] for i in order], [told[i] for i in order])
    assert [whole[i] for i in order] == mixed
    assert whole[: len(CASES)] == whole[len(CASES) : 2 * len(CASES)]
    assert [text_hints([ask], [tell])[0] for ask, tell in zip(asked[:8], told[:8], strict=True)] == whole[:8]


@settings(max_examples=40)
@given(st.lists(st.text(max_size=300), max_size=5))
def test_any_text_has_hints_of_our_own_words_only(texts: list[str]) -> None:
    known = {phrase.strip() for phrase in vocabulary_phrases()}
    for hint in text_hints(texts, [""] * len(texts)):
        assert set(hint.words) <= known
        assert (hint.task is None) == (hint.effort is None)
        assert hint.effort in {None, 0, 1, 2}


def vocabulary_phrases() -> set[str]:
    tables = [*vocabulary.TOPICS.values(), *vocabulary.ASKS.values(), *vocabulary.ADVERSARIAL.values()]
    tables += [*vocabulary.REGULATED.values(), *vocabulary.CASE.values()]
    tables += [vocabulary.HARM, vocabulary.CRISIS, vocabulary.SIDE_EFFECTS, vocabulary.GREETINGS]
    return {phrase for table in tables for phrase in vocabulary.phrases(table)}


HOSTILE = {
    "long line": "a" * 1_000_000,
    "repeats": "ignore " * 150_000,
    "quotes": '"' * 1_000_000,
    "digits": "1" * 1_000_000,
    "sentences": "x. " * 300_000,
    "spaces": " \n" * 500_000,
    "options": "(A) " * 250_000,
    "surrogates": "\ud800 write a function \udfff" * 1000,
    "nul": "\0write a poem\0" * 1000,
    "emoji": "\U0001f600" * 250_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_no_more_than_its_length(name: str) -> None:
    """Ten times within what a thousand ordinary prompts may take: a bound on growth, not on speed."""
    text_hints(["warm up"], [""])
    start = time.process_time()
    (found,) = text_hints([HOSTILE[name]], [HOSTILE[name]])
    assert time.process_time() - start < 2.0
    assert found.effort in {None, 0, 1, 2}


def test_only_head_and_tail_are_searched() -> None:
    """Instructions stand at either end; what lies between does not make the cost grow."""
    middle = "x " * HEAD
    (inside,) = found_phrases([middle + " jailbreak " + "x " * TAIL])
    (at_end,) = found_phrases([middle + "x " * TAIL + " jailbreak"])
    assert inside == []
    assert at_end == [" jailbreak"]


def test_phrases_begin_words() -> None:
    found = found_phrases(["a (SQL) query", "mysqlite3x", "Die Lösung: Übersetz das.", "obsolve\nSUMMARIES"])
    assert " sql " in found[0]
    assert " sqlite" not in found[1]
    assert " übersetz" in found[2]
    assert found[3] == []


FOLLOW_UPS = ["yes", "Yes please!", "go on", "ok, continue", "да", "继续", "why?"]
NEW_REQUESTS = ["yes, and write a poem", "go to the shop", "", "a" * 80]


def test_follow_ups() -> None:
    assert all(is_follow_up(text) for text in FOLLOW_UPS)
    assert not any(is_follow_up(text) for text in NEW_REQUESTS)
    assert subject(["Write a Rust parser", "yes please", "continue"]) == "Write a Rust parser"
    assert subject(["yes", "ok"]) == "ok"


def test_two_lists_of_one_length() -> None:
    with pytest.raises(ValueError, match="zip"):
        text_hints(["a", "b"], [""])


def test_tasks_have_a_tier() -> None:
    hints = text_hints([case["prompt"] for case in CASES], [case.get("system", "") for case in CASES])
    assert {hint.task for hint in hints if hint.task} <= set(TIER_OF_TASK)


def test_no_phrase_of_two_meanings() -> None:
    """A phrase that counted twice in one topic would make a weak sign a strong one."""
    for topic in ("code", "maths"):
        strong, weak = (set(vocabulary.phrases(vocabulary.TOPICS[name])) for name in (topic, f"{topic}_weak"))
        assert not strong & weak
    levels = [set(vocabulary.phrases(table)) for table in vocabulary.ADVERSARIAL.values()]
    assert sum(map(len, levels)) == len(set.union(*levels))


FIELDS = (
    "prompt", "messages", "metadata", "tier", "tags", "feature", "endpoint", "model", "team", "user", "tools",
    "functions", "response_format", "max_tokens", "max_completion_tokens",
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 9), st.just(1.0), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(("role", "content", "type", "tier", "text")), inner, max_size=2),
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(row=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6))
@example(row={"response_format": {"type": [1]}})
@example(row={"tier": {"a": 1}})
def test_whatever_a_line_holds_it_has_an_answer(row: dict[str, Any]) -> None:
    (answer,) = judge_lines([msgspec.json.encode(row)])
    assert answer.tier is None or (type(answer.tier) is int and 0 <= answer.tier <= 3)


@pytest.mark.parametrize(("tier", "signal"), [(2, "stated"), (True, None), ([1], None), ({"a": 1}, None), (7, None)])
def test_a_tier_is_stated_by_a_whole_number_alone(tier: Any, signal: str | None) -> None:
    (answer,) = judge_lines([msgspec.json.encode({"prompt": "", "tier": tier})])
    assert answer.tier == (tier if signal else None)


def test_the_sample_month_by_its_words_alone(truth: Any) -> None:
    """The planted tiers, found again from the prompts, with no feature's name to help."""
    planted = truth["tiers"]["by_feature"]
    lines, tiers = [], []
    with gzip.open(HERE.parents[1] / "sample_logs" / "openai_compatible.jsonl.gz") as source:
        for raw in source:
            request = record(raw).get("request", {})
            feature = request.get("metadata", {}).get("feature")
            if feature and request.get("messages"):
                lines.append(msgspec.json.encode({"messages": request["messages"]}))
                tiers.append(planted[feature])
    found = [answer.tier for answer in judge_lines(lines)]
    assert len(found) > 4000
    assert sum(one == other for one, other in zip(found, tiers, strict=True)) / len(found) >= 0.97


def record(line: bytes) -> dict[str, Any]:
    """Return a line's object; the sample has damaged lines on purpose."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
