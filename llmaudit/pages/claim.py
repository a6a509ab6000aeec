"""A page's claim compared with a measured bill: the page says none, the bill shows 10%."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.pages.model import Finding, PageAudit
from llmaudit.pages.verdict import ON_SPEND, figure, has_number, is_soft

ClaimStatus = Literal["contradicted", "exceeded", "agrees", "undisclosed_markup", "nothing_to_compare", "undecidable"]
AGREES_WITHIN_PCT = 0.5


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured at a gateway, after look-alikes were ruled out.

    Attributes:
        gateway: Its id.
        verdict: none, markup, explained, undisclosed or undecidable, as `llmaudit markup` has it.
        pct: Billed over list in percent; None is unknown.
        low_pct: Lower bound of it.
        high_pct: Upper bound of it.
        overpaid_usd: What was paid above list.
        requests: How many requests it rests on.
        channel: Where it was measured: `token_rate` (billed against list), or `topup` where payments were compared.
    """

    gateway: str
    verdict: Literal["none", "markup", "explained", "undisclosed", "undecidable"]
    pct: float | None
    low_pct: float | None = None
    high_pct: float | None = None
    overpaid_usd: Decimal | None = None
    requests: int = 0
    channel: Literal["token_rate", "topup"] = "token_rate"


class ClaimCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A claim beside a bill.

    Attributes:
        status: contradicted (the page claims none, the bill shows a markup), exceeded (the bill shows more than the
            page states), agrees, undisclosed_markup (the page says nothing, the bill shows a markup),
            nothing_to_compare (neither speaks), or undecidable (the bill does not decide).
        claimed_pct: What the page states for that channel: 0 for a claim of none; None where it is silent.
        measured_pct: What the bill shows.
        sentence: The result in words, with both figures.
        quote: The page's words, or None where it is silent.
        line: Where they stand.
    """

    status: ClaimStatus
    claimed_pct: float | None
    measured_pct: float | None
    sentence: str
    quote: str | None
    line: int | None


def check_claim(page: PageAudit, bill: Bill) -> ClaimCheck:
    """Return what a page's claim is worth beside a bill. Pure: reads nothing but its arguments.

    The page's fee on top-ups is not held against a bill of token rates: a top-up fee never shows in the amounts billed
    per request, and a markup there is one the page has not stated.
    """
    stated = _stated(page, bill.channel)
    claimed = 0.0 if stated is not None and stated.negated else stated.pct if stated is not None else None
    status = _status(claimed, bill)
    return ClaimCheck(
        status=status,
        claimed_pct=claimed,
        measured_pct=bill.pct,
        sentence=_sentence(status, stated, claimed, bill),
        quote=stated.quote if stated is not None else None,
        line=stated.line if stated is not None else None,
    )


def _stated(page: PageAudit, channel: str) -> Finding | None:
    """Return the clause that speaks about a channel: a stated fee before a firm denial, the highest number first."""
    kinds = {"topup_pct"} if channel == "topup" else ON_SPEND - {"topup_pct"}
    own = [finding for finding in page.findings if finding.who == "gateway"]
    fees = [f for f in own if not f.negated and f.kind in kinds and has_number(f) and f.pct is not None]
    if fees:
        return max(fees, key=lambda finding: finding.pct or 0.0)
    denied = {"topup_pct"} if channel == "topup" else {"none_on_tokens"}
    return next((f for f in own if f.negated and f.kind in denied and not is_soft(f)), None)


def _status(claimed: float | None, bill: Bill) -> ClaimStatus:
    if bill.verdict not in {"none", "markup"} or bill.pct is None:
        return "undecidable"
    lowest = bill.low_pct if bill.low_pct is not None else bill.pct
    if claimed is None:
        return "undisclosed_markup" if bill.verdict == "markup" else "nothing_to_compare"
    if bill.verdict == "markup" and lowest > claimed + AGREES_WITHIN_PCT:
        return "exceeded" if claimed else "contradicted"
    return "agrees"


def _sentence(status: ClaimStatus, stated: Finding | None, claimed: float | None, bill: Bill) -> str:
    measured = "unknown" if bill.pct is None else f"{bill.pct:+.2f}%"
    where = f" (line {stated.line})" if stated is not None else ""
    says = "claims that nothing is added" if claimed == 0 else f"states {figure(stated)}" if stated is not None else ""
    texts: dict[ClaimStatus, str] = {
        "contradicted": f"the page {says}{where}; the bill shows {measured} over list in {bill.requests:,} requests",
        "exceeded": f"the page {says}{where}; the bill shows {measured} over list, more than that",
        "agrees": f"the page {says}{where}, and the bill at {measured} over list does not contradict it",
        "undisclosed_markup": f"the page says nothing about the price of tokens; the bill shows {measured} over list",
        "nothing_to_compare": "the page says nothing about it, and the bill shows nothing added",
        "undecidable": f"the bill does not decide ({bill.verdict}), so the claim can be neither held nor refuted",
    }
    return texts[status]
