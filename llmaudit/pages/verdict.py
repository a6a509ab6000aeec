"""The verdict on a page: the strongest statement on the scale, never stronger than what stands there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from statistics import median

from llmaudit.money import EXACT, stated, times
from llmaudit.pages.lexicon.files import lexicons
from llmaudit.pages.model import Finding, PriceRow, Verdict, WhatIf

ASSUMED_PCT = Decimal(5)
"""The lower end of what gateways are said to add; an assumption for the what-if, never a finding."""

MIN_ROWS_ABOVE = 2
"""One dearer figure may be a slip of the page or of the catalog; two are a pattern."""

ON_SPEND = {"token_pct", "topup_pct", "platform_pct", "orchestration_pct"}
"""Fees that grow with what is spent on the provider's models: these are what a markup is."""

ON_USE = {"per_request", "per_log"}
BESIDE = {"subscription", "per_request", "per_log", "tool_per_request", "payment_processing", "byok_pct"}
"""Charges beside the price of tokens."""


def judge(findings: Sequence[Finding], rows: Sequence[PriceRow]) -> tuple[Verdict, str]:
    """Return the verdict on a page and the sentence that says why; docs/markup-page.md has the scale.

    Only the gateway's own charges count: not what its customer may set for others, not the provider's, not a rival's.
    """
    above = [row for row in rows if row.status == "above"]
    if len(above) >= MIN_ROWS_ABOVE:
        middle = median(row.pct or 0.0 for row in above)
        against = "the page's own provider column" if above[0].basis == "page" else "the provider's list"
        return "above_list", f"{len(above)} of {len(rows)} prices are above {against}, in the middle by {middle:.1f}%"
    own = [finding for finding in findings if finding.who in {"gateway", "payment_processor"}]
    charged = [finding for finding in own if not finding.negated and finding.who == "gateway"]
    claims = [finding for finding in own if _is_zero_claim(finding)]
    for verdict, reason in (_with_number(charged, claims), _without_number(charged)):
        if verdict:
            return verdict, reason
    return _on_claims(own, claims)


def _with_number(charged: Sequence[Finding], claims: Sequence[Finding]) -> tuple[Verdict | None, str]:
    spend = [f for f in charged if f.kind in ON_SPEND and has_number(f)]
    spend += [f for f in charged if f.kind == "payment_processing" and f.pct is not None]
    spend += [f for f in charged if f.kind == "credit_conversion" and (f.pct or 0) > 0]
    if spend:
        return "fee_stated", f"line {spend[0].line} states a fee with a number: {figure(spend[0])}"
    spend = [f for f in charged if f.kind == "byok_pct" and has_number(f)]
    if spend:
        return "fee_stated", f"line {spend[0].line} states a fee on own keys: {figure(spend[0])}"
    use = [f for f in charged if f.kind in ON_USE and has_number(f)]
    if use and not claims:
        return "fee_stated", f"line {use[0].line} states a charge with a number: {figure(use[0])}"
    return None, ""


def _without_number(charged: Sequence[Finding]) -> tuple[Verdict | None, str]:
    bare = [f for f in charged if f.kind in ON_SPEND | {"byok_pct"} and not has_number(f)]
    bare += [f for f in charged if f.kind == "credit_conversion" and not has_number(f) and f.multiplier is None]
    if bare:
        return "fee_without_number", f"line {bare[0].line} names a fee and gives no number"
    return None, ""


def _on_claims(own: Sequence[Finding], claims: Sequence[Finding]) -> tuple[Verdict, str]:
    firm = [claim for claim in claims if not is_soft(claim)]
    beside = [f for f in own if not f.negated and f.kind in BESIDE]
    if firm and beside:
        return "zero_claimed_other_fees", (
            f"line {firm[0].line} claims that nothing is added; line {beside[0].line} names a charge beside the tokens"
        )
    if firm:
        return (
            "zero_claimed",
            f"line {firm[0].line} claims that nothing is added, and nothing on the page contradicts it",
        )
    if claims:
        return (
            "undisclosed",
            f"line {claims[0].line} comes near a claim of zero but takes it back ({', '.join(claims[0].hedges[:3])})",
        )
    if beside:
        return "undisclosed", "the page names charges beside the tokens and says nothing about the price of tokens"
    return "undisclosed", "the page says nothing about what is added to the provider's price"


def _is_zero_claim(finding: Finding) -> bool:
    return finding.negated and finding.who == "gateway" and finding.kind in {"none_on_tokens", "platform_pct"}


def is_soft(finding: Finding) -> bool:
    """Say whether a claim is hedged in a way that takes it back ("typically at cost"), not merely rounded ("about")."""
    lexicon = lexicons()[finding.language]
    return any(not lexicon["weak_hedges"].fullmatch(hedge) for hedge in finding.hedges)


def has_number(finding: Finding) -> bool:
    """Say whether a clause has a figure, if only a minimum or in another currency; a template variable is none."""
    values = (finding.pct, finding.fixed_usd, finding.multiplier, finding.other_amount, finding.minimum_usd)
    return any(value is not None for value in values)


def figure(finding: Finding) -> str:
    """Return a clause's figure for people."""
    words = []
    if finding.multiplier is not None:
        words.append(f"{finding.multiplier:g}x")
    elif finding.pct is not None:
        words.append(f"{finding.pct:g}%" if finding.pct_from is None else f"{finding.pct_from:g} to {finding.pct:g}%")
    if finding.fixed_usd is not None:
        words.append(stated(finding.fixed_usd) + (f" per {finding.per:,}" if finding.per else ""))
    if finding.other_amount:
        words.append(finding.other_amount)
    if finding.template:
        words.append(f"{finding.template} (a variable)")
    text = " + ".join(words)
    if finding.minimum_usd is not None:
        text = ", ".join(filter(None, (text, f"at least {stated(finding.minimum_usd)}")))
    return text


def what_if(spend_usd: Decimal | None) -> WhatIf:
    """Return what an undisclosed markup of 5% would cost, on 1,000 dollars and on a month's spend where it is known."""
    share = EXACT.divide(ASSUMED_PCT, Decimal(100))
    monthly = None if spend_usd is None else times(spend_usd, share)
    return WhatIf(
        assumed_pct=float(ASSUMED_PCT),
        per_1000_usd=times(Decimal(1_000), share),
        monthly_usd=monthly,
        yearly_usd=None if monthly is None else times(monthly, 12),
    )
