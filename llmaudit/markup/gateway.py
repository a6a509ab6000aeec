"""The verdict on one gateway: exact sums from its cells, rules and look-alikes from a sample of its requests.

With enough sampled requests, the amounts of single requests decide (`judge`); with fewer, the sums over cells do
(`cell_sums`). What no amount shows is added last (`channels`): fees on credit, subscriptions, tokens that were never
sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.evidence import requests
from llmaudit.markup import cell_sums
from llmaudit.markup.channels import channel_sums, paid_rules, per_dollar
from llmaudit.markup.claims import claims_against_bill
from llmaudit.markup.doubts import OF_A_REQUEST, is_exact
from llmaudit.markup.implied_rates import implied_rates
from llmaudit.markup.judge import Judgement, judge
from llmaudit.markup.listprice import at_makers_list
from llmaudit.markup.lookalike_rulings import bound_pct, by_sums, explanation, rulings, unsettled
from llmaudit.markup.markup_rules import markup_rules, pct_range, rule_sentence
from llmaudit.markup.model import TOLERANCE_PCT, GatewayRow, MarkupRule, ModelRow, Verdict
from llmaudit.markup.outliers import other_charge_notes, outlier_notes, unbilled_notes
from llmaudit.markup.panel import Panel, is_free, panels_by_model, priced_panel
from llmaudit.markup.regression import MIN_ROWS
from llmaudit.markup.samples import sample_rows
from llmaudit.markup.tokencount import token_counts, token_rules, unsent_usd
from llmaudit.markup.topup import top_up_rule
from llmaudit.money import EXACT, ZERO, round_to, times, total
from llmaudit.phrases import counted
from llmaudit.request import OTHER
from llmaudit.summaries.billed import BilledRequest
from llmaudit.summaries.payments import Payment
from llmaudit.summaries.prompts import SizedPrompt

PAID_BESIDE = frozenset({"top_up", "subscription", "add_on"})
"""Kinds of markups that are known from payments, not from requests."""

DAYS_A_YEAR = 365
DAYS_A_MONTH = EXACT.divide(Decimal(DAYS_A_YEAR), Decimal(12))

ENOUGH_ALIKE = 3
"""So many requests of different sizes are not billed one multiple of list by chance."""


@dataclass(frozen=True)
class Traffic:
    """Everything that is known of one gateway.

    Attributes:
        name: The gateway.
        cells: Its priced cells.
        sample: Sampled requests that it billed; with too few of them the cells alone decide.
        prompts: Prompts whose size is known twice.
        payments: What was paid to it beside requests.
    """

    name: str
    cells: Sequence[PricedCell]
    sample: Sequence[BilledRequest] = ()
    prompts: Sequence[SizedPrompt] = ()
    payments: Sequence[Payment] = ()


TOGETHER = (
    "many gateways stand together here, and what one of them adds another may not: `llmaudit markup letter NAME` "
    "judges one of them by itself"
)


def judge_gateway(traffic: Traffic, catalog: Catalog) -> GatewayRow:
    """Return the verdict on a gateway; none on many that were merged into one (`llmaudit.crowded`)."""
    compared = [priced for priced in at_makers_list(traffic.cells, catalog) if cell_sums.is_comparable(priced)]
    models = cell_sums.model_rows(compared)
    if traffic.name == OTHER:
        return msgspec.structs.replace(
            _row_of_sums(OTHER, "undecidable", compared, models),
            evidence=[TOGETHER, *(cell_sums.model_sentence(row) for row in models)],
        )
    priced_requests = priced_panel(traffic.sample, catalog)
    billed_panel = priced_requests.where(~is_free(priced_requests))
    judgement = None
    if models and len(billed_panel) >= MIN_ROWS:
        judgement = judge(billed_panel, catalog)
        row = _judged_by_requests(traffic.name, judgement, compared, models)
    else:
        row = _judged_by_cells(traffic, compared, models, models_at_one_ratio(billed_panel))
        if not models and any(priced.cell.billed_kind == "list_estimate" for priced in traffic.cells):
            row = _as_undisclosed(row, judge(billed_panel, catalog) if len(billed_panel) >= MIN_ROWS else None)
    notes = [
        *(outlier_notes(judgement) if judgement else ()),
        *unbilled_notes(priced_requests),
        *other_charge_notes(traffic.sample),
    ]
    row = msgspec.structs.replace(row, notes=notes, evidence=[row.evidence[0], *notes, *row.evidence[1:]])
    return _with_channels(row, judgement, traffic, compared, catalog)


def _judged_by_requests(
    name: str, judgement: Judgement, compared: Sequence[PricedCell], models: Sequence[ModelRow]
) -> GatewayRow:
    """Return the verdict that the amounts of single requests allow."""
    rules = markup_rules(judgement, cell_sums.cells_by_model(compared))
    rows = [_with_outcome(row, judgement) for row in models]
    verdict, why = _verdict(judgement, rules, rows)
    pct, low_pct, high_pct = pct_range(verdict, rules, judgement, rows)
    main_rule = rules[0] if verdict == "markup" else None
    row = _row_of_sums(
        name, verdict, compared, _with_overpaid(rows, verdict, _overpaid_by_model(rules if main_rule else ()))
    )
    return msgspec.structs.replace(
        row,
        kind=main_rule.kind if main_rule else None,
        pct=pct,
        low_pct=low_pct,
        high_pct=high_pct,
        fixed_usd=main_rule.fixed_usd if main_rule else None,
        overpaid_usd=total(rule.overpaid_usd for rule in rules) if main_rule else ZERO if verdict in CLEARED else None,
        ruled_out=rulings(judgement),
        evidence=[
            why,
            *(cell_sums.model_sentence(row) for row in rows),
            *([] if main_rule else _too_small_sentences(rules)),
        ],
        found=rules if main_rule else [],
        rates=implied_rates(judgement.models),
        samples=sample_rows(judgement) if main_rule else [],
    )


CLEARED = {"none", "explained"}


def _overpaid_by_model(rules: Iterable[MarkupRule]) -> dict[str, Decimal]:
    """Return what markups took, by model."""
    usd_by_model: dict[str, Decimal] = {}
    for rule in rules:
        for model, usd in rule.by_model.items():
            usd_by_model[model] = usd_by_model.get(model, ZERO) + usd
    return usd_by_model


def _with_overpaid(
    models: Sequence[ModelRow], verdict: Verdict, overpaid_by_model: Mapping[str, Decimal]
) -> list[ModelRow]:
    """Return the models with what markups took on each; None where the verdict leaves it open."""
    if verdict not in {*CLEARED, "markup"}:
        return list(models)
    return [msgspec.structs.replace(row, overpaid_usd=overpaid_by_model.get(row.model, ZERO)) for row in models]


def models_at_one_ratio(panel: Panel) -> set[str]:
    """Return the models whose few requests were all billed one multiple of list, as exactly as amounts are written."""
    models = set()
    for name, model_panel in panels_by_model(panel).items():
        listed = model_panel.listed
        ratio_low, ratio_high = (
            (model_panel.billed - model_panel.step) / listed,
            (model_panel.billed + model_panel.step) / listed,
        )
        if len(model_panel) >= ENOUGH_ALIKE and ratio_low.max() <= ratio_high.min() and ratio_low.max() > 1:
            models.add(name)
    return models


def _judged_by_cells(
    traffic: Traffic, compared: Sequence[PricedCell], models: Sequence[ModelRow], one_ratio_models: Collection[str]
) -> GatewayRow:
    """Return the verdict that sums allow, with few requests or none to look at."""
    verdict, why = cell_sums.verdict(models, one_ratio_models)
    if not models:
        why = cell_sums.why_not_compared(traffic.cells)
    billed, listed, highest_list = cell_sums.billed(compared), cell_sums.listed(compared), cell_sums.list_high(compared)
    pct, low_pct = cell_sums.over_pct(billed, listed), cell_sums.over_pct(billed, highest_list)
    overpaid_by_model = cell_sums.overpaid_by_model(models) if verdict == "markup" else {}
    if verdict == "markup":
        pct, low_pct = cell_sums.proven_over_pct(models)
    return msgspec.structs.replace(
        _row_of_sums(traffic.name, verdict, compared, _with_overpaid(models, verdict, overpaid_by_model)),
        kind="token_rate" if verdict == "markup" else None,
        pct=pct,
        low_pct=low_pct,
        high_pct=pct,
        overpaid_usd=total(overpaid_by_model.values()) if verdict in {*CLEARED, "markup"} else None,
        ruled_out=by_sums(models) if models else [],
        evidence=[why, *(cell_sums.model_sentence(row) for row in models)],
    )


def _as_undisclosed(row: GatewayRow, estimates: Judgement | None) -> GatewayRow:
    """Return the verdict on a gateway whose log holds its own estimates, but nowhere what it charged."""
    why = "its log has estimates of its own only, and what it charged is nowhere in it"
    rules = markup_rules(estimates, {}) if estimates is not None else []
    if rules:
        readings = "; ".join(f"{rule_sentence(rule)} on {', '.join(rule.models)}" for rule in rules)
        why = (
            f"{why}; its estimates are not list ({readings.replace('billed', 'estimated')}): a multiplier in its "
            "settings, or prices of its own; its bill would settle whether that is charged"
        )
    elif estimates is not None and {decision.outcome for decision in estimates.models.values()} == {"list"}:
        why = f"{why}; its estimates are list"
    return msgspec.structs.replace(row, verdict="undisclosed", evidence=[why], overpaid_usd=None)


def _row_of_sums(name: str, verdict: Verdict, compared: Sequence[PricedCell], models: Sequence[ModelRow]) -> GatewayRow:
    """Return a row with the sums of a gateway, and nothing else filled in."""
    billed, listed = cell_sums.billed(compared), cell_sums.listed(compared)
    return GatewayRow(
        gateway=name,
        verdict=verdict,
        billed_usd=billed if compared else None,
        list_usd=listed if compared else None,
        requests=requests(compared),
        by_model=list(models),
        by_day=cell_sums.day_rows(compared),
        over_list_usd=billed - listed if compared else None,
        below_list_usd=cell_sums.below_list(models) if compared else None,
    )


def _with_channels(
    row: GatewayRow,
    judgement: Judgement | None,
    traffic: Traffic,
    compared: Sequence[PricedCell],
    catalog: Catalog,
) -> GatewayRow:
    """Return a row with the channels that no amount shows; one that is measured is a markup too."""
    stated = cell_sums.stated_channels(traffic.name, cell_sums.billed(traffic.cells), catalog)
    counts = token_counts(traffic.prompts)
    payments = traffic.payments
    sums = channel_sums(row.found, counts, payments, stated, compared, is_measured=judgement is not None)
    credit_fee = top_up_rule(payments)
    list_usd = cell_sums.listed(compared)
    base_usd = list_usd or cell_sums.listed(traffic.cells)  # what was paid beside requests needs no amounts of theirs
    rules_beside = [*token_rules(counts, compared), *([credit_fee] if credit_fee else []), *paid_rules(sums, base_usd)]
    row = _with_rules_beside(row, [rule for rule in rules_beside if rule.of_list_pct > TOLERANCE_PCT])
    return msgspec.structs.replace(
        row,
        channels=stated,
        sums=sums,
        claims=claims_against_bill(traffic.name, row.found, catalog),
        cost_per_list_usd=per_dollar(
            cell_sums.billed(compared), list_usd - unsent_usd(counts, compared), sums, payments
        ),
        monthly_usd=_at_this_pace(row, compared, payments, DAYS_A_MONTH),
        yearly_usd=_at_this_pace(row, compared, payments, DAYS_A_YEAR),
    )


def _with_rules_beside(row: GatewayRow, rules_beside: Sequence[MarkupRule]) -> GatewayRow:
    """Return a row with findings that lie outside the amounts; they are a markup whatever the amounts say."""
    if not rules_beside:
        return row
    rules = sorted([*row.found, *rules_beside], key=lambda rule: (-rule.overpaid_usd, rule.kind))
    main_rule = rules[0]
    claims = "; ".join(rule_sentence(rule) for rule in rules_beside)
    overpaid_by_model = _overpaid_by_model(rules_beside)
    models = [
        msgspec.structs.replace(
            model, overpaid_usd=(model.overpaid_usd or ZERO) + overpaid_by_model.get(model.model, ZERO)
        )
        for model in row.by_model
    ]
    judged_row = msgspec.structs.replace(
        row,
        verdict="markup",
        found=rules,
        overpaid_usd=total(rule.overpaid_usd for rule in rules),
        evidence=[f"{claims}; in the amounts: {row.evidence[0]}", *row.evidence[1:]],
        by_model=models,
    )
    if row.found and main_rule not in rules_beside:
        return judged_row
    if main_rule.kind == "top_up":
        pct, low_pct, high_pct = main_rule.pct, main_rule.low_pct, main_rule.high_pct
    else:  # of nothing that could be compared, nothing is a percentage
        pct = low_pct = high_pct = main_rule.of_list_pct if row.list_usd else None
    return msgspec.structs.replace(
        judged_row, kind=main_rule.kind, pct=pct, low_pct=low_pct, high_pct=high_pct, fixed_usd=main_rule.fixed_usd
    )


def _with_outcome(row: ModelRow, judgement: Judgement) -> ModelRow:
    """Return a model's sums with what its requests said."""
    name = next((name for name in judgement.models if row.model in judgement.members(name)), None)
    if name is None:
        return row
    decision = judgement.models[name]
    kind = str(decision.rule.kind) if decision.outcome == "markup" else None
    explained_by = f"{decision.lookalike.name}: {decision.lookalike.label}" if decision.lookalike else None
    return msgspec.structs.replace(row, outcome=decision.outcome, kind=kind, explained_by=explained_by)


