"""The audit for a terminal: one screen that answers where the money goes and what could be saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmaudit.cli.output import bullets, line, percent, shaped, table
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.audit import Audit
    from llmaudit.findings.spend import Slice

STANDING = {"no_risk": "no answer changes", "certified": "certified", "unproven": "unproven"}


def show(settings: Settings, audit: Audit) -> None:
    """Print the summary of an audit."""
    spent, covered = audit.spend, audit.coverage
    if spent.requests:
        _spent(audit)
    else:
        line(f"llmaudit: no requests in the period, so nothing is repriced; catalog {audit.catalog_version}")
    line(
        f"  records: {covered.lines:,} read = {counted(covered.accepted, 'request')}"
        f" + {counted(covered.duplicates, 'duplicate')} + {covered.ignored:,} ignored + {covered.rejected:,} rejected"
        f" + {counted(covered.bills, 'bill line')}"
    )
    _bills(audit)
    _usage(settings, audit)
    if not spent.requests:
        return
    if spent.is_known:
        _reach(audit)
        line()
        _waterfall(settings, audit)
    _breakdown(settings, "By model", spent.by_model)
    _breakdown(settings, "By feature", spent.by_feature)
    _tiers(settings, audit)
    if spent.is_known:
        _savings(settings, audit)
        _markup(settings, audit)
        _drivers(settings, audit)
        _opportunities(settings, audit)
    _checklist(audit)


def _spent(audit: Audit) -> None:
    """Print what was spent, and on what the sum rests."""
    spent = audit.spend
    days = f"{spent.first_day} to {spent.last_day}" if spent.first_day else "no day"
    cost = shown(spent.spend_usd) if spent.is_known else "unknown cost"
    line(
        f"llmaudit: {cost} on {counted(spent.requests, 'request')}, {days}"
        f" (days in {audit.timezone}), catalog {audit.catalog_version}"
    )
    estimated = f" (on estimated tokens {shown(spent.estimated_usd)})" if spent.estimated_usd else ""
    unpriced = counted(spent.unpriced_requests, "request") if spent.unpriced_requests else "no request"
    line(
        f"  billed in logs {shown(spent.billed_usd)} + at list price {shown(spent.list_only_usd)}{estimated};"
        f" cost unknown for {unpriced}"
    )
    if spent.assumed_time_requests:
        part = shown(spent.assumed_time_usd) if spent.is_known else "an unknown cost"
        line(
            f"  of this, {part} for {counted(spent.assumed_time_requests, 'request')} without a"
            " time, priced as of the time you said to assume (--assume-time)"
        )
    spared = audit.gateway_cache
    if spared.requests:
        unknown = f"; not known for {spared.unknown_requests:,}" if spared.unknown_requests else ""
        line(
            f"  {counted(spared.requests, 'answer')} from a gateway's own cache cost nothing at list; the provider "
            f"would have charged {shown(spared.avoided_usd)} for them, which is in no figure here{unknown}"
        )


def _bills(audit: Audit) -> None:
    """Print what the bills charge, one line for each seller and month; they are compared by `llmaudit reconcile`."""
    from llmaudit.report.sections.reconcile import amounts_of
    from llmaudit.report.wording import month

    if audit.coverage.bills and not audit.reconcile.rows and not audit.usage.rows:
        line(
            f"  {counted(audit.coverage.bills, 'bill line')} lie outside the period, or have neither an amount nor"
            " tokens: ingest the seller's cost or usage export, or the request logs"
        )
    for row in audit.reconcile.rows:
        of_it = (
            "of its tokens in the logs" if row.coverage_by == "tokens" else "of it on days with requests in the logs"
        )
        seen = "" if row.coverage_pct is None else f", {percent(row.coverage_pct)} {of_it}"
        seen = seen if row.has_usage else " for credit and fees, and does not show usage"
        line(f"  bill: {row.seller} {month(row.month)} charges {amounts_of([row])}{seen} (llmaudit reconcile)")


def _usage(settings: Settings, audit: Audit) -> None:
    """Print what usage exports cost at list: one line for each where requests are logged, else all there is to say."""
    if not audit.usage.rows:
        return
    from llmaudit.report import usage_tables

    for row in audit.usage.rows:
        seen = "" if row.logs is None else f", {percent(row.logs.coverage_pct)} of the tokens in the logs"
        line(f"  usage export: {usage_tables.said(row)}{seen} (not a bill; llmaudit reconcile)")
    if not audit.spend.requests:
        line()
        for row in audit.usage.rows:
            for shape in (usage_tables.by_model(row), usage_tables.by_day(row)):
                shaped(settings, shape)
            bullets(usage_tables.notes(row))


def _reach(audit: Audit) -> None:
    """Print what could be reached, and how surely."""
    found = audit.waterfall
    if found.saving_usd <= 0:
        line("  reachable: no saving from the levers and plans examined")
        return
    plan = f" (plan {found.plan})" if found.plan else ""
    least = found.low.sure_usd
    promise = f"{shown(least)} safe to promise" if least > 0 else "none safe to promise yet"
    parts = f"no-risk {shown(found.no_risk_usd)} + certified {shown(found.certified_usd)}"
    line(f"  savings: {promise}" + (f", {shown(found.sure_usd)} expected ({parts})" if found.sure_usd else ""))
    line(
        f"  reachable: {shown(found.saving_usd)} ({percent(found.saving_pct)}; {shown(found.low.saving_usd)} to"
        f" {shown(found.high.saving_usd)}), of which {shown(found.unproven_usd)} is unproven{plan}"
    )


def _waterfall(settings: Settings, audit: Audit) -> None:
    found = audit.waterfall
    if not found.steps:
        return
    rows = [
        [
            step.title,
            "no data" if step.saved_usd is None else STANDING[step.kind],
            shown(step.saved_usd),
            shown(step.left_usd),
            shown(step.alone_usd),
        ]
        for step in found.steps
        if step.saved_usd is None or step.saved_usd or step.alone_usd
    ]
    rows.append(["reachable", "", shown(found.saving_usd), shown(found.reachable_usd), ""])
    title = f"From {shown(found.spend_usd)} spent to what is reachable, step by step"
    table(settings, title, ["", "", "saves", "remains", "on its own"], rows, left=(0, 1))


def _checklist(audit: Audit) -> None:
    if audit.checklist is not None:
        said = ", ".join(f"{count} {status}" for status, count in audit.checklist.counts.items())
        line(f"Gateway checklist: {said} (llmaudit checklist)")


def _breakdown(settings: Settings, title: str, rows: Sequence[Slice]) -> None:
    """Print spend by a name, folded and rounded as in the report: the same amount must not differ by a cent."""
    from dataclasses import replace

    from llmaudit.report.sections.spend import breakdown

    shaped(settings, replace(breakdown(title, "", list(rows)), caption=title))


def _tiers(settings: Settings, audit: Audit) -> None:
    rows = [
        [
            "unknown" if row.tier is None else f"{row.tier} {row.title}",
            f"{row.requests:,}",
            percent(row.share_pct),
            shown(row.spend_usd) if audit.spend.is_known else "unknown",
            f"{row.flagship_requests:,}",
        ]
        for row in audit.tiers.by_tier
    ]
    table(settings, "By tier", ["", "requests", "share", "spend", "on a flagship"], rows)
    for claim in audit.tiers.claims:
        line(f"  {claim}")
    line()


def _savings(settings: Settings, audit: Audit) -> None:
    rows = [
        [
            plan.name,
            shown(plan.cost_usd),
            f"{shown(plan.low_usd)} to {shown(plan.high_usd)}",
            shown(plan.savings_usd),
            percent(plan.savings_pct),
            shown(plan.unproven_usd),
            f"{plan.moved_requests:,}",
        ]
        for plan in audit.savings.plans
    ]
    columns = ["plan", "would cost", "low to high", "saves", "", "unproven part", "moved requests"]
    table(settings, f"Plans, compared with {shown(audit.savings.actual_usd)} now", columns, rows)


def _markup(settings: Settings, audit: Audit) -> None:
    rows = [
        [
            row.gateway,
            row.verdict,
            "unknown" if row.pct is None else f"{row.pct:+.2f}%",
            shown(row.overpaid_usd),
            "unknown" if row.cost_per_list_usd is None else f"{row.cost_per_list_usd:.4f}",
        ]
        for row in audit.markup.gateways
    ]
    if rows:
        columns = ["gateway", "verdict", "billed over list", "overpaid", "paid per $1 of list, with fees"]
        table(settings, "Gateways", columns, rows, left=(0, 1))


def _drivers(settings: Settings, audit: Audit) -> None:
    rows = [
        [
            row.title,
            shown(row.usd),
            percent(row.pct) if row.pct is not None else "",
            row.of if row.pct is not None else "",
            "no data" if row.usd is None else "proven" if row.proven else "unproven",
        ]
        for row in audit.drivers.drivers
    ]
    table(settings, "Cost drivers, each on its own", ["", "dollars", "share", "of", ""], rows, left=(0, 3, 4))


def _opportunities(settings: Settings, audit: Audit) -> None:
    levers = audit.opportunities.levers
    rows = [
        [one.title, shown(one.usd), f"{shown(one.low_usd)} to {shown(one.high_usd)}", f"{one.requests:,}"]
        for one in levers
        if one.high_usd
    ]
    if rows:
        columns = ["", "would save", "low to high", "requests"]
        table(settings, "Money left on the table: same answers, each on its own", columns, rows, left=(0,))
    unknown = [one.title.lower() for one in levers if one.usd is None]
    if unknown:
        line(f"  the logs cannot tell: {'; '.join(unknown)}")
