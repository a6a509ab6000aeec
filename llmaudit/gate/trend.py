"""A series of baselines: how the cost per request developed, and when it changed for good.

The series is valued at the prices of its newest baseline, so it shows what was sent and not what prices did. A change
is the split of the series with the largest t between the means of its two sides. It counts if random orders of the same
figures seldom reach a t as large: a permutation test, which assumes no distribution, only that without a change the
order means nothing. Both sides are then examined in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import exp
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from llmaudit.arrays import Floats, Ints
from llmaudit.errors import InputError, printable
from llmaudit.gate.causes import causes_of
from llmaudit.gate.decompose import decompose
from llmaudit.gate.file import read_baseline
from llmaudit.gate.leaves import plain_key
from llmaudit.gate.model import Baseline, Rate
from llmaudit.gate.successors import with_successors
from llmaudit.money import EXACT, ZERO, shown, total

SCHEMA = "llmaudit/trend/1"
MIN_POINTS, MIN_SIDE = 10, 3
"""Baselines that a series needs, and the least number on either side of a change."""

LEVEL = 0.01
"""Chance of finding a change where there is none."""

ORDERS, CHUNK = 2000, 200
"""Random orders that a split is compared with, and how many are made at a time."""

MAX_POINTS = 90
"""Only so many of the newest baselines are examined: the work grows with the square of their number."""

RECENT = 7
"""A rise that began among this many of the newest baselines fails the check; older ones are known by now."""

RISE_PCT = 5.0


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One baseline of a series.

    Attributes:
        path: Its file.
        at: Its last request, or None.
        requests: Requests whose cost is known.
        usd_per_request: At the newest baseline's prices.
    """

    path: str
    at: str | None
    requests: int
    usd_per_request: Decimal


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Where the level of a series changed.

    Attributes:
        path: The first baseline of the new level.
        at: Its last request.
        before_usd: Mean cost per request of the level before, over its baselines.
        after_usd: Of the level that began.
        pct: The change.
        p: Share of random orders with a split as clear.
        text: One sentence, with what the decomposition names first.
    """

    path: str
    at: str | None
    before_usd: Decimal
    after_usd: Decimal
    pct: float
    p: float
    text: str


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """A series of baselines.

    Attributes:
        schema: Name and major version.
        passed: False if a rise of more than 5% began lately; None if there are too few baselines to say.
        verdict: passed, failed or not-enough-data.
        points: The series, oldest first.
        changes: Changes of level, oldest first.
        headline: One sentence.
        warnings: Sentences.
    """

    schema: str = SCHEMA
    passed: bool | None
    verdict: Literal["passed", "failed", "not-enough-data"]
    headline: str
    points: list[Point]
    changes: list[Change]
    warnings: list[str]


def read_history(folder: Path, warn: Callable[[str], None]) -> list[tuple[Path, Baseline]]:
    """Read every baseline of a folder (`*.json`), oldest first.

    Raises:
        InputError: No folder, no file, or a file that is no baseline.
    """
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not files:
        raise InputError(
            f"there is no baseline in {printable(str(folder))}",
            next_step="Save one a day there: `llmaudit baseline save history/2026-10-01.json`.",
            slug="no-history",
        )
    history = [(path, read_baseline(path, warn)) for path in files]
    return sorted(history, key=lambda one: (one[1].span.last_at is not None, one[1].span.last_at, one[0].name))


def trend(history: Sequence[tuple[Path, Baseline]], warnings: Sequence[str] = ()) -> Trend:
    """Return a series' points and its changes.

    Args:
        history: Baselines with their files, oldest first.
        warnings: What was noticed when they were read.
    """
    newest = {plain_key(key): rate for key, rate in history[-1][1].rates.items()}
    known = [entry for entry in history if entry[1].usd > 0]
    used = known[-MAX_POINTS:]
    skipped = [f"{len(history) - len(known)} baselines have no known cost"] if len(known) < len(history) else []
    older = [f"{len(known) - len(used)} older baselines are not examined"] if len(used) < len(known) else []
    notes = [*warnings, *skipped, *older]
    points = [_point(path, log, newest) for path, log in used]
    if len(points) < MIN_POINTS:
        text = f"{len(points)} baselines; {MIN_POINTS} are needed to distinguish a change from chance"
        return Trend(
            passed=None, verdict="not-enough-data", headline=text, points=points, changes=[], warnings=notes
        )  # fmt: skip
    series = np.log([float(point.usd_per_request) for point in points])
    series -= series.mean()  # squares of small numbers lose fewer digits
    splits = sorted(_splits(series, 0, np.random.default_rng(len(points))))
    edges = [0, *(split for split, _ in splits), len(points)]
    changes = [_change(used, points, edges[place : place + 3], p) for place, (_, p) in enumerate(splits)]
    failed = bool(changes) and changes[-1].pct > RISE_PCT and splits[-1][0] >= len(points) - RECENT
    return Trend(
        passed=not failed,
        verdict="failed" if failed else "passed",
        headline=changes[-1].text if changes else _steady(points),
        points=points,
        changes=changes,
        warnings=notes,
    )


def _point(path: Path, log: Baseline, newest: dict[str, Rate]) -> Point:
    requests = log.requests - log.unpriced
    costs = []
    for cell in log.cells:
        rate = newest.get(plain_key(cell.rate)) if cell.rate and cell.list_usd is not None else None
        costs.append(rate.cost(cell.tokens, cell.requests) if rate else cell.usd or ZERO)
    at = log.span.last_at
    return Point(
        path=str(path),
        at=None if at is None else f"{at.isoformat(timespec='seconds')}Z",
        requests=requests,
        usd_per_request=EXACT.divide(total(costs), Decimal(requests)),
    )


def _splits(series: Floats, offset: int, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Return where the level changes, with a p-value.

    These are the ends of the stretch that differs most from the rest, and what is found in the pieces (circular binary
    segmentation, Olshen et al. 2004, with a permutation test). A stretch may reach to an end of the series: then there
    is one change, else two.
    """
    n = len(series)
    if n < 2 * MIN_SIDE:
        return []
    stretches = _stretches(n)
    statistics = _statistics(series[None, :], stretches)[0]
    best = int(np.argmax(statistics))
    larger = 0
    for _ in range(ORDERS // CHUNK):
        orders = rng.permuted(np.tile(series, (CHUNK, 1)), axis=1)
        found = _statistics(orders, stretches).max(axis=1)
        larger += int(np.count_nonzero(found >= statistics[best] * (1 - 1e-12)))
    p = (larger + 1) / (ORDERS + 1)
    if p > LEVEL:
        return []
    ends = [int(end) for end in stretches[:, best] if 0 < end < n]
    pieces = zip([0, *ends], [*ends, n], strict=True)
    inner = [one for start, end in pieces for one in _splits(series[start:end], offset + start, rng)]
    return [*((offset + end, p) for end in ends), *inner]


def _stretches(n: int) -> Ints:
    """Return starts and ends of every stretch of a series that leaves enough inside and outside: shape (2, m)."""
    start, end = np.triu_indices(n + 1, MIN_SIDE)
    fits = (n - (end - start) >= MIN_SIDE) & ((start == 0) | (start >= MIN_SIDE)) & ((end == n) | (end <= n - MIN_SIDE))
    return np.stack([start[fits], end[fits]])


def _statistics(rows: Floats, stretches: Ints) -> Floats:
    """Return |t| between each stretch and the rest of its row: shape (rows, stretches)."""
    n = rows.shape[1]
    k = stretches[1] - stretches[0]
    sums = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)], axis=1)
    squares = np.sum(rows**2, axis=1, keepdims=True)
    inside = sums[:, stretches[1]] - sums[:, stretches[0]]
    outside = sums[:, -1:] - inside
    within = np.maximum(squares - inside**2 / k - outside**2 / (n - k), 1e-18 * np.maximum(squares, 1e-18))
    found: Floats = np.abs(inside / k - outside / (n - k)) / np.sqrt(within / (n - 2) * (1 / k + 1 / (n - k)))
    return found


