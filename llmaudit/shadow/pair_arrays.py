"""The rows of `shadow_pairs` as arrays: what the analysis reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.arrays import Floats, Ints
from llmaudit.errors import InputError, printable
from llmaudit.shadow.arrow_columns import codes_of, pico_of
from llmaudit.shadow.model import Plan
from llmaudit.shadow.pairs import DAY_US, UNKNOWN, Arm, Pairs, make_pairs, score_kind
from llmaudit.shadow.pivot import order_of_time
from llmaudit.shadow.storage import Details, tests
from llmaudit.store import Store

LABELS = {"user": "user_id", "session": "session_id", "template": "template_hash"}
"""The column of each label that answers can be alike within."""


def load(store: Store, name: str) -> tuple[Pairs, Plan]:
    """Return a test's pairs and its plan.

    Raises:
        InputError: There is no such test, or its pairs have no such cluster.
    """
    test_by_name = {plan.name: (plan, details, zone) for plan, details, zone in tests(store)}
    if name not in test_by_name:
        raise InputError(
            f"the database has no shadow test {printable(name)!r}",
            next_step="Run `llmaudit shadow analyze PAIRS…` first.",
            slug="no-shadow-test",
        )
    plan, details, zone = test_by_name[name]
    table = store.arrow("SELECT * FROM shadow_pairs WHERE test = ?", [name])
    return pairs_of(table, details, zone, plan.cluster), plan


def pairs_of(table: pa.Table, details: Details, zone: str, cluster: str = "auto") -> Pairs:
    """Return the rows of `shadow_pairs` as arrays, in order of time.

    Args:
        table: The rows.
        details: What is known of them.
        zone: Time zone in which days begin.
        cluster: What answers are alike within: auto, user, session, template, day or pair.

    Raises:
        InputError: The pairs have no such cluster.
    """
    n = table.num_rows
    models = _of_both(table, "model")
    params = _of_both(table, "params")[0]
    primary = _arm(table, "primary", models[0][:n], params[:n])
    shadow = _arm(table, "shadow", models[0][n:], params[n:])
    if details.pairwise:
        primary, shadow = _both_sides(primary, shadow)
    primary, shadow = _with_success(primary, shadow)
    route, routes = codes_of(_column(table, "route"))
    at = np.where(primary.at == UNKNOWN, shadow.at, primary.at)
    day = _days(at, zone)
    kind, codes, note = _clusters(table, day, cluster)
    pairs = make_pairs(
        primary,
        shadow,
        tier=_whole(table, "tier", -1),
        day=day,
        cluster=codes,
        cluster_kind=kind,
        route=route,
        routes=tuple(str(one) for one in routes),
        session=codes_of(_column(table, "session_id"))[0],
        turn=_measured(table, "turn"),
        size=_measured(table, "prompt_tokens"),
        shown_first=_shown_first(_column(table, "shown_first")),
        models=tuple(str(one) for one in models[1]),
        kind="pairwise" if details.pairwise else score_kind(primary.score, shadow.score),
        notes=(*details.notes, *note),
    )
    line = np.where(primary.present, _whole(table, "primary_line", 0), _whole(table, "shadow_line", 0))
    order = order_of_time(at, line, table["pair_id"])
    del table, primary, shadow  # a caller that gave its table up has room for the sorted copy
    return pairs if order is None else pairs.take(order)


def _days(at: Ints, zone: str) -> Ints:
    """Return days since 1970 in a zone; -1 if there is no time."""
    known = at != UNKNOWN
    if zone == "UTC":
        return np.where(known, at // DAY_US, -1)
    moments = pa.array(np.where(known, at, 0), pa.timestamp("us", tz=ZoneInfo(zone).key))
    return np.where(known, np.asarray(pc.local_timestamp(moments).cast(pa.int64())) // DAY_US, -1)


def _shown_first(column: Any) -> Ints:
    codes, names = codes_of(column)
    if not names:
        return codes  # no memory for what is not there
    meaning = np.array([{"shadow": 1, "primary": 0}.get(name, -1) for name in names] + [-1])
    return meaning[codes]


def _arm(table: pa.Table, name: str, model: Ints, params: Ints) -> Arm:
    prompt, read = _measured(table, f"{name}_prompt_tokens"), _measured(table, f"{name}_cache_read_tokens")
    return Arm(
        present=np.asarray(table[f"{name}_line"].is_valid()),
        ok=np.asarray(pc.fill_null(table[f"{name}_ok"], False)),
        score=_measured(table, f"{name}_score"),
        cost=pico_of(_column(table, f"{name}_cost_usd"), UNKNOWN),
        success=_whole(table, f"{name}_success", -1),
        latency_ms=_measured(table, f"{name}_latency_ms"),
        ttft_ms=_measured(table, f"{name}_ttft_ms"),
        at=_whole(table, f"{name}_at", UNKNOWN),
        cached=_whole(table, f"{name}_cached", -1),
        cache_share=read
        if np.isnan(read).all()
        else np.divide(read, prompt, out=np.full(len(read), np.nan), where=prompt > 0),
        length=_measured(table, f"{name}_output_tokens"),
        model=model,
        params=params,
        copies=_whole(table, f"{name}_copies", 0),
        human=_measured(table, f"{name}_human_score"),
    )


def _both_sides(primary: Arm, shadow: Arm) -> tuple[Arm, Arm]:
    """Complete a preference that only one of the two rows states: each side is one minus the other."""
    first = np.where(np.isnan(primary.score), 1.0 - shadow.score, primary.score)
    second = np.where(np.isnan(shadow.score), 1.0 - primary.score, shadow.score)
    return replace(primary, score=first), replace(shadow, score=second)


def _with_success(primary: Arm, shadow: Arm) -> tuple[Arm, Arm]:
    """Say what counts as done: what the file says; else a binary score of 1 on a good answer; else a good answer.

    It is one rule for all pairs of a test: judged and unjudged pairs must not be counted by different ones.
    """
    if np.any(primary.success >= 0) and np.any(shadow.success >= 0):
        return primary, shadow
    judged = ~np.isnan(primary.score) & ~np.isnan(shadow.score)
    binary = judged.any() and score_kind(primary.score, shadow.score) == "binary"
    found = []
    for arm in (primary, shadow):
        done = arm.ok & arm.present
        outcome = (done & (arm.score == 1)).astype(np.int64) if binary else done.astype(np.int64)
        known = judged if binary else arm.present
        found.append(replace(arm, success=np.where(known, outcome, -1)))
    return found[0], found[1]


def cluster_kind(table: pa.Table, wanted: str) -> str:
    """Return what the answers of a test are alike within.

    Args:
        table: Rows of `shadow_pairs`.
        wanted: user, session, template, day, pair, or auto: the first label that half of the pairs have.

    Raises:
        InputError: No pair has the label that was asked for.
    """
    n = table.num_rows
    shares = {kind: 1.0 - _column(table, column).null_count / max(n, 1) for kind, column in LABELS.items()}
    if wanted == "auto":
        return next((name for name in ("user", "session", "template") if shares[name] >= 0.5), "pair")  # noqa: PLR2004
    if shares.get(wanted) == 0.0 and n:
        raise InputError(
            f"no pair has a {wanted}, so it cannot be the cluster",
            next_step="Choose another with --cluster, or add the column.",
            slug="no-cluster",
        )
    return wanted


def _clusters(table: pa.Table, day: Ints, wanted: str) -> tuple[str, Ints, list[str]]:
    """Return what a cluster is and each pair's code; a pair whose label is missing is a cluster of its own."""
    kind = cluster_kind(table, wanted)
    if kind == "pair":
        note = [
            "no user, session or template is in the data: pairs are taken as independent, which may promise too much"
        ]
        return "pair", np.arange(table.num_rows), note if wanted == "auto" else []
    if kind == "day":
        return "day", day - int(day.min(initial=0)), []
    codes, names = codes_of(_column(table, LABELS[kind]))
    lonely = codes < 0
    codes = np.where(lonely, len(names) + np.cumsum(lonely) - 1, codes)
    note = [f"{int(lonely.sum()):,} pairs have no {kind}: each is a cluster of its own"] if lonely.any() else []
    return kind, codes, note


