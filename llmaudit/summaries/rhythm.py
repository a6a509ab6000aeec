"""At which hours of the day a feature asks for answers that are not streamed (rhythm.sql)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary
from llmaudit.summaries.slices import plain_rows


class HourOfFeature(msgspec.Struct, frozen=True):
    """Answers of one gateway and feature asked for within one hour of the day.

    Attributes:
        gateway: None where there is none.
        feature: None is not attributed.
        hour: 0 to 23, UTC.
        requests: How many, outside batches and not known to be streamed.
        first_day: The first day of them.
        last_day: The last.
    """

    gateway: str | None
    feature: str | None
    hour: int
    requests: int
    first_day: date
    last_day: date


def build(store: Store) -> list[HourOfFeature]:
    """Return the hours, in a fixed order."""
    return [HourOfFeature(**row) for row in plain_rows(store, "rhythm.sql")]


def merge(rows: Sequence[HourOfFeature]) -> list[HourOfFeature]:
    """Return hours added up, in the order of `build`."""
    groups: dict[tuple[str | None, str | None, int], list[HourOfFeature]] = {}
    for row in rows:
        groups.setdefault((row.gateway, row.feature, row.hour), []).append(row)
    ordered = sorted(groups, key=lambda key: [(part is None, part) for part in key])
    return [
        HourOfFeature(
            *key,
            sum(row.requests for row in groups[key]),
            min(row.first_day for row in groups[key]),
            max(row.last_day for row in groups[key]),
        )
        for key in ordered
    ]


SUMMARY = Summary("rhythm", HourOfFeature, build, merge)
