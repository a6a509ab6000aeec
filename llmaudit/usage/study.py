"""What the numbers in a file prove about its source's counting rule, and where they contradict the usual one.

The test is each record's own total: prompt + completion, plus whatever is counted beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from llmaudit.request import Request
from llmaudit.usage.rules import Reading, Rule, by_rule

LEAST_TO_CONTRADICT = 3
"""So many records must contradict a source's usual rule before a file is read by another: a damaged row is no proof."""

READ_SO = "the file is read that way"
"""How a warning ends if the records decided."""


class Told(NamedTuple):
    """What the numbers of one record show: whether cached tokens and reasoning are counted apart (None: unclear)."""

    cache_apart: bool | None = None
    reasoning_apart: bool | None = None
    fits: bool = True
    """False where the record's own total fits no rule at all."""


def told_by(reading: Reading) -> Told:
    """Return what the numbers of a record show about how its source counts.

    The identity is the record's own total: prompt + completion, and what stands apart. A total of prompt + completion
    proves that reasoning is inside, but nothing about a cache: some systems add up so for every provider. A part that
    is larger than the whole it would be part of stands apart, whatever the total.
    """
    prompt, completion, total = reading.prompt, reading.completion, reading.total
    if prompt is None or completion is None:
        return Told()
    cache, thought = (reading.read or 0) + (reading.written or 0), reading.reasoning or 0
    told_cache = True if cache > prompt else None
    told_thought = True if thought > completion else None
    if total is None:
        return Told(told_cache, told_thought)
    beside = total - prompt - completion
    if beside == 0:
        return Told(told_cache, told_thought or (False if thought else None))
    if cache == thought and beside == cache:
        return Told(told_cache, told_thought)
    if beside not in {thought, cache, thought + cache}:
        return Told(fits=False)
    return Told(beside != thought or told_cache, told_thought or (beside != cache if thought else None))


class Ruling(NamedTuple):
    """What the sampled records of one name (a model, a provider) show, as counts of records."""

    seen: int = 0
    cache_apart: int = 0
    reasoning_apart: int = 0
    reasoning_inside: int = 0
    unfit: int = 0

    def rule(self, usual: Rule) -> Rule:
        """Return the rule that the records prove, and the usual one in what they do not."""
        against, agreeing = self._against_and_for(usual)
        outvoted = against >= LEAST_TO_CONTRADICT and against > agreeing
        return Rule(
            cache_apart=usual.cache_apart or self.cache_apart >= LEAST_TO_CONTRADICT,
            reasoning_apart=not usual.reasoning_apart if outvoted else usual.reasoning_apart,
        )

    def contradictions(self, name: str, usual: Rule) -> list[str]:
        """Return a sentence, with numbers, for each way in which the records contradict the usual rule."""
        rule = self.rule(usual)
        counted = f"of {self.seen} records of {name}"
        sentences = []
        if self.cache_apart and not usual.cache_apart:
            how = READ_SO if rule.cache_apart else "too few to change how the file is read"
            sentences.append(f"{self.cache_apart} {counted} count cached tokens outside the prompt; {how}")
        against, _ = self._against_and_for(usual)
        if against:
            where = "inside" if usual.reasoning_apart else "outside"
            turned = rule.reasoning_apart != usual.reasoning_apart
            how = READ_SO if turned else "too few, or outvoted, to change how the file is read"
            sentences.append(f"{against} {counted} count reasoning {where} the output; {how}")
        if self.unfit:
            sentences.append(f"{self.unfit} {counted} state a total that fits no rule")
        return sentences

    def _against_and_for(self, usual: Rule) -> tuple[int, int]:
        """Return how many records contradict the usual place of reasoning, and how many agree with it."""
        votes = (self.reasoning_inside, self.reasoning_apart)
        return votes if usual.reasoning_apart else votes[::-1]


class Study(NamedTuple):
    """What the sample of a file showed, by the name that records are grouped under (the result of `Format.study`)."""

    rulings: Mapping[str, Ruling]
    usual: Mapping[str, Rule]

    def rule(self, name: str, usual: Rule) -> Rule:
        """Return the rule for records of a name: what the sample proves, and what is usual where it proves nothing."""
        return self.rulings[name].rule(usual) if name in self.rulings else usual

    def warnings(self) -> list[str]:
        """Return a sentence, with numbers, for each contradiction."""
        return [
            said
            for name, ruling in sorted(self.rulings.items())
            for said in ruling.contradictions(name, self.usual[name])
        ]


def studied(readings: Iterable[tuple[str, Rule, Reading]]) -> Study:
    """Return what the sampled records of a file show.

    Args:
        readings: For each record the name it is grouped under (its model), the usual rule for it, and its counts.
    """
    rulings: dict[str, Ruling] = {}
    usual: dict[str, Rule] = {}
    for name, rule, reading in readings:
        told, so_far = told_by(reading), rulings.get(name, Ruling())
        usual[name] = rule
        rulings[name] = Ruling(
            so_far.seen + 1,
            so_far.cache_apart + (told.cache_apart is True),
            so_far.reasoning_apart + (told.reasoning_apart is True),
            so_far.reasoning_inside + (told.reasoning_apart is False),
            so_far.unfit + (not told.fits),
        )
    return Study(rulings, usual)


def by_study(request: Request, reading: Reading, study: object, name: str, usual: Rule) -> Rule:
    """Fill the counters by the rule that a file proves for a name, else by the usual one; return the rule.

    Args:
        request: Filled in place, as by `by_rule`.
        reading: The counts as the source has them.
        study: What the file showed; anything but a `Study` shows nothing.
        name: What its records are judged together by: a model, a provider.
        usual: The rule of the source.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    rule = study.rule(name, usual) if isinstance(study, Study) else usual
    by_rule(request, reading, rule)
    return rule


def warnings_of(study: object) -> list[str]:
    """Return the contradictions that a file's study found; other formats study other things."""
    return study.warnings() if isinstance(study, Study) else []
