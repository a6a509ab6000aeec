"""Cline, Roo Code and Kilo Code: `ui_messages.json`, whose `api_req_started` entries carry a call's counters."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost, none_if_zero
from llmaudit.formats.values import Count
from llmaudit.request import Ignored, Reject, Request


class Call(msgspec.Struct, gc=False, omit_defaults=True):
    """What the text of an entry holds, as JSON."""

    tokensIn: Count = None
    tokensOut: Count = None
    cacheReads: Count = None
    cacheWrites: Count = None
    cost: Decimal | None = None
    cancelReason: str | None = None
    apiProtocol: str | None = None


class ModelInfo(msgspec.Struct, gc=False):
    """Which model an entry was answered by, where the version writes it."""

    providerId: str | None = None
    modelId: str | None = None


class Entry(msgspec.Struct, gc=False):
    """One entry of the conversation."""

    ts: int | float | None = None
    type: str | None = None
    say: str | None = None
    text: str | None = None
    modelInfo: ModelInfo | None = None


_call = msgspec.json.Decoder(Call).decode


def convert(entry: Entry, context: Context) -> Request | Ignored:
    """Return the request of an `api_req_started` entry that got as far as counters."""
    if entry.say != "api_req_started":
        return Ignored("entry that is not a call")
    try:
        call = _call(entry.text or "{}")
    except msgspec.ValidationError:
        raise Reject("wrong-type", "text") from None
    except msgspec.DecodeError:
        raise Reject("malformed-json", "text") from None
    info = entry.modelInfo or ModelInfo()
    request = Request(
        request_id=None if entry.ts is None else f"{entry.ts:.0f}",
        started_at=context.epoch(entry.ts, "ts"),
        seller=info.providerId,
        model_raw=info.modelId,
        model_requested=info.modelId,
        model_served=info.modelId,
        endpoint="cline",
        feature="coding-agent",
        needs_tools=True,
        raw_usage=msgspec.json.encode(call).decode(),
    )
    if call.cancelReason == "user_cancelled":
        request.status = "cancelled"
    elif call.cancelReason:
        request.status, request.error_class = "error", "other"
    usage.stated(
        request,
        input_=call.tokensIn,
        output=call.tokensOut,
        read=call.cacheReads,
        written=call.cacheWrites,
        input_has_cache=call.apiProtocol == "openai",
        output_has_reasoning=True,
    )
    # 0 is what a local or subscribed model looks like, too.
    fill_cost(request, none_if_zero(call.cost), "cost", kind="list_estimate")
    return request


FORMAT = Format(
    name="cline",
    title="Cline, Roo Code, Kilo Code tasks",
    marks=("ts", "type", "say", "text", "modelInfo", "conversationHistoryIndex"),
    needs=("ts", "type", "say"),
    says=lambda entry: entry.get("type") == "say",
    record=Entry,
    convert=convert,
    epochs=("ts",),
    repeats="largest",
    semantics=(
        "tokensIn excludes the cache, whose reads and writes are counted separately, unless the entry says "
        "apiProtocol `openai`, which includes them. cost is the extension's estimate from list prices; 0 is taken "
        "as unknown."
    ),
    verified="Shape from other readers' tests; no real file seen.",
    about=(
        "The files `tasks/*/ui_messages.json` in the extension's storage folder. Versions that do not write "
        "`modelInfo` name no model: such requests are unpriced."
    ),
    traps=(("a retry writes the entry again with a cancelReason", "each entry is a call of its own, with its status"),),
)
