"""Which spans of a trace are billable calls: the leaves, and only one of several spans that saw the same call.

A call that has calls below it holds their sum or a copy, and is left out. Two instrumentations that saw the same call
are siblings: spans of one trace with the same response id are one call. Nothing can be decided before the file has
ended, since exporters write children before parents and batches interleave traces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from llmaudit import usage
from llmaudit.formats import sdk_usage
from llmaudit.formats.base import HELD, Context, Held
from llmaudit.formats.span_attributes import Attributes, group_of, is_call, reading_of, request_of, usual_rule
from llmaudit.request import Ignored, Reject, Request

NO_CALL = "span that is not a model call"
MAX_DEPTH = 1000
"""A chain of parents is not followed further: it would be a loop."""

INHERITED = (
    "session_id",
    "user_id",
    "team",
    "feature",
    "key_id",
    "tags",
    "prompt_chars",
    "prompt_turns",
    "system_chars",
    "prompt_hash",
    "template_hash",
    "needs_tools",
    "is_streamed",
    "service_tier",
    "max_output_tokens",
    "first_token_at",
)
"""What a call takes over from the other spans that saw it, where its own does not say it."""


@dataclass(slots=True)
class Call:
    """A span that is a call, with the counts as it has them."""

    span: str
    trace: str
    number: int
    request: Request
    reading: usage.Reading
    rule: usage.Rule
    scope: str = ""

    @property
    def is_counted(self) -> bool:
        """Whether it has counts at all; a stream that was not asked for usage has none."""
        return self.reading.prompt is not None or self.reading.completion is not None


@dataclass
class Spans:
    """The spans of a file: the parent of each, and those that are calls."""

    parents: dict[tuple[str, str], str | None] = field(default_factory=dict)
    calls: dict[tuple[str, str], Call] = field(default_factory=dict)
    told: dict[tuple[str, str], sdk_usage.Told] = field(default_factory=dict)
    """What a span below a call says of its usage, by the call's."""


def hold(
    context: Context, *, trace: str, span: str, parent: str | None, attributes: Attributes, scope: str
) -> Request | Ignored:
    """Put a span into the file's state; return the request to fill further, or that the span is no call.

    Args:
        context: Its state is a `Spans`.
        trace: Id of the trace.
        span: Id of the span.
        parent: Id of the span around it.
        attributes: Flat.
        scope: Name of the instrumentation.

    Raises:
        Reject: A value of the span cannot be right.
    """
    if not is_call(attributes):
        verdict = pass_by(context, trace=trace, span=span, parent=parent)
        if parent and (told := sdk_usage.raw_usage(attributes, scope)):
            context.state.told[trace, parent] = told
        return verdict
    request = request_of(attributes, context)
    reading = reading_of(attributes)
    # A damaged count is rejected here, with the span it stands in.
    rule = usage.by_study(
        request, reading, context.file.study, group_of(attributes, scope), usual_rule(attributes, scope)
    )
    if sdk_usage.is_blind(reading, attributes, scope):
        usage.unsplit(request)
    hold_call(context, trace=trace, span=span, parent=parent, request=request, reading=reading, rule=rule, scope=scope)
    return request


def pass_by(context: Context, *, trace: str, span: str, parent: str | None, why: str = NO_CALL) -> Ignored:
    """Note where a span stands that is no call: calls may stand below it."""
    context.state.parents[trace, span] = parent or None
    return Ignored(why)


def hold_call(
    context: Context,
    *,
    trace: str,
    span: str,
    parent: str | None,
    request: Request,
    reading: usage.Reading,
    rule: usage.Rule,
    scope: str = "",
) -> Held:
    """Put a call, whose request is made, into the file's state."""
    spans: Spans = context.state
    spans.parents[trace, span] = parent or None
    request.trace_id = trace or None
    request.request_id = f"{trace}/{span}"
    spans.calls[trace, span] = Call(span, trace, len(spans.parents), request, reading, rule, scope)
    return HELD


def finish(context: Context) -> list[Request]:
    """Return the billable calls of a file, each once."""
    spans: Spans = context.state
    for key, told in spans.told.items():
        if (call := spans.calls.get(key)) is not None:
            call.reading, call.rule = told
            usage.by_rule(call.request, call.reading, call.rule)
    leaves = _leaves(spans)
    seen: dict[tuple[str, str], list[Call]] = defaultdict(list)
    made: list[Call] = []
    for call in leaves:
        if call.request.response_id:
            seen[call.trace, call.request.response_id].append(call)
        else:
            made.append(call)
    made += _across_traces([_one_of(same) for same in seen.values()])
    made.sort(key=lambda call: call.number)
    for call in made:
        call.request.line = call.number
    return [call.request for call in made]


