"""Checks a plan and refuses it, with line and column, if it is incomplete, contradictory or names unknown models."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from llmaudit.catalog import Catalog
from llmaudit.errors import InputError, printable
from llmaudit.plans.model import CHEAPEST, DIRECT, MAIN, Among, Plan, Rule, Size, Verify, listed
from llmaudit.yamlfile import located

MAX_RATIO = 1000
"""A larger ratio is a slip of the pen, and would not fit the exact arithmetic of plan rows."""


class Problem(NamedTuple):
    """What is wrong with a plan.

    Attributes:
        path: Its position in the file, such as `$.rules[0].use`.
        sentence: What is wrong; it goes on from "plan NAME: ".
    """

    path: str
    sentence: str


def check(plan: Plan, catalog: Catalog, *, data: bytes | None = None, name: str = "") -> None:
    """Refuse a plan with a problem.

    Args:
        plan: The plan.
        catalog: Every model, gateway and maker that the plan names must be in it.
        data: The file's bytes, for line and column.
        name: The file's name.

    Raises:
        InputError: With file, line and column, the number of the rule, the value and the nearest names.
    """
    for problem in problems(plan, catalog):
        at = located(data, problem.path) if data is not None else None
        where = f"{printable(name)}:{at[0]}:{at[1]}: " if at else ""
        raise InputError(
            f"{where}plan {printable(plan.name)}: {problem.sentence}",
            next_step="`llmaudit pricing show MODEL` shows what the catalog knows; docs/plans.md describes plan files.",
            slug="bad-plan",
        )


def problems(plan: Plan, catalog: Catalog) -> Iterator[Problem]:
    """Yield everything that is wrong with a plan, in the order of the file."""
    for index, rule in enumerate(plan.rules):
        path, rule_name = f"$.rules[{index}]", f"rule {index + 1}"
        yield from (Problem(f"{path}{at}", f"{rule_name} {what}") for at, what in _rule(rule, catalog))
    if plan.via and plan.via != DIRECT and plan.via not in catalog.sellers:
        yield Problem("$.via", f"goes via {_unknown_seller(plan.via, catalog)}")
    yield from _constraints(plan, catalog)


def _rule(rule: Rule, catalog: Catalog) -> Iterator[tuple[str, str]]:
    yield from _shape(rule)
    yield from _verify(rule.verify)
    for path, name, value, most in _ratios(rule):
        if not (value.is_finite() and 0 <= value <= most):
            yield path, f"has {name} {value}; it must be from 0 to {most}"
    yield from _names(rule, catalog)
    if rule.when.size:
        yield from _size(rule.when.size, catalog)
    if rule.among:
        yield from _among(rule.among, catalog)


def _shape(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.keep == bool(rule.use):
        yield "", "needs either `keep: true` or `use: provider/model`"
    if (rule.use == CHEAPEST) != (rule.among is not None):
        yield "", f"needs `among` with `use: {CHEAPEST}`, and only then"
    if rule.keep and rule.fallback:
        yield ".fallback", "has both `keep` and `fallback`; requests that stay keep the failures in the log"


def _names(rule: Rule, catalog: Catalog) -> Iterator[tuple[str, str]]:
    for path, model in _models(rule):
        if catalog.canonical(model) is None:
            near = catalog.nearest(model)
            hint = f"; the nearest names are {', '.join(near)}" if near else ""
            yield path, f"names {printable(model)}, which is not in the catalog{hint}"
    if rule.via and rule.via != DIRECT and rule.via not in catalog.sellers:
        yield ".via", f"goes via {_unknown_seller(rule.via, catalog)}"


def _verify(verify: Verify | None) -> Iterator[tuple[str, str]]:
    if verify is None:
        return
    if (verify.cost_ratio is None) == (verify.use is None):
        yield ".verify", "has a `verify` with neither or both of `cost_ratio` and `use`; it needs exactly one"
    if verify.cost_ratio is not None and (verify.input != Verify().input or verify.instruction_tokens):
        yield ".verify", "has a `verify` with both a `cost_ratio` and tokens; the ratio already is the whole cost"


def _ratios(rule: Rule) -> Iterator[tuple[str, str, Decimal, int]]:
    """Yield every ratio of a rule with its path, its name and the most it can sensibly be."""
    verify, assume = rule.verify or Verify(), rule.assume
    known = {
        ".verify.share": ("verify share", verify.share, 1),
        ".verify.cost_ratio": ("verify cost_ratio", verify.cost_ratio, MAX_RATIO),
        ".assume.output_ratio": ("output_ratio", assume.output_ratio, MAX_RATIO),
        ".assume.token_ratio": ("token_ratio", assume.token_ratio, MAX_RATIO),
        ".assume.reasoning_ratio": ("reasoning_ratio", assume.reasoning_ratio, MAX_RATIO),
        ".assume.retry_rate": ("retry_rate", assume.retry_rate, 1),
        ".when.cached_share": ("cached_share", rule.when.cached_share, 1),
    }
    yield from ((path, name, value, most) for path, (name, value, most) in known.items() if value is not None)


def _models(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.use and rule.use != CHEAPEST:
        yield ".use", rule.use
    if rule.verify and rule.verify.use:
        yield ".verify.use", rule.verify.use
    yield from ((f".fallback[{i}]", model) for i, model in enumerate(rule.fallback))
    yield from ((f".among.models[{i}]", model) for i, model in enumerate(rule.among.models if rule.among else ()))


def _size(size: Size, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Refuse a bound inside a prompt band: requests on both sides of it lie in one cell."""
    edges = catalog.prompt_edges()
    ends = {
        ".when.size.at_least": size.at_least,
        ".when.size.at_most": None if size.at_most is None else size.at_most + 1,
    }
    for path, edge in ends.items():
        if edge is None or edge in edges:
            continue
        below = max((one for one in edges if one < edge), default=0)
        above = next((one for one in edges if one > edge), None)
        band = f"from {below} to {above - 1}" if above else f"from {below} on"
        name, shift = ("at_least", 0) if path.endswith("at_least") else ("at_most", 1)
        hint = " or ".join(str(one - shift) for one in (below, above) if one)
        said = (
            f"has the size `{name}: {edge - shift}`, which lies inside the prompt band {band} tokens;"
            f" requests within a band cannot be separated; use {hint or 'no size'}"
        )
        yield path, said


