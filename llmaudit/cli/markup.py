"""`llmaudit markup`: billed against list, by gateway and model; `markup page`: what a pricing page says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.markup_more import found_markup, letter, rates
from llmaudit.cli.options import Ended, command, group, message
from llmaudit.cli.output import answer, line, table, warn
from llmaudit.errors import LlmauditError, UsageError, printable
from llmaudit.money import parse_decimal, shown, stated
from llmaudit.phrases import counted
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.markup.model import DayRow, GatewayRow, ModelRow
    from llmaudit.pages import Finding, PageAudit

DIMENSIONS = ("gateway", "model", "day", "kind")
QUOTE_WIDTH = 90
"""Characters of a quote in the table for people; JSON has it whole."""


NO_GATEWAY = (
    "No request went through a gateway that the log names, so nothing was compared. If there was one in between, name "
    "it: `llmaudit ingest FILE --gateway NAME`, or `gateway` in a column map; traces do not say who passed a call on."
)


def markup(
    settings: Settings,
    by: Annotated[
        str, typer.Option("--by", help="Rows of the table: gateway, then any of model, day and kind.")
    ] = "gateway,model",
) -> None:
    """Compare gateway bills with the provider's list price.

    Says what rule makes the difference.

    `llmaudit markup page FILE` audits a saved pricing page, `markup letter` writes a page to send to a gateway, and
    `markup rates` compares published prices.
    """
    wanted = _dimensions(by)
    prices = catalog(settings)
    found, notes, empty = found_markup(settings, prices)
    if empty and not settings.json:
        raise empty
    document = {
        "schema": "llmaudit/markup/1",
        "catalog_version": prices.version,
        "timezone": settings.timezone,
        "gateways": found.gateways,
        "caveat": found.caveat,
        "warnings": [*notes, *([] if found.gateways or empty else [NO_GATEWAY])],
    }

    def people() -> None:
        if found.gateways:
            _show_gateways(settings, found.gateways, wanted)
        else:
            line(NO_GATEWAY)
        line(found.caveat)

    answer(settings, document, people)
    if not settings.json:
        warn(settings, notes)
    if empty:
        raise empty


def _dimensions(by: str) -> list[str]:
    wanted = [part.strip() for part in by.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in DIMENSIONS]
    if unknown or "gateway" not in wanted:
        raise UsageError(
            f"--by {printable(by)} is not gateway, alone or with {', '.join(DIMENSIONS[1:])}",
            next_step="Write --by gateway, or --by gateway,model,day,kind.",
            slug="not-a-dimension",
        )
    return wanted


def _show_gateways(settings: Settings, gateways: list[GatewayRow], wanted: list[str]) -> None:
    tables = {"model": _models, "day": _days, "kind": _kinds}
    asked = [tables[name] for name in wanted[1:]] or [_alone]
    for one in asked:
        title, names, rows = one(gateways)
        table(settings, title, names, rows, left=tuple(range(len(names) - 4)))
    for gateway in gateways:
        line(f"{gateway.gateway} ({gateway.verdict}): {gateway.evidence[0]}")
        for note in gateway.notes:
            line(f"  {note}")
        open_ones = [one for one in gateway.ruled_out if not one.ruled_out]
        for look in open_ones:
            line(f"  not ruled out: {look.name}: {look.why}")
        if gateway.overpaid_usd:
            line(
                f"  overpaid {shown(gateway.overpaid_usd)}, {shown(gateway.monthly_usd)} a month, "
                f"{shown(gateway.yearly_usd)} a year; $1 of list costs {shown(gateway.cost_per_list_usd, 4)}"
            )
        if gateway.overpaid_usd and gateway.below_list_usd:
            line(f"  other models cost {shown(gateway.below_list_usd)} less than list; that is set off against nothing")


Shown = tuple[str, list[str], list[list[str]]]
FIGURES = ["requests", "billed", "list", "over list"]


def _figures(row: GatewayRow | ModelRow | DayRow, pct: float | None) -> list[str]:
    over = "unknown" if pct is None else f"{pct:+.2f}%"
    return [f"{row.requests:,}", shown(row.billed_usd), shown(row.list_usd), over]


def _alone(gateways: list[GatewayRow]) -> Shown:
    rows = [[one.gateway, one.verdict, *_figures(one, one.over_list_pct)] for one in gateways]
    return "Billed against list", ["gateway", "verdict", *FIGURES], rows


def _models(gateways: list[GatewayRow]) -> Shown:
    rows = [
        [one.gateway, one.verdict, model.model, *_figures(model, model.pct)]
        for one in gateways
        for model in one.by_model
    ]
    return "Billed against list", ["gateway", "verdict", "model", *FIGURES], rows


def _days(gateways: list[GatewayRow]) -> Shown:
    rows = [[one.gateway, f"{day.day}", *_figures(day, day.pct)] for one in gateways for day in one.by_day]
    return "Billed against list by day", ["gateway", "day", *FIGURES], rows


def _kinds(gateways: list[GatewayRow]) -> Shown:
    """Return the six channels of each gateway, and the rules found, with their dollars."""
    rows = [
        [one.gateway, channel.channel, channel.status, "in billed" if channel.in_billed else "beside", "", "", "",
         "unknown" if channel.usd is None else shown(channel.usd)]
        for one in gateways for channel in one.sums
    ]  # fmt: skip
    rows += [
        [one.gateway, found.kind, "found", counted(len(found.models), "model"), _percent(found.pct),
         _percent(found.low_pct), _percent(found.high_pct), shown(found.overpaid_usd)]
        for one in gateways for found in one.found
    ]  # fmt: skip
    return "Ways to charge", ["gateway", "kind", "standing", "where", "pct", "low", "high", "dollars"], rows


def _percent(pct: float | None) -> str:
    return "" if pct is None else f"{pct:+.2f}%"


def page(
    settings: Settings,
    files: Annotated[
        list[Path], typer.Argument(help="Saved pricing pages: HTML, Markdown (MDX) or text; - is standard input.")
    ],
    on: Annotated[
        str | None,
        typer.Option("--date", help="Day to compare prices on, such as 2026-10-01; by default the page's own."),
    ] = None,
    spend: Annotated[
        str | None, typer.Option("--spend", help="US dollars a month through this gateway, for the what-if.")
    ] = None,
) -> None:
    """Audit what a saved pricing page says a gateway adds.

    Shows every clause with its quote and line, compares prices with list, and gives a verdict.

    Nothing on the page is executed or fetched. What a page does not say is `undisclosed`, never a markup found.
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
            "unknown" if row.page_usd is None else stated(row.page_usd),
            "unknown" if row.list_usd is None else stated(row.list_usd),
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
    command(inner, letter, "letter", "llmaudit markup letter openrouter --out letter.html")
    command(inner, rates, "rates", "llmaudit markup rates aihubmix --date 2026-11-01")
