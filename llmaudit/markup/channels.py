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

TOO_FEW = "too few requests have an amount and a list price to look at them one by one"

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
    found: Sequence[MarkupRule],
    counts: Sequence[TokenCount],
    payments: Sequence[Payment],
    stated: Sequence[Channel],
    compared: Sequence[PricedCell],
    *,
    is_measured: bool,
) -> list[ChannelSum]:
    """Return the six channels of a gateway.

    Args:
        found: Rules found in its amounts.
        counts: What reported prompt sizes say.
        payments: Payments to it.
        stated: What it states itself.
        compared: Cells with an amount and a list price.
        is_measured: Whether its amounts could be looked at request by request.
    """
    charged = cell_sums.billed(compared)
    return [
        _rates(found, is_measured=is_measured),
        _top_up(top_up(payments), stated, charged),
        _paid("subscription", payments, stated),
        _paid("add_on", payments, stated),
        _conversion(found, stated, is_measured=is_measured),
        _tokens([one for one in found if one.kind == "token_count"], counts, compared),
    ]


def _rates(found: Sequence[MarkupRule], *, is_measured: bool) -> ChannelSum:
    own = [one for one in found if one.kind not in {"conversion", "token_count", "top_up"}]
    claims = [rule_sentence(one) for one in own]
    return _in_amounts("token_rate", own, claims, "no rule adds to list in the amounts", is_measured=is_measured)


def _conversion(found: Sequence[MarkupRule], stated: Sequence[Channel], *, is_measured: bool) -> ChannelSum:
    own = [one for one in found if one.kind == "conversion"]
    if not own and any(STATED.get(one.kind) == "conversion" for one in stated):
        return _unknown("conversion", "it converts credit or points; what a point cost in money is in no log")
    claims = [f"{rule_sentence(one)}; the log says group ratio {one.stated_ratio}" for one in own]
    return _in_amounts(
        "conversion", own, claims, "no ratio or exchange rate is in the amounts", is_measured=is_measured
    )


def _in_amounts(
    channel: ChannelName, own: Sequence[MarkupRule], claims: list[str], nothing: str, *, is_measured: bool
) -> ChannelSum:
    """Return a channel that shows in the amounts: by its rules, or by `nothing` where the amounts have none."""
    if not own and not is_measured:
        return _unknown(channel, TOO_FEW)
    return ChannelSum(
        channel=channel,
        status="measured" if own else "none",
        usd=total(one.overpaid_usd for one in own),
        in_billed=True,
        evidence=claims or [nothing],
    )


def _unknown(channel: ChannelName, why: str) -> ChannelSum:
    return ChannelSum(channel=channel, status="unknown", usd=None, in_billed=False, evidence=[why])


def _top_up(measured: TopUp | None, stated: Sequence[Channel], charged: Decimal) -> ChannelSum:
    """Return the fee on buying credit: as paid in the period; else as stated, on the credit that was used."""
    if measured is not None:
        return ChannelSum(
            channel="top_up",
            status="measured" if measured.fee_usd else "none",
            usd=measured.fee_usd,
            in_billed=False,
            evidence=[top_up_sentence(measured)],
        )
    percent = next((one for one in stated if one.kind == "topup_pct" and one.pct is not None), None)
    if percent is None or percent.pct is None:
        return _unknown("top_up", "no payment is in the database (`gateway_statement`), and no fee is stated")
    fee = EXACT.divide(times(charged, percent.pct), 100)
    return ChannelSum(
        channel="top_up",
        status="stated",
        usd=fee,
        in_billed=False,
        evidence=[f"{percent.pct.normalize():f}% on {percent.applies_to or 'credit'}, as it states: {percent.source}"],
    )


def _paid(channel: ChannelName, payments: Sequence[Payment], stated: Sequence[Channel]) -> ChannelSum:
    own = [row for row in payments if row.category in PAID and PAID[row.category][0] == channel]
    if own:
        words = sorted({PAID[row.category][1] for row in own})
        paid = total(row.paid_usd for row in own)
        return ChannelSum(
            channel=channel,
            status="measured",
            usd=paid,
            in_billed=False,
            evidence=[f"{shown(paid)} in {counted(len(own), 'payment')} for {', '.join(words)}"],
        )
    fees = [one for one in stated if STATED.get(one.kind) == channel]
    if fees:
        told = "; ".join(f"{one.applies_to or one.kind}: {one.figure}" for one in fees[:3])
        return _unknown(channel, f"stated ({told}), and no payment shows whether it applies")
    return _unknown(channel, "no payment is in the database, and none is stated")


def _tokens(beyond: Sequence[MarkupRule], counts: Sequence[TokenCount], compared: Sequence[PricedCell]) -> ChannelSum:
    """Return the tokens that were billed and not sent: beyond those reported, or in what was reported."""
    if not counts and not beyond:
        return _unknown(
            "token_count",
            "no prompt's size is known twice: the same prompts sent to the maker, or kept texts, would be",
        )
    padded = [one for one in counts if one.verdict in PADDED]
    if padded or beyond:
        return ChannelSum(
            channel="token_count",
            status="measured",
            usd=EXACT.add(unsent_usd(counts, compared), total(one.overpaid_usd for one in beyond)),
            in_billed=True,
            evidence=[*(f"in the amounts: {rule_sentence(one)}" for one in beyond), *(one.why for one in padded)],
        )
    decided = all(one.verdict == "none" for one in counts)
    return ChannelSum(
        channel="token_count",
        status="none" if decided else "unknown",
        usd=ZERO if decided else None,
        in_billed=True,
        evidence=[one.why for one in counts],
    )


def paid_findings(sums: Sequence[ChannelSum], listed: Decimal) -> list[MarkupRule]:
    """Return subscriptions and add-ons that were paid as findings, where there is a list cost to hold them against."""
    if not listed:
        return []
    paid = [one for one in sums if one.channel in {"subscription", "add_on"} and one.status == "measured" and one.usd]
    return [
        MarkupRule(
            kind=one.channel,
            models=[],
            fixed_usd=one.usd,
            of_list_pct=float(100 * (one.usd or ZERO) / listed),
            overpaid_usd=one.usd or ZERO,
        )
        for one in paid
    ]


def per_dollar(
    charged: Decimal, sent: Decimal, sums: Sequence[ChannelSum], payments: Sequence[Payment]
) -> Decimal | None:
    """Return what a dollar of provider list costs, every channel in; None where nothing was compared.

    The fee on buying credit counts on the credit that was used, not on what is left in the account.

    Args:
        charged: Billed.
        sent: List cost of what was really sent: tokens that were reported and not sent are not in it (`unsent_usd`).
        sums: The six channels.
        payments: Payments to the gateway.
    """
    fee = top_up(payments)
    beside = [
        one.usd for one in sums if one.usd is not None and not one.in_billed and (one.channel != "top_up" or not fee)
    ]
    if fee is not None:
        beside.append(EXACT.divide(EXACT.multiply(charged, fee.fee_usd), fee.credited_usd))
    return EXACT.divide(charged + total(beside), sent) if sent > 0 else None
