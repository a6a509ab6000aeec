"""What the figures rest on: every record accounted for."""

from __future__ import annotations

from llmaudit.findings.coverage import Coverage
from llmaudit.phrases import counted
from llmaudit.rejects import REJECTED, told
from llmaudit.report.content import (
    Bullets,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Prose,
    Section,
    SectionContent,
    Table,
)
from llmaudit.report.wording import count, percent, without_common_folder

PARTS = ("accepted", "duplicates", "ignored", "rejected", "bills")
UNPRICED = {
    "unknown-model": "the catalog has no model of this name",
    "ambiguous-model": "several models answer to this name",
    "no-model-name": "the log names no model",
    "unknown-seller": "the catalog does not know who sells it",
    "usage missing": "the log has no token counts",
    "usage inconsistent": "the token counts contradict each other",
    "no time": "the log has no time, and prices have dates",
}
"""Why there is no list price, in words; other reasons are words already."""

USAGE = {
    "reported": "reported by the provider or gateway",
    "estimated": "estimated offline from the text",
    "missing": "missing",
    "inconsistent": "contradicting each other: in no amount",
    "gateway_cache": "none: a gateway answered from its own cache",
}
"""Where token counts come from, in words."""

FILES = 200
"""Rows of the ledger on the page; the rest adds up in one row."""


def build(found: Coverage) -> SectionContent:
    """Return what became of every record, what has no price and what was assumed; nothing where nothing was read."""
    if not (found.files or found.lines or found.usage):
        return SectionContent(())
    return SectionContent(
        blocks=(
            Prose(_lead(found), lead=True),
            _key_figures(found),
            _ledger(found),
            *_reasons(found),
            *_usage(found),
            *_unpriced(found),
            *_too_long(found),
            *_told_twice(found),
            *_assumed(found),
            _files(found),
        ),
        source="The ledger: one row per file, written in the same transaction as the file's requests.",
        caveat="Unknown is never read as 0: what has no price or no usage is listed here and is in no total.",
        commands=(
            Command("llmaudit requests --where \"usage_status != 'reported'\"", "requests without reported usage"),
            Command("llmaudit report --format json", "the whole ledger as data"),
        ),
    )


def _lead(found: Coverage) -> str:
    files = counted(len(found.files), "file")
    unusable = f"{count(found.rejected)} of them could not be used"
    known = (
        ""
        if found.spend_known_pct is None
        else f"; the cost of {percent(found.spend_known_pct, 2)} of requests is known"
    )
    return f"{counted(found.lines, 'record')} in {files} were read and each is accounted for: {unusable}{known}."


def _key_figures(found: Coverage) -> Figures:
    conflicts = (
        f"{counted(found.conflicts, 'record')} contradict an earlier one" if found.conflicts else "none contradictory"
    )
    return Figures(
        (
            KeyFigure("Records read", count(found.lines), f"in {counted(len(found.files), 'file')}"),
            KeyFigure("Rejected", count(found.rejected), "unusable; counted by reason below"),
            KeyFigure("Duplicates", count(found.duplicates), f"counted once; {conflicts}"),
            *_of_requests(found),
        )
    )


def _of_requests(found: Coverage) -> tuple[KeyFigure, ...]:
    if not found.accepted:
        return ()
    return (
        KeyFigure("Cost known", percent(found.spend_known_pct, 2), "of requests"),
        KeyFigure("With an amount", count(found.billed_requests), "requests with an amount in a log or bill"),
    )


def _ledger(found: Coverage) -> Table:
    return Table(
        "Every record accounted for",
        (Column("Became", Kind.TEXT), Column("Records", Kind.COUNT)),
        (
            ("requests (accepted)", found.accepted),
            ("duplicates of a request", found.duplicates),
            ("ignored: not a request", found.ignored),
            ("rejected", found.rejected),
            ("bill lines", found.bills),
        ),
        total="Records read",
    )


