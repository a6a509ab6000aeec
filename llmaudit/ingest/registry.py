"""All formats and bills. They define themselves; this is where they are looked up."""

from __future__ import annotations

from collections import Counter
from functools import cache

from llmaudit.bills import all_bills
from llmaudit.errors import UsageError
from llmaudit.formats import all_formats
from llmaudit.formats.base import Format, Reads


@cache
def known() -> tuple[Format, ...]:
    """Return every format and bill, in name order."""
    return tuple(sorted((*all_formats(), *all_bills()), key=lambda form: form.name))


@cache
def known_for(reads: Reads | None) -> tuple[Format, ...]:
    """Return the formats that read records that lie in one way, in name order."""
    return tuple(form for form in known() if reads in form.reads)


@cache
def names_for(reads: Reads | None) -> tuple[str, ...]:
    """Return their names."""
    return tuple(form.name for form in known_for(reads))


@cache
def by_name() -> dict[str, Format]:
    """Return every format and bill by its name."""
    return {form.name: form for form in known()}


def known_named(name: str) -> Format:
    """Return the format or bill of a name.

    Raises:
        UsageError: There is none.
    """
    if (form := by_name().get(name)) is not None:
        return form
    names = ", ".join(form.name for form in known())
    raise UsageError(f"--format {name}: no such format", next_step=f"Known formats: {names}.", slug="no-such-format")


@cache
def rarity() -> dict[str, float]:
    """Return the weight of each distinctive key: 1/n where n formats list it."""
    listed = Counter(mark for form in known() for mark in set(form.marks))
    return {mark: 1 / count for mark, count in listed.items()}
