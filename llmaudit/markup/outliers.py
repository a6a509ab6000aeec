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


def unexplained_share(one: Decision) -> float:
    """Return the amount above list that neither a rule nor a look-alike explains, as a share of list."""
    if one.outcome == "unclear":
        return float((one.bench.panel.billed - one.bench.listed).sum() / one.bench.listed.sum())
    if one.outcome == "list" and one.fits < 1:
        residual = one.bench.panel.billed - one.bench.listed
        return max(float(residual[outlier_mask(one)].sum() / one.bench.listed.sum()), 0.0)
    return 0.0


def outlier_mask(one: Decision) -> Bools:
    """Say which requests do not follow the explanation found for their model."""
    found: Bools = np.abs(one.bench.residual(one.rule.predicted)) > ODD * one.bench.scale
    return found


def are_outliers_negligible(judgement: Judgement) -> bool:
    """Say whether the odd requests of models at list are too few, and too small, to be a gateway's business.

    They are shown with what they come to (`outlier_notes`), and keep no verdict open.
    """
    at_list = [one for one in judgement.models.values() if one.outcome == "list"]
    count = sum(int(outlier_mask(one).sum()) for one in at_list)
    listed = [float(one.bench.listed.sum()) for one in at_list]
    dollars = sum(unexplained_share(one) * size for one, size in zip(at_list, listed, strict=True))
    return count <= FEW_ODD * sum(len(one.bench.panel) for one in at_list) and dollars <= LITTLE * sum(listed)


ODD = 4.0
"""Errors beyond which a request does not follow a rule."""

FEW_ODD, LITTLE = 0.01, 0.03
"""Share of requests, and of list cost, up to which odd amounts are treated as accidents of the log."""


def outlier_notes(judgement: Judgement) -> list[str]:
    """Return a sentence about the odd requests of models at list: their sum, and where the largest are; or none."""
    odd = {key: np.flatnonzero(outlier_mask(one)) for key, one in judgement.models.items() if one.outcome == "list"}
    count = sum(map(len, odd.values()))
    if not count:
        return []
    rows, over, most = [], 0.0, 0
    for key, indices in odd.items():
        bench = judgement.models[key].bench
        residual = (bench.panel.billed - bench.listed)[indices]
        rows += [(abs(size), bench.panel.rows[i]) for i, size in zip(indices, residual.tolist(), strict=True)]
        over, most = over + float(residual.sum()), most + len(bench.panel)
    largest = sorted(rows, key=lambda pair: (-pair[0], pair[1].file, pair[1].line))[:3]
    where = ", ".join(f"line {row.line} of {PurePath(row.file).name}" for _, row in largest)
    sign = "-" if over < 0 else "+"
    told = (
        f"{count:,} of {most:,} sampled requests ({100 * count / most:.2g}%) are billed otherwise, together "
        f"{sign}${abs(over):.4f}, by no rule and no look-alike: {where}"
    )
    return [told]


def unbilled_notes(panel: Panel) -> list[str]:
    """Return what was billed nothing, in a sentence; nothing where all was billed."""
    free = is_free(panel)
    if not free.any():
        return []
    share = float(panel.listed[free].sum() / panel.listed.sum())
    told = (
        f"{int(free.sum()):,} of {len(panel):,} sampled requests ({100 * share:.2g}% of their list cost) were billed "
        "nothing, as by a gateway's own cache: they say nothing of its rates, and lower billed against list"
    )
    return [told]


def other_charge_notes(sample: Sequence[BilledRequest]) -> list[str]:
    """Return what was charged for other things than tokens, in a sentence; nothing where no log states any."""
    rows = [row for row in sample if row.besides_usd]
    if not rows:
        return []
    usd = shown(total(row.besides_usd for row in rows))
    told = (
        f"{usd} of {len(rows):,} of {len(sample):,} sampled requests is for web "
        "searches or files, as the log states it apart: in what was billed, and not held against list"
    )
    return [told]
