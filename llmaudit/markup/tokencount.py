"""Tokens that were billed but never sent: reported prompt sizes against sizes known from elsewhere, model by model.

Reported = intercept + slope x expected. The intercept is a hidden prompt, the slope an inflation of every count. A
direct run of the same prompts gives both exactly. With the text and a public vocabulary, the chat template leaves a few
tokens open. With an estimated vocabulary only a large intercept proves anything, and the slope nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from msgspec.structs import replace

from llmaudit.cells import PricedCell
from llmaudit.markup import cell_sums
from llmaudit.markup.markup_rules import dollars
from llmaudit.markup.model import MarkupRule
from llmaudit.markup.regression import quantile95, regress
from llmaudit.money import EXACT, ZERO, total
from llmaudit.request import COUNTERS
from llmaudit.summaries.prompts import SizedPrompt

INPUT = COUNTERS.index("input_tokens")

FEW = 20
"""Fewer prompts than this decide nothing."""

SLOPE = 0.005
"""An inflation below half a percent cannot be distinguished from none: token counts are whole numbers."""

ESTIMATED_SLOPE = 0.35
"""Token counts of one text differ by this much between tokenizers: an estimated count proves no smaller inflation."""

ESTIMATED_TOKENS = 100
"""What an estimated vocabulary may be off by on a short prompt, in tokens."""

HALF = 0.5

ULP = 1e-6


@dataclass(frozen=True)
class TokenCount:
    """What reported prompt sizes of one model say.

    Attributes:
        model: Canonical name.
        by: direct or text.
        family: Tokenizer family; None is unknown.
        is_exact: Whether the expected counts are exact.
        prompts: How many were compared.
        extra: Tokens on every request that were not sent, the chat template's own left out.
        low: Lower end of the 95% interval.
        high: Upper end: with nothing left to a chat template.
        slope: Reported over expected beyond that; None where the prompts are too alike to tell.
        slope_low: Lower end of the 95% interval.
        slope_high: Upper end.
        verdict: padding, inflation, none, or unclear.
        why: A sentence.
    """

    model: str
    by: str
    family: str | None
    is_exact: bool
    prompts: int
    extra: float
    low: float
    high: float
    slope: float | None
    slope_low: float | None
    slope_high: float | None
    verdict: str
    why: str

    @property
    def slopes(self) -> tuple[float | None, float | None, float | None]:
        """The slope with its interval: estimate, lower end, upper end."""
        return self.slope, self.slope_low, self.slope_high


def token_counts(prompts: Sequence[SizedPrompt]) -> list[TokenCount]:
    """Return what each model's prompts say; a direct run of a model is heard before its text."""
    groups: dict[tuple[str, str], list[SizedPrompt]] = {}
    for row in prompts:
        groups.setdefault((row.model, row.by), []).append(row)
    counts = [_counted(rows) for rows in groups.values() if len(rows) >= FEW]
    direct = {count.model for count in counts if count.by == "direct"}
    return sorted(
        (count for count in counts if count.by == "direct" or count.model not in direct), key=lambda count: count.model
    )


def _counted(rows: Sequence[SizedPrompt]) -> TokenCount:
    first = rows[0]
    expected = np.array([row.expected for row in rows], dtype=float)
    reported = np.array([row.reported for row in rows], dtype=float)
    wrapping = np.array([row.wrapping for row in rows], dtype=float)
    sigma = np.full(len(rows), HALF) + (0.0 if first.is_exact else 0.1 * expected)
    line = regress(np.stack([np.ones(len(rows)), expected], axis=1), reported - wrapping, sigma)
    if line is None or line.condition > MOST_ALIKE:
        extra = reported - wrapping - expected
        reach = quantile95(len(rows)) * float(extra.std(ddof=1)) / len(rows) ** 0.5
        middle, slope = float(np.median(extra)), None
        return _judged(first, len(rows), middle, max(reach, 0.0), slope, 0.0, float(np.median(wrapping)))
    reach, steep = (quantile95(len(rows)) * float(error) for error in line.errors)
    return _judged(
        first, len(rows), float(line.values[0]), reach, float(line.values[1]), steep, float(np.median(wrapping))
    )


MOST_ALIKE = 200.0
"""Condition number beyond which all prompts have nearly one size: what is added and what is multiplied look alike."""


