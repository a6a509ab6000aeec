"""The verdict, for a reader who has one minute."""

from __future__ import annotations

from llmaudit.audit import Audit
from llmaudit.findings.drivers import Driver
from llmaudit.findings.savings import PlanRow, Savings
from llmaudit.money import ZERO, shown
from llmaudit.report.content import (
    Bullets,
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
)
from llmaudit.report.sections.savings import chart
from llmaudit.report.wording import between, counted, headline, percent, period

NO_DATA = Mark("no data", "none")
UNPROVEN = Mark("unproven", "open")
SAME = Mark("no answer changes", "good")
UNSURE = Mark("amount uncertain", "open")


def build(audit: Audit) -> SectionContent:
    """Return the verdict, the key figures, the four drivers and what a reader must know before quoting a figure."""
    return SectionContent(
        blocks=(
            Prose(_verdict(audit), lead=True),
            Figures((_spent(audit), _safe_figure(audit), _best_figure(audit), _driver_figure(audit))),
            *_plans(audit.savings),
            _drivers(audit),
            Prose(_coverage(audit)),
            Bullets(f"Know before you quote a figure ({len(audit.warnings)})", tuple(audit.warnings), collapsed=True),
        ),
        source="Every figure here is taken from a section below; none is computed twice.",
        caveat=audit.drivers.caveat,
        commands=(
            Command("llmaudit report --format json", "this audit as data, to the picodollar"),
            Command("llmaudit report --out report.md", "the same sections as Markdown"),
        ),
    )


def safest(plans: list[PlanRow]) -> PlanRow | None:
    """Return the plan that saves most without another model's answers; None where none saves anything."""
    found = [plan for plan in plans if not plan.moved_requests and plan.savings_usd > 0]
    return max(found, key=lambda plan: plan.savings_usd, default=None)


def boldest(plans: list[PlanRow]) -> PlanRow | None:
    """Return the plan that saves most with other models' answers; None where none saves anything."""
    found = [plan for plan in plans if plan.moved_requests and plan.savings_usd > 0]
    return max(found, key=lambda plan: plan.savings_usd, default=None)


def _verdict(audit: Audit) -> str:
    spend, plans = audit.spend, audit.savings.plans
    if not spend.requests:
        return "No request lies in the period, so there is nothing to say about money."
    when = period(spend.first_day, spend.last_day)
    said = [f"{counted(spend.requests, 'request')} ({when}) cost {headline(spend.spend_usd)}."]
    bold, safe = boldest(plans), safest(plans)
    if bold:
        said.append(
            f"The plan `{bold.name}` would have cost {headline(bold.cost_usd)}, {percent(bold.savings_pct)} less; "
            "that is unproven until paired outcomes show that the cheaper models' answers hold."
        )
    if safe:
        most = "" if safe.savings_low_usd > 0 else "Up to "
        amount = f"{most}{headline(safe.savings_usd)}"
        said.append(f"{amount} could be saved without changing one answer (plan `{safe.name}`).")
    if not bold and not safe:
        said.append("No plan that was evaluated costs less.")
    return " ".join(said)


def _spent(audit: Audit) -> KeyFigure:
    spend = audit.spend
    note = f"{headline(spend.billed_usd)} as billed, {headline(spend.list_only_usd)} at list price"
    if spend.unpriced_requests:
        note += f"; the cost of {counted(spend.unpriced_requests, 'request')} is unknown and not in it"
    return KeyFigure("Spend", headline(spend.spend_usd), note)


def _safe_figure(audit: Audit) -> KeyFigure:
    title = "Saving, same answers"
    plan, actual = safest(audit.savings.plans), audit.savings.actual_usd
    if actual is None:
        return KeyFigure(title, "no data", "no plan was evaluated", NO_DATA)
    if plan is None:
        return KeyFigure(title, shown(ZERO), "no plan that keeps every model costs less", SAME)
    note = f"plan `{plan.name}`: {plan.title.lower()}"
    if plan.low_usd == plan.high_usd:
        return KeyFigure(title, headline(plan.savings_usd), note, SAME)
    spread = between(plan.savings_low_usd, actual - plan.low_usd)
    note = f"{note}; {spread} where a price condition is unknown"
    return KeyFigure(title, headline(plan.savings_usd), note, SAME if plan.savings_low_usd > 0 else UNSURE)


def _best_figure(audit: Audit) -> KeyFigure:
    title = "Saving, other models"
    plan, actual = boldest(audit.savings.plans), audit.savings.actual_usd
    if actual is None:
        return KeyFigure(title, "no data", "no plan was evaluated", NO_DATA)
    if plan is None:
        return KeyFigure(title, shown(ZERO), "no plan with other models costs less", UNPROVEN)
    spread = between(plan.savings_low_usd, actual - plan.low_usd)
    note = f"{percent(plan.savings_pct)} of spend; plan `{plan.name}`, {spread} by its assumptions"
    return KeyFigure(title, headline(plan.savings_usd), note, UNPROVEN)


def _plans(savings: Savings) -> tuple[Chart, ...]:
    if savings.actual_usd is None or len(savings.plans) <= 1:
        return ()
    return (chart(savings.actual_usd, savings.plans, "What the same traffic would have cost"),)


def _driver_figure(audit: Audit) -> KeyFigure:
    known = [driver for driver in audit.drivers.drivers if driver.usd]
    if not known:
        return KeyFigure("Biggest driver", "no data", "no driver has a figure", NO_DATA)
    driver = max(known, key=lambda one: one.usd or 0)
    note = f"{short(driver)[0].lower()}{short(driver)[1:]}, {percent(driver.pct)} of spend"
    return KeyFigure("Biggest driver", headline(driver.usd), note, mark(driver))


def short(driver: Driver) -> str:
    """Return a driver's name without its explanation."""
    return driver.title.partition(":")[0]


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
            Column("Of spend", Kind.PERCENT),
            Column("Standing", Kind.MARK),
        ),
        tuple(
            (driver.title, "no data" if driver.usd is None else driver.usd, _share(driver), mark(driver))
            for driver in audit.drivers.drivers
        ),
        total=None,
    )


def _share(driver: Driver) -> float | str | None:
    return "no data" if driver.usd is None else driver.pct


def _coverage(audit: Audit) -> str:
    covered = audit.coverage
    known = "no request" if covered.spend_known_pct is None else f"{percent(covered.spend_known_pct, 2)} of requests"
    return (
        f"Rests on {counted(covered.lines, 'record')}, each accounted for: {covered.accepted:,} requests, "
        f"{covered.duplicates:,} duplicates, {covered.ignored:,} that are no requests, {covered.rejected:,} rejected "
        f"and {covered.bills:,} bill lines. The cost of {known} is known."
    )


SECTION = Section(10, "summary", "Summary", "audit", build)
