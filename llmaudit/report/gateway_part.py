"""One gateway as a part of the report: its sums, claim, fees, models and evidence."""

from __future__ import annotations

from llmaudit.markup.model import Channel, GatewayRow
from llmaudit.money import stated
from llmaudit.report.content import Block, Bullets, Column, Figures, KeyFigure, Kind, Mark, Part, Prose, Table
from llmaudit.report.gateway import claim_blocks, evidence_blocks
from llmaudit.report.gateway_verdicts import pct_range, verdict
from llmaudit.report.wording import count, headline, name, percent, signed

CHANNELS = {
    "topup_pct": "fee when credit is bought",
    "topup_fixed": "fixed fee when credit is bought",
    "token_pct": "percent on the tokens' price",
    "byok_pct": "fee on your own provider key",
    "subscription": "subscription",
    "per_request": "fee per request",
}


def gateway_part(row: GatewayRow, *, folded: bool) -> Part:
    """Return everything about one gateway: its sums first, then the claim, fees, models and evidence."""
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
        return f"the rule: {pct_range(row)}"
    return f"range {pct_range(row)}"


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
        "Fees on top of the token rates, in the gateway's own words; logs do not show them",
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


def _fee(channel: Channel) -> str:
    """Return a fee as its gateway states it: a percentage, an amount, or both."""
    stated_pct = [] if channel.pct is None else [percent(channel.pct, 2)]
    return " and ".join([*stated_pct, *([] if channel.usd is None else [stated(channel.usd)])]) or "not stated"


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
                pct_range(model),
                Mark("conclusive", "good") if model.decides else Mark("inconclusive", "open"),
            )
            for model in row.by_model
        ),
    )
