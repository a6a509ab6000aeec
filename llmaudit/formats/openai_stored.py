"""OpenAI's stored completions, as the API lists them: completions with the labels and settings of their request."""

from __future__ import annotations

from typing import Any

import msgspec

from llmaudit.formats import chat, openai_compatible
from llmaudit.formats.base import Context, Format
from llmaudit.formats.openai_compatible import Choice, Usage
from llmaudit.request import Ignored, Request


class Stored(msgspec.Struct, gc=False):
    """One stored completion."""

    id: str
    object: str | None = None
    created: float | None = None
    model: str | None = None
    request_id: str | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    metadata: dict[str, Any] | None = None
    input_user: str | None = None
    tools: list[Any] | None = None
    response_format: dict[str, Any] | None = None


def convert(line: Stored, context: Context) -> Request | Ignored:
    """Return the request of one stored completion. Its messages are not in the list: another call fetches them."""
    bare = openai_compatible.Exchange(
        id=line.id,
        object=line.object,
        created=line.created,
        model=line.model,
        choices=line.choices,
        usage=line.usage,
        service_tier=line.service_tier,
    )
    request = openai_compatible.convert(bare, context)
    if isinstance(request, Ignored):
        return request
    request.trace_id = line.request_id
    request.user_id = line.input_user
    request.needs_tools = None if line.tools is None else bool(line.tools)
    kind = (line.response_format or {}).get("type")
    request.needs_json = None if kind is None else kind != "text"
    chat.label(request, line.metadata or {})
    return request


FORMAT = Format(
    name="openai_stored",
    title="OpenAI stored completions",
    marks=(
        "input_user",
        "request_id",
        "metadata",
        "tool_choice",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "top_p",
    ),
    needs=("id", "object", "choices", "request_id"),
    says=lambda record: record.get("object") == "chat.completion" and ("input_user" in record or "seed" in record),
    beats=("openai_compatible", "hosted_chat"),
    record=Stored,
    convert=convert,
    repeats="last",
    semantics="As `openai_compatible`: prompt_tokens includes cached tokens, completion_tokens includes reasoning.",
    verified="The published OpenAPI 2.3.0 alone.",
    about=(
        "The pages of `GET /v1/chat/completions` (`data`, with `has_more`). Labels are the completion's `metadata`. "
        "Only what was stored is there (`store: true`): compare with the usage export before calling it all."
    ),
    traps=(("labels can be changed later", "the last record of an id counts"),),
)
