"""The results of a shadow test, as frozen values that are also its JSON."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

Verdict = Literal["non-inferior", "inferior", "inconclusive", "blocked"]
Standing = Literal["pass", "warn", "fail", "unknown"]

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was decided before the first look, or assumed because nobody said.

    Attributes:
        name: Name of the test.
        margin: Largest loss of quality that is acceptable, in the score's unit (0.02 is two points of a 0/1 score).
        error_margin: Largest rise of the error rate that is acceptable, as a share of requests.
        alpha: Level of the one-sided tests.
        power: Power that "how many more" aims at.
        days: Days the test was to run; None: whole weeks that cover the data.
        looks: How often one looks: daily, or once at the end.
        score: Which score decides; None: the only one.
        cluster: What a cluster is: auto, user, session, template, day or pair.
        mix: Production share of each tier; None: the database's own traffic, or else the sample's.
        budgets: Largest latency allowed for the shadow in ms, such as `{"latency_p95": 2000}`.
        max_cost_ratio: Largest cost per success allowed, as a ratio to the primary's.
        declared: Whether someone declared days or looks before the data were read.
    """

    name: str = "shadow"
    margin: float = 0.02
    error_margin: float = 0.01
    alpha: float = 0.05
    power: float = 0.8
    days: int | None = None
    looks: Literal["daily", "once"] = "daily"
    score: str | None = None
    cluster: Literal["auto", "user", "session", "template", "day", "pair"] = "auto"
    mix: dict[str, float] | None = None
    budgets: dict[str, float] = {}
    max_cost_ratio: float | None = None
    declared: bool = False


TITLES = {
    "error_rate": "requests without a good answer",
    "cost_ratio": "cost per request",
    "cost_per_success_ratio": "cost per success",
}
"""Figures whose name is not words already."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both arms, its comparison and a 95% interval.

    Attributes:
        metric: quality, error_rate, cost_ratio, cost_per_success_ratio, latency_p50, … ttft_p99.
        tier: Its tier; None is all tiers in the production mix.
        unit: score, share, ratio or ms.
        arm_a: The primary's figure; of a cost ratio, US dollars per request or success.
        arm_b: The shadow's.
        delta: Shadow minus primary; of a cost ratio, the ratio itself (1 is no difference).
        low: Low end of the 95% interval of `delta`; None if nothing bounds it.
        high: High end.
        p: Two-sided p-value of no difference, valid at every look; None below ten clusters.
        pairs: Pairs it rests on.
        clusters: Clusters it rests on.
        design_effect: Variance over what independent pairs would give.
        method: How the interval was made.
        days_to_clear: Days of data after which a difference was certain, under daily looks; None: not yet.
    """

    metric: str
    tier: int | None
    unit: str
    arm_a: float | Decimal | None
    arm_b: float | Decimal | None
    delta: float | None
    low: float | None
    high: float | None
    p: float | None
    pairs: int
    clusters: int
    design_effect: float | None
    method: str
    days_to_clear: int | None = None

    @property
    def title(self) -> str:
        """The figure's name for people, such as `cost per request`, `latency p95`."""
        return TITLES.get(self.metric, self.metric.replace("_", " "))


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of quality after one day.

    Attributes:
        day: Its date; None if pairs have no time.
        pairs: Judged pairs so far.
        clusters: Clusters so far.
        fraction: Share of the planned information that is in.
        delta: Shadow minus primary so far.
        se: Clustered standard error.
        z_noninferior: Statistic of delta > -margin; None below ten clusters.
        boundary_noninferior: What it has to reach.
        z_difference: Statistic of delta = 0.
        boundary_difference: What it has to reach on either side.
        bound: One-sided lower bound of delta that holds at all planned looks together.
        low: Low end of the 95% interval that holds at all planned looks together.
        high: High end.
        anytime_bound: One-sided lower bound that holds at any look, planned or not.
        anytime_high: Upper bound that holds at any look.
    """

    day: date | None
    pairs: int
    clusters: int
    fraction: float
    delta: float
    se: float | None
    z_noninferior: float | None
    boundary_noninferior: float | None
    z_difference: float | None
    boundary_difference: float | None
    bound: float | None
    low: float | None
    high: float | None
    anytime_bound: float | None
    anytime_high: float | None


class TierResult(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one tier, or on all of them in the production mix.

    Attributes:
        tier: The tier; None is the pooled figure.
        verdict: non-inferior, inferior, inconclusive; blocked where health failed.
        sentence: The verdict in words.
        share: Share of production.
        pairs: Pairs, judged or not.
        judged_pairs: Pairs with a score on both sides.
        clusters: Clusters with a judged pair.
        delta: Quality, shadow minus primary.
        bound: One-sided lower bound, valid over the planned looks.
        low: Low end of the 95% interval.
        high: High end.
        design_effect: Of the judged pairs.
        p_noninferior: One-sided p-value of a loss of the margin or more, valid at every look.
        p_holm: The same after Holm over the tiers; None for the pooled figure.
        may_move: Whether this tier may move, at the level shared with the other tiers.
        loss_proven: Whether some loss of quality is certain.
        decided_on: Day of the look that decided.
        fell_back: Whether the statistic has fallen below the boundary since.
        more_pairs: Judged pairs still needed if the models are equal, or if the loss is as seen where equal ones have
            enough; None if none are needed or no number would do.
        more_days: Days that takes at the present rate.
        more_pairs_as_seen: Judged pairs still needed if the loss is as seen; None if no number would do.
        anytime: Verdict of the confidence sequence, which holds without a plan.
        looks: The sequence of looks.
    """

    tier: int | None
    verdict: Verdict
    sentence: str
    share: float | None
    pairs: int
    judged_pairs: int
    clusters: int
    delta: float | None
    bound: float | None
    low: float | None
    high: float | None
    design_effect: float | None
    p_noninferior: float | None
    p_holm: float | None
    may_move: bool
    loss_proven: bool
    decided_on: date | None
    fell_back: bool
    more_pairs: int | None
    more_days: int | None
    more_pairs_as_seen: int | None
    anytime: Verdict
    looks: list[Look]


