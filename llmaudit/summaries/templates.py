"""Distinct prompts by maker and feature: what would have to be tuned again for another model.

A prompt is identified by the fingerprint of its system message, else by that of its whole template; no text is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary

TEMPLATES = 5_000
"""Templates that are kept, those with most requests first."""


class TemplateRow(msgspec.Struct, frozen=True):
    """Requests of one maker and feature that share a template.

    Attributes:
        provider: Who made the model; None where the model is not in the catalog.
        feature: None is not attributed.
        template: Its fingerprint; None where the log has no text to take one from.
        requests: How many.
    """

    provider: str | None
    feature: str | None
    template: str | None
    requests: int


SQL = """
SELECT
    CASE WHEN r.unresolved IS NULL THEN SPLIT_PART(r.sold_model, '/', 1) END AS provider,
    r.feature AS feature,
    {template} AS template,
    COUNT(*) AS requests
FROM resolved_requests AS r
GROUP BY
    CASE WHEN r.unresolved IS NULL THEN SPLIT_PART(r.sold_model, '/', 1) END,
    r.feature,
    {template}
ORDER BY requests DESC, provider, feature, template
LIMIT {limit}
"""


def build(store: Store) -> list[TemplateRow]:
    """Return the templates, in a fixed order."""
    column_sql = (
        "SELECT 1 FROM information_schema.columns WHERE table_name = 'requests' AND column_name = 'system_hash'"
    )
    whole = "r.template_hash"  # a database opened read-only may be from before system messages had a fingerprint
    template = f"COALESCE(r.system_hash, {whole})" if store.rows(column_sql) else whole
    sql = SQL.format(template=template, limit=TEMPLATES)
    return [TemplateRow(**row) for row in store.dicts(f"SELECT * FROM ({sql}) ORDER BY ALL")]


def merge(rows: Sequence[TemplateRow]) -> list[TemplateRow]:
    """Return requests added up by template, in the order of `build`."""
    counts: dict[tuple[str | None, str | None, str | None], int] = {}
    for row in rows:
        key = (row.provider, row.feature, row.template)
        counts[key] = counts.get(key, 0) + row.requests
    ordered = sorted(counts, key=lambda key: [(part is None, part) for part in key])
    return [TemplateRow(*key, counts[key]) for key in ordered]


SUMMARY = Summary("templates", TemplateRow, build, merge)
