"""Request/response lines with text, through the unified gateway Brightrelay, which bakes in exactly ten percent."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from .brightrelay_line import Exchange, line
from .ids import hexadecimal, skewed
from .jsontext import Json, dumps
from .ledger import FAILURE, SUCCESS, LogFile, Request, truncated
from .prices import SOL, SONNET, Model, Usage
from .shapes import arrivals
from .story import BRIGHTRELAY, OK, STREAM_CUT, TIMEOUT, Attempt, Faults, Feature, attempts, call_plan
from .texts import FeatureText, Filled, fill
from .texts_tier0 import INTENT_CLASSIFY, LANGUAGE_DETECT, ORDER_FIELD_EXTRACT
from .texts_tier1 import KB_ANSWER, REPLY_DRAFT, REVIEW_TRANSLATE, TICKET_SUMMARY
from .texts_tier23 import CONTRACT_REVIEW, REFUND_DECISION, RETURNS_ANALYSIS, SQL_REPORT_AGENT
from .tokens import count, count_prompt

MARKUP = Decimal("1.10")
FAULTS = Faults(
    rate_limited=60, storm=3000, server_error=70, timeout=80, stream_cut=180, bad_request=0, limit_ms=30_000,
    fallbacks={SOL.name: SONNET, SONNET.name: SOL},
)  # fmt: skip
UNMETERED_PCT = 17
"""Streamed calls whose client does not ask for usage."""
TEXTS: dict[str | None, FeatureText] = {
    "intent-classify": INTENT_CLASSIFY,
    "order-field-extract": ORDER_FIELD_EXTRACT,
    "language-detect": LANGUAGE_DETECT,
    "ticket-summary": TICKET_SUMMARY,
    "reply-draft": REPLY_DRAFT,
    "kb-answer": KB_ANSWER,
    "review-translate": REVIEW_TRANSLATE,
    "returns-analysis": RETURNS_ANALYSIS,
    "sql-report-agent": SQL_REPORT_AGENT,
    "refund-decision": REFUND_DECISION,
    "contract-review": CONTRACT_REVIEW,
}
REASONING: dict[int | None, tuple[int, int, int]] = {0: (30, 1, 3), 1: (60, 2, 11), 2: (100, 18, 90), 3: (100, 12, 60)}
"""By tier: percent of Sol's answers with hidden reasoning, and its size in blocks of 64 tokens (from, below)."""
TOOL_CALL_TOKENS = 9
"""The name of the called function and its framing."""


@dataclass
class Speakers:
    """Who talks: a session of the same feature is often continued."""

    rng: random.Random
    customers: list[str]
    last: dict[str | None, tuple[str, str]]

    def next(self, feature: Feature) -> tuple[str, str]:
        """User and session of a call."""
        if feature.name not in self.last or self.rng.random() > 0.35:
            customer = self.customers[skewed(self.rng, len(self.customers))]
            self.last[feature.name] = (customer, f"s_{hexadecimal(self.rng, 12)}")
        return self.last[feature.name]


def build() -> list[LogFile]:
    """The gateway's log of the month."""
    rng = random.Random("fernleaf brightrelay 2026-10")
    speakers = Speakers(rng, [f"u_{hexadecimal(rng, 10)}" for _ in range(900)], {})
    plan = call_plan(rng, BRIGHTRELAY)
    log = LogFile("openai_compatible.jsonl.gz")
    exchanges = [
        exchange
        for start, (feature, model) in zip(arrivals(rng, len(plan)), plan, strict=True)
        for exchange in _call(rng, start, feature, model, speakers)
    ]
    exchanges.sort(key=lambda exchange: exchange.request.at)
    for exchange in exchanges:
        log.accept(dumps(line(rng, exchange)), exchange.request)
    _damage(rng, log, exchanges)
    return [log]


