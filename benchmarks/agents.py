"""Coding-agent sessions: five thousand small files against one file of the same bytes, and against `ccusage`.

A tree of invented Claude Code sessions is generated, the same every time: answers written block by block, sessions
resumed into new files, side chains, cache writes of both lifetimes. Its truth (tokens, dollars) is added up while it
is written. See README.md for what the numbers mean.

    python benchmarks/agents.py [--sessions N] [--lines N] [--repeats N] [--ccusage VERSION | --no-ccusage]

`ccusage` is fetched from npm into a temporary folder, which goes when the run ends.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
CCUSAGE = "20.0.24"
PRICES = {  # dollars a million: input, cache read, 5-minute write, 1-hour write, output
    "claude-sonnet-4-5-20250929": ("3", "0.3", "3.75", "6", "15"),
    "claude-haiku-4-5-20251001": ("1", "0.1", "1.25", "2", "5"),
    "claude-opus-4-5-20251101": ("5", "0.5", "6.25", "10", "25"),
}
"""Anthropic's list prices of the month in which the sessions lie."""

KINDS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
WORDS = ("parser", "reads", "every", "line", "session", "keeps", "what", "was", "billed", "tests", "pass", "file")


def session(number: int, lines: int, truth: Counter[str]) -> list[dict[str, Any]]:
    """Return the lines of a session; what it costs is added to the truth."""
    dice = random.Random(number)  # noqa: S311 -- a repeatable workload, not cryptography
    ident, now = f"{number:08x}-0000-4000-8000-{number:012x}", datetime(2026, 9, 1, 8, tzinfo=UTC)
    now += timedelta(minutes=7 * (number % 5000))
    found: list[dict[str, Any]] = []
    context = dice.randint(12_000, 20_000)
    answer = 0
    while len(found) < lines:
        now += timedelta(seconds=dice.randint(5, 60))
        found.append(_line(ident, now, len(found), "user", {"role": "user", "content": _text(dice, 40)}))
        answer += 1
        context += _answer(found, dice, ident, now, f"{number:06x}{answer:04x}", context, truth)
    return found


def _answer(
    found: list[dict[str, Any]],
    dice: random.Random,
    ident: str,
    now: datetime,
    name: str,
    context: int,
    truth: Counter[str],
) -> int:
    """Add one call as the lines of its content blocks; only the last has the whole output."""
    model = dice.choice(list(PRICES))
    written, output = dice.randint(200, 3000), dice.randint(50, 900)
    long = dice.random() < 0.25
    split = {"ephemeral_5m_input_tokens": 0 if long else written, "ephemeral_1h_input_tokens": written if long else 0}
    usage = {
        "input_tokens": dice.randint(2, 12),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": context,
        "cache_creation": split,
        "service_tier": "standard",
    }
    blocks, side = dice.randint(1, 3), dice.random() < 0.1
    for block in range(blocks):
        last = block == blocks - 1
        message = {
            "id": f"msg_{name}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": _text(dice, 60)}],
            "stop_reason": "tool_use" if last else None,
            "usage": {**usage, "output_tokens": output if last else dice.randint(1, 8)},
        }
        line = _line(ident, now + timedelta(seconds=block), len(found), "assistant", message)
        found.append(line | {"requestId": f"req_{name}", "isSidechain": side})
    tokens = (usage["input_tokens"], context, split["ephemeral_5m_input_tokens"], split["ephemeral_1h_input_tokens"])
    for kind, count, price in zip(KINDS, (*tokens, output), PRICES[model], strict=True):
        truth[kind] += int(count)
        truth["picodollars"] += int(count) * int(Decimal(price) * 1_000_000)
    truth["requests"] += 1
    return written


def _line(ident: str, at: datetime, number: int, kind: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "parentUuid": None if not number else f"{ident}-{number - 1}",
        "isSidechain": False,
        "userType": "external",
        "cwd": "/home/dev/shop",
        "sessionId": ident,
        "version": "2.1.37",
        "gitBranch": "main",
        "type": kind,
        "message": message,
        "uuid": f"{ident}-{number}",
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{number % 1000:03}Z",
    }


def _text(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words))


def tree(folder: Path, sessions: int, lines: int) -> tuple[Counter[str], int, int]:
    """Write the tree; return its truth, its lines and its bytes. Every tenth session resumes the one before it."""
    truth: Counter[str] = Counter()
    count = size = 0
    before: list[dict[str, Any]] = []
    with (folder / "all.jsonl").open("wb") as whole:
        for number in range(sessions):
            own = session(number, lines, truth)
            copied = before[: lines // 2] if number % 10 == 9 else []
            project = folder / "tree" / "projects" / f"-home-dev-project-{number % 20}"
            project.mkdir(parents=True, exist_ok=True)
            data = b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in [*copied, *own])
            (project / f"{own[0]['sessionId']}.jsonl").write_bytes(data)
            whole.write(data)
            count += len(copied) + len(own)
            size += len(data)
            before = own
    return truth, count, size


