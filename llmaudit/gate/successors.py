"""Edited prompts: an edit changes the fingerprint, so a new template is matched with the one it replaced."""

from __future__ import annotations

from collections import Counter

import msgspec

from llmaudit.gate.model import OTHER, Baseline
from llmaudit.gate.named_groups import SYSTEM

LIKE = 2.0
"""A successor is called at most this many times as often as the template it replaces, and at least one such part."""


def with_successors(before: Baseline, after: Baseline) -> tuple[Baseline, dict[str, str]]:
    """Return the log with edited templates under their old names, and what they are called now, by old name.

    In a feature where exactly one template (or system message) went and exactly one came, which is called about as
    often, the second is the first, edited. Otherwise they stay what they are: one that is gone, and a new one.
    """
    hours = (before.span.hours, after.span.hours)
    lengths = hours[1] / hours[0] if min(hours) else 1.0
    sides = [_by_feature(side) for side in (before, after)]
    renamed: dict[tuple[str | None, str], str] = {}
    for feature in sides[0].keys() & sides[1].keys():
        for is_system in (False, True):
            old, new = (
                {name: count for name, count in side[feature].items() if name.startswith(SYSTEM) == is_system}
                for side in sides
            )
            gone, came = old.keys() - new.keys(), new.keys() - old.keys()
            if len(gone) == 1 and len(came) == 1:
                (first,), (second,) = gone, came
                scale = old[first] * _scale(old, new, first, second, lengths)
                if 1 / LIKE <= new[second] / scale <= LIKE:
                    renamed[feature, second] = first
    if not renamed:
        return after, {}
    cells = [
        msgspec.structs.replace(cell, template=renamed.get((cell.feature, cell.template or ""), cell.template))
        for cell in after.cells
    ]
    return msgspec.structs.replace(after, cells=cells), {old: new for (_, new), old in renamed.items()}


def _scale(
    old: Counter[str] | dict[str, int], new: Counter[str] | dict[str, int], first: str, second: str, lengths: float
) -> float:
    """Return how many times as much the rest of the feature is called; by the logs' lengths without a rest."""
    rest = [sum(side.values()) - side[name] for side, name in ((old, first), (new, second))]
    return rest[1] / rest[0] if min(rest) else lengths


def _by_feature(log: Baseline) -> dict[str | None, Counter[str]]:
    found: dict[str | None, Counter[str]] = {}
    for cell in log.cells:
        if cell.template is not None and cell.template != OTHER:
            found.setdefault(cell.feature, Counter())[cell.template] += cell.requests
    return found
