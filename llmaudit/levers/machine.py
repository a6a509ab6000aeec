"""Which traffic nobody waits for, recognized by how it is requested, when, and what it is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from llmaudit.evidence import Evidence
from llmaudit.summaries.rhythm import HourOfFeature
from llmaudit.summaries.waiting import Waiting

BACKGROUND = frozenset(
    [
        "archive",
        "backfill",
        "backlog",
        "batch",
        "bulk",
        "cron",
        "crawl",
        "dataset",
        "embedding",
        "embeddings",
        "enrichment",
        "etl",
        "eval",
        "evals",
        "evaluation",
        "indexing",
        "job",
        "jobs",
        "labeling",
        "labelling",
        "migration",
        "monthly",
        "nightly",
        "offline",
        "overnight",
        "precompute",
        "reindex",
        "scheduled",
        "synthetic",
        "weekly",
    ]
)
"""Words in a feature's name that say nobody waits for it."""

WATCHED = frozenset(["agent", "assistant", "bot", "chat", "copilot", "interactive", "live", "realtime"])
"""Words that say somebody does, whatever else the name says."""

BURST_HOURS = 3
BURST_PCT = 80
FEWEST = 20
"""Fewer requests show no rhythm."""

_SPLIT = re.compile(r"[^a-z0-9]+|(?<=[a-z])(?=[0-9])")


@dataclass(frozen=True)
class Rhythm:
    """When a feature asks.

    Attributes:
        first_hour: First of the three hours (UTC) in which most of it falls.
        share_pct: Its share in those three hours.
        requests: Of the whole feature.
    """

    first_hour: int
    share_pct: float
    requests: int

    @property
    def window(self) -> str:
        """The hours as text."""
        return f"{self.first_hour:02}:00 to {(self.first_hour + BURST_HOURS) % 24:02}:00 UTC"


@dataclass(frozen=True)
class Machine:
    """Tells traffic that nobody waits for.

    Attributes:
        bursts: Features that ask within the same three hours day after day, by gateway and feature.
    """

    bursts: dict[tuple[str | None, str | None], Rhythm]

    @classmethod
    def of(cls, evidence: Evidence) -> Machine:
        """Return what the rhythm of each feature says."""
        hours: dict[tuple[str | None, str | None], list[HourOfFeature]] = {}
        for row in evidence.rows(HourOfFeature):
            hours.setdefault((row.gateway, row.feature), []).append(row)
        found = ((key, _burst(rows)) for key, rows in hours.items())
        return cls({key: burst for key, burst in found if burst is not None})

    def named(self, row: Waiting) -> bool:
        """Say whether a feature's name says that nobody waits, and it was asked for whole."""
        return _is_whole(row) and is_named(row.feature)

    def likely(self, row: Waiting) -> bool:
        """Say whether a feature's name or its hours say that nobody waits, and it was asked for whole."""
        return self.named(row) or (_is_whole(row) and (row.gateway, row.feature) in self.bursts)

    @staticmethod
    def possible(row: Waiting) -> bool:
        """Say whether nothing in the log says that somebody, or the next step, waits."""
        return row.is_streamed is not True and not row.is_step


def is_named(feature: str | None) -> bool:
    """Say whether a feature's name has a word that says nobody waits for it."""
    words = _SPLIT.split((feature or "").lower())
    return not BACKGROUND.isdisjoint(words) and WATCHED.isdisjoint(words)


def _is_whole(row: Waiting) -> bool:
    return row.is_streamed is False and not row.is_step


def _burst(rows: list[HourOfFeature]) -> Rhythm | None:
    """Return the three hours of the day that hold most of a feature, where they hold nearly all, on several days."""
    whole = sum(row.requests for row in rows)
    days: set[date] = {day for row in rows for day in (row.first_day, row.last_day)}
    if whole < FEWEST or len(days) < 2:  # noqa: PLR2004 -- once is no rhythm
        return None
    by_hour = {row.hour: row.requests for row in rows}
    sums = {hour: sum(by_hour.get((hour + i) % 24, 0) for i in range(BURST_HOURS)) for hour in range(24)}
    first = max(sums, key=lambda hour: (sums[hour], -hour))
    share = 100 * sums[first] / whole
    return Rhythm(first, share, whole) if share >= BURST_PCT else None
