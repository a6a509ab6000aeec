"""From what was spent to what could have been, step by step."""

from __future__ import annotations

from decimal import Decimal

from llmaudit.findings.waterfall import FeatureReach, Reach, Step, Waterfall
from llmaudit.levers.composing import Kind
from llmaudit.money import ZERO, shown, total
from llmaudit.phrases import counted
from llmaudit.report import charts
from llmaudit.report.content import (
    Bullets,
    Chart,
    Column,
    Command,
    Figures,
    KeyFigure,
    Mark,
    Prose,
    Section,
    SectionContent,
    Table,
    Value,
)
from llmaudit.report.content import Kind as Holds
from llmaudit.report.wording import between, headline, percent, quoted

MARKS: dict[Kind, Mark] = {
    "no_risk": Mark("no answer changes", "good"),
    "certified": Mark("certified", "good"),
    "unproven": Mark("unproven", "open"),
}
COLORS: dict[Kind, tuple[str, str, bool]] = {
    "no_risk": ("no answer changes", "green", False),
    "certified": ("certified", "purple", False),
    "unproven": ("unproven", "orange", True),
}
"""Name in the legend, colour, hatched."""


def build(found: Waterfall) -> SectionContent:
    """Return the split, the steps (their chart stands in the summary), what each rests on, and the split by feature."""
    return SectionContent(
        blocks=(
            Prose(_said(found), lead=True),
            Figures(split(found)),
            _table(found),
            *_next(found.steps),
            _bounds(found),
            *_evidence(found.steps),
            *_features(found.by_feature),
        ),
        source=(
            "Levers are computed from the requests; the plan's steps are its moves. Each step takes its share of what "
            "earlier steps left of the groups of requests (gateway, model, tier, feature) it applies to."
        ),
        caveat=found.caveat,
        commands=(
            Command("llmaudit report --format json", "every step to the picodollar, under `waterfall`"),
            Command("llmaudit reprice --plan tiered", "the routing plan behind the last steps"),
        ),
    )


def _said(found: Waterfall) -> str:
    if not found.spend_usd:
        return "The period has no request with a known cost."
    if not found.saving_usd:
        return f"{headline(found.spend_usd)} was spent, and no step was found that would have saved any of it."
    plan = f" and the plan {quoted(found.plan)}" if found.plan else ""
    return (
        f"Of {headline(found.spend_usd)} spent, {headline(found.saving_usd)} ({percent(found.saving_pct)}) could have "
        f"been saved by the levers below{plan}, applied one after another so that nothing is saved twice."
    )


def split(found: Waterfall) -> tuple[KeyFigure, ...]:
    """Return the three parts of the reachable saving, and what would remain."""
    ends = between(found.low.saving_usd, found.high.saving_usd)
    return (
        KeyFigure("No-risk", headline(found.no_risk_usd), _no_risk(found), MARKS["no_risk"]),
        KeyFigure("Certified", headline(found.certified_usd), _certified(found), _mark(found, "certified")),
        KeyFigure("Unproven: not a promise", headline(found.unproven_usd), _unproven(found), _mark(found, "unproven")),
        KeyFigure(
            "Together",
            headline(found.saving_usd),
            f"{percent(found.saving_pct)} of spend ({ends} depending on the assumptions); "
            f"{headline(found.reachable_usd)} remains",
        ),
    )


def _mark(found: Waterfall, kind: Kind) -> Mark | None:
    return MARKS[kind] if any(step.kind == kind for step in found.steps) else None


def _no_risk(found: Waterfall) -> str:
    steps = [step for step in found.steps if step.kind == "no_risk"]
    if not steps:
        return "no lever was examined"
    found_some = [step for step in steps if step.saved_usd]
    unknown = sum(step.saved_usd is None for step in steps)
    least = found.low.no_risk_usd
    floor = (
        f"at least {headline(least)} with every assumption at its worst; " if ZERO < least < found.no_risk_usd else ""
    )
    note = f"{floor}from {len(found_some)} of {counted(len(steps), 'lever')}"
    return f"{note}; no data for {unknown}" if unknown else note


def _certified(found: Waterfall) -> str:
    moved = sum(step.requests for step in found.steps if step.name == "certified")
    if moved:
        return f"{counted(moved, 'request')} moved, whose answers held up in paired outcomes"
    return "no paired outcomes certify the plan's moves" if found.plan else "no plan saves by moving requests"


def _unproven(found: Waterfall) -> str:
    if not found.plan:
        return "no plan saves by moving requests"
    passes = [step.saved_usd or ZERO for step in found.steps if step.name == "verification"]
    after = f", after {headline(-total(passes))} of verification passes" if passes else ""
    return f"plan {quoted(found.plan)}{after}"