def _among(among: Among, catalog: Catalog) -> Iterator[tuple[str, str]]:
    if among == Among():
        yield ".among", "has an empty `among`; give it a class, a provider, models, or open_weights"
    for provider in listed(among.provider):
        if provider != MAIN and provider not in catalog.makers | catalog.sellers.keys():
            yield ".among.provider", f"names the provider {_unknown_seller(str(provider), catalog)}"


def _constraints(plan: Plan, catalog: Catalog) -> Iterator[Problem]:
    limits = plan.constraints
    makers = catalog.makers | catalog.sellers.keys()
    for name, listing, known in (("providers", limits.providers, makers), ("sellers", limits.sellers, catalog.sellers)):
        for i, seller in enumerate(listing):
            if seller not in known:
                yield Problem(f"$.constraints.{name}[{i}]", f"allows {_unknown_seller(seller, catalog)}")
    for name, value in {
        "quality_floor": limits.quality_floor,
        "cost_per_request_usd": limits.cost_per_request_usd,
    }.items():
        if value is not None and not (value.is_finite() and value >= 0):
            yield Problem(f"$.constraints.{name}", f"has {name} {value}; it must be 0 or more")
    for i, rule in enumerate(plan.rules):
        offer = catalog.canonical(rule.use) if rule.use and rule.use != CHEAPEST else None
        provider = offer.sku.model.partition("/")[0] if offer else None
        if provider and limits.providers and provider not in limits.providers:
            allowed = ", ".join(limits.providers)
            yield Problem(
                f"$.rules[{i}].use",
                f"rule {i + 1} uses {printable(rule.use or '')}, whose provider is not among those allowed ({allowed})",
            )


def _unknown_seller(name: str, catalog: Catalog) -> str:
    near = catalog.nearest_sellers(name)
    hint = f"; the nearest names are {', '.join(near)}" if near else ""
    return f"{printable(name)}, which is not in the catalog{hint}"
