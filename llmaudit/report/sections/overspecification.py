"""What simple requests on flagships cost, and what the cheaper model would have cost."""

from __future__ import annotations

from llmaudit.findings.overspecification import OverRow, Overspecification
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report import charts
from llmaudit.report.content import (
    TOP,
    Chart,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Mark,
    Prose,
    Section,
    SectionContent,
    Table,
    Value,
)
from llmaudit.report.grid import grid
from llmaudit.report.wording import between, headline, name, percent, quoted, short_model, tier


def build(found: Overspecification) -> SectionContent:
    """Return the cost of simple requests on flagships against the cheaper model, by tier and feature, and by team."""
    return SectionContent(
        blocks=(_lead(found), _figures(found), *_chart(found), _by_feature(found), _by_team(found)),
        source=(
            f"Tier 0 and 1 requests that ran on a flagship, repriced on the model the plan {quoted(found.plan)} sends "
            "them to: list price at the request's own time, tokens converted by the ratio of the tokenizers."
        ),
        caveat=found.caveat,
        commands=(
            Command(f"llmaudit plan show {found.plan}", "the reference model and what is assumed about it"),
            Command("llmaudit shadow design", "how long a test of the cheaper model would take on this traffic"),
        ),
    )


def _lead(found: Overspecification) -> Prose:
    return Prose(
        f"{counted(found.requests, 'simple request')} on flagships cost {headline(found.spend_usd)}; on the cheaper "
        f"model of the plan {quoted(found.plan)} they would have cost {headline(found.reference_usd)}. The difference "
        f"of {headline(found.excess_usd)} is {_proof(found)}.",
        lead=True,
    )


def _is_certified(found: Overspecification) -> bool:
    return found.certified_usd == found.excess_usd != 0


def _proof(found: Overspecification) -> str:
    if _is_certified(found):
        return "certified by paired outcomes"
    if found.certified_usd > 0:
        return f"unproven, except for {headline(found.certified_usd)} that paired outcomes certify"
    return "unproven"


def _figures(found: Overspecification) -> Figures:
    return Figures(
        (
            KeyFigure(
                "Simple requests on flagships",
                headline(found.spend_usd),
                f"{counted(found.requests, 'request')} that would move",
            ),
            KeyFigure("On the cheaper model", headline(found.reference_usd), f"plan {quoted(found.plan)}"),
            KeyFigure(
                "Difference",
                headline(found.excess_usd),
                f"{between(found.low_usd, found.high_usd)}; {percent(found.wrongly_low_pct)} may be tagged too low",
                Mark("certified", "good") if _is_certified(found) else Mark("unproven", "open"),
            ),
        )
    )


def _chart(found: Overspecification) -> tuple[Chart, ...]:
    """Return each feature now and then; the figures are the table's, so that both say the same cent."""
    drawn_too = list(zip(found.by_feature, grid(_by_feature(found)).rows, strict=False))
    kept = [row for row, _ in drawn_too if row.spend_usd > 0][:TOP]
    if not kept:
        return ()
    names = [f"{name(row.name)}, tier {tier(row.tier)}" for row in kept]
    figures = [f"now {cells[4]}, then {cells[5]}" for row, cells in drawn_too if row.spend_usd > 0][:TOP]
    there = [
        charts.Bar(i, charts.position(row.reference_usd), charts.hover(names[i], f"then {shown(row.reference_usd)}"))
        for i, row in enumerate(kept)
    ]
    excess = [
        charts.Bar(
            i,
            charts.position(row.excess_usd),
            charts.hover(names[i], f"difference {shown(row.excess_usd)}", f"at worst {shown(row.low_usd)}"),
            base=charts.position(row.reference_usd),
        )
        for i, row in enumerate(kept)
    ]
    series = [
        charts.Series("on the cheaper model", "accent", there),
        charts.Series("difference", "orange", excess, hatched=not _is_certified(found)),
    ]
    alt = "; ".join(f"{text}: {figure}" for text, figure in zip(names, figures, strict=True))
    drawn = charts.rows(names, figures, series)
    return (Chart("Simple requests on flagships, now and on the cheaper model", drawn, f"Bar chart. {alt}."),)


MONEY = (
    Column("Requests", Kind.COUNT),
    Column("On a flagship", Kind.PERCENT),
    Column("Cost now", Kind.MONEY),
    Column("On the cheaper model", Kind.MONEY),
    Column("Difference", Kind.MONEY),
    Column("At worst", Kind.MONEY),
    Column("At best", Kind.MONEY),
)


def _by_feature(found: Overspecification) -> Table:
    columns = (Column("Feature", Kind.NAME), Column("Tier", Kind.TEXT), *MONEY, Column("Cheaper model", Kind.TEXT))
    rows = tuple(
        (row.name, tier(row.tier), *_money(row), ", ".join(short_model(model) for model in row.reference))
        for row in found.by_feature
    )
    note = f"{counted(found.refused_requests, 'more simple request')} on flagships failed or could not be moved."
    return Table("By tier and feature", columns, rows, note=note if found.refused_requests else "")


def _by_team(found: Overspecification) -> Table:
    rows = tuple((row.name, *_money(row)) for row in found.by_team)
    return Table("By team", (Column("Team", Kind.NAME), *MONEY), rows)


def _money(row: OverRow) -> tuple[Value, ...]:
    return (
        row.requests,
        row.share_pct,
        row.spend_usd,
        row.reference_usd,
        row.excess_usd,
        row.low_usd,
        row.high_usd,
    )


SECTION = Section(32, "overspecification", "What overspecification costs", "overspecification", build, of_money=True)
