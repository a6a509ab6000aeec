"""Log formats, one file each. A module of this package that defines `FORMAT` is a format; there is no list to maintain.

`base` defines what a format is. Formats share `values` (times, amounts, counts), `cells` (rows of tables), `filling`
(what gateways log), `answers` and `chat` (bodies of requests and answers), `spans` and `span_attributes` (traces),
`access_logs` (web servers) and `sellers` (names). `mapped` reads any other log by the user's column map. `alike` and
`alike_shape` cut columns out of many similar lines at once. What token counts include is decided in `llmaudit.usage`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from llmaudit.errors import UsageError
from llmaudit.formats.base import Format


def defined_in(package: str, folders: Iterable[str]) -> tuple[Format, ...]:
    """Return the formats that the modules of a package define, in name order."""
    modules = (import_module(f"{package}.{module.name}") for module in iter_modules(folders))
    found = (module.FORMAT for module in modules if hasattr(module, "FORMAT"))
    return tuple(sorted(found, key=lambda form: form.name))


@cache
def all_formats() -> tuple[Format, ...]:
    """Return every log format, in name order."""
    return defined_in(__name__, __path__)


def format_named(name: str) -> Format:
    """Return the log format of a name; of a mixed file's (`a+b`), the first.

    Raises:
        UsageError: There is none.
    """
    from llmaudit.formats import mapped  # noqa: PLC0415 -- it imports this package

    for form in (*all_formats(), mapped.GENERAL):
        if form.name == name.partition("+")[0]:
            return form
    known = ", ".join(form.name for form in all_formats())
    raise UsageError(f"--format {name}: no such format", next_step=f"Known formats: {known}.", slug="no-such-format")
