"""How often tags are wrong across the border between tiers 1 and 2, which determines the range of savings."""

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

    def wrong_ends(self, low: int, high: int) -> tuple[float, float]:
        """Return the most there can be of wrong tags, each as a share of the requests tagged low.

        Of N requests L are tagged low. If a share u of the complex ones is tagged low and no simple one high, the
        N - L are the rest of the complex ones, and u (N - L) / (1 - u) of the low ones are complex. If a share o of the
        simple ones is tagged high and no complex one low, o L / (1 - o) of the high ones are simple. Each end takes its
        worst case.

        Args:
            low: Requests tagged 0 or 1; at least one.
            high: Requests tagged 2 or 3.

        Returns:
            Complex requests tagged low, and simple requests tagged high.
        """
        wrongly_low = min(_odds(self.under_tiered_high) * high / low, 1.0)
        wrongly_high = min(_odds(self.over_tiered_high) * low, float(high))
        return wrongly_low, wrongly_high / low


def _odds(rate: float) -> float:
    """Return a share as odds; a share of one, whose odds would be infinite, is taken as slightly less."""
    return rate / max(1 - rate, 1e-9)


MEASURED = Confusion(0.21, 0.24, 0.065, 0.155, "public prompts at their first score (docs/tiers.md), not this traffic")
"""Used where nobody has measured the tags on the traffic itself: 152 of 731 and 4 of 62, with Wilson's upper ends."""
