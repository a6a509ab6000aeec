"""The four questions every reader of a report has, each answered in a sentence or two from its own section."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from llmaudit.audit import Audit
from llmaudit.findings.coverage import Coverage
from llmaudit.findings.waterfall import Waterfall
from llmaudit.money import EXACT, shown, times
from llmaudit.phrases import counted
from llmaudit.report import gateway_verdicts
from llmaudit.report.content import Answer, Answers
from llmaudit.report.sections import spend
from llmaudit.report.wording import between, headline, percent, quoted

DAYS_A_YEAR = 365
LEAST_DAYS = 7
"""A pace from less than a week would make a year of one working day."""


def answers(audit: Audit) -> Answers:
    """Return where the money goes, what can be saved, whether a gateway adds to the price, and what it rests on."""
    return Answers(
        (
            Answer("Where does the money go?", _goes(audit), "spend"),
            Answer("What can be saved?", _saved(audit), "waterfall"),
            Answer(
                "Does a gateway add to the price?",
                gateway_verdicts.lead(audit.markup.gateways),
                "markup",
                gateway_verdicts.verdict_of_all(audit.markup.gateways),
            ),
            Answer("Can these figures be trusted?", _trusted(audit), "coverage"),
        )
    )


def _goes(audit: Audit) -> str:
    leaders = spend.leaders(audit.spend)
    said = f"{', '.join(leaders)}." if leaders else "No model, feature or team is named in the logs."
    tiers = audit.tiers
    if tiers.tier01_on_flagship_usd:
        simple = tiers.tier01_on_flagship_requests
        number = f"{counted(simple, 'request')} that {'is' if simple == 1 else 'are'}"
        said += f" {headline(tiers.tier01_on_flagship_usd)} went to flagships for {number} trivial or standard."
    return said


def _saved(audit: Audit) -> str:
    """Return what must not be promised yet, and everything at the pace of a year; the lead has the promise."""
    found = audit.waterfall
    if found.saving_usd <= 0:
        return "No lever and no plan that was evaluated would have cost less."
    said = [_sure(found), *_unproven(found), _pace(audit)]
    return " ".join(sentence for sentence in said if sentence)


def _sure(found: Waterfall) -> str:
    sure, least = found.sure_usd, found.low.sure_usd
    if not sure:
        return "Nothing for certain."
    if least <= 0:
        return f"{headline(sure)} is expected, but nothing if every assumption is at its worst."
    return f"{headline(least)} for certain" + (f", {headline(sure)} expected." if least < sure else ".")


def _unproven(found: Waterfall) -> Iterator[str]:
    if not found.unproven_usd:
        return
    ends = between(found.low.saving_usd, found.high.saving_usd)
    share = f"{percent(found.saving_pct)} of spend ({ends})"
    more = f"{headline(found.unproven_usd)}{' more' if found.sure_usd else ''} by the plan {quoted(found.plan)}"
    until = "do not promise it until paired outcomes show that the cheaper models' answers hold up"
    if found.sure_usd:
        yield f"{more} is unproven: {until}. Together that would be {headline(found.saving_usd)}, {share}."
    else:
        yield f"{more}, {share}, is unproven: {until}."


def _pace(audit: Audit) -> str:
    """Return the saving as a yearly sum, with the days it is taken from; nothing for less than a week of logs."""
    first, last, found = audit.spend.first_day, audit.spend.last_day, audit.waterfall
    if first is None or last is None:
        return ""
    days = (last - first).days + 1
    if days < LEAST_DAYS:
        return ""

    def yearly(amount: Decimal) -> str:
        return shown(EXACT.divide(times(amount, DAYS_A_YEAR), Decimal(days)), 0)

    sure, least = found.sure_usd, found.low.sure_usd
    parts = [f"{yearly(least)} promised"] if least > 0 else []
    parts += [f"{yearly(sure)} expected"] if sure > 0 and sure != least else []
    parts += [f"{yearly(found.saving_usd)} with the unproven part"] if found.unproven_usd else []
    return f"In a year, at the pace of these {days} days: {', '.join(parts)}." if parts else ""


def _trusted(audit: Audit) -> str:
    told = counted(len(audit.warnings), "thing")
    return rests_on(audit.coverage) + (f" {told} to know before quoting a figure, below." if audit.warnings else "")


def rests_on(covered: Coverage) -> str:
    """Return what became of every record, and of how many requests the cost is known."""
    parts = [counted(covered.accepted, "request")]
    parts += [counted(covered.duplicates, "duplicate")] if covered.duplicates else []
    parts += [f"{covered.ignored:,} ignored"] if covered.ignored else []
    parts += [f"{covered.rejected:,} rejected"]
    parts += [counted(covered.bills, "bill line")] if covered.bills else []
    said = f"{counted(covered.lines, 'record')}, each accounted for: {', '.join(parts[:-1])} and {parts[-1]}."
    share = covered.spend_known_pct
    if share is None:
        return said
    known = "no request" if not share else "every request" if share == 100 else f"{percent(share, 2)} of requests"  # noqa: PLR2004 -- all
    return f"{said} The cost of {known} is known."
