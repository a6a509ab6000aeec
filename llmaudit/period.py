"""The time span that a run covers, and the time zone of its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Period:
    """A half-open span of time.

    Attributes:
        since: First instant (naive UTC); None is unbounded.
        until: First instant after it.
        timezone: IANA name of the zone in which days begin; instants are UTC whatever it is.
        has_undated: Whether requests without a time count as inside: their time is assumed, and compared later.
    """

    since: datetime | None = None
    until: datetime | None = None
    timezone: str = "UTC"
    has_undated: bool = False

    @property
    def is_bounded(self) -> bool:
        """Whether a bound was asked for."""
        return self.since is not None or self.until is not None

    def holds(self, moment: datetime | None) -> bool:
        """Say whether a moment is inside. An unknown one is only without bounds, or if a time is assumed."""
        if moment is None:
            return self.has_undated or not self.is_bounded
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)


ALL = Period()
"""No bound; days in UTC."""
