"""Routing plans as people write them in YAML: rules that say where each request would go, under which assumptions.

`llmaudit.plans.checking` refuses what types alone cannot, `llmaudit.plans.matching` applies the conditions.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from llmaudit.money import ZERO, parse_decimal

DIRECT = "direct"
"""The `via` that means no gateway: the provider's own list price."""

CHEAPEST = "cheapest"
"""The `use` that takes, for each cell, the cheapest of the models in `among` that can serve it."""

SAME, MAIN = "same", "main"
"""In `among`: the class of the model that serves the request now; the maker most is spent on now."""

Tier = Annotated[int, msgspec.Meta(ge=0, le=3)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Need = Literal["tools", "json", "images"]
Class = Literal["flagship", "mid", "budget"]
Status = Literal["ok", "error", "cancelled"]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every plan shape: immutable, and a misspelt key is an error."""


class Size(_Strict, frozen=True):
    """Prompt sizes, in tokens of all five input counters; a bound has to be an edge of a prompt band.

    Attributes:
        at_least: The smallest prompt; None is none.
        at_most: The largest prompt; None is none.
    """

    at_least: Count | None = None
    at_most: Count | None = None

    def __post_init__(self) -> None:
        """Refuse a size that no prompt has."""
        if self.at_least is None and self.at_most is None:
            raise ValueError("`size` needs `at_least` or `at_most`")
        if self.at_most is not None and (self.at_least or 0) > self.at_most:
            raise ValueError(f"`size` is at least {self.at_least} and at most {self.at_most}, which no prompt is")


class When(_Strict, frozen=True):
    """What a rule applies to; all that are given must hold, a list means any of its values.

    Attributes:
        tier: Tiers 0 to 3. A request of unknown tier matches no rule that names tiers.
        task: Kind of task.
        model: Canonical model it runs on now.
        model_class: flagship, mid or budget, of the model it runs on now.
        provider: Maker of the model it runs on now, or `main`: the one most is spent on.
        gateway: Gateway it goes through now.
        feature: Product feature.
        team: Team.
        needs: Capabilities it needs; all that are listed.
        pii: Whether its prompt holds personal data.
        size: Size of its prompt.
        status: How it ended: ok, error or cancelled.
        batch: Whether it went through a batch interface.
        cached_share: The part of a cell's prompt tokens that was read from a cache is at most this.
    """

    tier: Tier | list[Tier] | None = None
    task: str | list[str] | None = None
    model: str | list[str] | None = None
    model_class: Class | list[Class] | None = None
    provider: str | list[str] | None = None
    gateway: str | list[str] | None = None
    feature: str | list[str] | None = None
    team: str | list[str] | None = None
    needs: Need | list[Need] | None = None
    pii: bool | None = None
    size: Size | None = None
    status: Status | list[Status] | None = None
    batch: bool | None = None
    cached_share: Decimal | None = None


class Verify(_Strict, frozen=True):
    """A second pass over the answer: a ratio of the answer's own cost, or a model that reads prompt and answer.

    Attributes:
        cost_ratio: Cost of the pass as a share of the request's own cost.
        use: The model that verifies.
        share: Share of requests that are verified.
        input: What the model reads: prompt and answer, or the answer alone.
        instruction_tokens: Tokens of its instructions, read each time.
        output_tokens: Tokens of the verdict.
    """

    cost_ratio: Decimal | None = None
    use: str | None = None
    share: Decimal = Decimal(1)
    input: Literal["prompt-and-answer", "answer"] = "prompt-and-answer"
    instruction_tokens: Count = 0
    output_tokens: Count = 100


class Assume(_Strict, frozen=True):
    """What is assumed of the target model. What is not stated is measured where the data allow it, else from a table.

    Attributes:
        token_ratio: Its input tokens per token of the current model, on the same text.
        output_ratio: Its output tokens per output token of the current model, thoughts included.
        reasoning_ratio: Its tokens of thought per token of answer.
        retry_rate: Share of its attempts that fail and are tried again.
        retries: How often a failed attempt is repeated before the next model of the chain is tried.
        cache: What becomes of tokens that are read from a cache now: `kept`, `lost`, or the share that is kept.
    """

    token_ratio: Decimal | None = None
    output_ratio: Decimal | None = None
    reasoning_ratio: Decimal | None = None
    retry_rate: Decimal | None = None
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    cache: str | None = None

    def __post_init__(self) -> None:
        """Refuse a cache that is neither a word nor a share."""
        if self.cache is not None and not ZERO <= self.lost_share <= 1:
            raise ValueError(f"`cache` is {self.cache}; it must be kept, lost, or a share from 0 to 1")

    @property
    def lost_share(self) -> Decimal:
        """The share of cached tokens that has to be read anew.

        Raises:
            ValueError: `cache` is no word that is known, and no number.
        """
        words = {None: ZERO, "kept": ZERO, "sticky": ZERO, "lost": Decimal(1)}
        if self.cache in words:
            return words[self.cache]
        try:
            return 1 - parse_decimal(str(self.cache))
        except ValueError:
            raise ValueError(f"`cache` is {self.cache}; it must be kept, lost, or a share from 0 to 1") from None


class Among(_Strict, frozen=True):
    """The models `use: cheapest` chooses from; all that are given must hold.

    Attributes:
        model_class: flagship, mid, budget, or `same`: the class of the model that serves the request now.
        provider: Makers, or `main`: the one most is spent on now.
        open_weights: Models whose weights are published.
        models: These models.
    """

    model_class: Literal["flagship", "mid", "budget", "same"] | list[Class] | None = None
    provider: str | list[str] | None = None
    open_weights: bool | None = None
    models: list[str] = []


class Rule(_Strict, frozen=True):
    """Where matching requests go: `keep: true`, or `use: provider/model`.

    Attributes:
        when: What it applies to; everything where empty.
        keep: Leave the model as it is.
        use: Send to this model; `cheapest` takes the cheapest of `among` that can serve the cell.
        among: What `use: cheapest` chooses from.
        via: Through this gateway (its fees are added), or `direct` for the provider itself.
        batch: Through the batch interface, at its price.
        fallback: Models to try next, in order, for calls that the first one never answers.
        verify: A second pass over the answer.
        assume: What is assumed of the target.
        note: For readers.
    """

    when: When = When()
    keep: bool = False
    use: str | None = None
    among: Among | None = None
    via: str | None = None
    batch: bool = False
    fallback: list[str] = []
    verify: Verify | None = None
    assume: Assume = Assume()
    note: str | None = None


class Constraints(_Strict, frozen=True):
    """What a plan has to hold; the first four keep requests from moving, the others are judged and reported.

    Attributes:
        providers: Makers of models that may be used.
        sellers: Sellers that may be paid.
        pii_self_hosted: A request with personal data moves to nothing but a model one hosts oneself.
        needs_known: A request that needs tools, JSON or images moves only to a model known to have them.
        quality_floor: Least mean outcome of moved requests, in the unit of the outcomes (`plan optimize`, evals.md).
        latency_p95_ms: Most milliseconds that 95% of the answers of a model may take.
        cost_per_request_usd: Most US dollars a request may cost on average.
        max_models: Most models in use.
    """

    providers: list[str] = []
    sellers: list[str] = []
    pii_self_hosted: bool = False
    needs_known: bool = False
    quality_floor: Decimal | None = None
    latency_p95_ms: Positive | None = None
    cost_per_request_usd: Decimal | None = None
    max_models: Positive | None = None


class Plan(_Strict, frozen=True):
    """A plan. The first rule that matches a request decides; a request that none matches stays as it is.

    Attributes:
        name: Its name.
        title: One line for tables.
        description: What it does and when it makes sense.
        rules: In order.
        via: Gateway for every request, kept ones too, unless its rule says otherwise.
        constraints: What it has to hold.
    """

    name: str
    rules: list[Rule]
    title: str = ""
    description: str = ""
    via: str | None = None
    constraints: Constraints = Constraints()


def listed(value: object) -> list[object]:
    """Return what a condition names, one or several, as a list."""
    return [] if value is None else list(value) if isinstance(value, list) else [value]