def _reasons(found: Coverage) -> tuple[Table, ...]:
    """Return two tables: thousands of ignored lines of a log must not fold the few rejected ones away."""
    rows = sorted(found.reasons.items(), key=lambda item: (-item[1], item[0]))
    rejected = tuple((told(reason), number) for reason, number in rows if reason in REJECTED)
    ignored = tuple((reason, number) for reason, number in rows if reason not in REJECTED)
    columns = (Column("Reason", Kind.TEXT), Column("Records", Kind.COUNT))
    tables = (
        Table("Rejected records by reason", columns, rejected),
        Table("Ignored records by reason: not a fault of the log", columns, ignored, limit=FILES, collapsed=True),
    )
    return tuple(table for table in tables if table.rows)


def _usage(found: Coverage) -> tuple[Table, ...]:
    rows = sorted(found.usage.items(), key=lambda item: (-item[1], item[0]))
    columns = (Column("Token counts are", Kind.TEXT), Column("Requests", Kind.COUNT))
    cells = tuple((USAGE.get(status, status), number) for status, number in rows)
    return (Table("Requests by where their token counts come from", columns, cells),) if rows else ()


def _unpriced(found: Coverage) -> tuple[Table, ...]:
    if not found.unpriced:
        return ()
    columns = (
        Column("Model", Kind.NAME),
        Column("Why", Kind.TEXT),
        Column("Requests", Kind.COUNT),
        Column("Prompt tokens", Kind.COUNT),
        Column("Output tokens", Kind.COUNT),
    )
    rows = tuple(
        (row.model, UNPRICED.get(row.reason, row.reason), row.requests, row.input_tokens, row.output_tokens)
        for row in found.unpriced
    )
    note = "Where a log or bill has an amount for such a request, its cost is still known."
    return (Table("Without a list price", columns, rows, note=note),)


def _too_long(found: Coverage) -> tuple[Table, ...]:
    if not found.too_long:
        return ()
    columns = (
        Column("Model", Kind.NAME),
        Column("Too long", Kind.TEXT),
        Column("Most tokens", Kind.COUNT),
        Column("Requests", Kind.COUNT),
        Column("Tokens on average", Kind.COUNT),
        Column("Cost", Kind.MONEY),
    )
    kinds = {"output": "answer", "prompt": "prompt"}
    rows = tuple(
        (row.model, kinds[row.kind], row.limit_tokens, row.requests, row.tokens // row.requests, row.spend_usd)
        for row in found.too_long
    )
    note = (
        "No single call can use so many: the record adds up several calls, its counter has another unit, the count was "
        "inflated, or the limit has changed. They are in every total as they were logged."
    )
    return (Table("More tokens than the model allows", columns, rows, note=note),)


def _told_twice(found: Coverage) -> tuple[Table, ...]:
    if not found.told_twice:
        return ()
    columns = (
        Column("Model", Kind.NAME),
        Column("Session files", Kind.TEXT),
        Column("Calls", Kind.COUNT),
        Column("Counted too much", Kind.MONEY),
    )
    rows = tuple((row.model, row.other, row.requests, row.spend_usd) for row in found.told_twice)
    note = (
        "Log events and session files of one coding agent have no id in common. These agree in session, model, counts "
        "of tokens and minute, and are in every total twice: forget one of the two."
    )
    return (Table("Calls told by log events and by session files", columns, rows, note=note),)


def _assumed(found: Coverage) -> tuple[Bullets, ...]:
    items = tuple(f"{counted(number, 'request')}: {note}" for note, number in found.assumed.items())
    return (Bullets("Prices that rest on an assumption", items),) if items else ()


def _files(found: Coverage) -> Table:
    columns = (
        Column("File", Kind.NAME),
        Column("Format", Kind.TEXT),
        Column("Records", Kind.COUNT),
        *(Column(part.capitalize(), Kind.COUNT) for part in PARTS),
    )
    paths = without_common_folder([file.path for file in found.files])
    rows = tuple(
        (path, file.format, file.lines, *(getattr(file, part) for part in PARTS))
        for path, file in zip(paths, found.files, strict=True)
    )
    note = "Paths are relative to the folder that all files share."
    return Table("The ledger, file by file", columns, rows, limit=FILES, collapsed=True, note=note)


SECTION = Section(80, "coverage", "What the figures rest on", "coverage", build, of_requests=False)
