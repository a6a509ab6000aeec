"""Bills and usage exports, one file each. A module of this package that defines `FORMAT` is a bill; there is no list.

`base` defines the bill line and what bills share. A bill is a `Format` like any log; its records become lines of
`bill_lines` instead of requests.
"""

from __future__ import annotations

from functools import cache

from llmaudit.formats import defined_in
from llmaudit.formats.base import Format


@cache
def all_bills() -> tuple[Format, ...]:
    """Return every bill, in name order."""
    return defined_in(__name__, __path__)
