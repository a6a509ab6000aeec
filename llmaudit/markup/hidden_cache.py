"""Cached tokens that a log does not show: what they leave open, and which requests certainly had none.

A prompt that is partly read from a cache, or written to one, can cost anything between two prices: its list cost is a
range. But sellers cache prompts only from a certain size on (`pricing/overlay/caching.yaml`). The amounts of smaller
prompts show what the gateway does, whatever the log leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from llmaudit.arrays import Bools, Floats
from llmaudit.catalog import Catalog
from llmaudit.markup.decide import CLOSE, Decision, LookAlikeScore, decide
from llmaudit.markup.lookalike_fitting import FittedLookAlike
from llmaudit.markup.lookalikes import FACTORS, alternatives
from llmaudit.markup.model import TOLERANCE
from llmaudit.markup.panel import Panel
from llmaudit.markup.regression import MIN_ROWS
from llmaudit.markup.rule_shapes import predicted_by
from llmaudit.markup.rules import Bench, FittedRule

NEARLY_ALL = 0.97
"""Share of the amounts that must be within the range: every log has a few odd requests."""

SOME = 0.1
"""Share of the requests that have to be at list, uncached, where hidden cached parts are to explain the others."""

RATIOS = ("rate", "input", "output")
"""Numbers of a rule that hidden parts of a prompt may be multiplied with."""

NAME = "cache class"


@dataclass(frozen=True)
class CostRange:
    """What requests may cost at list if cached parts of any size are hidden.

    Attributes:
        low: US dollars, had all of each prompt been read from a cache, where the log shows no reads.
        high: US dollars, had all of it been written to one, where the log shows no writes; or for an hour, where it has
            no such writes.
        label: What the log does not show.
        is_certain: Requests without such a part: nothing of theirs is open, or their prompt is too small to be cached.
    """

    low: Floats
    high: Floats
    label: str
    is_certain: Bools


def cost_range(panel: Panel, catalog: Catalog) -> CostRange | None:
    """Return the range that hidden cached parts leave open; None if the log shows them, or they are free."""
    quantities, factors, listed = panel.quantities, panel.factors, panel.listed
    input_tokens, input_price = quantities[:, FACTORS["input_tokens"]], factors[:, FACTORS["input_tokens"]]
    write_columns = [FACTORS[f"cache_write_{name}_tokens"] for name in ("5m", "1h", "other")]
    low, high, words = listed, listed, []
    if not quantities[:, FACTORS["cache_read_tokens"]].any():
        low = listed - input_tokens * np.maximum(input_price - factors[:, FACTORS["cache_read_tokens"]], 0.0)
        words.append("reads")
    if not quantities[:, write_columns].any():
        high = listed + input_tokens * np.maximum(factors[:, write_columns].max(axis=1) - input_price, 0.0)
        words.append("writes")
    elif not quantities[:, FACTORS["cache_write_1h_tokens"]].any():  # the log may tell no lifetimes
        hour_surcharge = factors[:, [FACTORS["cache_write_1h_tokens"]]] - factors[:, write_columns]
        high = listed + (quantities[:, write_columns] * np.maximum(hour_surcharge, 0.0)).sum(axis=1)
    if not np.abs(high - low).max() > 0:
        return None
    label = f"unreported cache {' or '.join(words)}" if words else "some cache writes kept for 1 hour"
    return CostRange(low, high, label, (high - low <= 0) | _too_small(panel, catalog))


def _too_small(panel: Panel, catalog: Catalog) -> Bools:
    """Say which prompts are too small for their seller to cache; none is if the seller states no size."""
    min_tokens_by_offer = {}
    for offer in panel.offers:
        if offer.key not in min_tokens_by_offer:
            rule = catalog.prompt_cache(offer)
            min_tokens_by_offer[offer.key] = rule.min_tokens if rule else 0
    min_tokens = np.array([min_tokens_by_offer[offer.key] for offer in panel.offers])
    prompt_tokens = np.array([sum(row.tokens[:-1]) for row in panel.rows])
    is_too_small: Bools = prompt_tokens < min_tokens
    return is_too_small


def with_hidden_cache(decision: Decision, catalog: Catalog) -> Decision:
    """Return a decision that accounts for cached parts hidden by the log; the same one if they change nothing.

    Where enough prompts are too small to be cached, those decide.
    """
    bench = decision.bench
    if (decision.rule.fits >= CLOSE and not bench.is_noisy) or _is_even(decision):
        return decision
    costs = cost_range(bench.panel, catalog)
    if costs is None:
        return decision
    if 2 * MIN_ROWS <= costs.is_certain.sum() < len(bench.panel):
        uncached_decision = decide(bench.panel.where(costs.is_certain), catalog)
        if uncached_decision.outcome == "list" and _lies_within(bench, costs, None, 1.0):
            return _explained_by_cache(decision, costs)
        if uncached_decision.outcome in {"markup", "currency"} and _lies_within(
            bench, costs, uncached_decision.rule, 1.0
        ):
            return uncached_decision
        return decision
    is_open = decision.outcome in {"unclear", "discount"} or bench.is_noisy or decision.rule.kind is None
    if not is_open or not _lies_within(bench, costs, None, _regional(bench.panel, catalog)):
        return decision
    share_at_list = float((np.abs(bench.panel.billed - bench.listed) <= bench.panel.step).mean())
    return _explained_by_cache(decision, costs) if share_at_list >= SOME else replace(decision, outcome="unclear")


def _is_even(decision: Decision) -> bool:
    """Say whether amounts at list also sum to list: noise is on both sides of it, hidden cached parts on only one."""
    bench = decision.bench
    residual, listed = bench.panel.billed - bench.listed, float(bench.listed.sum())
    error = float(np.sqrt((residual**2).sum()))
    return decision.outcome == "list" and abs(float(residual.sum())) <= max(TOLERANCE * listed, 2 * error)


def _regional(panel: Panel, catalog: Catalog) -> float:
    """Return the highest regional price as a multiple of list, if the log names no region."""
    regional = (
        alternative
        for alternative in alternatives(panel, catalog)
        if alternative.name == "region" and "," not in alternative.label
    )
    return max((float(np.median(alternative.listed / panel.listed)) for alternative in regional), default=1.0)


def follows_but_for_cache(decision: Decision, rule: FittedRule, catalog: Catalog) -> bool:
    """Say whether a model's requests follow the rule of other models, as far as hidden cached parts let them.

    Some have to be what the rule makes of them to the step, more than are at list.
    """
    bench = decision.bench
    costs = cost_range(bench.panel, catalog)
    if costs is None or (decision.fits >= CLOSE and not bench.is_noisy):
        return False
    step, billed = bench.panel.step, bench.panel.billed
    share_by_rule = float((np.abs(billed - predicted_by(rule, bench)) <= step).mean())
    share_at_list = float((np.abs(billed - bench.listed) <= step).mean())
    return share_by_rule >= SOME and share_by_rule > share_at_list and _lies_within(bench, costs, rule, 1.0)


def _lies_within(bench: Bench, costs: CostRange, rule: FittedRule | None, regional_ratio: float) -> bool:
    """Say whether nearly all amounts lie where hidden cached parts, and a rule beside them, can bring them."""
    expected_usd = bench.listed if rule is None else predicted_by(rule, bench)
    ratio = max([1.0, *(rule.numbers[name].value for name in RATIOS if name in rule.numbers)] if rule else [1.0])
    error = 4 * np.sqrt(bench.panel.step**2 + (2e-4 * expected_usd) ** 2)
    low, high = (
        expected_usd - (bench.listed - costs.low) * ratio,
        (expected_usd + (costs.high - bench.listed) * ratio) * regional_ratio,
    )
    billed = bench.panel.billed
    return bool(((billed >= low - error) & (billed <= high + error)).mean() >= NEARLY_ALL)


def _explained_by_cache(decision: Decision, costs: CostRange) -> Decision:
    lookalike = FittedLookAlike(
        NAME,
        costs.label,
        np.clip(decision.bench.panel.billed, costs.low, costs.high),
        is_everywhere=False,
        is_constant=False,
    )
    scores = decision.lookalike_scores | {NAME: LookAlikeScore(costs.label, 0.0, 1.0)}
    return replace(decision, outcome="look-alike", lookalike=lookalike, lookalike_scores=scores)
