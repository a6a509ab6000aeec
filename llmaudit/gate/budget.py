"""The budget file: what a log may cost, and what it must not do. YAML; docs/check.md explains every key."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.yamlfile import read_yaml

By = Literal["all", "feature", "route", "template", "team", "model", "tier", "case"]
CellBy = Literal["all", "feature", "template", "model", "tier"]
Level = Literal["fail", "warn"]
Pct = Annotated[float, msgspec.Meta(ge=0)]


class _Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every rule may say.

    Attributes:
        level: Whether it fails the check, or warns.
        only: Names of the groups it is about; all where empty.
    """

    level: Level = "fail"
    only: list[str] = []


class CostLimit(_Limit, frozen=True, kw_only=True):
    """A limit on cost per request or per good answer."""

    by: By = "all"
    max_usd: Decimal | None = None
    max_increase_pct: Pct | None = None


class TotalLimit(_Limit, frozen=True, kw_only=True):
    """A limit on what the log cost, as it is or for thirty days."""

    by: CellBy = "all"
    per: Literal["log", "month"] = "log"
    max: Decimal | None = None
    max_increase_pct: Pct | None = None


class ShareLimit(_Limit, frozen=True, kw_only=True):
    """A limit on a share, in percent."""

    by: CellBy = "all"
    max: Pct | None = None
    max_increase_points: Pct | None = None


class FloorLimit(_Limit, frozen=True, kw_only=True):
    """A share that must be reached, in percent."""

    by: CellBy = "all"
    min: Pct


class LatencyLimit(_Limit, frozen=True, kw_only=True):
    """A limit on a quantile of latency."""

    by: Literal["all", "feature", "model"] = "all"
    max: Pct | None = None
    max_increase_pct: Pct | None = None


class ModelLimit(_Limit, frozen=True, kw_only=True):
    """Models that may be used: names, or patterns with `*`."""

    allow: list[str]


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A known failure of a rule that does not count until a day.

    Attributes:
        rule: Name of the rule.
        name: The group it is about; by default every group.
        reason: Why.
        until: The last day on which it holds.
        max: The value up to which it holds; without it, any.
    """

    rule: str
    name: str | None = None
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    until: date
    max: Decimal | None = None


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; each rule once, or as a list."""

    cost_per_request: CostLimit | list[CostLimit] = []
    cost_per_success: CostLimit | list[CostLimit] = []
    total_usd: TotalLimit | list[TotalLimit] = []
    tier01_on_flagship_pct: ShareLimit | list[ShareLimit] = []
    unpriced_pct: ShareLimit | list[ShareLimit] = []
    error_rate_pct: ShareLimit | list[ShareLimit] = []
    retry_rate_pct: ShareLimit | list[ShareLimit] = []
    cache_hit_pct: FloorLimit | list[FloorLimit] = []
    latency_p50_ms: LatencyLimit | list[LatencyLimit] = []
    latency_p95_ms: LatencyLimit | list[LatencyLimit] = []
    models: ModelLimit | list[ModelLimit] = []
    acknowledge: list[Acknowledgement] = []

    def limits(self) -> list[tuple[str, Limit]]:
        """Return every rule with its name, in the order of the fields."""
        limits: list[tuple[str, Limit]] = []
        for name in RULES:
            value = getattr(self, name)
            limits += [(name, limit) for limit in (value if isinstance(value, list) else [value])]
        return limits


Limit = CostLimit | TotalLimit | ShareLimit | FloorLimit | LatencyLimit | ModelLimit
RULES = tuple(name for name in Budget.__struct_fields__ if name != "acknowledge")

DEFAULT_INCREASE_PCT = 5.0
MOST = 10**12
"""Every limit is below this: it refuses infinity and NaN."""


def default_budget(by: By) -> Budget:
    """Return the rules without a file: cost per request may not rise by more than 5%, in all and by group."""
    both = dict.fromkeys(["all", by])
    return Budget(cost_per_request=[CostLimit(by=group, max_increase_pct=DEFAULT_INCREASE_PCT) for group in both])


_BOUNDS = ("max", "min", "max_usd", "max_increase_pct", "max_increase_points", "allow")


def read_budget(path: Path) -> Budget:
    """Read a budget file.

    Raises:
        InputError: Missing, malformed, an unknown key, an empty rule or a limit below 0; the message has line and
            column where it can.
    """
    budget = read_yaml(path, Budget, what="budget")
    if not budget.limits():
        raise _bad(path, "it has no rules", f"Rules are {', '.join(RULES)}.")
    for name, limit in budget.limits():
        bounds = [bound for key in _BOUNDS if (bound := getattr(limit, key, None)) is not None]
        if not bounds:
            raise _bad(path, f"{name} sets no limit", "Give it max, max_increase_pct or a similar limit, or remove it.")
        if any(not isinstance(bound, list) and not 0 <= bound < MOST for bound in bounds):
            raise _bad(path, f"{name} has a limit that is negative or not a number", "Write a number of 0 or more.")
    for acknowledged in budget.acknowledge:
        if acknowledged.rule not in RULES:
            known = f"Rules are {', '.join(RULES)}."
            raise _bad(path, f"acknowledge names {printable(acknowledged.rule)}, which is not a rule", known)
    return budget


def _bad(path: Path, what: str, step: str) -> InputError:
    return InputError(f"{printable(path.name)}: {what}", next_step=step, slug="bad-budget")


def matches_any(name: str, patterns: list[str]) -> bool:
    """Say whether a name matches one of some patterns; `*` matches anything."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.lower().split("*"))), name.lower()) for pattern in patterns
    )
