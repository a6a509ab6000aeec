"""`llmaudit markup`: billed against list, by gateway and model; `markup page`: what a pricing page says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.options import Ended, command, group, message
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.work import catalog, open_store
from llmaudit.errors import LlmauditError, UsageError, printable
from llmaudit.money import parse_decimal, shown
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.findings.markup import GatewayRow
    from llmaudit.pages import Finding, PageAudit

DIMENSIONS = ("gateway", "model")
QUOTE_WIDTH = 90
"""Characters of a quote in the table for people; JSON has it whole."""


def markup(
    settings: Settings,
    by: Annotated[str, typer.Option("--by", help="Rows of the table: gateway, or gateway,model.")] = "gateway,model",
) -> None:
    """Compare what gateways billed with the provider's list price, by gateway and model.

    `llmaudit markup page FILE` audits a saved pricing page.
    """
    from llmaudit.audit import gather
    from llmaudit.findings import markup as finding

    wanted = _dimensions(by)
    prices = catalog(settings)
    with open_store(settings, read_only=True) as store:
        found = finding.find(gather(store, prices, (), settings.period))
    document = {
        "schema": "llmaudit/markup/1",
        "catalog_version": prices.version,
        "timezone": settings.timezone,
        "gateways": found.gateways,
        "caveat": found.caveat,
    }

    def people() -> None:
        _show_gateways(settings, found.gateways, wanted)
        line(found.caveat)

    answer(settings, document, people)


def _dimensions(by: str) -> list[str]:
    wanted = [part.strip() for part in by.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in DIMENSIONS]
    if unknown or "gateway" not in wanted:
        raise UsageError(
            f"--by {printable(by)} is not gateway or gateway,model",
            next_step="Write --by gateway, or --by gateway,model.",
            slug="not-a-dimension",
        )
    return wanted


def _show_gateways(settings: Settings, gateways: list[GatewayRow], wanted: list[str]) -> None:
    def cells(names: list[str], row: Any) -> list[str]:
        over = "unknown" if row.pct is None else f"{row.pct:+.2f}%"
        return [*names, f"{row.requests:,}", shown(row.billed_usd), shown(row.list_usd), over]

    if "model" in wanted:
        rows = [cells([g.gateway, g.verdict, model.model], model) for g in gateways for model in g.by_model]
    else:
        rows = [cells([gateway.gateway, gateway.verdict], gateway) for gateway in gateways]
    names = ["gateway", "verdict", *wanted[1:]]
    figures = ["requests", "billed", "list", "over list"]
    table(settings, "Billed against list", [*names, *figures], rows, left=tuple(range(len(names))))
    for gateway in gateways:
        line(f"{gateway.gateway}: {gateway.verdict}: {gateway.evidence[0]}")


def page(
    settings: Settings,
    files: Annotated[list[Path], typer.Argument(help="Saved pricing pages: HTML, Markdown (MDX) or text.")],
    on: Annotated[
        str | None, typer.Option("--date", help="Day to compare prices on, such as 2026-10-01; else the page's own.")
    ] = None,
    spend: Annotated[
        str | None, typer.Option("--spend", help="US dollars a month through this gateway, for the what-if.")
    ] = None,
) -> None:
    """Audit what pricing pages say a gateway adds: every clause with quote and line, prices against list, a verdict.

    Nothing of a page is executed or fetched. What a page does not say is `undisclosed`, never a found markup.
    """
    from llmaudit.pages import audit_page

    day, monthly, today = _day(on), _usd(spend), datetime.now(UTC).date()
    prices = catalog(settings)
    pages: list[PageAudit] = []
    failures: list[LlmauditError] = []
    for path in files:
        try:
            pages.append(audit_page(path, prices, on=day, today=today, spend_usd=monthly))
        except LlmauditError as error:
            failures.append(error)
            typer.echo(f"llmaudit: {message(error)}", err=True)
    document = {
        "schema": "llmaudit/markup-page/1",
        "catalog_version": prices.version,
        "pages": pages,
        "unusable": [{"reason": error.what, "slug": error.slug} for error in failures],
    }
    answer(settings, document, lambda: _show_pages(settings, pages))
    if failures:
        raise Ended(failures[0].exit_code)


def _show_pages(settings: Settings, pages: list[PageAudit]) -> None:
    for found in pages:
        owner = f" ({found.gateway})" if found.gateway else ""
        line(f"{printable(found.path)}{owner}: {found.verdict}: {printable(found.reason, 400)}")
        if found.findings:
            columns = ["line", "clause", "says", "whose", "on", "figure", "quote"]
            table(settings, "", columns, [_cells(one) for one in found.findings], left=(1, 2, 3, 4, 6))
        if found.rows:
            _show_prices(settings, found)
        if found.what_if:
            line(
                f"If it added {found.what_if.assumed_pct:g}%, an assumption: "
                f"{shown(found.what_if.per_1000_usd)} on every $1,000{_on_spend(found)}."
            )
        for note in found.notes:
            line(f"note: {printable(note, 400)}")
        line()


def _on_spend(found: PageAudit) -> str:
    if found.what_if is None or found.what_if.monthly_usd is None:
        return ""
    return f", {shown(found.what_if.monthly_usd)} a month, {shown(found.what_if.yearly_usd)} a year"


def _cells(finding: Finding) -> list[str]:
    from llmaudit.pages import figure

    says = "denied" if finding.negated else "charged"
    hedged = f" ({', '.join(finding.hedges[:3])})" if finding.hedges else ""
    limits = f" {finding.threshold}" if finding.threshold else ""
    return [
        str(finding.line),
        finding.kind,
        says + hedged,
        finding.who,
        finding.base or "not said",
        "" if finding.negated else (figure(finding) or "no number") + limits,
        finding.quote if len(finding.quote) <= QUOTE_WIDTH else finding.quote[:QUOTE_WIDTH] + "…",
    ]


def _show_prices(settings: Settings, found: PageAudit) -> None:
    columns = ["line", "model", "unit", "page", "list", "over list", "status", "note"]
    rows = [
        [
            str(row.line),
            row.model,
            row.unit,
            shown(row.page_usd, 4),
            shown(row.list_usd, 4),
            "unknown" if row.pct is None else f"{row.pct:+.2f}%",
            row.status,
            row.note or "",
        ]
        for row in found.rows
    ]
    table(settings, f"Prices against list on {found.dated}", columns, rows, left=(1, 2, 6, 7))


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--date {printable(text)} is not a day", next_step="Write 2026-10-01.", slug="not-a-time"
        ) from None


def _usd(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = parse_decimal(text)
    except ValueError:
        amount = Decimal(-1)
    if amount < 0:
        raise UsageError(
            f"--spend {printable(text)} is not an amount of US dollars", next_step="Write 20000.", slug="not-an-amount"
        )
    return amount


def register(app: typer.Typer) -> None:
    """Add the group."""
    inner = group(app, markup, "markup", "llmaudit markup --db october.duckdb")
    command(inner, page, "page", "llmaudit markup page pricing.html")
