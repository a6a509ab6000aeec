"""What the words of a prompt say: the kind of task, its effort, and what would make an error expensive.

One pass finds every phrase of the vocabulary (polars, Aho-Corasick). Then the shape of the beginning and end is
measured, and the rules of `llmaudit.tiers.effort` and `llmaudit.tiers.stakes` decide. The text is not kept: a hint
contains phrases of our own vocabulary only. A text cannot tell whether a cheaper model would fail, so a hint is a
proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from llmaudit.tiers import vocabulary
from llmaudit.tiers.effort import EFFORT_RULES
from llmaudit.tiers.opening import shapes
from llmaudit.tiers.stakes import STAKES_RULES, StakesRule, regulated
from llmaudit.tiers.text_evidence import TextEvidence

HEAD = 3_000
TAIL = 1_500
"""Characters of a prompt's head and tail that are searched. They bound the cost of a hostile prompt; instructions stand
at either end, what lies between is what they are about."""

BATCH = 20_000
"""Prompts searched at a time: bounds the memory of a pass to some 100 MB."""


class TextHints(msgspec.Struct, frozen=True):
    """What the words of one prompt indicate.

    Attributes:
        task: The kind of task, or None if nothing indicates one.
        effort: 0 trivial, 1 standard, 2 complex; None if `task` is.
        stakes: What makes an error expensive, or None.
        rule: The effort rule that decided, or None.
        words: Phrases of the vocabulary that the decision rests on, at most six, sorted; never the prompt's text.
    """

    task: str | None = None
    effort: int | None = None
    stakes: str | None = None
    rule: str | None = None
    words: tuple[str, ...] = ()


MAX_WORDS = 6

NOTHING = TextHints()


def text_hints(prompts: Sequence[str], systems: Sequence[str]) -> list[TextHints]:
    """Return what the words of each prompt indicate; the result for a prompt does not depend on the others.

    Args:
        prompts: The user's messages.
        systems: The system messages of the same requests, in the same order; empty if there is none. A system message
            that sets a task decides the effort: what the user sent is then the material.

    Raises:
        ValueError: The two are not of one length.
    """
    hints: list[TextHints] = []
    for start in range(0, len(prompts), BATCH):
        batch = list(zip(prompts[start : start + BATCH], systems[start : start + BATCH], strict=True))
        distinct = list({system for _, system in batch if system})  # the requests of an application share theirs
        seen = iter(_evidence([prompt for prompt, _ in batch] + distinct))
        of_prompts = [_judged(next(seen), STAKES_RULES) for _ in batch]
        of_systems = {system: _judged(next(seen), (regulated,)) for system in distinct}
        hints.extend(
            _combined(own, of_systems.get(system, NOTHING)) for own, (_, system) in zip(of_prompts, batch, strict=True)
        )
    return hints


MATERIAL = frozenset({"classify", "extract", "format", "embed", "moderate", "summarise", "qa", "translate"})
"""Tasks that only handle given text: a matter of law or health in it is the material, not the answer."""

STANDING = frozenset(
    {"classify", "extract", "format", "translate", "summarise", "rewrite", "qa", "draft", "code", "reasoning", "maths"}
)
"""Tasks that a system message sets for whatever the user sends."""

ROLES = frozenset({"answering", "plain-words", "persona", None})
"""Rules that find no task in a system message: it only says who the model is."""

SLIGHT = frozenset({"small-talk", "plain-fact"})
"""Rules on a user's message that prevail over a system message that asks for demanding work."""


def _combined(own: TextHints, system: TextHints) -> TextHints:
    """Return the task that the system message sets, if it sets one, with the stakes of both."""
    sets_task = system.task in STANDING and system.rule not in ROLES
    handled = sets_task and system.task in MATERIAL and own.stakes in vocabulary.REGULATED
    stakes = system.stakes or (None if handled else own.stakes)
    if not sets_task or (system.effort == DEMANDING and own.rule in SLIGHT):
        return msgspec.structs.replace(own, stakes=stakes, words=own.words if own.stakes else _merged(own, system))
    return msgspec.structs.replace(system, stakes=stakes, words=_merged(system, own))


