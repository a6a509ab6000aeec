"""The results of the gateway analysis as plain values, in the shape of their JSON."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.money import ZERO, percent, stated, total

TOLERANCE_PCT = 0.2
"""Within this of list a gateway adds nothing: logs round costs, and rounding is no fee."""

TOLERANCE = TOLERANCE_PCT / 100
"""The same as a share of list."""

Verdict = Literal["none", "markup", "explained", "undisclosed", "undecidable"]
ChannelName = Literal["token_rate", "top_up", "subscription", "add_on", "conversion", "token_count"]


class ModelRow(msgspec.Struct, frozen=True):
    """One model through one gateway.

    Attributes:
        over_list_usd: Billed minus list, whatever the reason; below 0 where it was billed less.
        decides: Whether the list price of its requests is certain.
        outcome: list, markup, look-alike, discount, currency, unclear; None where the requests were not looked at.
        kind: The rule of a markup.
        explained_by: The look-alike that fits as well as a markup; None elsewhere.
        overpaid_usd: What markups took in its amounts; 0 where none did; None where the verdict is open.
    """

    model: str
    requests: int
    billed_usd: Decimal
    list_usd: Decimal
    pct: float | None
    low_pct: float | None
    over_list_usd: Decimal
    decides: bool
    outcome: str | None = None
    kind: str | None = None
    explained_by: str | None = None
    overpaid_usd: Decimal | None = None


class DayRow(msgspec.Struct, frozen=True):
    """One day through one gateway."""

    day: date
    requests: int
    billed_usd: Decimal
    list_usd: Decimal
    pct: float | None


class LookAlike(msgspec.Struct, frozen=True):
    """Something that would look like a markup, and whether it was ruled out."""

    name: str
    ruled_out: bool
    why: str


class Channel(msgspec.Struct, frozen=True):
    """What a gateway charges beside the token rate, by its own words; in no log row.

    Attributes:
        min_usd: The least that is charged at a time; on small purchases of credit it exceeds the percentage.
    """

    kind: str
    applies_to: str | None
    pct: Decimal | None
    usd: Decimal | None
    on_this_spend_usd: Decimal | None
    wording: str | None
    source: str
    verified: str
    min_usd: Decimal | None = None

    @property
    def figure(self) -> str:
        """The fee as a number, such as `5.5%, at least $0.80`."""
        parts = [f"{self.pct.normalize():f}%"] if self.pct is not None else []
        parts += [stated(self.usd)] if self.usd is not None else []
        least = f", at least {stated(self.min_usd)}" if self.min_usd is not None else ""
        return (" + ".join(parts) or "no number") + least


class ChannelSum(msgspec.Struct, frozen=True, kw_only=True):
    """One of the six ways in which a gateway can charge, with what is known of it.

    Attributes:
        channel: Which one.
        status: measured (in logs or bills), stated (by the gateway, applied to this spend), none (measured, and nothing
            is added), or unknown.
        usd: US dollars in the period; None is unknown.
        in_billed: Whether the dollars are inside the billed amounts.
        evidence: Sentences.
    """

    channel: ChannelName
    status: Literal["measured", "stated", "none", "unknown"]
    usd: Decimal | None
    in_billed: bool
    evidence: list[str]


class MarkupRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule by which a gateway adds to list.

    Attributes:
        kind: token_rate, conversion, per_request, rate_and_fee, output_rate, input_rate, class_rates, cache_discount,
            rate_and_cache_discount, minimum_charge, rounding_up, token_count or top_up.
        models: Which models it was found on.
        pct: In percent: of list for a rate, of the price of output (input) for `output_rate` (`input_rate`), of the
            discount for `cache_discount`; None where the rule is an amount.
        low_pct: Lower end of its 95% interval; lower still where an open condition could be part of it.
        high_pct: Upper end.
        fixed_usd: An amount: per request, the minimum, or the step.
        fixed_low_usd: Lower end of its 95% interval.
        fixed_high_usd: Upper end.
        of_list_pct: What it adds to list over all requests of these models, in percent.
        overpaid_usd: What it took in the period.
        since: The day it began; None where it held throughout.
        fits_pct: Percent of the sampled requests that follow it.
        sampled: Requests looked at.
        rivals: Rules that fit as well.
        stated_ratio: The ratio that the relay itself logged, where it did.
        tokens_per_request: Tokens on every request that were not sent.
        tokens_low: Lower end of its 95% interval.
        tokens_high: Upper end.
        by_model: What it took, by model; the parts of `overpaid_usd` that lie in the amounts.
    """

    kind: str
    models: list[str]
    pct: float | None = None
    low_pct: float | None = None
    high_pct: float | None = None
    fixed_usd: Decimal | None = None
    fixed_low_usd: Decimal | None = None
    fixed_high_usd: Decimal | None = None
    of_list_pct: float
    overpaid_usd: Decimal
    since: date | None = None
    fits_pct: float = 100.0
    sampled: int = 0
    rivals: list[str] = []
    stated_ratio: str | None = None
    tokens_per_request: float | None = None
    tokens_low: float | None = None
    tokens_high: float | None = None
    by_model: dict[str, Decimal] = {}


