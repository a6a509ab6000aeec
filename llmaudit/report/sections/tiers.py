"""How much of the traffic needs a frontier model."""

from __future__ import annotations

from dataclasses import replace

from llmaudit.findings.tiers import TierRow, Tiers
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report import charts
from llmaudit.report.content import (
    Bullets,
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
from llmaudit.report.wording import UNKNOWN, count, headline, percent, tier


def build(tiers: Tiers) -> SectionContent:
    """Return requests and spend by tier, what runs on flagships, and the two claims."""
    return SectionContent(
        blocks=(
            *_lead(tiers),
            _key_figures(tiers),
            *((Bullets("The two common claims, tested", tuple(tiers.claims)),) if tiers.claims else ()),
            *_chart(tiers),
            _priced(tiers, _by_tier(tiers)),
            *_robust(tiers),
            _priced(tiers, _by_feature(tiers)),
            _priced(tiers, _by_class(tiers)),
            _tasks(tiers),
            _signals(tiers),
        ),
        source=(
            "Tier 0 trivial, 1 standard, 2 complex, 3 high stakes. Effort and stakes are judged separately, each by "
            "the first rule that applies: your own rules, what the caller stated, the endpoint, the feature's name, "
            "the prompt's words, its shape, your own classifier, the answer. High stakes mean tier 3, whatever the "
            "effort. A flagship is a model that the catalog lists in its provider's top class."
        ),
        caveat=tiers.caveat,
        commands=(
            Command("llmaudit explain REQUEST_ID", "a request's tier and the rule that decided it"),
            Command("llmaudit tag sample --out to-label.csv", "the requests most worth labelling by hand"),
            Command("llmaudit requests --where \"feature = 'FEATURE'\"", "the requests of one feature"),
        ),
    )


def _is_priced(tiers: Tiers) -> bool:
    return any(row.spend_usd for row in tiers.by_tier)


def _priced(tiers: Tiers, table: Table) -> Table:
    """Return a table without its money where there is none: zeros would say that unpriced requests are free."""
    if _is_priced(tiers):
        return table
    kept = [i for i, one in enumerate(table.columns) if one.kind is not Kind.MONEY and one.title != "Of spend"]
    rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
    return replace(table, columns=tuple(table.columns[i] for i in kept), rows=rows)


def _lead(tiers: Tiers) -> tuple[Prose, ...]:
    if not tiers.known_requests:
        return ()
    simple = tiers.tier01_on_flagship_requests
    number = f"{counted(simple, 'request')} that {'is' if simple == 1 else 'are'}"
    paid = f"{headline(tiers.tier01_on_flagship_usd)} went to flagships for {number}"
    on_flagships = paid if _is_priced(tiers) else f"flagships answered {number}"
    return (
        Prose(
            f"{percent(tiers.frontier_needed_pct)} of the {counted(tiers.known_requests, 'request')} with a known tier "
            f"{'needs' if tiers.known_requests == 1 else 'need'} a frontier model; "
            f"{on_flagships} trivial or standard.",
            lead=True,
        ),
    )


def _key_figures(tiers: Tiers) -> Figures:
    wasted = headline(tiers.tier01_on_flagship_usd) if _is_priced(tiers) else count(tiers.tier01_on_flagship_requests)
    on_flagship = f"{percent(tiers.tier01_on_flagship_pct)} of tier 0 and 1 requests"
    if tiers.tier01_on_flagship_pct is None:
        wasted, on_flagship = UNKNOWN if not tiers.known_requests else "none", "no request is known to be tier 0 or 1"
    return Figures(
        (
            KeyFigure("Tier 0 and 1 on flagships", wasted, on_flagship),
            KeyFigure(
                "Need a frontier model", percent(tiers.frontier_needed_pct), "tier 2 and 3, of requests with a tier"
            ),
            KeyFigure("Requests with a tier", count(tiers.known_requests), f"{count(tiers.unknown_requests)} unknown"),
        )
    )


def _chart(tiers: Tiers) -> tuple[Chart, ...]:
    """Two bars for each tier, its share of requests and of spend, the flagship part dark."""
    rows = [row for row in tiers.by_tier if row.requests]
    if not rows:
        return ()
    requests = sum(row.requests for row in rows)
    series = []
    for title, color, pick in (
        ("requests on flagships", "accent", _flagship_requests),
        ("requests on other models", "sky", _other_requests),
        ("spend on flagships", "vermilion", _flagship_spend),
        ("spend on other models", "orange", _other_spend),
    )[: 4 if _is_priced(tiers) else 2]:
        lane = 0 if "requests" in title else 1
        bars = [pick(i, row, requests) for i, row in enumerate(rows)]
        series.append(charts.Series(title, color, bars, lane=lane))
    labels = [tier(row.tier) for row in rows]
    figures = [_shares(row) for row in rows]
    alt = "Bar chart of the share of requests and of spend by tier: " + "; ".join(
        f"{text}: {figure}" for text, figure in zip(labels, figures, strict=True)
    )
    drawn = charts.rows(labels, figures, series)
    return (Chart("Share of requests and of spend by tier", drawn, f"{alt}."),)


def _shares(row: TierRow) -> str:
    spent = "" if row.spend_share_pct is None else f", {percent(row.spend_share_pct)} of spend"
    return f"{percent(row.share_pct)} of requests{spent}"


def _flagship_requests(i: int, row: TierRow, requests: int) -> charts.Bar:
    text = charts.hover(f"tier {tier(row.tier)}", f"{counted(row.flagship_requests, 'request')} on flagships")
    return charts.Bar(i, 100 * row.flagship_requests / requests, text)


def _other_requests(i: int, row: TierRow, requests: int) -> charts.Bar:
    others = row.requests - row.flagship_requests
    text = charts.hover(f"tier {tier(row.tier)}", f"{counted(others, 'request')} on other models")
    return charts.Bar(i, 100 * others / requests, text, base=100 * row.flagship_requests / requests)


def _flagship_spend(i: int, row: TierRow, _: int) -> charts.Bar:
    text = charts.hover(f"tier {tier(row.tier)}", f"{shown(row.flagship_spend_usd)} on flagships")
    return charts.Bar(i, _part(row) * (row.spend_share_pct or 0.0), text)


def _other_spend(i: int, row: TierRow, _: int) -> charts.Bar:
    text = charts.hover(f"tier {tier(row.tier)}", f"{shown(row.spend_usd - row.flagship_spend_usd)} on other models")
    share = row.spend_share_pct or 0.0
    return charts.Bar(i, (1 - _part(row)) * share, text, base=_part(row) * share)


def _part(row: TierRow) -> float:
    return charts.position(row.flagship_spend_usd) / charts.position(row.spend_usd) if row.spend_usd else 0.0


def _by_tier(tiers: Tiers) -> Table:
    return Table(
        "Requests and spend by tier",
        (
            Column("Tier", Kind.TEXT),
            Column("Requests", Kind.COUNT),
            Column("Of requests", Kind.SHARE),
            Column("Spend", Kind.MONEY),
            Column("Of spend", Kind.SHARE),
            Column("Requests on flagships", Kind.COUNT),
            Column("Spend on flagships", Kind.MONEY),
        ),
        tuple(
            (
                tier(row.tier),
                row.requests,
                row.share_pct,
                row.spend_usd,
                row.spend_share_pct,
                row.flagship_requests,
                row.flagship_spend_usd,
            )
            for row in tiers.by_tier
        ),
    )


def _by_feature(tiers: Tiers) -> Table:
    return Table(
        "Features by spend, with the tier of most of their requests",
        (
            Column("Feature", Kind.NAME),
            Column("Tier", Kind.TEXT),
            Column("Agreeing", Kind.PERCENT),
            Column("Requests", Kind.COUNT),
            Column("Spend", Kind.MONEY),
            Column("On flagships", Kind.PERCENT),
        ),
        tuple(
            (row.feature, tier(row.tier), row.agreement_pct, row.requests, row.spend_usd, row.flagship_pct)
            for row in sorted(tiers.by_feature, key=lambda row: row.feature is None)
        ),
    )


def _robust(tiers: Tiers) -> tuple[Table, ...]:
    """The savings on tiers 0 and 1, if tags are as often wrong as measured."""
    if not tiers.robust:
        return ()
    rates = tiers.confusion
    note = (
        f"At least and at most assume that up to {percent(100 * rates.under_tiered_high)} of complex requests are "
        f"tagged too low and {percent(100 * rates.over_tiered_high)} of simple ones too high (measured on "
        f"{rates.basis}). This covers moved requests only. What a plan changes for other requests, such as caches and "
        "failed attempts, is part of its own saving."
    )
    columns = (
        Column("Plan", Kind.NAME),
        Column("Requests moved", Kind.COUNT),
        Column("Saved on them", Kind.MONEY),
        Column("At least", Kind.MONEY),
        Column("At most", Kind.MONEY),
        Column("Wrongly tagged low", Kind.PERCENT),
    )
    rows = [
        (row.plan, row.requests, row.savings_usd, row.low_usd, row.high_usd, row.wrongly_low_pct)
        for row in tiers.robust
    ]
    return (Table("Saving on tiers 0 and 1, allowing for measured tagging errors", columns, tuple(rows), note=note),)


def _by_class(tiers: Tiers) -> Table:
    columns = (
        Column("Tier", Kind.TEXT),
        Column("Class of model", Kind.NAME),
        Column("Requests", Kind.COUNT),
        Column("Spend", Kind.MONEY),
    )
    rows = [(tier(row.tier), row.model_class or "unknown", row.requests, row.spend_usd) for row in tiers.by_class]
    return Table("Requests and spend by tier and class of model", columns, tuple(rows), collapsed=True)


def _tasks(tiers: Tiers) -> Table:
    rows = [(task, tier(row.tier), count) for row in tiers.by_tier for task, count in row.tasks.items()]
    columns = (Column("Task", Kind.NAME), Column("Tier", Kind.TEXT), Column("Requests", Kind.COUNT))
    return Table("Requests by task", columns, tuple(rows), collapsed=True, limit=40)


def _signals(tiers: Tiers) -> Table:
    rows = sorted(tiers.by_signal.items(), key=lambda item: (-item[1], item[0]))
    columns = (Column("Rule that decided the tier", Kind.TEXT), Column("Requests", Kind.COUNT))
    return Table("Requests by the signal behind their tier", columns, tuple(rows), collapsed=True)


SECTION = Section(30, "tiers", "How much needs a frontier model", "tiers", build)