class Check(msgspec.Struct, frozen=True):
    """One health check.

    Attributes:
        check: Its name.
        status: pass, warn, fail, or unknown if the data cannot tell.
        detail: What was seen.
        blocks: Whether a failure blocks the verdict.
    """

    check: str
    status: Standing
    detail: str
    blocks: bool


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """Quality under four readings of missing shadow answers.

    Attributes:
        missing: Pairs whose primary was judged and whose shadow gave no answer.
        share: Of the pairs whose primary was judged.
        complete: Delta over complete pairs.
        post_stratified: Delta with complete pairs weighted to the prompt sizes of all; None without prompt sizes.
        as_failure: Delta with a missing answer counted as the worst score.
        worst: Delta if every missing answer would have had the worst score.
        best: Delta if every missing answer would have had the best score.
        used: Which one the verdict rests on.
    """

    missing: int
    share: float
    complete: float
    post_stratified: float | None
    as_failure: float
    worst: float
    best: float
    used: str


class Health(msgspec.Struct, frozen=True):
    """Whether the data can carry a verdict."""

    ok: bool
    checks: list[Check]
    missing: Missing | None


class Guardrail(msgspec.Struct, frozen=True):
    """One thing that must hold for the launch as a whole."""

    name: str
    status: Literal["pass", "fail", "open"]
    detail: str


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """A whole shadow test.

    Attributes:
        name: Its name.
        decision: The verdict on everything: pooled quality and every guardrail together.
        sentence: The decision in plain words.
        primary: Model of the primary arm; None if it is several.
        shadow: Model of the shadow arm; None if it is several.
        score_kind: binary, graded or pairwise.
        cluster: What a cluster is.
        pairs: Pairs.
        days: Days with data.
        planned_days: Days that the boundaries assume.
        margin: The acceptable loss.
        metrics: Every figure, pooled and by tier.
        by_tier: Verdicts by tier.
        pooled: The pooled quality.
        guardrails: What a launch needs besides.
        health: Whether the data can carry a verdict.
        warnings: What a reader must know.
    """

    name: str
    decision: Verdict
    sentence: str
    primary: str | None
    shadow: str | None
    score_kind: str
    cluster: str
    pairs: int
    days: int
    planned_days: int
    margin: float
    metrics: list[Metric]
    by_tier: list[TierResult]
    pooled: TierResult
    guardrails: list[Guardrail]
    health: Health
    warnings: list[str]
