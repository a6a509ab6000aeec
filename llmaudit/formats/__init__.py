"""Log formats, one file each. A module of this package that defines `FORMAT` is a format; there is no list to keep."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from llmaudit.errors import UsageError
from llmaudit.formats.base import Format


@cache
def all_formats() -> tuple[Format, ...]:
    """Return every format, in name order."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = (module.FORMAT for module in modules if hasattr(module, "FORMAT"))
    return tuple(sorted(found, key=lambda form: form.name))


def format_named(name: str) -> Format:
    """Return the format of a name.

    Raises:
        UsageError: There is none.
    """
    for form in all_formats():
        if form.name == name:
            return form
    known = ", ".join(form.name for form in all_formats())
    raise UsageError(f"--format {name}: no such format", next_step=f"Known formats: {known}.", slug="no-such-format")
