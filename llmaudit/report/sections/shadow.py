"""Whether another model may take over: quality by tier, cost, latency, day by day, and what was checked."""

from __future__ import annotations

from decimal import Decimal

from llmaudit.findings.shadow import Shadow
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report import charts, shadow_charts
from llmaudit.report.content import (
    Block,
    Bullets,
    Chart,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Mark,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
    Tone,
)
from llmaudit.report.wording import count, day, day_and_month, name, percent, tier
from llmaudit.shadow.model import Analysis, Look, Metric, TierResult

VERDICTS: dict[str, Tone] = {"non-inferior": "good", "inferior": "bad", "inconclusive": "open", "blocked": "none"}
STANDINGS: dict[str, Tone] = {"pass": "good", "warn": "open", "fail": "bad", "unknown": "none", "open": "open"}


def build(found: Shadow) -> SectionContent:
    """Return every test: its decision, the forest of tiers, cost and latency, the looks, and its health."""
    return SectionContent(
        blocks=tuple(Part(name(test.name), _test(test), verdict(test.decision)) for test in found.tests),
        source=(
            "Pairs: one request, answered by the primary and by its shadow. Differences are paired, standard errors "
            "are over clusters, and boundaries hold for daily looks."
        ),
        caveat=found.caveat,
        commands=(
            Command("llmaudit shadow analyze PAIRS", "every figure, by tier, with its method"),
            Command("llmaudit shadow design", "how many pairs and days the open tiers need"),
        ),
    )


def verdict(text: str) -> Mark:
    """Return a verdict for people."""
    return Mark(text, VERDICTS.get(text, "open"))


def _test(test: Analysis) -> tuple[Block, ...]:
    return (
        Prose(test.sentence, lead=True),
        _key_figures(test),
        *_forest(test),
        _tiers(test),
        _money_and_time(test),
        *_looks(test),
        *_missing(test),
        _health(test),
        _rails(test),
        *((Bullets("What to know", tuple(test.warnings)),) if test.warnings else ()),
    )


def _key_figures(test: Analysis) -> Figures:
    figures = {one.metric: one for one in test.metrics if one.tier is None}
    cost = figures.get("cost_per_success_ratio") or figures.get("cost_ratio")
    models = f"{name(test.primary or 'several models')} against {name(test.shadow or 'several models')}"
    items = [
        KeyFigure("Pairs", count(test.pairs), f"{counted(test.days, 'day')} of {test.planned_days}; {models}"),
        KeyFigure("Quality", _points(test.pooled.delta), _range(test.pooled), verdict(test.pooled.verdict)),
    ]
    if cost and cost.delta is not None:
        note = (
            f"{_between(cost)}, clear after {counted(cost.days_to_clear, 'day')}"
            if cost.days_to_clear
            else _between(cost)
        )
        items.append(KeyFigure("Cost of the shadow", f"{cost.delta:.3f}x", note))
    return Figures(tuple(items))


def _points(value: float | None) -> str:
    return "unknown" if value is None else f"{value * 100:+.2f} points"


def _range(one: TierResult) -> str:
    if one.bound is None or one.high is None:
        return "not enough clusters for an interval"
    return f"{one.bound * 100:+.2f} to {one.high * 100:+.2f} points"


def _label(one: TierResult) -> str:
    return "all tiers" if one.tier is None else f"tier {tier(one.tier)}"


def _rows(test: Analysis) -> list[tuple[str, TierResult]]:
    """Return the pooled figure and, where there are several, the tiers under their names."""
    several = len(test.by_tier) > 1
    tiers = [("tier unknown" if one.tier is None else _label(one), one) for one in test.by_tier] if several else []
    return [("all tiers", test.pooled), *tiers]


def _forest(test: Analysis) -> tuple[Chart, ...]:
    shown_rows = [
        (label, one, (one.bound * 100, one.delta * 100, one.high * 100))
        for label, one in _rows(test)
        if one.bound is not None and one.high is not None and one.delta is not None
    ]
    if not shown_rows:
        return ()
    names = [label for label, _, _ in shown_rows]
    figures = [f"{one.verdict}, {middle:+.2f}" for _, one, (_, middle, _) in shown_rows]
    hovers = [charts.hover(label, one.sentence) for label, one, _ in shown_rows]
    drawn = shadow_charts.forest(names, figures, [ends for _, _, ends in shown_rows], test.margin * 100, hovers)
    alt = "; ".join(f"{label}: {_range(one)}, {one.verdict}" for label, one, _ in shown_rows)
    title = "Quality, shadow minus primary, in points"
    text = f"Dots with intervals against 0 and a margin of {test.margin * 100:g} points. {alt}."
    return (Chart(title, drawn, text),)


