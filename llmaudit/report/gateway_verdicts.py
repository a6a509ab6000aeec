"""The verdicts on gateways in words: each, all of them together, and the sentence that leads a report."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.markup.markup_rules import rule_sentence
from llmaudit.markup.model import GatewayRow, ModelRow
from llmaudit.money import ZERO, total
from llmaudit.phrases import counted
from llmaudit.report.content import Mark, Tone
from llmaudit.report.wording import headline, name, percent, signed

VERDICTS: dict[str, tuple[str, Tone]] = {
    "none": ("none in the rates", "good"),
    "markup": ("markup", "bad"),
    "explained": ("explained", "good"),
    "undisclosed": ("undisclosed", "bad"),
    "undecidable": ("undecidable", "open"),
}

NAMED = 3
"""Gateways with a markup that the lead names: the largest."""


def verdict(row: GatewayRow) -> Mark:
    """Return the verdict on a gateway for people."""
    return Mark(*VERDICTS.get(row.verdict, (row.verdict, "open")))


def verdict_of_all(gateways: Sequence[GatewayRow]) -> Mark:
    """Return one verdict on all gateways together: what one of them adds is not hidden by the others."""
    verdicts = {row.verdict for row in gateways}
    if not gateways:
        return Mark("no gateway", "none")
    if "markup" in verdicts:
        return Mark("yes: markup", "bad")
    if verdicts & {"undisclosed", "undecidable"}:
        return Mark("not decided", "open")
    return Mark("no markup found", "good")


def largest_markup_first(gateways: Sequence[GatewayRow]) -> list[GatewayRow]:
    """Return what a markup took first, the largest markups before the others, then the most used."""
    return sorted(
        gateways,
        key=lambda row: (row.verdict != "markup", -(row.overpaid_usd or ZERO), -(row.billed_usd or ZERO), row.gateway),
    )


def lead(gateways: Sequence[GatewayRow]) -> str:
    """Return what gateways add: the largest markups by name, the others as a sum, then where none is proven."""
    if not gateways:
        return "No request went through a gateway."
    marked = [row for row in largest_markup_first(gateways) if row.verdict == "markup"]
    said = [f"{_took(row)}." for row in marked[:NAMED]]
    if more := marked[NAMED:]:
        sum_of = headline(total(row.overpaid_usd or ZERO for row in more))
        said.append(f"{counted(len(more), 'more gateway')} with a markup: {sum_of} overpaid.")
    others = [row for row in gateways if row.verdict != "markup"]
    if others:
        said.append(f"No markup is proven at {_these(len(others), other=bool(marked))}{_undecided(others)}.")
    return " ".join(said)


def _undecided(others: Sequence[GatewayRow]) -> str:
    """Return how many of the gateways the logs do not decide: not proven is not the same as none."""
    number = sum(row.verdict == "undecidable" for row in others)
    if not number:
        return ""
    return (
        "; the logs do not decide it"
        if number == len(others)
        else f"; for {number:,} of them the logs do not decide it"
    )


def _these(number: int, *, other: bool) -> str:
    if other:
        return counted(number, "other gateway")
    return "the one gateway" if number == 1 else f"any of {number:,} gateways"


def _took(row: GatewayRow) -> str:
    """Say what a gateway added, by its most expensive rule, and the dollars of all of them."""
    rule = rule_sentence(row.found[0]) if row.found else f"billed is {percent(row.pct, 2)} over list"
    more = f", and {counted(len(row.found) - 1, 'more rule')}" if len(row.found) > 1 else ""
    yearly = "" if row.yearly_usd is None else f", {headline(row.yearly_usd)} a year at this pace"
    return f"{name(row.gateway)}: {rule}{more}: {headline(row.overpaid_usd)} overpaid{yearly}"


def pct_range(row: GatewayRow | ModelRow) -> str:
    """Return how far billed may lie over list, such as `+10.00%` or `0.00% to +10.00%`."""
    high = row.high_pct if isinstance(row, GatewayRow) else row.pct
    if row.low_pct is None or high is None:
        return "unknown"
    low, top = signed(row.low_pct), signed(high)
    return low if low == top else f"{low} to {top}"
