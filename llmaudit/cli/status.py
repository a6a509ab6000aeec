"""`llmaudit status`: what the database holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, table, warn
from llmaudit.errors import printable
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.evidence import Evidence

NAMED = 20
"""Models without a price that are named to a person."""

_SPAN = """
    SELECT min(started_at), max(started_at) FROM requests
    WHERE ($since IS NULL OR started_at >= $since) AND ($until IS NULL OR started_at < $until)
"""
_ESTIMATED = """
    SELECT count(*) AS requests, coalesce(sum(input_tokens), 0)::BIGINT AS input,
        coalesce(sum(output_tokens), 0)::BIGINT AS output
    FROM requests
    WHERE usage_status = 'estimated'
        AND ($since IS NULL OR started_at >= $since) AND ($until IS NULL OR started_at < $until)
"""


def status(
    settings: Settings,
    privacy: Annotated[bool, typer.Option("--privacy", help="Show what each table holds about people.")] = False,
) -> None:
    """Show what the database holds.

    Requests, records by outcome, money and tokens.
    """
    if privacy:
        _privacy(settings)
        return
    from llmaudit.audit import gather
    from llmaudit.findings.coverage import twice_sentence
    from llmaudit.summaries.oversize import Oversize
    from llmaudit.summaries.spared import Spared
    from llmaudit.summaries.twice import Twice

    with open_store(settings, read_only=True) as store:
        evidence = gather(store, catalog(settings), (), settings.period, only={Oversize, Spared, Twice})
        estimated = store.dicts(_ESTIMATED, {"since": settings.period.since, "until": settings.period.until})[0]
        first, last = store.one(_SPAN, {"since": settings.period.since, "until": settings.period.until})
    known = _document(evidence, estimated)
    twice = twice_sentence(known["told_twice"])
    warnings = [*([twice] if twice else []), *evidence.notes]
    document = known | {"first_at": first, "last_at": last, "warnings": warnings}
    answer(settings, document, lambda: _show(settings, document))
    if not settings.json:
        warn(settings, warnings)


def _privacy(settings: Settings) -> None:
    from llmaudit.ingest.privacy_report import privacy_report

    with open_store(settings, read_only=True) as store:
        found = privacy_report(store)
    document = {
        "schema": "llmaudit/status-privacy/1",
        "tables": found.tables,
        "people": found.people,
        "masked": found.masked,
        "with_personal_data": found.with_personal_data,
        "text_file": found.text_file,
        "texts": found.texts,
    }

    def show() -> None:
        table(
            settings, "Tables", ["table", "rows", "holds"], [[t.table, t.rows, t.holds] for t in found.tables], (0, 2)
        )
        columns = ["column", "as logged", "hashed", "masked"]
        rows = [[f"{c.table}.{c.column}", c.as_logged, c.hashed, c.masked] for c in found.people]
        table(settings, "Distinct values of columns that can name a person or a key", columns, rows)
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in found.with_personal_data.items())
        line(f"live keys masked     {found.masked:,}")
        line(f"prompts that seemed to hold personal data   {kinds or 'none'}")
        line(f"texts kept           {f'{found.texts:,} in {found.text_file}' if found.text_file else 'none'}")

    answer(settings, document, show)


def _document(evidence: Evidence, estimated: dict[str, int]) -> dict[str, Any]:
    """Return what is known without the other findings, which take several times as long."""
    from llmaudit.findings import coverage, gateway_cache, spend

    covered, spent, spared = coverage.find(evidence), spend.find(evidence), gateway_cache.find(evidence)
    unpriced = sum(row.requests for row in covered.unpriced)
    return {
        "schema": "llmaudit/status/1",
        "catalog_version": evidence.catalog.version,
        "timezone": evidence.period.timezone,
        "requests": spent.requests,
        "lines": covered.lines,
        "accepted": covered.accepted,
        "rejected": covered.rejected,
        "duplicates": covered.duplicates,
        "ignored": covered.ignored,
        "bills": covered.bills,
        "conflicts": covered.conflicts,
        "files": len(covered.files),
        "billed_usd": spent.billed_usd,
        "list_usd": spent.list_usd,
        "spend_usd": spent.spend_usd,
        "tokens": spent.tokens,
        "tokens_estimated": estimated,
        "assumed_time": {"requests": spent.assumed_time_requests, "spend_usd": spent.assumed_time_usd},
        "usage": covered.usage,
        "told_twice": covered.told_twice,
        "gateway_cache": {
            "requests": spared.requests,
            "avoided_usd": spared.avoided_usd,
            "unknown_requests": spared.unknown_requests,
        },
        "unpriced": {
            "requests": unpriced,
            "cost_unknown_requests": spent.unpriced_requests,
            "models": sorted({row.model for row in covered.unpriced}),
        },
    }


def _show(settings: Settings, document: dict[str, Any]) -> None:
    line(f"database   {settings.db}")
    line(f"files      {document['files']}, {document['lines']:,} records")
    line(
        f"records    {document['accepted']:,} accepted, {document['duplicates']:,} duplicates, {document['ignored']:,} "
        f"ignored, {document['rejected']:,} rejected, {document['bills']:,} bill lines"
    )
    first, last = document["first_at"], document["last_at"]
    when = f" from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC" if first else " in the period"
    line(f"requests   {document['requests']:,}{when}")
    parts = f"billed {shown(document['billed_usd'])}, list {shown(document['list_usd'])}"
    known = document["spend_usd"] or not document["unpriced"]["cost_unknown_requests"]
    line(f"spend      {shown(document['spend_usd']) if known else 'unknown'} ({parts})")
    tokens = document["tokens"]
    line(
        "tokens     "
        + ", ".join(f"{name.replace('_', ' ')} {getattr(tokens, name):,}" for name in tokens.__struct_fields__)
    )
    estimated = document["tokens_estimated"]
    if estimated["requests"]:
        line(
            f"estimated  of these, input {estimated['input']:,} and output {estimated['output']:,} were counted offline"
            f" for {estimated['requests']:,} requests without usage"
        )
    assumed = document["assumed_time"]
    if assumed["requests"]:
        line(
            f"assumed    {shown(assumed['spend_usd'])} for {counted(assumed['requests'], 'request')} without a time in"
            " the log, priced as of the time that --assume-time named"
        )
    spared = document["gateway_cache"]
    if spared["requests"]:
        line(
            f"not sent   {counted(spared['requests'], 'answer')} from a gateway's own cache: list cost avoided"
            f" {shown(spared['avoided_usd'])}, in no other figure{_unknown_of(spared)}"
        )
    line(f"unpriced   {_unpriced(document['unpriced'])}")
    line(f"catalog    {document['catalog_version']}")


def _unpriced(unpriced: dict[str, Any]) -> str:
    """Return the requests without a list price, and of how many of them nothing says what they cost."""
    count, unknown = unpriced["requests"], unpriced["cost_unknown_requests"]
    if not count:
        return "0 requests"
    rest = "; the cost of all is unknown" if unknown == count else f"; the cost of {unknown:,} is unknown"
    rest += f", that of {count - unknown:,} is in the log" if unknown < count else ""
    names = unpriced["models"]
    more = f" and {len(names) - NAMED:,} more; --json has them" if len(names) > NAMED else ""
    return f"{counted(count, 'request')} without a list price{rest}: {printable(', '.join(names[:NAMED]))}{more}"


def _unknown_of(spared: dict[str, Any]) -> str:
    return f" (not known of {spared['unknown_requests']:,})" if spared["unknown_requests"] else ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, status, "status", "llmaudit status --db october.duckdb")
