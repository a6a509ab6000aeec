"""How much of the traffic needs a frontier model: requests and money by tier, and what runs on flagships."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.money import percent

TITLES = {0: "trivial", 1: "standard", 2: "complex", 3: "high stakes", None: "unknown"}
CLAIM_PCT = (50.0, 70.0)
"""The claim to test: 50 to 70% of the traffic is tier 0 or 1 running on flagships."""

FRONTIER_CLAIM_PCT = 20.0
"""The other claim: fewer than 20% of requests need a frontier model."""


class TierRow(msgspec.Struct, frozen=True):
    """One tier; `tier` is None where there was nothing to go on."""

    tier: int | None
    title: str
    requests: int
    share_pct: float
    spend_usd: Decimal
    spend_share_pct: float | None
    flagship_requests: int
    flagship_spend_usd: Decimal
    tasks: dict[str, int]


class FeatureTier(msgspec.Struct, frozen=True):
    """One feature with the tier most of its requests have."""

    feature: str | None
    tier: int | None
    agreement_pct: float
    requests: int
    spend_usd: Decimal
    flagship_pct: float


class Tiers(msgspec.Struct, frozen=True):
    """The tier mix.

    Attributes:
        by_tier: Tiers 0 to 3, then unknown.
        known_requests: Requests with a tier.
        unknown_requests: Requests with nothing to go on; every plan leaves them where they are.
        tier01_requests: Requests of tier 0 or 1.
        tier01_on_flagship_requests: Of those, how many ran on a flagship.
        tier01_on_flagship_pct: As a share of tier 0 and 1 requests.
        tier01_on_flagship_of_traffic_pct: As a share of all requests with a known tier.
        tier01_on_flagship_usd: What they cost.
        frontier_needed_pct: Share of tiers 2 and 3 among requests with a known tier.
        claims: What the traffic says of the two common claims.
        by_signal: Requests by the rule that decided.
        by_feature: Features, dearest first.
        caveat: What a tier cannot tell.
    """

    by_tier: list[TierRow]
    known_requests: int
    unknown_requests: int
    tier01_requests: int
    tier01_on_flagship_requests: int
    tier01_on_flagship_pct: float | None
    tier01_on_flagship_of_traffic_pct: float | None
    tier01_on_flagship_usd: Decimal
    frontier_needed_pct: float | None
    claims: list[str]
    by_signal: dict[str, int]
    by_feature: list[FeatureTier]
    caveat: str = (
        "Tiers tell the kind of task and what an error costs, from metadata and words. They cannot tell whether a "
        "cheaper model would fail: only paired outcomes (a shadow test) certify a move."
    )


def find(evidence: Evidence) -> Tiers:
    """Return requests and spend by tier, and how much of tiers 0 and 1 runs on flagships."""
    cells = evidence.cells
    known = [priced for priced in cells if priced.cell.tier is not None]
    low = [priced for priced in known if priced.cell.tier in {0, 1}]
    wasted = [priced for priced in low if priced.model_class == "flagship"]
    of_traffic = _share(requests(wasted), requests(known))
    frontier = _share(requests(known) - requests(low), requests(known))
    return Tiers(
        by_tier=[_row(tier, cells) for tier in (0, 1, 2, 3, None)],
        known_requests=requests(known),
        unknown_requests=requests(cells) - requests(known),
        tier01_requests=requests(low),
        tier01_on_flagship_requests=requests(wasted),
        tier01_on_flagship_pct=_share(requests(wasted), requests(low)),
        tier01_on_flagship_of_traffic_pct=of_traffic,
        tier01_on_flagship_usd=spend(wasted),
        frontier_needed_pct=frontier,
        claims=_claims(of_traffic, frontier),
        by_signal=evidence.tagged_by,
        by_feature=[_feature(name, group) for name, group in grouped(cells, lambda priced: priced.cell.feature)],
    )


def _row(tier: int | None, cells: list[PricedCell]) -> TierRow:
    group = [priced for priced in cells if priced.cell.tier == tier]
    flagship = [priced for priced in group if priced.model_class == "flagship"]
    tasks = {str(task or "unknown"): requests(some) for task, some in grouped(group, lambda priced: priced.cell.task)}
    return TierRow(
        tier=tier,
        title=TITLES[tier],
        requests=requests(group),
        share_pct=_share(requests(group), requests(cells)) or 0.0,
        spend_usd=spend(group),
        spend_share_pct=percent(spend(group), spend(cells)),
        flagship_requests=requests(flagship),
        flagship_spend_usd=spend(flagship),
        tasks=dict(sorted(tasks.items(), key=lambda item: -item[1])),
    )


def _feature(name: str | None, group: list[PricedCell]) -> FeatureTier:
    counts: dict[int | None, int] = {}
    for priced in group:
        counts[priced.cell.tier] = counts.get(priced.cell.tier, 0) + priced.cell.requests
    tier = max(counts, key=lambda key: (counts[key], key is not None, key or 0))
    flagship = requests(priced for priced in group if priced.model_class == "flagship")
    return FeatureTier(
        feature=name,
        tier=tier,
        agreement_pct=_share(counts[tier], requests(group)) or 0.0,
        requests=requests(group),
        spend_usd=spend(group),
        flagship_pct=_share(flagship, requests(group)) or 0.0,
    )


def _claims(of_traffic: float | None, frontier: float | None) -> list[str]:
    if of_traffic is None or frontier is None:
        return []
    low, high = CLAIM_PCT
    side = "inside" if low <= of_traffic <= high else "below" if of_traffic < low else "above"
    held = "holds" if frontier < FRONTIER_CLAIM_PCT else "does not hold"
    overspecified = f"{of_traffic:.1f}% of the traffic with a known tier is tier 0 or 1 on a flagship"
    claimed = f"the claim that fewer than {FRONTIER_CLAIM_PCT:.0f}% need a frontier model"
    return [
        f"{overspecified}: {side} the usual claim of {low:.0f} to {high:.0f}%.",
        f"{frontier:.1f}% of it is tier 2 or 3: {claimed} {held} here.",
    ]


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
