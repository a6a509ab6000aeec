"""The tier rules: for each, a case that it decides and one just outside; their order; a user's own rules."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from builders import litellm_row, write_jsonl
from running import Run

from llmaudit.api import audit_paths
from llmaudit.tiers.rules import RULES, TIER_OF_TASK, UNKNOWN, judge
from llmaudit.tiers.signals import Signals
from llmaudit.tiers.tag import tag
from llmaudit.tiers.user_rules import keep_rules
from llmaudit.tiers.vocabulary.names import STAKES_WORDS, TASK_WORDS

CASES: list[tuple[str, dict[str, Any], int | None, str]] = [
    # rule, signals, tier, what decided; the second of a pair is just outside the rule
    ("stated", {"stated_tier": 3}, 3, "stated"),
    ("stated", {"stated_tier": 0, "feature": "refund-decision"}, 0, "stated"),
    ("stated", {"stated_tier": None}, None, "none"),
    ("stakes_by_name", {"feature": "refund-decision"}, 3, "feature-name"),
    ("stakes_by_name", {"endpoint": "/v1/contract_review"}, 3, "feature-name"),
    ("stakes_by_name", {"feature": "LEGAL"}, 3, "feature-name"),
    ("stakes_by_name", {"feature": "refunded-items"}, None, "none"),
    ("stakes_by_name", {"feature": "contractor"}, None, "none"),
    ("stakes_by_text", {"stakes_hint": "medical"}, 3, "prompt-stakes"),
    ("stakes_by_text", {"stakes_hint": None, "feature": "medicine"}, None, "none"),
    ("stakes_by_text", {"stakes_hint": "adversarial", "feature": "ticket-summary"}, 3, "prompt-stakes"),
    ("stakes_by_text", {"stakes_hint": "act"}, None, "none"),
    ("acting_tools", {"stakes_hint": "act", "needs_tools": True}, 3, "tools-that-act"),
    ("acting_tools", {"stakes_hint": "act", "needs_tools": False}, None, "none"),
    ("coding_agent", {"endpoint": "claude-code"}, 2, "endpoint"),
    ("coding_agent", {"endpoint": "claude-code-2"}, None, "none"),
    ("embedding_call", {"endpoint": "/v1/embeddings"}, 0, "endpoint"),
    ("embedding_call", {"endpoint": "aembedding", "size": "huge"}, 0, "endpoint"),
    ("embedding_call", {"endpoint": "acompletion"}, None, "none"),
    ("task_by_name", {"feature": "intent-classify"}, 0, "feature-name"),
    ("task_by_name", {"feature": "ticket_summary"}, 1, "feature-name"),
    ("task_by_name", {"feature": "sql-report-agent"}, 2, "feature-name"),
    ("task_by_name", {"feature": "declassified"}, None, "none"),
    ("task_by_text", {"task_hint": "classify", "size": "medium"}, 0, "prompt-task"),
    ("task_by_text", {"task_hint": "classify", "size": "long"}, 1, "prompt-task"),
    ("task_by_text", {"task_hint": "summarise", "size": "huge"}, 2, "prompt-task"),
    ("task_by_text", {"task_hint": "code", "size": "short"}, 2, "prompt-task"),
    ("task_by_text", {"task_hint": None, "size": "long"}, None, "none"),
    ("task_by_text", {"task_hint": "draft", "effort_hint": 2, "size": "short"}, 2, "prompt-task"),
    ("task_by_text", {"task_hint": "classify", "effort_hint": 0, "answer": "page"}, 1, "prompt-task"),
    ("task_by_text", {"task_hint": "classify", "effort_hint": 0, "template": "majority"}, 0, "template"),
    ("tool_loop", {"needs_tools": True, "turns": "many"}, 2, "structure"),
    ("tool_loop", {"needs_tools": True, "turns": "one"}, None, "none"),
    ("tool_loop", {"needs_tools": False, "turns": "many"}, None, "none"),
    ("tool_loop", {"needs_tools": None, "turns": "many"}, None, "none"),
    ("long_context", {"size": "huge"}, 2, "structure"),
    ("long_context", {"size": "long"}, None, "none"),
    ("short_structured", {"needs_json": True, "size": "short", "answer": "word"}, 0, "structure"),
    ("short_structured", {"needs_json": True, "size": "short", "answer": "paragraph"}, None, "none"),
    ("short_structured", {"needs_json": True, "size": "medium", "answer": "word"}, None, "none"),
    ("short_structured", {"needs_json": None, "size": "short", "answer": "word"}, None, "none"),
    ("one_word_allowed", {"limit": "word", "size": "medium"}, 0, "structure"),
    ("one_word_allowed", {"limit": "word", "size": "long"}, None, "none"),
    ("one_word_allowed", {"limit": "word"}, None, "none"),
    ("much_reasoning", {"thought": "much"}, 2, "outcome"),
    ("much_reasoning", {"thought": "little"}, None, "none"),
]


@pytest.mark.parametrize(("rule", "signals", "tier", "signal"), CASES)
def test_rule(rule: str, signals: dict[str, Any], tier: int | None, signal: str) -> None:
    found = judge(Signals(**signals))
    assert (found.tier, found.signal) == (tier, signal)
    assert found.reason
    by_name = {function.__name__: function for function in RULES}
    decides = [name for name, function in by_name.items() if function(Signals(**signals))]
    assert decides[:1] == ([rule] if signal != "none" else [])


def test_every_rule_has_a_case_inside_and_outside() -> None:
    inside = {rule for rule, _, tier, _ in CASES if tier is not None}
    outside = {rule for rule, _, tier, _ in CASES if tier is None}
    assert inside == outside == {function.__name__ for function in RULES}


ORDER = [
    # signals that two rules would decide, and the one that does
    ({"stated_tier": 1, "stakes_hint": "legal"}, "stated"),
    ({"feature": "legal-summary", "stakes_hint": "medical"}, "stakes_by_name"),
    ({"feature": "contract-extract"}, "stakes_by_name"),
    ({"stakes_hint": "legal", "endpoint": "claude-code"}, "stakes_by_text"),
    ({"endpoint": "claude-code", "feature": "summary"}, "coding_agent"),
    ({"endpoint": "embedding", "feature": "search-agent"}, "embedding_call"),
    ({"feature": "reply-draft", "task_hint": "code"}, "task_by_name"),
    ({"task_hint": "extract", "needs_tools": True, "turns": "many"}, "task_by_text"),
    ({"needs_tools": True, "turns": "many", "size": "huge"}, "tool_loop"),
]


@pytest.mark.parametrize(("signals", "rule"), ORDER)
def test_the_first_rule_decides(signals: dict[str, Any], rule: str) -> None:
    deciding = [function.__name__ for function in RULES if function(Signals(**signals))]
    assert len(deciding) > 1, "both must speak, else the order is not tested"
    assert deciding[0] == rule
    decided = next(function for function in RULES if function.__name__ == rule)(Signals(**signals))
    found = judge(Signals(**signals))
    assert decided is not None
    assert (found.tier, found.task, found.signal, found.reason) == (
        decided.tier,
        decided.task,
        decided.signal,
        decided.reason,
    )


def test_order_of_trust() -> None:
    """No later rule is trusted more than the tier the log states; nothing to go on is no tier and no trust."""
    assert RULES[0].__name__ == "stated"
    assert (UNKNOWN.tier, UNKNOWN.confidence) == (None, 0.0)
    assert judge(Signals()) == UNKNOWN
    confidences = [judge(Signals(**signals)).confidence for _, signals, tier, _ in CASES if tier is not None]
    assert all(0 < confidence <= 1 for confidence in confidences)


def test_vocabulary_is_unambiguous() -> None:
    """A word that told two tasks would make the order of a table decide in silence."""
    for table in (TASK_WORDS, STAKES_WORDS):
        words = [word for _, vocabulary in table for word in vocabulary.split()]
        assert len(words) == len(set(words))
    assert {task for task, _ in TASK_WORDS} <= set(TIER_OF_TASK)
    assert set(TIER_OF_TASK.values()) == {0, 1, 2}


SIZES = [
    # prompt tokens, output tokens, needs nothing else: which structure they make
    (999, "short"), (1_000, "medium"), (7_999, "medium"), (8_000, "long"), (31_999, "long"), (32_000, "huge"),
]  # fmt: skip


def test_sizes_as_the_store_sees_them(tmp_path: Path) -> None:
    """Only the huge one is decided by its size; all input counters together make a prompt."""
    rows = [litellm_row(f"r-{size}", "2026-10-01T00:00:00", prompt=size, cached=size // 2) for size, _ in SIZES]
    with audit_paths([write_jsonl(tmp_path / "log.jsonl", rows)]) as session:
        found = dict(session.store.rows("SELECT request_id, tier FROM tiers JOIN requests USING (row_id)"))
    assert found == {f"r-{size}": 2 if name == "huge" else None for size, name in SIZES}


RULES_FILE = """
rules:
  - when: {feature: "reply-*", team: growth}
    tier: 2
    task: campaign
  - when: {model: gpt-5.6-luna}
    tier: 0
  - when: {feature: "reply-*"}
    tier: 3
