"""The four hidden cost drivers."""

from __future__ import annotations

from llmaudit.findings.drivers import Driver, Drivers
from llmaudit.money import ZERO, shown
from llmaudit.report import charts
from llmaudit.report.content import Chart, Column, Command, Kind, Mark, Prose, Section, SectionContent, Table, Value
from llmaudit.report.wording import headline, percent


def build(drivers: Drivers) -> SectionContent:
    """Return the drivers side by side, each with its evidence or the reason it has no figure."""
    return SectionContent(
        blocks=(*_lead(drivers.drivers), *_chart(drivers.drivers), _table(drivers.drivers)),
        source="Each driver is computed separately from the requests; the last column of the table says how.",
        caveat=drivers.caveat,
        commands=(
            Command("llmaudit reprice --plan tiered", "overspecification: the plan behind the figure"),
            Command("llmaudit requests --where \"status = 'error'\"", "reliability: the failed attempts"),
        ),
    )


def _lead(drivers: list[Driver]) -> tuple[Prose, ...]:
    known = [driver for driver in drivers if driver.usd is not None and driver.usd > 0]
    if not known:
        return (Prose("The logs show no cost from any of the four drivers.", lead=True),)
    first = max(known, key=lambda driver: driver.usd or ZERO)
    share = "" if first.pct is None else f" ({percent(first.pct)} of {first.of})"
    how = "proven" if first.proven else "unproven until paired outcomes confirm it"
    what, _, detail = first.title.partition(": ")
    return (Prose(f"The largest driver is {what.lower()} ({detail}): {headline(first.usd)}{share}, {how}.", lead=True),)


def _chart(drivers: list[Driver]) -> tuple[Chart, ...]:
    if not any(driver.usd for driver in drivers):
        return ()
    proven = [_bar(i, one) for i, one in enumerate(drivers) if one.usd is not None and one.proven]
    unproven = [_bar(i, one) for i, one in enumerate(drivers) if one.usd is not None and not one.proven]
    series = [
        charts.Series("proven", "vermilion", proven),
        charts.Series("unproven: rests on another model's answers", "orange", unproven, hatched=True),
    ]
    figures = ["no data" if one.usd is None else f"{shown(one.usd)}, {percent(one.pct)} of {one.of}" for one in drivers]
    names = [one.title.partition(":")[0] for one in drivers]
    alt = "; ".join(f"{text}: {figure}" for text, figure in zip(names, figures, strict=True))
    figure = charts.rows(names, figures, [one for one in series if one.bars])
    return (Chart("Cost of each driver in the period", figure, f"Bar chart. {alt}."),)


def _bar(row: int, driver: Driver) -> charts.Bar:
    return charts.Bar(row, charts.position(driver.usd), charts.hover(driver.title, shown(driver.usd)))


def _table(drivers: list[Driver]) -> Table:
    return Table(
        "The drivers and their evidence",
        (
            Column("Driver", Kind.TEXT),
            Column("Cost", Kind.MONEY, adds=False),
            Column("Share", Kind.PERCENT),
            Column("Of", Kind.TEXT),
            Column("Status", Kind.MARK),
            Column("Where it comes from", Kind.TEXT),
        ),
        tuple(_row(driver) for driver in drivers),
        total=None,
    )


def _row(driver: Driver) -> tuple[Value, ...]:
    if driver.usd is None:
        return (driver.title, "no data", "no data", "", Mark("no data", "none"), driver.reason)
    status = Mark("proven", "good") if driver.proven else Mark("unproven", "open")
    return (driver.title, driver.usd, driver.pct, driver.of, status, driver.reason)


SECTION = Section(40, "drivers", "The four hidden cost drivers", "drivers", build, of_money=True)
