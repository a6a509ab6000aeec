"""From a fitted rule to a finding: a percentage or an amount with its interval, and exact dollars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from llmaudit.arrays import Floats
from llmaudit.cells import PricedCell
from llmaudit.markup import cell_sums
from llmaudit.markup.doubts import stated_ratio
from llmaudit.markup.judge import Judgement, ModelGroup
from llmaudit.markup.model import TOLERANCE, MarkupRule, ModelRow, Verdict
from llmaudit.markup.panel import Panel
from llmaudit.markup.rule_shapes import predicted_by
from llmaudit.markup.rules import Bench, Number
from llmaudit.money import EXACT, shown, times, total

EPOCH = date(1970, 1, 1)
FOLLOWED = 0.98
"""Above this share of requests on the rule, billed minus list is the markup itself, to the last digit."""

WORDS = {
    "token_rate": "billed at {ratio} times list",
    "conversion": "billed at {ratio} times list, the group ratio in the gateway's own log",
    "per_request": "{fixed} is added to every request",
    "rate_and_fee": "billed at {ratio} times list plus {fixed} per request",
    "output_rate": "output is billed {pct:+.2f}% over list, input at list",
    "input_rate": "input is billed {pct:+.2f}% over list, output at list",
    "class_rates": "input and output are both over list, by different rates ({pct:+.2f}% together)",
    "cache_discount": "{pct:.1f}% of the discount on cached input is withheld: it is billed like ordinary input",
    "rate_and_cache_discount": "billed at {ratio} times list, with cached input at the price of ordinary input",
    "minimum_charge": "no request is billed below {fixed}",
    "rounding_up": "every amount is rounded up to {fixed}",
    "token_count": "every prompt is counted as {ratio} times its size",
    "subscription": "{fixed} was paid for a subscription or per request, on top of the amounts",
    "add_on": "{fixed} was paid for add-ons, on top of the amounts",
    "top_up": "buying credit costs {pct:+.2f}%",
}
"""Each kind as a claim."""


PAID_BESIDE = {"subscription", "add_on"}


def rule_sentence(rule: MarkupRule) -> str:
    """Return a finding in words, with its interval."""
    if rule.tokens_per_request is not None:
        interval = _span(f"{rule.tokens_low:.1f}", f"{rule.tokens_high:.1f}")
        return f"{rule.tokens_per_request:.4g} tokens that were not sent are billed on every request{interval}"
    pct = rule.pct if rule.pct is not None else 0.0
    text = WORDS[rule.kind].format(
        ratio=f"{1 + pct / 100:.4g}", fixed=shown(rule.fixed_usd, 2 if rule.kind in PAID_BESIDE else 6), pct=pct
    )
    if rule.pct is not None and rule.low_pct is not None and rule.high_pct is not None:
        text += _span(f"{rule.low_pct:.2f}%", f"{rule.high_pct:.2f}%")
    elif rule.fixed_low_usd is not None and rule.fixed_high_usd is not None:
        text += _span(shown(rule.fixed_low_usd, 6), shown(rule.fixed_high_usd, 6))
    return text + (f" since {rule.since}" if rule.since else "")


def _span(low: str, high: str) -> str:
    """Return an interval in words; one number where both ends read the same."""
    return f" ({low} to {high})" if low != high else f" ({low}, exact to the digits shown)"


def markup_rules(judgement: Judgement, cells: Mapping[str, Sequence[PricedCell]]) -> list[MarkupRule]:
    """Return every rule behind a markup, the one with most dollars first."""
    rules = [_markup_rule(group, judgement, cells) for group in judgement.groups]
    return sorted(rules, key=lambda rule: (-rule.overpaid_usd, rule.kind))


def _markup_rule(group: ModelGroup, judgement: Judgement, cells: Mapping[str, Sequence[PricedCell]]) -> MarkupRule:
    rule = group.decision.rule
    models = list(dict.fromkeys(model for name in group.models for model in judgement.members(name)))
    since = None if rule.since is None else EPOCH + timedelta(days=rule.since)
    stated = stated_ratio(group.decision.rule, group.panel)
    kind = "conversion" if rule.kind == "token_rate" and stated else str(rule.kind)
    pct, low_pct, high_pct = _pct_interval(group)
    panel = judgement.panel.where(np.isin([row.model for row in judgement.panel.rows], models))
    if len(panel) == len(group.panel):
        panel, predicted = group.panel, rule.predicted
    else:  # the rule was found on some of the requests
        predicted = predicted_by(rule, Bench(panel))
    overpaid_by_model = {
        model: _overpaid_usd(group, panel, predicted, model_cells)
        for model in models
        if (model_cells := cells.get(model))
    }
    fixed_number = rule.numbers.get("fee") or rule.numbers.get("minimum") or rule.numbers.get("step")
    unsent_tokens = rule.numbers.get("tokens")
    return MarkupRule(
        kind=kind,
        models=models,
        pct=pct,
        low_pct=low_pct,
        high_pct=high_pct,
        fixed_usd=dollars(fixed_number.value) if fixed_number else None,
        fixed_low_usd=dollars(fixed_number.low) if fixed_number else None,
        fixed_high_usd=dollars(fixed_number.high) if fixed_number else None,
        of_list_pct=100 * float((predicted - panel.listed).sum() / panel.listed.sum()),
        overpaid_usd=total(overpaid_by_model.values()),
        by_model=overpaid_by_model,
        since=since,
        fits_pct=100 * group.decision.fits,
        sampled=len(group.panel),
        rivals=list(group.decision.rivals),
        stated_ratio=stated,
        tokens_per_request=unsent_tokens.value if unsent_tokens else None,
        tokens_low=unsent_tokens.low if unsent_tokens else None,
        tokens_high=unsent_tokens.high if unsent_tokens else None,
    )


def _pct_interval(group: ModelGroup) -> tuple[float | None, float | None, float | None]:
    """Return the percentage of a rule with its interval; the low end leaves room for an open condition."""
    numbers = group.decision.rule.numbers
    if rate := numbers.get("rate"):
        regional_ratio = group.decision.highest_regional_ratio
        low = (
            rate.low / regional_ratio
            if regional_ratio > 1 + TOLERANCE and rate.low / regional_ratio > 1 + TOLERANCE
            else rate.low
        )
        return 100 * (rate.value - 1), 100 * (low - 1), 100 * (rate.high - 1)
    if group.decision.rule.kind == "class_rates":
        pct = 100 * group.decision.added_share
        spread = max(_relative(number) for number in numbers.values())
        return pct, pct * (1 - spread), pct * (1 + spread)
    main_number = numbers.get("output") or numbers.get("input") or numbers.get("kept")
    if main_number is None:
        return None, None, None
    return (
        100 * (main_number.value - main_number.null),
        100 * (main_number.low - main_number.null),
        100 * (main_number.high - main_number.null),
    )


def _relative(number: Number) -> float:
    added = abs(number.value - number.null)
    return (number.high - number.value) / added if added else 0.0


def _overpaid_usd(group: ModelGroup, panel: Panel, predicted: Floats, cells: Sequence[PricedCell]) -> Decimal:
    """Return what a rule took from a model's requests: billed minus list, where that is nothing but the rule.

    Where some requests follow another rule (a tier the log does not show), it is the rule's share of what was billed.
    """
    since = group.decision.rule.since
    cells_since = [
        priced for priced in cells if since is None or (priced.cell.day and (priced.cell.day - EPOCH).days >= since)
    ]
    billed_usd, list_usd = cell_sums.billed(cells_since), cell_sums.listed(cells_since)
    model = cells[0].cell.model
    indices = [i for i, row in enumerate(panel.rows) if row.model == model and (since is None or panel.day[i] >= since)]
    predicted_usd = float(predicted[indices].sum())
    added_usd = predicted_usd - float(panel.listed[indices].sum())
    share = added_usd / predicted_usd if predicted_usd > 0 else 0.0
    rule_usd = EXACT.multiply(billed_usd, Decimal(repr(round(share, 9))))
    over_list_usd = billed_usd - list_usd
    is_near = abs(over_list_usd - rule_usd) <= EXACT.multiply(abs(rule_usd), Decimal("0.02")) + times(
        list_usd, Decimal("0.0005")
    )
    return over_list_usd if is_near and group.decision.fits >= FOLLOWED else rule_usd


def dollars(amount: float) -> Decimal:
    """Return an estimate as money: it is one, so its digits end at 1e-12."""
    return Decimal(repr(round(amount, 12)))


def pct_range(
    verdict: Verdict, rules: Sequence[MarkupRule], judgement: Judgement, models: Iterable[ModelRow]
) -> tuple[float | None, float | None, float | None]:
    """Return the percentage of a gateway with its interval.

    With a markup: that of its main rule, as a share of list. Else billed over list as it is, down to what the highest
    price under an open condition leaves of it.
    """
    rows = list(models)
    over_all_pct = cell_sums.over_pct(total(row.billed_usd for row in rows), total(row.list_usd for row in rows))
    if verdict != "markup":
        low_pcts = [row.low_pct for row in rows if row.low_pct is not None]
        return (
            over_all_pct,
            min([*low_pcts, *([over_all_pct] if over_all_pct is not None else [])], default=None),
            over_all_pct,
        )
    main_rule = rules[0]
    if main_rule.pct is not None and main_rule.kind in OF_LIST:
        return main_rule.pct, main_rule.low_pct, main_rule.high_pct
    number = next(iter(judgement.groups[0].decision.rule.numbers.values()))
    spread = _relative(number)
    return main_rule.of_list_pct, main_rule.of_list_pct * (1 - spread), main_rule.of_list_pct * (1 + spread)


OF_LIST = {"token_rate", "conversion", "rate_and_fee", "rate_and_cache_discount", "class_rates"}
"""Kinds whose percentage is one of list."""
