"""What the `llmaudit shadow` commands share: options, limits of numbers, names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from llmaudit.errors import UsageError

Margin = Annotated[
    float, typer.Option("--margin", help="Largest acceptable loss, in the score's unit (0.02: 2 points).")
]
Alpha = Annotated[float, typer.Option("--alpha", help="Level of the one-sided tests.")]
Power = Annotated[float, typer.Option("--power", help="Power that sizes aim at.")]
Looks = Annotated[
    Literal["daily", "once"], typer.Option("--looks", help="How often you look at the result: daily or once.")
]
Name = Annotated[str, typer.Option("--name", help="Name of the test.")]
Unit = Annotated[
    Literal["auto", "session", "user", "request"], typer.Option("--unit", help="What is assigned as a whole.")
]


def check_numbers(**given: float | None) -> None:
    """Refuse numbers that cannot be meant."""
    bounds = {"days": (1, 3650), "margin": (1e-9, 1e9), "error_margin": (1e-9, 1), "correlation": (0, 1)}
    for name, value in given.items():
        low, high = bounds.get(name, (1e-9, 1 if name in {"share", "disagree"} else 0.999999))
        if value is not None and not low <= value <= high:
            raise UsageError(
                f"--{name.replace('_', '-')} {value} is not between {low:g} and {high:g}",
                next_step="Shares, levels and margins are fractions: 0.02 is two points.",
                slug="bad-number",
            )


def plain(value: Any) -> Mapping[str, Any]:
    """Return the fields of a result by name, for its document."""
    return {name: getattr(value, name) for name in value.__struct_fields__}


def tier_name(tier: int | None) -> str:
    """Return a tier as tables have it."""
    return "unknown" if tier is None else str(tier)
