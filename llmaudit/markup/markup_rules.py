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
    "token_rate": "billed is list times {ratio}",
    "conversion": "billed is list times {ratio}, the group ratio that the relay logs",
    "per_request": "{fixed} is added to every request",
    "rate_and_fee": "billed is list times {ratio} and {fixed} a request",
    "output_rate": "output costs {pct:+.2f}% over list, input is at list",
    "input_rate": "input costs {pct:+.2f}% over list, output is at list",
    "class_rates": "input and output are both over list, by different rates ({pct:+.2f}% together)",
    "cache_discount": "{pct:.1f}% of the discount on cached input is kept: it is billed at the price of ordinary input",
    "rate_and_cache_discount": "billed is list times {ratio}, with cached input at the price of ordinary input",
    "minimum_charge": "no request is billed less than {fixed}",
    "rounding_up": "every amount is rounded up to {fixed}",
    "token_count": "every prompt is counted {ratio} times as large as it was",
    "subscription": "{fixed} was paid for a subscription or by request, beside the amounts",
    "add_on": "{fixed} was paid for add-ons, beside the amounts",
    "top_up": "credit costs {pct:+.2f}% when it is bought",
}
"""Each kind as a claim."""


PAID_BESIDE = {"subscription", "add_on"}


def rule_sentence(found: MarkupRule) -> str:
    """Return a finding in words, with its interval."""
    if found.tokens_per_request is not None:
        interval = _span(f"{found.tokens_low:.1f}", f"{found.tokens_high:.1f}")
        return f"{found.tokens_per_request:.4g} tokens that were not sent are billed on every request{interval}"
    pct = found.pct if found.pct is not None else 0.0
    text = WORDS[found.kind].format(
        ratio=f"{1 + pct / 100:.4g}", fixed=shown(found.fixed_usd, 2 if found.kind in PAID_BESIDE else 6), pct=pct
    )
    if found.pct is not None and found.low_pct is not None and found.high_pct is not None:
        text += _span(f"{found.low_pct:.2f}%", f"{found.high_pct:.2f}%")
    elif found.fixed_low_usd is not None and found.fixed_high_usd is not None:
        text += _span(shown(found.fixed_low_usd, 6), shown(found.fixed_high_usd, 6))
    return text + (f" since {found.since}" if found.since else "")


def _span(low: str, high: str) -> str:
    """Return an interval in words; one whose ends are alike in the digits shown has one."""
    return f" ({low} to {high})" if low != high else f" ({low}, to the last digit shown)"


def markup_rules(judgement: Judgement, cells: Mapping[str, Sequence[PricedCell]]) -> list[MarkupRule]:
    """Return every rule behind a markup, the one with most dollars first."""
    every = [_found(group, judgement, cells) for group in judgement.groups]
    return sorted(every, key=lambda one: (-one.overpaid_usd, one.kind))


def _found(group: ModelGroup, judgement: Judgement, cells: Mapping[str, Sequence[PricedCell]]) -> MarkupRule:
    rule = group.decision.rule
    models = list(dict.fromkeys(model for name in group.models for model in judgement.members(name)))
    since = None if rule.since is None else EPOCH + timedelta(days=rule.since)
    stated = stated_ratio(group.decision.rule, group.panel)
    kind = "conversion" if rule.kind == "token_rate" and stated else str(rule.kind)
    pct, low, high = _percent(group)
    every = judgement.panel.where(np.isin([row.model for row in judgement.panel.rows], models))
    if len(every) == len(group.panel):
        every, predicted = group.panel, rule.predicted
    else:  # the rule was found on some of the requests
        predicted = predicted_by(rule, Bench(every))
    taken = {model: _overpaid(group, every, predicted, own) for model in models if (own := cells.get(model))}
    fixed = rule.numbers.get("fee") or rule.numbers.get("minimum") or rule.numbers.get("step")
    unsent = rule.numbers.get("tokens")
    return MarkupRule(
        kind=kind,
        models=models,
        pct=pct,
        low_pct=low,
        high_pct=high,
        fixed_usd=dollars(fixed.value) if fixed else None,
        fixed_low_usd=dollars(fixed.low) if fixed else None,
        fixed_high_usd=dollars(fixed.high) if fixed else None,
        of_list_pct=100 * float((predicted - every.listed).sum() / every.listed.sum()),
        overpaid_usd=total(taken.values()),
        by_model=taken,
        since=since,
        fits_pct=100 * group.decision.fits,
        sampled=len(group.panel),
        rivals=list(group.decision.rivals),
        stated_ratio=stated,
        tokens_per_request=unsent.value if unsent else None,
        tokens_low=unsent.low if unsent else None,
        tokens_high=unsent.high if unsent else None,
    )


