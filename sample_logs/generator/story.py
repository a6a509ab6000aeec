"""Fernleaf in October 2026: which feature calls which model through which gateway, and what goes wrong.

A flagship takes most of the traffic that a budget model could serve: that is the finding these logs are for.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from .clock import SECOND, at
from .prices import FLASH, LUNA, MINI, MINIMAX, MISTRAL, OPUS, ROUTER, SOL, SONNET, Model, Usage
from .shapes import CODE_CONTEXT, CODE_GENERATED, CONV_CONTEXT, CONV_GENERATED, Quantiles, scaled

LITELLM, OPENROUTER, BRIGHTRELAY, DIRECT = "litellm", "openrouter", "brightrelay", "direct"
Mix = tuple[tuple[Model, int], ...]


@dataclass(frozen=True)
class Sizes:
    """Token counts of a feature as a scaled trace: context and generated tokens, with the cacheable prefix."""

    context: Quantiles
    context_pct: int
    generated: Quantiles
    generated_pct: int
    low: int = 120
    high: int = 12_000
    output_high: int = 900
    prefix: int = 0


@dataclass(frozen=True)
class Feature:
    """A feature of the product: its true tier (None: nothing in the logs says), team, sizes and calls by gateway."""

    name: str | None
    tier: int | None
    team: str | None
    sizes: Sizes
    calls: dict[str, tuple[int, Mix]]
    reasoning_pct: int = 0
    streamed_pct: int = 0
    agent: bool = field(default=False)


LABELS = Sizes(CONV_CONTEXT, 360, CODE_GENERATED, 60, output_high=60, prefix=1024)
FIELDS = Sizes(CONV_CONTEXT, 400, CODE_GENERATED, 300, output_high=300, prefix=1024)
THREADS = Sizes(CONV_CONTEXT, 1200, CONV_GENERATED, 110, low=600, high=40_000, output_high=490, prefix=1536)
DRAFTS = Sizes(CONV_CONTEXT, 1050, CONV_GENERATED, 120, low=500, high=40_000, output_high=490, prefix=2048)
ARTICLES = Sizes(CODE_CONTEXT, 760, CONV_GENERATED, 110, low=1_200, high=48_000, output_high=490, prefix=2048)
REVIEWS = Sizes(CONV_CONTEXT, 220, CONV_GENERATED, 110, output_high=490)
DOSSIERS = Sizes(CODE_CONTEXT, 1500, CONV_GENERATED, 900, low=9_000, high=92_000, output_high=7_000, prefix=3072)
QUERIES = Sizes(CODE_CONTEXT, 900, CODE_GENERATED, 2200, low=4_000, high=60_000, output_high=3_000, prefix=4096)
CLAIMS = Sizes(CODE_CONTEXT, 620, CONV_GENERATED, 350, low=3_000, high=48_000, output_high=2_500, prefix=3072)
CONTRACTS = Sizes(CODE_CONTEXT, 1900, CONV_GENERATED, 750, low=12_000, high=95_000, output_high=6_000, prefix=2048)
UNKNOWN = Sizes(CONV_CONTEXT, 420, CONV_GENERATED, 100)

FEATURES: tuple[Feature, ...] = (
    Feature("intent-classify", 0, "support", LABELS, {
        LITELLM: (1950, ((SOL, 66), (LUNA, 20), (FLASH, 14))),
        BRIGHTRELAY: (900, ((SOL, 64), (MINI, 30), (SONNET, 6))),
    }),
    Feature("order-field-extract", 0, "returns", FIELDS, {
        LITELLM: (1550, ((SOL, 62), (LUNA, 20), (MISTRAL, 18))),
        BRIGHTRELAY: (650, ((SOL, 62), (MINI, 30), (SONNET, 8))),
    }),
    Feature("language-detect", 0, "platform", LABELS, {
        LITELLM: (650, ((SOL, 40), (LUNA, 21), (ROUTER, 39))),
        OPENROUTER: (400, ((SOL, 52), (LUNA, 48))),
        BRIGHTRELAY: (300, ((SOL, 55), (MINI, 45))),
    }),
    Feature("ticket-summary", 1, "support", THREADS, {
        LITELLM: (1750, ((SOL, 44), (OPUS, 20), (SONNET, 16), (FLASH, 12), (MISTRAL, 8))),
        OPENROUTER: (500, ((SOL, 62), (LUNA, 38))),
        BRIGHTRELAY: (750, ((SOL, 62), (MINI, 16), (SONNET, 22))),
    }, reasoning_pct=25, streamed_pct=25),
    Feature("reply-draft", 1, "support", DRAFTS, {
        LITELLM: (1350, ((OPUS, 34), (SOL, 30), (SONNET, 22), (MISTRAL, 14))),
        BRIGHTRELAY: (850, ((SOL, 64), (SONNET, 26), (MINI, 10))),
    }, reasoning_pct=30, streamed_pct=70),
    Feature("kb-answer", 1, "growth", ARTICLES, {
        LITELLM: (1450, ((SOL, 58), (SONNET, 16), (FLASH, 16), (MISTRAL, 10))),
        OPENROUTER: (500, ((SOL, 56), (MINIMAX, 44))),
        BRIGHTRELAY: (450, ((SOL, 66), (MINI, 20), (SONNET, 14))),
    }, reasoning_pct=25, streamed_pct=60),
    Feature("review-translate", 1, "growth", REVIEWS, {
        OPENROUTER: (1150, ((SOL, 60), (MINIMAX, 26), (LUNA, 14))),
        BRIGHTRELAY: (250, ((SOL, 60), (MINI, 40))),
    }, reasoning_pct=15),
    Feature("returns-analysis", 2, "returns", DOSSIERS, {
        LITELLM: (430, ((OPUS, 58), (SOL, 42))),
        BRIGHTRELAY: (90, ((SOL, 100),)),
    }, reasoning_pct=320, agent=True),
    Feature("sql-report-agent", 2, "platform", QUERIES, {
        LITELLM: (300, ((SOL, 70), (SONNET, 30))),
        BRIGHTRELAY: (110, ((SOL, 75), (SONNET, 25))),
    }, reasoning_pct=200, agent=True),
    Feature("refund-decision", 3, "returns", CLAIMS, {
        LITELLM: (560, ((OPUS, 64), (SOL, 36))),
        BRIGHTRELAY: (120, ((SOL, 100),)),
    }, reasoning_pct=220),
    Feature("contract-review", 3, "legal", CONTRACTS, {
        LITELLM: (280, ((OPUS, 100),)),
        BRIGHTRELAY: (30, ((SOL, 70), (SONNET, 30))),
    }, reasoning_pct=300),
    Feature("playground", None, "growth", UNKNOWN, {
        OPENROUTER: (450, ((SOL, 58), (LUNA, 22), (MINIMAX, 20))),
    }, reasoning_pct=40, streamed_pct=80),
    Feature(None, None, None, UNKNOWN, {
        LITELLM: (480, ((SOL, 60), (SONNET, 22), (FLASH, 18))),
    }, reasoning_pct=30, streamed_pct=40),
)  # fmt: skip
CODING = Feature("coding-agent", 2, None, UNKNOWN, {}, agent=True)
"""Claude Code: its session files name neither a feature nor a team."""
TIERS: dict[str | None, int | None] = {feature.name: feature.tier for feature in (*FEATURES, CODING)}

FALLBACKS: dict[str, Model] = {
    SOL.name: SONNET, LUNA.name: FLASH, OPUS.name: SOL, SONNET.name: SOL,
    FLASH.name: LUNA, MISTRAL.name: LUNA, ROUTER.name: LUNA,
}  # fmt: skip
"""Where a call goes when its model's provider keeps failing: always another provider."""
STORM_PROVIDER, STORM_START, STORM_END = "openai", at(22, 12), at(22, 18)
"""OpenAI answers a large part of the requests with 429 for six hours."""