def _judged(
    row: SizedPrompt, prompts: int, extra: float, reach: float, slope: float | None, steep: float, wrapping: float
) -> TokenCount:
    reach += ULP  # counts that agree to the last token are still floats once they are divided
    low, high = extra - reach, extra + reach + wrapping
    least = 1.0 if row.by == "direct" else 2.0 + wrapping if row.is_exact else float(ESTIMATED_TOKENS)
    gap = abs((slope or 1.0) - 1.0)
    inflated = slope is not None and gap > (SLOPE if row.is_exact else ESTIMATED_SLOPE) + steep and slope > 1
    if inflated:
        verdict, why = "inflation", f"reported sizes are {slope:.4f} times what was sent"
    elif low > least - 0.5:
        verdict, why = (
            "padding",
            f"every request reports {extra:.1f} tokens ({low:.1f} to {high:.1f}) that were not sent",
        )
    elif abs(extra) <= least and (row.is_exact or gap <= ESTIMATED_SLOPE):
        verdict, why = "none", f"reported sizes match what was sent, within {max(least, reach):.0f} tokens a request"
    else:
        verdict, why = (
            "unclear",
            "the sizes differ by no constant and no factor: the same prompts sent to the provider would settle it",
        )
    how = {
        "direct": "against the same prompts sent to the provider",
        "text": "against kept texts counted with "
        + ("the model's public vocabulary" if row.is_exact else "an estimate, since its vocabulary is not public"),
    }[row.by]
    return TokenCount(
        row.model, row.by, row.family, row.is_exact, prompts, extra, low, high, slope,
        None if slope is None else slope - steep, None if slope is None else slope + steep,
        verdict, f"{row.model}: {why}, on {prompts} prompts {how}",
    )  # fmt: skip


PADDED = {"padding", "inflation"}
"""Verdicts by which tokens were billed that were not sent."""


def unsent_usd(counts: Sequence[TokenCount], compared: Sequence[PricedCell]) -> Decimal:
    """Return what tokens that were reported but not sent cost at list: it is part of the list cost of the requests."""
    return total(padding_usd(count, compared) for count in counts if count.verdict in PADDED)


def padding_usd(count: TokenCount, compared: Sequence[PricedCell]) -> Decimal:
    """Return what the unsent tokens of one model cost, at the list price of ordinary input.

    Padding adds a number of tokens to every request; inflation makes every prompt longer by a share of its size.
    """
    model_cells = [priced for priced in compared if priced.cell.model == count.model]
    if count.verdict == "padding":
        extra = Decimal(repr(round(max(count.extra, 0.0), 3)))
        unsent = [(priced, EXACT.multiply(extra, Decimal(priced.cell.requests))) for priced in model_cells]
    else:
        share = dollars(1 - 1 / count.slope) if count.slope else ZERO
        unsent = [(priced, EXACT.multiply(share, Decimal(priced.cell.prompt_tokens))) for priced in model_cells]
    return total(EXACT.multiply(priced.rates.expected[INPUT], tokens) for priced, tokens in unsent if priced.rates)


def token_rules(counts: Sequence[TokenCount], compared: Sequence[PricedCell]) -> list[MarkupRule]:
    """Return padded counts as findings: one for each kind of padding."""
    padded_counts = [count for count in counts if count.verdict in PADDED]
    models = {count.model for count in padded_counts}
    list_usd = cell_sums.listed(priced for priced in compared if priced.cell.model in models)
    by_verdict = (
        (verdict, [count for count in padded_counts if count.verdict == verdict])
        for verdict in ("padding", "inflation")
    )
    return [
        _token_rule(verdict, counts_of_verdict, compared, list_usd)
        for verdict, counts_of_verdict in by_verdict
        if counts_of_verdict
    ]


def _token_rule(
    verdict: str, padded_counts: Sequence[TokenCount], compared: Sequence[PricedCell], list_usd: Decimal
) -> MarkupRule:
    main_count = max(padded_counts, key=lambda count: count.prompts)
    overpaid_by_model = {count.model: padding_usd(count, compared) for count in padded_counts}
    usd = total(overpaid_by_model.values())
    rule = MarkupRule(
        kind="token_count",
        models=[count.model for count in padded_counts],
        of_list_pct=float(100 * usd / list_usd) if list_usd else 0.0,
        overpaid_usd=usd,
        by_model=overpaid_by_model,
        sampled=sum(count.prompts for count in padded_counts),
    )
    if verdict == "padding":
        return replace(
            rule, tokens_per_request=main_count.extra, tokens_low=main_count.low, tokens_high=main_count.high
        )
    pct, low, high = (None if slope is None else 100 * (slope - 1) for slope in main_count.slopes)
    return replace(rule, pct=pct, low_pct=low, high_pct=high)
