"""Instants in the catalog: naive UTC and half-open spans, with two sentinels instead of open ends."""

from __future__ import annotations

from datetime import datetime

BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 -- instants here are naive UTC
FOREVER = datetime(9999, 1, 1)  # noqa: DTZ001 -- the same


def naive(moment: datetime) -> datetime:
    """Return an instant as naive UTC; one without a zone is UTC already."""
    if moment.tzinfo is None:
        return moment
    offset = moment.utcoffset()
    return moment.replace(tzinfo=None) if offset is None else (moment - offset).replace(tzinfo=None)


def start_of(moment: datetime | None) -> datetime:
    """Return the first instant of a span; one that is not stated is the beginning of time."""
    return BEGINNING if moment is None else naive(moment)


def end_of(moment: datetime | None) -> datetime:
    """Return the first instant after a span; one that is not stated never comes."""
    return FOREVER if moment is None else naive(moment)


def written(moment: datetime) -> str:
    """Return an instant as people and files write it: `2026-08-21T00:00:00Z`."""
    return moment.isoformat() + "Z"