def _verdict(judgement: Judgement, rules: Sequence[MarkupRule], models: Sequence[ModelRow]) -> tuple[Verdict, str]:
    """Return the verdict with its first sentence: what is proven outweighs what is open, and that what is explained."""
    list_usd = total(row.list_usd for row in models)
    overpaid_usd = total(rule.overpaid_usd for rule in rules)
    if rules and (100 * overpaid_usd > times(list_usd, Decimal(str(TOLERANCE_PCT))) or _is_proven(judgement)):
        return "markup", _markup_sentence(rules, len(models))
    if open_question := unsettled(judgement):
        return "undecidable", open_question
    outcomes = {decision.outcome for decision in judgement.models.values()}
    over_all_pct = cell_sums.over_pct(total(row.billed_usd for row in models), list_usd) or 0.0
    if rules and outcomes <= {"list", "markup"}:
        return (
            "none",
            f"billed is list: {over_all_pct:+.3f}% over all, within the {TOLERANCE_PCT}% that rounding may be",
        )
    if outcomes <= {"list"}:
        bound = max(bound_pct(judgement), 0.001)
        fits = 100 * min(decision.fits for decision in judgement.models.values())
        return "none", (
            f"billed is list: {fits:.1f}% or more of the sampled requests of every model cost what list says, over all "
            f"billed is {over_all_pct:+.3f}%; a markup would be at most {bound:.2g}%"
        )
    return "explained", explanation(judgement)


