"""Who includes what: each provider's usage object to the six disjoint token counters. No other module knows.

The most expensive mistake in reading LLM logs is to take a prompt count that includes cached tokens for one that does
not, or the other way round (3 to 100 times wrong on cache-heavy traffic). So each rule is named for its provider and
says in words what that provider's input and output counts include.

A remainder that would be negative is not clamped: that counter stays unknown, the request is kept (`raw_usage` has the
numbers as the log gave them), flagged `inconsistent`, and left out of money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from llmaudit.request import COUNTERS, Reject, Request

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


def excludes_cache(provider: str | None, model: str | None = None) -> bool:
    """Say whether a provider's own input count leaves cached tokens out: Anthropic's does, wherever it is hosted.

    Bedrock's Converse API does so for every model. All others, OpenAI and Google among them, include them.
    """
    names = f"{provider or ''} {model or ''}".lower()
    return "anthropic" in names or "claude" in names or "bedrock" in names


def usual_rule(provider: str | None, model: str | None = None) -> Rule:
    """Return the rule of a provider's own counts, where a gateway hands them on under names of its own."""
    return CACHE_APART if excludes_cache(provider, model) else INSIDE


def rule_name(provider: str | None, model: str | None) -> str:
    """Return the name under which the records of a provider and model are studied."""
    return f"{provider or 'unknown'} {model or 'unknown'}"


