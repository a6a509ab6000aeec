"""Token sums of bills and usage exports, split up: the uncached part of an input that includes cached tokens."""

from __future__ import annotations

from decimal import Decimal


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


def uncached(whole: Decimal | None, *cached: Decimal | None) -> Decimal | None:
    """Return the uncached part of an input sum that includes cached reads and writes (OpenAI's usage exports).

    None where the sum is unknown, or smaller than its parts: an export of a contradiction is not mended.
    """
    if whole is None:
        return None
    rest = whole - sum(part for part in cached if part is not None)
    return rest if rest >= 0 else None
