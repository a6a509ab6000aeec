"""What failures and retries cost, and how fast answers come."""

from __future__ import annotations

from llmaudit.findings.reliability import LatencyRow, Reliability, RouteRow
from llmaudit.phrases import counted
from llmaudit.report import charts, failures
from llmaudit.report.content import (
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
)
from llmaudit.report.wording import count, headline, name, percent, short_model

MEASURES = {"latency": "whole answer", "ttft": "first token"}
CHART_ROWS = 10
LATENCY_ROWS = 200


def build(found: Reliability) -> SectionContent:
    """Return failures by class, their cost, the routes they happened on, and latency."""
    return SectionContent(
        blocks=(
            *_lead(found),
            _key_figures(found),
            *_failures(found),
            _classes(found),
            _money(found),
            _routes(found.routes),
            *failures.hidden(found.hidden),
            *failures.fates(found),
            *failures.storms(found),
            failures.costs(found.costs),
            *failures.inversions(found),
            *_latency_chart(found.latency),
            *_latency(found.latency),
        ),
        source="Each request's status, its place among the attempts of its call, and its times, as the log has them.",
        caveat=found.caveat,
        commands=(
            Command("llmaudit requests --where \"status = 'error'\"", "the failed attempts"),
            Command("llmaudit explain REQUEST_ID", "one attempt, its call and what it cost"),
        ),
    )


def _lead(found: Reliability) -> tuple[Prose, ...]:
    if not found.calls:
        return ()
    return (
        Prose(
            f"{counted(found.failed_attempts, 'attempt')} failed ({percent(found.failed_pct)} of requests). They cost "
            f"{headline(found.failed_usd)}, and the attempts repeated because of them {headline(found.repeated_usd)}; "
            f"{counted(found.abandoned_calls, 'call')} got no answer.",
            lead=True,
        ),
    )


def _key_figures(found: Reliability) -> Figures:
    retries = f"{found.same_model_retries:,} at the same model, {found.fallbacks:,} elsewhere"
    return Figures(
        (
            KeyFigure("Failed attempts", count(found.failed_attempts), f"{percent(found.failed_pct)} of requests"),
            KeyFigure("Calls without an answer", count(found.abandoned_calls), f"of {counted(found.calls, 'call')}"),
            KeyFigure("Repeated attempts", count(found.repeated_attempts), retries),
            KeyFigure(
                "Paid for failures", headline(found.failed_usd), f"{found.failed_billed_attempts:,} cost something"
            ),
            KeyFigure("Paid for repeats", headline(found.repeated_usd), "attempts made because an earlier one failed"),
        )
    )


def _failures(found: Reliability) -> tuple[Chart, ...]:
    classes = _sorted_classes(found)
    if not classes:
        return ()
    names = [kind.replace("_", " ") for kind, _ in classes]
    figures = [f"{number:,}" for _, number in classes]
    bars = [
        charts.Bar(i, float(number), charts.hover(names[i], counted(number, "failed attempt")))
        for i, (_, number) in enumerate(classes)
    ]
    drawn = charts.rows(names, figures, [charts.Series("", "vermilion", bars)])
    alt = "; ".join(f"{text} {figure}" for text, figure in zip(names, figures, strict=True))
    return (Chart("Failed attempts by class", drawn, f"Bar chart. {alt}."),)


def _sorted_classes(found: Reliability) -> list[tuple[str, int]]:
    return sorted(found.by_class.items(), key=lambda item: (-item[1], item[0]))


def _classes(found: Reliability) -> Table:
    columns = (Column("Class", Kind.NAME), Column("Failed attempts", Kind.COUNT))
    rows = tuple((kind.replace("_", " "), number) for kind, number in _sorted_classes(found))
    return Table("Failed attempts by class", columns, rows, collapsed=True)


def _money(found: Reliability) -> Table:
    return Table(
        "What they cost",
        (
            Column("Attempts", Kind.TEXT),
            Column("Requests", Kind.COUNT, adds=False),
            Column("Spend", Kind.MONEY, adds=False),
            Column("At list price", Kind.MONEY, adds=False),
        ),
        (
            ("failed", found.failed_attempts, found.failed_usd, found.failed_list_usd),
            ("repeated after a failure", found.repeated_attempts, found.repeated_usd, found.repeated_list_usd),
            ("cut off by the caller", found.cancelled_attempts, found.cancelled_usd, ""),
        ),
        total=None,
        note="A repeated attempt can itself fail, so the rows overlap and are not added up.",
    )


