"""How the figures are computed, what the terms mean, and what is not measured."""

from __future__ import annotations

from datetime import datetime

from llmaudit.audit import NO_DATA, Audit
from llmaudit.report.content import (
    Bullets,
    Column,
    Command,
    Kind,
    Prose,
    Section,
    SectionContent,
    Table,
)
from llmaudit.report.wording import period

WORDS = (
    ("request", "One upstream call, an attempt."),
    ("call", "What the application asked for: one or more attempts."),
    ("seller", "Who bills."),
    ("gateway", "A seller that resells others."),
    (
        "list cost",
        "Tokens times the seller's provider list rate, at the request's own minute, tier, batch and prompt size.",
    ),
    ("billed cost", "What a log or bill says was charged."),
    ("spend", "Billed cost where there is one, list cost where there is none."),
    ("markup", "Billed over list, once everything that only looks like a markup is ruled out."),
    ("tier", "0 trivial, 1 standard, 2 complex, 3 high stakes."),
    ("plan", "Rules that send requests to models; its cost is what the same traffic would have cost."),
    ("unproven", "Depends on another model's answers, whose quality no paired outcomes here have shown."),
    ("unknown", "Not known. Never read as 0; counted, listed, and in no total."),
)

PARTS = {
    "overspecification": "What overspecification costs",
    "lockin": "What lock-in costs",
    "checklist": "The gateway checklist",
    "shadow": "What shadow tests showed",
    "payback": "When the switch pays for itself",
    "frontier": "Cost against quality",
}
"""Parts of an audit that may be missing, as their sections are called."""


def build(audit: Audit) -> SectionContent:
    """Return the versions, the words, the rules of arithmetic and the parts without data."""
    return SectionContent(
        blocks=(
            Prose("What the words mean, how amounts are computed, and which parts had no data.", lead=True),
            _facts(audit),
            _words(),
            Bullets(
                "Arithmetic",
                (
                    "Amounts are exact to 1e-12 US dollars and are rounded once, where they are shown.",
                    "Parts are rounded so that they add up to the total shown under them.",
                    "Percentages are rounded one by one, except shares of a whole.",
                    "The same logs, catalog and version give the same report, byte for byte.",
                    "Nothing was sent anywhere: this page makes no requests and contains no prompts.",
                ),
            ),
            *_not_measured(audit),
        ),
        source="The audit's own header and the warnings it carries.",
        commands=(
            Command("llmaudit report --format json", "the header, the warnings and every figure as data"),
            Command("llmaudit explain REQUEST_ID", "one request: the rates, their dates and where they come from"),
        ),
    )


def _facts(audit: Audit) -> Table:
    asked = f"{_moment(audit.since, 'the beginning')} to {_moment(audit.until, 'the end')}"
    return Table(
        "This audit",
        (Column("What", Kind.TEXT), Column("Value", Kind.TEXT)),
        (
            ("Days with requests", period(audit.spend.first_day, audit.spend.last_day)),
            ("Period asked for", f"{asked} of the logs" if audit.since is None and audit.until is None else asked),
            ("Time zone of day boundaries", audit.timezone),
            ("Price catalog", f"version {audit.catalog_version} (hash of its content)"),
            ("llmaudit", f"version {audit.version}, document {audit.schema}"),
        ),
        total=None,
    )


def _moment(value: datetime | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value.isoformat(sep=' ', timespec='minutes')} UTC"


def _words() -> Table:
    return Table("Words", (Column("Word", Kind.TEXT), Column("Meaning", Kind.TEXT)), WORDS, total=None)


def _not_measured(audit: Audit) -> tuple[Table, ...]:
    missing = [(name, reason) for name, reason in NO_DATA if getattr(audit, name, None) is None]
    rows = tuple((PARTS[name], reason) for name, reason in missing)
    columns = (Column("Part", Kind.TEXT), Column("Why", Kind.TEXT))
    return (Table("Not measured", columns, rows, total=None),) if rows else ()


SECTION = Section(90, "method", "Method and limits", "audit", build, of_requests=False)
