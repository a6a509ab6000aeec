"""The seven-point gateway checklist, answered from the logs."""

from __future__ import annotations

from llmaudit.findings.checklist import Checklist
from llmaudit.findings.checklist.base import Item, Status
from llmaudit.report.content import (
    Bullets,
    Column,
    Command,
    Kind,
    Mark,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
)

WORDS = {
    "pass": "passed",
    "warn": "passed with a warning",
    "fail": "failed",
    "no-evidence": "not answered, for want of evidence",
}

MARKS: dict[Status, Mark] = {
    "pass": Mark("pass", "good"),
    "warn": Mark("warn", "open"),
    "fail": Mark("fail", "bad"),
    "no-evidence": Mark("no evidence", "none"),
}


def build(found: Checklist) -> SectionContent:
    """Return the seven answers at a glance, then each with its evidence and what to do."""
    return SectionContent(
        blocks=(
            Prose(_lead(found), lead=True),
            _table(found),
            *(_part(number, item) for number, item in enumerate(found.items, start=1)),
        ),
        source=(
            "Failures by hour and what became of their calls, refusals by minute, latency by feature, which fields the "
            "requests have, and the lock-in findings."
        ),
        caveat=found.caveat,
        commands=(Command("llmaudit checklist", "the same in the terminal, or as data with --json"),),
    )


def _lead(found: Checklist) -> str:
    said = [f"{count} {WORDS[status]}" for status, count in found.counts.items() if count]
    return f"Seven questions about a gateway, answered from the logs: {', '.join(said)}."


def _table(found: Checklist) -> Table:
    columns = (
        Column("Question", Kind.TEXT),
        Column("Answer", Kind.MARK),
    )
    rows = tuple((f"{number} {item.title}", MARKS[item.status]) for number, item in enumerate(found.items, start=1))
    return Table("Seven questions about a gateway, answered from the logs", columns, rows, total=None)


def _part(number: int, item: Item) -> Part:
    rule = tuple(part[0].upper() + part[1:] + "." for part in item.rule.split("; "))
    return Part(
        f"{number} {item.title.partition(':')[0]}",
        (
            Prose(item.next_step),
            Bullets("Evidence", tuple(item.evidence)),
            Bullets("How this is decided", rule, collapsed=True),
        ),
        MARKS[item.status],
    )


SECTION = Section(72, "checklist", "The gateway checklist", "checklist", build)
