"""The check: a log against its baseline and a budget, as one frozen value that is also its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.errors import InputError, NotEnoughError
from llmaudit.gate.budget import Budget
from llmaudit.gate.causes import Cause, causes_of, per_month
from llmaudit.gate.compare import LEVEL, Value
from llmaudit.gate.decompose import CAUSES, decompose
from llmaudit.gate.model import Baseline
from llmaudit.gate.results import RuleResult
from llmaudit.gate.rules import Context, evaluate
from llmaudit.gate.successors import with_successors
from llmaudit.money import EXACT, shown

SCHEMA = "llmaudit/check/1"
Verdict = Literal["passed", "failed", "not-enough-data"]
Prices = Literal["frozen", "current"]

TITLES = {
    "period": "length of the logs",
    "volume": "volume: calls",
    "traffic": "mix: features, templates, tiers",
    "retries": "retries: failed attempts that were repeated",
    "failures": "calls without an answer",
    "unpriced": "requests whose cost is unknown",
    "models": "mix: models",
    "input": "input tokens per request",
    "cache": "cache hit rate",
    "output": "output tokens per request",
    "pieces": "web searches and other pieces",
    "conditions": "conditions: long prompts, batch, hours",
    "price": "price",
    "markup": "markup over list",
    "opaque": "amounts without a list price",
}


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """What one cause adds in all.

    Attributes:
        cause: One of `CAUSES`.
        title: For people.
        usd: Exact; the components add up to the change.
    """

    cause: str
    title: str
    usd: Decimal


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """The change of cost, broken down.

    Attributes:
        before_usd: What is known of the baseline's cost.
        after_usd: What is known of the log's.
        change_usd: The difference.
        change_usd_per_month: For thirty days, without what the lengths of the logs explain; None if a log is too short.
        components: By cause, in the order in which causes are moved.
        causes: What stands out, the largest first.
        successors: Templates that were edited: the old fingerprint and the new one.
    """

    before_usd: Decimal
    after_usd: Decimal
    change_usd: Decimal
    change_usd_per_month: Decimal | None
    components: list[Component]
    causes: list[Cause]
    successors: dict[str, str]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two logs, in short."""

    requests: int
    calls: int
    usd: Decimal
    unpriced: int
    cases: int
    hours: int
    first_at: str | None
    last_at: str | None
    catalog_version: str
    llmaudit: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What the check found.

    Attributes:
        schema: Name and major version.
        passed: True, False, or None if there was not enough to decide.
        verdict: passed, failed or not-enough-data.
        headline: The first line: the largest cause, or that nothing stands out.
        catalog_version: Of the prices the log was priced with.
        prices: Whether costs per request are compared at the baseline's prices or as they are.
        by: The grouping at whose mix the cost of the whole log is compared.
        level: Chance of a false alarm, all rules together.
        baseline: The baseline, in short.
        current: The log, in short.
        rules: Every rule for every group.
        decomposition: The change of cost, broken down.
        warnings: Sentences.
    """

    schema: str = SCHEMA
    passed: bool | None
    verdict: Verdict
    headline: str
    catalog_version: str
    prices: Prices
    by: str
    level: float
    baseline: Side
    current: Side
    rules: list[RuleResult]
    decomposition: Breakdown
    warnings: list[str]

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say: every rule passed, and no cause stands out."""
        has_failure = any(rule.status != "passed" for rule in self.rules if rule.status != "undecided")
        return self.passed is True and not has_failure and not self.decomposition.causes


