"""Who includes what: each provider's usage object to the six disjoint token counters. No other module knows.

The most expensive mistake in reading LLM logs is to take a prompt count that includes cached tokens for one that does
not, or the other way round (3 to 100 times wrong on cache-heavy traffic). So each rule is named for its provider and
says in words what that provider's input and output counts include.

A remainder that would be negative is not clamped: that counter stays unknown, the request is kept (`raw_usage` has the
numbers as the log gave them), flagged `inconsistent`, and left out of money.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from llmaudit.request import COUNTERS, Reject, Request

Rule = Literal["inclusive", "exclusive"]
"""Whether an input count includes cached tokens (OpenAI's way) or stands beside them (Anthropic's way)."""

LEAST_EVIDENCE = 20
"""One in so many rows with cached tokens must contradict the inclusive reading before a file is read the other way:
a single damaged row is no proof."""

MAX_TOKENS = 1_000_000_000
"""More tokens than this in one counter of one request is damage, not usage."""


def checked(field: str, value: int | float | None) -> int | None:
    """Return a token count that can be believed.

    Some proxies write whole numbers as `23.0`; those are taken. Fractions, negatives and absurd sizes are rejected:
    a reader that rounds 2.7 to 3 invents tokens.

    Args:
        field: The counter as the log names it, for the reject.
        value: The count, or None where the log has none.

    Raises:
        Reject: Not a whole number of tokens between 0 and `MAX_TOKENS`.
    """
    if value is None:
        return None
    if value.__class__ is int and 0 <= value <= MAX_TOKENS:  # the common case, first: this runs per counter per row
        return value
    if isinstance(value, float):
        if not value.is_integer():
            raise Reject("not-an-integer", field)
        value = int(value)
    if not 0 <= value <= MAX_TOKENS:
        raise Reject("out-of-range", field)
    return value


def openai(
    request: Request,
    *,
    prompt: int | float | None,
    completion: int | float | None,
    cached: int | float | None = None,
    written: int | float | None = None,
    written_5m: int | float | None = None,
    written_1h: int | float | None = None,
    reasoning: int | float | None = None,
) -> None:
    """Fill the counters from an OpenAI-shaped usage object, in place.

    `prompt` includes cached reads and cache writes; `completion` includes reasoning. So do LiteLLM (for every
    provider), OpenRouter and OpenAI-compatible gateways. A write without a lifetime is `cache_write_other`; where the
    parts with a lifetime fall short of `written`, the remainder is of unknown lifetime.

    Args:
        request: Filled in place. `usage_status` becomes reported, missing or inconsistent.
        prompt: All prompt tokens, cached or not.
        completion: All output tokens, reasoning included.
        cached: Prompt tokens read from a cache.
        written: Prompt tokens written to a cache, of any lifetime.
        written_5m: Of those, for 5 minutes.
        written_1h: Of those, for 1 hour.
        reasoning: Output tokens that were reasoning.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    prompt_tokens = checked("prompt_tokens", prompt)
    output_tokens = checked("completion_tokens", completion)
    if prompt_tokens is None and output_tokens is None:
        request.usage_status = "missing"
        return
    read = checked("cached_tokens", cached) or 0
    request.cache_read_tokens = read
    lifetimes_agree = _fill_writes(request, written=written, written_5m=written_5m, written_1h=written_1h)
    request.output_tokens = output_tokens
    request.reasoning_tokens = checked("reasoning_tokens", reasoning)
    if prompt_tokens is None:
        request.usage_status = "inconsistent"
        return
    writes = checked("cache_write_tokens", written) or _sum_of_writes(request)
    remainder = prompt_tokens - read - writes
    fits = remainder >= 0 and lifetimes_agree and _reasoning_fits(request)
    request.input_tokens = remainder if remainder >= 0 else None
    request.usage_status = "reported" if fits and output_tokens is not None else "inconsistent"


