"""Summaries: what findings need of the requests beyond the cells, reduced by SQL to small typed rows.

One file each. A module of this package that defines `SUMMARY` is a summary: its rows are part of every `Evidence`, and
a finding asks for them by type (`evidence.rows(LatencyBucket)`). There is no list to add it to.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from llmaudit.summaries.base import Summary


@cache
def all_summaries() -> tuple[Summary[Any], ...]:
    """Return every summary, by name."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = (module.SUMMARY for module in modules if hasattr(module, "SUMMARY"))
    return tuple(sorted(found, key=lambda summary: summary.name))
