"""How often the cost check is right: what it names first, how often noise triggers it, and which changes it detects.

The same study runs small in the tests and large in benchmarks/. It calls what `llmaudit check` calls; only the reading
of a log is replaced by sums in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np

from llmaudit import __version__
from llmaudit.arrays import Floats, Ints
from llmaudit.datasets.regressions import (
    FEATURES,
    MODELS,
    START,
    TEMPLATES,
    Change,
    Requests,
    World,
    factors_of,
    feature_of,
    simulate,
    template_name,
)
from llmaudit.datasets.share import Share
from llmaudit.gate.budget import Budget, CostLimit, default_budget
from llmaudit.gate.check import Check, check
from llmaudit.gate.model import Baseline, Cell, Detail, Moments, Rate, Span, cell_order, rounded

TODAY = date(2026, 11, 1)
PICO = 10**12


def reduce(requests: Requests, frozen: World | None = None) -> Baseline:
    """Return a draw as a baseline: the result of `measure` on its log.

    Args:
        requests: The draw.
        frozen: The world whose prices count; its own where left out.
    """
    own = requests.world
    rates = {MODELS[i]: _rate(own, i) for i in range(len(MODELS))}
    prices = {MODELS[i]: _rate(frozen or own, i) for i in range(len(MODELS))}
    cells = _cells(requests, rates)
    used = {cell.rate for cell in cells}
    seconds = requests.second
    return Baseline(
        llmaudit=__version__,
        catalog_version="simulated",
        span=Span(first_at=START, last_at=START, hours=max(1, int(np.ceil((seconds.max() - seconds.min()) / 3600)))),
        detail=Detail(features=list(FEATURES), templates=[template_name(i) for i in range(TEMPLATES)], cluster="user"),
        requests=len(requests),
        rates={key: rate for key, rate in sorted(rates.items()) if key in used},
        frozen=prices,
        cells=cells,
        moments=_moments(requests, rates, prices),
    )


def _rate(world: World, model: int) -> Rate:
    first, read, output = factors_of(world, model)
    return Rate("openai", MODELS[model], {"input_tokens": first, "cache_read_tokens": read, "output_tokens": output})


def _cells(requests: Requests, rates: dict[str, Rate]) -> list[Cell]:
    """Return cells by template, outcome and model; sums of integers are exact, squares are floats."""
    wide = len(MODELS)
    key = (requests.template * wide + requests.model) * 2 + requests.superseded
    size = TEMPLATES * wide * 2
    counts = np.bincount(key, minlength=size)
    prompt = requests.uncached + requests.read
    columns: dict[str, Ints] = {
        "input_tokens": requests.uncached,
        "cache_read_tokens": requests.read,
        "output_tokens": requests.output,
    }
    sums = {name: np.rint(np.bincount(key, column, size)).astype(np.int64) for name, column in columns.items()}
    pairs = {
        "prompt_squares": (prompt, prompt),
        "read_squares": (requests.read, requests.read),
        "prompt_reads": (prompt, requests.read),
        "output_squares": (requests.output, requests.output),
    }
    squares = {name: np.bincount(key, one.astype(float) * other, size) for name, (one, other) in pairs.items()}
    cells = []
    for i in np.flatnonzero(counts):
        template, model, superseded = int(i) // 2 // wide, int(i) // 2 % wide, bool(i % 2)
        tokens = {name: int(column[i]) for name, column in sums.items() if column[i]}
        usd = rates[MODELS[model]].cost(tokens, int(counts[i]))
        cells.append(
            Cell(
                feature=FEATURES[int(feature_of(np.array([template]))[0])],
                template=template_name(template),
                tier=1,
                outcome="superseded" if superseded else "ok",
                model=MODELS[model],
                rate=MODELS[model],
                requests=int(counts[i]),
                tokens=tokens,
                usd=usd,
                list_usd=usd,
                prompt_squares=rounded(squares["prompt_squares"][i]),
                read_squares=rounded(squares["read_squares"][i]),
                prompt_reads=rounded(squares["prompt_reads"][i]),
                output_squares=rounded(squares["output_squares"][i]),
            )
        )
    return sorted(cells, key=cell_order)


def _costs(requests: Requests, rates: dict[str, Rate]) -> Ints:
    """Return the exact cost of every request in 1e-12 US dollars."""
    factors = [
        [int(rates[model].usd[name] * PICO) for model in MODELS]
        for name in ("input_tokens", "cache_read_tokens", "output_tokens")
    ]
    tokens = (requests.uncached, requests.read, requests.output)
    found: Ints = sum(
        (np.array(row)[requests.model] * count for row, count in zip(factors, tokens, strict=True)),
        start=np.zeros(len(requests), np.int64),
    )
    return found


def _moments(requests: Requests, own: dict[str, Rate], frozen: dict[str, Rate]) -> list[Moments]:
    frozen_costs = _costs(requests, frozen)
    own_costs = frozen_costs if own == {key: frozen[key] for key in own} else _costs(requests, own)
    feature = feature_of(requests.template)
    found = [_moment("all", None, requests, np.ones(len(requests), bool), frozen_costs, own_costs)]
    for number, name in enumerate(FEATURES):
        found.append(_moment("feature", name, requests, feature == number, frozen_costs, own_costs))
    return found


def _moment(by: str, name: str | None, requests: Requests, chosen: Ints, usd: Ints, spend: Ints) -> Moments:
    user = requests.user[chosen]
    y, s = (costs[chosen] / PICO for costs in (usd, spend))
    present = np.bincount(user) > 0

    def by_user(weights: Floats | None = None) -> Floats:
        found: Floats = np.bincount(user, weights)[present].astype(float)
        return found

    n, z, yc, sc = by_user(), by_user((~requests.superseded[chosen]).astype(float)), by_user(y), by_user(s)
    products = {
        "nn": n * n, "nz": n * z, "zz": z * z, "ny": n * yc, "zy": z * yc, "yy": yc * yc,
        "ns": n * sc, "zs": z * sc, "ss": sc * sc,
    }  # fmt: skip
    exact = [Decimal(int(costs[chosen].sum())) / PICO for costs in (usd, spend)]
    return Moments(
        by=by, name=name, requests=len(user), successes=int(z.sum()), clusters=len(n), usd=exact[0],
        spend_usd=exact[1], yy_rows=rounded(float(np.sum(y * y))),
        **{key: rounded(float(value.sum())) for key, value in products.items()},
    )  # fmt: skip


def run(before: World, after: World, rng: np.random.Generator, budget: Budget | None = None) -> Check:
    """Draw two logs and check the second against the first."""
    base = reduce(simulate(before, rng))
    log = reduce(simulate(after, rng), before)
    return check(base, log, budget or default_budget("feature"), today=TODAY)


@dataclass(frozen=True)
class Named:
    """What was named first over many draws of one change.

    Attributes:
        right: Runs whose first cause is the planted one (for noise: runs without any).
        failed: Runs in which the check failed.
    """

    right: Share
    failed: Share


def study_change(change: Change, world: World, runs: int, seed: int) -> Named:
    """Return how often a planted change is named first."""
    rng = np.random.default_rng(seed)
    right = failed = 0
    for _ in range(runs):
        found = run(world, change.apply(world), rng)
        right += is_right(found, change)
        failed += found.verdict == "failed"
    return Named(Share(right / runs, runs), Share(failed / runs, runs))


def is_right(found: Check, change: Change) -> bool:
    """Say whether the first line names what was planted, and nothing where nothing was."""
    causes = found.decomposition.causes
    if change.cause is None or not causes:
        return change.cause is None and not causes
    return causes[0].cause == change.cause and change.subject in causes[0].text


@dataclass(frozen=True)
class Noise:
    """What happens where nothing was changed.

    Attributes:
        failed: Runs in which the check failed, as it comes: no budget.
        failed_at_zero: Runs in which it failed with every increase forbidden.
        named: Runs in which some cause was named.
        undecided: Runs with not enough data.
    """

    failed: Share
    failed_at_zero: Share
    named: Share
    undecided: Share


AT_ZERO = Budget(
    cost_per_request=[CostLimit(by="all", max_increase_pct=0), CostLimit(by="feature", max_increase_pct=0)]
)
"""The default rules with no increase allowed: the level itself shows."""


def study_noise(before: World, after: World, runs: int, seed: int) -> Noise:
    """Return how often two logs of one system fail a check; the worlds differ in the number of calls and users only.

    Volume is no noise where the worlds differ in it, and does not count as named.
    """
    rng = np.random.default_rng(seed)
    counts = np.zeros(4)
    for _ in range(runs):
        base, log = reduce(simulate(before, rng)), reduce(simulate(after, rng), before)
        found = check(base, log, default_budget("feature"), today=TODAY)
        strict = check(base, log, AT_ZERO, today=TODAY)
        named = [one for one in found.decomposition.causes if one.cause != "volume" or before.calls == after.calls]
        counts += [
            found.verdict == "failed", strict.verdict == "failed", bool(named), found.verdict == "not-enough-data"
        ]  # fmt: skip
    return Noise(*(Share(float(count) / runs, runs) for count in counts))


@dataclass(frozen=True)
class Power:
    """Power as stated and as measured.

    Attributes:
        detectable_pct: The increase that the check says it sees four times in five, mean over runs without a change.
        at_detectable: Runs that fail with that increase planted.
        stated: The power that the check states for the limit plus ten points, mean over the same runs.
        at_claim: Runs that fail with that increase planted.
    """

    detectable_pct: float
    at_detectable: Share
    stated: float
    at_claim: Share


def study_power(world: World, runs: int, seed: int, budget: Budget) -> Power:
    """Return stated and measured power of a budget's first rule, whose limit is in percent of cost per request."""
    rng = np.random.default_rng(seed)
    rules = [run(world, world, rng, budget).rules[0] for _ in range(max(runs // 5, 20))]
    detectable = float(np.mean([rule.detectable_pct for rule in rules if rule.detectable_pct is not None]))
    stated = float(np.mean([rule.power for rule in rules if rule.power is not None]))
    limit = float(rules[0].limit or 0)
    shares = [
        sum(run(world, scaled(world, pct), rng, budget).rules[0].passed is False for _ in range(runs)) / runs
        for pct in (detectable, limit + 10)
    ]
    return Power(detectable, Share(shares[0], runs), stated, Share(shares[1], runs))


def scaled(world: World, pct: float) -> World:
    """Return a world whose every request costs so many percent more: longer prompts and answers, alike."""
    factor = 1 + pct / 100
    return replace(world, prompt={-1: factor}, output=factor)
