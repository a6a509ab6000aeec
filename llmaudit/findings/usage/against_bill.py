"""A seller's usage at list against its own bill of the same days: by model, by day, and in total by cause.

billed - list = days and models that only one side has + charges that are not token usage + the bill's own discount
              + the part within the bounds of the list price + the rest, which is a price other than list
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from llmaudit.billing.differences import listed as causes_of
from llmaudit.billing.differences import near
from llmaudit.billing.lines import ANY, FINE, Names, aside, choose, in_dollars, same_models
from llmaudit.billing.listed import Listed, summed
from llmaudit.catalog import Catalog
from llmaudit.evidence import BillSum
from llmaudit.findings.usage.model import AtList, Billed, BilledOnly, BillSide, Verdict
from llmaudit.money import ZERO, total

CAUSES: dict[str, str] = {
    "days_not_in_usage": "billed on days that are not in the usage export",
    "days_not_on_bill": "usage on days that are not on the bill",
    "models_not_in_usage": "billed models that are not in the usage export",
    "names_not_known": "names on the bill that are not in the catalog",
    "models_not_on_bill": "models in the usage export that are not on the bill",
    "unpriced_usage": "models with usage that has no list price",
    "discount": "the bill's own discount on its list price",
    "not_told_apart": "within what the usage export leaves open (batches, tiers, long prompts, region)",
    "price": "the bill's price differs from list",
    "other_charges": "charges other than tokens, less such usage at list",
    "prepayments_and_fees": "purchases and fees",
    "credits_and_corrections": "credits, refunds, discounts and corrections",
    "tax": "tax",
    "not_itemised": "the invoice has no lines to compare",
}
"""Every cause, in the order shown: first what only one side has."""


@dataclass
class _Line:
    """What is billed for a model, and what the bill itself says of its list price."""

    billed: Decimal = ZERO
    discount: Decimal | None = None


@dataclass
class _Sides:
    """A bill and the usage, set side by side."""

    bill: str
    billed: Decimal
    causes: dict[str, Decimal] = field(default_factory=dict)
    lines: dict[str, _Line] = field(default_factory=dict)
    used: dict[str, list[Listed]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    same: Mapping[str, str] = field(default_factory=dict)

    def add(self, cause: str, usd: Decimal) -> None:
        self.causes[cause] = self.causes.get(cause, ZERO) + usd


def whole(seller: str, lines: list[BillSum], listed: list[Listed], catalog: Catalog) -> BillSide | None:
    """Return a bill beside the usage of the same seller and month; None where there is no bill in dollars.

    Args:
        seller: Whose.
        lines: The lines of its bills.
        listed: Its usage at list.
        catalog: For names.
    """
    sides = _sides(seller, lines, listed, catalog)
    if sides is None:
        return None
    usual = summed(one.usd for one in listed if one.why_unpriced is None)
    low, high = _bounds(listed)
    for model in sorted({*sides.lines, *sides.used}):
        for cause, usd in _parts(model, sides).items():
            sides.add(cause, usd)
    return BillSide(
        bill=sides.bill,
        billed_usd=sides.billed,
        difference_usd=None if usual is None else sides.billed - usual,
        low_usd=sides.billed - high,
        high_usd=sides.billed - low,
        causes=[] if usual is None else causes_of(CAUSES, sides.causes),
        billed_only=sorted(
            (BilledOnly(model, line.billed) for model, line in sides.lines.items() if model not in sides.used),
            key=lambda one: (-one.billed_usd, one.model),
        ),
        notes=[f"amounts in {name} without an exchange rate are in no sum" for name in sorted(sides.foreign)],
    )


def of_invoice(invoice: Decimal, used: AtList) -> BillSide:
    """Return an invoice total beside usage at list: it has no lines, so that the difference has one cause."""
    difference = None if used.list_usd is None else invoice - used.list_usd
    return BillSide(
        bill="official",
        billed_usd=invoice,
        difference_usd=difference,
        low_usd=invoice - (used.high_usd or ZERO),
        high_usd=invoice - (used.low_usd or ZERO),
        causes=[] if difference is None else causes_of(CAUSES, {"not_itemised": difference}),
        billed_only=[],
        notes=[],
    )


def by_model(seller: str, lines: list[BillSum], listed: list[Listed], catalog: Catalog) -> dict[str | None, Billed]:
    """Return each model of the usage beside the bill; nothing where there is no bill, or none by model."""
    sides = _sides(seller, lines, listed, catalog)
    if sides is None or ANY in {*sides.lines, *sides.used}:
        return {}
    keys = {model: sides.same.get(model.lower(), model.lower()) for model in _models(listed)}
    alone = {key for key, count in Counter(keys.values()).items() if count == 1}
    return {model: _one(sides.lines.get(key), sides.used.get(key, [])) for model, key in keys.items() if key in alone}


def by_day(lines: list[BillSum], catalog: Catalog) -> dict[date | None, Decimal]:
    """Return what the bill charges for usage on each day."""
    usd_by_day: dict[date | None, Decimal] = {}
    for line in _own(lines, catalog):
        usd = in_dollars(line, line.billed)
        if usd is not None and line.grain in FINE and aside(line) in {None, "other_charges"}:
            usd_by_day[line.day] = usd_by_day.get(line.day, ZERO) + usd
    return usd_by_day


def _own(lines: list[BillSum], catalog: Catalog) -> list[BillSum]:
    bill = next(iter(choose(lines, catalog)), None)
    return [line for line in lines if bill is not None and line.bill == bill]


def _models(listed: Iterable[Listed]) -> set[str]:
    return {one.model for one in listed if one.model is not None}


def _sides(seller: str, lines: list[BillSum], listed: list[Listed], catalog: Catalog) -> _Sides | None:
    own_lines = _own(lines, catalog)
    money = [(line, usd) for line in own_lines if (usd := in_dollars(line, line.billed)) is not None]
    if not money:
        return None
    sides = _Sides(own_lines[0].bill, total(usd for _, usd in money))
    sides.foreign = {str(line.currency) for line in own_lines if line.billed is not None} - {
        str(line.currency) for line, _ in money
    }
    tokens = [(line, usd) for line, usd in money if aside(line) is None]
    bill_days = {line.day for line, _ in tokens if line.grain in FINE}
    used_days = {usage_line.line.day for usage_line in listed}
    is_by_day = bool(bill_days) and all(line.grain in FINE for line, _ in tokens)
    lumped = any(line.model is None for line, _ in tokens) or any(usage_line.model is None for usage_line in listed)
    names = Names(seller, catalog, lumped=lumped)
    sides.same = same_models((names.of(line) for line, _ in tokens), (name.lower() for name in _models(listed)))
    for line, usd in money:
        beside = aside(line)
        if beside is not None:
            sides.add(beside, usd)
        elif is_by_day and line.day not in used_days:
            sides.add("days_not_in_usage", usd)
        else:
            model = names.of(line)
            _book(sides.lines.setdefault(sides.same.get(model, model), _Line()), line, usd)
    sides.unknown = names.unresolved
    for usage_line in listed:
        if is_by_day and usage_line.line.day not in bill_days and usage_line.line.tokens is not None:
            sides.add("days_not_on_bill", -(usage_line.usd or ZERO))
        elif usage_line.line.tokens is None:
            sides.add("other_charges", -(usage_line.usd or ZERO))
        else:
            model = ANY if lumped else (usage_line.model or "").lower()
            sides.used.setdefault(sides.same.get(model, model), []).append(usage_line)
    return sides


def _book(line: _Line, billed: BillSum, usd: Decimal) -> None:
    line.billed += usd
    stated = in_dollars(billed, billed.listed)
    if stated is not None:
        line.discount = (line.discount or ZERO) + usd - stated


def _parts(model: str, sides: _Sides) -> Mapping[str, Decimal]:
    """Return what a model adds to each cause; together they are what it is billed less its usage at list."""
    line, used = sides.lines.get(model), sides.used.get(model, [])
    usual = total(one.usd for one in used if one.usd is not None)
    if line is None:
        return {"models_not_on_bill": -usual}
    if not used:
        return {"names_not_known" if model in sides.unknown else "models_not_in_usage": line.billed}
    rest = line.billed - usual
    if any(one.why_unpriced is not None for one in used):
        return {"unpriced_usage": rest}
    discount = line.discount or ZERO
    left = rest - discount
    inside = _verdict(line.billed - discount, used) == "not-told-apart"
    return {"discount": discount, "not_told_apart" if inside else "price": left}


def _one(line: _Line | None, used: list[Listed]) -> Billed:
    usual = summed(one.usd for one in used)
    if line is None:
        return Billed(billed_usd=None, list_usd=usual, difference_usd=None, discount_usd=None, verdict="not-billed")
    verdict: Verdict = "not-in-usage" if not used else _verdict(line.billed, used)
    if verdict == "below" and line.discount:
        full = _verdict(line.billed - line.discount, used)
        verdict = "discounted" if full in {"agrees", "not-told-apart"} else verdict
    return Billed(
        billed_usd=line.billed,
        list_usd=usual,
        difference_usd=None if usual is None else line.billed - usual,
        discount_usd=line.discount,
        verdict=verdict,
    )


def _verdict(billed: Decimal, used: list[Listed]) -> Verdict:
    if any(one.why_unpriced is not None for one in used):
        return "unpriced"
    low, high = _bounds(used)
    usual = summed(one.usd for one in used)
    if usual is not None and near(billed - usual, billed):
        return "agrees"
    if (low <= billed <= high or near(billed - low, billed) or near(billed - high, billed)) and low != high:
        return "not-told-apart"
    return "below" if billed < low else "above"


def _bounds(listed: Iterable[Listed]) -> tuple[Decimal, Decimal]:
    every = list(listed)
    return total(one.low or ZERO for one in every), total(one.high or ZERO for one in every)
