"""What a lever is: its name, its place in the waterfall, and its function from an `Evidence` to savings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from llmaudit.evidence import Evidence


class LeverRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a lever saves on the requests that share the four keys, standing alone.

    The keys are those of the cells, so that levers compose: what one saves on a group is a share of the group's spend.

    Attributes:
        gateway: None where there is none.
        model: Canonical name.
        tier: None is unknown.
        feature: None is not attributed.
        requests: Requests it touches.
        saved_usd: What the same traffic would have cost less; at most the spend of the group.
        low_usd: With its assumptions at their worst.
        high_usd: With its assumptions at their best.
    """

    gateway: str | None
    model: str
    tier: int | None
    feature: str | None
    requests: int
    saved_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal


class LeverResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a lever found.

    Attributes:
        rows: By group.
        evidence: Sentences with numbers, for the report.
        assumptions: Sentences.
        missing: What the logs do not hold that it would need; None where nothing is missing. No rows and a reason is
            unknown, no rows and no reason is nothing to save.
        included: By the name of a lever that comes earlier: what both count. A batch is priced against the tier that
            was paid, so what it saves on a request at a dearer tier holds what `service_tier` saves on it.
    """

    rows: list[LeverRow]
    evidence: list[str] = []
    assumptions: list[str] = []
    missing: str | None = None
    included: dict[str, list[LeverRow]] = {}


@dataclass(frozen=True)
class Lever:
    """A way to pay less for the same answers.

    Attributes:
        name: Its id.
        title: For people.
        order: Its place in the waterfall.
        find: Reads an evidence.
        next_step: What to do about it.
    """

    name: str
    title: str
    order: int
    find: Callable[[Evidence], LeverResult]
    next_step: str
