"""Pairs files made by hand or simulated, for the tests of reading and of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from builders import write_jsonl

from llmaudit.datasets.shadow import World, simulate
from llmaudit.shadow.pairs import Pairs

PRIMARY, SHADOW = "openai/gpt-5.6-sol", "openai/gpt-5.6-luna"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_BAD_TIER = World(pairs=3000, users=400, tiers=(0.5, 0.5), loss={1: -0.1})
"""Tier 1 loses ten points, tier 0 nothing."""


def row(number: int, arm: str, **rest: Any) -> dict[str, Any]:
    """Return one row; everything not given is plain."""
    model = PRIMARY if arm == "primary" else SHADOW
    plain = {"pair_id": f"p{number}", "arm": arm, "model": model, "at": f"2026-10-0{1 + number % 7}T10:00:00Z"}
    return plain | {"user_id": f"u{number % 40}", "status": "ok", "score": 1} | rest


def both(count: int, **rest: Any) -> list[dict[str, Any]]:
    """Return plain pairs."""
    return [row(i, arm, **rest) for i in range(count) for arm in ("primary", "shadow")]


def rows_of(pairs: Pairs) -> Iterator[dict[str, Any]]:
    """Yield simulated pairs as rows, users and days and costs included."""
    for i in range(len(pairs)):
        moment = EPOCH + timedelta(days=int(pairs.day[i]), seconds=i % 80_000)
        for name, arm in (("primary", pairs.primary), ("shadow", pairs.shadow)):
            if not arm.present[i]:
                continue
            yield {
                "pair_id": f"r-{i}",
                "arm": name,
                "model": PRIMARY if name == "primary" else SHADOW,
                "tier": int(pairs.tier[i]),
                "user_id": f"u{pairs.cluster[i]}",
                "at": moment.isoformat().replace("+00:00", "Z"),
                "latency_ms": round(float(arm.latency_ms[i]), 3),
                "status": "ok" if arm.ok[i] else "error",
                "score": float(arm.score[i]),
                "prompt_tokens": int(pairs.size[i]),
                "completion_tokens": 10,
                "cost_usd": round(int(arm.cost[i]) / 1e12, 12),
            }


def simulated(path: Path, world: World, seed: int = 0) -> Path:
    """Write a simulated test as JSON lines."""
    return write_jsonl(path, rows_of(simulate(world, np.random.default_rng(seed))))
