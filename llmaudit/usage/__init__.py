"""The one place that knows which provider includes what: usage objects to the six disjoint token counters.

The most expensive mistake in reading LLM logs is to take a prompt count that includes cached tokens for one that does
not, or the reverse: on cache-heavy traffic the result is wrong by a factor of 3 to 100. So each rule is named for its
provider and says in words what the provider's input and output counts include.

Formats call these functions as `usage.openai(…)`, `usage.anthropic(…)`. There is one module each for the counters, the
rules of the sources, what a file proves about its rule, what gateways pass on, Langfuse's buckets, and sums of bills.
"""

from __future__ import annotations

from llmaudit.usage.buckets import langfuse
from llmaudit.usage.counters import MAX_TOKENS, anthropic, checked, limit, not_counted, openai, stated, unsplit
from llmaudit.usage.gateways import excludes_cache, passed_through, rule_name, usual_rule
from llmaudit.usage.parts import fill_parts
from llmaudit.usage.rules import CACHE_APART, INSIDE, REASONING_APART, Reading, Rule, by_rule, gemini
from llmaudit.usage.study import LEAST_TO_CONTRADICT, Ruling, Study, Told, by_study, studied, told_by, warnings_of
from llmaudit.usage.sums import summed, uncached

__all__ = [
    "CACHE_APART",
    "INSIDE",
    "LEAST_TO_CONTRADICT",
    "MAX_TOKENS",
    "REASONING_APART",
    "Reading",
    "Rule",
    "Ruling",
    "Study",
    "Told",
    "anthropic",
    "by_rule",
    "by_study",
    "checked",
    "excludes_cache",
    "fill_parts",
    "gemini",
    "langfuse",
    "limit",
    "not_counted",
    "openai",
    "passed_through",
    "rule_name",
    "stated",
    "studied",
    "summed",
    "told_by",
    "uncached",
    "unsplit",
    "usual_rule",
    "warnings_of",
]
