"""Requests that no rule explains: what they amount to, whether they are too few to matter, and those billed nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

from llmaudit.arrays import Bools
from llmaudit.markup.decide import Decision
from llmaudit.markup.judge import Judgement
from llmaudit.markup.panel import Panel, is_free
from llmaudit.money import shown, total
from llmaudit.summaries.billed import BilledRequest


def unexplained_share(decision: Decision) -> float:
    """Return the amount above list that neither a rule nor a look-alike explains, as a share of list."""
    if decision.outcome == "unclear":
        return float((decision.bench.panel.billed - decision.bench.listed).sum() / decision.bench.listed.sum())
    if decision.outcome == "list" and decision.fits < 1:
        residual = decision.bench.panel.billed - decision.bench.listed
        return max(float(residual[outlier_mask(decision)].sum() / decision.bench.listed.sum()), 0.0)
    return 0.0


def outlier_mask(decision: Decision) -> Bools:
    """Say which requests do not follow the explanation found for their model."""
    is_outlier: Bools = np.abs(decision.bench.residual(decision.rule.predicted)) > OUTLIER_ERRORS * decision.bench.scale
    return is_outlier


def are_outliers_negligible(judgement: Judgement) -> bool:
    """Say whether the odd requests of models at list are too few, and too small, to be a gateway's business.

    They are shown with what they come to (`outlier_notes`), and keep no verdict open.
    """
    at_list = [decision for decision in judgement.models.values() if decision.outcome == "list"]
    count = sum(int(outlier_mask(decision).sum()) for decision in at_list)
    list_usd = [float(decision.bench.listed.sum()) for decision in at_list]
    excess_usd = sum(unexplained_share(decision) * size for decision, size in zip(at_list, list_usd, strict=True))
    return count <= FEW_OUTLIERS * sum(
        len(decision.bench.panel) for decision in at_list
    ) and excess_usd <= LITTLE * sum(list_usd)


OUTLIER_ERRORS = 4.0
"""Errors beyond which a request does not follow a rule."""

FEW_OUTLIERS, LITTLE = 0.01, 0.03
"""Share of requests, and of list cost, up to which odd amounts are treated as accidents of the log."""


def outlier_notes(judgement: Judgement) -> list[str]:
    """Return a sentence about the odd requests of models at list: their sum, and where the largest are; or none."""
    outliers = {
        key: np.flatnonzero(outlier_mask(decision))
        for key, decision in judgement.models.items()
        if decision.outcome == "list"
    }
    count = sum(map(len, outliers.values()))
    if not count:
        return []
    sized_rows, excess_usd, sampled = [], 0.0, 0
    for key, indices in outliers.items():
        bench = judgement.models[key].bench
        residual = (bench.panel.billed - bench.listed)[indices]
        sized_rows += [(abs(size), bench.panel.rows[i]) for i, size in zip(indices, residual.tolist(), strict=True)]
        excess_usd, sampled = excess_usd + float(residual.sum()), sampled + len(bench.panel)
    largest = sorted(sized_rows, key=lambda pair: (-pair[0], pair[1].file, pair[1].line))[:3]
    where = ", ".join(f"line {row.line} of {PurePath(row.file).name}" for _, row in largest)
    sign = "-" if excess_usd < 0 else "+"
    sentence = (
        f"{count:,} of {sampled:,} sampled requests ({100 * count / sampled:.2g}%) fit no rule and no look-alike and "
        f"differ by {sign}${abs(excess_usd):.4f} in total: {where}"
    )
    return [sentence]


def unbilled_notes(panel: Panel) -> list[str]:
    """Return what was billed nothing, in a sentence; nothing where all was billed."""
    is_unbilled = is_free(panel)
    if not is_unbilled.any():
        return []
    share = float(panel.listed[is_unbilled].sum() / panel.listed.sum())
    sentence = (
        f"{int(is_unbilled.sum()):,} of {len(panel):,} sampled requests ({100 * share:.2g}% of their list cost) were "
        "not billed, as if answered by the gateway's own cache: they say nothing about its rates, but lower billed "
        "against list"
    )
    return [sentence]


def other_charge_notes(sample: Sequence[BilledRequest]) -> list[str]:
    """Return what was charged for other things than tokens, in a sentence; nothing where no log states any."""
    rows = [row for row in sample if row.besides_usd]
    if not rows:
        return []
    usd = shown(total(row.besides_usd for row in rows))
    sentence = (
        f"{usd} on {len(rows):,} of {len(sample):,} sampled requests is for web searches or files, which the log "
        "states separately: it is part of what was billed, but is not compared with list"
    )
    return [sentence]
