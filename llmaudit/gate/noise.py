"""How much each part of a difference would move by chance alone if nothing had changed.

Every part has a variance under the hypothesis that both logs are draws from one system: token counts vary from request
to request; shares of models, uses and failures are draws from one distribution; calls arrive at random. All are
multiplied by the design effect of cost within users (or sessions). Variances are floats: they decide what is named,
never an amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt

from llmaudit.gate.decompose import Decomposition
from llmaudit.gate.leaves import INPUT, OUTPUT, Leaf, LeafKey, Pool, Use, Vector
from llmaudit.gate.model import Baseline, CallKey, Moments, Rate
from llmaudit.money import ZERO
from llmaudit.request import INPUT_COUNTERS

Variances = dict[tuple[str, CallKey], float]
"""Variance of a cause's part of one use, in US dollars squared."""

SAMPLED = frozenset(
    {"volume", "traffic", "retries", "failures", "unpriced", "models", "input", "cache", "output", "conditions"}
)
"""Causes that chance can move; the others follow from prices and bills."""


def variances(decomposition: Decomposition, before: Baseline, after: Baseline) -> Variances:
    """Return the variance of every sampled cause, by use; traffic and volume are under the use `(None, None, None)`."""
    effects = _Effects(before, after)
    whole = CallKey(None, None, None)
    sums: Variances = {}
    for key in {*decomposition.before, *decomposition.after}:
        effect = effects.of(key.feature)
        old, new = decomposition.before.get(key), decomposition.after.get(key)
        if old is None or new is None:
            continue
        for cause, variance in _of_use(old, new, decomposition.frozen):
            sums[cause, key] = sums.get((cause, key), 0.0) + variance * effect
    sums["traffic", whole] = _traffic(decomposition) * effects.of(None)
    sums["volume", whole] = _volume(decomposition) * effects.sizes
    return sums


class _Effects:
    """Design effects: variance over what independent requests would have."""

    def __init__(self, before: Baseline, after: Baseline) -> None:
        sides = (before, after)
        self._all = _largest(side.moments_by("all").get(None) for side in sides)
        features = [side.moments_by("feature") for side in sides]
        names = {*features[0], *features[1]}
        self._features = {name: _largest(side.get(name) for side in features) for name in names}
        sizes = [one for side in sides if (one := side.moments_by("all").get(None)) and one.requests]
        self.sizes = max([one.nn / one.requests for one in sizes], default=1.0)

    def of(self, feature: str | None) -> float:
        """Return the design effect of a feature, or of everything."""
        return self._features.get(feature, self._all) if feature else self._all


def _largest(moments: Iterable[Moments | None]) -> float:
    return max([1.0, *(design_effect(moment) for moment in moments if moment is not None)])


def design_effect(moments: Moments) -> float:
    """Return the clustered variance of a mean cost over that of independent requests; 1 if there is no spread."""
    if not moments.requests or moments.yy_rows <= 0:
        return 1.0
    mean = float(moments.usd) / moments.requests
    independent = moments.yy_rows - moments.requests * mean**2
    clustered = moments.yy - 2 * mean * moments.ny + mean**2 * moments.nn
    return clustered / independent if independent > 1e-9 * moments.yy_rows else 1.0


def _of_use(old: Use, new: Use, frozen: Mapping[str, Rate]) -> Iterable[tuple[str, float]]:
    calls = max(old.calls, 1), max(new.calls, 1)
    for outcome in {*old.pools, *new.pools}:
        first, second = old.pools.get(outcome, Pool()), new.pools.get(outcome, Pool())
        mean_cost = _mean_cost(first) or _mean_cost(second)
        cause = "retries" if outcome == "superseded" else "failures"
        yield (
            cause,
            mean_cost**2 * _count_variance(first.requests, second.requests, *calls, bounded=outcome != "superseded"),
        )
        unknown = [pool.requests - pool.known for pool in (first, second)]
        attempts = max(first.requests, 1), max(second.requests, 1)
        yield "unpriced", mean_cost**2 * _count_variance(unknown[0], unknown[1], *attempts, bounded=True)
        yield "models", _mix_variance(_shares(first, second))
        for key, now in second.leaves.items():
            if not key.is_opaque and first.known:
                yield from _of_leaf(first.leaves.get(key), now, frozen)


def _count_variance(before: int, after: int, base: int, now: int, *, bounded: bool) -> float:
    """Return the variance of a count about its expectation from the baseline's share: binomial, else Poisson."""
    share = (before + after) / (base + now)
    spread = share * max(1 - share, 0.0) if bounded else share
    return now * spread * (1 + now / base)


def _mix_variance(items: list[tuple[int, int, float]]) -> float:
    """Return the variance of a cost that depends on shares: draws from one mix, in which each item has its own cost.

    Args:
        items: Requests before, requests now, and cost of one.
    """
    before, now = sum(item[0] for item in items), sum(item[1] for item in items)
    if not before or not now:
        return 0.0
    weights = [(old + new) / (before + now) for old, new, _ in items]
    mean = sum(weight * cost for weight, (_, _, cost) in zip(weights, items, strict=True))
    spread = sum(weight * (cost - mean) ** 2 for weight, (_, _, cost) in zip(weights, items, strict=True))
    return now * (1 + now / before) * spread


def _shares(first: Pool, second: Pool) -> list[tuple[int, int, float]]:
    keys: dict[LeafKey, None] = dict.fromkeys([*first.leaves, *second.leaves])
    shares = []
    for key in keys:
        old, new = first.leaves.get(key, Leaf()), second.leaves.get(key, Leaf())
        costs = [float(leaf.usd) / leaf.requests for leaf in (old, new) if leaf.requests]
        shares.append((old.requests, new.requests, costs[0]))
    return shares