def timed(command: list[str], **environment: str) -> tuple[float, float, str]:
    """Run a command; return its wall and CPU seconds and what it wrote."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def llmaudit(
    folder: Path, command: str, path: Path, *, again: bool = False, keep: bool = True
) -> tuple[float, float, dict[str, Any]]:
    """Run llmaudit on a path: with a fresh database, with the one of the run before, or with none that is kept."""
    database = folder / "fresh.duckdb"
    for old in () if again else folder.glob("fresh.duckdb*"):
        old.unlink()
    kept = ["--db", str(database)] if keep else []
    wall, cpu, text = timed([sys.executable, "-m", "llmaudit", command, str(path), *kept, "--json", "--quiet"])
    return wall, cpu, json.loads(text)


def many_against_one(folder: Path, repeats: int) -> Iterator[dict[str, float]]:
    """Yield pairs of ingest runs, the tree and the one file, one right after the other."""
    for _ in range(repeats):
        many = llmaudit(folder, "ingest", folder / "tree")
        one = llmaudit(folder, "ingest", folder / "all.jsonl")
        if many[2]["totals"] != one[2]["totals"]:
            raise SystemExit(f"the two readings differ: {many[2]['totals']} and {one[2]['totals']}")
        yield {"many_s": many[0], "one_s": one[0], "many_cpu_s": many[1], "one_cpu_s": one[1]}


def against_ccusage(folder: Path, repeats: int, version: str) -> dict[str, Any]:
    """Return pairs of `llmaudit` and `ccusage daily` on the same tree, and what each adds up to."""
    place = folder / "npm"
    place.mkdir()
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not here; run with --no-ccusage")
    subprocess.run(
        [npm, "install", "--no-save", "--prefix", str(place), f"ccusage@{version}"], check=True, capture_output=True
    )
    found = (path for path in place.glob("node_modules/@ccusage/*/bin/ccusage*") if path.is_file())
    binary = next(found)
    binary.chmod(0o755)
    home = {"CLAUDE_CONFIG_DIR": str(folder / "tree"), "HOME": str(folder / "home")}
    (folder / "home").mkdir()
    pairs, theirs, ours = [], {}, {}
    for _ in range(repeats):
        other = timed([str(binary), "claude", "daily", "--json", "--offline", "--timezone", "UTC"], **home)
        runs = {
            "audit": llmaudit(folder, "audit", folder / "tree", keep=False),
            "ingest": llmaudit(folder, "ingest", folder / "tree"),
            "ingest_again": llmaudit(folder, "ingest", folder / "tree", again=True),
            "audit_again": llmaudit(folder, "audit", folder / "tree", again=True),
        }
        theirs = json.loads(other[2])["totals"]
        spend = runs["audit"][2]["spend"]
        if runs["audit_again"][2]["spend"]["spend_usd"] != spend["spend_usd"]:
            raise SystemExit("an audit of the kept database says something else than one of the files")
        ours = {name: spend.get(name) for name in ("spend_usd", "list_usd", "requests", "tokens")}
        pair = {"ccusage_s": other[0], "ccusage_cpu_s": other[1]}
        for name, (wall, cpu, _) in runs.items():
            pair |= {f"{name}_s": wall, f"{name}_cpu_s": cpu}
        pairs.append(pair)
    return {"pairs": pairs, "ccusage_totals": theirs, "llmaudit_spend": ours} | _ratios(pairs)


def _ratios(pairs: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return how many times as long as ccusage each run takes, by the clock and in CPU time: medians."""
    names = [name.removesuffix("_cpu_s") for name in pairs[0] if name.endswith("_cpu_s") and name != "ccusage_cpu_s"]
    return {
        f"times_ccusage_{kind}": {
            name: round(statistics.median(pair[name + end] / pair["ccusage" + end] for pair in pairs), 2)
            for name in names
        }
        for kind, end in (("wall", "_s"), ("cpu", "_cpu_s"))
    }


def main() -> None:
    """Measure, and write a dated result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=5000)
    parser.add_argument("--lines", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ccusage", default=CCUSAGE)
    parser.add_argument("--no-ccusage", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="llmaudit-bench-") as name:
        folder = Path(name)
        truth, lines, size = tree(folder, given.sessions, given.lines)
        pairs = list(many_against_one(folder, given.repeats))
        result: dict[str, Any] = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "files": given.sessions,
            "lines": lines,
            "bytes": size,
            "truth": {**truth, "usd": f"{Decimal(truth['picodollars']) / 10**12:f}"},
            "many_against_one": pairs,
            "ratio_median": round(statistics.median(pair["many_s"] / pair["one_s"] for pair in pairs), 2),
            "ratio_cpu_median": round(statistics.median(pair["many_cpu_s"] / pair["one_cpu_s"] for pair in pairs), 2),
        }
        if not given.no_ccusage:
            compared = against_ccusage(folder, given.repeats, given.ccusage)
            result["ccusage"] = compared | {"version": given.ccusage}
    text = json.dumps(result, indent=2)
    print(text)
    out = given.out or RESULTS / f"agents-{result['date']}.json"
    out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
