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
    short = "of the small ones" if template == OTHER else template.removeprefix(SYSTEM)[:SHORT]
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


def sentence(
    cause: str, scope: Scope, parts: Sequence[Part], decomposition: Decomposition, usd: Decimal, monthly: Decimal | None
) -> str:
    """Return one sentence on a cause, with its amount."""
    subject_and_change = _TOLD[cause](_Both(decomposition, scope), parts, scope_name(scope))
    return f"{subject_and_change}: {amount(usd, monthly)}"


def amount(usd: Decimal, monthly: Decimal | None) -> str:
    """Return an amount with its sign, for a month where the log is long enough."""
    value = monthly if monthly is not None else usd
    sign = "+" if value > 0 else ""
    return f"{sign}{shown(value)} a month" if monthly is not None else f"{sign}{shown(value)} on this log"


class _Both:
    """Both logs, or the part of them within a scope."""

    def __init__(self, found: Decomposition, scope: Scope) -> None:
        self.found = found
        self.sides = [[one for key, one in side.items() if inside(key, scope)] for side in (found.before, found.after)]

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


Telling = Callable[[_Both, Sequence[Part], str | None], str]


def _volume(both: _Both, _: Sequence[Part], __: str | None) -> str:
    before, now = both.calls()
    if both.found.period_ratio != 1:
        went = _went(now / float(both.found.period_ratio), before)
        return f"calls {went} from {before:,} to {now:,}, in logs of unequal length"
    return f"calls {_went(now, before)} from {before:,} to {now:,}"


def _went(now: float, before: float) -> str:
    return "rose" if now > before else "fell"


def _traffic(both: _Both, parts: Sequence[Part], _: str | None) -> str:
    name = _largest(parts, lambda part: _use_name(part.use))
    sides = [
        sum(use.calls for key, use in side.items() if _use_name(key) == name)
        for side in (both.found.before, both.found.after)
    ]
    shares = [100 * count / max(whole, 1) for count, whole in zip(sides, both.calls(), strict=True)]
    return f"what is called shifted, most of all {name}: {shares[0]:.1f}% of calls, now {shares[1]:.1f}%"


def _tokens(verb: str, names: Sequence[str], unit: str) -> Telling:
    def tell(both: _Both, _: Sequence[Part], name: str | None) -> str:
        before, now = both.mean(names)
        went = verb if now > before else "shrank"
        return f"{name or 'requests'} {went} from {_count(before)} to {_count(now)} {unit} tokens"

    return tell


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"  # noqa: PLR2004 -- digits that still tell apart


def _cache(both: _Both, _: Sequence[Part], name: str | None) -> str:
    prompts, reads = both.mean(INPUT_COUNTERS), both.mean(("cache_read_tokens",))
    shares = [100 * read / prompt if prompt else 0.0 for read, prompt in zip(reads, prompts, strict=True)]
    where = f" of {name}" if name else ""
    return f"cache reads{where} went from {shares[0]:.1f}% to {shares[1]:.1f}% of the input tokens"


def _per_call(both: _Both, outcome: str) -> list[float]:
    counts = [sum(pool.requests for pool in side) for side in both.pools((outcome,))]
    return [100 * count / max(calls, 1) for count, calls in zip(counts, both.calls(), strict=True)]


def _retries(both: _Both, _: Sequence[Part], name: str | None) -> str:
    before, now = _per_call(both, "superseded")
    where = f" of {name}" if name else ""
    return f"failed attempts that were tried again{where} went from {before:.1f} to {now:.1f} per 100 calls"


def _failures(both: _Both, _: Sequence[Part], name: str | None) -> str:
    before, now = _per_call(both, "failed")
    where = f" of {name}" if name else ""
    return f"calls{where} without an answer went from {before:.1f}% to {now:.1f}%"


def _unpriced(both: _Both, _: Sequence[Part], name: str | None) -> str:
    shares = []
    for side in both.pools():
        known, every = sum(pool.known for pool in side), sum(pool.requests for pool in side)
        shares.append(100 * (every - known) / max(every, 1))
    where = f" of {name}" if name else ""
    return f"requests{where} whose cost is unknown went from {shares[0]:.1f}% to {shares[1]:.1f}%, which is no saving"


def _models(both: _Both, _: Sequence[Part], name: str | None) -> str:
    before, now = both.leaves()
    counts = [_by_model(side) for side in (before, now)]
    sums = [max(sum(side.values()), 1) for side in counts]
    gains = {
        model: counts[1].get(model, 0) / sums[1] - counts[0].get(model, 0) / sums[0]
        for model in dict.fromkeys([*counts[0], *counts[1]])
    }
    model = max(gains, key=lambda one: (gains[one], one)) if gains else "another model"
    shares = [100 * side.get(model, 0) / whole for side, whole in zip(counts, sums, strict=True)]
    where = f" of {name}" if name else ""
    return f"{printable(model)} now answers {shares[1]:.1f}% of requests{where} ({shares[0]:.1f}% before)"


def _by_model(leaves: Iterable[tuple[LeafKey, Leaf]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key, leaf in leaves:
        counts[key.model] = counts.get(key.model, 0) + leaf.requests
    return counts


def _price(both: _Both, parts: Sequence[Part], _: str | None) -> str:
    model = _largest(parts, lambda part: part.leaf.model)
    usd = [leaf for key, leaf in both.leaves()[1] if key.model == model]
    own, frozen = sum((leaf.own_usd for leaf in usd), ZERO), sum((leaf.frozen_usd for leaf in usd), ZERO)
    change = f" by {100 * float(EXACT.divide(own - frozen, frozen)):+.1f}%" if frozen else ""
    return f"the price of {printable(model or 'a model')} changed{change}; this is no change of yours"


def _markup(both: _Both, parts: Sequence[Part], _: str | None) -> str:
    gateway = _largest(parts, lambda part: part.leaf.gateway)
    pcts = []
    for side in both.leaves():
        leaves = [leaf for key, leaf in side if key.gateway == gateway and not key.is_opaque]
        usd, own = sum((leaf.usd for leaf in leaves), ZERO), sum((leaf.own_usd for leaf in leaves), ZERO)
        pcts.append(100 * float(EXACT.divide(usd - own, own)) if own else 0.0)
    who = f"gateway {printable(gateway)}" if gateway else "the sellers"
    return f"{who} billed {pcts[1]:.1f}% over list ({pcts[0]:.1f}% before)"


def _plain(text: str) -> Telling:
    return lambda _, __, name: f"{text} of {name}" if name else text


def _largest(parts: Sequence[Part], key: Callable[[Part], str | None]) -> str | None:
    sums: dict[str | None, Decimal] = {}
    for part in parts:
        sums[key(part)] = sums.get(key(part), ZERO) + part.usd
    return max(sums, key=lambda one: (abs(sums[one]), one or "")) if sums else None


_TOLD: dict[str, Telling] = {
    "volume": _volume,
    "traffic": _traffic,
    "retries": _retries,
    "failures": _failures,
    "unpriced": _unpriced,
    "models": _models,
    "input": _tokens("grew", INPUT_COUNTERS, "input"),
    "cache": _cache,
    "output": _tokens("grew", ("output_tokens",), "output"),
    "pieces": _plain("web searches and other things priced each changed"),
    "conditions": _plain("other prices of the same models apply (long prompts, batch, service tier, hours)"),
    "price": _price,
    "markup": _markup,
    "opaque": _plain("amounts without a list price to take them apart with changed"),
}
