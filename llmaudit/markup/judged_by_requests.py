"""The verdict that the amounts of single requests allow: what is proven, what is open, what a look-alike explains."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.markup import cell_sums
from llmaudit.markup.doubts import OF_A_REQUEST, is_exact
from llmaudit.markup.gateway_row import CLEARED, markups_by_model, row_of_sums, with_overpaid
from llmaudit.markup.implied_rates import implied_rates
from llmaudit.markup.judge import Judgement
from llmaudit.markup.lookalike_rulings import bound_pct, explanation, rulings, unsettled
from llmaudit.markup.markup_rules import markup_rules, pct_range, rule_sentence
from llmaudit.markup.model import TOLERANCE_PCT, GatewayRow, MarkupRule, ModelRow, Verdict
from llmaudit.markup.samples import sample_rows
from llmaudit.money import ZERO, times, total
from llmaudit.phrases import counted


def judged_by_requests(
    name: str, judgement: Judgement, compared: Sequence[PricedCell], models: Sequence[ModelRow]
) -> GatewayRow:
    """Return the verdict that the amounts of single requests allow."""
    rules = markup_rules(judgement, cell_sums.cells_by_model(compared))
    rows = [_with_outcome(row, judgement) for row in models]
    verdict, why = _verdict(judgement, rules, rows)
    pct, low_pct, high_pct = pct_range(verdict, rules, judgement, rows)
    main_rule = rules[0] if verdict == "markup" else None
    row = row_of_sums(
        name, verdict, compared, with_overpaid(rows, verdict, markups_by_model(rules if main_rule else ()))
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
            f"billed equals list: {over_all_pct:+.3f}% overall, within the {TOLERANCE_PCT}% that rounding allows",
        )
    if outcomes <= {"list"}:
        bound = max(bound_pct(judgement), 0.001)
        fits = 100 * min(decision.fits for decision in judgement.models.values())
        at_list = "all" if fits == 100 else f"{fits:.1f}% or more"  # noqa: PLR2004 -- the whole
        return "none", (
            f"billed equals list: {at_list} of each model's sampled requests cost exactly list; the sum is "
            f"{over_all_pct:+.3f}% over list, and a markup could be at most {bound:.2g}%"
        )
    return "explained", explanation(judgement)


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
    return f"{claims}; no look-alike explains these amounts"


def _too_small_sentences(rules: Sequence[MarkupRule]) -> list[str]:
    """Return rules too small to decide anything: they come last, for readers who add up every request."""
    return [f"too small to be a markup ({rule.of_list_pct:.2g}% of list): {rule_sentence(rule)}" for rule in rules]
