"""What the rules on a prompt's words look at."""

from __future__ import annotations

import msgspec

from llmaudit.tiers.opening import Shape


class TextEvidence(msgspec.Struct, frozen=True):
    """What was found in one prompt.

    Attributes:
        found: Phrases found, by category.
        shape: The opening and the close.
        size: Characters of the whole prompt.
        words: Words in the opening, at most 100.
    """

    found: dict[str, set[str]]
    shape: Shape
    size: int
    words: int

    def points(self, topic: str) -> int:
        """Return two points for each strong phrase of a topic and one for each weak one."""
        return 2 * len(self.found.get(topic, ())) + len(self.found.get(f"{topic}_weak", ()))

    def asks(self, *tasks: str) -> bool:
        """Say whether a clause's verb or a phrase of the vocabulary asks for one of the tasks."""
        return any(task in self.shape.asks or f"ask_{task}" in self.found for task in tasks)

    @property
    def first(self) -> str | None:
        """The task of the first clause that opens with a known verb."""
        return self.shape.asks[0] if self.shape.asks else None
