"""The input of all findings: plain, frozen values without a database.

Everything a person reads is computed from an `Evidence`. A finding is therefore a function that can be tested with a
few hand-written cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.money import total
from llmaudit.period import ALL, Period
from llmaudit.plans import PlanCost
from llmaudit.plans.quality import Outcomes
from llmaudit.tiers.confusion import MEASURED, Confusion

if TYPE_CHECKING:  # arrays, and scipy behind them: only an audit that has a shadow test needs them
    from llmaudit.shadow.model import Analysis
    from llmaudit.shadow.model import Plan as ShadowPlan
    from llmaudit.shadow.pairs import Pairs

    ShadowTest = tuple[Pairs, ShadowPlan] | Analysis
    """A shadow test: its pairs with what was decided before, or what was made of them where the pairs are elsewhere."""

Row = TypeVar("Row", bound=msgspec.Struct)
Result = TypeVar("Result")


class LedgerRow(msgspec.Struct, frozen=True):
    """One file as the ledger has it: `lines = accepted + duplicates + ignored + rejected + bills`.

    Attributes:
        path: As it was named.
        format: Its format.
        lines: Records: lines, CSV rows or array elements.
        accepted: New requests.
        duplicates: Records of a request that was there already.
        ignored: Records that are no requests.
        rejected: Records that cannot be used.
        bills: Bill lines.
        reasons: Ignored and rejected records by reason.
    """

    path: str
    format: str
    lines: int
    accepted: int
    duplicates: int
    ignored: int
    rejected: int
    bills: int
    reasons: dict[str, int]


class BillSum(msgspec.Struct, frozen=True, kw_only=True):
    """Bill lines of one bill that share all of these; sums are None if no line has the value.

    Attributes:
        bill: The format it came in.
        seller: Who billed it, as the bill says.
        issuer: Who wrote it, where that is somebody else.
        grain: How long its lines are.
        day: The UTC day on which its lines begin; None if they have no time.
        model: The model as the bill names it.
        token_kind: What was counted.
        category: Usage, tax, credit and so on, as the bill says.
        currency: Of the amounts.
        per_usd: Units of the currency for a dollar, where the bill states it.
        usd_each: Dollars for a unit of the currency, where the user states it and the bill does not.
        billed: What is charged, in the currency.
        effective: With prepayments spread out.
        tokens: The quantity, where it is tokens.
        requests: As the bill counts them.
        lines: How many lines these are.
        listed: Before discounts, in the currency, where the bill states it.

    What a list price depends on is kept for usage exports only, whose lines have no amount; None is not told:

    Attributes:
        family: What the usage is of, as the export says: completions, embeddings, web searches.
        unit: What was counted, where it is no tokens.
        pieces: The quantity, where it is no tokens.
        service_tier: As the export says it.
        is_batch: Whether it went through the batch interface.
        region: Where it was processed, as the export says it.
        context: The span of prompt sizes, as the export says it.
        speed: As the export says it, where that is apart from the service tier.
        repeats: What its file tells apart, joined by commas, where another file of the same bill and time tells the
            same usage in other groups; None if it counts.
        price_slot: First instant of the day with the same prices, of a line within one such slot; None is a whole day.
        is_consistent: Whether its counts can all be true.
    """

    bill: str
    seller: str
    issuer: str | None = None
    grain: str = "day"
    day: date | None = None
    model: str | None = None
    token_kind: str | None = None
    category: str | None = None
    currency: str | None = None
    per_usd: Decimal | None = None
    usd_each: Decimal | None = None
    billed: Decimal | None = None
    effective: Decimal | None = None
    tokens: Decimal | None = None
    requests: int | None = None
    lines: int = 1
    listed: Decimal | None = None
    family: str | None = None
    unit: str | None = None
    pieces: Decimal | None = None
    service_tier: str | None = None
    is_batch: bool | None = None
    region: str | None = None
    context: str | None = None
    speed: str | None = None
    repeats: str | None = None
    price_slot: datetime | None = None
    is_consistent: bool = True


@dataclass(frozen=True)
class Evidence:
    """Everything an audit is computed from.

    Attributes:
        cells: The priced cells of the period.
        catalog: The prices.
        plans: What the same cells would have cost under each plan.
        ledger: What became of every record of every file.
        summaries: Rows of every summary (`llmaudit.summaries`), by their type.
        tagged_by: Requests by the tier rule that decided.
        confusion: How often tags are wrong across the border of tiers 1 and 2.
        conflicts: Records whose id was known with other content.
        period: The span of time asked for, and the zone of the days.
        shadow: Every shadow test: its pairs with what was decided before, or its analysis.
        outcomes: Paired outcomes, or None.
        bills: Sums of the bill lines in the period.
        notes: What a reader must know of where this comes from, in sentences.
        left_out: Summaries that were not built, by the type of their rows: a command that does not need them spares
            their time.
    """

    cells: list[PricedCell]
    catalog: Catalog
    plans: list[PlanCost] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)
    summaries: Mapping[type[msgspec.Struct], Sequence[msgspec.Struct]] = field(default_factory=dict)
    tagged_by: dict[str, int] = field(default_factory=dict)
    confusion: Confusion = MEASURED
    conflicts: int = 0
    period: Period = ALL
    shadow: Sequence[ShadowTest] = field(default_factory=list)
    outcomes: Outcomes | None = None
    bills: list[BillSum] = field(default_factory=list)
    notes: Sequence[str] = ()
    left_out: frozenset[type[msgspec.Struct]] = frozenset()
    _computed: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, compute: Callable[[Evidence], Result]) -> Result:
        """Return what a function makes of this evidence; what several findings ask for is computed once."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        result: Result = self._computed[compute]
        return result

    def rows(self, kind: type[Row]) -> list[Row]:
        """Return the rows of one summary, by their type; none where the evidence has none of them.

        Raises:
            LookupError: The evidence was gathered without it: no row would be taken for nothing found.
        """
        if kind in self.left_out:
            raise LookupError(f"the evidence was gathered without {kind.__name__}")
        return [row for row in self.summaries.get(kind, ()) if isinstance(row, kind)]


def spend(cells: Iterable[PricedCell]) -> Decimal:
    """Return the exact sum of what is known of the cells' cost, in US dollars."""
    return total(usd for cell in cells if (usd := cell.spend_usd) is not None)


def requests(cells: Iterable[PricedCell]) -> int:
    """Return the number of requests of some cells."""
    return sum(priced.cell.requests for priced in cells)


def grouped(cells: Iterable[PricedCell], key: Callable[[PricedCell], Any]) -> Iterator[tuple[Any, list[PricedCell]]]:
    """Yield cells by a key, the group with most known spend first; ties in the order of the key's text."""
    groups: dict[Any, list[PricedCell]] = {}
    for priced in cells:
        groups.setdefault(key(priced), []).append(priced)
    yield from sorted(groups.items(), key=lambda item: (-spend(item[1]), str(item[0])))
