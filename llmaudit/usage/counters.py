"""The six disjoint token counters of a request, filled according to what the provider's two counts include.

A negative remainder is not clamped: the counter stays unknown, and the request is kept (`raw_usage` has the original
numbers), flagged `inconsistent`, and left out of all money.
"""

from __future__ import annotations

from llmaudit.request import COUNTERS, Reject, Request

MAX_TOKENS = 1_000_000_000
"""More tokens than this in one counter of one request is damage, not usage."""


def checked(field: str, value: int | float | None) -> int | None:
    """Return a plausible token count.

    Some proxies write whole numbers as `23.0`; those are taken. Fractions, negatives and absurd sizes are rejected:
    a reader that rounds 2.7 to 3 invents tokens.

    Args:
        field: The counter as the log names it, for the reject.
        value: The count, or None where the log has none.

    Raises:
        Reject: Not a whole number of tokens between 0 and `MAX_TOKENS`, or no number at all.
    """
    if value is None:
        return None
    if value.__class__ is int and 0 <= value <= MAX_TOKENS:  # the common case, first: this runs per counter per row
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):  # parts of a usage object that are not typed
        raise Reject("wrong-type", field)
    if isinstance(value, float):
        if not value.is_integer():
            raise Reject("not-an-integer", field)
        value = int(value)
    if not 0 <= value <= MAX_TOKENS:
        raise Reject("out-of-range", field)
    return value


def limit(value: object) -> int | None:
    """Return the most output tokens that a caller allowed; what is no such count (-1 for no limit, true) is None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 < value <= MAX_TOKENS else None


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


def stated(
    request: Request,
    *,
    input_: int | float | None,
    output: int | float | None,
    read: int | float | None = None,
    written: int | float | None = None,
    written_5m: int | float | None = None,
    written_1h: int | float | None = None,
    reasoning: int | float | None = None,
    more_input: int | float | None = None,
    input_has_cache: bool,
    output_has_reasoning: bool,
) -> None:
    """Fill the counters of a system that says itself what its two sums include, in place.

    For the agents that write their own counters: Gemini CLI (input with cached, output without thoughts, tool use
    beside both), opencode and Kimi (input without cached), Qwen Code, and column maps, whose writer says so.

    Args:
        request: Filled in place. `usage_status` becomes reported, missing or inconsistent.
        input_: The input count as stated.
        output: The output count as stated.
        read: Tokens read from a cache.
        written: Tokens written to a cache, of any lifetime.
        written_5m: Of those, for 5 minutes.
        written_1h: Of those, for 1 hour.
        reasoning: Output tokens that were reasoning.
        more_input: Uncached input counted beside `input_` (prompts of tools).
        input_has_cache: Whether `input_` includes reads and writes.
        output_has_reasoning: Whether `output` includes reasoning.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    prompt, completion = checked("input", input_), checked("output", output)
    tool_prompt, thinking = checked("tool", more_input) or 0, checked("reasoning", reasoning)
    prompt = prompt + tool_prompt if prompt is not None else None
    if not output_has_reasoning and (completion is not None or thinking):
        completion = (completion or 0) + (thinking or 0)
    writes = {"written": written, "written_5m": written_5m, "written_1h": written_1h}
    if input_has_cache:
        openai(request, prompt=prompt, completion=completion, cached=read, reasoning=thinking, **writes)
    else:
        anthropic(request, uncached=prompt, output=completion, read=read, thinking=thinking, **writes)


def not_counted(request: Request) -> None:
    """Say that the zeros of a record are no counts, in place: a failure's, or what a gateway writes without knowing.

    Counts that are not zero stay: a failed call may be billed.
    """
    if not any(getattr(request, counter) for counter in COUNTERS):
        request.usage_status = "missing"
        for counter in COUNTERS:
            setattr(request, counter, None)


def unsplit(request: Request) -> None:
    """Say that a source cannot see caches and reasoning, in place: those counters are unknown and not zero.

    The prompt then stands whole under `input_tokens`, and its price is an upper bound.
    """
    request.cache_read_tokens = request.reasoning_tokens = None
    request.cache_write_5m_tokens = request.cache_write_1h_tokens = request.cache_write_other_tokens = None


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
