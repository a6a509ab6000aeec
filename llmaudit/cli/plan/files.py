"""`llmaudit plan list`, `show` and `check`: the plans that ship with llmaudit, and a check of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, percent, table
from llmaudit.errors import InputError
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.findings.savings import Affected, LegRow, PlanRow

Name = Annotated[str, typer.Argument(help="Preset or plan file; `-` for standard input.")]


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
        "constraints": _filled(plan.constraints),
        "rules": rules,
    }

    def people() -> None:
        line(f"{plan.name}: {plan.title}")
        line(plan.description)
        if document["constraints"]:
            line(f"  constraints: {_words(document['constraints'])}")
        for number, rule in enumerate(rules, start=1):
            line(f"  {number}. " + "; ".join(f"{key}: {_words(value)}" for key, value in rule.items()))

    answer(settings, document, people)


def check(settings: Settings, name: Name) -> None:
    """Check a plan file, and whether it fits the traffic.

    Errors come with line and column, unknown names with the nearest ones. Where there is a database, the plan's
    models must be able to serve its traffic.
    """
    from llmaudit.plans import load_plan

    prices = catalog(settings)
    plan = load_plan(name, prices)
    found = _on_traffic(settings, name, prices) if settings.db.exists() else None
    able = found is None or not found.legs or _moves_something(found)
    document = {
        "schema": "llmaudit/plan-check/1",
        "catalog_version": prices.version,
        "name": plan.name,
        "ok": able,
        "rules": len(plan.rules),
        "refused": None if found is None else found.refusals,
        "unknown": None if found is None else found.doubts,
        "constraints": None if found is None else found.constraints,
        "warnings": [] if found is not None else [f"there is no database {settings.db}: {UNSEEN}"],
    }

    def people() -> None:
        line(f"{plan.name}: {len(plan.rules)} rules, no errors")
        if found is None:
            line(f"  there is no database {settings.db}: {UNSEEN}")
            return
        for row in found.refusals:
            line(f"  refused ({row.reason}): {share_of(row)}, {row.sentence}")
        for row in found.doubts:
            line(f"  not known: {share_of(row)}, {row.sentence}")
        for judged in found.constraints:
            line(f"  {judged.verdict}: {judged.name} {judged.limit} ({judged.subject}: {judged.reason})")

    answer(settings, document, people)
    if not able:
        raise InputError(
            f"plan {plan.name}: none of the requests that its rules would move can be moved",
            next_step="Name models that can serve the traffic; the reasons are above.",
            slug="plan-cannot-serve",
        )


UNSEEN = "what the traffic needs was not checked (--db names one)"


def _on_traffic(settings: Settings, name: str, prices: Catalog) -> PlanRow:
    """Return the plan on the traffic of the database."""
    from llmaudit.audit import gather
    from llmaudit.findings import savings

    with open_store(settings, read_only=True) as store:
        evidence = gather(store, prices, [name], settings.period)
    return savings.find(evidence).plans[0]


def _moves_something(found: PlanRow) -> bool:
    return (
        not found.refusals
        or bool(found.moved_requests)
        or any(leg.kind == "keep" and _is_cheaper(leg) for leg in found.legs)
    )


def _is_cheaper(leg: LegRow) -> bool:
    return leg.before_usd is not None and leg.cost_usd != leg.before_usd


def share_of(row: Affected) -> str:
    """Return how many requests a row touches, and which part of the cost."""
    return f"{row.requests:,} requests ({percent(row.requests_pct)}, {percent(row.spend_pct)} of the cost)"


def _filled(value: Any) -> dict[str, Any]:
    """Return a rule without what it leaves open."""
    import msgspec

    own = {name: getattr(value, name) for name in value.__struct_fields__}
    left_open = {field.name: field.default for field in msgspec.structs.fields(value)}
    said = {name: item for name, item in own.items() if item != left_open[name] and item != []}
    return {
        name: _filled(item) if isinstance(item, msgspec.Struct) else msgspec.to_builtins(item)
        for name, item in said.items()
    }


def _words(value: Any) -> str:
    """Return a part of a rule for people."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " or ".join(str(item) for item in value)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, list_plans, "list", "llmaudit plan list")
    command(app, show, "show", "llmaudit plan show tiered")
    command(app, check, "check", "llmaudit plan check my-plan.yaml --db audit.duckdb")