def chart(found: Waterfall) -> tuple[Chart, ...]:
    """Return the steps as bars that begin where the one before ends; steps without an amount are in the table only."""
    drawn = [step for step in found.steps if step.saved_usd]
    if not drawn:
        return ()
    ends = [("Spent", found.spend_usd), ("Reachable", found.reachable_usd)]
    names = [ends[0][0], *(step.title for step in drawn), ends[1][0]]
    figures = [shown(ends[0][1]), *(_signed(step.saved_usd or ZERO) for step in drawn), shown(ends[1][1])]
    whole = [
        charts.Bar(row, charts.position(amount), charts.hover(name, shown(amount)))
        for row, (name, amount) in zip((0, len(names) - 1), ends, strict=True)
    ]
    series = [charts.Series("", "accent", whole)]
    for kind, (title, color, hatched) in COLORS.items():
        bars = [
            _bar(row, step)
            for row, step in enumerate(drawn, start=1)
            if step.kind == kind and (step.saved_usd or ZERO) > 0
        ]
        series.append(charts.Series(title, color, bars, hatched=hatched))
    added = [_bar(row, step) for row, step in enumerate(drawn, start=1) if (step.saved_usd or ZERO) < 0]
    series.append(charts.Series("added by the plan", "vermilion", added))
    alt = "; ".join(f"{name} {figure}" for name, figure in zip(names, figures, strict=True))
    figure = charts.rows(names, figures, [one for one in series if one.bars])
    return (Chart("What can be saved, step by step", figure, f"Waterfall chart. {alt}."),)


def _signed(saved: Decimal) -> str:
    return f"+{shown(-saved)}" if saved < 0 else shown(-saved)


def _bar(row: int, step: Step) -> charts.Bar:
    saved = step.saved_usd or ZERO
    text = charts.hover(
        step.title,
        f"takes off {shown(saved)}" if saved > 0 else f"adds {shown(-saved)}",
        f"on its own {shown(step.alone_usd)}",
        f"remains {shown(step.left_usd)}",
    )
    base = step.left_usd if saved > 0 else total((step.left_usd, saved))
    return charts.Bar(row, charts.position(abs(saved)), text, base=charts.position(base))


def _table(found: Waterfall) -> Table:
    return Table(
        "The steps, in the order they are taken",
        (
            Column("Step", Holds.TEXT),
            Column("Saves", Holds.MONEY),
            Column("Remains", Holds.MONEY, adds=False),
            Column("On its own", Holds.MONEY, adds=False),
            Column("At worst", Holds.MONEY, adds=False),
            Column("At best", Holds.MONEY, adds=False),
            Column("Status", Holds.MARK),
        ),
        tuple(_row(step) for step in found.steps),
        total="Reachable saving",
        limit=len(found.steps),
        note="On its own: what the step would save without the others. These figures overlap and are not added up.",
    )


def _row(step: Step) -> tuple[Value, ...]:
    if step.saved_usd is None:
        unknown = ("no data",) * 3
        return (step.title, "no data", step.left_usd, *unknown, Mark("no data", "none"))
    return (
        step.title,
        step.saved_usd,
        step.left_usd,
        step.alone_usd,
        step.alone_low_usd,
        step.alone_high_usd,
        MARKS[step.kind],
    )


def _next(steps: list[Step]) -> tuple[Bullets, ...]:
    said = tuple(f"{step.title}: {step.next_step}" for step in steps if step.saved_usd and step.next_step)
    return (Bullets("What to do", said),) if said else ()


def _bounds(found: Waterfall) -> Table:
    expected = Reach(found.no_risk_usd, found.certified_usd, found.unproven_usd, found.saving_usd)
    reaches = (("every assumption at its worst", found.low), ("expected", expected), ("at its best", found.high))
    return Table(
        "The split under worst, expected and best assumptions",
        (
            Column("Assumptions", Holds.TEXT),
            Column("No-risk", Holds.MONEY, adds=False),
            Column("Certified", Holds.MONEY, adds=False),
            Column("Unproven", Holds.MONEY, adds=False),
            Column("Together", Holds.MONEY, adds=False),
        ),
        tuple((name, one.no_risk_usd, one.certified_usd, one.unproven_usd, one.saving_usd) for name, one in reaches),
        total=None,
        note="A lever at its worst leaves more for later steps, so a later part can be larger there.",
    )


def _evidence(steps: list[Step]) -> tuple[Bullets, ...]:
    said = [
        f"{step.title}: {sentence}"
        for step in steps
        for sentence in (*step.evidence, *step.assumptions, *([step.missing] if step.missing else ()))
    ]
    return (Bullets(f"What the steps rest on ({len(said)})", tuple(said), collapsed=True),) if said else ()


def _features(rows: list[FeatureReach]) -> tuple[Table, ...]:
    if not any(row.no_risk_usd or row.certified_usd or row.unproven_usd for row in rows):
        return ()
    columns = (
        Column("Feature", Holds.NAME),
        Column("Spent", Holds.MONEY),
        Column("No-risk", Holds.MONEY),
        Column("Certified", Holds.MONEY),
        Column("Unproven", Holds.MONEY),
        Column("Remains", Holds.MONEY),
    )
    cells = tuple(
        (row.feature, row.spend_usd, row.no_risk_usd, row.certified_usd, row.unproven_usd, row.left_usd) for row in rows
    )
    return (Table("By feature", columns, cells),)


SECTION = Section(48, "waterfall", "What can be saved, step by step", "waterfall", build, of_money=True)
