"""Every format and bill there is. They define themselves; this is where they are looked up."""

from __future__ import annotations

from collections import Counter
from functools import cache

from llmaudit.bills import all_bills
from llmaudit.errors import UsageError
from llmaudit.formats import all_formats
from llmaudit.formats.base import Format


@cache
def known() -> tuple[Format, ...]:
    """Return every format and bill, in name order."""
    return tuple(sorted((*all_formats(), *all_bills()), key=lambda form: form.name))


def known_named(name: str) -> Format:
    """Return the format or bill of a name.

    Raises:
        UsageError: There is none.
    """
    for form in known():
        if form.name == name:
            return form
    names = ", ".join(form.name for form in known())
    raise UsageError(f"--format {name}: no such format", next_step=f"Known formats: {names}.", slug="no-such-format")


@cache
def rarity() -> dict[str, float]:
    """Return the weight of each distinctive key: 1/n where n formats list it."""
    listed = Counter(mark for form in known() for mark in set(form.marks))
    return {mark: 1 / count for mark, count in listed.items()}
