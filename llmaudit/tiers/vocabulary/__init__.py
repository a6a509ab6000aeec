"""The words that indicate a task or its stakes: tables that a reader can check, matched in one pass over a prompt.

Phrases are separated by bars. A phrase matches where a word begins with it (`summar` finds `summary`); a `_` at its end
requires the end of a word too. Phrases in scripts without spaces match anywhere. Text and phrases are both normalized
by `normal`.
"""

from __future__ import annotations

from llmaudit.tiers.vocabulary.phrases import normal, phrases
from llmaudit.tiers.vocabulary.stakes import ADVERSARIAL, CASE, CRISIS, HARM, REGULATED, SIDE_EFFECTS
from llmaudit.tiers.vocabulary.tasks import ASKS, FOLLOW_UP, GREETINGS, TOPICS

__all__ = [
    "ADVERSARIAL",
    "ASKS",
    "CASE",
    "CRISIS",
    "FOLLOW_UP",
    "GREETINGS",
    "HARM",
    "REGULATED",
    "SIDE_EFFECTS",
    "TOPICS",
    "normal",
    "phrases",
]
