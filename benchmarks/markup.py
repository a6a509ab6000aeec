"""How often the verdict on a gateway is right, on simulated months with planted truth, and what an analysis costs.

Run: python benchmarks/markup.py [--runs N] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmaudit.catalog import load_catalog
from llmaudit.datasets.markup import World
from llmaudit.datasets.markup_study import LOOKS, PLANTED, UNITS, Tally, study

NOISY = {"noise": 0.01, "unit": Decimal("1e-8")}
MISSING = {"missing_cache": 0.1, "unit": Decimal("1e-6")}


def main() -> None:
    """Run the study and print it, as JSON where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="months of each world and rounding")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    catalog = load_catalog()
    began = time.process_time()
    planted = {name: _varied(world, catalog, options.runs) for name, world in PLANTED.items()}
    worlds = {"clean": World()} | {look: World(look=look) for look in LOOKS}  # type: ignore[arg-type]
    worlds |= {f"{look}, on 40%": World(look=look, share=0.4) for look in LOOKS}  # type: ignore[arg-type]
    clean = {name: _varied(world, catalog, max(options.runs // 2, 1)) for name, world in worlds.items()}
    found = [one for rows in planted.values() for one in rows.values()]
    quiet = [one for rows in clean.values() for one in rows.values()]
    summary = {
        "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "catalog": catalog.version,
        "planted_runs": sum(one.runs for one in found),
        "right_kind_pct": round(100 * sum(one.right for one in found) / sum(one.runs for one in found), 2),
        "covered_pct": round(100 * sum(one.covered for one in found) / sum(one.intervals for one in found), 2),
        "intervals": sum(one.intervals for one in found),
        "clean_runs": sum(one.runs for one in quiet),
        "false_markups": sum(_markups(one) for one in quiet),
        "cpu_seconds_per_month": round((time.process_time() - began) / sum(one.runs for one in (*found, *quiet)), 3),
        "planted": {name: {how: _told(one) for how, one in rows.items()} for name, rows in planted.items()},
        "clean": {name: {how: _told(one) for how, one in rows.items()} for name, rows in clean.items()},
    }
    text = json.dumps(summary, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


def _varied(world: World, catalog: Any, runs: int) -> dict[str, Tally]:
    """Return a world as different logs would show it: rounded, noisy, with cached tokens missing."""
    own = world.unit != World().unit
    ways: dict[str, World] = {
        f"unit {unit}": replace(world, unit=unit) for unit in (UNITS if not own else (world.unit,))
    }
    if world.rule != "rounding_up":
        ways["noise of 1%"] = replace(world, **NOISY)
        ways["a tenth without cached tokens"] = replace(world, **MISSING)
    return {how: study(one, catalog, runs, seed=len(how)) for how, one in ways.items()}


def _markups(tally: Tally) -> int:
    return sum(count for (verdict, _), count in tally.verdicts.items() if verdict == "markup")


def _told(tally: Tally) -> dict[str, Any]:
    return {
        "runs": tally.runs,
        "right": tally.right,
        "covered": tally.covered,
        "intervals": tally.intervals,
        "verdicts": {
            f"{verdict} {kind or ''}".strip(): count
            for (verdict, kind), count in sorted(tally.verdicts.items(), key=str)
        },
    }


if __name__ == "__main__":
    main()