def _call(rng: random.Random, start: int, feature: Feature, model: Model, speakers: Speakers) -> Iterator[Exchange]:
    text = TEXTS[feature.name]
    filled = fill(rng, text)
    streamed = rng.randrange(100) < feature.streamed_pct
    unmetered = streamed and rng.randrange(100) < UNMETERED_PCT
    blocks = 0 if unmetered else _reasoning_blocks(rng, feature)
    speaker = speakers.next(feature)
    call_id = f"brc_{hexadecimal(rng, 16)}"
    max_tokens = text.max_tokens if rng.random() < 0.6 else None
    faults = replace(FAULTS, stream_cut=0) if unmetered else FAULTS
    expected = _usage(filled, text, model, filled.reply, blocks)
    for attempt in attempts(rng, start, model, expected, faults, streamed=streamed):
        reply = _delivered(rng, filled.reply, attempt)
        usage = _usage(filled, text, attempt.model, reply, 0 if attempt.outcome == TIMEOUT else blocks)
        request = _request(attempt, feature, call_id, usage, filled, unmetered=unmetered)
        yield Exchange(request, attempt, text, filled, reply, speaker, max_tokens, streamed, unmetered)


def _delivered(rng: random.Random, reply: str, attempt: Attempt) -> str:
    """The whole answer, its first words when the stream was cut, or nothing."""
    if attempt.outcome == STREAM_CUT:
        words = reply.split(" ")
        return " ".join(words[: rng.randrange(1, max(2, len(words)))])
    return reply if attempt.outcome == OK else ""


def _reasoning_blocks(rng: random.Random, feature: Feature) -> int:
    percent, low, below = REASONING[feature.tier]
    return rng.randrange(low, below) if rng.randrange(100) < percent else 0


def _usage(filled: Filled, text: FeatureText, model: Model, reply: str, blocks: int) -> Usage:
    """OpenAI models count exactly as o200k_base does; Claude's own tokenizer takes about a fifth more."""
    extras: list[Json] = [text.schema] if text.schema else []
    prompt = count_prompt(filled.messages, [*extras, *([list(text.tools)] if text.tools else [])])
    output = count(reply) + (TOOL_CALL_TOKENS if filled.call and reply else 0)
    if model is SONNET:
        return Usage(input_uncached=prompt * 121 // 100 + 8, output=output * 121 // 100 + (1 if reply else 0))
    reasoning = 64 * blocks if model is SOL else 0
    return Usage(input_uncached=prompt, output=output + reasoning, reasoning=reasoning)


def _request(
    attempt: Attempt, feature: Feature, call_id: str, usage: Usage, filled: Filled, *, unmetered: bool
) -> Request:
    """Answers, cut streams and timeouts are billed; a 429 or a 5xx is not, and has no usage."""
    served = attempt.outcome in (OK, STREAM_CUT, TIMEOUT)
    silent = unmetered and attempt.outcome == OK
    metered = usage if served and not silent else None
    listed = attempt.model.cost(usage, attempt.start) or Decimal()
    return Request(
        gateway=BRIGHTRELAY,
        model=attempt.model,
        feature=feature,
        at=attempt.start,
        call=call_id,
        attempt=attempt.number,
        status=SUCCESS if attempt.outcome == OK else FAILURE,
        fault=None if attempt.outcome == OK else attempt.outcome,
        usage=metered,
        billed=listed * MARKUP if metered else None,
        hidden=usage if silent else None,
        pii=(("email",) if filled.has_email else ()) + (("phone",) if filled.has_phone else ()),
    )


def _damage(rng: random.Random, log: LogFile, exchanges: list[Exchange]) -> None:
    """Broken lines: exchanges that appear nowhere else, damaged on the way."""
    sound = [exchange for exchange in exchanges if exchange.request.usage and exchange.attempt.outcome == OK]

    def fresh() -> dict[str, Json]:
        exchange = rng.choice(sound)
        other_call = replace(exchange.request, call=f"brc_{hexadecimal(rng, 16)}")
        return line(rng, exchange._replace(request=other_call))

    half = dumps(fresh())
    before, after = half.split('"completion_tokens":', 1)
    half = f'{before}"completion_tokens":12.5,{after.split(",", 1)[1]}'
    log.reject(truncated(dumps(fresh())), "JSON cut off in mid-line", 612)
    log.reject(half, "completion_tokens is 12.5, a count has to be whole", 2048)
    log.reject(dumps(fresh() | {"timestamp": "yesterday, 4pm"}), "timestamp 'yesterday, 4pm' is no time", 3333)
