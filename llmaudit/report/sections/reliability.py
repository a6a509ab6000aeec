"""What failures and retries cost, and how fast answers come."""

from __future__ import annotations

from llmaudit.dependence.answers import CostRow
from llmaudit.dependence.hidden import HiddenRow
from llmaudit.findings.reliability import LatencyRow, Reliability, RouteRow
from llmaudit.money import shown
from llmaudit.report import charts
from llmaudit.report.content import (
    TOP,
    Bullets,
    Chart,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Section,
    SectionContent,
    Table,
    Value,
)
from llmaudit.report.wording import UNKNOWN, count, counted, headline, name, percent, short_model, tier

MEASURES = {"latency": "whole answer", "ttft": "first token"}
CHART_ROWS = 10


def build(found: Reliability) -> SectionContent:
    """Return failures by class, their cost, the routes they happened on, and latency."""
    return SectionContent(
        blocks=(
            _key_figures(found),
            *_failures(found),
            _classes(found),
            _money(found),
            _routes(found.routes),
            *_hidden(found.hidden),
            *_fates(found),
            *_storms(found),
            _costs(found.costs),
            *_inversions(found),
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
            KeyFigure("Paid for repeats", headline(found.repeated_usd), "attempts made because one before had failed"),
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
    drawn = charts.rows(names, figures, [charts.Series("", "vermilion", bars)], row_px=40)
    alt = "; ".join(f"{text} {figure}" for text, figure in zip(names, figures, strict=True))
    return (Chart("Failed attempts by class", drawn, f"Bar chart. {alt}."),)


def _sorted_classes(found: Reliability) -> list[tuple[str, int]]:
    return sorted(found.by_class.items(), key=lambda item: (-item[1], item[0]))


def _classes(found: Reliability) -> Table:
    columns = (Column("Class", Kind.NAME), Column("Failed attempts", Kind.COUNT))
    rows = tuple((kind.replace("_", " "), number) for kind, number in _sorted_classes(found))
    return Table("Failed attempts by class", columns, rows)


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
        note="A repeated attempt can fail itself, so the lines overlap and are not added up.",
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
            Column("Failed of requests", Kind.PERCENT),
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


def _hidden(rows: list[HiddenRow]) -> tuple[Table, ...]:
    if not rows:
        return ()
    columns = (
        Column("Gateway", Kind.NAME),
        Column("Model", Kind.NAME),
        Column("Attempts without a token", Kind.COUNT),
        Column("If prompts were charged", Kind.MONEY),
        Column("with answers", Kind.MONEY),
    )
    note = (
        "Timeouts and cut answers that the log shows with 0 tokens. Providers often charge them; the figures are at "
        "the mean of good answers beside them: an estimate, in no other figure here. The provider's bill would tell."
    )
    cells = tuple((row.gateway or "direct", row.model, row.attempts, row.prompt_usd, row.answer_usd) for row in rows)
    return (Table("Hidden: failures that may have been charged", columns, cells, note=note),)


def _fates(found: Reliability) -> tuple[Table, ...]:
    fates = found.fates
    if fates is None or not found.failed_attempts:
        return ()
    columns = (Column("What became of the call", Kind.TEXT), Column("Failed attempts", Kind.COUNT))
    rows: tuple[tuple[Value, ...], ...] = (
        ("answered later by the same seller", fates.answered_again),
        ("answered by another seller", fates.answered_elsewhere),
        ("never answered", fates.unanswered),
        ("never answered, by the caller's own doing", fates.refused),
        ("cannot be told: no call id", fates.unlinked),
    )
    sunk = f"{shown(fates.lost_usd)} was paid for attempts after which nobody answered, as far as the log has amounts."
    rates = (
        f" Of {found.same_model_retries:,} retries at the same model "
        f"{found.retries_ok:,} were answered, of {counted(found.fallbacks, 'fallback')} {found.fallbacks_ok:,}."
    )
    return (Table("Failed attempts and their calls", columns, rows, note=sunk + rates),)


def _storms(found: Reliability) -> tuple[Table, ...]:
    if not found.storms:
        return ()
    columns = (
        Column("From (UTC)", Kind.TEXT),
        Column("Gateway", Kind.NAME),
        Column("Seller", Kind.NAME),
        Column("Minutes", Kind.COUNT),
        Column("Requests", Kind.COUNT),
        Column("Refused", Kind.COUNT),
        Column("Refused of requests", Kind.PERCENT),
        Column("Retries into it", Kind.COUNT),
        Column("Paid for those", Kind.MONEY),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            f"{storm.start:%Y-%m-%d %H:%M}",
            storm.gateway or "direct",
            storm.seller,
            storm.minutes,
            storm.requests,
            storm.rate_limited,
            storm.limited_pct,
            storm.retries,
            storm.retries_usd,
        )
        for storm in sorted(found.storms, key=lambda one: (-one.rate_limited, one.start))
    )
    note = f"A storm: {found.storm_rule}."
    return (Table("Storms of refusals for too many requests (429)", columns, rows, note=note),)


def _costs(costs: list[CostRow]) -> Table:
    columns = (
        Column("Gateway", Kind.NAME),
        Column("Model", Kind.NAME),
        Column("Tier", Kind.TEXT),
        Column("Attempts", Kind.COUNT),
        Column("Good answers", Kind.COUNT),
        Column("Attempts an answer", Kind.TEXT),
        Column("Spend", Kind.MONEY),
        Column("A request", Kind.UNIT),
        Column("A good answer", Kind.UNIT),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            row.gateway or "direct",
            row.model,
            tier(row.tier),
            row.requests,
            row.good,
            UNKNOWN if row.attempts_per_good is None else f"{row.attempts_per_good:.3f}",
            row.spend_usd,
            row.usd_per_request,
            row.usd_per_good,
        )
        for row in costs
    )
    return Table("Cost of a request and of a good answer", columns, rows, collapsed=True)


def _inversions(found: Reliability) -> tuple[Bullets, ...]:
    said = tuple(
        f"Tier {one.tier}: {_named(one.cheap_by_request)} costs less by request "
        f"({shown(one.cheap_by_request.usd_per_request, 5)} against {shown(one.cheap_by_answer.usd_per_request, 5)}) "
        f"and more by good answer ({shown(one.cheap_by_request.usd_per_good, 5)} against "
        f"{shown(one.cheap_by_answer.usd_per_good, 5)}) than {_named(one.cheap_by_answer)}."
        for one in found.inversions[:TOP]
    )
    return (Bullets("Cheaper by request, dearer by answer", said),) if said else ()


def _named(row: CostRow) -> str:
    return f"{name(row.model)} through {name(row.gateway or 'no gateway')}"


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
    lows, highs = [row.p50_ms / 1000 for row in kept], [row.p95_ms / 1000 for row in kept]
    drawn = charts.spans(names, figures, lows, highs, series, log=True, suffix=" s")
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
    rows = tuple(
        (
            row.gateway or "direct",
            row.model,
            MEASURES.get(row.measure, row.measure),
            row.requests,
            row.p50_ms,
            row.p95_ms,
        )
        for row in _sorted(latency)
    )
    note = "Of good answers, within 5% (logarithmic histogram)."
    return (Table("Latency by gateway and model", columns, rows, total=None, collapsed=True, note=note),)


SECTION = Section(70, "reliability", "Failures, retries and latency", "reliability", build)
