"""The tier rules: ordered functions from the signals of a request to a verdict on one of two axes; the first counts.

The two axes are not one score. Effort (0 to 2) is the kind of task. Stakes are what an error would cost; they make
tier 3 whatever the effort. A tier is a proposal, not a proof: neither metadata nor words tell whether a cheaper model
would fail on a request. Only paired outcomes show that.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from llmaudit.tiers.signals import HIGH_STAKES, Signals, Verdict
from llmaudit.tiers.text import MATERIAL
from llmaudit.tiers.vocabulary.names import STAKES_WORDS, TASK_WORDS

Rule = Callable[[Signals], Verdict | None]

TIER_OF_TASK = {
    "greet": 0, "classify": 0, "extract": 0, "format": 0, "factoid": 0, "embed": 0, "moderate": 0,
    "summarise": 1, "qa": 1, "translate": 1, "rewrite": 1, "draft": 1, "answer": 1, "chat": 1,
    "code": 2, "maths": 2, "reasoning": 2, "long-context": 2, "agent": 2,
}  # fmt: skip
"""Effort by kind of task (docs/tiers.md)."""

TRUST: dict[str, float] = {
    "code-work": 0.8, "mathematics": 0.8, "small-talk": 0.8, "label-or-field": 0.75, "given-text": 0.75,
    "given-answer": 0.7, "several-steps": 0.7, "huge-prompt": 0.7, "analysis": 0.6, "plain-fact": 0.6,
    "text-by-phrase": 0.6, "choice": 0.6, "drafting": 0.55, "label-by-phrase": 0.55, "long-work": 0.5, "persona": 0.5,
    "story-problem": 0.45, "answering": 0.45, "plain-words": 0.3,
}  # fmt: skip
"""Confidence in the task that each rule of `llmaudit.tiers.effort` finds, set by hand."""

WORD_TRUST = 0.6
"""Confidence in a rule that the table does not name."""

DISAGREEING = 0.7
"""Factor on the confidence if the requests of a template disagree."""

TROUBLED = 0.85
"""Factor on the confidence of a cheap tier if the answer was cut off or the prompt was sent again."""

_SPLIT = re.compile(r"[^a-z0-9]+")
_CODING_AGENTS = {"claude-code"}
_EMBEDDING_CALLS = {"aembedding", "embedding", "/v1/embeddings", "/embeddings"}


def stated(signals: Signals) -> Verdict | None:
    """The log states a tier."""
    if signals.stated_tier is None:
        return None
    return Verdict(signals.stated_tier, signals.task_hint, "stated", 1.0, f"the log states tier {signals.stated_tier}")


def stakes_by_name(signals: Signals) -> Verdict | None:
    """The feature is named for money, law, health, employment or safety: high stakes, whatever the effort."""
    word, stake = _first_word(STAKES_WORDS, signals.feature, signals.endpoint)
    if stake is None:
        return None
    return _high(stake, "feature-name", 0.8, f"{word!r} in the feature's name: {stake} stakes")


def acting_tools(signals: Signals) -> Verdict | None:
    """The request offers tools, and its words name an irreversible act."""
    if not (signals.needs_tools and signals.stakes_hint == "act"):
        return None
    return _high("side-effects", "tools-that-act", 0.8, "tools are offered, and the prompt names an irreversible act")


def stakes_by_text(signals: Signals) -> Verdict | None:
    """The words of the prompt concern regulated advice, money decisions, harm, or an attack on the model's rules."""
    stake = signals.stakes_hint
    if stake in {None, "act"}:
        return None
    _, named = _first_word(TASK_WORDS, signals.feature)
    if stake != "adversarial" and named in MATERIAL:
        return None
    return _high(str(stake), "prompt-stakes", 0.7, f"the prompt's words: {stake} stakes")


def coding_agent(signals: Signals) -> Verdict | None:
    """A coding agent's session: multi-step work with tools."""
    if signals.endpoint not in _CODING_AGENTS:
        return None
    return _effort(2, "agent", "endpoint", 0.9, f"{signals.endpoint}: multi-step coding with tools")


def embedding_call(signals: Signals) -> Verdict | None:
    """The request is for embeddings: nothing is generated."""
    if signals.endpoint not in _EMBEDDING_CALLS:
        return None
    return _effort(0, "embed", "endpoint", 0.95, "an embedding call")


def task_by_name(signals: Signals) -> Verdict | None:
    """The feature is named for its task."""
    word, task = _first_word(TASK_WORDS, signals.feature)
    if task is None:
        return None
    return _effort(TIER_OF_TASK[task], task, "feature-name", 0.8, f"{word!r} in the feature's name: {task}")


