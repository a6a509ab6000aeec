"""Tables of a shadow test: quality by tier, cost and latency, looks, missing answers, health and guardrails."""

from __future__ import annotations

from decimal import Decimal

from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report.content import Column, Kind, Mark, Table, Tone
from llmaudit.report.wording import day, percent, tier
from llmaudit.shadow.model import Analysis, Metric, TierResult

VERDICTS: dict[str, Tone] = {"non-inferior": "good", "inferior": "bad", "inconclusive": "open", "blocked": "none"}
CHECKS: dict[str, Tone] = {"pass": "good", "warn": "open", "fail": "bad", "unknown": "none", "open": "open"}


def verdict(text: str) -> Mark:
    """Return a verdict for people."""
    return Mark(text, VERDICTS.get(text, "open"))


def named_results(test: Analysis) -> list[tuple[str, TierResult]]:
    """Return the pooled figure and, where there are several, the tiers under their names."""
    several = len(test.by_tier) > 1
    tiers = [("tier unknown" if one.tier is None else _tier_label(one), one) for one in test.by_tier] if several else []
    return [("all tiers", test.pooled), *tiers]


def _tier_label(one: TierResult) -> str:
    return "all tiers" if one.tier is None else f"tier {tier(one.tier)}"


def points(value: float | None) -> str:
    """Return a difference of scores, such as `-1.20 points` of -0.012."""
    return "unknown" if value is None else f"{value * 100:+.2f} points"


def interval(one: TierResult) -> str:
    """Return the interval of a difference of scores, in points."""
    if one.bound is None or one.high is None:
        return "not enough clusters for an interval"
    return f"{one.bound * 100:+.2f} to {one.high * 100:+.2f} points"


def metric_interval(one: Metric) -> str:
    """Return the 95% interval of a metric, in its own unit."""
    if one.low is None or one.high is None:
        return "not bounded"
    return f"{_value(one.low, one.unit)} to {_value(one.high, one.unit)}"


def quality(test: Analysis) -> Table:
    """Return the verdict on quality by tier, with what is missing for one."""
    rows = tuple(
        (
            label,
            verdict(one.verdict),
            one.judged_pairs,
            one.clusters,
            points(one.delta),
            interval(one).removesuffix(" points"),
            _p(one.p_noninferior if one.tier is None and label == "all tiers" else one.p_holm),
            _moves(one, label),
            _more(one.more_pairs, one),
            _more(one.more_days, one),
        )
        for label, one in named_results(test)
    )
    return Table(
        f"Quality by tier, margin {test.margin * 100:g} points",
        (
            Column("Tier", Kind.TEXT),
            Column("Verdict", Kind.MARK),
            Column("Judged pairs", Kind.COUNT, adds=False),
            Column("Clusters", Kind.COUNT, adds=False),
            Column("Shadow minus primary", Kind.FIGURE),
            Column("Interval, in points", Kind.FIGURE),
            Column("p-value", Kind.FIGURE),
            Column("May move", Kind.TEXT),
            Column("More pairs needed", Kind.FIGURE),
            Column("More days", Kind.FIGURE),
        ),
        rows,
        total=None,
        note=(
            "The interval runs from the one-sided 95% bound, which decides, to the top of the 95% interval; both hold "
            "for daily looks. The p-value is of a loss above the margin; tiers' are Holm's. More pairs: if the two "
            "models are equal."
        ),
    )


def _more(value: int | None, one: TierResult) -> str:
    if one.verdict != "inconclusive":
        return "none"
    return "no number is enough" if value is None else f"{value:,}"


def _moves(one: TierResult, label: str) -> str:
    if label == "all tiers":
        return "see the decision"
    return "yes" if one.may_move else "no"


def _p(value: float | None) -> str:
    if value is None:
        return "not tested"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"  # noqa: PLR2004


