"""The difference between one bill and the logs, split into its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from llmaudit.billing.exports import counted, usage_lines
from llmaudit.billing.lines import ANY, FINE, Names, aside, in_dollars, kind_of, same_models
from llmaudit.catalog import Catalog
from llmaudit.catalog.units import PIECES, PRICED
from llmaudit.cells import PricedCell
from llmaudit.evidence import BillSum
from llmaudit.money import EXACT, PICO, ZERO, times, total
from llmaudit.request import COUNTERS

CAUSES: dict[str, str] = {
    "days_not_in_log": "billed on days without a logged request",
    "models_not_in_log": "billed models that are in no log",
    "names_not_known": "names on the bill that are not in the catalog",
    "tokens_not_in_log": "more tokens billed than logged",
    "days_not_on_bill": "logged on days that are not on the bill",
    "models_not_on_bill": "logged models that are not on the bill",
    "tokens_not_on_bill": "more tokens logged than billed",
    "unpriced_in_log": "logged requests whose cost is unknown",
    "log_amounts": "amounts in the log that differ from list",
    "price": "the bill's price differs from list",
    "price_or_tokens": "price or tokens: the bill has no quantities",
    "other_charges": "charges other than tokens",
    "prepayments_and_fees": "purchases and fees",
    "credits_and_corrections": "credits, refunds, discounts and corrections",
    "tax": "tax",
    "invoice_beside_lines": "the invoice total against the bill's own lines",
    "not_itemised": "the invoice has no lines to compare",
}
"""Every cause, in the order shown: first what the log lacks."""

Key = tuple[str, str]
"""A model and a kind of token."""


@dataclass
class Split:
    """One bill against the logs.

    Attributes:
        billed: Sum of the lines in dollars (converted at the bill's own rate where it states one).
        no_dollars: Whether no line is in dollars.
        has_usage: Whether any line is usage, and not a purchase, a fee, a credit or tax.
        effective: Sum of the effective costs in dollars; None where there is none.
        foreign: Sums in currencies without a rate.
        has_foreign_usage: Whether any of those is usage.
        causes: Parts of billed - logged.
        covered: Money of the billed tokens that the log has.
        countable: Money of all billed tokens.
        on_logged_days: Money of usage on days with logged requests.
        on_days: Money of usage on days.
        notes: Sentences.
    """

    billed: Decimal = ZERO
    no_dollars: bool = True
    has_usage: bool = False
    effective: Decimal | None = None
    foreign: dict[str, Decimal] = field(default_factory=dict)
    has_foreign_usage: bool = False
    causes: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    covered: Decimal = ZERO
    countable: Decimal = ZERO
    on_logged_days: Decimal = ZERO
    on_days: Decimal = ZERO
    notes: list[str] = field(default_factory=list)


def split(
    seller: str, lines: list[BillSum], everything: list[BillSum], cells: list[PricedCell], catalog: Catalog
) -> Split:
    """Take the difference apart.

    Args:
        seller: Who billed.
        lines: The lines of the bill to go by.
        everything: Those of all bills and usage exports of the seller and month, for quantities.
        cells: The logged requests that this seller bills.
        catalog: For names.
    """
    parts = Split()
    money = [(line, dollars) for line in lines if (dollars := _dollars(line, parts)) is not None]
    parts.billed, parts.no_dollars = total(usd for _, usd in money), not money
    parts.has_usage = parts.has_foreign_usage
    logged_days = {priced.cell.day for priced in cells}
    billed_days = {line.day for line, _ in money if line.grain in FINE and not aside(line)}
    usage: list[tuple[BillSum, Decimal]] = []
    for line, usd in money:
        beside = aside(line)
        if beside is not None:
            parts.causes[beside] += usd
            continue
        parts.has_usage = True
        if line.grain in FINE:
            parts.on_days += usd
            parts.on_logged_days += usd if line.day in logged_days else ZERO
        if line.grain in FINE and line.day not in logged_days:
            parts.causes["days_not_in_log"] += usd
            parts.countable += usd if line.tokens is not None else ZERO
        else:
            usage.append((line, usd))
    both = [priced for priced in cells if not billed_days or priced.cell.day in billed_days]
    missing = [priced for priced in cells if billed_days and priced.cell.day not in billed_days]
    parts.causes["days_not_on_bill"] -= _spent(missing)
    _by_model(seller, usage, everything, both, catalog, parts)
    return parts


def _dollars(line: BillSum, found: Split) -> Decimal | None:
    """Return a line's amount in dollars; one in a currency without a rate is set aside as it is."""
    if line.billed is None:
        return None
    effective = in_dollars(line, line.effective)
    if effective is not None:
        found.effective = (found.effective or ZERO) + effective
    dollars = in_dollars(line, line.billed)
    if dollars is None:
        found.foreign[str(line.currency)] = EXACT.add(found.foreign.get(str(line.currency), ZERO), line.billed)
        found.has_foreign_usage |= aside(line) is None
    elif line.currency not in {None, "USD"}:
        at = "the rate stated on each line of the bill" if line.per_usd else f"{line.usd_each:f} US dollars, as given"
        note = f"amounts in {line.currency} are converted at {at}"
        if note not in found.notes:
            found.notes.append(note)
    return dollars


def _by_model(
    seller: str,
    usage: list[tuple[BillSum, Decimal]],
    everything: list[BillSum],
    cells: list[PricedCell],
    catalog: Catalog,
    parts: Split,
) -> None:
    lumped = any(line.model is None for line, _ in usage)
    names = Names(seller, catalog, lumped=lumped)
    same = same_models((names.of(line) for line, _ in usage), (priced.cell.model.lower() for priced in cells))

    def model_of(line: BillSum) -> str:
        return same.get(names.of(line), names.of(line))

    billed: dict[str, list[tuple[BillSum, Decimal]]] = defaultdict(list)
    for line, usd in usage:
        billed[model_of(line)].append((line, usd))
    logged: dict[str, list[PricedCell]] = defaultdict(list)
    for priced in cells:
        own_name = priced.cell.model.lower()
        logged[ANY if lumped else same.get(own_name, own_name)].append(priced)
    days = {line.day for line, _ in usage}
    counts = [line for line in everything if line.tokens is not None and line.day in days]
    lines_with_tokens = [line for line, _ in usage if line.tokens is not None]
    source = lines_with_tokens or _of_one_bill(counts, catalog)
    for model in sorted({*billed, *logged}):
        group, requests = billed.get(model, []), logged.get(model, [])
        amount = total(usd for _, usd in group)
        if not requests:
            unknown = model in names.unresolved
            parts.causes["names_not_known" if unknown else "models_not_in_log"] += amount
            parts.countable += total(usd for line, usd in group if line.tokens is not None)
        elif not group:
            parts.causes["models_not_on_bill"] -= _spent(requests)
        else:
            tokens = [line for line in source if model_of(line) == model]
            _one_model(group, tokens, requests, amount, parts)


def _of_one_bill(lines: list[BillSum], catalog: Catalog) -> list[BillSum]:
    """Return the quantities of usage exports, else of one other bill: two of them tell the same tokens."""
    exported = usage_lines(lines)
    if exported:
        return counted(exported, catalog)[0]
    first = min((line.bill for line in lines), default=None)
    return [line for line in lines if line.bill == first]


def _one_model(
    group: list[tuple[BillSum, Decimal]],
    tokens: list[BillSum],
    cells: list[PricedCell],
    amount: Decimal,
    parts: Split,
) -> None:
    """Take one model's difference apart; what is left after the other causes is the price."""
    causes: dict[str, Decimal] = defaultdict(Decimal)
    causes["log_amounts"] = total(
        priced.list_usd - priced.spend_usd
        for priced in cells
        if priced.list_usd is not None and priced.spend_usd is not None
    )
    compared = _kinds((*(line.token_kind for line, _ in group), *(line.token_kind for line in tokens)))
    money = _sums((compared(line.token_kind), usd) for line, usd in group)
    quantities = _sums((compared(line.token_kind), line.tokens or ZERO) for line in tokens)
    whole = all(kind is not None and (quantities.get(kind, ZERO) > 0 or not usd) for kind, usd in money.items())
    if whole:
        here, unpriced = _logged(cells, compared), _logged([c for c in cells if c.spend_usd is None], compared)
        for kind, usd in money.items():
            if not quantities.get(kind):
                continue
            billed_tokens, seen = quantities[kind], here.get(kind, ZERO)
            gap = _share(usd, billed_tokens - seen, billed_tokens)
            causes["tokens_not_in_log" if gap > 0 else "tokens_not_on_bill"] += gap
            causes["unpriced_in_log"] += _share(usd, unpriced.get(kind, ZERO), billed_tokens)
            parts.countable += usd
            parts.covered += _share(usd, min(seen, billed_tokens), billed_tokens)
    # Searches and fees of a request are in what the log's requests cost, and stand in lines of their own on the bill.
    apart = _beside_tokens(cells) if "other_charges" in parts.causes else ZERO
    causes["other_charges"] -= apart
    rest = amount - _spent(cells) - total(causes.values())
    causes["price" if whole else "price_or_tokens"] += rest
    for name, usd in causes.items():
        parts.causes[name] += usd


def _beside_tokens(cells: Iterable[PricedCell]) -> Decimal:
    """Return what is no tokens of the list cost of some requests."""
    places = [PRICED.index(name) for name in PIECES]
    return total(
        times(priced.rates.expected[place], priced.cell.quantities[place])
        for priced in cells
        if priced.rates is not None and priced.list_usd and priced.spend_usd is not None
        for place in places
    )


def _share(usd: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return EXACT.quantize(EXACT.divide(EXACT.multiply(usd, part), whole), PICO)


def _kinds(kinds: Iterable[str | None]) -> Callable[[str | None], str | None]:
    """Return what kinds are compared as; all input is one where the bill does not split it."""
    return partial(kind_of, lumped="input_all" in set(kinds))


def _logged(cells: Iterable[PricedCell], compared: Callable[[str | None], str | None]) -> dict[str | None, Decimal]:
    return _sums(
        (compared(counter.removesuffix("_tokens")), Decimal(count))
        for priced in cells
        for counter, count in zip(COUNTERS, priced.cell.tokens, strict=True)
    )


def _sums(pairs: Iterable[tuple[str | None, Decimal]]) -> dict[str | None, Decimal]:
    found: dict[str | None, Decimal] = {}
    for key, amount in pairs:
        found[key] = found.get(key, ZERO) + amount
    return found


def _spent(cells: Iterable[PricedCell]) -> Decimal:
    return total(priced.spend_usd for priced in cells if priced.spend_usd is not None)