def check(
    before: Baseline,
    after: Baseline,
    budget: Budget,
    *,
    today: date,
    prices: Prices = "frozen",
    by: str = "feature",
    classes: Mapping[str, str | None] | None = None,
    warnings: list[str] | None = None,
) -> Check:
    """Hold a log against its baseline and a budget.

    Args:
        before: The baseline.
        after: The log, measured `like` the baseline.
        budget: The rules.
        today: Decides which acknowledgements still hold.
        prices: Compare costs per request at the baseline's prices, or as they are.
        by: The grouping at whose mix the whole log is compared.
        classes: flagship, mid or budget, by model.
        warnings: Sentences to pass on.

    Raises:
        NotEnoughError: The log has no request.
        InputError: The baseline has no request, or no request of one side has a known cost.
    """
    _check_sides(before, after)
    value: Value = "usd" if prices == "frozen" else "spend"
    rules = evaluate(budget, Context(before, after, value, by, classes or {}), today)
    broken = _breakdown(before, after)
    verdict = _verdict(rules)
    return Check(
        passed={"passed": True, "failed": False}.get(verdict),
        verdict=verdict,
        headline=_headline(broken, after),
        catalog_version=after.catalog_version,
        prices=prices,
        by=by,
        level=LEVEL,
        baseline=_side(before),
        current=_side(after),
        rules=rules,
        decomposition=broken,
        warnings=[*(warnings or []), *_noticed(before, after)],
    )


def _check_sides(before: Baseline, after: Baseline) -> None:
    if not after.requests:
        raise NotEnoughError(
            "no requests to check: the log is empty, or the period has none",
            next_step="Check that the test run wrote its log, and check --since, --until and --month.",
            slug="nothing-to-check",
        )
    if not before.requests:
        raise InputError(
            "the baseline has no requests",
            next_step="Save a baseline from a log with requests: `llmaudit baseline save FILE`.",
            slug="empty-baseline",
        )
    for name, side in (("baseline", before), ("log", after)):
        if side.unpriced == side.requests:
            raise InputError(
                f"no request of the {name} has a known cost ({side.requests:,} requests)",
                next_step="Name their models' prices in a --catalog file (`llmaudit status` lists the models), or with"
                " --assume-time the time to price them by, where the log has none.",
                slug="nothing-priced",
            )


def _verdict(rules: list[RuleResult]) -> Verdict:
    if any(rule.status == "failed" for rule in rules):
        return "failed"
    decided = any(rule.passed is not None for rule in rules)
    whole = [rule for rule in rules if rule.by in {"all", "case"}]
    if not decided or (whole and all(rule.passed is None for rule in whole)):
        return "not-enough-data"
    return "passed"


def _breakdown(before: Baseline, after: Baseline) -> Breakdown:
    after, successors = with_successors(before, after)
    found = decompose(before, after)
    sums = found.by_cause()
    change = found.change_usd
    return Breakdown(
        before_usd=found.before_usd,
        after_usd=found.after_usd,
        change_usd=change,
        change_usd_per_month=per_month(EXACT.subtract(change, sums["period"]), after) if before.span.hours else None,
        components=[Component(cause=cause, title=TITLES[cause], usd=sums[cause]) for cause in CAUSES],
        causes=causes_of(found, before, after),
        successors=successors,
    )


def _headline(broken: Breakdown, after: Baseline) -> str:
    if broken.causes:
        first = broken.causes[0].text
        return first[:1].upper() + first[1:] if first.partition(" ")[0].isalpha() else first
    return (
        f"No change beyond chance: {shown(broken.before_usd)} in the baseline, {shown(broken.after_usd)} now"
        f" ({after.requests:,} requests)"
    )


def _side(log: Baseline) -> Side:
    first, last = (
        None if at is None else f"{at.isoformat(timespec='seconds')}Z" for at in (log.span.first_at, log.span.last_at)
    )
    return Side(
        requests=log.requests, calls=log.calls, usd=log.usd, unpriced=log.unpriced, cases=len(log.cases),
        hours=log.span.hours, first_at=first, last_at=last, catalog_version=log.catalog_version, llmaudit=log.llmaudit,
    )  # fmt: skip


def _noticed(before: Baseline, after: Baseline) -> list[str]:
    notes = []
    if after.unpriced:
        notes.append(f"the cost of {after.unpriced:,} of {after.requests:,} requests is unknown and in no figure")
    if (
        before.detail.cluster != "request"
        and after.moments
        and after.moments[0].clusters == after.moments[0].requests > 1
    ):
        notes.append(
            f"the log has no {before.detail.cluster} ids as the baseline does, so requests are treated as independent"
        )
    left = before.detail.templates_left_out + before.detail.features_left_out + before.detail.models_left_out
    if left:
        notes.append(f"the baseline groups {left} small features, templates or models as `other`")
    return notes