def cost_and_latency(test: Analysis) -> Table:
    """Return cost, latency and errors of both arms; by tier where there are several."""
    several = len(test.by_tier) > 1
    rows = tuple(
        (
            "all" if one.tier is None else tier(one.tier),
            one.title,
            _side(one.arm_a, one.unit),
            _side(one.arm_b, one.unit),
            "unknown" if one.delta is None else _value(one.delta, one.unit),
            metric_interval(one),
            "not yet" if one.days_to_clear is None else counted(one.days_to_clear, "day"),
        )
        for one in test.metrics
        if one.metric != "quality" and (several or one.tier is None)
    )
    return Table(
        "Cost, latency and errors, pooled and by tier",
        (
            Column("Tier", Kind.TEXT),
            Column("Figure", Kind.TEXT),
            Column("Primary", Kind.TEXT),
            Column("Shadow", Kind.TEXT),
            Column("Difference or ratio", Kind.TEXT),
            Column("95% interval", Kind.TEXT),
            Column("Certain after", Kind.TEXT),
        ),
        rows,
        total=None,
        collapsed=len(rows) > 15,  # noqa: PLR2004 -- a page of them
        note="A ratio of 1 is no difference. Cost per success includes retries, fallback, verification and failures.",
    )


def _side(value: float | Decimal | None, unit: str) -> str:
    if value is None:
        return "unknown"
    return shown(value, 6) if isinstance(value, Decimal) else _value(value, unit)


def _value(value: float, unit: str) -> str:
    if unit == "ms":
        return f"{value:z,.0f} ms"
    return percent(value * 100, 2) if unit == "share" else f"{value:.3f}x"


def looks(label: str, one: TierResult) -> Table:
    """Return the planned looks at one tier: how far the evidence was from its boundaries each day."""
    rows = tuple(
        (
            "no time" if look.day is None else day(look.day),
            look.pairs,
            look.clusters,
            f"{look.fraction:.0%}",
            points(look.delta),
            "not tested"
            if look.z_noninferior is None
            else f"{look.z_noninferior:.2f} of {look.boundary_noninferior:.2f}",
            "not tested"
            if look.z_difference is None
            else f"{look.z_difference:.2f} of ±{look.boundary_difference:.2f}",
            "unknown" if look.anytime_bound is None else points(look.anytime_bound),
        )
        for look in one.looks
    )
    return Table(
        f"Looks, {label}",
        (
            Column("Up to", Kind.TEXT),
            Column("Pairs", Kind.COUNT, adds=False),
            Column("Clusters", Kind.COUNT, adds=False),
            Column("Information", Kind.TEXT),
            Column("Shadow minus primary", Kind.TEXT),
            Column("z, not inferior", Kind.TEXT),
            Column("z, any difference", Kind.TEXT),
            Column("Bound at any time", Kind.TEXT),
        ),
        rows,
        total=None,
        collapsed=True,
        note="The bound at any time holds however often and whenever you look, planned or not, and is wider for it.",
    )


def missing_answers(test: Analysis) -> tuple[Table, ...]:
    """Return the difference under four readings of missing answers; nothing where none is missing."""
    one = test.health.missing
    if one is None or not one.missing:
        return ()
    rows = (
        ("complete pairs only", points(one.complete)),
        ("complete pairs, weighted to the prompt sizes of all", points(one.post_stratified)),
        ("a missing answer counted as the worst", points(one.as_failure)),
        ("bounds: every missing answer worst, or best", f"{points(one.worst)} to {points(one.best)}"),
    )
    return (
        Table(
            f"{counted(one.missing, 'missing answer')} ({percent(one.share * 100)}), read four ways",
            (Column("Reading", Kind.TEXT), Column("Shadow minus primary", Kind.TEXT)),
            rows,
            total=None,
            note=f"The verdict rests on: {one.used}.",
        ),
    )


def health(test: Analysis) -> Table:
    """Return the health checks of a test, each with what was seen."""
    rows = tuple((one.check, Mark(one.status, CHECKS[one.status]), one.detail) for one in test.health.checks)
    columns = (Column("Check", Kind.TEXT), Column("Result", Kind.MARK), Column("Seen", Kind.TEXT))
    note = "A failed check blocks the verdict where the arms were not treated alike. Unknown: the data cannot say."
    return Table("Health of the test", columns, rows, total=None, note=note)


def guardrails(test: Analysis) -> Table:
    """Return the guardrails of a test, each with what was seen."""
    rows = tuple((one.name, Mark(one.status, CHECKS[one.status]), one.detail) for one in test.guardrails)
    columns = (Column("Guardrail", Kind.TEXT), Column("Result", Kind.MARK), Column("Seen", Kind.TEXT))
    return Table("Guardrails: all must hold to move everything", columns, rows, total=None)
