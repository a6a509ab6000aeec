"""The tier rules: an ordered tuple of functions from a request's signals to a verdict; the first verdict stands.

Tiers propose, they do not prove: what kind of task a request is and what an error would cost can be read from its
metadata and its words, but not whether a cheaper model would fail on it. Only paired outcomes show that.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

Tier = int | None


class Signals(msgspec.Struct, frozen=True):
    """What the rules look at. Requests that share all of these share their verdict, so rules run once a combination.

    Attributes:
        stated_tier: A tier the log itself names.
        endpoint: The endpoint or call type.
        feature: The product feature.
        task_hint: What the prompt's own words ask for (`llmaudit.features.TASKS`).
        stakes_hint: What makes an error dear, by the prompt's own words.
        needs_tools: The request offered tools.
        needs_json: The request demanded structured output.
        size: The prompt: `short` under 1,000 tokens, `medium`, `long` from 8,000, `huge` from 32,000; None unknown.
        answer: The answer: `word` up to 16 tokens, `paragraph` under 500, `page` from there; None unknown.
        turns: `one` or `many`; None unknown.
    """

    stated_tier: int | None = None
    endpoint: str | None = None
    feature: str | None = None
    task_hint: str | None = None
    stakes_hint: str | None = None
    needs_tools: bool | None = None
    needs_json: bool | None = None
    size: str | None = None
    answer: str | None = None
    turns: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """A tier with its grounds.

    Attributes:
        tier: 0 trivial, 1 standard, 2 complex, 3 high stakes; None is unknown.
        task: The kind of task, or the kind of stakes.
        signal: The rule that decided.
        confidence: 0 to 1, set by hand per rule: how far such a signal is to be trusted.
        reason: One sentence.
    """

    tier: Tier
    task: str | None
    signal: str
    confidence: float
    reason: str


Rule = Callable[[Signals], Verdict | None]

TIER_OF_TASK = {
    "classify": 0, "extract": 0, "format": 0, "embed": 0, "moderate": 0,
    "summarise": 1, "rewrite": 1, "draft": 1, "answer": 1,
    "code": 2, "maths": 2, "reasoning": 2, "agent": 2,
}  # fmt: skip
"""Effort by kind of task (docs/tiers.md)."""

TASK_WORDS: tuple[tuple[str, str], ...] = (
    ("agent", "agent agents autopilot copilot workflow"),
    ("code", "code coding codegen sql refactor devtools debug"),
    ("reasoning", "analysis analytics analyse analyze reasoning planner planning forecast investigate research"),
    ("embed", "embed embedding embeddings rerank"),
    ("moderate", "moderation moderate"),
    ("classify", "classify classifier classification intent label labels detect detection sentiment triage spam"),
    ("extract", "extract extraction extractor parse parser parsing ocr keyword keywords entities field fields"),
    ("format", "format formatter formatting normalize cleanup autocomplete"),
    ("summarise", "summary summarize summarise summarization summaries tldr digest recap"),
    ("rewrite", "rewrite rephrase translate translation tone paraphrase localization"),
    ("draft", "draft reply replies email compose writer copy copywriting marketing generate generation"),
    ("answer", "answer answers qa faq kb search rag chat assistant help support"),
)  # fmt: skip
"""Words in the name of a feature or endpoint that tell its task; the first row that has one of the words decides."""

STAKES_WORDS: tuple[tuple[str, str], ...] = (
    ("legal", "legal contract contracts compliance gdpr dpa litigation"),
    ("financial", "refund refunds payment payments payout chargeback credit loan underwriting claims fraud"),
    ("medical", "medical clinical diagnosis health patient prescription"),
    ("hr", "hiring recruiting termination payroll hr"),
    ("safety", "safety emergency crisis abuse"),
)  # fmt: skip
"""Words in the name of a feature or endpoint that tell high stakes."""

_SPLIT = re.compile(r"[^a-z0-9]+")
_CODING_AGENTS = {"claude-code"}
_EMBEDDING_CALLS = {"aembedding", "embedding", "/v1/embeddings", "/embeddings"}


def stated(signals: Signals) -> Verdict | None:
    """The log says so itself."""
    if signals.stated_tier is None:
        return None
    return Verdict(signals.stated_tier, signals.task_hint, "stated", 1.0, f"the log states tier {signals.stated_tier}")


def stakes_by_name(signals: Signals) -> Verdict | None:
    """A feature named for money, law, health, people or safety is high stakes whatever the effort."""
    word, stake = _first_word(STAKES_WORDS, signals.feature, signals.endpoint)
    if stake is None:
        return None
    return Verdict(3, stake, "feature-name", 0.8, f"{word!r} in the feature's name: {stake} stakes")


def stakes_by_text(signals: Signals) -> Verdict | None:
    """The prompt's own words speak of regulated advice, money decisions or an attack."""
    stake = signals.stakes_hint
    if stake is None:
        return None
    return Verdict(3, stake, "prompt-stakes", 0.7, f"the prompt's words: {stake} stakes")