"""
TAGGED = [
    # row, tier, what decided
    ({"tags": ["feature:reply-draft", "team:growth"]}, 2, "rules-file"),
    ({"tags": ["feature:reply-draft", "team:Growth"]}, 3, "rules-file"),
    ({"tags": ["feature:reply-draft"], "model": "gpt-5.6-luna"}, 0, "rules-file"),
    ({"tags": ["tier:1", "feature:reply-draft"]}, 3, "rules-file"),
    ({"tags": ["feature:the-reply-draft"]}, 1, "feature-name"),
    ({"tags": ["tier:1"]}, 1, "stated"),
    ({"tags": []}, None, "none"),
]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [litellm_row(f"r-{i}", "2026-10-01T00:00:00", prompt=9, **row) for i, (row, _, _) in enumerate(TAGGED)]
    return write_jsonl(tmp_path_factory.mktemp("tags") / "log.jsonl", rows)


def test_rules_file_comes_first(log: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES_FILE)
    with audit_paths([log]) as session:
        keep_rules(session.store, tmp_path / "rules.yaml")
        result = tag(session.store)
        found = session.store.rows("SELECT tier, signal FROM tiers JOIN requests USING (row_id) ORDER BY row_id")
    assert found == [(tier, signal) for _, tier, signal in TAGGED]
    assert result.requests == len(TAGGED) == sum(result.by_tier.values()) == sum(result.by_signal.values())
    assert result.by_tier == {"0": 1, "1": 2, "2": 1, "3": 2, "unknown": 1}
    assert result.by_signal == {"feature-name": 1, "none": 1, "rules-file": 4, "stated": 1}


def test_rules_are_kept_until_they_are_forgotten(call: Run, log: Path, tmp_path: Path) -> None:
    """Also for what is read later, which must not be tagged by other rules than the rest."""
    (tmp_path / "rules.yaml").write_text(RULES_FILE)
    (tmp_path / "bad.yaml").write_text("rules: [{when: {feature: x}, tier: 9}]")
    assert call("ingest", log).code == 0
    built_in = call("tag", "--json").out
    mine = call("tag", "--rules", "rules.yaml", "--json")
    assert mine.json["by_signal"]["rules-file"] == 4
    assert call("tag", "--json").out == mine.out
    assert call("tag", "--rules", "bad.yaml").code == 5
    write_jsonl(
        tmp_path / "later.jsonl", [litellm_row("later", "2026-10-02T00:00:00", prompt=9, tags=["feature:reply-x"])]
    )
    assert call("ingest", "later.jsonl").code == 0
    assert call("tag", "--json").json["by_signal"]["rules-file"] == 5
    forgotten = call("tag", "--no-rules", "--json").json["by_signal"]
    assert "rules-file" not in forgotten
    assert "rules-file" not in built_in


def test_order_of_requests_does_not_matter(tmp_path: Path) -> None:
    rng = random.Random(5)  # noqa: S311 -- seeded on purpose
    features = ["intent-classify", "reply-draft", "sql-agent", "refund-x", "x", "summary"]
    rows = [
        litellm_row(
            f"r-{i}", "2026-10-01T00:00:00", prompt=rng.randrange(50_000), tags=[f"feature:{rng.choice(features)}"]
        )
        for i in range(200)
    ]
    found = []
    for name, some in (("a", rows), ("b", rows[::-1])):
        with audit_paths([write_jsonl(tmp_path / f"{name}.jsonl", some)]) as session:
            columns = "request_id, tier, task, signal, confidence, reason"
            found.append(
                session.store.rows(f"SELECT {columns} FROM tiers JOIN requests USING (row_id) ORDER BY request_id")
            )
    assert found[0] == found[1]
    assert len({row[1] for row in found[0]}) == 5
