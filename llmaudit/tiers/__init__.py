"""Complexity tiers: 0 trivial, 1 standard, 2 complex, 3 high stakes, or unknown."""

from __future__ import annotations

from llmaudit.tiers.rules import RULES, Signals, Verdict, judge
from llmaudit.tiers.tag import TagResult, counts, keep_rules, tag

__all__ = ["RULES", "Signals", "TagResult", "Verdict", "counts", "judge", "keep_rules", "tag"]