def _routes(routes: list[RouteRow]) -> Table:
    rows = sorted(routes, key=lambda row: (-row.failed, -row.requests, row.gateway, row.seller or ""))
    return Table(
        "By gateway and seller",
        (
            Column("Gateway", Kind.NAME),
            Column("Seller", Kind.NAME),
            Column("Requests", Kind.COUNT),
            Column("Failed", Kind.COUNT),
            Column("Share failed", Kind.PERCENT),
            Column("Paid for failures", Kind.MONEY),
            Column("Repeats", Kind.COUNT),
            Column("Paid for repeats", Kind.MONEY),
        ),
        tuple(
            (
                row.gateway,
                row.seller,
                row.requests,
                row.failed,
                row.failed_pct,
                row.failed_usd,
                row.repeated,
                row.repeated_usd,
            )
            for row in rows
        ),
    )


def _route(row: LatencyRow) -> str:
    return f"{name(row.gateway or 'direct')}: {name(row.model)}"


def _latency_chart(latency: list[LatencyRow]) -> tuple[Chart, ...]:
    kept = [row for row in _sorted(latency) if row.measure == "latency"][:CHART_ROWS]
    if not kept:
        return ()
    names = [f"{name(row.gateway or 'direct')}: {short_model(row.model)}" for row in kept]
    figures = [f"{seconds(row.p50_ms)} / {seconds(row.p95_ms)}" for row in kept]
    half = [_dot(i, row, row.p50_ms) for i, row in enumerate(kept)]
    slow = [_dot(i, row, row.p95_ms) for i, row in enumerate(kept)]
    series = [
        charts.Series("p50, half are faster", "accent", half),
        charts.Series("p95, one in twenty is slower", "vermilion", slow),
    ]
    ranges = [(row.p50_ms / 1000, row.p95_ms / 1000) for row in kept]
    drawn = charts.spans(names, figures, ranges, series, log=True, unit=" s")
    alt = "; ".join(f"{text} {figure}" for text, figure in zip(names, figures, strict=True))
    return (Chart("Time to the whole answer, busiest routes (logarithmic)", drawn, f"Dot chart of p50 / p95. {alt}."),)


def _dot(row: int, latency: LatencyRow, value_ms: int) -> charts.Bar:
    quantiles = f"p50 {latency.p50_ms:,} ms, p95 {latency.p95_ms:,} ms"
    text = charts.hover(_route(latency), quantiles, counted(latency.requests, "request"))
    return charts.Bar(row, value_ms / 1000, text)


def seconds(value_ms: int) -> str:
    """Return milliseconds for people: three significant digits are more than the histogram's 5% can tell."""
    return f"{value_ms} ms" if value_ms < 1000 else f"{value_ms / 1000:.1f} s"  # noqa: PLR2004 -- a second


def _sorted(latency: list[LatencyRow]) -> list[LatencyRow]:
    return sorted(latency, key=lambda row: (row.measure, -row.requests, row.model, row.gateway or ""))


def _latency(latency: list[LatencyRow]) -> tuple[Table, ...]:
    if not latency:
        return ()
    columns = (
        Column("Gateway", Kind.NAME),
        Column("Model", Kind.NAME),
        Column("Measured to", Kind.TEXT),
        Column("Requests", Kind.COUNT),
        Column("p50, ms", Kind.MILLISECONDS),
        Column("p95, ms", Kind.MILLISECONDS),
    )
    busiest = sorted(latency, key=lambda row: -row.requests)[:LATENCY_ROWS]
    kept = _sorted(busiest)
    rows = tuple(
        (
            row.gateway or "direct",
            row.model,
            MEASURES.get(row.measure, row.measure),
            row.requests,
            row.p50_ms,
            row.p95_ms,
        )
        for row in kept
    )
    note = "Good answers only; accurate to 5% (logarithmic histogram)."
    if len(kept) < len(latency):
        note += f" The {len(kept)} busiest lines of {len(latency):,}; `llmaudit report --format json` has all."
    return (Table("Latency by gateway and model", columns, rows, total=None, collapsed=True, note=note),)


SECTION = Section(70, "reliability", "Failures, retries and latency", "reliability", build)
