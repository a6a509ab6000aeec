"""The check as text: for people, for programs, and for the places where CI systems show results.

One file per form: a module of this package that defines `render` is a form, named by its file.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from llmaudit.errors import UsageError, printable
from llmaudit.gate.check import Check


@cache
def forms() -> tuple[str, ...]:
    """Return the names of the forms."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def render(check: Check, form: str) -> str:
    """Return a check in a form: text that ends with a line break, or nothing where there is nothing to say.

    Raises:
        UsageError: No such form.
    """
    if form not in forms():
        raise UsageError(
            f"--format {printable(form)}: there is no such choice",
            next_step=f"Use one of {', '.join(forms())}.",
            slug="no-such-choice",
        )
    text: str = import_module(f"{__name__}.{form}").render(check)
    return text
