"""Bills and usage exports, one file each. A module of this package that defines `FORMAT` is one; there is no list."""

from __future__ import annotations

from functools import cache

from llmaudit.formats import defined_in
from llmaudit.formats.base import Format


@cache
def all_bills() -> tuple[Format, ...]:
    """Return every bill, in name order."""
    return defined_in(__name__, __path__)