OK, RATE_LIMITED, SERVER_ERROR, TIMEOUT, STREAM_CUT, BAD_REQUEST = (
    "ok", "rate_limited", "server_error", "timeout", "stream_cut", "bad_request",
)  # fmt: skip


@dataclass(frozen=True)
class Faults:
    """Chances of failure per attempt, in ten-thousandths; the gateway's time limit; where it falls back to."""

    rate_limited: int
    storm: int
    server_error: int
    timeout: int
    stream_cut: int
    bad_request: int
    limit_ms: int
    fallbacks: dict[str, Model]


@dataclass(frozen=True)
class Attempt:
    """One upstream request of a call."""

    number: int
    start: int
    model: Model
    outcome: str
    duration_ms: int
    ttft_ms: int


def pick(rng: random.Random, mix: Mix) -> Model:
    """A model from a weighted mix."""
    return rng.choices([model for model, _ in mix], [weight for _, weight in mix])[0]


def call_plan(rng: random.Random, gateway: str) -> list[tuple[Feature, Model]]:
    """Feature and model of every call through a gateway, in random order."""
    plan = [
        (feature, pick(rng, mix))
        for feature in FEATURES
        for calls, mix in (feature.calls.get(gateway, (0, ())),)
        for _ in range(calls)
    ]
    rng.shuffle(plan)
    return plan


