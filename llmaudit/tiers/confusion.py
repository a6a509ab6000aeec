"""How often tags are wrong across the border of tiers 1 and 2: what a range of savings rests on."""

from __future__ import annotations

import msgspec


class Confusion(msgspec.Struct, frozen=True):
    """How often tags are wrong across the border between tiers 0 and 1 and tiers 2 and 3.

    Attributes:
        under_tiered: Share of requests that need tier 2 or 3 and are tagged below it.
        under_tiered_high: Upper end of its 95% interval.
        over_tiered: Share of requests that need tier 0 or 1 and are tagged above it.
        over_tiered_high: Upper end of its 95% interval.
        basis: What it was measured on.
    """

    under_tiered: float
    under_tiered_high: float
    over_tiered: float
    over_tiered_high: float
    basis: str


MEASURED = Confusion(0.21, 0.24, 0.065, 0.155, "public prompts at their first score (docs/tiers.md), not this traffic")
"""Used where nobody has measured the tags on the traffic itself: 152 of 731 and 4 of 62, with Wilson's upper ends."""