def _tiers(test: Analysis) -> Table:
    rows = tuple(
        (
            label,
            verdict(one.verdict),
            one.judged_pairs,
            one.clusters,
            _points(one.delta),
            _range(one).removesuffix(" points"),
            _p(one.p_noninferior if one.tier is None and label == "all tiers" else one.p_holm),
            _moves(one, label),
            _more(one.more_pairs, one),
            _more(one.more_days, one),
        )
        for label, one in _rows(test)
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


def _money_and_time(test: Analysis) -> Table:
    several = len(test.by_tier) > 1
    rows = tuple(
        (
            "all" if one.tier is None else tier(one.tier),
            one.title,
            _side(one.arm_a, one.unit),
            _side(one.arm_b, one.unit),
            "unknown" if one.delta is None else _value(one.delta, one.unit),
            _between(one),
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
        return f"{value:,.0f} ms"
    return percent(value * 100, 2) if unit == "share" else f"{value:.3f}x"


def _between(one: Metric) -> str:
    if one.low is None or one.high is None:
        return "not bounded"
    return f"{_value(one.low, one.unit)} to {_value(one.high, one.unit)}"


def _looks(test: Analysis) -> tuple[Block, ...]:
    tested = [look for look in test.pooled.looks if look.z_noninferior is not None]
    blocks: list[Block] = []
    if tested:
        days = [_day(look, number) for number, look in enumerate(tested, start=1)]
        z = [look.z_noninferior or 0.0 for look in tested]
        bounds = [look.boundary_noninferior or 0.0 for look in tested]
        hovers = [
            charts.hover(label, f"z {value:.2f}, boundary {bound:.2f}", f"{look.pairs:,} pairs, {_points(look.delta)}")
            for label, value, bound, look in zip(days, z, bounds, tested, strict=True)
        ]
        alt = "; ".join(
            f"{label}: {value:.2f} of {bound:.2f}" for label, value, bound in zip(days, z, bounds, strict=True)
        )
        title = "Evidence that the loss is below the margin, day by day"
        blocks.append(Chart(title, shadow_charts.sequence(days, z, bounds, hovers), f"Statistic and boundary. {alt}."))
    blocks += [_look_table(label, one) for label, one in _rows(test) if one.looks]
    return tuple(blocks)


def _day(look: Look, number: int) -> str:
    return f"look {number}" if look.day is None else day_and_month(look.day)


def _look_table(label: str, one: TierResult) -> Table:
    rows = tuple(
        (
            "no time" if look.day is None else day(look.day),
            look.pairs,
            look.clusters,
            f"{look.fraction:.0%}",
            _points(look.delta),
            "not tested"
            if look.z_noninferior is None
            else f"{look.z_noninferior:.2f} of {look.boundary_noninferior:.2f}",
            "not tested"
            if look.z_difference is None
            else f"{look.z_difference:.2f} of ±{look.boundary_difference:.2f}",
            "unknown" if look.anytime_bound is None else _points(look.anytime_bound),
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


def _missing(test: Analysis) -> tuple[Table, ...]:
    one = test.health.missing
    if one is None or not one.missing:
        return ()
    rows = (
        ("complete pairs only", _points(one.complete)),
        ("complete pairs, weighted to the prompt sizes of all", _points(one.post_stratified)),
        ("a missing answer counted as the worst", _points(one.as_failure)),
        ("bounds: every missing answer worst, or best", f"{_points(one.worst)} to {_points(one.best)}"),
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


def _health(test: Analysis) -> Table:
    rows = tuple((one.check, Mark(one.status, STANDINGS[one.status]), one.detail) for one in test.health.checks)
    columns = (Column("Check", Kind.TEXT), Column("Result", Kind.MARK), Column("Seen", Kind.TEXT))
    note = "A failed check blocks the verdict where the arms were not treated alike. Unknown: the data cannot say."
    return Table("Health of the test", columns, rows, total=None, note=note)


def _rails(test: Analysis) -> Table:
    rows = tuple((one.name, Mark(one.status, STANDINGS[one.status]), one.detail) for one in test.guardrails)
    columns = (Column("Guardrail", Kind.TEXT), Column("Result", Kind.MARK), Column("Seen", Kind.TEXT))
    return Table("Guardrails: all must hold to move everything", columns, rows, total=None)


TITLE = "What shadow tests showed"
WITHOUT = SectionContent(
    (
        Prose(
            "No shadow test was analysed: there are no paired outcomes, so a saving from another model is unproven.",
            lead=True,
        ),
    ),
    source="Nothing yet. A shadow test answers a share of the traffic with both models and compares the answers.",
    commands=(
        Command("llmaudit shadow design", "how many pairs and days a test on this traffic needs"),
        Command("llmaudit shadow analyze PAIRS", "what a test showed; it appears here from then on"),
    ),
)

SECTION = Section(55, "shadow", TITLE, "shadow", build, WITHOUT, of_requests=False)
