"""The six ways in which a gateway can charge, kept apart, each with its own evidence and its own dollars.

Only the token rate and credit conversion show in the amounts of a log. Top-ups, subscriptions and add-ons are known
from payments (`gateway_statement`) or, without any, from what the gateway itself states. Padded token counts inflate
the billed amount and the list cost of the reported tokens alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from llmaudit.cells import PricedCell
from llmaudit.markup import cell_sums
from llmaudit.markup.markup_rules import rule_sentence
from llmaudit.markup.model import Channel, ChannelName, ChannelSum, MarkupRule
from llmaudit.markup.tokencount import PADDED, TokenCount, unsent_usd
from llmaudit.markup.topup import TopUp, top_up, top_up_sentence
from llmaudit.money import EXACT, ZERO, shown, times, total
from llmaudit.phrases import counted
from llmaudit.summaries.payments import Payment

PAID: dict[str, tuple[ChannelName, str]] = {
    "Subscription": ("subscription", "subscriptions"),
    "Per request": ("subscription", "fees per request or log"),
    "Add-on": ("add_on", "add-ons"),
}
"""Categories of payments that are no credit: their channel, and its words."""

TOO_FEW = "too few requests have both an amount and a list price to examine them one by one"

STATED: dict[str, ChannelName] = {
    "topup_pct": "top_up",
    "payment_processing": "top_up",
    "subscription": "subscription",
    "per_request": "subscription",
    "per_log": "subscription",
    "orchestration_pct": "add_on",
    "tool_per_request": "add_on",
    "byok_pct": "add_on",
    "credit_conversion": "conversion",
    "token_pct": "token_rate",
}
"""Kinds of stated fees, and their channel."""


def channel_sums(
    rules: Sequence[MarkupRule],
    counts: Sequence[TokenCount],
    payments: Sequence[Payment],
    stated: Sequence[Channel],
    compared: Sequence[PricedCell],
    *,
    is_measured: bool,
) -> list[ChannelSum]:
    """Return the six channels of a gateway.

    Args:
        rules: Rules found in its amounts.
        counts: What reported prompt sizes say.
        payments: Payments to it.
        stated: What it states itself.
        compared: Cells with an amount and a list price.
        is_measured: Whether its amounts could be looked at request by request.
    """
    billed_usd = cell_sums.billed(compared)
    return [
        _rates(rules, is_measured=is_measured),
        _top_up(top_up(payments), stated, billed_usd),
        _paid("subscription", payments, stated),
        _paid("add_on", payments, stated),
        _conversion(rules, stated, is_measured=is_measured),
        _tokens([rule for rule in rules if rule.kind == "token_count"], counts, compared),
    ]


def _rates(rules: Sequence[MarkupRule], *, is_measured: bool) -> ChannelSum:
    rate_rules = [rule for rule in rules if rule.kind not in {"conversion", "token_count", "top_up"}]
    claims = [rule_sentence(rule) for rule in rate_rules]
    return _in_amounts("token_rate", rate_rules, claims, "nothing in the amounts adds to list", is_measured=is_measured)


def _conversion(rules: Sequence[MarkupRule], stated: Sequence[Channel], *, is_measured: bool) -> ChannelSum:
    conversion_rules = [rule for rule in rules if rule.kind == "conversion"]
    if not conversion_rules and any(STATED.get(fee.kind) == "conversion" for fee in stated):
        return _unknown("conversion", "it converts credit or points, and no log says what a point cost")
    claims = [f"{rule_sentence(rule)}; the log says group ratio {rule.stated_ratio}" for rule in conversion_rules]
    return _in_amounts(
        "conversion", conversion_rules, claims, "the amounts show no exchange rate or ratio", is_measured=is_measured
    )


def _in_amounts(
    channel: ChannelName, rules: Sequence[MarkupRule], claims: list[str], if_none: str, *, is_measured: bool
) -> ChannelSum:
    """Return a channel that shows in the amounts: by its rules, or by `nothing` where the amounts have none."""
    if not rules and not is_measured:
        return _unknown(channel, TOO_FEW)
    return ChannelSum(
        channel=channel,
        status="measured" if rules else "none",
        usd=total(rule.overpaid_usd for rule in rules),
        in_billed=True,
        evidence=claims or [if_none],
    )


def _unknown(channel: ChannelName, why: str) -> ChannelSum:
    return ChannelSum(channel=channel, status="unknown", usd=None, in_billed=False, evidence=[why])


def _top_up(paid_fee: TopUp | None, stated: Sequence[Channel], billed_usd: Decimal) -> ChannelSum:
    """Return the fee on buying credit: as paid in the period; else as stated, on the credit that was used."""
    if paid_fee is not None:
        return ChannelSum(
            channel="top_up",
            status="measured" if paid_fee.fee_usd else "none",
            usd=paid_fee.fee_usd,
            in_billed=False,
            evidence=[top_up_sentence(paid_fee)],
        )
    stated_fee = next((channel for channel in stated if channel.kind == "topup_pct" and channel.pct is not None), None)
    if stated_fee is None or stated_fee.pct is None:
        return _unknown("top_up", "the database has no payments (`gateway_statement`), and the gateway states no fee")
    fee_usd = EXACT.divide(times(billed_usd, stated_fee.pct), 100)
    return ChannelSum(
        channel="top_up",
        status="stated",
        usd=fee_usd,
        in_billed=False,
        evidence=[
            f"{stated_fee.pct.normalize():f}% on {stated_fee.applies_to or 'credit'}, as stated in {stated_fee.source}"
        ],
    )


def _paid(channel: ChannelName, payments: Sequence[Payment], stated: Sequence[Channel]) -> ChannelSum:
    channel_payments = [row for row in payments if row.category in PAID and PAID[row.category][0] == channel]
    if channel_payments:
        payment_kinds = sorted({PAID[row.category][1] for row in channel_payments})
        paid_usd = total(row.paid_usd for row in channel_payments)
        return ChannelSum(
            channel=channel,
            status="measured",
            usd=paid_usd,
            in_billed=False,
            evidence=[
                f"{shown(paid_usd)} in {counted(len(channel_payments), 'payment')} for {', '.join(payment_kinds)}"
            ],
        )
    fees = [fee for fee in stated if STATED.get(fee.kind) == channel]
    if fees:
        figures = "; ".join(f"{fee.applies_to or fee.kind}: {fee.figure}" for fee in fees[:3])
        return _unknown(channel, f"stated ({figures}), but no payment shows whether it applies")
    return _unknown(channel, "the database has no payments, and the gateway states no such fee")


def _tokens(rules: Sequence[MarkupRule], counts: Sequence[TokenCount], compared: Sequence[PricedCell]) -> ChannelSum:
    """Return the tokens that were billed and not sent: beyond those reported, or in what was reported."""
    if not counts and not rules:
        return _unknown(
            "token_count",
            "there is no second count of any prompt: send the same prompts to the provider, or keep texts, to get one",
        )
    padded = [count for count in counts if count.verdict in PADDED]
    if padded or rules:
        return ChannelSum(
            channel="token_count",
            status="measured",
            usd=EXACT.add(unsent_usd(counts, compared), total(rule.overpaid_usd for rule in rules)),
            in_billed=True,
            evidence=[*(f"in the amounts: {rule_sentence(rule)}" for rule in rules), *(count.why for count in padded)],
        )
    decided = all(count.verdict == "none" for count in counts)
    return ChannelSum(
        channel="token_count",
        status="none" if decided else "unknown",
        usd=ZERO if decided else None,
        in_billed=True,
        evidence=[count.why for count in counts],
    )


def paid_rules(channel_sums: Sequence[ChannelSum], list_usd: Decimal) -> list[MarkupRule]:
    """Return subscriptions and add-ons that were paid as findings, where there is a list cost to hold them against."""
    if not list_usd:
        return []
    paid_channels = [
        channel_sum
        for channel_sum in channel_sums
        if channel_sum.channel in {"subscription", "add_on"} and channel_sum.status == "measured" and channel_sum.usd
    ]
    return [
        MarkupRule(
            kind=channel_sum.channel,
            models=[],
            fixed_usd=channel_sum.usd,
            of_list_pct=float(100 * (channel_sum.usd or ZERO) / list_usd),
            overpaid_usd=channel_sum.usd or ZERO,
        )
        for channel_sum in paid_channels
    ]


def per_dollar(
    billed_usd: Decimal, sent_list_usd: Decimal, sums: Sequence[ChannelSum], payments: Sequence[Payment]
) -> Decimal | None:
    """Return what a dollar of provider list costs, every channel in; None where nothing was compared.

    The fee on buying credit counts on the credit that was used, not on what is left in the account.

    Args:
        billed_usd: Billed.
        sent_list_usd: List cost of what was really sent, without tokens reported but not sent (`unsent_usd`).
        sums: The six channels.
        payments: Payments to the gateway.
    """
    credit_fee = top_up(payments)
    beside_usd = [
        channel_sum.usd
        for channel_sum in sums
        if channel_sum.usd is not None
        and not channel_sum.in_billed
        and (channel_sum.channel != "top_up" or not credit_fee)
    ]
    if credit_fee is not None:
        beside_usd.append(EXACT.divide(EXACT.multiply(billed_usd, credit_fee.fee_usd), credit_fee.credited_usd))
    return EXACT.divide(billed_usd + total(beside_usd), sent_list_usd) if sent_list_usd > 0 else None