def _too_small_sentences(rules: Sequence[MarkupRule]) -> list[str]:
    """Return rules too small to decide anything: they come last, for readers who add up every request."""
    return [f"too small to be a markup ({rule.of_list_pct:.2g}% of list): {rule_sentence(rule)}" for rule in rules]


def _is_proven(judgement: Judgement) -> bool:
    """Say whether a rule is beyond doubt, however little it adds over all: round numbers, right to the last digit."""
    rules = [(group.decision.rule, group.decision.bench) for group in judgement.groups]
    return any(
        rule.kind in {*OF_A_REQUEST, "token_rate"} and rule.digits <= 1 and is_exact(rule, bench)
        for rule, bench in rules
    )


def _markup_sentence(rules: Sequence[MarkupRule], model_count: int) -> str:
    """Return the claim in one sentence."""
    claims = "; ".join(
        f"{rule_sentence(rule)} on {len(rule.models)} of {counted(model_count, 'model')}" for rule in rules
    )
    return f"{claims}; no look-alike makes these amounts"


def _at_this_pace(
    row: GatewayRow, cells: Sequence[PricedCell], payments: Sequence[Payment], days: Decimal | int
) -> Decimal | None:
    """Return what the markups of the period amount to over a number of days, to the cent.

    One that began within the period has taken what it took since that day: it goes on at that pace, not at the pace of
    a period that it was half absent from. What was paid beside the requests goes on at the pace of the payments where
    these are known from further back, or for longer, than the requests.
    """
    known_days = [priced.cell.day for priced in cells if priced.cell.day is not None]
    if row.overpaid_usd is None or not known_days:
        return None
    first, last = min(known_days), max(known_days)
    paid_days = [payment.at.date() for payment in payments if payment.at is not None]
    paid_usd = total(rule.overpaid_usd for rule in row.found if rule.kind in PAID_BESIDE and paid_days)
    begun_within = [(rule.overpaid_usd, rule.since) for rule in row.found if rule.since and first < rule.since <= last]
    since_start_usd = total((row.overpaid_usd, -paid_usd, *(-amount for amount, _ in begun_within)))
    spans = [(since_start_usd, first, last), *((amount, since, last) for amount, since in begun_within)]
    spans.append((paid_usd, min([first, *paid_days]), max([last, *paid_days])))
    return round_to(
        total(EXACT.divide(times(amount, days), (until - since).days + 1) for amount, since, until in spans), 2
    )
