"""Answer lengths reserved and used (reserved.sql)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import plain_rows


class Reserved(msgspec.Struct, frozen=True):
    """Requests of one gateway, model and feature.

    Attributes:
        gateway: None where there is none.
        model: Canonical name.
        feature: None is not attributed.
        limited: Good answers whose limit and length are known.
        reserved_tokens: Sum of their limits.
        used_tokens: Sum of their lengths.
        rate_limited: Requests refused by a rate limit.
    """

    gateway: str | None
    model: str
    feature: str | None
    limited: int
    reserved_tokens: int
    used_tokens: int
    rate_limited: int


def build(store: Store) -> list[Reserved]:
    """Return the sums, in a fixed order."""
    return [Reserved(**row) for row in plain_rows(store, "reserved.sql")]


def merge(rows: Sequence[Reserved]) -> list[Reserved]:
    """Return sums added up, in the order of `build`."""
    groups: dict[tuple[str | None, str, str | None], list[Reserved]] = {}
    for row in rows:
        groups.setdefault((row.gateway, row.model, row.feature), []).append(row)
    counted = Reserved.__struct_fields__[3:]
    ordered = sorted(groups, key=lambda key: [(part is None, part) for part in key])
    return [Reserved(*key, *(sum(getattr(row, name) for row in groups[key]) for name in counted)) for key in ordered]


SUMMARY = Summary("reserved", Reserved, build, merge)