def attempts(
    rng: random.Random, start: int, model: Model, usage: Usage, faults: Faults, *, streamed: bool
) -> Iterator[Attempt]:
    """The attempts of one call: transient failures are retried at the same provider or fall back to another."""
    for number in range(1, 5):
        outcome = _outcome(rng, start, model, faults, streamed=streamed)
        ttft, whole = _timing(rng, model, usage)
        duration = {OK: whole, STREAM_CUT: (ttft + whole) // 2, TIMEOUT: faults.limit_ms}.get(
            outcome, rng.randrange(60, 900)
        )
        yield Attempt(number, start, model, outcome, duration, ttft)
        chance = rng.random()
        if outcome in (OK, BAD_REQUEST) or chance < 0.08:
            return
        if chance > 0.68 or number == 3:
            if model.name not in faults.fallbacks or number > 3:
                return
            model = faults.fallbacks[model.name]
        start += duration + SECOND // 2 * number + rng.randrange(400)


def _outcome(rng: random.Random, start: int, model: Model, faults: Faults, *, streamed: bool) -> str:
    storm = model.provider == STORM_PROVIDER and STORM_START <= start < STORM_END
    chances = (
        (RATE_LIMITED, faults.storm if storm else faults.rate_limited),
        (SERVER_ERROR, faults.server_error),
        (TIMEOUT, faults.timeout),
        (STREAM_CUT, faults.stream_cut if streamed else 0),
        (BAD_REQUEST, faults.bad_request),
    )
    ticket = rng.randrange(10_000)
    for outcome, chance in chances:
        if ticket < chance:
            return outcome
        ticket -= chance
    return OK


def _timing(rng: random.Random, model: Model, usage: Usage) -> tuple[int, int]:
    noise = 70 + rng.randrange(90)
    ttft = (model.first_token_ms + usage.prompt // 60) * noise // 100
    return ttft, ttft + usage.output * model.token_ms * noise // 100 + 1


def draw_usage(rng: random.Random, feature: Feature, model: Model) -> Usage:
    """Tokens of a request whose text is not in the log; caching as the provider reports it."""
    sizes = feature.sizes
    prompt = scaled(rng, sizes.context, sizes.context_pct, sizes.low, sizes.high)
    visible = scaled(rng, sizes.generated, sizes.generated_pct, 1, sizes.output_high)
    reasoning = visible * feature.reasoning_pct * rng.randrange(20, 160) // 10_000 if model is SOL else 0
    cacheable = sizes.prefix if sizes.prefix and prompt > sizes.prefix + 64 and model is not ROUTER else 0
    chance = rng.random()
    read = cacheable if chance < 0.62 else 0
    writes = cacheable if 0.62 <= chance < 0.80 and model.name in WRITES_REPORTED else 0
    kind = WRITES_REPORTED.get(model.name, "cache_write_other")
    if kind == "cache_write_5m" and rng.random() < 0.2:
        kind = "cache_write_1h"
    split = {"cache_read": read, kind: writes}
    return Usage(input_uncached=prompt - read - writes, output=visible + reasoning, reasoning=reasoning, **split)


WRITES_REPORTED: dict[str, str] = {
    SOL.name: "cache_write_other",
    LUNA.name: "cache_write_other",
    OPUS.name: "cache_write_5m",
    SONNET.name: "cache_write_5m",
}
"""Under which counter a provider reports cache writes; the others report none."""