DEMANDING = 2


def _merged(first: TextHints, second: TextHints) -> tuple[str, ...]:
    """Return the words of the first, and the second's where it has stakes."""
    return tuple(sorted({*first.words, *(second.words if second.stakes else ())})[:MAX_WORDS])


def subject(messages: Sequence[str]) -> str:
    """Return the last user message that is more than a follow-up (`yes`, `continue`): what the conversation is about.

    Args:
        messages: The user's messages in order, at least one.
    """
    return next((text for text in reversed(messages) if not is_follow_up(text)), messages[-1])


def is_follow_up(text: str) -> bool:
    """Say whether a message means nothing without the ones before it."""
    if len(text) > MAX_FOLLOW_UP:
        return False
    words = text.lower().translate(_NO_MARKS).split()
    return bool(words) and all(word in vocabulary.FOLLOW_UP for word in words)


MAX_FOLLOW_UP = 60
"""Characters of the longest follow-up."""

_NO_MARKS = str.maketrans(".,!?;:'\"", " " * 8)


def found_phrases(texts: Sequence[str]) -> list[list[str]]:
    """Return the phrases of the vocabulary in each text: the vocabulary pass, bounded by `HEAD` and `TAIL`."""
    import polars as pl  # noqa: PLC0415 -- a tenth of a second, wanted only where there is text

    series = pl.Series(vocabulary.normal([window(text) for text in texts]))
    phrases: list[list[str]] = series.str.extract_many(list(_categories()), overlapping=True).to_list()
    return phrases


def window(text: str) -> str:
    """Return the part of a text that is searched."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


@lru_cache(maxsize=1)
def _categories() -> dict[str, tuple[str, ...]]:
    """Return each phrase as it is matched, with the categories it belongs to."""
    tables = dict(vocabulary.TOPICS)
    tables |= {f"ask_{task}": table for task, table in vocabulary.ASKS.items()}
    tables |= {f"attack_{points}": table for points, table in vocabulary.ADVERSARIAL.items()}
    tables |= vocabulary.REGULATED | vocabulary.CASE
    tables |= {"harm": vocabulary.HARM, "crisis": vocabulary.CRISIS}
    tables |= {"side_effects": vocabulary.SIDE_EFFECTS, "greet": vocabulary.GREETINGS}
    found: dict[str, list[str]] = {}
    for category, table in tables.items():
        for phrase in vocabulary.phrases(table):
            found.setdefault(phrase, []).append(category)
    return {phrase: tuple(names) for phrase, names in sorted(found.items())}


def _evidence(texts: Sequence[str]) -> Iterable[TextEvidence]:
    categories = _categories()
    for text, phrases, form in zip(texts, found_phrases(texts), shapes(texts), strict=True):
        found: dict[str, set[str]] = {}
        for phrase in phrases:
            for category in categories[phrase]:
                found.setdefault(category, set()).add(phrase)
        yield TextEvidence(found, form, len(text), _words(text[:600]))


def _words(text: str) -> int:
    """Return how many words a text has; scripts without spaces are taken at three characters a word.

    Their characters have three bytes in UTF-8, two more than they count as characters.
    """
    return max(len(text.split()), (len(text.encode("utf-8", "replace")) - len(text)) // 6)


def _judged(seen: TextEvidence, stakes_rules: tuple[StakesRule, ...]) -> TextHints:
    """Return what the rules say. Of a system message only regulated matters are stakes: it may well name attacks."""
    decided = ((rule, decision) for rule in EFFORT_RULES if (decision := rule(seen)))
    rule, (task, effort, category) = next(decided, (None, (None, None, "")))
    stakes, stakes_category = next((found for stake in stakes_rules if (found := stake(seen, task))), (None, ""))
    words = sorted({word.strip() for name in (category, stakes_category) for word in seen.found.get(name, ())})
    name = rule.__name__.replace("_", "-") if rule else None
    return TextHints(task, effort, stakes, name, tuple(words[:MAX_WORDS]))
