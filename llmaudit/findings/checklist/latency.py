"""Question 4: does each flow have a latency budget, and are slow answers cut?"""

from __future__ import annotations

from collections.abc import Iterable

from llmaudit.errors import printable
from llmaudit.evidence import Evidence
from llmaudit.findings.checklist.base import Item, Status, of, share
from llmaudit.histogram import Histogram, middle_ms, quantile_ms
from llmaudit.summaries.flows import FlowBucket

AT_LIMIT_PCT, ENOUGH = 80.0, 5
SLOW_MS, TIMES = 60_000, 10
RULE = (
    f"a gateway has a limit where {AT_LIMIT_PCT:.0f}% of its timeouts ({ENOUGH} or more) come after the same time, "
    "within 10%; "
    "pass: there are limits, and they differ between flows; "
    "warn: a gateway has one limit for all flows, or attempts are cut without a limit; "
    f"fail: no attempt was ever cut, and the slowest 5% of a flow take {SLOW_MS // 1000} s or {TIMES} times its "
    "median; "
    "no-evidence: no times are logged, or nothing was slow enough to be cut"
)


def answer(evidence: Evidence) -> Item:
    """Return the answer: p95 by flow, first tokens, and the times after which attempts were given up."""
    rows = evidence.rows(FlowBucket)
    flows = {
        name: _sum(row for row in rows if row.measure == "latency" and row.feature == name) for name in _names(rows)
    }
    flows = {name: histogram for name, histogram in flows.items() if sum(histogram.values()) >= ENOUGH}
    first = _sum(row for row in rows if row.measure == "ttft")
    whole = _sum(row for row in rows if row.measure == "latency")
    cut = sum(row.requests for row in rows if row.measure in {"timeout", "cut"})
    limits = _limits(rows)
    sentences = []
    if flows:
        slowest = sorted(flows.items(), key=lambda item: -quantile_ms(item[1], 0.95))[:3]
        slowest_text = "; ".join(f"{_named(name)} {_seconds(quantile_ms(one, 0.95))}" for name, one in slowest)
        sentences.append(f"p95 of the slowest flows: {slowest_text}")
        sentences.append(f"{of(sum(first.values()), sum(whole.values()), 'answers')} log the time of their first token")
    if first:
        sentences.append(
            f"first token: p50 {_seconds(quantile_ms(first, 0.5))}, p95 {_seconds(quantile_ms(first, 0.95))}"
        )
    sentences.append(f"{cut:,} attempts timed out or were cut while streaming")
    for gateway, seen in limits.items():
        longer = sum(one.requests for one in rows if one.gateway == gateway and _is_past(one, max(seen)))
        past = f", yet {longer:,} answers took longer" if longer else ""
        sentences.append(
            f"{_named(gateway or 'direct')}: timeouts come after {', '.join(map(_seconds, sorted(seen)))}{past}"
        )
    status = _status(flows, cut, limits)
    return Item(
        id="latency-budgets",
        title="Latency budgets per flow: p95, first token, slow streams cut",
        status=status,
        evidence=sentences if rows else ["no request has both a start and an end time"],
        next_step=_next(status),
        rule=RULE,
    )


def _is_past(row: FlowBucket, limit_ms: int) -> bool:
    """Say whether answers took longer than a limit by more than the buckets can tell."""
    return row.measure == "latency" and middle_ms(row.bucket) > 1.1 * limit_ms


def _status(flows: dict[str | None, Histogram], cut: int, limits: dict[str | None, set[int]]) -> Status:
    if any(len(seen) > 1 for seen in limits.values()):
        return "pass"
    if cut:
        return "warn"
    slow = [
        one
        for one in flows.values()
        if quantile_ms(one, 0.95) >= SLOW_MS or quantile_ms(one, 0.95) >= TIMES * quantile_ms(one, 0.5)
    ]
    return "fail" if slow else "no-evidence"


def _limits(rows: Iterable[FlowBucket]) -> dict[str | None, set[int]]:
    """Return the time limits that are seen at each gateway, in milliseconds, over its flows."""
    found: dict[str | None, set[int]] = {}
    by_flow: dict[tuple[str | None, str | None], Histogram] = {}
    by_gateway: dict[str | None, Histogram] = {}
    for row in rows:
        if row.measure == "timeout":
            for histogram in (
                by_flow.setdefault((row.gateway, row.feature), {}),
                by_gateway.setdefault(row.gateway, {}),
            ):
                histogram[row.bucket] = histogram.get(row.bucket, 0) + row.requests
    for gateway, histogram in by_gateway.items():
        own = [_limit(one) for (at, _), one in by_flow.items() if at == gateway]
        seen = {one for one in own if one is not None} or ({_limit(histogram)} - {None})
        if seen:
            found[gateway] = _told_apart(one for one in seen if one is not None)
    return found


def _limit(histogram: Histogram) -> int | None:
    """Return the time after which most attempts were given up, in milliseconds; None where there is no such time."""
    count = sum(histogram.values())
    if count < ENOUGH:
        return None
    peak = max(histogram, key=lambda bucket: (histogram[bucket], -bucket))
    near = sum(histogram.get(bucket, 0) for bucket in (peak - 1, peak, peak + 1))
    return round(middle_ms(peak)) if share(near, count) >= AT_LIMIT_PCT else None


def _told_apart(limits: Iterable[int]) -> set[int]:
    """Return limits that differ by more than the histogram's buckets can tell."""
    kept: list[int] = []
    for limit in sorted(limits):
        if not kept or limit > kept[-1] * 1.2:
            kept.append(limit)
    return set(kept)


def _names(rows: Iterable[FlowBucket]) -> list[str | None]:
    return list(dict.fromkeys(row.feature for row in rows))


def _sum(rows: Iterable[FlowBucket]) -> Histogram:
    found: Histogram = {}
    for row in rows:
        found[row.bucket] = found.get(row.bucket, 0) + row.requests
    return found


def _seconds(ms: float) -> str:
    return f"{ms / 1000:.1f} s"


def _named(name: str | None) -> str:
    return "not attributed" if name is None else printable(name, 60)


def _next(status: Status) -> str:
    return {
        "pass": "Keep each limit near its flow's p95, and review it when a model changes.",
        "warn": "Give each flow its own limit near its p95, first token included, and cut streams that miss it.",
        "fail": "Set a time limit for each flow: a request that takes minutes ties up both money and the user.",
    }.get(status, "Log start, first token and end of each request, and the feature it belongs to.")
