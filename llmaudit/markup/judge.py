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
from llmaudit.markup.panel import CLASSES, Panel, by_model, join, thinned
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
    decisions = {name: decide(own, catalog) for name, own in panels.items()}
    if (shown := requests_showing_cache_reads(decisions)) is not None:
        panels = {name: own.where(shown[name]) for name, own in panels.items()}
        decisions = {name: decide(own, catalog) for name, own in panels.items()}
    decisions = {name: with_uncounted_output(with_hidden_cache(one, catalog)) for name, one in decisions.items()}
    decisions = {name: with_another_model(one, catalog) for name, one in decisions.items()}
    panels = {name: one.bench.panel for name, one in decisions.items()}
    marked = [name for name, one in decisions.items() if one.outcome == "markup"]
    faint = [name for name, one in decisions.items() if one.outcome == "unclear" or is_faint(one)]
    whole = _pooled_group([*marked, *faint], panels, decisions, catalog) if faint else None
    if whole is not None and whole.decision.outcome == "markup":
        groups = [whole]
        decisions |= {name: replace(decisions[name], outcome="markup") for name in faint}
    else:
        groups = _grouped(marked, panels, decisions, catalog)
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
    odd = []
    shows = {name: one.bench.panel.parts[:, CLASSES.index("cache_read")] > 0 for name, one in decisions.items()}
    for name, one in decisions.items():
        if one.bench.is_noisy:
            far = one.bench.residual(one.rule.predicted)[~shows[name]] / one.bench.scale
            odd.append((far > ODD).astype(float) - (far < -ODD))
    if not odd or -float(np.concatenate(odd).sum()) <= SKEWED * sum(map(len, odd)):
        return None
    return {name: own if own.sum() >= 2 * MIN_ROWS else np.ones(len(own), bool) for name, own in shows.items()}


def is_faint(decision: Decision) -> bool:
    """Say whether the requests of a model at list are too few, or too roughly rounded, to see a small markup alone."""
    bench = decision.bench
    noise = float(np.sqrt((bench.sigma**2).sum())) * bench.scale / float(bench.listed.sum())
    return decision.outcome == "list" and CLEAR * noise > TOLERANCE


def _panels(panel: Panel) -> dict[str, Panel]:
    """Return the requests by model; models with few requests count as one."""
    every = by_model(panel)
    found = {name: own for name, own in every.items() if len(own) >= MIN_ROWS}
    rest = [own for name, own in every.items() if name not in found]
    return found | ({REST: join(rest)} if rest else {})


def _added_usd(group: ModelGroup) -> float:
    return group.decision.over * float(group.panel.listed.sum())


def _grouped(
    names: Sequence[str], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> list[ModelGroup]:
    """Return the fewest groups of models that share a rule: all models, those with one kind of rule, or each alone."""
    if not names:
        return []
    whole = _pooled_group(names, panels, decisions, catalog)
    if whole is not None:
        return [whole]
    groups: list[ModelGroup] = []
    for kind in sorted({str(decisions[name].rule.kind) for name in names}):
        own = [name for name in names if decisions[name].rule.kind == kind]
        one = _pooled_group(own, panels, decisions, catalog)
        groups += [one] if one is not None else _grouped_by_numbers(own, panels, decisions, catalog)
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
    apart = float(np.average([decisions[name].fits for name in names], weights=[len(panels[name]) for name in names]))
    if decision.outcome != "markup" or decision.fits < apart - 0.02:
        return None
    if decision.rule.cost > _cost_apart(names, panels, decisions, decision.bench) + PER_NUMBER * len(names):
        return None
    dearest = min(decisions[name].dearest for name in names)
    return ModelGroup(tuple(names), panel, replace(decision, dearest=dearest))


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
    found = []
    for group in groups:
        grouped = {name for one in groups for name in one.models}
        taken = [name for name, one in decisions.items() if name not in grouped and _follows_rule(group, one)]
        together = _pooled_group([*group.models, *taken], panels, decisions, catalog) if taken else None
        found.append(together or group)
        if together is not None:
            decisions = decisions | {name: replace(decisions[name], outcome="markup", explained=None) for name in taken}
    return found, decisions


def _with_hidden_followers(
    groups: list[ModelGroup], decisions: dict[str, Decision], catalog: Catalog
) -> tuple[list[ModelGroup], dict[str, Decision]]:
    """Let groups absorb models that follow the group's rule except for cached tokens that the log does not show.

    Such a part moves every number that is fitted to these requests alone, so the group's numbers stay as they are.
    """
    found: list[ModelGroup] = []
    taken: set[str] = set()
    for group in sorted(groups, key=_added_usd, reverse=True):
        if set(group.models) <= taken:
            continue
        if is_exact(group.decision.rule, group.decision.bench):
            others = [name for name in decisions if name not in {*group.models, *taken}]
            more = [name for name in others if follows_but_for_cache(decisions[name], group.decision.rule, catalog)]
            taken.update(more)
            group = replace(group, models=(*group.models, *more))  # noqa: PLW2901 -- the same group, larger
        found.append(group)
    left = [group for group in found if not set(group.models) <= taken]
    changed = {name: replace(decisions[name], outcome="markup", explained=None) for name in taken}
    return left, decisions | changed


def _follows_rule(group: ModelGroup, decision: Decision) -> bool:
    """Say whether a model's requests follow a group's rule, with its numbers: better than what they are read as alone.

    Equally well is enough if that reading is a look-alike that a constant ratio cannot be distinguished from.
    """
    rule, bench = group.decision.rule, decision.bench
    as_one = bench.judged(FittedRule(rule.kind, {}, predicted_by(rule, bench), shift=rule.shift))
    look = decision.explained
    is_bare = look is not None and look.is_everywhere and look.is_constant
    room = PER_NUMBER if is_bare else -PER_NUMBER
    return as_one.fits >= MOST and as_one.cost < decision.cost + room
