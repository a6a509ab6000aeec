"""Which features and templates are listed by name; the many small ones become `other`.

Counts come from a sample that depends on the rows alone. So ten million prompts without a template cost nothing, and
the same log always yields the same names.
"""

from __future__ import annotations

import pyarrow as pa

from llmaudit.gate.model import Detail
from llmaudit.store import Store

MAX_FEATURES, MAX_TEMPLATES = 60, 60
SAMPLE_ROWS = 500_000
MIN_SHARE, MIN_REQUESTS = 0.001, 5
"""A template is listed if it has at least this share and this number of requests: a prompt sent once is no template."""

NEW_SHARE = 0.01
"""A name that the baseline lacks is listed from this share on; below, it may have been among the small ones there."""

SYSTEM = "system-"


def chosen_names(store: Store, like: Detail | None) -> dict[str, list[str]]:
    """Return the features and templates to be named.

    Args:
        store: With the view `resolved_requests`.
        like: How the baseline is cut, whose names are kept.
    """
    (rows,) = store.one("SELECT count(*) FROM period_requests")
    step = max(1, rows // SAMPLE_ROWS)
    features = _common(store, "feature", step, 0.0, MAX_FEATURES)
    templates = _common(store, "template_hash", step, MIN_SHARE, MAX_TEMPLATES)
    systems = _common(store, "system_hash", step, MIN_SHARE, MAX_TEMPLATES)
    merged = sorted(
        [*templates, *((SYSTEM + name, count) for name, count in systems)], key=lambda one: (-one[1], one[0])
    )
    if like is None:
        return {"feature": [name for name, _ in features], "template": [name for name, _ in merged[:MAX_TEMPLATES]]}
    sampled = max(1, rows // step)
    return {
        "feature": _with(like.features, like.features_left_out, features, sampled),
        "template": _with(like.templates, like.templates_left_out, merged, sampled),
    }


def _with(kept: list[str], left_out: int, found: list[tuple[str, int]], sampled: int) -> list[str]:
    """Return a baseline's names and what is new here, unless that may have been one of those left out there."""
    floor = NEW_SHARE * sampled if left_out else 0
    new = [name for name, count in found if count >= floor and name not in kept]
    return [*kept, *new[:MAX_TEMPLATES]]


def _common(store: Store, column: str, step: int, share: float, most: int) -> list[tuple[str, int]]:
    """Return the commonest values of a column with their counts in the sample, the commonest first."""
    rows = store.rows(
        f"SELECT {column}, count(*) AS n FROM period_requests WHERE {column} IS NOT NULL"
        f" AND hash(row_id) % {int(step)} = 0 GROUP BY {column} ORDER BY n DESC, {column} LIMIT {int(most) + 1}"
    )
    (sampled,) = store.one(f"SELECT count(*) FROM period_requests WHERE hash(row_id) % {int(step)} = 0")
    floor = max(share * sampled, MIN_REQUESTS if share else 1)
    return [(str(name), int(count)) for name, count in rows if count >= floor][:most]


def named(detail: Detail) -> pa.Table:
    """Return the table `gate_names`: kind, value as logged, and the name it goes by."""
    rows: list[tuple[str, str, str]] = [("feature", name, name) for name in detail.features]
    for name in detail.templates:
        kind = "system" if name.startswith(SYSTEM) else "template"
        rows.append((kind, name.removeprefix(SYSTEM), name))
    names = ("kind", "value", "name")
    return pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)})