def _leaves(spans: Spans) -> list[Call]:
    """Return the calls that have no calls below them; what only the outer span says is handed down."""
    below: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for key, call in spans.calls.items():
        outer = _outer_call(key, spans)
        if outer is not None:
            below[outer].append(call)
    leaves = []
    for key, call in spans.calls.items():
        inner = below.get(key, [])
        if not inner or _is_of_its_own(call, inner):
            leaves.append(call)
    for key, inner in below.items():
        if not _is_of_its_own(spans.calls[key], inner):
            for call in inner:
                _take_over(call, [spans.calls[key]], counts=len(inner) == 1)
    return leaves


def _outer_call(key: tuple[str, str], spans: Spans) -> tuple[str, str] | None:
    """Return the nearest span around a call that is a call, too."""
    trace, _ = key
    parent = spans.parents.get(key)
    for _ in range(MAX_DEPTH):
        if parent is None:
            return None
        if (trace, parent) in spans.calls and (trace, parent) != key:
            return trace, parent
        parent = spans.parents.get((trace, parent))
    return None


def _is_of_its_own(call: Call, inner: Sequence[Call]) -> bool:
    """Say whether a call with calls below it is another one: every one of them has an id, and none has its."""
    own = call.request.response_id
    ids = [each.request.response_id for each in inner]
    return own is not None and None not in ids and own not in ids


def _one_of(same: Sequence[Call]) -> Call:
    """Return, of the spans that saw one call, the one that says most of its counts."""
    best = max(same, key=_richness)
    _take_over(best, [each for each in same if each is not best], counts=True)
    return best


def _across_traces(calls: Sequence[Call]) -> list[Call]:
    """Return the calls, each once that two instrumentations saw in traces of their own.

    An SDK that traces itself begins a trace where the framework around it has set no context. That an id repeats is not
    enough (small servers count from 1): the spans are of two instrumentations, and were open at the same time.
    """
    by_id: dict[str | None, list[list[Call]]] = defaultdict(list)
    for call in calls:
        same = by_id[call.request.response_id]
        seen = next((group for group in same if all(_saw_the_same(call, other) for other in group)), None)
        same.append([call]) if seen is None else seen.append(call)
    return [_one_of(group) for groups in by_id.values() for group in groups]


def _saw_the_same(call: Call, other: Call) -> bool:
    one, two = call.request, other.request
    if call.scope == other.scope or None in {one.started_at, one.ended_at, two.started_at, two.ended_at}:
        return False
    assert one.started_at and one.ended_at and two.started_at and two.ended_at  # noqa: S101, PT018 -- for mypy
    return one.started_at <= two.ended_at and two.started_at <= one.ended_at


def _richness(call: Call) -> tuple[bool, int, int, int]:
    reading = call.reading
    splits = sum(each is not None for each in (reading.written_5m, reading.written_1h))
    stated = sum(each is not None for each in reading)
    return call.request.usage_status == "reported", splits, stated, -call.number


def _take_over(call: Call, others: Iterable[Call], *, counts: bool) -> None:
    """Fill what a call does not say itself from other spans that saw it, in place."""
    for other in others:
        for name in INHERITED:
            if getattr(call.request, name) is None:
                setattr(call.request, name, getattr(other.request, name))
        if call.reading.reasoning is None and other.reading.reasoning is not None and call.is_counted and counts:
            call.reading = call.reading._replace(reasoning=other.reading.reasoning)
            usage.by_rule(call.request, call.reading, call.rule)
        if counts and not call.is_counted and other.is_counted and call.request.status == "ok":
            call.reading, call.rule = other.reading, other.rule
            usage.by_rule(call.request, call.reading, call.rule)
            call.request.raw_usage = other.request.raw_usage


def study_of(found: Iterable[tuple[Attributes, str]]) -> usage.Study:
    """Return what the counts of sampled spans show, by instrumentation, provider and model.

    Args:
        found: For each span its attributes and the scope it was recorded in.
    """
    return usage.studied(_readings(found))


def _readings(found: Iterable[tuple[Attributes, str]]) -> Iterator[tuple[str, usage.Rule, usage.Reading]]:
    for attributes, scope in found:
        try:
            if is_call(attributes):
                yield group_of(attributes, scope), usual_rule(attributes, scope), reading_of(attributes)
        except Reject:  # said when the record itself is read
            continue