def anthropic(
    request: Request,
    *,
    uncached: int | float | None,
    output: int | float | None,
    read: int | float | None = None,
    written: int | float | None = None,
    written_5m: int | float | None = None,
    written_1h: int | float | None = None,
    thinking: int | float | None = None,
) -> None:
    """Fill the counters from an Anthropic usage object (messages API, Claude Code), in place.

    `input_tokens` is the uncached part only: reads and writes stand beside it. `output_tokens` includes thinking.
    `cache_creation_input_tokens` = 5-minute + 1-hour writes where the split is given; a remainder, or all of it where
    there is no split, is of unknown lifetime (`cache_write_other`), and is priced as a range.

    Args:
        request: Filled in place. `usage_status` becomes reported, missing or inconsistent.
        uncached: Prompt tokens that were neither read from nor written to a cache.
        output: All output tokens.
        read: Prompt tokens read from a cache.
        written: Prompt tokens written to a cache.
        written_5m: Of those, for 5 minutes.
        written_1h: Of those, for 1 hour.
        thinking: Output tokens that were thinking.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    request.input_tokens = checked("input_tokens", uncached)
    request.output_tokens = checked("output_tokens", output)
    if request.input_tokens is None and request.output_tokens is None:
        request.usage_status = "missing"
        return
    request.cache_read_tokens = checked("cache_read_input_tokens", read) or 0
    request.reasoning_tokens = checked("thinking_tokens", thinking)
    lifetimes_agree = _fill_writes(request, written=written, written_5m=written_5m, written_1h=written_1h)
    complete = request.input_tokens is not None and request.output_tokens is not None
    fits = complete and lifetimes_agree and _reasoning_fits(request)
    request.usage_status = "reported" if fits else "inconsistent"


class Counts(NamedTuple):
    """The counts of one record as its source gives them, in tokens; None where it gives none."""

    prompt: int | float | None = None
    completion: int | float | None = None
    cached: int | float | None = None
    written: int | float | None = None
    total: int | float | None = None


def excludes_cache(provider: str | None, model: str | None = None) -> bool:
    """Say whether a provider's own input count leaves cached tokens out: Anthropic's does, wherever it is hosted.

    Bedrock's Converse API does so for every model. All others, OpenAI and Google among them, include them.
    """
    names = f"{provider or ''} {model or ''}".lower()
    return "anthropic" in names or "claude" in names or "bedrock" in names


def rules_told_by(rows: Iterable[tuple[str, Counts]]) -> dict[str, Rule]:
    """Return what the counts of a file prove about the input count, by the name they are grouped under.

    Proof of the exclusive reading is a cached part larger than the prompt it would be part of, or a total that is the
    sum of all four. A total of prompt and completion alone proves nothing: some gateways add up so for every provider.

    Args:
        rows: Name (provider and model) and counts of each sampled record.
    """
    proofs: Counter[str] = Counter()
    cached_rows: Counter[str] = Counter()
    for name, (prompt, completion, cached, written, total) in rows:
        beside = (cached or 0) + (written or 0)
        if prompt is None or not beside:
            continue
        cached_rows[name] += 1
        proofs[name] += beside > prompt or (completion is not None and total == prompt + completion + beside)
    return {name: "exclusive" for name, rows in cached_rows.items() if proofs[name] * LEAST_EVIDENCE >= rows}


def passed_through(
    request: Request,
    counts: Counts,
    *,
    provider: str | None,
    model: str | None = None,
    told: Mapping[str, Rule] | None = None,
    written_5m: int | float | None = None,
    written_1h: int | float | None = None,
    reasoning: int | float | None = None,
) -> None:
    """Fill the counters where a gateway hands on what the provider counted, in place.

    So do Portkey, Kong, APISIX and TensorZero. The rule is the one that the file proved for this provider and model
    (`rules_told_by`, by `rule_name`), else the provider's own (`excludes_cache`). A cached count that the source does
    not have stays unknown: it is not zero, and the prompt may hold it.

    Args:
        request: Filled in place.
        counts: As the source has them.
        provider: As the source names it.
        model: As the source names it.
        told: What `rules_told_by` found in the file.
        written_5m: Of the tokens written to a cache, for 5 minutes.
        written_1h: Of those, for 1 hour.
        reasoning: Output tokens that were reasoning.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    rule = (told or {}).get(rule_name(provider, model)) or ("exclusive" if excludes_cache(provider, model) else "inclusive")
    if rule == "exclusive":
        anthropic(
            request,
            uncached=counts.prompt,
            output=counts.completion,
            read=counts.cached,
            written=counts.written,
            written_5m=written_5m,
            written_1h=written_1h,
            thinking=reasoning,
        )
    else:
        openai(
            request,
            prompt=counts.prompt,
            completion=counts.completion,
            cached=counts.cached,
            written=counts.written,
            written_5m=written_5m,
            written_1h=written_1h,
            reasoning=reasoning,
        )
    if counts.cached is None:
        request.cache_read_tokens = None
    if counts.written is None and not written_5m and not written_1h:
        request.cache_write_5m_tokens = request.cache_write_1h_tokens = request.cache_write_other_tokens = None


def summed(
    *, prompt: int | None, completion: int | None, cached: int | None = None, written: int | None = None
) -> dict[str, int | None]:
    """Return the token kinds of a day's sum whose prompt count includes cached tokens (LiteLLM, OpenRouter, Vercel).

    Args:
        prompt: All prompt tokens.
        completion: All output tokens.
        cached: Of the prompt, read from a cache; None where the sum does not say, and then the prompt is `input_all`.
        written: Of the prompt, written to a cache.

    Returns:
        Kind of token to count; None for an uncached part that would be negative.
    """
    if cached is None and written is None:
        return {"input_all": prompt, "output": completion}
    uncached = None if prompt is None else prompt - (cached or 0) - (written or 0)
    return {
        "input": uncached if uncached is None or uncached >= 0 else None,
        "cache_read": cached,
        "cache_write_other": written,
        "output": completion,
    }


def rule_name(provider: str | None, model: str | None) -> str:
    """Return the name that a rule of a file is kept under."""
    return f"{provider or ''}/{model or ''}"


def not_counted(request: Request) -> None:
    """Say that the zeros of a record are no counts, in place: a failure's, or what a gateway writes without knowing.

    Counts that are not zero stay: a failed call may be billed.
    """
    if not any(getattr(request, counter) for counter in COUNTERS):
        request.usage_status = "missing"
        for counter in COUNTERS:
            setattr(request, counter, None)


def _fill_writes(
    request: Request,
    *,
    written: int | float | None,
    written_5m: int | float | None,
    written_1h: int | float | None,
) -> bool:
    """Split cache writes by lifetime; return whether the parts fit into the whole."""
    if not written and not written_5m and not written_1h:
        request.cache_write_5m_tokens = request.cache_write_1h_tokens = request.cache_write_other_tokens = 0
        return True
    whole = checked("cache_write_tokens", written)
    short = checked("cache_write_5m_tokens", written_5m) or 0
    long = checked("cache_write_1h_tokens", written_1h) or 0
    rest = (short + long if whole is None else whole) - short - long
    request.cache_write_5m_tokens = short
    request.cache_write_1h_tokens = long
    request.cache_write_other_tokens = max(rest, 0)
    return rest >= 0


def _sum_of_writes(request: Request) -> int:
    return (
        (request.cache_write_5m_tokens or 0)
        + (request.cache_write_1h_tokens or 0)
        + (request.cache_write_other_tokens or 0)
    )


def _reasoning_fits(request: Request) -> bool:
    return (request.reasoning_tokens or 0) <= (request.output_tokens or 0)
