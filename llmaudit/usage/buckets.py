"""Langfuse's `usageDetails`: token buckets under arbitrary names, whose sum rule follows from the record's own total.

Buckets are normally disjoint (`input` without `input_cached_tokens`), because the server subtracts. But what an SDK
sends by hand is stored unchanged. So the record's `total` decides: it is the sum of all buckets, or that of `input` and
`output` alone, or of these with one of the two kinds of parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from llmaudit.request import Request
from llmaudit.usage.counters import checked
from llmaudit.usage.rules import CACHE_APART, INSIDE, REASONING_APART, Reading, Rule, by_rule

ALL_APART = Rule(cache_apart=True, reasoning_apart=True)
"""What the server writes: all buckets are disjoint."""


class Buckets(NamedTuple):
    """A record's buckets, in tokens, sorted by what they count."""

    reading: Reading
    other_input: int
    """Buckets of input under further names (`input_audio`), counted beside `input` if all buckets are disjoint."""
    other_output: int
    """The same of output."""

    @property
    def cache(self) -> int | float:
        """Tokens read from and written to a cache."""
        return (self.reading.read or 0) + (self.reading.written or 0)

    def sum_by(self, rule: Rule) -> int | float:
        """Return the total that a record would state which counts by a rule."""
        prompt, completion, reasoning = self.reading.prompt, self.reading.completion, self.reading.reasoning
        both = (prompt or 0) + (completion or 0)
        both += self.cache if rule.cache_apart else 0
        both += (reasoning or 0) if rule.reasoning_apart else 0
        return both + self.other_input + self.other_output if rule == ALL_APART else both

    def rule(self) -> Rule | None:
        """Return the rule by which the buckets add up to the record's total; None where they do by none."""
        if self.reading.total is None:
            return ALL_APART
        rules = (ALL_APART, INSIDE, CACHE_APART, REASONING_APART)
        return next((rule for rule in rules if self.sum_by(rule) == self.reading.total), None)


def langfuse(request: Request, details: Mapping[str, int | float | None]) -> tuple[Reading, Rule]:
    """Fill the counters from Langfuse's `usageDetails`, in place; return what was read by which rule.

    A total that is larger than all buckets together means that output is missing, mostly thinking: the output is then
    what the total leaves for it.

    Args:
        request: Filled in place. `usage_status` becomes reported, missing or inconsistent.
        details: Bucket to tokens.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    buckets = _sorted_buckets(details)
    reading = buckets.reading
    if reading.prompt is None and reading.completion is None:
        request.usage_status = "missing"
        return reading, INSIDE
    rule, total = buckets.rule(), reading.total
    prompt = (reading.prompt or 0) + buckets.other_input
    if rule == ALL_APART:
        completion = None if reading.completion is None else reading.completion + buckets.other_output
        reading = reading._replace(prompt=prompt, completion=completion)
    elif rule is None and total is not None and total > buckets.sum_by(ALL_APART):
        rule, reading = CACHE_APART, reading._replace(prompt=prompt, completion=total - buckets.cache - prompt)
    by_rule(request, reading, rule or ALL_APART)
    if rule is None:
        request.usage_status = "inconsistent"
    return reading, rule or ALL_APART


def _sorted_buckets(details: Mapping[str, int | float | None]) -> Buckets:
    """Sort buckets by the words in their names, each into the first kind it fits."""
    counts = {name.lower(): count for name, raw in details.items() if (count := checked(name, raw)) is not None}
    total, prompt, completion = (counts.pop(name, None) for name in ("total", "input", "output"))
    written_5m, written_1h = _taken(counts, "_5m"), _taken(counts, "_1h")
    written = _taken(counts, "cache_creation", "cache_write")
    if written is None and not (written_5m is None and written_1h is None):
        written = (written_5m or 0) + (written_1h or 0)
    read = _taken(counts, "cache_read", "cached")
    reasoning = _taken(counts, "reasoning", "thought", "thinking")
    return Buckets(
        Reading(prompt, completion, total, read, written, reasoning, written_5m, written_1h),
        other_input=sum(count for name, count in counts.items() if name.startswith(("input", "prompt"))),
        other_output=sum(count for name, count in counts.items() if name.startswith(("output", "completion"))),
    )


def _taken(counts: dict[str, int], *words: str) -> int | None:
    """Take the buckets out whose name holds one of some words; return their sum, or None where there is none."""
    names = [name for name in counts if any(word in name for word in words)]
    return sum(counts.pop(name) for name in names) if names else None
