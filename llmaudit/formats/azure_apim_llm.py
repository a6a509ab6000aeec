"""Azure API Management: rows of the table ApiManagementGatewayLlmLog, several for one call."""

from __future__ import annotations

from datetime import datetime

import msgspec

from llmaudit import usage
from llmaudit.deployments import hidden
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import Count, or_none, text_time, utc
from llmaudit.request import Ignored, Reject, Request

PORTAL = "%m/%d/%Y, %I:%M:%S.%f %p"
"""How the portal's CSV writes a time, under the column `TimeGenerated [UTC]`."""


class Row(msgspec.Struct, gc=False):
    """One row."""

    CorrelationId: str | None = None
    TimeGenerated: str | None = None
    portal_time: str | None = msgspec.field(default=None, name="TimeGenerated [UTC]")
    OperationName: str | None = None
    DeploymentName: str | None = None
    ModelName: str | None = None
    PromptTokens: Count = None
    CompletionTokens: Count = None
    TotalTokens: Count = None
    IsStreamCompletion: bool | str | None = None
    SequenceNumber: Count = None


def convert(row: Row, _: Context) -> Request | Ignored:
    """Return the request of the row that carries the tokens; the others carry pieces of messages."""
    if not row.DeploymentName:
        return Ignored("piece of a message")
    if not row.CorrelationId:
        raise Reject("missing-field", "CorrelationId")
    served = or_none(row.ModelName)
    request = Request(
        request_id=row.CorrelationId,
        trace_id=row.CorrelationId,
        started_at=text_time(row.TimeGenerated, "TimeGenerated") or _portal(row.portal_time),
        seller="azure",
        gateway="azure-api-management",
        model_raw=served or hidden(row.DeploymentName),
        model_requested=row.DeploymentName if served else None,
        model_served=served,
        endpoint=or_none(row.OperationName),
        is_streamed=None if row.IsStreamCompletion is None else str(row.IsStreamCompletion).lower() == "true",
    )
    usage.openai(request, prompt=row.PromptTokens, completion=row.CompletionTokens)
    usage.unsplit(request)
    counts = {
        "PromptTokens": row.PromptTokens,
        "CompletionTokens": row.CompletionTokens,
        "TotalTokens": row.TotalTokens,
    }
    request.raw_usage = msgspec.json.encode(counts).decode()
    return request


def _portal(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return utc(datetime.strptime(text, PORTAL), "TimeGenerated [UTC]")  # noqa: DTZ007 -- the column says UTC
    except ValueError:
        return text_time(text, "TimeGenerated [UTC]")


FORMAT = Format(
    name="azure_apim_llm",
    title="Azure API Management LLM logs",
    reads=("json", "table"),
    marks=(
        "DeploymentName",
        "PromptTokens",
        "CompletionTokens",
        "IsStreamCompletion",
        "SequenceNumber",
        "CorrelationId",
        "TotalTokens",
    ),
    needs=("DeploymentName", "PromptTokens", "SequenceNumber"),
    record=Row,
    convert=convert,
    repeats="largest",
    semantics=(
        "OpenAI's counts: prompt includes cached tokens, completion includes reasoning, but neither part is "
        "logged; both are unknown, and the price is an upper bound."
    ),
    verified="Documentation alone: the table's reference and queries of Microsoft's samples. No real rows seen.",
    about=(
        "The table `ApiManagementGatewayLlmLog` from Log Analytics, as CSV or JSON. Duration and status are in "
        "`ApiManagementGatewayLogs`, which is not joined. The prices are Azure's: add the gateway to your catalog "
        "if it charges a fee of its own."
    ),
    traps=(
        ("one call has several rows", "only those with a deployment carry tokens; the others are ignored as pieces"),
        ("a router's deployment serves another model", "`ModelName` is what is priced"),
    ),
)
