"""How much of the traffic needs a frontier model: requests and money by tier, and what runs on flagships."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.money import percent, times, total
from llmaudit.plans import PlanCost
from llmaudit.tiers.confusion import Confusion

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


class ClassRow(msgspec.Struct, frozen=True):
    """Requests and spend of one tier on one class of models (flagship, mid, budget …; None where it is not known)."""

    tier: int | None
    model_class: str | None
    requests: int
    spend_usd: Decimal


class RobustSaving(msgspec.Struct, frozen=True):
    """What a plan saves on requests tagged 0 and 1, and how far that moves if tags are as often wrong as measured.

    Attributes:
        plan: The plan.
        requests: Requests tagged 0 or 1 that it moves.
        savings_usd: What it saves on them, with the stated assumptions.
        low_usd: The same without the part of them that needs tier 2 or 3 and stays where it is.
        high_usd: The same with the part tagged 2 or 3 that would have moved as well, at the mean saving of a moved one.
        wrongly_low_pct: Of the requests tagged 0 or 1, those that need tier 2 or 3, at the rates' upper ends.
    """

    plan: str
    requests: int
    savings_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    wrongly_low_pct: float


class FeatureTier(msgspec.Struct, frozen=True):
    """One feature with the tier most of its requests have."""

    feature: str | None
    tier: int | None
    agreement_pct: float
    requests: int
    spend_usd: Decimal
    flagship_pct: float
    tiers: dict[str, int]


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
        by_feature: Features, most spend first; `tiers` has the requests of each tier, `unknown` among them.
        by_class: Requests and spend by tier and class of model.
        robust: Each plan's saving on tiers 0 and 1, as a range under the measured confusion.
        confusion: How often tags are wrong, and what that was measured on.
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
    by_class: list[ClassRow]
    robust: list[RobustSaving]
    confusion: Confusion
    caveat: str = (
        "A tier says what kind of task a request is and what an error would cost, judged from metadata and words. It "
        "cannot say whether a cheaper model would fail: only paired outcomes (a shadow test) certify a move."
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
        by_class=_classes(cells),
        robust=[saving for plan in evidence.plans if (saving := _robust(plan, known, evidence.confusion))],
        confusion=evidence.confusion,
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
        tiers={"unknown" if key is None else str(key): count for key, count in sorted(counts.items(), key=_by_tier)},
    )


def _by_tier(item: tuple[int | None, int]) -> tuple[bool, int]:
    return item[0] is None, item[0] or 0


def _classes(cells: list[PricedCell]) -> list[ClassRow]:
    groups = grouped(cells, lambda priced: (priced.cell.tier, priced.model_class))
    rows = [ClassRow(tier, name, requests(group), spend(group)) for (tier, name), group in groups]
    return sorted(rows, key=lambda row: (row.tier is None, row.tier or 0, -row.requests, row.model_class or ""))


def _robust(plan: PlanCost, known: list[PricedCell], confusion: Confusion) -> RobustSaving | None:
    """Return a plan's saving on tiers 0 and 1 as a range; None where it moves none of them."""
    moved = [part for part in plan.parts if part.placed.moved and part.tier in {0, 1}]
    count = sum(part.sums.requests for part in moved)
    if not count:
        return None
    saved = total(part.sums.spend_usd - total(part.cost(leg.expected) for leg in part.placed.legs) for part in moved)
    low = requests(one for one in known if one.cell.tier in {0, 1})
    high = requests(known) - low
    wrongly_low, wrongly_high = confusion.wrong_ends(low, high)
    return RobustSaving(
        plan=plan.plan.name,
        requests=count,
        savings_usd=saved,
        low_usd=_part(saved, 1 - wrongly_low),
        high_usd=saved + _part(saved, wrongly_high),
        wrongly_low_pct=100 * wrongly_low,
    )


def _part(amount: Decimal, share: float) -> Decimal:
    """Return a share of an amount; the share is an estimate, so four decimals of it are plenty."""
    return times(amount, Decimal(f"{share:.4f}"))


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
        f"{frontier:.1f}% of that traffic is tier 2 or 3: {claimed} {held} here.",
    ]


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
