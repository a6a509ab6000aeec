"""Where the money goes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from llmaudit.findings.spend import Slice, Spend
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report import charts, plane_charts
from llmaudit.report.content import (
    TOP,
    Chart,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Prose,
    Section,
    SectionContent,
    Table,
    Value,
)
from llmaudit.report.grid import fold, grid
from llmaudit.report.wording import UNKNOWN, count, headline, name, percent, period, quoted

CHART_ROWS = 6
"""Bars; the table under them has more."""

COLUMNS = (
    Column("Requests", Kind.COUNT),
    Column("Spend", Kind.MONEY),
    Column("Of spend", Kind.SHARE),
    Column("Per request", Kind.UNIT),
    Column("Cost unknown", Kind.COUNT),
)


def build(spend: Spend) -> SectionContent:
    """Return what was spent, by day, model, gateway, seller, feature and team."""
    return SectionContent(
        blocks=(
            *_lead(spend),
            _key_figures(spend),
            *_by_day(spend),
            *_by_model(spend),
            breakdown("Spend by gateway", "Gateway", spend.by_gateway),
            breakdown("Spend by seller", "Seller", spend.by_seller, collapsed=True),
            breakdown("Spend by feature", "Feature", spend.by_feature),
            breakdown("Spend by team", "Team", spend.by_team),
            breakdown("Spend by day", "Day", spend.by_day, limit=366, collapsed=True),
            _tokens(spend),
        ),
        source=(
            "Spend is the amount in the log or bill where there is one, and tokens times the provider's list price at "
            "the request's own minute where there is none."
        ),
        caveat="Requests with an unknown cost are counted in the last column and excluded from every amount.",
        commands=(
            Command("llmaudit explain REQUEST_ID", "how one request's cost is made up, rate by rate"),
            Command("llmaudit requests --where \"feature = 'FEATURE'\"", "the requests behind one row of a table"),
        ),
    )


def breakdown(caption: str, what: str, slices: list[Slice], *, limit: int = TOP, collapsed: bool = False) -> Table:
    """Return a table of slices; what no log attributes stands last, under that name."""
    rows = sorted(slices, key=lambda row: row.name is None)
    return Table(
        caption,
        (Column(what, Kind.NAME), *COLUMNS),
        tuple((row.name, row.requests, *_money(row), row.unpriced_requests) for row in rows),
        limit=limit,
        collapsed=collapsed,
    )


def _money(row: Slice) -> tuple[Value, Value, Value]:
    """Return a row's amounts; unknown where nothing but free requests (failures) is known."""
    if row.unpriced_requests and not row.spend_usd:
        return None, None, None
    return row.spend_usd, row.share_pct, row.cost_per_request_usd


def _lead(spend: Spend) -> tuple[Prose, ...]:
    """Return who takes most of the money, in one sentence."""
    if not spend.is_known:
        return (Prose(f"The cost of {counted(spend.requests, 'request')} is unknown: none has a price.", lead=True),)
    named, said = leaders(spend), f"{headline(spend.spend_usd)} was spent"
    return (Prose(f"{said}: {', '.join(named)}." if named else f"{said}.", lead=True),)


def leaders(spend: Spend) -> list[str]:
    """Return the most expensive model, feature and team, each with its share."""
    found = []
    for what, slices in (
        ("on the model", spend.by_model),
        ("on the feature", spend.by_feature),
        ("by the team", spend.by_team),
    ):
        named = [row for row in slices if row.name and row.spend_usd]
        if named:
            first = max(named, key=lambda row: row.spend_usd or Decimal(0))
            found.append(f"{percent(first.share_pct)} {what} {quoted(first.name)}")
    return found


def _key_figures(spend: Spend) -> Figures:
    if not spend.is_known:
        return Figures((KeyFigure("Spend", UNKNOWN, period(spend.first_day, spend.last_day)), _requests(spend)))
    return Figures(
        (
            KeyFigure("Spend", headline(spend.spend_usd), period(spend.first_day, spend.last_day)),
            KeyFigure("As billed", headline(spend.billed_usd), "what logs and bills say was charged"),
            KeyFigure(
                "Without a bill", headline(spend.list_only_usd), "tokens at list price, where no log has an amount"
            ),
            KeyFigure(
                "List cost of all",
                headline(spend.list_usd),
                f"up to {headline(spend.list_high_usd)} where a condition, such as the region, is unknown",
            ),
            _requests(spend),
        )
    )


def _requests(spend: Spend) -> KeyFigure:
    return KeyFigure("Requests", count(spend.requests), f"{counted(spend.calls, 'call')} by the application")


def _by_day(spend: Spend) -> tuple[Chart, ...]:
    dated = [row for row in spend.by_day if row.name]
    if not spend.spend_usd or not dated:
        return ()
    bars = [(charts.position(row.spend_usd), _hover(row)) for row in dated]
    highest = max(dated, key=lambda row: row.spend_usd or Decimal(0))
    alt = (
        f"Bar chart of spend on {counted(len(dated), 'day')}; the most expensive is {name(highest.name)} with "
        f"{shown(highest.spend_usd)}. The table Spend by day has every figure."
    )
    return (
        Chart("Spend by day", plane_charts.columns([date.fromisoformat(row.name or "") for row in dated], bars), alt),
    )


def _by_model(spend: Spend) -> tuple[Chart | Table, ...]:
    """Return the chart and its table; the chart's figures are the table's, so that both say the same cent."""
    table = breakdown("Spend by model", "Model", spend.by_model)
    shown_rows = grid(table, CHART_ROWS).rows
    if not spend.spend_usd or not shown_rows:
        return (table,)
    labels = [str(row[0]) for row in shown_rows]
    figures = [str(row[2]) for row in shown_rows]
    amounts = [row[2] for row in fold(table, CHART_ROWS).rows]
    hovers = [charts.hover(str(row[0]), f"{row[2]}, {row[1]} requests") for row in shown_rows]
    bars = [charts.Bar(i, charts.position(amount), hovers[i]) for i, amount in enumerate(amounts)]
    figure = charts.rows(labels, figures, [charts.Series("", "accent", bars)])
    alt = "; ".join(f"{label} {text}" for label, text in zip(labels, figures, strict=True))
    alt = f"Bar chart of spend by model: {alt}. The next table has every figure."
    return (Chart("Spend by model", figure, alt), table)


def _hover(row: Slice) -> str:
    return charts.hover(
        name(row.name), f"{shown(row.spend_usd)}, {percent(row.share_pct)} of spend", counted(row.requests, "request")
    )


def _tokens(spend: Spend) -> Table:
    tokens = spend.tokens
    return Table(
        "Tokens by counter, each priced separately",
        (Column("Counter", Kind.TEXT), Column("Tokens", Kind.COUNT)),
        (
            ("input, not cached", tokens.input),
            ("cache read", tokens.cache_read),
            ("cache write, 5 minutes", tokens.cache_write_5m),
            ("cache write, 1 hour", tokens.cache_write_1h),
            ("cache write, lifetime unknown", tokens.cache_write_other),
            ("output, reasoning included", tokens.output),
        ),
        note=f"Of the output, {counted(tokens.reasoning, 'token')} are reasoning.",
    )


SECTION = Section(20, "spend", "Where the money goes", "spend", build)
