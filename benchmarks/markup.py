"""How often the verdict on a gateway is right, on simulated months with planted truth, and what an analysis costs.

Run: python benchmarks/markup.py [--runs N] [--clean-runs N] [--seed N] [--only NAME…] [--out FILE.json]

With `--out` months are added to those that the file has: a study can be run in parts, other seeds or other worlds.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
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
SOME = ", on 40%"
MISSING = {"missing_cache": 0.1, "unit": Decimal("1e-6")}


def main() -> None:
    """Run the study and print it, as JSON where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="months of each world and rounding")
    parser.add_argument("--clean-runs", type=int, help="months of each world without a markup; else half as many")
    parser.add_argument("--seed", type=int, default=0, help="another one draws other months")
    parser.add_argument("--only", nargs="+", help="worlds, by their names; a look-alike is one on some requests too")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    quiet_runs = max(options.runs // 2, 1) if options.clean_runs is None else options.clean_runs
    catalog = load_catalog()
    worlds = {"clean": World()} | {look: World(look=look) for look in LOOKS}  # type: ignore[arg-type]
    worlds |= {f"{look}{SOME}": World(look=look, share=0.4) for look in LOOKS}  # type: ignore[arg-type]
    asked = [("planted", name, world, options.runs) for name, world in PLANTED.items()]
    asked += [("clean", name, world, quiet_runs) for name, world in worlds.items()]
    done = _before(options.out, catalog.version)
    for part, name, world, runs in asked:
        if runs and (options.only is None or name.removesuffix(SOME) in options.only):
            began = time.process_time()
            tallies = _varied(world, catalog, runs, options.seed)
            _add(done, part, name, {how: _told(one) for how, one in tallies.items()})
            done["cpu_seconds"] += time.process_time() - began
            print(f"{part}: {name}", flush=True, file=sys.stderr)
    done["seeds"] = sorted({*done["seeds"], options.seed})
    text = json.dumps(_summary(done) | done, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


COUNTS = ("runs", "right", "covered", "intervals", "exact", "exact_right")
Rows = dict[str, Any]
"""Of each world, by how its log shows it: the counts of a tally and its `verdicts`."""


def _before(path: Path | None, version: str) -> dict[str, Any]:
    """Return what an earlier part of a study has in its file."""
    if path is None or not path.exists():
        return {"catalog": version, "seeds": [], "cpu_seconds": 0.0, "planted": {}, "clean": {}}
    known: dict[str, Any] = json.loads(path.read_text())
    if known["catalog"] != version:
        raise SystemExit(f"{path} was made with catalog {known['catalog']}, this is {version}: name another --out")
    return {name: known[name] for name in ("catalog", "seeds", "cpu_seconds", "planted", "clean")}


def _add(done: dict[str, Any], part: str, name: str, rows: Rows) -> None:
    world = done[part].setdefault(name, {})
    for how, row in rows.items():
        old = world.get(how)
        if old is None:
            world[how] = row
            continue
        for key in COUNTS:
            old[key] += row[key]
        for verdict, count in row["verdicts"].items():
            old["verdicts"][verdict] = old["verdicts"].get(verdict, 0) + count


def _summary(done: dict[str, Any]) -> dict[str, Any]:
    """Return the shares that the promises are about; None where nothing was run."""
    found, quiet = ([row for rows in done[part].values() for row in rows.values()] for part in ("planted", "clean"))
    planted, intervals = sum(row["runs"] for row in found), sum(row["intervals"] for row in found)
    months = planted + sum(row["runs"] for row in quiet)
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "planted_runs": planted,
        "right_kind_pct": _pct(sum(row["right"] for row in found), planted),
        "intervals": intervals,
        "covered_pct": _pct(sum(row["covered"] for row in found), intervals),
        "exact": sum(row["exact"] for row in found),
        "exact_right": sum(row["exact_right"] for row in found),
        "clean_runs": months - planted,
        "false_markups": sum(
            count for row in quiet for verdict, count in row["verdicts"].items() if verdict.startswith("markup")
        ),
        "cpu_seconds_per_month": round(done["cpu_seconds"] / months, 3) if months else None,
    }


def _pct(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _varied(world: World, catalog: Any, runs: int, seed: int) -> dict[str, Tally]:
    """Return a world as different logs would show it: rounded, noisy, with cached tokens missing."""
    own = world.unit != World().unit
    ways: dict[str, World] = {
        f"unit {unit}": replace(world, unit=unit) for unit in (UNITS if not own else (world.unit,))
    }
    if world.rule != "rounding_up":
        ways["noise of 1%"] = replace(world, **NOISY)
        ways["a tenth without cached tokens"] = replace(world, **MISSING)
    return {how: study(one, catalog, runs, seed=1000 * seed + len(how)) for how, one in ways.items()}


def _told(tally: Tally) -> dict[str, Any]:
    return {
        **{name: getattr(tally, name) for name in COUNTS},
        "verdicts": {
            f"{verdict} {kind or ''}".strip(): count
            for (verdict, kind), count in sorted(tally.verdicts.items(), key=str)
        },
    }


if __name__ == "__main__":
    main()
