"""The audio and image tokens inside the counters: those of the uncached input and of the output, priced apart.

Providers count the audio of a prompt whether it was read from a cache or not, and say beside it how much of it was.
What was read from a cache is a part of the cached tokens, so only the rest counts as audio of `input_tokens`.
"""

from __future__ import annotations

from llmaudit.request import INPUT_COUNTERS, Request
from llmaudit.usage.counters import checked

Stated = int | float | None


def fill_parts(
    request: Request,
    *,
    input_audio: Stated = None,
    input_image: Stated = None,
    cached_audio: Stated = None,
    cached_image: Stated = None,
    output_audio: Stated = None,
    output_image: Stated = None,
) -> None:
    """Fill the counts of audio and image tokens, in place, after the counters they lie in.

    Where nothing says how much of the audio was cached, as much as the uncached input holds is taken to be audio of it,
    and only what is left over to be cached. Parts that are larger than their whole make the usage inconsistent.

    Args:
        request: Filled in place.
        input_audio: Audio tokens of the whole prompt, cached ones included.
        input_image: Image tokens of the whole prompt.
        cached_audio: Of `input_audio`: read from a cache.
        cached_image: Of `input_image`: read from a cache.
        output_audio: Audio tokens of the output.
        output_image: Image tokens of the output.

    Raises:
        Reject: A counter is not a whole number of tokens.
    """
    audio, image = checked("input_audio_tokens", input_audio), checked("input_image_tokens", input_image)
    audio_read, image_read = checked("cached_audio_tokens", cached_audio), checked("cached_image_tokens", cached_image)
    request.output_audio_tokens = checked("output_audio_tokens", output_audio)
    request.output_image_tokens = checked("output_image_tokens", output_image)
    room = request.input_tokens
    request.input_audio_tokens = _uncached(audio, audio_read, room)
    request.cache_read_audio_tokens = _cached(audio, request.input_audio_tokens, request.cache_read_tokens)
    room = None if room is None else room - (request.input_audio_tokens or 0)
    request.input_image_tokens = _uncached(image, image_read, room)
    prompt = sum(getattr(request, counter) or 0 for counter in INPUT_COUNTERS)
    made = (request.output_audio_tokens or 0) + (request.output_image_tokens or 0) + (request.reasoning_tokens or 0)
    fits = (
        (audio or 0) + (image or 0) <= prompt
        and (audio_read or 0) <= (audio or 0)
        and (image_read or 0) <= (image or 0)
        and made <= (request.output_tokens or 0)
    )
    if not fits and request.usage_status == "reported":
        request.usage_status = "inconsistent"


def _uncached(stated: int | None, read: int | None, room: int | None) -> int | None:
    """Return the tokens of a kind that were not read from a cache: no more than there is uncached input left."""
    if stated is None:
        return None
    rest = max(stated - (read or 0), 0)
    return rest if room is None else min(rest, max(room, 0))


def _cached(stated: int | None, uncached: int | None, read: int | None) -> int | None:
    """Return the tokens of a kind that were read from a cache: what is not uncached, and no more than was read."""
    return None if stated is None or read is None else min(max(stated - (uncached or 0), 0), read)
