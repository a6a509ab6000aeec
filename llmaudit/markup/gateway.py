"""The verdict on one gateway: exact sums from its cells, rules and look-alikes from a sample of its requests.

With enough sampled requests, the amounts of single requests decide (`judged_by_requests`); with fewer, the sums over
cells do (`cell_sums`). What no amount shows is added last (`beside_requests`): fees on credit, subscriptions, tokens
that were never sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.markup import cell_sums
from llmaudit.markup.beside_requests import with_channels
from llmaudit.markup.gateway_row import CLEARED, row_of_sums, with_overpaid
from llmaudit.markup.judge import Judgement, judge
from llmaudit.markup.judged_by_requests import judged_by_requests
from llmaudit.markup.listprice import at_makers_list
from llmaudit.markup.lookalike_rulings import by_sums
from llmaudit.markup.markup_rules import markup_rules, rule_sentence
from llmaudit.markup.model import GatewayRow, ModelRow
from llmaudit.markup.outliers import other_charge_notes, outlier_notes, unbilled_notes
from llmaudit.markup.panel import Panel, is_free, panels_by_model, priced_panel
from llmaudit.markup.regression import MIN_ROWS
from llmaudit.markup.traffic import Traffic
from llmaudit.money import total
from llmaudit.request import OTHER

ENOUGH_ALIKE = 3
"""So many requests of different sizes are not billed one multiple of list by chance."""


TOGETHER = (
    "many gateways are merged into one here, and they may not all add the same: `llmaudit markup letter NAME` judges "
    "one of them on its own"
)


def judge_gateway(traffic: Traffic, catalog: Catalog) -> GatewayRow:
    """Return the verdict on a gateway; none on many that were merged into one (`llmaudit.crowded`)."""
    compared = [priced for priced in at_makers_list(traffic.cells, catalog) if cell_sums.is_comparable(priced)]
    models = cell_sums.model_rows(compared)
    if traffic.name == OTHER:
        return msgspec.structs.replace(
            row_of_sums(OTHER, "undecidable", compared, models),
            evidence=[TOGETHER, *(cell_sums.model_sentence(row) for row in models)],
        )
    priced_requests = priced_panel(traffic.sample, catalog)
    billed_panel = priced_requests.where(~is_free(priced_requests))
    judgement = None
    if models and len(billed_panel) >= MIN_ROWS:
        judgement = judge(billed_panel, catalog)
        row = judged_by_requests(traffic.name, judgement, compared, models)
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
    return with_channels(row, judgement, traffic, compared, catalog)


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
        row_of_sums(traffic.name, verdict, compared, with_overpaid(models, verdict, overpaid_by_model)),
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
    why = "its log has only its own estimates and does not show what it charged"
    rules = markup_rules(estimates, {}) if estimates is not None else []
    if rules:
        readings = "; ".join(f"{rule_sentence(rule)} on {', '.join(rule.models)}" for rule in rules)
        why = (
            f"{why}; its estimates differ from list ({readings.replace('billed', 'estimated')}) because of a "
            "multiplier in its settings or its own prices; its bill would settle whether that is charged"
        )
    elif estimates is not None and {decision.outcome for decision in estimates.models.values()} == {"list"}:
        why = f"{why}; its estimates equal list"
    return msgspec.structs.replace(row, verdict="undisclosed", evidence=[why], overpaid_usd=None)