def task_by_text(signals: Signals) -> Verdict | None:
    """What the words of the prompt ask for; a long prompt or answer makes it at least standard, a huge one complex."""
    task = signals.task_hint
    if task is None:
        return None
    stated_effort = signals.effort_hint if signals.effort_hint is not None else TIER_OF_TASK[task]
    floor = {"huge": 2, "long": 1}.get(signals.size or "", 0)
    effort = max(stated_effort, floor, 1 if signals.answer == "page" else 0)
    why = ""
    if effort > stated_effort:
        why = f", over a {signals.size} prompt" if effort == floor else ", answered with 500 tokens or more"
    trust = TRUST.get(signals.hint_rule or "", WORD_TRUST)
    if signals.template == "mixed":
        trust, why = DISAGREEING * trust, f"{why}; requests of its template disagree"
    signal = "template" if signals.template == "majority" else "prompt-task"
    return _effort(effort, task, signal, trust, f"the prompt's words: {task}{why}")


def tool_loop(signals: Signals) -> Verdict | None:
    """Tools offered over several turns: an agent at work."""
    if not (signals.needs_tools and signals.turns == "many"):
        return None
    return _effort(2, "agent", "structure", 0.6, "tools over several turns")


def long_context(signals: Signals) -> Verdict | None:
    """A huge prompt: it needs a model that reads it well, whatever is asked."""
    if signals.size != "huge":
        return None
    return _effort(2, "long-context", "structure", 0.5, "a prompt of 32,000 tokens or more")


def short_structured(signals: Signals) -> Verdict | None:
    """A short prompt, structured output and an answer of a few tokens: a label or a field."""
    if not (signals.needs_json and signals.size == "short" and signals.answer == "word"):
        return None
    return _effort(0, "extract", "structure", 0.5, "structured output of a few tokens from a short prompt")


def one_word_allowed(signals: Signals) -> Verdict | None:
    """The prompt is not long and the output limit is a few tokens: a label."""
    if not (signals.limit == "word" and signals.size in {"short", "medium"}):
        return None
    return _effort(0, "classify", "structure", 0.5, "at most 16 tokens of output are allowed")


def much_reasoning(signals: Signals) -> Verdict | None:
    """The answer alone: the model had to reason at length."""
    if signals.thought != "much":
        return None
    return _effort(2, "reasoning", "outcome", 0.3, "4,000 tokens of reasoning or more")


STATED: tuple[Rule, ...] = (stated,)
STAKES_RULES: tuple[Rule, ...] = (stakes_by_name, acting_tools, stakes_by_text)
"""What makes an error expensive, in order of trust."""

EFFORT_RULES: tuple[Rule, ...] = (
    coding_agent,
    embedding_call,
    task_by_name,
    task_by_text,
    tool_loop,
    long_context,
    short_structured,
    one_word_allowed,
    much_reasoning,
)
"""What the task is, in order of trust: names, words, structure, and last the outcome."""

RULES: tuple[Rule, ...] = (*STATED, *STAKES_RULES, *EFFORT_RULES)
"""The whole tagger."""

UNKNOWN = Verdict(None, None, "none", 0.0, "nothing to go on: no task in its metadata, its text or its shape")


def judge(signals: Signals) -> Verdict:
    """Return what the log states, else tier 3 where there are stakes, else the effort, else `UNKNOWN`."""
    as_logged = _first(STATED, signals)
    if as_logged is not None:
        return as_logged
    effort = _first(EFFORT_RULES, signals)
    stakes = _first(STAKES_RULES, signals)
    if stakes is not None:
        return msgspec.structs.replace(stakes, effort=effort.effort if effort else None)
    if effort is None:
        return UNKNOWN
    if signals.troubled and effort.effort != max(TIER_OF_TASK.values()):
        reason = f"{effort.reason}; the answer was cut short or asked for again"
        return msgspec.structs.replace(effort, confidence=round(TROUBLED * effort.confidence, 3), reason=reason)
    return effort


def _first(rules: tuple[Rule, ...], signals: Signals) -> Verdict | None:
    return next((verdict for rule in rules if (verdict := rule(signals))), None)


def _high(stake: str, signal: str, confidence: float, reason: str) -> Verdict:
    """Return tier 3, whatever the effort."""
    return Verdict(HIGH_STAKES, stake, signal, confidence, reason, stakes=stake)


def _effort(effort: int, task: str, signal: str, confidence: float, reason: str) -> Verdict:
    return Verdict(effort, task, signal, round(confidence, 3), reason, effort=effort)


def _first_word(table: tuple[tuple[str, str], ...], *names: str | None) -> tuple[str, str] | tuple[None, None]:
    """Return the first word of a table that occurs in one of the names, with what it indicates."""
    words = {word for name in names if name for word in _SPLIT.split(name.lower())}
    for meaning, vocabulary in table:
        for word in vocabulary.split():
            if word in words:
                return word, meaning
    return None, None
