"""Latency of good answers as histograms: of all requests, by feature and by model."""

from __future__ import annotations

from llmaudit.gate.model import Latency
from llmaudit.histogram import BUCKETS_PER_E
from llmaudit.store import Store

MAX_LATENCIES = 30


def latencies(store: Store) -> list[Latency]:
    """Return the histograms of the view `gate_requests`; those of the features and models with most requests."""
    rows = store.rows(
        f"SELECT feature, model, CAST(FLOOR(LN(latency_ms) * {BUCKETS_PER_E}) AS INTEGER) AS bucket, COUNT(*)"
        " FROM gate_requests WHERE status = 'ok' AND latency_ms >= 1 GROUP BY feature, model, bucket"
    )
    buckets_by_group: dict[tuple[str, str | None], dict[int, int]] = {}
    for feature, model, bucket, count in rows:
        for key in (("all", None), ("feature", feature), ("model", model)):
            buckets = buckets_by_group.setdefault(key, {})
            buckets[bucket] = buckets.get(bucket, 0) + count
    largest = sorted(buckets_by_group.items(), key=lambda one: (one[0][0] != "all", -sum(one[1].values()), str(one[0])))
    kept = largest[: 1 + 2 * MAX_LATENCIES]
    return [
        Latency(by=by, name=name, buckets={str(bucket): buckets[bucket] for bucket in sorted(buckets)})
        for (by, name), buckets in sorted(kept, key=lambda one: (one[0][0], one[0][1] is not None, one[0][1] or ""))
    ]
