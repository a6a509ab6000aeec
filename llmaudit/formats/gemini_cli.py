"""Gemini CLI: chat files, one JSON document a session or one line a message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, text_time
from llmaudit.request import Ignored, Reject, Request


class Tokens(msgspec.Struct, gc=False, omit_defaults=True):
    """Counters of one answer."""

    input: Count = None
    output: Count = None
    cached: Count = None
    thoughts: Count = None
    tool: Count = None
    total: Count = None


class Message(msgspec.Struct, gc=False):
    """A message, or the first line of a file of lines."""

    id: str | None = None
    type: str | None = None
    timestamp: str | None = None
    model: str | None = None
    tokens: Tokens | None = None
    sessionId: str | None = None
    kind: str | None = None


class Chat(msgspec.Struct, gc=False):
    """A whole session in one document; a line has no messages inside."""

    sessionId: str | None = None
    kind: str | None = None
    messages: list[msgspec.Raw] | None = None


@dataclass
class Session:
    """Whose messages follow."""

    id: str | None = None
    kind: str | None = None


_chat = msgspec.json.Decoder(Chat).decode


def unfold(raw: msgspec.Raw) -> Iterator[tuple[msgspec.Raw, Session | None]]:
    """Yield the messages of a document with their session, or the line itself."""
    chat = _chat(raw)
    if chat.messages is None:
        yield raw, None
        return
    for message in chat.messages:
        yield message, Session(chat.sessionId, chat.kind)


def convert(message: Message, context: Context) -> Request | Ignored:
    """Return the request behind an answer."""
    state: Session = context.shared or context.state
    if message.sessionId:
        state.id, state.kind = message.sessionId, message.kind
    if message.type != "gemini" or message.tokens is None:
        return Ignored("line without tokens")
    if message.id is None:
        raise Reject("missing-field", "id")
    tokens = message.tokens
    request = Request(
        request_id=message.id,
        session_id=state.id,
        started_at=text_time(message.timestamp, "timestamp"),
        seller="google",
        model_raw=message.model,
        model_requested=message.model,
        model_served=message.model,
        endpoint="gemini-cli",
        feature="coding-agent",
        needs_tools=True,
        tags=msgspec.json.encode({"kind": state.kind}).decode() if state.kind else None,
        raw_usage=msgspec.json.encode(tokens).decode(),
    )
    usage.stated(
        request,
        input_=tokens.input,
        output=tokens.output,
        read=tokens.cached,
        reasoning=tokens.thoughts,
        more_input=tokens.tool,
        input_has_cache=True,
        output_has_reasoning=False,
    )
    return request


FORMAT = Format(
    name="gemini_cli",
    title="Gemini CLI chats",
    marks=(
        "sessionId",
        "projectHash",
        "startTime",
        "lastUpdated",
        "messages.tokens",
        "messages.type",
        "tokens.thoughts",
        "tokens.tool",
        "tokens.cached",
        "tokens.total",
        "tokens.input",
    ),
    says=lambda record: "projectHash" in record or record.get("type") == "gemini",
    batch=msgspec.Raw,
    unfold=unfold,
    record=Message,
    convert=convert,
    state=Session,
    repeats="last",
    semantics=(
        "input includes cached; output excludes thoughts, which are billed as output; tool is input beside the input. "
        "total = input + output + thoughts + tool."
    ),
    verified=(
        "Files that version 0.61 wrote of calls whose counts were known, one of a resumed session; documents of older "
        "versions only as published test files."
    ),
    about=(
        "The files `~/.gemini/tmp/*/chats/session-*.json` and `.jsonl`. A model's answer is one request; the kind of "
        "session (main or sub-agent) is a tag."
    ),
    traps=(
        ("a message is written again when it changes", "the last of an id counts"),
        ("a turn that was rewound is gone from the chat", "it was billed, so what was written of it counts"),
        ("thoughts are counted outside the output", "they are added: most of the output of a thinking model"),
    ),
)
