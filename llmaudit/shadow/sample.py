"""Choose the requests that get a shadow: by a keyed hash of the session or user, so that a gateway can do the same.

The rule in words, for any language: take SHA-256 of `KEY:UNIT` as UTF-8, read its first 8 bytes as a big-endian whole
number, divide by 2^64. A request is in the sample if that is below the share of its tier. Hashing the session (or user)
and not the request keeps conversations and prompt caches whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

RULE = "first 8 bytes of SHA-256(KEY + ':' + UNIT), big-endian, / 2^64 < share of the request's tier"


@dataclass(frozen=True)
class Candidate:
    """A request that may be sampled.

    Attributes:
        request_id: Its id.
        unit: What is assigned as a whole: session, user, or the request itself.
        tier: Its tier; None is unknown.
        template: Its template, for the cap.
    """

    request_id: str
    unit: str
    tier: int | None
    template: str | None


@dataclass(frozen=True)
class Chosen:
    """A sampled request with the probability that it was."""

    request: Candidate
    probability: float


def position(key: str, unit: str) -> float:
    """Return where a unit falls in [0, 1): the same everywhere, and unrelated between keys."""
    return int.from_bytes(sha256(f"{key}:{unit}".encode()).digest()[:8], "big") / 2**64


def choose(
    requests: Sequence[Candidate], shares: Mapping[int | None, float], key: str, cap: int | None = None
) -> list[Chosen]:
    """Return the sampled requests, in their order.

    Args:
        requests: The traffic.
        shares: Sampling share by tier; a tier that is not named is not sampled.
        key: The key of the hash; another key gives an independent sample.
        cap: Largest number of requests of one template; among more, those whose own hash is smallest are kept.

    Returns:
        Each with its inclusion probability: the tier's share, times cap / sampled of the template where the cap bites.
    """
    places: dict[str, float] = {}
    taken = []
    for request in requests:
        place = places.setdefault(request.unit, -1.0)
        if place < 0:
            place = places[request.unit] = position(key, request.unit)
        if place < shares.get(request.tier, 0.0):
            taken.append(request)
    kept_ids, rates = _capped(taken, key, cap)
    return [
        Chosen(request, shares[request.tier] * rates.get(request.template or "", 1.0))
        for request in taken
        if request.request_id in kept_ids
    ]


def _capped(taken: list[Candidate], key: str, cap: int | None) -> tuple[set[str], dict[str, float]]:
    """Return the ids that stay and, by template, the share of its requests that did."""
    if cap is None:
        return {one.request_id for one in taken}, {}
    by_template: dict[str, list[str]] = {}
    for one in taken:
        by_template.setdefault(one.template or "", []).append(one.request_id)
    kept: set[str] = set()
    rates: dict[str, float] = {}
    for template, ids in by_template.items():
        room = len(ids) if not template else min(cap, len(ids))  # no template: nothing to cap
        kept |= set(sorted(ids, key=lambda name: position(key, f"request:{name}"))[:room])
        rates[template] = room / len(ids)
    return kept, rates


def test_vectors(key: str) -> list[dict[str, str | float]]:
    """Return units with their positions, for whoever writes the rule down in another language."""
    return [{"unit": unit, "position": position(key, unit)} for unit in ("session-1", "session-2", "user@example.org")]
