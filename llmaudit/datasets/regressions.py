"""Simulated logs with a planted change: what `llmaudit check` has to name, and where it must not raise a false alarm.

There are twenty templates in five features, used by people who differ in how often and how much they ask. A change is
planted by scaling one property of the same world, so its true cause, template, model and feature are known. A draw can
be reduced in memory (a thousand runs take a minute) or written as a log for the command line; a test checks that both
agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmaudit.arrays import Ints

FEATURES = ("classify", "extract", "summarise", "support-chat", "draft")
TEMPLATES = 20
MODELS = ("openai/gpt-4.1-mini", "openai/gpt-4.1", "openai/gpt-4o", "openai/o1")
MODEL_OF_FEATURE = (0, 0, 1, 1, 2)
SWAPPED_FROM, SWAPPED_TO = 1, 3
CACHED_FEATURE = 3
START = datetime(2026, 10, 1)  # noqa: DTZ001 -- naive UTC, as everywhere

USD_PER_MILLION = {
    "openai/gpt-4.1-mini": ("0.4", "0.1", "1.6"),
    "openai/gpt-4.1": ("2", "0.5", "8"),
    "openai/gpt-4o": ("2.5", "1.25", "10"),
    "openai/o1": ("15", "7.5", "60"),
}
"""Input, cache read and output: the catalog's prices of these models in October 2026; a test compares them."""

PROMPT_SPREAD, OUTPUT_SPREAD, USER_SPREAD = 0.5, 0.7, 0.15
PROMPT_MEDIANS = np.geomspace(200, 3000, TEMPLATES)
OUTPUT_MEDIANS = np.geomspace(400, 60, TEMPLATES)


@dataclass(frozen=True)
class World:
    """What is true of a log.

    Attributes:
        calls: Calls of the application.
        users: Users, who ask unequally.
        days: Days over which they ask.
        prompt: Factor on the input tokens of each template; of all where it has one entry.
        output: Factor on the output tokens of all.
        swapped: Share of the calls of the middle model that an expensive one answers.
        retried: Share of calls whose first attempt failed after its prompt was read, and was paid.
        cache_hits: Share of the cached feature's calls that read their prefix from the cache.
        price: Factor on the price of the middle model.
    """

    calls: int = 20_000
    users: int = 800
    days: int = 7
    prompt: Mapping[int, float] | None = None
    output: float = 1.0
    swapped: float = 0.0
    retried: float = 0.02
    cache_hits: float = 0.7
    price: float = 1.0


@dataclass(frozen=True)
class Change:
    """A planted change.

    Attributes:
        name: For tables.
        apply: Makes the changed world.
        cause: What must be named first; None: nothing may be.
        subject: A word that the first line must hold.
    """

    name: str
    apply: Callable[[World], World]
    cause: str | None
    subject: str = ""


GROWN = 11
"""The template that grows: one of the four that summarise."""

CHANGES: tuple[Change, ...] = (
    Change(
        "+5% input tokens in one template of twenty",
        lambda world: replace(world, prompt={GROWN: 1.05}),
        "input",
        f"template {GROWN}",
    ),
    Change("a dear model for 2% of the traffic", lambda world: replace(world, swapped=0.06), "models", "o1"),
    Change("retries doubled", lambda world: replace(world, retried=2 * world.retried), "retries"),
    Change(
        "a cache that stopped hitting",
        lambda world: replace(world, cache_hits=0.0),
        "cache",
        FEATURES[CACHED_FEATURE],
    ),
    Change("a price change only", lambda world: replace(world, price=1.1), "price", "gpt-4.1"),
    Change("pure noise", lambda world: world, None),
    Change("volume doubled", lambda world: replace(world, calls=2 * world.calls), "volume"),
)


@dataclass(frozen=True)
class Requests:
    """A draw: one entry a request.

    Attributes:
        world: What it was drawn from.
        call: Number of the call.
        user: Number of the user.
        template: Number of the template.
        model: Index into `MODELS`.
        superseded: Whether the attempt failed and was tried again.
        uncached: Input tokens at the ordinary price.
        read: Input tokens read from a cache.
        output: Output tokens.
        second: Seconds after the start.
    """

    world: World
    call: Ints
    user: Ints
    template: Ints
    model: Ints
    superseded: NDArray[np.bool_]
    uncached: Ints
    read: Ints
    output: Ints
    second: Ints

    def __len__(self) -> int:
        return len(self.call)


