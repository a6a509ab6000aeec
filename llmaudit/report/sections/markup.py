"""What gateways add to the provider's price."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.findings.markup import Channel, GatewayRow, Markup, ModelRow
from llmaudit.markup.markup_rules import rule_sentence
from llmaudit.money import ZERO, shown, stated, total
from llmaudit.phrases import counted
from llmaudit.report import charts
from llmaudit.report.content import (
    Block,
    Bullets,
    Chart,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Mark,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
    Tone,
)
from llmaudit.report.gateway import claim_blocks, evidence_blocks
from llmaudit.report.wording import count, headline, name, percent, short_model, signed

VERDICTS: dict[str, tuple[str, Tone]] = {
    "none": ("none in the rates", "good"),
    "markup": ("markup", "bad"),
    "explained": ("explained", "good"),
    "undisclosed": ("undisclosed", "bad"),
    "undecidable": ("undecidable", "open"),
}
CHANNELS = {
    "topup_pct": "fee when credit is bought",
    "topup_fixed": "fixed fee when credit is bought",
    "token_pct": "percent on the tokens' price",
    "byok_pct": "fee on your own provider key",
    "subscription": "subscription",
    "per_request": "fee per request",
}
CHART_ROWS = 12
PARTS = 40
"""Gateways without a markup that are told one by one."""

MARKED = 80
"""Gateways with one that are told one by one."""

OPEN, NAMED = 8, 3
"""Gateways with a markup that lie open, and those that the lead names: the largest."""


def build(markup: Markup) -> SectionContent:
    """Return the verdict on each gateway with its evidence: what a markup took first, all others folded."""
    if not markup.gateways:
        figure = KeyFigure("Gateways", "No data", "no request went through a gateway", Mark("no data", "none"))
        return SectionContent((Figures((figure,)),), caveat=markup.caveat)
    gateways = _ordered(markup.gateways)
    return SectionContent(
        blocks=(
            Prose(lead(gateways), lead=True),
            _overview(gateways),
            *_chart(gateways),
            *_each(gateways),
        ),
        source=(
            "What the gateway's own log or bill says it charged against the provider's list cost of the same requests, "
            "for good answers with reported usage. Fees the gateway states elsewhere are in no log row."
        ),
        caveat=markup.caveat,
        commands=(
            Command("llmaudit markup letter GATEWAY --out letter.html", "a page on one gateway that can be sent to it"),
            Command("llmaudit explain REQUEST_ID", "billed against list for one request, rate by rate"),
            Command("llmaudit reprice --plan direct", "the same models without the gateway"),
        ),
    )


def _each(gateways: Sequence[GatewayRow]) -> tuple[Block, ...]:
    """Return a part for each gateway, what a markup took first; of very many without one, only the largest."""
    marked = [row for row in gateways if row.verdict == "markup"]
    others = [row for row in gateways if row.verdict != "markup"]
    kept = (*marked[:MARKED], *others[:PARTS])
    rest = ((marked[MARKED:], "with a markup"), (others[PARTS:], "without a markup"))
    left = " and ".join(f"{counted(len(rows), 'more gateway')} {which}" for rows, which in rest if rows)
    told = (Prose(f"{left}: `llmaudit markup` lists them all."),) if left else ()
    return (*(_gateway(row, folded=i >= min(OPEN, len(marked))) for i, row in enumerate(kept)), *told)


def _ordered(gateways: Sequence[GatewayRow]) -> list[GatewayRow]:
    """Return what a markup took first, the largest markups before the others, then the most used."""
    return sorted(
        gateways,
        key=lambda row: (row.verdict != "markup", -(row.overpaid_usd or ZERO), -(row.billed_usd or ZERO), row.gateway),
    )


def verdict_of_all(gateways: Sequence[GatewayRow]) -> Mark:
    """Return one verdict on all gateways together: what one of them adds is not hidden by the others."""
    verdicts = {row.verdict for row in gateways}
    if not gateways:
        return Mark("no gateway", "none")
    if "markup" in verdicts:
        return Mark("yes: markup", "bad")
    if verdicts & {"undisclosed", "undecidable"}:
        return Mark("not decided", "open")
    return Mark("no markup found", "good")


def verdict(row: GatewayRow) -> Mark:
    """Return the verdict on a gateway for people."""
    return Mark(*VERDICTS.get(row.verdict, (row.verdict, "open")))


def lead(gateways: Sequence[GatewayRow]) -> str:
    """Return what gateways add: the largest markups by name, the others as a sum, then where none is proven."""
    if not gateways:
        return "No request went through a gateway."
    marked = [row for row in _ordered(gateways) if row.verdict == "markup"]
    said = [f"{_took(row)}." for row in marked[:NAMED]]
    if more := marked[NAMED:]:
        sum_of = headline(total(row.overpaid_usd or ZERO for row in more))
        said.append(f"{counted(len(more), 'more gateway')} with a markup: {sum_of} overpaid.")
    others = [row for row in gateways if row.verdict != "markup"]
    if others:
        said.append(f"No markup is proven at {_these(len(others), other=bool(marked))}{_undecided(others)}.")
    return " ".join(said)


def _undecided(others: Sequence[GatewayRow]) -> str:
    """Return how many of the gateways the logs do not decide: not proven is not the same as none."""
    number = sum(row.verdict == "undecidable" for row in others)
    if not number:
        return ""
    return (
        "; the logs do not decide it"
        if number == len(others)
        else f"; for {number:,} of them the logs do not decide it"
    )


def _these(number: int, *, other: bool) -> str:
    if other:
        return counted(number, "other gateway")
    return "the one gateway" if number == 1 else f"any of {number:,} gateways"


def _took(row: GatewayRow) -> str:
    """Say what a gateway added, by its most expensive rule, and the dollars of all of them."""
    rule = rule_sentence(row.found[0]) if row.found else f"billed is {percent(row.pct, 2)} over list"
    more = f", and {counted(len(row.found) - 1, 'more rule')}" if len(row.found) > 1 else ""
    yearly = "" if row.yearly_usd is None else f", {headline(row.yearly_usd)} a year at this pace"
    return f"{name(row.gateway)}: {rule}{more}: {headline(row.overpaid_usd)} overpaid{yearly}"


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
                _range(row),
                row.cost_per_list_usd,
            )
            for row in gateways
        ),
        note=(
            "Per $1 of list includes every known fee; a range is the interval of a rule's own number, or comes from an "
            "unknown condition."
        ),
    )


def _range(row: GatewayRow | ModelRow) -> str:
    high = row.high_pct if isinstance(row, GatewayRow) else row.pct
    if row.low_pct is None or high is None:
        return "unknown"
    low, top = signed(row.low_pct), signed(high)
    return low if low == top else f"{low} to {top}"


def _chart(gateways: list[GatewayRow]) -> tuple[Chart, ...]:
    pairs = [(row.gateway, model) for row in gateways for model in row.by_model if model.pct is not None]
    kept = sorted(pairs, key=lambda pair: (-pair[1].billed_usd, pair[0], pair[1].model))[:CHART_ROWS]
    if not kept:
        return ()
    order = [row.gateway for row in gateways]
    kept.sort(key=lambda pair: (order.index(pair[0]), -pair[1].billed_usd, pair[1].model))
    names = [f"{name(gateway)}: {short_model(model.model)}" for gateway, model in kept]
    figures = [_range(model) for _, model in kept]
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


def _fee(channel: Channel) -> str:
    """Return a fee as its gateway states it: a percentage, an amount, or both."""
    stated_pct = [] if channel.pct is None else [percent(channel.pct, 2)]
    return " and ".join([*stated_pct, *([] if channel.usd is None else [stated(channel.usd)])]) or "not stated"


def _gateway(row: GatewayRow, *, folded: bool) -> Part:
    blocks: list[Block] = [_key_figures(row)]
    if row.evidence:
        blocks.append(Prose(f"Why: {row.evidence[0]}."))
    blocks.extend(Prose(f"{note}.") for note in row.notes)
    blocks.extend(claim_blocks(row))
    none = Prose("The catalog knows of no fee on top of its token rates.")
    blocks.append(_channels(row.channels) if row.channels else none)
    if row.by_model:
        blocks.append(_by_model(row))
    blocks.extend(evidence_blocks(row))
    if row.evidence[1:]:
        blocks.append(Bullets("Evidence, sentence by sentence", tuple(row.evidence[1:]), collapsed=True))
    return Part(name(row.gateway), tuple(blocks), verdict(row), collapsed=folded)


def _about(row: GatewayRow) -> str:
    if row.verdict == "markup" and row.found:
        return f"the rule: {_range(row)}"
    return f"range {_range(row)}"


def _key_figures(row: GatewayRow) -> Figures:
    return Figures(
        (
            KeyFigure("Billed over list", signed(row.over_list_pct), _about(row)),
            KeyFigure("Billed", headline(row.billed_usd), f"{headline(row.list_usd)} at list"),
            KeyFigure("Requests compared", count(row.requests)),
        )
    )


def _channels(channels: list[Channel]) -> Table:
    return Table(
        "Fees on top of the token rates, in the gateway's own words; no log row shows them",
        (
            Column("Channel", Kind.TEXT),
            Column("Fee", Kind.TEXT),
            Column("On this spend", Kind.MONEY, adds=False),
            Column("Applies to", Kind.TEXT),
            Column("Its words, and their source", Kind.TEXT),
        ),
        tuple(
            (
                CHANNELS.get(channel.kind, channel.kind.replace("_", " ")),
                _fee(channel),
                "not known" if channel.on_this_spend_usd is None else channel.on_this_spend_usd,
                channel.applies_to or "not stated",
                f"{f'{channel.wording}: ' if channel.wording else ''}{channel.source} ({channel.verified})",
            )
            for channel in channels
        ),
        total=None,
        note="Channels are alternatives or apply under conditions, so they are not added up.",
    )


def _by_model(row: GatewayRow) -> Table:
    return Table(
        f"{name(row.gateway)}: billed against list by model",
        (
            Column("Model", Kind.NAME),
            Column("Requests", Kind.COUNT),
            Column("Billed", Kind.MONEY),
            Column("List", Kind.MONEY),
            Column("Billed less list", Kind.MONEY),
            Column("Over list", Kind.SIGNED),
            Column("Markup or range", Kind.TEXT),
            Column("Evidence", Kind.MARK),
        ),
        tuple(
            (
                model.model,
                model.requests,
                model.billed_usd,
                model.list_usd,
                model.over_list_usd,
                model.pct,
                _range(model),
                Mark("conclusive", "good") if model.decides else Mark("inconclusive", "open"),
            )
            for model in row.by_model
        ),
    )


SECTION = Section(60, "markup", "What gateways add", "markup", build, of_money=True)
