"""Calendars of dearer and cheaper hours, and the instants at which any price can change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from llmaudit.catalog.model import Schedule, Weekday

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Slot:
    """A half-open span of one UTC day in which no rate of the catalog changes.

    Attributes:
        start: First instant.
        end: First instant after it.
        priced_at: The first instant of that day with the same prices; slots that share it are one slot to a rollup.
    """

    start: datetime
    end: datetime
    priced_at: datetime


def is_active(schedule: Schedule, moment: datetime) -> bool:
    """Say whether a moment (naive UTC) falls into a schedule's hours."""
    if schedule.valid_from and moment < naive(schedule.valid_from):
        return False
    if schedule.valid_to and moment >= naive(schedule.valid_to):
        return False
    return any(start <= moment < end for start, end in _spans(schedule, moment))


def transitions(schedule: Schedule, day: datetime) -> Iterator[datetime]:
    """Yield the instants of one UTC day at which a schedule's hours begin or end."""
    for start, end in _spans(schedule, day + DAY / 2):
        yield from (edge for edge in (start, end) if day <= edge < day + DAY)


def _spans(schedule: Schedule, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the schedule's spans that begin on the day of a moment or on the day before."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (midnight - DAY, midnight):
        for window in schedule.windows:
            if WEEKDAYS[day.weekday()] not in window.days:
                continue
            start, end = day + _clock(window.start), day + _clock(window.end)
            local_date = (start + timedelta(hours=schedule.utc_offset_hours)).date()
            if local_date not in schedule.except_dates:
                yield start, end if end > start else end + DAY


def _clock(text: str) -> timedelta:
    hours, _, minutes = text.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def naive(moment: datetime) -> datetime:
    """Return an instant as naive UTC; one without a zone is UTC already."""
    if moment.tzinfo is None:
        return moment
    offset = moment.utcoffset() or timedelta()
    return (moment - offset).replace(tzinfo=None)


def slots_of_day(day: datetime, schedules: list[Schedule], changes: list[datetime]) -> Iterator[Slot]:
    """Yield the slots of one UTC day.

    Args:
        day: Its midnight.
        schedules: Every calendar that prices depend on.
        changes: Instants at which some price begins or ends.
    """
    edges = {day, day + DAY}
    edges.update(change for change in changes if day < change < day + DAY)
    for schedule in schedules:
        edges.update(transitions(schedule, day))
    ordered = sorted(edges)
    first_of: dict[tuple[object, ...], datetime] = {}
    for start, end in pairwise(ordered):
        passed = sum(change <= start for change in changes if day < change)
        state = (passed, *(schedule.id for schedule in schedules if is_active(schedule, start)))
        yield Slot(start=start, end=end, priced_at=first_of.setdefault(state, start))
