"""The verdict, for a reader who has one minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from llmaudit.audit import Audit
from llmaudit.findings.checklist import Checklist
from llmaudit.findings.drivers import Driver
from llmaudit.findings.reconcile import Row
from llmaudit.findings.waterfall import Waterfall
from llmaudit.money import EXACT, ZERO, shown, times, total
from llmaudit.phrases import counted
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
from llmaudit.report.sections.waterfall import MARKS, chart, split
from llmaudit.report.usage_tables import said
from llmaudit.report.wording import between, headline, name, percent, period, quoted

NO_DATA = Mark("no data", "none")
UNPROVEN = Mark("unproven", "open")
DAYS_A_YEAR = 365
LEAST_DAYS = 7
"""A pace from less than a week would make a year of one working day."""

FIRST_STEPS = 5


def build(audit: Audit) -> SectionContent:
    """Return the verdict, what could be reached, the four drivers, and what to know before quoting a figure."""
    return SectionContent(
        blocks=(
            Prose(_verdict(audit), lead=True),
            *_open(audit),
            *(_of_requests(audit) if audit.spend.requests else ()),
            Prose(_coverage(audit)),
            Bullets(f"Know before you quote a figure ({len(audit.warnings)})", tuple(audit.warnings), collapsed=True),
        ),
        source="Every figure here is taken from a section below; none is computed twice.",
        caveat=f"{audit.drivers.caveat} The unproven part of the saving is no promise." if audit.spend.requests else "",
        commands=(
            Command("llmaudit report --format json", "this audit as data, to the picodollar"),
            Command("llmaudit report --out report.md", "the same sections as Markdown"),
        ),
    )


def _of_requests(audit: Audit) -> Iterator[Block]:
    if audit.spend.is_known:
        yield Figures((_spent(audit), *split(audit.waterfall)[:3]))  # what they come to together stands in the verdict
        yield from _first(audit.waterfall)
        yield from chart(audit.waterfall)
        yield _drivers(audit)
    yield from _checklist(audit.checklist)
    if audit.reconcile.rows:
        yield Prose(_billed(audit))
    if audit.usage.rows:
        yield Prose(_used(audit))


def _verdict(audit: Audit) -> str:
    spend = audit.spend
    if not spend.requests:
        if audit.reconcile.rows:
            return f"No request lies in the period, so nothing can be repriced. {_billed(audit)} {_used(audit)}".strip()
        if audit.usage.rows:
            return f"No request and no bill lies in the period. {_used(audit)}"
        tests = audit.shadow.tests if audit.shadow else []
        read = "".join(f" Shadow test {quoted(test.name)}: {test.sentence}" for test in tests[:FIRST_STEPS])
        return f"No request lies in the period, so there is nothing to say about money.{read}"
    these = f"{counted(spend.requests, 'request')} ({period(spend.first_day, spend.last_day)})"
    if not spend.is_known:
        return f"What {these} cost is not known. {_without_price(audit)}"
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


def _billed(audit: Audit) -> str:
    """Return what the bills charge, dearest first, and how much of it the logs show.

    What was paid for credit and fees pays for usage that is billed or logged as well: it stands beside, not added.
    """
    rows = sorted(audit.reconcile.rows, key=lambda row: row.billed_usd or ZERO, reverse=True)
    bills, bought = [row for row in rows if row.has_usage], [row for row in rows if not row.has_usage]
    whole = headline(total(row.billed_usd for row in bills if row.billed_usd is not None))
    sentences = [f"Bills charge {whole}: {_each(bills)}."] if bills else []
    sentences += [f"For credit and fees, in no sum here, was paid: {_each(bought)}."] if bought else []
    return " ".join(sentences)


def _each(rows: Sequence[Row]) -> str:
    """Return the dearest bills, each with its month and how much of it the logs show."""
    told = []
    for row in rows[:FIRST_STEPS]:
        seen = "" if row.coverage_pct is None else f", {percent(row.coverage_pct)} of it in the logs"
        told.append(f"{name(row.seller)} {row.month or ''}".strip() + f" {headline(row.billed_usd)}{seen}")
    more = f"; and {len(rows) - FIRST_STEPS:,} more" if len(rows) > FIRST_STEPS else ""
    return f"{'; '.join(told)}{more}"


def _used(audit: Audit) -> str:
    """Return what usage exports come to at list, dearest first; it is in no other sum."""
    rows = sorted(audit.usage.rows, key=lambda row: row.high_usd or ZERO, reverse=True)
    more = f"; and {len(rows) - FIRST_STEPS:,} more" if len(rows) > FIRST_STEPS else ""
    told = "; ".join(map(said, rows[:FIRST_STEPS]))
    return f"By the sellers' own count of usage, which is no bill: {told}{more}." if rows else ""


def _open(audit: Audit) -> tuple[Prose, ...]:
    """Return what must not be promised yet, and everything at the pace of a year."""
    found = audit.waterfall
    said = _pace(audit)
    if found.unproven_usd and found.saving_usd > 0:
        ends = between(found.low.saving_usd, found.high.saving_usd)
        said = (
            f"{headline(found.unproven_usd)} more by the plan {quoted(found.plan)} is unproven: do not promise it "
            f"before paired outcomes show that the cheaper models' answers hold. Together that would be "
            f"{headline(found.saving_usd)}, {percent(found.saving_pct)} of spend ({ends}). {said}"
        )
    return (Prose(said.strip()),) if said else ()


def _promise(found: Waterfall) -> str:
    """Return what is left of the sure part at the worst of every assumption: no one has to take a promise back."""
    if found.saving_usd <= 0:
        return "No lever and no plan that was evaluated would have cost less."
    sure, least = found.sure_usd, found.low.sure_usd
    certified = " or by moves that paired outcomes certify" if found.certified_usd else ""
    how = f"without changing one answer{certified}"
    if least <= 0:
        hoped = (
            f"; {headline(sure)} can be expected {how}, and nothing at the worst of every assumption" if sure else ""
        )
        return f"Nothing may be promised yet{hoped}."
    expected = f" and expect {headline(sure)}" if least < sure else ""
    return f"You may promise {headline(least)} less{expected}, {how}."


def _pace(audit: Audit) -> str:
    """Return the saving as a yearly sum, with the days it is taken from; nothing for less than a week of logs."""
    spend, found = audit.spend, audit.waterfall
    if spend.first_day is None or spend.last_day is None or found.saving_usd <= 0:
        return ""
    days = (spend.last_day - spend.first_day).days + 1
    if days < LEAST_DAYS:
        return ""

    def yearly(amount: Decimal) -> str:
        return shown(EXACT.divide(times(amount, DAYS_A_YEAR), Decimal(days)), 0)

    parts = [f"{yearly(found.low.sure_usd)} promised", f"{yearly(found.sure_usd)} expected"]
    if found.unproven_usd:
        parts.append(f"{yearly(found.saving_usd)} with the unproven part")
    return f"In a year, at the pace of these {days} days: {', '.join(parts)}."


def _first(found: Waterfall) -> tuple[Table, ...]:
    """Return the steps that take most off, each with what to do; a plan's verification passes are no step."""
    steps = [step for step in found.steps if step.saved_usd and step.saved_usd > 0 and step.next_step]
    if not steps:
        return ()
    steps.sort(key=lambda step: step.saved_usd or ZERO, reverse=True)
    passes = total(-(step.saved_usd or ZERO) for step in found.steps if (step.saved_usd or ZERO) < 0)
    note = f"Verification passes of the plan, {headline(passes)}, come off what the plan saves." if passes else ""
    return (
        Table(
            "What to do first, by the dollars it takes off",
            (
                Column("Step", Kind.TEXT),
                Column("Takes off", Kind.MONEY, adds=False),
                Column("Standing", Kind.MARK),
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
    said = [
        f"{len(names)} {status.replace('-', ' ')} ({', '.join(names)})" for status, names in titles.items() if names
    ]
    return (Prose(f"Gateway checklist, seven questions answered from the logs: {'; '.join(said)}."),)


def mark(driver: Driver) -> Mark:
    """Return whether a driver's figure is proven."""
    if driver.usd is None:
        return NO_DATA
    return Mark("proven", "good") if driver.proven else UNPROVEN


def _drivers(audit: Audit) -> Table:
    return Table(
        "The four hidden cost drivers",
        (
            Column("Driver", Kind.TEXT),
            Column("Cost in the period", Kind.MONEY, adds=False),
            Column("Share", Kind.PERCENT),
            Column("Of", Kind.TEXT),
            Column("Standing", Kind.MARK),
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
        note=f"What each costs, standing alone; no sum, and no saving: what can be saved stands above.{_beside(audit)}",
    )


def _beside(audit: Audit) -> str:
    """Return why the markup that was found is more than what a step takes back; nothing where it is not."""
    beside = total(row.beside_usd for row in audit.markup.gateways if row.overpaid_usd)
    return (
        f" {headline(beside)} of the markup was paid beside the requests, so no step takes it back." if beside else ""
    )


def _share(driver: Driver) -> float | str | None:
    return "no data" if driver.usd is None else driver.pct


def _coverage(audit: Audit) -> str:
    covered = audit.coverage
    share = covered.spend_known_pct
    known = "" if share is None else f" The cost of {percent(share, 2)} of requests is known."
    return (
        f"Rests on {counted(covered.lines, 'record')}, each accounted for: {counted(covered.accepted, 'request')}, "
        f"{counted(covered.duplicates, 'duplicate')}, {covered.ignored:,} ignored, {covered.rejected:,} rejected and "
        f"{counted(covered.bills, 'bill line')}.{known}"
    )


SECTION = Section(10, "summary", "Summary", "audit", build, of_requests=False)