def _change(used: Sequence[tuple[Path, Baseline]], points: Sequence[Point], edges: Sequence[int], p: float) -> Change:
    """Return a change of level: `edges` are the start of the level before, its end, and the end of the one after."""
    start, split, end = edges
    levels = [_level(points[start:split]), _level(points[split:end])]
    pct = 100 * (float(EXACT.divide(levels[1], levels[0])) - 1)
    before = used[split - 1][1]
    after, _ = with_successors(before, used[split][1])
    causes = causes_of(decompose(before, after), before, after)
    per_request = [cause for cause in causes if cause.cause not in {"volume", "price"}]
    why = f"; {per_request[0].text}" if per_request else ""
    when = points[split].at or Path(points[split].path).name
    moved = "rose" if pct > 0 else "fell"
    return Change(
        path=points[split].path,
        at=points[split].at,
        before_usd=levels[0],
        after_usd=levels[1],
        pct=pct,
        p=p,
        text=f"Cost per request {moved} by {abs(pct):.1f}% with the baseline of {when}"
        f" ({shown(levels[0], 6)} to {shown(levels[1], 6)}, p = {p:.4f}){why}",
    )


def _level(points: Sequence[Point]) -> Decimal:
    """Return the geometric mean of the cost per request, to 1e-12."""
    mean = exp(float(np.mean(np.log([float(point.usd_per_request) for point in points]))))
    return Decimal(f"{mean:.12f}")


def _steady(points: Sequence[Point]) -> str:
    return (
        f"No change of level in {len(points)} baselines: {shown(points[0].usd_per_request, 6)} per request in the"
        f" oldest, {shown(points[-1].usd_per_request, 6)} in the newest"
    )
