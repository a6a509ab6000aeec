"""Calendars of expensive and cheap hours."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from llmaudit.catalog.model.base import Strict

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Window(Strict, frozen=True):
    """Hours of some weekdays, UTC, half-open; a window that ends before it begins runs over midnight."""

    days: list[Weekday]
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")


class Schedule(Strict, frozen=True):
    """A calendar of more expensive or cheaper hours.

    Attributes:
        id: Its name in `When.schedule`.
        decided_by: Whether a request's start or its completion decides.
        windows: The hours.
        except_dates: Local dates on which no window applies.
        utc_offset_hours: What "local" means for `except_dates`.
        covers_through: Last date for which the exceptions are known.
    """

    id: str
    title: str
    decided_by: Literal["completion", "start"]
    windows: list[Window]
    source: str
    except_dates: list[date] = []
    utc_offset_hours: int = 0
    covers_through: date | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    note: str | None = None