class ImpliedRate(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway charges for one class of tokens of a model, as a multiple of list, from its amounts.

    Attributes:
        ratio: Billed over list for this class alone; None where the requests cannot tell.
        why_not: What is missing, and what would settle it; None where there is a ratio.
    """

    model: str
    token_class: str
    ratio: float | None
    low: float | None
    high: float | None
    why_not: str | None = None


class SampleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request as evidence: no text of it.

    Attributes:
        request_id: As the log has it; None where only a summary of the log is at hand, which has no ids.
        file: Where it was read.
        line: Line or record of the file.
        tokens: Counters that are not 0.
        list_usd: The provider's list cost.
        billed_usd: What was charged.
        expected_usd: What the rule gives.
    """

    request_id: str | None
    file: str
    line: int
    day: date | None
    model: str
    tokens: dict[str, int]
    list_usd: Decimal
    billed_usd: Decimal
    expected_usd: Decimal


class GatewayRow(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway.

    Attributes:
        gateway: Its name, or the host of its address.
        verdict: none, markup, explained, undisclosed or undecidable.
        kind: The rule with most dollars behind a markup (`MarkupRule.kind`); None otherwise.
        pct: With a markup in the rates, the markup; else billed over list, minus 1: in percent.
        low_pct: Lower end: of the interval of a markup; else against the highest list price that may apply.
        high_pct: Upper end: of the interval of a markup; else against the cheapest.
        fixed_usd: The amount per request, or the minimum, of a markup that is one.
        overpaid_usd: What markups took, no discount set off; 0 where nothing was added or all of it is explained; None
            is unknown.
        billed_usd: What the gateway says it charged, over the priced requests.
        list_usd: The provider's list cost of the same requests.
        cost_per_list_usd: What 1 dollar of provider list costs here, with every known fee; None where unknown.
        requests: Requests compared.
        ruled_out: Look-alikes, in the order in which they were tried.
        channels: Fees beside the token rate that the catalog knows of.
        evidence: Sentences.
        by_model: The comparison by model.
        by_day: The comparison by day.
        over_list_usd: Billed minus list, whatever the reason: what was added less what was discounted.
        below_list_usd: What the models that cost less than list cost less; no markup is set off against it.
        monthly_usd: A twelfth of `yearly_usd`, to the cent; None where the period is not known.
        yearly_usd: What the markup takes in 365 days, at the pace since it began.
        found: Every rule behind a markup.
        sums: The six channels with their dollars.
        rates: Implied rates by class of tokens.
        samples: Requests as evidence.
        claims: What the gateway states of its fees, beside what was found.
        notes: What has to be known beside the verdict: odd requests, and those billed nothing. `evidence` has them too.
    """

    gateway: str
    verdict: Verdict
    kind: str | None = None
    pct: float | None = None
    low_pct: float | None = None
    high_pct: float | None = None
    fixed_usd: Decimal | None = None
    overpaid_usd: Decimal | None = None
    billed_usd: Decimal | None = None
    list_usd: Decimal | None = None
    cost_per_list_usd: Decimal | None = None
    requests: int
    ruled_out: list[LookAlike] = []
    channels: list[Channel] = []
    evidence: list[str] = []
    by_model: list[ModelRow]
    by_day: list[DayRow] = []
    over_list_usd: Decimal | None = None
    below_list_usd: Decimal | None = None
    monthly_usd: Decimal | None = None
    yearly_usd: Decimal | None = None
    found: list[MarkupRule] = []
    sums: list[ChannelSum] = []
    rates: list[ImpliedRate] = []
    samples: list[SampleRow] = []
    claims: list[str] = []
    notes: list[str] = []

    @property
    def over_list_pct(self) -> float | None:
        """Billed minus list, whatever the reason, in percent of list; `pct` is that of the rule where there is one."""
        return percent(self.over_list_usd, self.list_usd)

    @property
    def beside_usd(self) -> Decimal:
        """The part of `overpaid_usd` paid beside the billed amounts, such as a fee on buying credit: in no spend."""
        return total(
            channel_sum.usd or ZERO
            for channel_sum in self.sums
            if channel_sum.status == "measured" and not channel_sum.in_billed
        )


class Markup(msgspec.Struct, frozen=True):
    """Every gateway in the traffic."""

    gateways: list[GatewayRow]
    caveat: str = (
        "A log proves what was charged, not what was run: it does not show hidden reasoning tokens or another model "
        "behind the same name. Each verdict names the look-alikes that the log leaves open."
    )
