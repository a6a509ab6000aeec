"""Langfuse: whole traces as the page of a trace downloads them (`{"trace": …, "observations": […]}`)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from llmaudit.formats import langfuse, spans
from llmaudit.formats.base import Context, Format, Held
from llmaudit.formats.langfuse import Observation
from llmaudit.request import Ignored


class Trace(msgspec.Struct, gc=False):
    """What the observations of a trace share."""

    id: str | None = None
    name: str | None = None
    userId: str | None = None
    sessionId: str | None = None
    tags: list[str] | None = None


class Download(msgspec.Struct, gc=False):
    """One trace with its observations."""

    trace: Trace
    observations: list[msgspec.Raw]


def unfold(download: Download) -> Iterator[tuple[msgspec.Raw, Trace]]:
    """Yield each observation with its trace."""
    yield from ((raw, download.trace) for raw in download.observations)


def convert(row: Observation, context: Context) -> Held | Ignored:
    """Put an observation, with what its trace says, into the file's state."""
    trace: Trace = context.shared
    row.traceId = row.traceId or trace.id
    row.traceName = row.traceName or trace.name
    row.userId = row.userId or trace.userId
    row.sessionId = row.sessionId or trace.sessionId
    row.traceTags = row.traceTags or trace.tags
    return langfuse.convert(row, context)


FORMAT = Format(
    name="langfuse_trace",
    title="Langfuse traces",
    marks=(
        "trace",
        "observations",
        "trace.id",
        "observations.type",
        "observations.traceId",
        "observations.usageDetails",
    ),
    needs=("trace", "observations"),
    batch=Download,
    unfold=unfold,
    record=Observation,
    convert=convert,
    state=spans.Spans,
    finish=spans.finish,
    repeats="last",
    id_space="langfuse",
    semantics=langfuse.SEMANTICS,
    verified="20 public samples of downloaded traces, and the server's source.",
    about="The JSON that the page of a trace downloads, one trace per file or per line.",
    traps=langfuse.TRAPS,
)
