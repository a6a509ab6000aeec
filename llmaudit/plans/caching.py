"""What happens to cached tokens when a plan sends requests elsewhere.

A cache belongs to one model. Where the log has sessions and times, it shows which cached tokens still follow a request
that the plan sends to the same model (`llmaudit.summaries.links`). Cached tokens that follow no such request were
written by other traffic, such as a system prompt that many requests share. For those, only the two extremes are known:
all of them are still cached, or none.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from llmaudit.money import EXACT, ZERO, round_to, times
from llmaudit.plans.bands import ONE, Band
from llmaudit.plans.model import Assume

LOST_BY_SPLIT = Decimal("0.04")
"""Share of cached tokens lost when a real conversation trace is split by a property of the request: 28.2% of its input
tokens hit instead of 29.3% (docs/plans.md). A random split loses 33%, one that keeps sessions together nothing."""

SHARE_PLACES = 4
NAME = "cache"


class Followed(NamedTuple):
    """Cached tokens of what one rule does with one model.

    Attributes:
        cached: All of them.
        kept: Those that follow a request which goes to the same model, too.
        broken: Those that follow a request which goes elsewhere.
    """

    cached: int
    kept: int
    broken: int


def lost(followed: Followed | None, assume: Assume | None, model: str) -> Band:
    """Return the share of cached tokens that another model has to read anew.

    Args:
        followed: What the sessions say; None where the log has none.
        assume: What the plan states.
        model: The model they go to, for the sentence.
    """
    if assume is not None and assume.cache is not None:
        share = assume.lost_share
        sentence = f"requests moved to {model} lose {_percent(share)} of their cached tokens, as the plan states"
        return Band.at(share, "stated", sentence)
    if followed is None or not followed.cached or not (followed.kept or followed.broken):
        sentence = (
            f"requests moved to {model} lose {_percent(LOST_BY_SPLIT)} of their cached tokens"
            " (none to all: the log has no sessions to tell)"
        )
        return Band(LOST_BY_SPLIT, ZERO, ONE, "table", sentence)
    return _recomputed(followed, model)


def lost_by_staying(followed: Followed | None, model: str) -> Band | None:
    """Return the share of cached tokens that what stays loses, as requests before it go elsewhere; None is nothing."""
    if followed is None or not followed.broken or not followed.cached:
        return None
    share = _share(followed.broken, followed.cached)
    sentence = (
        f"requests that stay on {model} lose {_percent(share)} of their cached tokens, because the request before them "
        "moves"
    )
    return Band.at(share, "measured", sentence) if share else None


def _recomputed(followed: Followed, model: str) -> Band:
    other = max(followed.cached - followed.kept - followed.broken, 0)
    broken, unknown = _share(followed.broken, followed.cached), _share(other, followed.cached)
    expected = round_to(broken + times(unknown, LOST_BY_SPLIT), SHARE_PLACES)
    sentence = (
        f"requests moved to {model} lose {_percent(expected)} of their cached tokens"
        f" ({_percent(broken)} to {_percent(min(broken + unknown, ONE))}, from the log's sessions)"
    )
    return Band(expected, broken, min(broken + unknown, ONE), "measured", sentence)


def _share(part: int, whole: int) -> Decimal:
    return round_to(EXACT.divide(Decimal(min(part, whole)), Decimal(whole)), SHARE_PLACES)


def _percent(share: Decimal) -> str:
    return f"{times(share, 100).normalize():f}%"
