"""What would make an error expensive: attacks, harm, regulated matters of a real case, irreversible acts."""

from __future__ import annotations

from collections.abc import Callable

from llmaudit.tiers import vocabulary
from llmaudit.tiers.text_evidence import TextEvidence

StakesRule = Callable[[TextEvidence, str | None], tuple[str, str] | None]
"""Stakes and the category of phrases they rest on, from the evidence and the task."""

SHORT = 2_000
"""Characters of a prompt up to which one phrase of harm is what it asks about; in a longer text it may be the news."""

ATTACK = 5
"""Points from which words are an attack on the model's rules, where a strong one is among them."""

MANY = 7
"""Points from which even weak words are one together; ordinary prompts have at most five (docs/tiers.md)."""

JUDGED = frozenset({"answer", "factoid", "draft", "reasoning", "chat", "long-context", None})
"""Tasks in which the model's own judgement reaches a person. A label, a summary or an exam's sum is not advice."""


def adversarial(seen: TextEvidence, _: str | None) -> tuple[str, str] | None:
    """An attack on the model's rules: orders to forget them, a persona without them, a reply that may not refuse."""
    counts = {points: len(seen.found.get(f"attack_{points}", ())) for points in vocabulary.ADVERSARIAL}
    total = sum(points * count for points, count in counts.items())
    if counts[5] or total >= MANY or (counts[3] and total >= ATTACK):
        return "adversarial", next(f"attack_{points}" for points in counts if counts[points])
    return None


def harm(seen: TextEvidence, task: str | None) -> tuple[str, str] | None:
    """Harm that somebody could do to others with the answer, or to themselves."""
    if seen.size > SHORT or seen.shape.choice or task in {"classify", "extract", "summarise", "translate"}:
        return None
    if "crisis" in seen.found:
        return "safety", "crisis"
    return ("safety", "harm") if "harm" in seen.found and seen.shape.how_to else None


def regulated(seen: TextEvidence, task: str | None) -> tuple[str, str] | None:
    """Advice or a decision on a real case of health, law, money, employment or safety; an exam question is not one."""
    case, decides = seen.points("case"), DECISIONS & seen.found.get("case", set())
    if (task not in JUDGED and not decides) or seen.shape.choice or "long_output" in seen.found or seen.shape.long_text:
        return None
    if "draft" in seen.shape.asks and (seen.size > SHORT or "case" not in seen.found):
        return None  # a story or an essay in the first person is no case
    matters = [(len(seen.found[name]), name) for name in vocabulary.REGULATED if name in seen.found]
    count, name = max(matters, default=(0, ""))
    if name == "financial" and "case" not in seen.found:
        return None  # people speak of payments and refunds all day
    return (name, name) if count and case >= 2 and count + case >= CASE else None


CASE = 4
"""Words of a matter, and signs of a real case, that make it one together."""

DECISIONS = frozenset({" approve", " reject", " deny", " decide"})
"""Signs that the model decides itself."""


def side_effects(seen: TextEvidence, _: str | None) -> tuple[str, str] | None:
    """An irreversible act: named twice, or once (`act`, which counts only if tools are offered)."""
    acts = len(seen.found.get("side_effects", ()))
    if not acts:
        return None
    return ("side-effects" if acts >= 2 else "act"), "side_effects"


STAKES_RULES: tuple[StakesRule, ...] = (adversarial, harm, regulated, side_effects)
"""What makes an error expensive; the first rule that has an answer decides."""