def passed_through(
    request: Request, reading: Reading, *, provider: str | None, model: str | None = None, study: object = None
) -> None:
    """Fill the counters where a gateway hands on what the provider counted, in place.

    So do Portkey, Kong, APISIX, TensorZero and Cloudflare. The rule is the one that the file proves for this provider
    and model, else the provider's own. A cached count that the source does not have stays unknown: it is not zero, and
    the prompt may hold it.

    Args:
        request: Filled in place.
        reading: The counts as the gateway names them.
        provider: As the gateway names it.
        model: As the gateway names it.
        study: What `studied` found in the file, by `rule_name`.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    rule = rule_for(study, rule_name(provider, model), usual_rule(provider, model))
    by_rule(request, reading, rule)
    if reading.read is None:
        request.cache_read_tokens = None
    if reading.written is None and not reading.written_5m and not reading.written_1h:
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


def not_counted(request: Request) -> None:
    """Say that the zeros of a record are no counts, in place: a failure's, or what a gateway writes without knowing.

    Counts that are not zero stay: a failed call may be billed.
    """
    if not any(getattr(request, counter) for counter in COUNTERS):
        request.usage_status = "missing"
        for counter in COUNTERS:
            setattr(request, counter, None)


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
    sent, made = checked("input", input_), checked("output", output)
    beside, thought = checked("tool", more_input) or 0, checked("reasoning", reasoning)
    sent = sent + beside if sent is not None else None
    if not output_has_reasoning and (made is not None or thought):
        made = (made or 0) + (thought or 0)
    writes = {"written": written, "written_5m": written_5m, "written_1h": written_1h}
    if input_has_cache:
        openai(request, prompt=sent, completion=made, cached=read, reasoning=thought, **writes)
    else:
        anthropic(request, uncached=sent, output=made, read=read, thinking=thought, **writes)


def uncached(whole: Decimal | None, *cached: Decimal | None) -> Decimal | None:
    """Return the uncached part of an input sum that includes cached reads and writes (OpenAI's usage exports).

    None where the sum is unknown, or smaller than its parts: an export of a contradiction is not mended.
    """
    if whole is None:
        return None
    rest = whole - sum(part for part in cached if part is not None)
    return rest if rest >= 0 else None


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


class Rule(NamedTuple):
    """What stands beside the prompt and output counts rather than inside them."""

    cache_apart: bool
    reasoning_apart: bool


INSIDE = Rule(cache_apart=False, reasoning_apart=False)
"""OpenAI's way, which most gateways and tracing conventions follow: prompt + completion is everything."""

REASONING_APART = Rule(cache_apart=False, reasoning_apart=True)
"""Gemini's and xAI's way."""

CACHE_APART = Rule(cache_apart=True, reasoning_apart=False)
"""Anthropic's and Bedrock's way."""

LEAST_TO_CONTRADICT = 3
"""So many records must contradict a source's usual rule before a file is read by another: a damaged row is no proof."""


class Reading(NamedTuple):
    """The counts of one record as its source names them, before anyone decides what includes what; None is absent."""

    prompt: int | float | None = None
    completion: int | float | None = None
    total: int | float | None = None
    read: int | float | None = None
    written: int | float | None = None
    reasoning: int | float | None = None
    written_5m: int | float | None = None
    written_1h: int | float | None = None


class Told(NamedTuple):
    """What one record's numbers tell: whether cached tokens and reasoning stand apart (None: they do not tell)."""

    cache_apart: bool | None = None
    reasoning_apart: bool | None = None
    fits: bool = True
    """False where the record's own total fits no rule at all."""


class Ruling(NamedTuple):
    """What the sampled records of one name (a model, a provider) tell; counts of records."""

    seen: int = 0
    cache_apart: int = 0
    reasoning_apart: int = 0
    reasoning_inside: int = 0
    unfit: int = 0

    def rule(self, usual: Rule) -> Rule:
        """Return the rule that the records prove, and the usual one in what they do not."""
        contradicts = self.reasoning_inside if usual.reasoning_apart else self.reasoning_apart
        agrees = self.reasoning_apart if usual.reasoning_apart else self.reasoning_inside
        turned = contradicts >= LEAST_TO_CONTRADICT and contradicts > agrees
        return Rule(usual.cache_apart or self.cache_apart >= LEAST_TO_CONTRADICT, usual.reasoning_apart is not turned)

    def contradictions(self, name: str, usual: Rule) -> list[str]:
        """Return a sentence, with numbers, for each way in which the records contradict the usual rule."""
        said = []
        rule = self.rule(usual)
        if self.cache_apart and not usual.cache_apart:
            how = "is read so" if rule.cache_apart else "they are too few to read the file so"
            said.append(
                f"{self.cache_apart} of {self.seen} records of {name} count cached tokens beside the prompt; {how}"
            )
        contradicting = self.reasoning_inside if usual.reasoning_apart else self.reasoning_apart
        if contradicting:
            where = "inside" if usual.reasoning_apart else "beside"
            how = (
                "is read so"
                if rule != Rule(rule.cache_apart, usual.reasoning_apart)
                else "they are outvoted or too few"
            )
            said.append(f"{contradicting} of {self.seen} records of {name} count reasoning {where} the output; {how}")
        if self.unfit:
            said.append(f"{self.unfit} of {self.seen} records of {name} state a total that fits no rule")
        return said


def told_by(reading: Reading) -> Told:
    """Return what a record's numbers tell of its source's way of counting.

    The identity is the record's own total: prompt + completion, and what stands apart. A total of prompt + completion
    proves that reasoning is inside, but nothing about a cache: some systems add up so for every provider. A part that
    is larger than the whole it would be part of stands apart, whatever the total.
    """
    prompt, completion, total = reading.prompt, reading.completion, reading.total
    if prompt is None or completion is None:
        return Told()
    cache, thought = (reading.read or 0) + (reading.written or 0), reading.reasoning or 0
    told_cache = True if cache > prompt else None
    told_thought = True if thought > completion else None
    if total is None:
        return Told(told_cache, told_thought)
    beside = total - prompt - completion
    if beside == 0:
        return Told(told_cache, told_thought or (False if thought else None))
    if cache == thought and beside == cache:
        return Told(told_cache, told_thought)
    if beside not in {thought, cache, thought + cache}:
        return Told(fits=False)
    return Told(beside != thought or told_cache, told_thought or (beside != cache if thought else None))


class Study(NamedTuple):
    """What a file's sample told, by the name records are grouped under (`Format.study` returns it)."""

    rulings: Mapping[str, Ruling]
    usual: Mapping[str, Rule]

    def rule(self, name: str, usual: Rule) -> Rule:
        """Return the rule for records of a name: what the sample proves, and what is usual where it proves nothing."""
        return self.rulings[name].rule(usual) if name in self.rulings else usual

    def warnings(self) -> list[str]:
        """Return a sentence, with numbers, for each contradiction."""
        return [
            said
            for name, ruling in sorted(self.rulings.items())
            for said in ruling.contradictions(name, self.usual[name])
        ]


def studied(readings: Iterable[tuple[str, Rule, Reading]]) -> Study:
    """Return what the sampled records of a file tell.

    Args:
        readings: For each record the name it is grouped under (its model), the usual rule for it, and its counts.
    """
    rulings: dict[str, Ruling] = {}
    usual: dict[str, Rule] = {}
    for name, rule, reading in readings:
        told, so_far = told_by(reading), rulings.get(name, Ruling())
        usual[name] = rule
        rulings[name] = Ruling(
            so_far.seen + 1,
            so_far.cache_apart + (told.cache_apart is True),
            so_far.reasoning_apart + (told.reasoning_apart is True),
            so_far.reasoning_inside + (told.reasoning_apart is False),
            so_far.unfit + (not told.fits),
        )
    return Study(rulings, usual)


def rule_for(study: object, name: str, usual: Rule) -> Rule:
    """Return the rule for a record: by the file's study where there is one, else the usual one."""
    return study.rule(name, usual) if isinstance(study, Study) else usual


def warnings_of(study: object) -> list[str]:
    """Return the contradictions that a file's study found; other formats study other things."""
    return study.warnings() if isinstance(study, Study) else []


def by_rule(request: Request, reading: Reading, rule: Rule) -> None:
    """Fill the counters by a rule, in place.

    Args:
        request: Filled in place. `usage_status` becomes reported, missing or inconsistent.
        reading: The counts as the source has them.
        rule: What stands apart in them (`Study.rule`: what the file proves, else what is usual for the source).

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    output = checked("completion_tokens", reading.completion)
    thought = checked("reasoning_tokens", reading.reasoning)
    if rule.reasoning_apart and (output is not None or thought):
        output = (output or 0) + (thought or 0)
    if rule.cache_apart:
        anthropic(
            request,
            uncached=reading.prompt,
            output=output,
            read=reading.read,
            written=reading.written,
            written_5m=reading.written_5m,
            written_1h=reading.written_1h,
            thinking=thought,
        )
        return
    openai(
        request,
        prompt=reading.prompt,
        completion=output,
        cached=reading.read,
        written=reading.written,
        written_5m=reading.written_5m,
        written_1h=reading.written_1h,
        reasoning=thought,
    )


def gemini(
    prompt: int | float | None,
    candidates: int | float | None,
    *,
    cached: int | float | None = None,
    thoughts: int | float | None = None,
    tool_prompt: int | float | None = None,
    total: int | float | None = None,
) -> Reading:
    """Return Gemini's own usage object as a reading, whose usual rule is `REASONING_APART`.

    `promptTokenCount` includes what was read from a cache; prompts of tools stand beside it and are billed as input.
    `candidatesTokenCount` excludes thoughts, and is left out where everything was thought or blocked: then it is none.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    sent = checked("promptTokenCount", prompt)
    tools = checked("toolUsePromptTokenCount", tool_prompt) or 0
    made = checked("candidatesTokenCount", candidates)
    if made is None and sent is not None:
        made = 0
    return Reading(None if sent is None else sent + tools, made, total, cached, None, thoughts)


def unsplit(request: Request) -> None:
    """Say that a source cannot see caches and reasoning, in place: those counters are unknown and not zero.

    The prompt then stands whole under `input_tokens`, and its price is an upper bound.
    """
    request.cache_read_tokens = request.reasoning_tokens = None
    request.cache_write_5m_tokens = request.cache_write_1h_tokens = request.cache_write_other_tokens = None


def langfuse(request: Request, details: Mapping[str, int | float | None]) -> tuple[Reading, Rule]:
    """Fill the counters from Langfuse's `usageDetails`, in place; return what was read by which rule.

    Its buckets normally stand beside each other (`input` without `input_cached_tokens`), for the server subtracts; but
    what an SDK sends by hand is not touched. So the record's own `total` says it: the sum of all buckets, or that of
    `input` and `output` alone, or with one of the two kinds of parts. A total that is larger than all buckets together
    means that output is missing, mostly thinking.

    Args:
        request: Filled in place. `usage_status` becomes reported, missing or inconsistent.
        details: Bucket to tokens.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    counts = {name.lower(): count for name, raw in details.items() if (count := checked(name, raw)) is not None}
    total = counts.pop("total", None)

    def taken(*words: str) -> int | None:
        found = [name for name in counts if any(word in name for word in words)]
        return sum(counts.pop(name) for name in found) if found else None

    prompt, completion = counts.pop("input", None), counts.pop("output", None)
    short, long = taken("_5m"), taken("_1h")
    written = taken("cache_creation", "cache_write")
    read = taken("cache_read", "cached")
    thought = taken("reasoning", "thought", "thinking")
    sent = sum(count for name, count in counts.items() if name.startswith(("input", "prompt")))
    made = sum(count for name, count in counts.items() if name.startswith(("output", "completion")))
    written = written if written is not None else None if short is None and long is None else (short or 0) + (long or 0)
    reading = Reading(prompt, completion, total, read, written, thought, short, long)
    if prompt is None and completion is None:
        request.usage_status = "missing"
        return reading, INSIDE
    cache, beside = (read or 0) + (written or 0), thought or 0
    whole = (prompt or 0) + (completion or 0)
    sums = {
        Rule(cache_apart=True, reasoning_apart=True): whole + cache + beside + sent + made,
        INSIDE: whole,
        CACHE_APART: whole + cache,
        REASONING_APART: whole + beside,
    }
    apart = Rule(cache_apart=True, reasoning_apart=True)
    rule = apart if total is None else next((each for each, number in sums.items() if number == total), None)
    if rule == apart:
        reading = reading._replace(
            prompt=(prompt or 0) + sent, completion=None if completion is None else completion + made
        )
    elif rule is None and total is not None and total > sums[apart]:
        rule, reading = (
            CACHE_APART,
            reading._replace(prompt=(prompt or 0) + sent, completion=total - cache - sent - (prompt or 0)),
        )
    by_rule(request, reading, rule or apart)
    if rule is None:
        request.usage_status = "inconsistent"
    return reading, rule or apart
