"""`llmaudit plan list`, `show` and `check`: the routing plans that ship with llmaudit, and a check of one's own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.work import catalog
from llmaudit.settings import Settings

Name = Annotated[str, typer.Argument(help="Preset or plan file.")]


def list_plans(settings: Settings) -> None:
    """List the plans that ship with llmaudit."""
    from llmaudit.plans import load_plan, preset_names

    plans = [load_plan(name, catalog(settings)) for name in preset_names()]
    document = {"schema": "llmaudit/plan-list/1", "plans": [{"name": p.name, "title": p.title} for p in plans]}
    rows = [[plan.name, plan.title] for plan in plans]
    answer(settings, document, lambda: table(settings, "Plans", ["name", ""], rows, left=(0, 1)))


def show(settings: Settings, name: Name) -> None:
    """Show a plan: its rules in order, and what it assumes."""
    from llmaudit.plans import load_plan

    plan = load_plan(name, catalog(settings))
    rules = [_filled(rule) for rule in plan.rules]
    document = {
        "schema": "llmaudit/plan-show/1",
        "name": plan.name,
        "title": plan.title,
        "description": plan.description,
        "via": plan.via,
        "rules": rules,
    }

    def people() -> None:
        line(f"{plan.name}: {plan.title}")
        line(plan.description)
        for number, rule in enumerate(rules, start=1):
            line(f"  {number}. " + "; ".join(f"{key}: {_words(value)}" for key, value in rule.items()))

    answer(settings, document, people)


def check(settings: Settings, name: Name) -> None:
    """Check a plan file: its shape, with line and column, and that the catalog has every model it names."""
    from llmaudit.plans import load_plan

    plan = load_plan(name, catalog(settings))
    document = {"schema": "llmaudit/plan-check/1", "name": plan.name, "ok": True, "rules": len(plan.rules)}
    answer(settings, document, lambda: line(f"{plan.name}: {len(plan.rules)} rules, all well"))


def _filled(value: Any) -> dict[str, Any]:
    """Return a rule without what it leaves open."""
    import msgspec

    plain = msgspec.to_builtins(value)
    said = {
        key: {k: v for k, v in item.items() if v is not None} if isinstance(item, dict) else item
        for key, item in plain.items()
        if item != _EMPTY.get(key)
    }
    return {key: item for key, item in said.items() if item not in (None, [], {}, False)}


def _words(value: Any) -> str:
    """Return a part of a rule for people."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " or ".join(str(item) for item in value)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


_EMPTY = {"assume": {"token_ratio": None, "output_ratio": "1"}}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, list_plans, "list", "llmaudit plan list")
    command(app, show, "show", "llmaudit plan show tiered")
    command(app, check, "check", "llmaudit plan check my-plan.yaml")
