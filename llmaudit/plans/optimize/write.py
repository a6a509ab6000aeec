"""A chosen plan as rules, and as a readable YAML file that states the evidence beside each rule."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from llmaudit.plans.model import Constraints, Plan, Rule, When
from llmaudit.plans.optimize import Chosen, Limits, MoveRow, Promise

ONE_EACH = 100
"""Moves up to which every cohort has a rule of its own; beyond that, cohorts are combined by target."""

LEAST_SHOWN = 0.0001


def plan_of(chosen: Chosen, name: str = "optimized", limits: Limits | None = None) -> Plan:
    """Return the plan of a choice.

    Args:
        chosen: What was chosen.
        name: The plan's name.
        limits: What it had to keep: tiers that stay are its first rule, the others its constraints.
    """
    kept_tiers = sorted(limits.keep_tiers) if limits else []
    first = [Rule(when=When(tier=list(kept_tiers)), keep=True, note="stays, as requested")] if kept_tiers else []
    groups = [[move] for move in chosen.moves]
    if len(groups) > ONE_EACH:
        together: dict[tuple[object, ...], list[MoveRow]] = {}
        for move in chosen.moves:
            key = (move.model_before, move.model, move.certified, move.tier, move.task, move.feature is None)
            together.setdefault(key, []).append(move)
        groups = list(together.values())
    return Plan(
        name=name,
        title="The cheapest plan within its limits",
        description=promise_text(chosen.promise),
        rules=[*first, *(_rule(group) for group in groups), Rule(keep=True, note="everything else stays")],
        constraints=_constraints(limits or Limits()),
    )


def _constraints(limits: Limits) -> Constraints:
    """Return the limits that a plan file can hold: they are judged again whenever the plan is priced."""
    latency = limits.latency_p95_ms
    return Constraints(
        providers=list(limits.providers or ()),
        quality_floor=None if limits.floor is None else Decimal(str(limits.floor)),
        latency_p95_ms=None if latency is None else max(int(latency), 1),
        cost_per_request_usd=limits.cost_ceiling_usd,
        max_models=limits.most_models,
    )


def _rule(moves: Sequence[MoveRow]) -> Rule:
    one = moves[0]
    features = [move.feature for move in moves if move.feature is not None]
    when = When(
        feature=features if len(features) > 1 else features[0] if features else None,
        tier=one.tier,
        task=one.task,
        model=one.model_before,
    )
    return Rule(when=when, use=one.use, note=_note(moves))


def _note(moves: Sequence[MoveRow]) -> str:
    """Return what a rule rests on."""
    one = moves[0]
    many = f"{len(moves)} cohorts; " if len(moves) > 1 else ""
    if not one.certified:
        return f"{many}unproven: no paired outcomes for it"
    pairs = sum(move.pairs for move in moves)
    share = sum(move.share for move in moves) or 1.0
    loss, worst = (
        sum(move.share * (value or 0.0) for move, value in zip(moves, values, strict=True)) / share
        for values in ([m.loss for m in moves], [m.loss_at_worst for m in moves])
    )
    return f"{many}certified with the plan: {pairs:,} pairs, loss {loss:+.4f} expected, {worst:+.4f} at worst"


def promise_text(promise: Promise) -> str:
    """Return what a plan promises, in one sentence."""
    if not promise.share:
        proven = "No move is certified: nothing is promised about another model's answers."
    else:
        proven = (
            f"{promise.share:.1%} of the requests move on paired outcomes ({promise.metric}). Over all traffic the "
            f"expected loss is {promise.loss:.4f} and at most {promise.bound:.4f}, within the margin of "
            f"{promise.margin:g}."
        )
    if promise.unproven_share < LEAST_SHOWN:
        return proven
    return f"{proven} {promise.unproven_share:.1%} of the requests move unproven, without any outcomes."


def plan_text(plan: Plan) -> str:
    """Return a plan as YAML that `llmaudit plan check` reads."""
    lines = [
        "# Written by `llmaudit plan optimize`; yours to change. Check it with `llmaudit plan check`.",
        f"name: {_text(plan.name)}",
        f"title: {_text(plan.title)}",
        f"description: {_text(plan.description)}",
        *_constraint_lines(plan.constraints),
        "rules:",
    ]
    for rule in plan.rules:
        when = {name: getattr(rule.when, name) for name in rule.when.__struct_fields__}
        stated = ", ".join(f"{name}: {_value(value)}" for name, value in when.items() if value is not None)
        begin = [f"when: {{{stated}}}"] if stated else []
        what = "keep: true" if rule.keep else f"use: {_text(rule.use or '')}"
        note = [f"note: {_text(rule.note)}"] if rule.note else []
        lines += [f"  {'- ' if number == 0 else '  '}{part}" for number, part in enumerate([*begin, what, *note])]
    return "\n".join(lines) + "\n"


def _constraint_lines(constraints: Constraints) -> list[str]:
    known = {name: getattr(constraints, name) for name in constraints.__struct_fields__}
    stated = [f"  {name}: {_value(value)}" for name, value in known.items() if value not in (None, [], False)]
    return ["constraints:", *stated] if stated else []


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, int) else _text(str(value))


def _text(text: str) -> str:
    """Return text in double quotes: whatever is in it, YAML reads it as it is."""
    return msgspec.json.encode(text).decode()
