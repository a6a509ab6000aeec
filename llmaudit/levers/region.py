"""Regional premiums: what a region costs above the seller's global price."""

from __future__ import annotations

from collections.abc import Iterator

from llmaudit.catalog.quote import cost
from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence
from llmaudit.levers.base import Lever, LeverResult
from llmaudit.levers.worth import Gain, Worth, gap
from llmaudit.money import ZERO, shown, total
from llmaudit.phrases import counted

GLOBAL = "global"
ASSUMPTIONS = [
    (
        "expected: a request in which no personal data was found does not need a region; low: no request can move, "
        "since logs do not show laws and contracts; high: every request can"
    ),
]


def find(evidence: Evidence) -> LeverResult:
    """Return what requests cost in a region above the global price of the same seller."""
    worth = Worth(evidence)
    gains = [(priced, gain) for priced in evidence.cells if (gain := _gain(worth, priced)) is not None]
    return LeverResult(
        rows=worth.rows(gain for _, gain in gains),
        evidence=list(_sentences(gains)),
        assumptions=ASSUMPTIONS,
        missing=None if gains else gap(evidence, "regions", "a region"),
    )


def _gain(worth: Worth, one: PricedCell) -> Gain | None:
    cell = one.cell
    if cell.region_class is None or one.rates is None or one.rates.when.region is None:
        return None
    elsewhere = worth.rates(cell, region_class=GLOBAL)
    if elsewhere is None or elsewhere.when.region is not None or elsewhere.lacking(cell.quantities):
        return None
    more = (one.list_usd or ZERO) - cost(cell.quantities, elsewhere.expected)
    if more <= 0:
        return None
    part = worth.part(cell)
    saved = worth.paid(part, more)
    return Gain(part, ZERO if cell.has_pii else saved, ZERO, saved, 0 if cell.has_pii else cell.requests)


def _sentences(found: list[tuple[PricedCell, Gain]]) -> Iterator[str]:
    for region in sorted({str(one.cell.region_class) for one, _ in found}):
        some = [(one, gain) for one, gain in found if one.cell.region_class == region]
        count, usd = sum(one.cell.requests for one, _ in some), total(gain.high for _, gain in some)
        yield f"{counted(count, 'request')} in region {region}: {shown(usd)} above the global price"
    personal = sum(one.cell.requests for one, _ in found if one.cell.has_pii)
    if personal:
        yield f"{counted(personal, 'request')} of these with personal data, counted only in the high bound"


LEVER = Lever(
    "region",
    "Regional premium without a stated need",
    75,
    find,
    "Ask who needs the region. Where neither law nor contract requires it, use the global endpoint.",
)
