"""What the tier rules look at, and what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Tier = int | None
TIERS = (0, 1, 2, 3)
HIGH_STAKES = 3


class Signals(msgspec.Struct, frozen=True):
    """What the rules look at. Requests that share all of these share their verdict, so rules run once a combination.

    Attributes:
        stated_tier: A tier the log itself names.
        endpoint: The endpoint or call type.
        feature: The product feature.
        task_hint: What the prompt's own words ask for (`llmaudit.tiers.text`).
        effort_hint: The effort those words indicate, 0 to 2.
        stakes_hint: What makes an error expensive, by the prompt's own words.
        hint_rule: The text rule that decided the task.
        template: Requests of its template agree (`agrees`), most do (`majority`: the hints are theirs), or they do not
            (`mixed`); None if it is the only one.
        needs_tools: The request offered tools.
        needs_json: The request demanded structured output.
        needs_images: The request holds images.
        size: The prompt: `short` under 1,000 tokens, `medium`, `long` from 8,000, `huge` from 32,000; None unknown.
        answer: The answer: `word` up to 16 tokens, `paragraph` under 500, `page` from there; None unknown.
        thought: The reasoning in it: `little` under 4,000 tokens, `much` from there; None unknown.
        limit: `word` where the caller allowed at most 16 tokens of output; None otherwise.
        turns: `one` or `many`; None unknown.
        troubled: The answer was cut at its length limit, or the same prompt was sent again in the same session.
    """

    stated_tier: int | None = None
    endpoint: str | None = None
    feature: str | None = None
    task_hint: str | None = None
    effort_hint: int | None = None
    stakes_hint: str | None = None
    hint_rule: str | None = None
    template: str | None = None
    needs_tools: bool | None = None
    needs_json: bool | None = None
    needs_images: bool | None = None
    size: str | None = None
    answer: str | None = None
    thought: str | None = None
    limit: str | None = None
    turns: str | None = None
    troubled: bool | None = None


class Combination(msgspec.Struct, frozen=True):
    """Signals, with the columns that only a user's rules look at: requests that share all of it share a verdict.

    Attributes:
        signals: The signals.
        columns: Value by column (`user_rules.RULE_COLUMNS`); columns that no rule names may be missing.
    """

    signals: Signals
    columns: Mapping[str, str | None] = {}

    @classmethod
    def from_row(cls, names: Sequence[str], values: Sequence[Any]) -> Combination:
        """Return a row of `tag.SIGNALS_SQL`: the signals, in any order, and further columns."""
        row = dict(zip(names, values, strict=True))
        signals = Signals(**{name: row.pop(name) for name in Signals.__struct_fields__})
        return cls(signals, row)

    def value(self, column: str) -> Any:
        """Return a signal or a column by its name."""
        return getattr(self.signals, column) if column in Signals.__struct_fields__ else self.columns[column]


class Verdict(msgspec.Struct, frozen=True):
    """A tier with its grounds.

    Attributes:
        tier: 0 trivial, 1 standard, 2 complex, 3 high stakes; None is unknown.
        task: The kind of task, or the kind of stakes.
        signal: The rule that decided.
        confidence: 0 to 1, set by hand per rule: how far such a signal is to be trusted.
        reason: One sentence.
        effort: 0 to 2 whatever the stakes; None unknown.
        stakes: What makes an error expensive, or None.
    """

    tier: Tier
    task: str | None
    signal: str
    confidence: float
    reason: str
    effort: int | None = None
    stakes: str | None = None
