"""Levers: ways to pay less for the same answers, one file each. The model stays, so quality is not at stake.

A module of this package that defines `LEVER` is a lever; there is no list to add it to. Findings show each lever on its
own; the waterfall applies them one after another, so that nothing is saved twice.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from llmaudit.levers.base import Lever


@cache
def all_levers() -> tuple[Lever, ...]:
    """Return every lever, in the order in which the waterfall applies them."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = (module.LEVER for module in modules if hasattr(module, "LEVER"))
    return tuple(sorted(found, key=lambda lever: (lever.order, lever.name)))
