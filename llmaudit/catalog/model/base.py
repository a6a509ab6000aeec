"""Base classes of the catalog's shapes: immutable, strict, and some of them dated."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

Basis = Literal["documented", "first-seen", "assumed"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every catalog shape: immutable, and a misspelt key is an error."""


class Dated(Strict, frozen=True):
    """Something that holds for a half-open span of time (UTC); an end that is left open is not known."""

    valid_from: datetime | None = None
    valid_to: datetime | None = None


def above_zero(**amounts: Decimal) -> None:
    """Refuse an amount that is not above 0; msgspec adds its position.

    Raises:
        ValueError: With the name and the value.
    """
    for name, amount in amounts.items():
        if not (amount.is_finite() and amount > 0):
            raise ValueError(f"`{name}` is {amount}; it has to be above 0")
