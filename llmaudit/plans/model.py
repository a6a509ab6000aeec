"""Routing plans as people write them (YAML): rules that say where each request would go, and on which assumptions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.errors import InputError, UsageError, printable
from llmaudit.yamlfile import parse_yaml, read_yaml

DIRECT = "direct"
"""The `via` that means no gateway: the provider's own list price."""


MAX_RATIO = 1000
"""A larger ratio is a slip of the pen, and would not fit the exact arithmetic of plan rows."""

Tier = Annotated[int, msgspec.Meta(ge=0, le=3)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every plan shape: immutable, and a misspelt key is an error."""


class When(_Strict, frozen=True):
    """What a rule applies to; all that are given must hold, a list means any of its values.

    Attributes:
        tier: Tiers 0 to 3. A request of unknown tier matches no rule that names tiers.
        task: Kind of task.
        model: Canonical model it runs on now.
        model_class: flagship, mid or budget, of the model it runs on now.
        provider: Maker of the model it runs on now.
        gateway: Gateway it goes through now.
        feature: Product feature.
        team: Team.
        needs: Capabilities it needs: tools, json, images.
        pii: Whether its prompt holds personal data.
    """

    tier: Tier | list[Tier] | None = None
    task: str | list[str] | None = None
    model: str | list[str] | None = None
    model_class: str | list[str] | None = None
    provider: str | list[str] | None = None
    gateway: str | list[str] | None = None
    feature: str | list[str] | None = None
    team: str | list[str] | None = None
    needs: str | list[str] | None = None
    pii: bool | None = None


class Verify(_Strict, frozen=True):
    """A second pass over the answer: a ratio of the answer's own cost, or a model that reads prompt and answer.

    Attributes:
        cost_ratio: Cost of the pass as a share of the request's own cost.
        use: The model that verifies; it reads the prompt and the answer, and writes a verdict.
        share: Share of requests that are verified.
        output_tokens: Tokens of the verdict.
    """

    cost_ratio: Decimal | None = None
    use: str | None = None
    share: Decimal = Decimal(1)
    output_tokens: Count = 100


class Assume(_Strict, frozen=True):
    """What is assumed of the target model.

    Attributes:
        token_ratio: Its input tokens per token of the current model, on the same text; None takes the catalog's.
        output_ratio: Its output tokens per output token of the current model.
    """

    token_ratio: Decimal | None = None
    output_ratio: Decimal = Decimal(1)


class Rule(_Strict, frozen=True):
    """Where matching requests go: `keep: true`, or `use: provider/model`.

    Attributes:
        when: What it applies to; everything where empty.
        keep: Leave the model as it is.
        use: Send to this model.
        via: Through this gateway (its fees are added), or `direct` for the provider itself.
        fallback: Models to try next, in order; they cost nothing while nothing fails.
        verify: A second pass over the answer.
        assume: What is assumed of the target.
        note: For readers.
    """

    when: When = When()
    keep: bool = False
    use: str | None = None
    via: str | None = None
    fallback: list[str] = []
    verify: Verify | None = None
    assume: Assume = Assume()
    note: str | None = None


class Plan(_Strict, frozen=True):
    """A plan. The first rule that matches a request decides; a request that none matches stays as it is.

    Attributes:
        name: Its name.
        title: One line for tables.
        description: What it does and when it makes sense.
        rules: In order.
        via: Gateway for every request, kept ones too, unless its rule says otherwise.
    """

    name: str
    rules: list[Rule]
    title: str = ""
    description: str = ""
    via: str | None = None


def matches(when: When, priced: PricedCell) -> bool:
    """Say whether a rule applies to a cell."""
    cell = priced.cell
    needs = {"tools": cell.needs_tools, "json": cell.needs_json, "images": cell.needs_images}
    return (
        _among(when.tier, cell.tier)
        and _among(when.task, cell.task)
        and _among(when.model, cell.model)
        and _among(when.model_class, priced.model_class)
        and _among(when.provider, cell.model.partition("/")[0])
        and _among(when.gateway, cell.gateway)
        and _among(when.feature, cell.feature)
        and _among(when.team, cell.team)
        and all(needs.get(str(need), False) for need in _listed(when.needs))
        and (when.pii is None or when.pii == cell.has_pii)
    )


def _listed(value: object) -> list[object]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _among(wanted: object, value: object) -> bool:
    return wanted is None or value in _listed(wanted)


def preset_names() -> list[str]:
    """Return the names of the plans that ship with llmaudit."""
    folder = files("llmaudit.plans") / "presets"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_plan(name_or_file: str, catalog: Catalog) -> Plan:
    """Return a preset by name, or the plan in a file.

    Args:
        name_or_file: A preset's name, or a path; a path has a suffix or a separator in it.
        catalog: Every model and gateway that the plan names must be in it.

    Raises:
        UsageError: No preset of that name.
        InputError: The file is missing or malformed (with line and column), or names what the catalog lacks.
    """
    if name_or_file in preset_names():
        data = (files("llmaudit.plans") / "presets" / f"{name_or_file}.yaml").read_bytes()
        plan = parse_yaml(data, Plan, name=f"{name_or_file}.yaml", what="plan")
    elif "/" in name_or_file or "." in name_or_file or Path(name_or_file).exists():
        plan = read_yaml(Path(name_or_file), Plan, what="plan")
    else:
        raise UsageError(
            f"--plan {printable(name_or_file)}: no preset of that name and no such file",
            next_step=f"Presets: {', '.join(preset_names())}.",
            slug="no-such-plan",
        )
    check(plan, catalog)
    return plan


def check(plan: Plan, catalog: Catalog) -> None:
    """Refuse a plan that says too little, too much, or names what the catalog lacks.

    Raises:
        InputError: With the number of the rule, the value and the nearest names.
    """
    for number, rule in enumerate(plan.rules, start=1):
        if rule.keep == bool(rule.use):
            raise _refused(plan, number, "must say either `keep: true` or `use: provider/model`")
        verify = rule.verify
        if verify and (verify.cost_ratio is None) == (verify.use is None):
            raise _refused(plan, number, "`verify` must have either `cost_ratio` or `use`")
        for name, value, most in _ratios(rule):
            if not (value.is_finite() and 0 <= value <= most):
                raise _refused(plan, number, f"has the {name} {value}; it has to be from 0 to {most}")
        for model in _models(rule):
            if catalog.canonical(model) is None:
                near = catalog.nearest(model)
                hint = f"; the nearest names are {', '.join(near)}" if near else ""
                raise _refused(plan, number, f"names {printable(model)}, which is not in the catalog{hint}")
        for gateway in (rule.via, plan.via):
            if gateway and gateway != DIRECT and gateway not in catalog.sellers:
                raise _refused(plan, number, f"goes via {printable(gateway)}, which is not in the catalog")


def _ratios(rule: Rule) -> Iterable[tuple[str, Decimal, int]]:
    """Yield every ratio of a rule with its name and the most it can sensibly be."""
    verify, assume = rule.verify or Verify(), rule.assume
    yield "verify share", verify.share, 1
    for name, value in {
        "verify cost_ratio": verify.cost_ratio,
        "output_ratio": assume.output_ratio,
        "token_ratio": assume.token_ratio,
    }.items():
        if value is not None:
            yield name, value, MAX_RATIO


def _models(rule: Rule) -> Iterable[str]:
    yield from (model for model in (rule.use, rule.verify.use if rule.verify else None) if model)
    yield from rule.fallback


def _refused(plan: Plan, number: int, problem: str) -> InputError:
    return InputError(
        f"plan {printable(plan.name)}: rule {number} {problem}",
        next_step="`llmaudit pricing show MODEL` lists what is known; docs/plans.md has the shape.",
        slug="bad-plan",
    )