def _column(table: pa.Table, name: str) -> Any:
    """Return a column; an empty one where nothing at all is known of it."""
    return table[name] if name in table.column_names else pa.nulls(table.num_rows)


def _of_both(table: pa.Table, name: str) -> tuple[Ints, list[Any]]:
    """Return a text column of both arms, the primary's first, in one numbering."""
    parts = [codes_of(_column(table, f"{arm}_{name}")) for arm in ("primary", "shadow")]
    names = list(dict.fromkeys(label for _, labels in parts for label in labels))
    if not names:
        return np.broadcast_to(np.int64(-1), sum(len(codes) for codes, _ in parts)), []
    places = [np.array([*(names.index(label) for label in labels), -1]) for _, labels in parts]
    return np.concatenate([place[codes] for place, (codes, _) in zip(places, parts, strict=True)]), names


def _whole(table: pa.Table, name: str, missing: int) -> Ints:
    column = _column(table, name)
    if column.null_count == len(column):
        return np.broadcast_to(np.int64(missing), len(column))  # no memory for what is not there
    return np.asarray(pc.fill_null(column.cast(pa.int64()), missing)).astype(np.int64, copy=False)


def _measured(table: pa.Table, name: str) -> Floats:
    column = _column(table, name)
    if column.null_count == len(column):
        return np.broadcast_to(np.float64("nan"), len(column))
    return np.asarray(pc.fill_null(column.cast(pa.float64()), float("nan")))