def coding_agent(signals: Signals) -> Verdict | None:
    """A coding agent's session: multi-step work with tools."""
    if signals.endpoint not in _CODING_AGENTS:
        return None
    return Verdict(2, "agent", "endpoint", 0.9, f"{signals.endpoint}: multi-step coding with tools")


def embedding_call(signals: Signals) -> Verdict | None:
    """An embedding is not generation at all."""
    if signals.endpoint not in _EMBEDDING_CALLS:
        return None
    return Verdict(0, "embed", "endpoint", 0.95, "an embedding call")


def task_by_name(signals: Signals) -> Verdict | None:
    """A feature named for its task."""
    word, task = _first_word(TASK_WORDS, signals.feature)
    if task is None:
        return None
    return Verdict(TIER_OF_TASK[task], task, "feature-name", 0.8, f"{word!r} in the feature's name: {task}")


def task_by_text(signals: Signals) -> Verdict | None:
    """What the prompt's own words ask for; a long prompt makes any task at least standard, a huge one complex."""
    task = signals.task_hint
    if task is None:
        return None
    floor = {"huge": 2, "long": 1}.get(signals.size or "", 0)
    tier = max(TIER_OF_TASK[task], floor)
    grown = f", over a {signals.size} prompt" if tier > TIER_OF_TASK[task] else ""
    return Verdict(tier, task, "prompt-task", 0.6, f"the prompt's words: {task}{grown}")


def tool_loop(signals: Signals) -> Verdict | None:
    """Tools offered over several turns: an agent at work."""
    if not (signals.needs_tools and signals.turns == "many"):
        return None
    return Verdict(2, "agent", "structure", 0.6, "tools over several turns")


def long_context(signals: Signals) -> Verdict | None:
    """A huge prompt needs a model that reads it well, whatever is asked."""
    if signals.size != "huge":
        return None
    return Verdict(2, "long-context", "structure", 0.5, "a prompt of 32,000 tokens or more")


def short_structured(signals: Signals) -> Verdict | None:
    """A short prompt, structured output and an answer of a few tokens: a label or a field."""
    if not (signals.needs_json and signals.size == "short" and signals.answer == "word"):
        return None
    return Verdict(0, "extract", "structure", 0.5, "structured output of a few tokens from a short prompt")


RULES: tuple[Rule, ...] = (
    stated,
    stakes_by_name,
    stakes_by_text,
    coding_agent,
    embedding_call,
    task_by_name,
    task_by_text,
    tool_loop,
    long_context,
    short_structured,
)
"""The whole tagger, in order of trust."""

UNKNOWN = Verdict(None, None, "none", 0.0, "nothing to go on: no task in its metadata, its text or its shape")


def judge(signals: Signals, rules: tuple[Rule, ...] = RULES) -> Verdict:
    """Return the first verdict of the rules, or `UNKNOWN`."""
    return next((verdict for rule in rules if (verdict := rule(signals))), UNKNOWN)


def _first_word(table: tuple[tuple[str, str], ...], *names: str | None) -> tuple[str, str] | tuple[None, None]:
    """Return the first word of a table that stands in one of the names, with what it tells."""
    words = {word for name in names if name for word in _SPLIT.split(name.lower())}
    for meaning, vocabulary in table:
        for word in vocabulary.split():
            if word in words:
                return word, meaning
    return None, None
