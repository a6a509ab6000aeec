"""The verdict, for a reader who has one minute."""

from __future__ import annotations

from collections.abc import Iterator

from llmaudit.audit import Audit, warnings_for_people
from llmaudit.findings.checklist import Checklist
from llmaudit.findings.drivers import Driver
from llmaudit.findings.waterfall import Waterfall
from llmaudit.money import ZERO, total
from llmaudit.phrases import counted
from llmaudit.report.answers import answers, rests_on
from llmaudit.report.content import (
    Block,
    Bullets,
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
)
from llmaudit.report.sections.checklist import WORDS
from llmaudit.report.sections.reconcile import glance, in_all
from llmaudit.report.sections.waterfall import MARKS, chart, split
from llmaudit.report.usage_tables import said
from llmaudit.report.wording import headline, period, quoted

NO_DATA = Mark("no data", "none")
NONE_FOUND = Mark("none found", "good")
UNPROVEN = Mark("unproven", "open")
FIRST_STEPS = 5
OPEN_WARNINGS = 12
"""More warnings than this are folded away; fewer must be on paper as well."""


def build(audit: Audit) -> SectionContent:
    """Return the verdict, what every reader asks first, what to do, the drivers, and what to know before quoting."""
    of_money = audit.spend.requests and audit.spend.is_known
    told = warnings_for_people(audit)
    warnings = Bullets(
        f"Know before you quote a figure ({len(told)})", tuple(told), collapsed=len(told) > OPEN_WARNINGS
    )
    return SectionContent(
        blocks=(
            Prose(_verdict(audit), lead=True),
            *(_of_money(audit) if of_money else ()),
            *(_checklist(audit.checklist) if audit.spend.requests else ()),
            *glance(audit.reconcile.rows),
            *_used(audit),
            *((Prose(rests_on(audit.coverage)),) if audit.coverage.lines and not of_money else ()),
            *((warnings,) if told else ()),
        ),
        source="Every figure here is taken from a section below; none is computed twice.",
        caveat=f"{audit.drivers.caveat} The unproven part of the saving is not a promise." if of_money else "",
        commands=(
            Command("llmaudit report --format json", "this audit as data, to the picodollar"),
            Command("llmaudit report --out report.md", "the same sections as Markdown"),
        ),
    )


def _of_money(audit: Audit) -> Iterator[Block]:
    yield Figures((_spent(audit), *split(audit.waterfall)[:3]))  # what they come to together stands in the answers
    yield answers(audit)
    yield from _first(audit.waterfall)
    yield from chart(audit.waterfall)
    yield _drivers(audit)


def _verdict(audit: Audit) -> str:
    spend = audit.spend
    if not spend.requests:
        if audit.reconcile.rows:
            return f"The period has no requests, so nothing can be repriced. {in_all(audit.reconcile.rows)}"
        if audit.usage.rows:
            return (
                "The period has neither requests nor bills, only the sellers' own count of usage, which is not a bill."
            )
        tests = audit.shadow.tests if audit.shadow else []
        read = "".join(f" Shadow test {quoted(test.name)}: {test.sentence}" for test in tests[:FIRST_STEPS])
        return f"The period has no requests, so there is nothing to say about money.{read}"
    these = f"{counted(spend.requests, 'request')} ({period(spend.first_day, spend.last_day)})"
    if not spend.is_known:
        return f"The cost of {these} is unknown. {_without_price(audit)}"
    return f"{these} cost {headline(spend.spend_usd)}. {_promise(audit.waterfall)}"


def _without_price(audit: Audit) -> str:
    """Return which models lack a price, and what gives them one."""
    missing = audit.coverage.unpriced
    named = ", ".join(quoted(row.model) for row in missing[:FIRST_STEPS])
    more = f" and {len(missing) - FIRST_STEPS:,} more" if len(missing) > FIRST_STEPS else ""
    return (
        f"No price is known for {named}{more}, so nothing is said about savings here. A price file "
        "(`--catalog prices.yaml`) gives a model its price; where a name hides a known model, a `--deployments` file "
        "says which."
    )


def _used(audit: Audit) -> tuple[Prose, ...]:
    """Return what usage exports come to at list, largest first; it is in no other sum."""
    rows = sorted(audit.usage.rows, key=lambda row: row.high_usd or ZERO, reverse=True)
    more = f"; and {len(rows) - FIRST_STEPS:,} more" if len(rows) > FIRST_STEPS else ""
    told = "; ".join(map(said, rows[:FIRST_STEPS]))
    return (Prose(f"By the sellers' own count of usage, which is not a bill: {told}{more}."),) if rows else ()


