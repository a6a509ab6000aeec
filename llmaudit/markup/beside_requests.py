"""What a gateway charges beside its requests (credit, subscriptions, tokens never sent), added to its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.markup import cell_sums
from llmaudit.markup.channels import PAID, channel_sums, paid_rules, per_dollar
from llmaudit.markup.claims import claims_against_bill
from llmaudit.markup.gateway_row import markups_by_model
from llmaudit.markup.judge import Judgement
from llmaudit.markup.markup_rules import rule_sentence
from llmaudit.markup.model import TOLERANCE_PCT, GatewayRow, MarkupRule
from llmaudit.markup.tokencount import token_counts, token_rules, unsent_usd
from llmaudit.markup.topup import top_up_rule
from llmaudit.markup.traffic import Traffic
from llmaudit.money import EXACT, ZERO, round_to, shown, times, total
from llmaudit.summaries.payments import Payment

PAID_BESIDE = frozenset({"top_up", "subscription", "add_on"})
"""Kinds of markups that are known from payments, not from requests."""

DAYS_A_YEAR = 365
DAYS_A_MONTH = EXACT.divide(Decimal(DAYS_A_YEAR), Decimal(12))


def with_channels(
    row: GatewayRow,
    judgement: Judgement | None,
    traffic: Traffic,
    compared: Sequence[PricedCell],
    catalog: Catalog,
) -> GatewayRow:
    """Return a row with the channels that no amount shows; one that is measured is a markup too."""
    stated = cell_sums.stated_channels(traffic.name, cell_sums.billed(traffic.cells), catalog)
    counts = token_counts(traffic.prompts)
    payments = traffic.payments
    sums = channel_sums(row.found, counts, payments, stated, compared, is_measured=judgement is not None)
    credit_fee = top_up_rule(payments)
    list_usd = cell_sums.listed(compared)
    base_usd = list_usd or cell_sums.listed(traffic.cells)  # what was paid beside requests needs no amounts of theirs
    rules_beside = [*token_rules(counts, compared), *([credit_fee] if credit_fee else []), *paid_rules(sums, base_usd)]
    row = _with_rules_beside(row, [rule for rule in rules_beside if rule.of_list_pct > TOLERANCE_PCT])
    other_days = None if traffic.is_asked_for else _other_days(compared, payments)
    if other_days:
        row = msgspec.structs.replace(row, notes=[*row.notes, other_days], evidence=[*row.evidence, other_days])
        if row.kind in {"subscription", "add_on"}:
            row = msgspec.structs.replace(row, pct=None, low_pct=None, high_pct=None)
    return msgspec.structs.replace(
        row,
        channels=stated,
        sums=sums,
        claims=claims_against_bill(traffic.name, row.found, catalog),
        cost_per_list_usd=None
        if other_days
        else per_dollar(cell_sums.billed(compared), list_usd - unsent_usd(counts, compared), sums, payments),
        monthly_usd=_at_this_pace(row, compared, payments, DAYS_A_MONTH),
        yearly_usd=_at_this_pace(row, compared, payments, DAYS_A_YEAR),
    )


def _other_days(cells: Sequence[PricedCell], payments: Sequence[Payment]) -> str | None:
    """Return what keeps payments from being a share of what requests cost: they are not all of the requests' days."""
    known_days = [priced.cell.day for priced in cells if priced.cell.day is not None]
    besides = [payment for payment in payments if payment.category in PAID]
    if not known_days or not besides:
        return None
    first, last = min(known_days), max(known_days)
    paid_days = [payment.at.date() for payment in besides if payment.at is not None]
    if len(paid_days) == len(besides) and first <= min(paid_days) and max(paid_days) <= last:
        return None
    when = f"{min(paid_days)} to {max(paid_days)}" if paid_days else "unknown days"
    return (
        f"what $1 of list costs is unknown: the requests are of {first} to {last}, the "
        f"{shown(total(payment.paid_usd for payment in besides))} paid beside them of {when}; name a month with --month"
    )


def _with_rules_beside(row: GatewayRow, rules_beside: Sequence[MarkupRule]) -> GatewayRow:
    """Return a row with findings that lie outside the amounts; they are a markup whatever the amounts say."""
    if not rules_beside:
        return row
    rules = sorted([*row.found, *rules_beside], key=lambda rule: (-rule.overpaid_usd, rule.kind))
    main_rule = rules[0]
    claims = "; ".join(rule_sentence(rule) for rule in rules_beside)
    overpaid_by_model = markups_by_model(rules_beside)
    models = [
        msgspec.structs.replace(
            model, overpaid_usd=(model.overpaid_usd or ZERO) + overpaid_by_model.get(model.model, ZERO)
        )
        for model in row.by_model
    ]
    judged_row = msgspec.structs.replace(
        row,
        verdict="markup",
        found=rules,
        overpaid_usd=total(rule.overpaid_usd for rule in rules),
        evidence=[f"{claims}; in the amounts: {row.evidence[0]}", *row.evidence[1:]],
        by_model=models,
    )
    if row.found and main_rule not in rules_beside:
        return judged_row
    if main_rule.kind == "top_up":
        pct, low_pct, high_pct = main_rule.pct, main_rule.low_pct, main_rule.high_pct
    else:  # of nothing that could be compared, nothing is a percentage
        pct = low_pct = high_pct = main_rule.of_list_pct if row.list_usd else None
    return msgspec.structs.replace(
        judged_row, kind=main_rule.kind, pct=pct, low_pct=low_pct, high_pct=high_pct, fixed_usd=main_rule.fixed_usd
    )


def _at_this_pace(
    row: GatewayRow, cells: Sequence[PricedCell], payments: Sequence[Payment], days: Decimal | int
) -> Decimal | None:
    """Return what the markups of the period amount to over a number of days, to the cent.

    One that began within the period has taken what it took since that day: it goes on at that pace, not at the pace of
    a period that it was half absent from. What was paid beside the requests goes on at the pace of the payments where
    these are known from further back, or for longer, than the requests.
    """
    known_days = [priced.cell.day for priced in cells if priced.cell.day is not None]
    if row.overpaid_usd is None or not known_days:
        return None
    first, last = min(known_days), max(known_days)
    paid_days = [payment.at.date() for payment in payments if payment.at is not None]
    paid_usd = total(rule.overpaid_usd for rule in row.found if rule.kind in PAID_BESIDE and paid_days)
    begun_within = [(rule.overpaid_usd, rule.since) for rule in row.found if rule.since and first < rule.since <= last]
    since_start_usd = total((row.overpaid_usd, -paid_usd, *(-amount for amount, _ in begun_within)))
    spans = [(since_start_usd, first, last), *((amount, since, last) for amount, since in begun_within)]
    spans.append((paid_usd, min([first, *paid_days]), max([last, *paid_days])))
    return round_to(
        total(EXACT.divide(times(amount, days), (until - since).days + 1) for amount, since, until in spans), 2
    )
