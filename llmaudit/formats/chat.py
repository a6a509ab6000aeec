"""OpenAI-shaped chat messages, which several formats carry: their turns, their needs, and their size in tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from llmaudit.features import Turn
from llmaudit.features import describe as describe_prompt
from llmaudit.formats.base import Context, Text
from llmaudit.formats.filling import labels_of
from llmaudit.formats.values import stated_tier
from llmaudit.request import Request

_LABELS = {
    "session_id": ("session_id", "thread_id", "conversation_id"),
    "trace_id": ("trace_id",),
    "team": ("team",),
    "feature": ("feature",),
    "user_id": ("user_id",),
}
"""Fields of a request, and the labels that they are taken from; the first that is there."""

TOKENS_PER_TURN = 4
TOKENS_PER_REPLY = 3
"""Frame tokens of OpenAI's chat models, by their published rule: three around each message and one for the name of its
role, and those that open the reply."""


def turns_of(messages: Any) -> tuple[list[Turn], bool]:
    """Return the turns of a message list and whether any of them holds an image. Parts that are no text are skipped."""
    turns: list[Turn] = []
    images = False
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        parts = list(_parts(message.get("content")))
        images = images or any(kind in {"image_url", "input_image", "image"} for kind, _ in parts)
        text = "\n".join(text for _, text in parts if text)
        turns.append(Turn(role=str(message.get("role", "")), text=text))
    return turns, images


def _parts(content: Any) -> Iterable[tuple[str, str]]:
    if isinstance(content, str):
        yield "text", content
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, dict):
                text = part.get("text")
                yield str(part.get("type", "")), text if isinstance(text, str) else ""


def describe(request: Request, messages: Any, context: Context) -> list[Turn]:
    """Fill the prompt features of a request from its messages; return the turns."""
    turns, images = turns_of(messages)
    asked = describe_prompt(request, turns, hash_key=context.hash_key)
    if asked is not None:
        context.asked.append(asked)
    request.needs_images = images if turns else None
    return turns


def label(request: Request, about: Mapping[str, Any]) -> None:
    """Fill team, feature, session, trace and tags from labels that the application gave a call.

    A nested value, or a long one, is no label: it may be text of the prompt, and is not kept.
    """
    labels = labels_of(about)
    request.tags = msgspec.json.encode(labels).decode() if labels else None
    for field, names in _LABELS.items():
        found = next((str(labels[name]) for name in names if labels.get(name) not in {None, ""}), None)
        if found is not None and getattr(request, field) is None:
            setattr(request, field, found)
    request.stated_tier = stated_tier(labels.get("tier"))


def fill_prompt(request: Request, messages: Any, context: Context) -> None:
    """Fill the prompt features of a request from its messages, and keep their text where the user asked for that."""
    keep(request, describe(request, messages, context), None, context)


def keep(request: Request, turns: list[Turn], answer: str | None, context: Context) -> None:
    """Keep the text of a call beside the database, where the user asked for that."""
    if context.texts is not None and (turns or answer):
        told = [{"role": turn.role, "text": turn.text} for turn in turns]
        context.texts.append(Text(request, msgspec.json.encode(told).decode("utf-8", "replace"), answer))


def estimate(request: Request, turns: list[Turn], answer: str | None, context: Context) -> None:
    """Count the tokens of a call whose log has none, in place; `usage_status` becomes `estimated` where that works.

    A cached share cannot be seen in a text, so the whole prompt counts as uncached: the estimate is an upper bound of
    the prompt's cost. The answer of a cut stream counts as far as it got.
    """
    model = request.model_served or request.model_raw
    counts = [context.counter.count(turn.text, model) for turn in turns]
    output = context.counter.count(answer or "", model)
    known = [count for count in counts if count is not None]
    if not turns or output is None or len(known) < len(counts):
        return
    request.input_tokens = sum(known) + TOKENS_PER_TURN * len(turns) + TOKENS_PER_REPLY
    request.output_tokens = output
    request.cache_read_tokens = request.cache_write_5m_tokens = 0
    request.cache_write_1h_tokens = request.cache_write_other_tokens = 0
    request.usage_status = "estimated"
