"""What a bill line is: whose, of which model, usage or another charge, in which currency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog, Offer
from llmaudit.cells import Cell
from llmaudit.evidence import BillSum
from llmaudit.money import EXACT, PICO, times, total

CREDITS = {"credit", "refund", "discount", "correction", "adjustment", "rounding_error", "roundingadjustment"}
PURCHASES = {
    "purchase", "fee", "rifee", "unusedreservation", "unusedsavingsplan", "subscription", "add-on", "perrequest",
}  # fmt: skip
FINE = {"minute", "hour", "day", "request"}
"""Grains at which a line covers a single day."""

SELLS_CREDIT = {"topup_pct", "topup_fixed"}
_DATE = re.compile(r"-20\d\d-?[01]\d-?[0-3]\d$")

ANY = "*"
"""Stands for every model where a bill was not grouped by model."""


def payer(cell: Cell, billing: set[str], catalog: Catalog) -> str | None:
    """Return who bills the requests of a cell: the gateway where it bills them or sells credit, else the seller."""
    gateway = cell.gateway
    if gateway and (gateway in billing or any(fee.kind in SELLS_CREDIT for fee in catalog.fees(gateway))):
        return gateway
    return cell.seller


def seller_of(line: BillSum, catalog: Catalog) -> str:
    """Return the seller of a line by the catalog's id where it has one."""
    return catalog.seller_id(line.seller) or line.seller


def choose(lines: Iterable[BillSum], catalog: Catalog) -> list[str]:
    """Return the bills with amounts among the lines of one seller and month, the one to go by first.

    They tell the same charges and are never added. The seller's own comes before what a gateway reckons for it; of
    several of its own the one over most days, then the one with most lines.
    """
    groups: dict[str, list[BillSum]] = {}
    for line in lines:
        if line.billed is not None:
            groups.setdefault(line.bill, []).append(line)

    def rank(bill: str) -> tuple[bool, int, int, str]:
        group = groups[bill]
        second_hand = any(_is_gateways(line, catalog) for line in group)
        return second_hand, -len({line.day for line in group}), -sum(line.lines for line in group), bill

    return sorted(groups, key=rank)


def _is_gateways(line: BillSum, catalog: Catalog) -> bool:
    issuer = catalog.seller_id(line.issuer)
    return issuer is not None and issuer != catalog.seller_id(line.seller) and catalog.kind(issuer) == "gateway"


def in_dollars(line: BillSum, amount: Decimal | None) -> Decimal | None:
    """Return an amount of a line in dollars; None for a currency without a rate.

    The rate that the bill states comes before one that the user gave.
    """
    if amount is None or line.currency in {None, "USD"}:
        return amount
    if line.per_usd:
        return EXACT.quantize(EXACT.divide(amount, line.per_usd), PICO)
    return None if line.usd_each is None else EXACT.quantize(times(line.usd_each, amount), PICO)


def at_rates(lines: Iterable[BillSum], rates: Mapping[str, Decimal]) -> list[BillSum]:
    """Return lines with the user's rates, dollars for a unit of a currency, where the bill states none."""
    return [
        line
        if line.per_usd or line.currency is None
        else msgspec.structs.replace(line, usd_each=rates.get(line.currency))
        for line in lines
    ]


def dollars_only(lines: Iterable[BillSum]) -> Decimal | None:
    """Return the sum of what is billed in dollars; None where nothing is."""
    found = [line.billed for line in lines if line.billed is not None and line.currency in {None, "USD"}]
    return total(found) if found else None


def aside(line: BillSum) -> str | None:
    """Return the cause of a line that is no usage of tokens; None for one that is, or may be."""
    category = (line.category or "").lower().replace(" ", "")
    if category == "tax":
        return "tax"
    if category in CREDITS or category.endswith("discount"):
        return "credits_and_corrections"
    if category in PURCHASES:
        return "prepayments_and_fees"
    return "other_charges" if line.token_kind == "other" else None  # noqa: S105 -- a kind of token, no secret


def kind_of(kind: str | None, *, lumped: bool) -> str | None:
    """Return what a kind of token is compared as with logs and other bills.

    Cache writes are one, audio and images are in the kind they are part of, and all input is one where a side does not
    split it.
    """
    if kind is None:
        return None
    plain = kind.removesuffix("_audio").removesuffix("_image")
    if plain == "output" or kind == "other":
        return plain
    if lumped:
        return "input_all"
    return "cache_write" if plain.startswith("cache_write") else plain


def offer_of(catalog: Catalog, seller: str, name: str, at: datetime | None) -> Offer | None:
    """Return what a model's name on a bill means, as an id or as it is displayed (`Claude Opus 5`); None is unknown."""
    plain = name.lower().replace(" ", "-")
    for spelled in dict.fromkeys((name, plain, plain.replace(".", "-"))):
        offer = catalog.find(spelled, seller=seller, at=at).offer
        if offer is not None:
            return offer
    return None


def same_models(one: Iterable[str], other: Iterable[str]) -> dict[str, str]:
    """Return under which name models are compared whose two sides differ by the date of a snapshot only.

    A bill may display `Claude Sonnet 4.5` where an export or a log names `claude-sonnet-4-5-20250929`. Where a side has
    the name without a date and the two sides have not the same names, all of that name are one; two snapshots are two.

    Args:
        one: Canonical names of one side, in lower case.
        other: Those of the other.

    Returns:
        The names that have another one to be compared by.
    """
    sides = [set(one), set(other)]
    bases = {name: _DATE.sub("", name) for name in sides[0] | sides[1]}
    named: dict[str, tuple[set[str], set[str]]] = {}
    for place, side in enumerate(sides):
        for name in side:
            named.setdefault(bases[name], (set(), set()))[place].add(name)
    return {
        name: base
        for base, (left, right) in named.items()
        if left and right and left != right and base in left | right
        for name in left | right
    }


class Names:
    """Names of models on a bill, as the canonical names that cells have.

    Args:
        seller: Whose bill.
        catalog: Knows the names.
        lumped: Whether models are not distinguished, so that every line is `ANY`.
    """

    def __init__(self, seller: str, catalog: Catalog, *, lumped: bool) -> None:
        self._seller, self._catalog, self._lumped = seller, catalog, lumped
        self._known: dict[tuple[str, date | None], str] = {}
        self.unresolved: set[str] = set()

    def of(self, line: BillSum) -> str:
        """Return the model of a line; a name that the catalog does not know stands for itself."""
        if self._lumped or line.model is None:
            return ANY
        key = (line.model, line.day)
        if key not in self._known:
            self._known[key] = self._find(line.model, line.day)
        return self._known[key]

    def _find(self, name: str, day: date | None) -> str:
        at = None if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001 -- naive UTC
        offer = offer_of(self._catalog, self._seller, name, at)
        if offer is not None:
            return offer.sku.model.lower()
        self.unresolved.add(name.lower())
        return name.lower()
