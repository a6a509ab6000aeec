"""Causes as sentences: what grew, from what to what, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from llmaudit.errors import printable
from llmaudit.gate.decompose import Decomposition, Part
from llmaudit.gate.leaves import Leaf, LeafKey, Pool
from llmaudit.gate.model import OTHER, CallKey
from llmaudit.gate.named_groups import SYSTEM
from llmaudit.money import EXACT, ZERO, shown
from llmaudit.request import INPUT_COUNTERS

SHORT = 8
"""Characters of a fingerprint that people see."""


Scope = tuple[str | None, ...]
"""The scope of a cause: the whole log (empty), a feature, or a feature and a template."""


def inside(use: CallKey, scope: Scope) -> bool:
    """Say whether a use is within a scope."""
    return use[: len(scope)] == scope


def scope_name(scope: Scope) -> str | None:
    """Return what people call a scope; None is all of the log."""
    if not scope:
        return None
    if len(scope) == 1:
        return f"feature {printable(scope[0] or 'unknown')}"
    feature, template = scope[0], scope[1] or "unknown"
    short = "of the small templates" if template == OTHER else template.removeprefix(SYSTEM)[:SHORT]
    kind = "system prompt" if template.startswith(SYSTEM) else "template"
    return f"{kind} {printable(short)}" + (f" of {printable(feature)}" if feature else "")


def _use_name(use: CallKey) -> str:
    """Return what people call a use: its template, else its feature."""
    scope: Scope = use[:2] if use.template is not None else use[:1] if use.feature is not None else ()
    return scope_name(scope) or "requests without a feature"


def subject_of(cause: str, scope: Scope, parts: Sequence[Part]) -> str | None:
    """Return what a cause comes from, as the JSON has it."""
    if not scope and cause in {"models", "price", "markup"} and parts:
        return _largest(parts, lambda part: part.leaf.gateway if cause == "markup" else part.leaf.model)
    return scope_name(scope)


def sentence(cause: str, change: Change, usd: Decimal, monthly: Decimal | None) -> str:
    """Return one sentence on a cause, with its amount."""
    return f"{_SENTENCES[cause](change)}: {amount(usd, monthly)}"


def amount(usd: Decimal, monthly: Decimal | None) -> str:
    """Return an amount with its sign, for a month if the log is long enough."""
    value = monthly if monthly is not None else usd
    sign = "+" if value > 0 else ""
    return f"{sign}{shown(value)} a month" if monthly is not None else f"{sign}{shown(value)} on this log"


class Change:
    """What a cause changed within a scope: that part of both logs.

    Args:
        found: The decomposition of the two logs.
        scope: All, a feature, or a template of a feature.
        parts: The parts of the cause within the scope.
    """

    def __init__(self, found: Decomposition, scope: Scope, parts: Sequence[Part]) -> None:
        self.found = found
        self.parts = parts
        self.name = scope_name(scope)
        self.sides = [[use for key, use in side.items() if inside(key, scope)] for side in (found.before, found.after)]

    @property
    def of_scope(self) -> str:
        """The scope after a noun, such as ` of feature chat`; empty for all."""
        return f" of {self.name}" if self.name else ""

    def largest(self, key: Callable[[Part], str | None]) -> str | None:
        """Return the key with the largest amount, up or down."""
        return _largest(self.parts, key)

    def pools(self, outcomes: Iterable[str] | None = None) -> list[list[Pool]]:
        """Return the pools of each side."""
        wanted = set(outcomes) if outcomes else None
        return [
            [pool for use in side for name, pool in use.pools.items() if wanted is None or name in wanted]
            for side in self.sides
        ]

    def leaves(self) -> list[list[tuple[LeafKey, Leaf]]]:
        """Return the leaves of each side."""
        return [[item for pool in side for item in pool.leaves.items()] for side in self.pools()]

    def mean(self, names: Sequence[str], outcomes: Iterable[str] | None = None) -> list[float]:
        """Return tokens per request of each side, of requests whose tokens are priced."""
        means = []
        for pools in self.pools(outcomes):
            leaves = [leaf for pool in pools for leaf in pool.priced]
            count = sum(leaf.requests for leaf in leaves)
            tokens = sum(leaf.tokens.get(name, ZERO) * leaf.requests for leaf in leaves for name in names)
            means.append(float(tokens) / count if count else 0.0)
        return means

    def calls(self) -> list[int]:
        """Return calls of each side."""
        return [sum(use.calls for use in side) for side in self.sides]


Telling = Callable[[Change], str]
"""Says what changed, from what to what."""


def _volume(change: Change) -> str:
    before, now = change.calls()
    if change.found.period_ratio != 1:
        went = _went(now / float(change.found.period_ratio), before)
        return f"calls {went} from {before:,} to {now:,}, in logs of unequal length"
    return f"calls {_went(now, before)} from {before:,} to {now:,}"


def _went(now: float, before: float) -> str:
    return "rose" if now > before else "fell"


def _traffic(change: Change) -> str:
    name = change.largest(lambda part: _use_name(part.use))
    sides = [
        sum(use.calls for key, use in side.items() if _use_name(key) == name)
        for side in (change.found.before, change.found.after)
    ]
    shares = [100 * count / max(whole, 1) for count, whole in zip(sides, change.calls(), strict=True)]
    return f"the mix of calls shifted, most of all {name}: {shares[0]:.1f}% of calls, now {shares[1]:.1f}%"


def _tokens(verb: str, names: Sequence[str], unit: str) -> Telling:
    def tell(change: Change) -> str:
        before, now = change.mean(names)
        went = verb if now > before else "shrank"
        return f"{change.name or 'requests'} {went} from {_count(before)} to {_count(now)} {unit} tokens"

    return tell


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"  # noqa: PLR2004 -- digits that still tell apart


def _cache(change: Change) -> str:
    prompts, reads = change.mean(INPUT_COUNTERS), change.mean(("cache_read_tokens",))
    shares = [100 * read / prompt if prompt else 0.0 for read, prompt in zip(reads, prompts, strict=True)]
    return f"cache reads{change.of_scope} went from {shares[0]:.1f}% to {shares[1]:.1f}% of the input tokens"


def _per_call(change: Change, outcome: str) -> list[float]:
    counts = [sum(pool.requests for pool in side) for side in change.pools((outcome,))]
    return [100 * count / max(calls, 1) for count, calls in zip(counts, change.calls(), strict=True)]


def _retries(change: Change) -> str:
    before, now = _per_call(change, "superseded")
    return f"retried failed attempts{change.of_scope} went from {before:.1f} to {now:.1f} per 100 calls"


def _failures(change: Change) -> str:
    before, now = _per_call(change, "failed")
    return f"calls{change.of_scope} without an answer went from {before:.1f}% to {now:.1f}%"


def _unpriced(change: Change) -> str:
    shares = []
    for side in change.pools():
        known, every = sum(pool.known for pool in side), sum(pool.requests for pool in side)
        shares.append(100 * (every - known) / max(every, 1))
    moved = f"from {shares[0]:.1f}% to {shares[1]:.1f}%"
    return f"requests{change.of_scope} whose cost is unknown went {moved}, which is not a saving"


def _models(change: Change) -> str:
    before, now = change.leaves()
    counts = [_by_model(side) for side in (before, now)]
    sums = [max(sum(side.values()), 1) for side in counts]
    gains = {
        model: counts[1].get(model, 0) / sums[1] - counts[0].get(model, 0) / sums[0]
        for model in dict.fromkeys([*counts[0], *counts[1]])
    }
    model = max(gains, key=lambda one: (gains[one], one)) if gains else "another model"
    shares = [100 * side.get(model, 0) / whole for side, whole in zip(counts, sums, strict=True)]
    return f"{printable(model)} now answers {shares[1]:.1f}% of requests{change.of_scope} ({shares[0]:.1f}% before)"


def _by_model(leaves: Iterable[tuple[LeafKey, Leaf]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key, leaf in leaves:
        counts[key.model] = counts.get(key.model, 0) + leaf.requests
    return counts


def _price(change: Change) -> str:
    model = change.largest(lambda part: part.leaf.model)
    leaves = [leaf for key, leaf in change.leaves()[1] if key.model == model]
    own, frozen = sum((leaf.own_usd for leaf in leaves), ZERO), sum((leaf.frozen_usd for leaf in leaves), ZERO)
    size = f" by {100 * float(EXACT.divide(own - frozen, frozen)):+.1f}%" if frozen else ""
    return f"the price of {printable(model or 'a model')} changed{size}; you did not cause this"


def _markup(change: Change) -> str:
    gateway = change.largest(lambda part: part.leaf.gateway)
    pcts = []
    for side in change.leaves():
        leaves = [leaf for key, leaf in side if key.gateway == gateway and not key.is_opaque]
        usd, own = sum((leaf.usd for leaf in leaves), ZERO), sum((leaf.own_usd for leaf in leaves), ZERO)
        pcts.append(100 * float(EXACT.divide(usd - own, own)) if own else 0.0)
    who = f"gateway {printable(gateway)}" if gateway else "the sellers"
    return f"{who} billed {pcts[1]:.1f}% over list ({pcts[0]:.1f}% before)"


def _plain(text: str) -> Telling:
    return lambda change: f"{text}{change.of_scope}"


def _largest(parts: Sequence[Part], key: Callable[[Part], str | None]) -> str | None:
    sums: dict[str | None, Decimal] = {}
    for part in parts:
        sums[key(part)] = sums.get(key(part), ZERO) + part.usd
    return max(sums, key=lambda one: (abs(sums[one]), one or "")) if sums else None


_SENTENCES: dict[str, Telling] = {
    "volume": _volume,
    "traffic": _traffic,
    "retries": _retries,
    "failures": _failures,
    "unpriced": _unpriced,
    "models": _models,
    "input": _tokens("grew", INPUT_COUNTERS, "input"),
    "cache": _cache,
    "output": _tokens("grew", ("output_tokens",), "output"),
    "pieces": _plain("web searches and other items priced each changed"),
    "conditions": _plain("different prices of the same models apply (long prompts, batch, service tier, hours)"),
    "price": _price,
    "markup": _markup,
    "opaque": _plain("amounts without a list price to explain them changed"),
}
