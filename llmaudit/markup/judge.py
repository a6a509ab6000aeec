"""One gateway: the decisions on its models put together, so that one rule that holds everywhere is found as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from llmaudit.catalog import Catalog
from llmaudit.markup.decide import MOST, TOLERANCE, Decision, decide
from llmaudit.markup.fit import MIN_ROWS
from llmaudit.markup.panel import Panel, by_model, join, thinned
from llmaudit.markup.rules import CLEAR, PER_NUMBER, applied

POOLED = 8000
"""Requests at most that are looked at together: with so many, more change nothing."""

REST = "other models"
"""Stands for the models that have too few requests each, taken together."""


@dataclass(frozen=True)
class Group:
    """Models on which one rule adds to list."""

    models: tuple[str, ...]
    panel: Panel
    decision: Decision


@dataclass(frozen=True)
class Judgement:
    """What was found on a gateway.

    Attributes:
        models: The decision on each model, or on the rest of them together.
        groups: Models under one rule of a markup, the one with most dollars first.
        panel: Every request.
    """

    models: dict[str, Decision]
    groups: tuple[Group, ...]
    panel: Panel

    def members(self, name: str) -> tuple[str, ...]:
        """Return the models behind a name of `models`."""
        return tuple(dict.fromkeys(row.model for row in self.models[name].bench.panel.rows))


def judge(panel: Panel, catalog: Catalog) -> Judgement:
    """Return the decisions on a gateway's models, pooled where one rule holds on several."""
    panels = _panels(panel)
    decisions = {name: decide(own, catalog) for name, own in panels.items()}
    marked = [name for name, one in decisions.items() if one.outcome == "markup"]
    faint = [name for name, one in decisions.items() if one.outcome == "unclear" or is_faint(one)]
    whole = _together([*marked, *faint], panels, decisions, catalog) if faint else None
    if whole is not None and whole.decision.outcome == "markup":
        groups = [whole]
        decisions |= {name: replace(decisions[name], outcome="markup") for name in faint}
    else:
        groups = _pooled(marked, panels, decisions, catalog)
    groups, decisions = _absorbed(groups, panels, decisions, catalog)
    return Judgement(decisions, tuple(sorted(groups, key=_extra, reverse=True)), panel)


def is_faint(decision: Decision) -> bool:
    """Say whether the requests of a model at list are too few, or too roughly rounded, to see a small markup alone."""
    bench = decision.bench
    noise = float(np.sqrt((bench.sigma**2).sum())) * bench.scale / float(bench.listed.sum())
    return decision.outcome == "list" and CLEAR * noise > TOLERANCE


def _panels(panel: Panel) -> dict[str, Panel]:
    """Return the requests by model; models with few requests are one."""
    every = by_model(panel)
    found = {name: own for name, own in every.items() if len(own) >= MIN_ROWS}
    rest = [own for name, own in every.items() if name not in found]
    return found | ({REST: join(rest)} if rest else {})


def _extra(group: Group) -> float:
    return group.decision.over * float(group.panel.listed.sum())


def _pooled(
    names: Sequence[str], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> list[Group]:
    """Return the fewest groups of models that one rule each holds for: all of them, those of a kind, or each alone."""
    if not names:
        return []
    whole = _together(names, panels, decisions, catalog)
    if whole is not None:
        return [whole]
    groups: list[Group] = []
    for kind in sorted({str(decisions[name].rule.kind) for name in names}):
        own = [name for name in names if decisions[name].rule.kind == kind]
        one = _together(own, panels, decisions, catalog)
        groups += [one] if one is not None else _alike(own, panels, decisions, catalog)
    return groups


def _alike(
    names: Sequence[str], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> list[Group]:
    """Return groups of models whose numbers agree, each model joining the first group that it agrees with."""
    groups: list[list[str]] = []
    for name in names:
        for group in groups:
            if _together([*group, name], panels, decisions, catalog) is not None:
                group.append(name)
                break
        else:
            groups.append([name])
    return [
        _together(group, panels, decisions, catalog) or Group(tuple(group), panels[group[0]], decisions[group[0]])
        for group in groups
    ]


def _together(
    names: Sequence[str], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> Group | None:
    """Return models as one group, or None where one rule for all fits worse than one for each."""
    if len(names) == 1:
        return Group((names[0],), panels[names[0]], decisions[names[0]])
    panel = join([thinned(panels[name], POOLED // len(names)) for name in names])
    decision = decide(panel, catalog)
    apart = float(np.average([decisions[name].fits for name in names], weights=[len(panels[name]) for name in names]))
    if decision.outcome != "markup" or decision.fits < apart - 0.02:
        return None
    costs = [
        _cost_of(decisions[name], decision.bench.scale) * min(1.0, POOLED // len(names) / len(panels[name]))
        for name in names
    ]
    if decision.rule.cost > sum(costs) + PER_NUMBER * len(names):
        return None
    dearest = min(decisions[name].dearest for name in names)
    return Group(tuple(names), panel, replace(decision, dearest=dearest))


def _cost_of(decision: Decision, scale: float) -> float:
    """Return what a decision's rule costs at another scale of noise."""
    bench = decision.bench
    before, bench.scale = bench.scale, scale
    numbers = len(decision.rule.numbers) + (2 if decision.rule.since is not None else 0)
    cost = bench.judged(decision.rule, numbers).cost
    bench.scale = before
    return cost


def _absorbed(
    groups: list[Group], panels: dict[str, Panel], decisions: dict[str, Decision], catalog: Catalog
) -> tuple[list[Group], dict[str, Decision]]:
    """Let groups take in models that follow the group's very rule, though alone they would be read otherwise.

    A gateway that charges 10% more for models with one price everywhere charges it for models with regional prices
    too: that all of those happen to be regional is the stranger story.
    """
    found = []
    for group in groups:
        grouped = {name for one in groups for name in one.models}
        taken = [name for name, one in decisions.items() if name not in grouped and _follows(group, one)]
        together = _together([*group.models, *taken], panels, decisions, catalog) if taken else None
        found.append(together or group)
        if together is not None:
            decisions = decisions | {name: replace(decisions[name], outcome="markup", explained=None) for name in taken}
    return found, decisions


def _follows(group: Group, decision: Decision) -> bool:
    """Say whether a model's requests follow a group's rule, with its numbers: better than what they are read as alone.

    As well is enough where that reading is a look-alike which a constant ratio cannot be told from.
    """
    rule, bench = group.decision.rule, decision.bench
    as_one = bench.judged(replace(rule, predicted=applied(rule, bench)), 0)
    look = decision.explained
    is_bare = look is not None and look.is_everywhere and look.is_constant
    room = PER_NUMBER if is_bare else -PER_NUMBER
    return as_one.fits >= MOST and as_one.cost < decision.cost + room