def _of_leaf(was: Leaf | None, now: Leaf, frozen: Mapping[str, Rate]) -> Iterable[tuple[str, float]]:
    """Yield the variances of the token counts of one model, and of the choice among its prices."""
    old = was or now
    tokens, usd = old.tokens, old.effective(frozen)
    factor = float(old.usd / old.own_usd) if old.own_usd else 1.0
    prompt, output = (_price_of(names, tokens, usd) for names in (INPUT, OUTPUT))
    read = float(usd.get("input_tokens", ZERO) - usd.get("cache_read_tokens", ZERO))
    spread = _Spread(old, now)
    per_request = {
        "input": prompt**2 * spread.prompt,
        "cache": read**2 * spread.read,
        "output": output**2 * spread.output,
    }
    for cause, variance in per_request.items():
        yield cause, (factor * now.requests) ** 2 * variance
    yield "conditions", factor**2 * _mix_variance(_conditions(old, now, frozen))


def _conditions(old: Leaf, now: Leaf, frozen: Mapping[str, Rate]) -> list[tuple[int, int, float]]:
    """Return each of a model's prices: requests in two logs, and what one costs beyond the mean price.

    At its own tokens: those that a price for long prompts applies to are many times as large as the mean, and a single
    one of them would stand out from chance if it were taken for a request of mean size.
    """
    pooled = Leaf()
    for side in (old, now):
        for key, (requests, tokens) in side.by_rate.items():
            count, sums = pooled.by_rate.get(key, (0, {}))
            both = {name: sums.get(name, 0) + tokens.get(name, 0) for name in {**sums, **tokens}}
            pooled.by_rate[key] = (count + requests, both)
    mean_usd = pooled.effective(frozen)
    items = []
    for key, (requests, tokens) in pooled.by_rate.items():
        more = ((frozen[key].usd.get(name, ZERO) - usd, name) for name, usd in mean_usd.items())
        used = {"requests": requests, **tokens}
        added = sum(float(difference) * used.get(name, 0) for difference, name in more)
        before, after = (side.by_rate.get(key, (0, {}))[0] for side in (old, now))
        items.append((before, after, added / requests if requests else 0.0))
    return items


class _Spread:
    """Variances of the differences of mean counts of one model's requests in two logs.

    Each is pooled over both logs, about each log's own mean; of cache reads about the pooled share of the prompt, since
    a log in which every request hits, or none, has no spread of its own.
    """

    def __init__(self, old: Leaf, now: Leaf) -> None:
        sides = (old, now)
        self._count = sum(side.requests for side in sides)
        self._scale = sum(1 / side.requests for side in sides)
        prompts = [sum(float(side.tokens.get(name, ZERO)) for name in INPUT_COUNTERS) for side in sides]
        outputs = [float(side.tokens.get("output_tokens", ZERO)) for side in sides]
        self.prompt = self._about(sides, 0, prompts)
        self.output = self._about(sides, 3, outputs)
        reads = sum(float(side.tokens.get("cache_read_tokens", ZERO)) * side.requests for side in sides)
        whole = sum(mean * side.requests for mean, side in zip(prompts, sides, strict=True))
        share = reads / whole if whole else 0.0
        prompt_squares, read_squares, prompt_reads = (sum(side.squares[index] for side in sides) for index in range(3))
        about_share = read_squares - 2 * share * prompt_reads + share**2 * prompt_squares
        self.read = max(about_share, 0.0) / self._count * self._scale

    def _about(self, sides: tuple[Leaf, Leaf], index: int, means: list[float]) -> float:
        spread = sum(side.squares[index] - side.requests * mean**2 for side, mean in zip(sides, means, strict=True))
        return max(spread, 0.0) / self._count * self._scale


def _price_of(names: Iterable[str], tokens: Vector, usd: Vector) -> float:
    """Return US dollars per token of some counters together."""
    names = list(names)
    count = sum(float(tokens.get(name, ZERO)) for name in names if name in INPUT_COUNTERS or name == "output_tokens")
    paid = sum(float(tokens.get(name, ZERO)) * float(usd.get(name, ZERO)) for name in names)
    if count:
        return paid / count
    return float(usd.get("output_tokens" if "output_tokens" in names else "input_tokens", ZERO))


def _mean_cost(pool: Pool) -> float:
    return float(sum(leaf.usd for leaf in pool.leaves.values())) / pool.known if pool.known else 0.0


def _use_cost(use: Use) -> float:
    return float(sum(leaf.usd for pool in use.pools.values() for leaf in pool.leaves.values()))


def _traffic(decomposition: Decomposition) -> float:
    items = []
    for key in {*decomposition.before, *decomposition.after}:
        old, new = decomposition.before.get(key, Use()), decomposition.after.get(key, Use())
        priced = old if old.calls else new
        items.append((old.calls, new.calls, _use_cost(priced) / max(priced.calls, 1)))
    return _mix_variance(items)


def _volume(decomposition: Decomposition) -> float:
    before, now = (sum(use.calls for use in side.values()) for side in (decomposition.before, decomposition.after))
    if not before:
        return 0.0
    cost_per_call = float(decomposition.before_usd) / before
    scale = now / before if decomposition.period_ratio == 1 else float(decomposition.period_ratio)
    return cost_per_call**2 * (before * scale**2 + now)


def deviation(variance: float) -> float:
    """Return the standard deviation."""
    return sqrt(max(variance, 0.0))