def _percent(group: ModelGroup) -> tuple[float | None, float | None, float | None]:
    """Return the percentage of a rule with its interval; the low end leaves room for an open condition."""
    numbers = group.decision.rule.numbers
    if rate := numbers.get("rate"):
        room = group.decision.dearest
        low = rate.low / room if room > 1 + TOLERANCE and rate.low / room > 1 + TOLERANCE else rate.low
        return 100 * (rate.value - 1), 100 * (low - 1), 100 * (rate.high - 1)
    if group.decision.rule.kind == "class_rates":
        pct = 100 * group.decision.over
        spread = max(_relative(number) for number in numbers.values())
        return pct, pct * (1 - spread), pct * (1 + spread)
    one = numbers.get("output") or numbers.get("input") or numbers.get("kept")
    if one is None:
        return None, None, None
    return 100 * (one.value - one.null), 100 * (one.low - one.null), 100 * (one.high - one.null)


def _relative(number: Number) -> float:
    added = abs(number.value - number.null)
    return (number.high - number.value) / added if added else 0.0


def _overpaid(group: ModelGroup, panel: Panel, predicted: Floats, cells: Sequence[PricedCell]) -> Decimal:
    """Return what a rule took from a model's requests: billed minus list, where that is nothing but the rule.

    Where some requests follow another rule (a tier the log does not show), it is the rule's share of what was billed.
    """
    since = group.decision.rule.since
    touched = [one for one in cells if since is None or (one.cell.day and (one.cell.day - EPOCH).days >= since)]
    charged, cost = cell_sums.billed(touched), cell_sums.listed(touched)
    model = cells[0].cell.model
    mine = [i for i, row in enumerate(panel.rows) if row.model == model and (since is None or panel.day[i] >= since)]
    ruled = float(predicted[mine].sum())
    added = ruled - float(panel.listed[mine].sum())
    share = added / ruled if ruled > 0 else 0.0
    by_rule = EXACT.multiply(charged, Decimal(repr(round(share, 9))))
    exact = charged - cost
    near = abs(exact - by_rule) <= EXACT.multiply(abs(by_rule), Decimal("0.02")) + times(cost, Decimal("0.0005"))
    return exact if near and group.decision.fits >= FOLLOWED else by_rule


def dollars(amount: float) -> Decimal:
    """Return an estimate as money: it is one, so its digits end at 1e-12."""
    return Decimal(repr(round(amount, 12)))


def pct_range(
    verdict: Verdict, found: Sequence[MarkupRule], judgement: Judgement, models: Iterable[ModelRow]
) -> tuple[float | None, float | None, float | None]:
    """Return the percentage of a gateway with its interval.

    With a markup: that of its main rule, as a share of list. Else billed over list as it is, down to what the highest
    price under an open condition leaves of it.
    """
    rows = list(models)
    over_all = cell_sums.over(total(row.billed_usd for row in rows), total(row.list_usd for row in rows))
    if verdict != "markup":
        lows = [row.low_pct for row in rows if row.low_pct is not None]
        return over_all, min([*lows, *([over_all] if over_all is not None else [])], default=None), over_all
    main = found[0]
    if main.pct is not None and main.kind in OF_LIST:
        return main.pct, main.low_pct, main.high_pct
    number = next(iter(judgement.groups[0].decision.rule.numbers.values()))
    spread = _relative(number)
    return main.of_list_pct, main.of_list_pct * (1 - spread), main.of_list_pct * (1 + spread)


OF_LIST = {"token_rate", "conversion", "rate_and_fee", "rate_and_cache_discount", "class_rates"}
"""Kinds whose percentage is one of list."""
