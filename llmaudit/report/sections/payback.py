"""When a plan has paid for the switch: three ways to get there."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.findings.payback import Payback
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.plans.payback import Outcome, WayResult
from llmaudit.report.content import Column, Command, Kind, Prose, Section, SectionContent, Table
from llmaudit.report.wording import name, quoted


def build(found: Payback) -> SectionContent:
    """Return the plan's saving in a month, and each way's costs and payback: for all of it, and for what is proven."""
    lead = f"The plan {quoted(found.plan)} saves {shown(found.saving.saving_usd, 0)} a month, {_standing(found)}."
    tables = [_table("Everything the plan saves", found.ways, found.months)]
    if found.certified_saving.saving_usd > 0:
        tables.append(_table("Certified moves and what changes no answer", found.certified_ways, found.months))
    return SectionContent(
        blocks=(Prose(lead, lead=True), *tables),
        source=(
            f"A log of {found.days:,} days, scaled to a month of 30.4375 days and projected {found.months} months "
            "ahead. docs/optimize.md has the assumptions and their sources."
        ),
        caveat=found.caveat,
        commands=(
            Command(f"llmaudit plan payback --plan {name(found.plan)}", "scenarios, and every assumption"),
            Command("llmaudit plan payback --engineer-week 4000", "the same with your own figure"),
        ),
    )


def _standing(found: Payback) -> str:
    """Return how much of the saving is settled; passes that a plan adds can make that part a cost."""
    settled = found.certified_saving.saving_usd
    if settled > 0:
        return f"of which {shown(settled, 0)} is certified or changes no answer"
    if settled < 0:
        return f"all of it unproven, after {shown(-settled, 0)} of verification passes that are certain"
    return "all of it unproven"


def _table(caption: str, ways: Sequence[WayResult], months: int) -> Table:
    return Table(
        caption,
        (
            Column("Way", Kind.TEXT),
            Column("One-time", Kind.MONEY, adds=False),
            Column("Net in month 1", Kind.MONEY, adds=False),
            Column("Pays back", Kind.TEXT),
            Column("Best to worst", Kind.TEXT),
            Column(f"After {counted(months, 'month')}", Kind.MONEY, adds=False),
        ),
        tuple(
            (
                way.title,
                way.expected.one_time_usd,
                way.expected.first_month_usd,
                month_of(way.expected),
                _span(month_of(way.best), month_of(way.worst)),
                way.expected.after_all_usd,
            )
            for way in ways
        ),
        total=None,
    )


def _span(best: str, worst: str) -> str:
    return best if best == worst else f"{best} to {worst}"


def month_of(outcome: Outcome) -> str:
    """Return the month in which a switch has paid for itself, for people."""
    return "never" if outcome.break_even_month is None else f"month {outcome.break_even_month}"


SECTION = Section(
    53, "payback", "When the switch pays for itself", "payback", build, without=SectionContent(()), of_money=True
)