def _promise(found: Waterfall) -> str:
    """Return what is left of the sure part at the worst of every assumption: no one has to take a promise back."""
    if found.saving_usd <= 0:
        return "No lever and no plan that was evaluated would have cost less."
    sure, least = found.sure_usd, found.low.sure_usd
    certified = " or by moves that paired outcomes certify" if found.certified_usd else ""
    how = f"without changing an answer{certified}"
    if least <= 0:
        hoped = f": {headline(sure)} is expected {how}, but nothing if every assumption is at its worst" if sure else ""
        return f"No saving is safe to promise yet{hoped}."
    expected = f" and {headline(sure)} is expected" if least < sure else ""
    return f"Savings of {headline(least)} are safe to promise{expected}, {how}."


def _first(found: Waterfall) -> tuple[Table, ...]:
    """Return the steps that take most off, each with what to do; a plan's verification passes are no step."""
    steps = [step for step in found.steps if step.saved_usd and step.saved_usd > 0 and step.next_step]
    if not steps:
        return ()
    steps.sort(key=lambda step: step.saved_usd or ZERO, reverse=True)
    passes = total(-(step.saved_usd or ZERO) for step in found.steps if (step.saved_usd or ZERO) < 0)
    note = (
        f"The plan's verification passes cost {headline(passes)}, which is deducted from what it saves."
        if passes
        else ""
    )
    return (
        Table(
            "What to do first, by dollars saved",
            (
                Column("Step", Kind.TEXT),
                Column("Saves", Kind.MONEY, adds=False),
                Column("Status", Kind.MARK),
                Column("Next step", Kind.TEXT),
            ),
            tuple((step.title, step.saved_usd, MARKS[step.kind], step.next_step) for step in steps[:FIRST_STEPS]),
            total=None,
            note=note,
        ),
    )


def _spent(audit: Audit) -> KeyFigure:
    spend = audit.spend
    note = f"{headline(spend.billed_usd)} as billed, {headline(spend.list_only_usd)} at list price"
    if spend.unpriced_requests:
        note += f"; the cost of {counted(spend.unpriced_requests, 'request')} is unknown and not in it"
    return KeyFigure("Spend", headline(spend.spend_usd), note)


def _checklist(found: Checklist | None) -> tuple[Prose, ...]:
    if found is None:
        return ()
    titles = {
        status: [one.id.replace("-", " ") for one in found.items if one.status == status] for status in found.counts
    }
    said = [f"{len(names)} {WORDS[status]} ({', '.join(names)})" for status, names in titles.items() if names]
    return (Prose(f"The gateway checklist, seven questions: {'; '.join(said)}."),)


def mark(driver: Driver) -> Mark:
    """Return whether a driver's figure is proven."""
    if driver.usd is None:
        return NO_DATA
    if not driver.usd:
        return NONE_FOUND
    return Mark("proven", "good") if driver.proven else UNPROVEN


def _drivers(audit: Audit) -> Table:
    return Table(
        "The four hidden cost drivers",
        (
            Column("Driver", Kind.TEXT),
            Column("Cost in the period", Kind.MONEY, adds=False),
            Column("Share", Kind.PERCENT),
            Column("Of", Kind.TEXT),
            Column("Status", Kind.MARK),
        ),
        tuple(
            (
                driver.title,
                "no data" if driver.usd is None else driver.usd,
                _share(driver),
                "" if driver.usd is None else driver.of,
                mark(driver),
            )
            for driver in audit.drivers.drivers
        ),
        total=None,
        note=f"Each on its own. They overlap, so they have no total; what can be saved is above.{_beside(audit)}",
    )


def _beside(audit: Audit) -> str:
    """Return why the markup that was found is more than what a step takes back; nothing where it is not."""
    beside = total(row.beside_usd for row in audit.markup.gateways if row.overpaid_usd)
    return (
        f" {headline(beside)} of the markup was paid beside the requests, so no step takes it back." if beside else ""
    )


def _share(driver: Driver) -> float | str | None:
    return "no data" if driver.usd is None else driver.pct


SECTION = Section(10, "summary", "Summary", "audit", build, of_requests=False)
