"""Combines the decisions on a gateway's models, so that one rule that holds everywhere is found as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from llmaudit.arrays import Bools
from llmaudit.catalog import Catalog
from llmaudit.markup.decide import Decision, decide
from llmaudit.markup.doubts import MOST, is_exact
from llmaudit.markup.fallback_and_reasoning import with_another_model, with_uncounted_output
from llmaudit.markup.hidden_cache import follows_but_for_cache, with_hidden_cache
from llmaudit.markup.model import TOLERANCE
from llmaudit.markup.panel import CLASSES, Panel, join, panels_by_model, thinned
from llmaudit.markup.regression import MIN_ROWS
from llmaudit.markup.rule_shapes import predicted_by
from llmaudit.markup.rules import CLEAR, PER_NUMBER, Bench, FittedRule

POOLED = 8000
"""Largest number of requests examined together: beyond that, more change nothing."""

REST = "other models"
"""Name for all models that have too few requests by themselves, taken together."""


@dataclass(frozen=True)
class ModelGroup:
    """Models to whose list cost one rule adds."""

    models: tuple[str, ...]
    panel: Panel
    decision: Decision


@dataclass(frozen=True)
class Judgement:
    """What was found about a gateway.

    Attributes:
        models: The decision on each model, or on the rest of them together.
        groups: Models under one rule of a markup, the one with most dollars first.
        panel: Every request.
    """

    models: dict[str, Decision]
    groups: tuple[ModelGroup, ...]
    panel: Panel

    def members(self, name: str) -> tuple[str, ...]:
        """Return the models behind a name of `models`."""
        return tuple(dict.fromkeys(row.model for row in self.models[name].bench.panel.rows))


def judge(panel: Panel, catalog: Catalog) -> Judgement:
    """Return the decisions on a gateway's models, pooled where one rule holds on several."""
    panels = _panels(panel)
    decisions = {name: decide(model_panel, catalog) for name, model_panel in panels.items()}
    if (with_reads_shown := requests_showing_cache_reads(decisions)) is not None:
        panels = {name: model_panel.where(with_reads_shown[name]) for name, model_panel in panels.items()}
        decisions = {name: decide(model_panel, catalog) for name, model_panel in panels.items()}
    decisions = {
        name: with_uncounted_output(with_hidden_cache(decision, catalog)) for name, decision in decisions.items()
    }
    decisions = {name: with_another_model(decision, catalog) for name, decision in decisions.items()}
    panels = {name: decision.bench.panel for name, decision in decisions.items()}
    marked_up = [name for name, decision in decisions.items() if decision.outcome == "markup"]
    faint = [name for name, decision in decisions.items() if decision.outcome == "unclear" or is_faint(decision)]
    all_as_one = _pooled_group([*marked_up, *faint], panels, decisions, catalog) if faint else None
    if all_as_one is not None and all_as_one.decision.outcome == "markup":
        groups = [all_as_one]
        decisions |= {name: replace(decisions[name], outcome="markup") for name in faint}
    else:
        groups = _grouped(marked_up, panels, decisions, catalog)
    groups, decisions = _with_followers(groups, panels, decisions, catalog)
    groups, decisions = _with_hidden_followers(groups, decisions, catalog)
    return Judgement(decisions, tuple(sorted(groups, key=_added_usd, reverse=True)), panel)


ODD, SKEWED = 4.0, 0.005
"""Noise scales beyond which an amount is odd, and the share of odd amounts that counts as skewed."""


def requests_showing_cache_reads(decisions: Mapping[str, Decision]) -> dict[str, Bools] | None:
    """Return the requests whose log shows cache reads, if others seem to have read from a cache without showing it.

    Under noise, small cached parts that a log leaves out cannot be told from it one by one, and pull every number down.
    They betray themselves by the large ones: amounts far too low, among requests without cached tokens alone.
    """
    outlier_signs = []
    shows_reads = {
        name: decision.bench.panel.parts[:, CLASSES.index("cache_read")] > 0 for name, decision in decisions.items()
    }
    for name, decision in decisions.items():
        if decision.bench.is_noisy:
            errors = decision.bench.residual(decision.rule.predicted)[~shows_reads[name]] / decision.bench.scale
            outlier_signs.append((errors > ODD).astype(float) - (errors < -ODD))
    if not outlier_signs or -float(np.concatenate(outlier_signs).sum()) <= SKEWED * sum(map(len, outlier_signs)):
        return None
    return {
        name: mask if mask.sum() >= 2 * MIN_ROWS else np.ones(len(mask), bool) for name, mask in shows_reads.items()
    }


def is_faint(decision: Decision) -> bool:
    """Say whether the requests of a model at list are too few, or too roughly rounded, to see a small markup alone."""
    bench = decision.bench
    noise = float(np.sqrt((bench.sigma**2).sum())) * bench.scale / float(bench.listed.sum())
    return decision.outcome == "list" and CLEAR * noise > TOLERANCE


def _panels(panel: Panel) -> dict[str, Panel]:
    """Return the requests by model; models with few requests count as one."""
    panel_by_model = panels_by_model(panel)
    large = {name: model_panel for name, model_panel in panel_by_model.items() if len(model_panel) >= MIN_ROWS}
    small = [model_panel for name, model_panel in panel_by_model.items() if name not in large]
    return large | ({REST: join(small)} if small else {})


def _added_usd(group: ModelGroup) -> float:
    return group.decision.added_share * float(group.panel.listed.sum())


