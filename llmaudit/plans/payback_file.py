"""The inputs of a payback beside the plan, as a YAML file states them: weeks, wages, fees, growth, or their ranges."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.yamlfile import parse_yaml, read_yaml

Case = Literal["best", "expected", "worst"]

CASES: tuple[Case, ...] = ("best", "expected", "worst")

MOST = 10**9
"""Dollars, weeks or percent from which on a figure is a slip of the pen."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the shapes of the file: immutable, and a misspelt key is an error."""


class Range(_Strict, frozen=True):
    """A figure with its range."""

    low: Decimal
    expected: Decimal
    high: Decimal

    def cost(self, case: Case) -> Decimal:
        """Return the figure of something that costs: low is best."""
        return {"best": self.low, "expected": self.expected, "worst": self.high}[case]


Figure = Decimal | Range

NONE = Decimal(0)


class EveryWay(_Strict, frozen=True):
    """What every way costs."""

    sdk_migration_weeks: Figure = NONE
    prompt_tuning_weeks: Figure = NONE
    eval_runs_usd: Figure = NONE
    monitoring_usd_per_month: Figure = NONE


class Way(_Strict, frozen=True):
    """A way to get to a plan.

    Attributes:
        name: Its id.
        title: For people.
        weeks: Weeks until it is there, of each engineer.
        engineers: How many.
        upkeep_weeks_per_month: Engineer weeks a month from then on.
        fee_pct: Percent of what passes through.
        subscription_usd_per_month: What it costs whatever passes through.
    """

    name: str
    title: str = ""
    weeks: Figure = NONE
    engineers: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    upkeep_weeks_per_month: Figure = NONE
    fee_pct: Figure = NONE
    subscription_usd_per_month: Figure = NONE


class Assumptions(_Strict, frozen=True):
    """Everything a payback rests on beside the plan; see `payback.yaml` for units and sources."""

    engineer_week_usd: Figure
    ways: list[Way]
    months: Annotated[int, msgspec.Meta(ge=1, le=600)] = 36
    growth_pct_per_month: Figure = NONE
    price_drop_pct_per_year: Figure = NONE
    every_way: EveryWay = EveryWay()


def load_assumptions(path: Path | None = None) -> Assumptions:
    """Return the assumptions of a file, or the defaults.

    Raises:
        InputError: The file is malformed (with line and column), or a figure cannot be meant.
    """
    if path is not None:
        assumptions = read_yaml(path, Assumptions, what="payback file")
    else:
        data = (files("llmaudit.plans") / "payback.yaml").read_bytes()
        assumptions = parse_yaml(data, Assumptions, name="payback.yaml", what="payback file")
    check(assumptions)
    return assumptions


def check(assumptions: Assumptions) -> None:
    """Refuse figures that cannot be meant: negative ones, a low above the expected, prices that fall below nothing.

    Raises:
        InputError: With the figure's name and value.
    """
    named = [("", assumptions), ("every_way.", assumptions.every_way)]
    named += [(f"ways.{way.name}.", way) for way in assumptions.ways]
    for prefix, holder in named:
        for name in holder.__struct_fields__:
            value = getattr(holder, name)
            if not isinstance(value, Decimal | Range):
                continue
            ends = range_of(value)
            limit = 100 if name == "price_drop_pct_per_year" else MOST
            finite = all(end.is_finite() for end in (ends.low, ends.expected, ends.high))
            if not (finite and 0 <= ends.low <= ends.expected <= ends.high < limit):
                raise InputError(
                    f"the payback figure {prefix}{name} is {printable(_as_written(value))}; "
                    f"it must rise from low to high and stay within 0 to {limit:,}",
                    next_step="Correct the file or the flag; docs/optimize.md lists the figures.",
                    slug="bad-payback-file",
                )


def range_of(value: Figure) -> Range:
    """Return a figure as a range; one number is all three of its ends."""
    return value if isinstance(value, Range) else Range(low=value, expected=value, high=value)


def _as_written(value: Figure) -> str:
    return str(value) if isinstance(value, Decimal) else f"{value.low}, {value.expected}, {value.high}"
