"""Question 3: does cost decide where requests go, or is it only tracked?"""

from __future__ import annotations

from collections.abc import Iterable

from llmaudit.cells import PricedCell
from llmaudit.errors import printable
from llmaudit.evidence import Evidence, grouped, requests
from llmaudit.findings.checklist.base import Item, Status, of, share

ENOUGH = 30
FEW_PCT, APART, SOME = 20.0, 30.0, 10.0
MINOR, LARGER = 0.1, 1.5
RULE = (
    "the share of requests on flagships is compared between tiers 0 and 1 (simple) and tiers 2 and 3; "
    f"pass: at most {FEW_PCT:.0f}% of the simple requests, and at least {APART:.0f} points below the others; "
    f"warn: at least {SOME:.0f} points below the others; fail: less than that; "
    f"no-evidence: fewer than {ENOUGH} requests on either side, or only one class of models"
)


def answer(evidence: Evidence) -> Item:
    """Return the answer: which tiers and sizes go to which class of models."""
    known = [priced for priced in evidence.cells if priced.model_class and priced.cell.tier is not None]
    low = [priced for priced in known if priced.cell.tier in {0, 1}]
    high = [priced for priced in known if priced.cell.tier in {2, 3}]
    sentences = [
        f"tiers 0 and 1: {of(_flagships(low), requests(low), 'requests')} on a flagship",
        f"tiers 2 and 3: {of(_flagships(high), requests(high), 'requests')} on a flagship",
        *_within_features(known),
    ]
    enough = min(requests(low), requests(high)) >= ENOUGH and len({priced.model_class for priced in known}) > 1
    here, there = share(_flagships(low), requests(low)), share(_flagships(high), requests(high))
    status: Status
    if not enough:
        status = "no-evidence"
    elif here <= FEW_PCT and there - here >= APART:
        status = "pass"
    else:
        status = "warn" if there - here >= SOME else "fail"
    return Item(
        id="cost-routing",
        title="Cost routing, not just cost tracking",
        status=status,
        evidence=sentences,
        next_step=_next(status),
        rule=RULE,
    )


def _flagships(cells: Iterable[PricedCell]) -> int:
    return requests(one for one in cells if one.model_class == "flagship")


def _within_features(cells: list[PricedCell]) -> list[str]:
    """Return how many features use several classes of models, and whether size decides between them there."""
    mixed, by_size = [], []
    for feature, group in grouped(cells, lambda one: one.cell.feature):
        classes = {name: own for name, own in grouped(group, lambda one: one.model_class) if _is_much(own, group)}
        if len(classes) < 2 or feature is None:  # noqa: PLR2004 -- one class is no choice
            continue
        mixed.append(feature)
        sizes = sorted(_mean_prompt(own) for own in classes.values())
        if sizes[-1] >= LARGER * max(sizes[0], 1.0):
            by_size.append(feature)
    if not mixed:
        return ["no feature uses more than one class of models"]
    said = f"{len(mixed):,} features use several classes of models; in {len(by_size):,} of them the mean prompt sizes"
    names = f" ({', '.join(printable(name, 40) for name in by_size[:5])})" if by_size else ""
    return [f"{said} of the classes differ by a factor of {LARGER:g} or more{names}"]


def _is_much(own: list[PricedCell], group: list[PricedCell]) -> bool:
    return requests(own) >= MINOR * requests(group)


def _mean_prompt(cells: list[PricedCell]) -> float:
    return sum(one.cell.prompt_tokens for one in cells) / max(requests(cells), 1)


def _next(status: Status) -> str:
    return {
        "pass": "Keep measuring quality on the cheap routes.",
        "warn": "Route by tier: move simple features off the flagship one at a time, each after a shadow test.",
        "fail": "Start with one simple feature: `llmaudit shadow design` says how long testing a cheaper model takes.",
    }.get(status, "Tag requests with a feature or a tier, so that the log shows which work goes where.")
