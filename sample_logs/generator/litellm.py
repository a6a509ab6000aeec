"""LiteLLM_SpendLogs as row_to_json JSONL: a month exported with a hole, and the re-run that overlaps it."""

import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from .clock import SECOND, at
from .ids import base62, hexadecimal, skewed, uuid4
from .jsontext import COMPACT, Json, dumps
from .ledger import FAILURE, SUCCESS, LogFile, Request, truncated
from .litellm_row import ERRORS, Facts, spend_log_row
from .prices import SOL, Model, Usage
from .shapes import arrivals
from .story import FALLBACKS, LITELLM, OK, TIMEOUT, Attempt, Faults, Feature, attempts, call_plan, draw_usage

FAULTS = Faults(
    rate_limited=45, storm=5000, server_error=50, timeout=45, stream_cut=0, bad_request=8, limit_ms=60_000,
    fallbacks=FALLBACKS,
)  # fmt: skip
HOLE_START, HOLE_END = at(15, 12), at(15, 18)
"""The first export broke off here ..."""
RERUN_START = at(15, 6)
"""... and was repeated from here: six hours are in both files."""
CUSTOMERS = 2400
FLUSH_EVERY = 15 * SECOND


class Caller(NamedTuple):
    """Who calls: the session and, in the shop, its customer."""

    session: str
    customer: str


class Row(NamedTuple):
    """A spend log row with the request behind it."""

    columns: dict[str, Json]
    request: Request

    @property
    def text(self) -> str:
        """The line in the export."""
        return dumps(self.columns, COMPACT)


def build() -> list[LogFile]:
    """Both exports."""
    rng = random.Random("fernleaf litellm 2026-10")
    rows = sorted(_rows(rng), key=lambda row: row.request.at)
    month, rerun = LogFile("litellm.jsonl.gz"), LogFile("litellm_overlap.jsonl.gz")
    for row in rows:
        in_hole = HOLE_START <= row.request.at < HOLE_END
        if not in_hole:
            month.accept(row.text, row.request)
        if in_hole:
            rerun.accept(row.text, row.request)
        elif RERUN_START <= row.request.at < HOLE_START:
            rerun.duplicate(row.text, "exported before")
    _damage(rng, month, rerun, rows)
    return [month, rerun]


def _rows(rng: random.Random) -> Iterator[Row]:
    customers = [f"c_{hexadecimal(rng, 10)}" for _ in range(CUSTOMERS)]
    plan = call_plan(rng, LITELLM)
    callers: dict[str, Caller] = {}
    for start, (feature, model) in zip(arrivals(rng, len(plan)), plan, strict=True):
        channel = str(feature.name) if feature.agent or feature.team is None else "shop"
        if channel not in callers or rng.random() < 0.5:
            customer = customers[skewed(rng, CUSTOMERS)] if channel == "shop" else ""
            callers[channel] = Caller(uuid4(rng), customer)
        yield from _call(rng, start, feature, model, callers[channel])


def _call(rng: random.Random, start: int, feature: Feature, model: Model, caller: Caller) -> Iterator[Row]:
    usage = draw_usage(rng, feature, model)
    streamed = rng.randrange(100) < feature.streamed_pct
    call_id = uuid4(rng)
    group = _group(rng, model)
    tries = list(attempts(rng, start, model, usage, FAULTS, streamed=streamed))
    per_model = Counter(attempt.model.name for attempt in tries)
    for attempt in tries:
        fell_back = attempt.model is not model
        request = _request(attempt, feature, usage if not fell_back else _elsewhere(usage, attempt.model), call_id)
        facts = Facts(
            request_id=_request_id(rng, attempt),
            session_id=caller.session,
            end_user=caller.customer,
            model=_model_name(rng, attempt.model),
            model_group=attempt.model.short if fell_back else group,
            original_model_group=group if fell_back else None,
            attempted_retries=per_model[attempt.model.name] - 1,
            error=rng.choice(ERRORS[attempt.outcome]) if attempt.outcome != OK else None,
            created_at=_flushed(attempt.start + attempt.duration_ms),
            streamed=streamed,
        )
        yield Row(spend_log_row(request, attempt, facts), request)


def _flushed(end: int) -> int:
    """Rows reach the database in batches, all rows of a batch with one time."""
    return end - end % FLUSH_EVERY + FLUSH_EVERY + 137


def _request(attempt: Attempt, feature: Feature, usage: Usage, call_id: str) -> Request:
    """Failures are logged with nothing spent; a timed-out prompt was read, and billed, by the provider all the same."""
    ok = attempt.outcome == OK
    timed_out = attempt.outcome == TIMEOUT and attempt.model.rates
    return Request(
        gateway=LITELLM,
        model=attempt.model,
        feature=feature,
        at=attempt.start,
        call=call_id,
        attempt=attempt.number,
        status=SUCCESS if ok else FAILURE,
        fault=None if ok else attempt.outcome,
        usage=usage if ok else None,
        billed=(attempt.model.cost(usage, attempt.start) or Decimal()) if ok else Decimal(),
        hidden=Usage(input_uncached=usage.prompt) if timed_out else None,
    )


def _elsewhere(usage: Usage, model: Model) -> Usage:
    """The same call at another provider: nothing cached there, reasoning only where the model reasons."""
    reasoning = usage.reasoning if model is SOL else 0
    return Usage(input_uncached=usage.prompt, output=usage.output - usage.reasoning + reasoning, reasoning=reasoning)


def _group(rng: random.Random, model: Model) -> str:
    """Part of the clients ask for an alias, the others for the model."""
    alias = {"flagship": "smart", "budget": "fast"}.get(model.grade)
    return alias if alias and rng.random() < 0.45 else model.short


def _model_name(rng: random.Random, model: Model) -> str:
    """With or without the provider prefix, as the deployment was written down."""
    if not model.rates:
        return model.name
    prefix = "gemini" if model.provider == "google" else model.provider
    return f"{prefix}/{model.short}" if rng.random() < 0.35 else model.short


def _request_id(rng: random.Random, attempt: Attempt) -> str:
    if attempt.outcome != OK:
        return uuid4(rng)
    if attempt.model.provider == "mistral":
        return hexadecimal(rng, 32)
    return f"chatcmpl-{uuid4(rng)}" if attempt.model.provider != "openai" else f"chatcmpl-{base62(rng, 29)}"


def _damage(rng: random.Random, month: LogFile, rerun: LogFile, rows: list[Row]) -> None:
    """Broken lines: rows of requests that appear nowhere else, damaged on the way."""

    def fresh() -> dict[str, Json]:
        columns = dict(rng.choice([row for row in rows[:4000] if row.request.status == SUCCESS]).columns)
        return columns | {"request_id": f"chatcmpl-{base62(rng, 29)}", "litellm_call_id": uuid4(rng)}

    month.reject(truncated(dumps(fresh())), "JSON cut off in mid-line", 1530)
    month.reject(dumps(fresh() | {"prompt_tokens": -5}), "prompt_tokens is -5, a count cannot be negative", 4211)
    month.reject(
        dumps(fresh() | {"startTime": "2026-10-32T25:61:00"}), "startTime 2026-10-32T25:61:00 is no time", 7302
    )
    month.reject(truncated(dumps(fresh())), "JSON cut off in mid-line", 9847)
    rerun.reject(truncated(dumps(fresh())), "JSON cut off in mid-line", 77)
