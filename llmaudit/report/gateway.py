"""One gateway as blocks: claim, evidence, arithmetic, sample requests, yearly cost. For the report and the letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmaudit.markup.markup_rules import rule_sentence
from llmaudit.markup.model import ChannelSum, GatewayRow, ImpliedRate, LookAlike, MarkupRule, SampleRow
from llmaudit.money import shown, stated, total
from llmaudit.phrases import counted
from llmaudit.report.content import Block, Bullets, Column, Figures, KeyFigure, Kind, Mark, Prose, Table, Tone
from llmaudit.report.wording import count, headline, name, short_model, signed, without_common_folder

CHANNEL_NAMES = {
    "token_rate": "token rates",
    "top_up": "buying credit",
    "subscription": "subscription, fees per request or log",
    "add_on": "add-ons",
    "conversion": "credit or currency conversion",
    "token_count": "token counts",
}
STATUS: dict[str, tuple[str, Tone]] = {
    "measured": ("measured", "bad"),
    "stated": ("stated, not measured", "open"),
    "none": ("measured: nothing added", "good"),
    "unknown": ("unknown", "open"),
}
YEAR_NOTE = "at the pace of this period"


def claim_blocks(row: GatewayRow) -> Iterator[Block]:
    """Yield what is claimed, with the arithmetic and the requests that anyone can check it on."""
    if row.overpaid_usd:
        yield _cost(row)
    if row.found:
        yield _arithmetic(row.found)
    if row.claims:
        yield Bullets("What it says about its fees, against the bill", tuple(row.claims))
    if row.samples:
        yield _samples(row.samples)
    yield _channels(row.sums)


def evidence_blocks(row: GatewayRow) -> Iterator[Block]:
    """Yield what else was looked at: implied rates, look-alikes."""
    if row.rates:
        yield _rates(row.rates)
    if row.ruled_out:
        yield look_alikes(row)


def _cost(row: GatewayRow) -> Figures:
    below = (
        (KeyFigure("Below list elsewhere", headline(row.below_list_usd), "other models; not set off"),)
        if row.overpaid_usd and row.below_list_usd
        else ()
    )
    return Figures(
        (
            KeyFigure("Overpaid", headline(row.overpaid_usd), _what_on(row)),
            KeyFigure("A month", headline(row.monthly_usd), YEAR_NOTE),
            KeyFigure("A year", headline(row.yearly_usd), YEAR_NOTE),
            KeyFigure("$1 of list costs", shown(row.cost_per_list_usd, 4), "with every known fee"),
            *below,
        )
    )


def _what_on(row: GatewayRow) -> str:
    """Say what was overpaid on: fees on payments fall due on all credit bought, whatever of it was used."""
    paid = total(one.usd for one in row.sums if one.status == "measured" and one.usd and not one.in_billed)
    if not paid:
        return f"on {headline(row.list_usd)} of provider list"
    return f"{headline(paid)} of it with payments, for credit used or not; {headline(row.list_usd)} of list was used"


def _arithmetic(found: Sequence[MarkupRule]) -> Table:
    return Table(
        "The markup, rule by rule",
        (
            Column("Rule", Kind.TEXT),
            Column("Models", Kind.TEXT),
            Column("Of list", Kind.SIGNED),
            Column("Overpaid", Kind.MONEY),
            Column("Requests examined", Kind.COUNT, adds=False),
            Column("Match it", Kind.PERCENT, adds=False),
            Column("Also fits", Kind.TEXT),
        ),
        tuple(
            (
                rule_sentence(one),
                ", ".join(short_model(model) for model in one.models) or "all",
                one.of_list_pct,
                one.overpaid_usd,
                one.sampled,
                one.fits_pct,
                ", ".join(one.rivals) or "no other rule",
            )
            for one in found
        ),
    )


def _samples(samples: Sequence[SampleRow]) -> Table:
    """Return requests that anyone can check; paths start below the folder all share: a letter tells no home."""
    files = without_common_folder([one.file for one in samples])
    return Table(
        "Sample requests: tokens as reported, their list cost, what was billed, and what the rule gives",
        (
            Column("Request", Kind.NAME),
            Column("Day and model", Kind.TEXT),
            Column("Tokens", Kind.TEXT),
            Column("List", Kind.TEXT),
            Column("Billed", Kind.TEXT),
            Column("By the rule", Kind.TEXT),
        ),
        tuple(
            (
                one.request_id or f"{file}:{one.line}",
                short_model(one.model) if one.day is None else f"{one.day} {short_model(one.model)}",
                ", ".join(
                    f"{tokens:,} {counter.removesuffix('_tokens').replace('_', ' ')}"
                    for counter, tokens in one.tokens.items()
                ),
                stated(one.list_usd),
                stated(one.billed_usd),
                stated(one.expected_usd),
            )
            for one, file in zip(samples, files, strict=True)
        ),
        total=None,
    )


def _channels(sums: Sequence[ChannelSum]) -> Table:
    return Table(
        "The six ways a gateway can charge",
        (
            Column("Channel", Kind.TEXT),
            Column("Status", Kind.MARK),
            Column("Dollars", Kind.MONEY, adds=False),
            Column("Evidence", Kind.TEXT),
        ),
        tuple(
            (
                CHANNEL_NAMES[one.channel],
                Mark(*STATUS[one.status]),
                "not known" if one.usd is None else one.usd,
                "; ".join(one.evidence),
            )
            for one in sums
        ),
        total=None,
    )


def _rates(rates: Sequence[ImpliedRate]) -> Table:
    return Table(
        "Implied rates: billed over list by class of tokens, from the amounts alone",
        (
            Column("Model", Kind.NAME),
            Column("Class", Kind.TEXT),
            Column("Times list", Kind.TEXT),
            Column("95% interval", Kind.TEXT),
            Column("Why not", Kind.TEXT),
        ),
        tuple(
            (
                short_model(one.model),
                one.token_class.replace("_", " "),
                "unknown" if one.ratio is None else f"{one.ratio:.4f}",
                "" if one.low is None or one.high is None else f"{one.low:.4f} to {one.high:.4f}",
                one.why_not or "",
            )
            for one in rates
        ),
        total=None,
        collapsed=True,
    )


def look_alikes(row: GatewayRow) -> Table:
    """Return the look-alikes of a gateway, in the order in which they are ruled out."""
    left = sum(not one.ruled_out for one in row.ruled_out)
    return Table(
        f"{name(row.gateway)}: look-alikes of a markup",
        (Column("Look-alike", Kind.TEXT), Column("Ruled out", Kind.MARK), Column("Why", Kind.TEXT)),
        tuple((one.name, _ruled(one), one.why) for one in row.ruled_out),
        total=None,
        collapsed=True,
        note=f"Not ruled out: {counted(left, 'look-alike')}." if left else "All are ruled out.",
    )


def _ruled(one: LookAlike) -> Mark:
    return Mark("ruled out", "good") if one.ruled_out else Mark("not ruled out", "open")


def _difference(row: GatewayRow) -> str:
    """Return the sums as arithmetic: billed, less list, is what the amounts have over it."""
    if row.billed_usd is None or row.list_usd is None or row.over_list_usd is None or not row.list_usd:
        return ""
    pct = float(100 * row.over_list_usd / row.list_usd)
    billed, listed, over = shown(row.billed_usd), shown(row.list_usd), shown(row.over_list_usd)
    return f" Billed {billed} less {listed} at list is {over}, or {signed(pct)} of list."


def letter_blocks(row: GatewayRow) -> tuple[Block, ...]:
    """Return a gateway's page for the gateway itself: the claim first, then everything it rests on."""
    lead = Prose(f"{row.evidence[0][:1].upper()}{row.evidence[0][1:]}." if row.evidence else "", lead=True)
    basis = Prose(
        f"We compared {count(row.requests)} requests, each with the provider's list price of its own minute, prompt "
        f"size, service tier and cache class.{_difference(row)}"
    )
    ask = Prose(
        "Please tell us under which term of our agreement this is charged, or correct it. Request ids are above; this "
        "page contains no request text."
    )
    tail = (ask,) if row.found else ()
    return (lead, basis, *claim_blocks(row), *evidence_blocks(row), *tail)


__all__ = ["claim_blocks", "evidence_blocks", "letter_blocks", "look_alikes"]