def _grouped(
    names: Sequence[str], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> list[ModelGroup]:
    """Return the fewest groups of models that share a rule: all models, those with one kind of rule, or each alone."""
    if not names:
        return []
    all_as_one = _pooled_group(names, panels, decisions, catalog)
    if all_as_one is not None:
        return [all_as_one]
    groups: list[ModelGroup] = []
    for kind in sorted({str(decisions[name].rule.kind) for name in names}):
        same_kind = [name for name in names if decisions[name].rule.kind == kind]
        group = _pooled_group(same_kind, panels, decisions, catalog)
        groups += [group] if group is not None else _grouped_by_numbers(same_kind, panels, decisions, catalog)
    return groups


def _grouped_by_numbers(
    names: Sequence[str], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> list[ModelGroup]:
    """Return groups of models whose numbers agree: each model joins the first group that it agrees with."""
    groups: list[list[str]] = []
    for name in names:
        for group in groups:
            if _pooled_group([*group, name], panels, decisions, catalog) is not None:
                group.append(name)
                break
        else:
            groups.append([name])
    return [
        _pooled_group(group, panels, decisions, catalog)
        or ModelGroup(tuple(group), panels[group[0]], decisions[group[0]])
        for group in groups
    ]


def _pooled_group(
    names: Sequence[str], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> ModelGroup | None:
    """Return models as one group; None if a common rule fits worse than one rule for each."""
    if len(names) == 1:
        return ModelGroup((names[0],), panels[names[0]], decisions[names[0]])
    panel = join([thinned(panels[name], POOLED // len(names)) for name in names])
    decision = decide(panel, catalog)
    fits_apart = float(
        np.average([decisions[name].fits for name in names], weights=[len(panels[name]) for name in names])
    )
    if decision.outcome != "markup" or decision.fits < fits_apart - 0.02:
        return None
    if decision.rule.cost > _cost_apart(names, panels, decisions, decision.bench) + PER_NUMBER * len(names):
        return None
    regional_ratio = min(decisions[name].highest_regional_ratio for name in names)
    return ModelGroup(tuple(names), panel, replace(decision, highest_regional_ratio=regional_ratio))


def _cost_apart(names: Sequence[str], panels: dict[str, Panel], decisions: dict[str, Decision], bench: Bench) -> float:
    """Return the cost of the models' separate rules on their joint requests."""
    predicted = np.concatenate(
        [predicted_by(decisions[name].rule, Bench(thinned(panels[name], POOLED // len(names)))) for name in names]
    )
    rule = FittedRule(None, {}, predicted)
    return bench.judged(rule).cost + PER_NUMBER * sum(decisions[name].rule.size for name in names)


def _with_followers(
    groups: list[ModelGroup], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> tuple[list[ModelGroup], dict[str, Decision]]:
    """Let groups absorb models that follow exactly the group's rule, although by themselves they look different.

    A gateway that charges 10% more for models with one price everywhere charges it for models with regional prices
    too: that all of those happen to be regional is the stranger story.
    """
    grown_groups = []
    for group in groups:
        grouped = {name for other in groups for name in other.models}
        followers = [
            name for name, decision in decisions.items() if name not in grouped and _follows_rule(group, decision)
        ]
        grown_group = _pooled_group([*group.models, *followers], panels, decisions, catalog) if followers else None
        grown_groups.append(grown_group or group)
        if grown_group is not None:
            decisions = decisions | {
                name: replace(decisions[name], outcome="markup", lookalike=None) for name in followers
            }
    return grown_groups, decisions


def _with_hidden_followers(
    groups: list[ModelGroup], decisions: dict[str, Decision], catalog: Catalog
) -> tuple[list[ModelGroup], dict[str, Decision]]:
    """Let groups absorb models that follow the group's rule except for cached tokens that the log does not show.

    Such a part moves every number that is fitted to these requests alone, so the group's numbers stay as they are.
    """
    grown_groups: list[ModelGroup] = []
    absorbed: set[str] = set()
    for group in sorted(groups, key=_added_usd, reverse=True):
        if set(group.models) <= absorbed:
            continue
        if is_exact(group.decision.rule, group.decision.bench):
            others = [name for name in decisions if name not in {*group.models, *absorbed}]
            followers = [
                name for name in others if follows_but_for_cache(decisions[name], group.decision.rule, catalog)
            ]
            absorbed.update(followers)
            group = replace(group, models=(*group.models, *followers))  # noqa: PLW2901 -- the same group, larger
        grown_groups.append(group)
    remaining = [group for group in grown_groups if not set(group.models) <= absorbed]
    changed = {name: replace(decisions[name], outcome="markup", lookalike=None) for name in absorbed}
    return remaining, decisions | changed


def _follows_rule(group: ModelGroup, decision: Decision) -> bool:
    """Say whether a model's requests follow a group's rule, with its numbers: better than what they are read as alone.

    Equally well is enough if that reading is a look-alike that a constant ratio cannot be distinguished from.
    """
    rule, bench = group.decision.rule, decision.bench
    under_rule = bench.judged(FittedRule(rule.kind, {}, predicted_by(rule, bench), shift=rule.shift))
    lookalike = decision.lookalike
    is_one_ratio = lookalike is not None and lookalike.is_everywhere and lookalike.is_constant
    allowance = PER_NUMBER if is_one_ratio else -PER_NUMBER
    return under_rule.fits >= MOST and under_rule.cost < decision.cost + allowance
