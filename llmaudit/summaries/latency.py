"""Latency and time to first token of good answers, as histograms (latency.sql)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.sql import read_sql
from llmaudit.store import Store
from llmaudit.summaries.base import Summary


class LatencyBucket(msgspec.Struct, frozen=True):
    """Good answers of one gateway, model and tier whose time falls into one bucket.

    Attributes:
        gateway: None where there is none.
        model: Canonical name.
        tier: None is unknown.
        measure: latency or ttft (time to first token).
        bucket: The whole part of 20 x ln(milliseconds).
        requests: How many.
    """

    gateway: str | None
    model: str
    tier: int | None
    measure: str
    bucket: int
    requests: int


def build(store: Store) -> list[LatencyBucket]:
    """Return the histograms, in a fixed order."""
    return [LatencyBucket(**row) for row in store.dicts(f"SELECT * FROM ({read_sql('latency.sql')}) ORDER BY ALL")]


def merge(rows: Sequence[LatencyBucket]) -> list[LatencyBucket]:
    """Return histograms added up, in the order of `build`."""
    counts: dict[tuple[str | None, str, int | None, str, int], int] = {}
    for row in rows:
        key = (row.gateway, row.model, row.tier, row.measure, row.bucket)
        counts[key] = counts.get(key, 0) + row.requests
    ordered = sorted(counts, key=lambda key: [(part is None, part) for part in key])
    return [LatencyBucket(*key, counts[key]) for key in ordered]


SUMMARY = Summary("latency", LatencyBucket, build, merge)
