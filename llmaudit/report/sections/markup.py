"""What gateways add to the provider's price."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.findings.markup import GatewayRow, Markup, ModelRow
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report import charts
from llmaudit.report.content import (
    Block,
    Chart,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Mark,
    Prose,
    Section,
    SectionContent,
    Table,
)
from llmaudit.report.gateway_part import gateway_part
from llmaudit.report.gateway_verdicts import largest_markup_first, lead, pct_range, verdict
from llmaudit.report.wording import name, short_model, signed

CHART_ROWS = 12
MARKED, CLEARED = 80, 40
"""Gateways with a markup, and without one, that have a part of their own."""

OPEN = 8
"""Gateways with a markup that lie open: the largest."""


def build(markup: Markup) -> SectionContent:
    """Return the verdict on each gateway with its evidence: what a markup took first, all others folded."""
    if not markup.gateways:
        figure = KeyFigure("Gateways", "No data", "no request went through a gateway", Mark("no data", "none"))
        return SectionContent((Figures((figure,)),), caveat=markup.caveat)
    gateways = largest_markup_first(markup.gateways)
    return SectionContent(
        blocks=(
            Prose(lead(gateways), lead=True),
            _overview(gateways),
            *_chart(gateways),
            *_each(gateways),
        ),
        source=(
            "What the gateway's own log or bill says it charged, compared with the provider's list cost of the same "
            "requests, for good answers with reported usage. Logs do not show fees that the gateway states elsewhere."
        ),
        caveat=markup.caveat,
        commands=(
            Command(
                "llmaudit markup letter GATEWAY --out letter.html", "a page about one gateway, ready to send to it"
            ),
            Command("llmaudit explain REQUEST_ID", "billed against list for one request, rate by rate"),
            Command("llmaudit reprice --plan direct", "the same models without the gateway"),
        ),
    )


def _each(gateways: Sequence[GatewayRow]) -> tuple[Block, ...]:
    """Return a part for each gateway, what a markup took first; of very many without one, only the largest."""
    marked = [row for row in gateways if row.verdict == "markup"]
    others = [row for row in gateways if row.verdict != "markup"]
    kept = (*marked[:MARKED], *others[:CLEARED])
    rest = ((marked[MARKED:], "with a markup"), (others[CLEARED:], "without a markup"))
    left = " and ".join(f"{counted(len(rows), 'more gateway')} {which}" for rows, which in rest if rows)
    told = (Prose(f"{left}: `llmaudit markup` lists them all."),) if left else ()
    return (*(gateway_part(row, folded=i >= min(OPEN, len(marked))) for i, row in enumerate(kept)), *told)


def _overview(gateways: list[GatewayRow]) -> Table:
    return Table(
        "Gateways: billed against the provider's list",
        (
            Column("Gateway", Kind.NAME),
            Column("Verdict", Kind.MARK),
            Column("Requests compared", Kind.COUNT),
            Column("Billed", Kind.MONEY),
            Column("List", Kind.MONEY),
            Column("Billed over list", Kind.SIGNED),
            Column("Markup or range", Kind.TEXT),
            Column("Per $1 of list", Kind.UNIT),
        ),
        tuple(
            (
                row.gateway,
                verdict(row),
                row.requests,
                row.billed_usd,
                row.list_usd,
                row.over_list_pct,
                pct_range(row),
                row.cost_per_list_usd,
            )
            for row in gateways
        ),
        note=(
            "Per $1 of list includes every known fee. A range is the interval of a rule's number, or comes from an "
            "unknown condition."
        ),
    )


def _chart(gateways: list[GatewayRow]) -> tuple[Chart, ...]:
    pairs = [(row.gateway, model) for row in gateways for model in row.by_model if model.pct is not None]
    kept = sorted(pairs, key=lambda pair: (-pair[1].billed_usd, pair[0], pair[1].model))[:CHART_ROWS]
    if not kept:
        return ()
    order = [row.gateway for row in gateways]
    kept.sort(key=lambda pair: (order.index(pair[0]), -pair[1].billed_usd, pair[1].model))
    names = [f"{name(gateway)}: {short_model(model.model)}" for gateway, model in kept]
    figures = [pct_range(model) for _, model in kept]
    ranges = [((model.pct if model.low_pct is None else model.low_pct) or 0.0, model.pct or 0.0) for _, model in kept]
    drawn = charts.spans(names, figures, ranges, _dots(kept), rules=[charts.Rule(0.0)], unit="%")
    alt = "; ".join(f"{text} {figure}" for text, figure in zip(names, figures, strict=True))
    title = "Billed over list by gateway and model, in percent"
    return (Chart(title, drawn, f"Dot chart with ranges around 0. {alt}. The tables below have every figure."),)


def _dots(kept: list[tuple[str, ModelRow]]) -> list[charts.Series]:
    sure = [_dot(i, *pair) for i, pair in enumerate(kept) if pair[1].decides]
    unsure = [_dot(i, *pair) for i, pair in enumerate(kept) if not pair[1].decides]
    series = [
        charts.Series("list price certain", "accent", sure),
        charts.Series("list price is a range (region unknown)", "accent", unsure, hatched=True),
    ]
    return [one for one in series if one.bars]


def _dot(row: int, gateway: str, model: ModelRow) -> charts.Bar:
    lines = (gateway, model.model, f"billed {shown(model.billed_usd)}, list {shown(model.list_usd)}", signed(model.pct))
    return charts.Bar(row, model.pct or 0.0, charts.hover(*lines))


SECTION = Section(60, "markup", "What gateways add", "markup", build, of_money=True)
