"""`llmaudit plan`: routing plans. A module of this package that defines `register` adds its commands."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import typer


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Routing plans: list, check, optimize, pay back.", no_args_is_help=True, rich_markup_mode=None
    )
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    for module in modules:
        if hasattr(module, "register"):
            module.register(group)
    app.add_typer(group, name="plan")
