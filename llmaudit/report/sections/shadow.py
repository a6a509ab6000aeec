"""Whether another model may take over: quality by tier, cost, latency, day by day, and what was checked."""

from __future__ import annotations

from llmaudit.findings.shadow import Shadow
from llmaudit.phrases import counted
from llmaudit.report import charts, shadow_charts
from llmaudit.report import shadow_tables as tables
from llmaudit.report.content import (
    Block,
    Bullets,
    Chart,
    Command,
    Figures,
    KeyFigure,
    Part,
    Prose,
    Section,
    SectionContent,
)
from llmaudit.report.shadow_tables import interval, metric_interval, named_results, points, verdict
from llmaudit.report.wording import count, day_and_month, name
from llmaudit.shadow.model import Analysis, Look


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


def _test(test: Analysis) -> tuple[Block, ...]:
    return (
        Prose(test.sentence, lead=True),
        _key_figures(test),
        *_forest(test),
        tables.quality(test),
        tables.cost_and_latency(test),
        *_sequence(test),
        *tables.missing_answers(test),
        tables.health(test),
        tables.guardrails(test),
        *((Bullets("What to know", tuple(test.warnings)),) if test.warnings else ()),
    )


def _key_figures(test: Analysis) -> Figures:
    figures = {one.metric: one for one in test.metrics if one.tier is None}
    cost = figures.get("cost_per_success_ratio") or figures.get("cost_ratio")
    models = f"{name(test.primary or 'several models')} against {name(test.shadow or 'several models')}"
    items = [
        KeyFigure("Pairs", count(test.pairs), f"{counted(test.days, 'day')} of {test.planned_days}; {models}"),
        KeyFigure("Quality", points(test.pooled.delta), interval(test.pooled), verdict(test.pooled.verdict)),
    ]
    if cost and cost.delta is not None:
        note = (
            f"{metric_interval(cost)}, clear after {counted(cost.days_to_clear, 'day')}"
            if cost.days_to_clear
            else metric_interval(cost)
        )
        items.append(KeyFigure("Cost of the shadow", f"{cost.delta:.3f}x", note))
    return Figures(tuple(items))


def _forest(test: Analysis) -> tuple[Chart, ...]:
    shown_rows = [
        (label, one, (one.bound * 100, one.delta * 100, one.high * 100))
        for label, one in named_results(test)
        if one.bound is not None and one.high is not None and one.delta is not None
    ]
    if not shown_rows:
        return ()
    names = [label for label, _, _ in shown_rows]
    figures = [f"{one.verdict}, {middle:+.2f}" for _, one, (_, middle, _) in shown_rows]
    hovers = [charts.hover(label, one.sentence) for label, one, _ in shown_rows]
    drawn = shadow_charts.forest(names, figures, [ends for _, _, ends in shown_rows], test.margin * 100, hovers)
    alt = "; ".join(f"{label}: {interval(one)}, {one.verdict}" for label, one, _ in shown_rows)
    title = "Quality, shadow minus primary, in points"
    text = f"Dots with intervals against 0 and a margin of {test.margin * 100:g} points. {alt}."
    return (Chart(title, drawn, text),)


def _sequence(test: Analysis) -> tuple[Block, ...]:
    tested = [look for look in test.pooled.looks if look.z_noninferior is not None]
    blocks: list[Block] = []
    if tested:
        days = [_day(look, number) for number, look in enumerate(tested, start=1)]
        z = [look.z_noninferior or 0.0 for look in tested]
        bounds = [look.boundary_noninferior or 0.0 for look in tested]
        hovers = [
            charts.hover(label, f"z {value:.2f}, boundary {bound:.2f}", f"{look.pairs:,} pairs, {points(look.delta)}")
            for label, value, bound, look in zip(days, z, bounds, tested, strict=True)
        ]
        alt = "; ".join(
            f"{label}: {value:.2f} of {bound:.2f}" for label, value, bound in zip(days, z, bounds, strict=True)
        )
        title = "Evidence that the loss is below the margin, day by day"
        blocks.append(Chart(title, shadow_charts.sequence(days, z, bounds, hovers), f"Statistic and boundary. {alt}."))
    blocks += [tables.looks(label, one) for label, one in named_results(test) if one.looks]
    return tuple(blocks)


def _day(look: Look, number: int) -> str:
    return f"look {number}" if look.day is None else day_and_month(look.day)


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
        Command("llmaudit shadow analyze PAIRS", "what a test showed; it then appears here"),
    ),
)

SECTION = Section(55, "shadow", TITLE, "shadow", build, WITHOUT, of_requests=False)