def feature_of(template: Ints) -> Ints:
    """Return the feature of templates: four each."""
    return template * len(FEATURES) // TEMPLATES


def simulate(world: World, rng: np.random.Generator) -> Requests:
    """Draw a log. The number of calls is itself a Poisson draw about the world's."""
    n = int(rng.poisson(world.calls))
    weights = rng.lognormal(0.0, 0.6, world.users)
    user = rng.choice(world.users, n, p=weights / weights.sum()).astype(np.int64)
    template = rng.integers(0, TEMPLATES, n)
    length = np.exp(USER_SPREAD * rng.normal(size=world.users))[user]
    prompt = PROMPT_MEDIANS[template] * length * np.exp(PROMPT_SPREAD * rng.normal(size=n))
    for one, factor in (world.prompt or {}).items():
        prompt = np.where((template == one) | (one < 0), prompt * factor, prompt)
    output = world.output * OUTPUT_MEDIANS[template] * length * np.exp(OUTPUT_SPREAD * rng.normal(size=n))
    feature = feature_of(template)
    model = np.array(MODEL_OF_FEATURE)[feature]
    model = np.where((model == SWAPPED_FROM) & (rng.random(n) < world.swapped), SWAPPED_TO, model)
    hits = (feature == CACHED_FEATURE) & (rng.random(n) < world.cache_hits)
    whole = np.maximum(np.rint(prompt), 1).astype(np.int64)
    read = np.where(hits, whole * 4 // 5, 0)
    first = Requests(
        world, np.arange(n), user, template, model, np.zeros(n, bool), whole - read, read,
        np.maximum(np.rint(output), 1).astype(np.int64), rng.integers(0, world.days * 86_400 - 600, n),
    )  # fmt: skip
    return _with_retries(first, rng)


def _with_retries(first: Requests, rng: np.random.Generator) -> Requests:
    """Put a failed attempt before some calls: it read the prompt, and broke off before the answer."""
    failed = np.flatnonzero(rng.random(len(first)) < first.world.retried)
    names = ("call", "user", "template", "model", "uncached", "read", "output", "second")
    columns = {name: np.concatenate([getattr(first, name)[failed], getattr(first, name)]) for name in names}
    columns["output"][: len(failed)] = 0
    columns["second"][len(failed) :] += 5
    superseded = np.arange(len(columns["call"])) < len(failed)
    return Requests(first.world, superseded=superseded, **columns)


def template_name(template: int) -> str:
    """Return the fingerprint that stands for a template: sixteen hexadecimal digits that begin with its number."""
    return f"{template:02d}" + "0" * 14


def factors_of(world: World, model: int) -> tuple[Decimal, Decimal, Decimal]:
    """Return US dollars per token of input, cache read and output in a world."""
    factor = Decimal(str(world.price)) if model == SWAPPED_FROM else Decimal(1)
    first, read, output = (Decimal(usd) * factor / 1_000_000 for usd in USD_PER_MILLION[MODELS[model]])
    return first, read, output


def records(requests: Requests, name: str) -> Iterator[dict[str, Any]]:
    """Yield a draw as JSON lines for the column map `LOG_MAP`, in order of time.

    Args:
        requests: The draw.
        name: Begins every request id, so that two draws can lie in one database.
    """
    for i in np.lexsort((~requests.superseded, requests.second)):
        at = START + timedelta(seconds=int(requests.second[i]))
        ended = at + timedelta(milliseconds=500 + 10 * int(requests.output[i]))
        yield {
            "id": f"{name}-{requests.call[i]}-{int(not requests.superseded[i])}",
            "call": f"{name}-{requests.call[i]}",
            "at": at.isoformat() + "Z",
            "ended": ended.isoformat() + "Z",
            "seller": "openai",
            "model": MODELS[requests.model[i]].partition("/")[2],
            "status": "error" if requests.superseded[i] else "ok",
            "user": f"user-{requests.user[i]}",
            "feature": FEATURES[int(feature_of(requests.template[i : i + 1])[0])],
            "tier": 1,
            "input": int(requests.uncached[i]),
            "read": int(requests.read[i]),
            "output": int(requests.output[i]),
        }


LOG_MAP = """\
name: simulated
columns:
  request_id: id
  call_id: call
  started_at: at
  ended_at: ended
  seller: seller
  model: model
  status: status
  user_id: user
  feature: feature
  stated_tier: tier
  input_tokens: input
  cache_read_tokens: read
  output_tokens: output
input_includes_cached: false
"""
"""Reads what `records` yields; a log names no template, so the command line compares features."""
