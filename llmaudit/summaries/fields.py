"""Which fields the rows of a log have, by gateway, maker and endpoint: what can be observed about a request at all."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary

ENDPOINTS = 100
"""Endpoints that keep their name, those with most requests first."""

OTHER = "(other endpoints)"


class FieldCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one gateway, maker and endpoint, and how many of them have each field.

    Attributes:
        gateway: None where there is none.
        provider: Who made the model; None where the model is not in the catalog.
        endpoint: As logged; None where the log has none.
        requests: Attempts.
        failed: Of those, failed.
        request_id: Have an id of the request or of the provider's answer.
        call_id: Have an id of the call that attempts share.
        session_id: Have a session or a trace.
        user: Have a user or a key.
        feature: Have a feature.
        team: Have a team.
        error_class: Failed ones whose class is told.
        ended: Have an end time.
        first_token: Have the time of their first token.
        seller: Name who served them.
        good: Answered.
        good_seller: Answered, and name who served them.
        amount: Have an amount in the log.
    """

    gateway: str | None
    provider: str | None
    endpoint: str | None
    requests: int
    failed: int = 0
    request_id: int = 0
    call_id: int = 0
    session_id: int = 0
    user: int = 0
    feature: int = 0
    team: int = 0
    error_class: int = 0
    ended: int = 0
    first_token: int = 0
    seller: int = 0
    good: int = 0
    good_seller: int = 0
    amount: int = 0


KEYS = ("gateway", "provider", "endpoint")
SUMS = tuple(name for name in FieldCounts.__struct_fields__ if name not in KEYS)

SQL = f"""
WITH named AS (
    SELECT r.endpoint AS endpoint FROM period_requests AS r WHERE r.endpoint IS NOT NULL
    GROUP BY r.endpoint ORDER BY COUNT(*) DESC, r.endpoint LIMIT {ENDPOINTS}
)
SELECT
    r.sold_gateway AS gateway,
    CASE WHEN r.unresolved IS NULL THEN SPLIT_PART(r.sold_model, '/', 1) END AS provider,
    CASE WHEN r.endpoint IS NOT NULL THEN COALESCE(n.endpoint, '{OTHER}') END AS endpoint,
    COUNT(*) AS requests,
    COUNT(*) FILTER (r.status = 'error') AS failed,
    COUNT(*) FILTER (r.request_id IS NOT NULL OR r.response_id IS NOT NULL) AS request_id,
    COUNT(r.call_id) AS call_id,
    COUNT(*) FILTER (r.session_id IS NOT NULL OR r.trace_id IS NOT NULL) AS session_id,
    COUNT(*) FILTER (r.user_id IS NOT NULL OR r.key_id IS NOT NULL) AS user,
    COUNT(r.feature) AS feature,
    COUNT(r.team) AS team,
    COUNT(*) FILTER (r.status = 'error' AND r.error_class IS NOT NULL) AS error_class,
    COUNT(r.ended_at) AS ended,
    COUNT(r.first_token_at) AS first_token,
    COUNT(r.seller) AS seller,
    COUNT(*) FILTER (r.status = 'ok') AS good,
    COUNT(*) FILTER (r.status = 'ok' AND r.seller IS NOT NULL) AS good_seller,
    COUNT(r.billed_amount) AS amount
FROM resolved_requests AS r
LEFT JOIN named AS n ON n.endpoint = r.endpoint
GROUP BY
    r.sold_gateway,
    CASE WHEN r.unresolved IS NULL THEN SPLIT_PART(r.sold_model, '/', 1) END,
    CASE WHEN r.endpoint IS NOT NULL THEN COALESCE(n.endpoint, '{OTHER}') END
"""


def build(store: Store) -> list[FieldCounts]:
    """Return the counts, in a fixed order."""
    return [FieldCounts(**row) for row in store.dicts(f"SELECT * FROM ({SQL}) ORDER BY ALL")]


def merge(rows: Sequence[FieldCounts]) -> list[FieldCounts]:
    """Return counts added up, in the order of `build`."""
    groups: dict[tuple[str | None, ...], list[FieldCounts]] = {}
    for row in rows:
        groups.setdefault((row.gateway, row.provider, row.endpoint), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: [(part is None, part) for part in item[0]])
    return [
        msgspec.structs.replace(group[0], **{name: sum(getattr(row, name) for row in group) for name in SUMS})
        for _, group in ordered
    ]


SUMMARY = Summary("fields", FieldCounts, build, merge)
