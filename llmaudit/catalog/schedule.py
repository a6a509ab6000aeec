"""Calendars of expensive and cheap hours, and the instants at which any price can change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from llmaudit.catalog.instants import naive
from llmaudit.catalog.model import Schedule, Weekday

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
LONGEST_CALL = timedelta(hours=1)
"""No call whose end a log leaves out is taken to have run longer than this."""


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
    midnight = _midnight(moment)
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


def states(schedule: Schedule, at: datetime, *, at_is_start: bool) -> tuple[bool, ...]:
    """Return whether a request falls into a schedule's hours: the likelier answer first, then the other if it may be.

    A seller that goes by the completion of a request leaves a doubt where a log has only its start: a request that
    began within `LONGEST_CALL` before a change may have ended after it. On days for which the exceptions are not known
    (`covers_through`), the hours may not apply.

    Args:
        schedule: The calendar.
        at: The instant that decides (naive UTC), or the start where the completion is not known.
        at_is_start: Whether `at` is only the start of a request.
    """
    now = is_active(schedule, at)
    if at_is_start and schedule.decided_by == "completion":
        soon = (edge for day in (at, at + DAY) for edge in transitions(schedule, _midnight(day)))
        if any(at < edge <= at + LONGEST_CALL and is_active(schedule, edge) != now for edge in soon):
            return now, not now
    local = (at + timedelta(hours=schedule.utc_offset_hours)).date()
    if now and schedule.covers_through and local > schedule.covers_through:
        return now, not now
    return (now,)


def slots_of_day(day: datetime, schedules: list[Schedule], changes: list[datetime]) -> Iterator[Slot]:
    """Yield the slots of one UTC day.

    Args:
        day: Its midnight.
        schedules: Every calendar that prices depend on.
        changes: Instants at which some price begins or ends.
    """
    inner = set(changes)
    for schedule in schedules:
        bounds = (schedule.valid_from, schedule.valid_to)
        inner.update(naive(bound) for bound in bounds if bound)
        inner.update(transitions(schedule, day))
        if schedule.decided_by == "completion":
            inner.update(edge - LONGEST_CALL for near in (day, day + DAY) for edge in transitions(schedule, near))
        if schedule.utc_offset_hours:
            inner.add(day - timedelta(hours=schedule.utc_offset_hours) + DAY)
    ordered = sorted({day, day + DAY} | {edge for edge in inner if day < edge < day + DAY})
    first_of: dict[tuple[object, ...], datetime] = {}
    for start, end in pairwise(ordered):
        passed = sum(change <= start for change in changes if day < change)
        hours = (states(schedule, start, at_is_start=is_start) for schedule in schedules for is_start in (False, True))
        yield Slot(start=start, end=end, priced_at=first_of.setdefault((passed, *hours), start))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
