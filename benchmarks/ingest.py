"""How long `llmaudit ingest` takes, beside DuckDB's own typed JSON reader on the same file in the same run.

Each measurement is a fresh process that writes a fresh database on disk; they alternate (A B A B ...), so that a slow
minute of a shared machine hits all. A packed file is also unpacked and nothing else. See README.md for what the numbers
mean and what they do not.

    python benchmarks/ingest.py [--lines N] [--repeats N] [--packed gzip|zstd] [--rows month|prompts]
        [--folder PATH] [--keep]
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LINES = 1_000_000
RESULTS = Path(__file__).parent / "results"
MONTH = Path(__file__).parent.parent / "sample_logs" / "litellm.jsonl.gz"

COLUMNS = """{
    request_id: 'VARCHAR', call_type: 'VARCHAR', api_key: 'VARCHAR', spend: 'DECIMAL(18,12)', prompt_tokens: 'BIGINT',
    completion_tokens: 'BIGINT', startTime: 'TIMESTAMP', endTime: 'TIMESTAMP', completionStartTime: 'TIMESTAMP',
    model: 'VARCHAR', model_group: 'VARCHAR', custom_llm_provider: 'VARCHAR', "user": 'VARCHAR', end_user: 'VARCHAR',
    team_id: 'VARCHAR', cache_hit: 'VARCHAR', request_tags: 'VARCHAR[]', messages: 'JSON', session_id: 'VARCHAR',
    litellm_call_id: 'VARCHAR', status: 'VARCHAR',
    metadata: 'STRUCT(
        usage_object STRUCT(
            prompt_tokens_details STRUCT(cached_tokens BIGINT, cache_write_tokens BIGINT, cache_creation_tokens BIGINT,
                cache_creation_token_details STRUCT(
                    ephemeral_5m_input_tokens BIGINT, ephemeral_1h_input_tokens BIGINT)),
            completion_tokens_details STRUCT(reasoning_tokens BIGINT),
            cache_read_input_tokens BIGINT, cache_creation_input_tokens BIGINT),
        additional_usage_values STRUCT(cache_read_input_tokens BIGINT, cache_creation_input_tokens BIGINT),
        cost_breakdown STRUCT(total_cost DECIMAL(18,12), service_tier VARCHAR),
        error_information STRUCT(error_code VARCHAR, error_class VARCHAR),
        user_api_key_alias VARCHAR, user_api_key_team_alias VARCHAR, attempted_retries BIGINT,
        attempted_fallbacks BIGINT)'
}"""
"""What llmaudit's LiteLLM format reads of a record, in DuckDB's words."""

MODELS = (
    ("openai", "gpt-4o", 2.5, 10.0),
    ("openai", "gpt-4o-mini", 0.15, 0.6),
    ("anthropic", "claude-sonnet-4-5", 3.0, 15.0),
    ("anthropic", "claude-haiku-4-5", 1.0, 5.0),
    ("vertex_ai", "gemini-2.5-pro", 1.25, 10.0),
)
TEAMS = ("search", "support", "billing", "research")
FEATURES = ("summary", "chat", "triage", "extract", "draft", "translate")

ASKS = ("Summarise this in two sentences", "Classify the sentiment", "Why did the delivery fail", "Draft a reply")
WORDS = (
    "parcel", "arrived", "late", "customer", "wants", "money", "back", "because", "colour", "differs", "from",
    "picture", "please", "check", "whether", "address", "is", "right", "and", "the", "invoice", "was", "paid", "twice",
)  # fmt: skip


def lines(count: int) -> Iterator[bytes]:
    """Yield LiteLLM spend-log lines of about 1.2 kB; the same count always yields the same bytes."""
    dice = random.Random(1)  # noqa: S311 -- a repeatable workload, not cryptography
    start = datetime(2026, 10, 1, tzinfo=UTC).replace(tzinfo=None)
    for number in range(count):
        start += timedelta(milliseconds=dice.randint(1, 4000))
        yield json.dumps(_row(number, start, dice)).encode() + b"\n"


def month_lines(count: int) -> Iterator[bytes]:
    """Yield the sample month's rows again and again, with ids of their own; the same count yields the same bytes.

    They have all the table's columns, some 2.7 kB a line, and differ as rows of a real log do: by provider, tags,
    caching, failures. Those that are planted to be rejected are left out: DuckDB's reader would stop at them.
    """
    with gzip.open(MONTH, "rb") as source:
        rows = [json.loads(line) for line in source if _is_sound(line)]
    dice = random.Random(2)  # noqa: S311 -- a repeatable workload
    for number in range(count):
        row = dice.choice(rows)
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        ids = {"request_id": f"chatcmpl-{digest[:29]}", "session_id": digest[:32], "litellm_call_id": digest[32:]}
        yield json.dumps(row | ids).encode() + b"\n"


def prompt_lines(count: int) -> Iterator[bytes]:
    """Yield rows of a proxy that stores prompts: a system message and some 1,300 characters of a user's."""
    dice = random.Random(3)  # noqa: S311 -- a repeatable workload
    start = datetime(2026, 10, 1, tzinfo=UTC).replace(tzinfo=None)
    for number in range(count):
        start += timedelta(milliseconds=dice.randint(1, 4000))
        asked = f"{dice.choice(ASKS)}:\n\n" + " ".join(_sentence(dice) for _ in range(20))
        told = {"role": "system", "content": f"You answer the customers of a shop for {dice.choice(TEAMS)}. Be brief."}
        row = _row(number, start, dice) | {"messages": [told, {"role": "user", "content": asked}]}
        yield json.dumps(row).encode() + b"\n"


def _sentence(dice: random.Random) -> str:
    words = " ".join(dice.choices(WORDS, k=8))
    return f"Order {dice.randint(10**5, 10**9)} of {dice.randint(1, 28)} October: {words}."


def _is_sound(line: bytes) -> bool:
    try:
        row = json.loads(line)
        datetime.fromisoformat(row["startTime"])
        whole = all(isinstance(row[name], int) and row[name] >= 0 for name in ("prompt_tokens", "completion_tokens"))
        return whole and row["spend"] >= 0
    except (ValueError, KeyError, TypeError):
        return False


def _row(number: int, start: datetime, dice: random.Random) -> dict[str, Any]:
    provider, model, input_rate, output_rate = dice.choice(MODELS)
    prompt, output = dice.randint(50, 9000), dice.randint(1, 800)
    cached = dice.choice((0, 0, dice.randint(0, prompt)))
    cost = (prompt * input_rate + output * output_rate) / 1e6
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    first, end = start + timedelta(milliseconds=dice.randint(100, 900)), start + timedelta(seconds=dice.randint(1, 30))
    return {
        "request_id": "chatcmpl-" + digest[:29],
        "call_type": "acompletion",
        "api_key": digest,
        "spend": cost,
        "total_tokens": prompt + output,
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "startTime": start.isoformat(timespec="milliseconds"),
        "endTime": end.isoformat(timespec="milliseconds"),
        "completionStartTime": first.isoformat(timespec="milliseconds"),
        "model": f"{provider}/{model}",
        "model_id": digest[:20],
        "model_group": model,
        "custom_llm_provider": provider,
        "api_base": f"https://api.{provider}.example/v1/",
        "user": f"u{number % 997}",
        "metadata": {
            "usage_object": {
                "prompt_tokens": prompt,
                "completion_tokens": output,
                "total_tokens": prompt + output,
                "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": dice.randint(0, output)},
            },
            "user_api_key_alias": dice.choice(("prod", "batch", "dev")),
            "user_api_key_team_alias": dice.choice(TEAMS),
            "attempted_retries": 0,
            "status": "success",
            "cost_breakdown": {"input_cost": 0.001, "output_cost": 0.002, "total_cost": cost, "original_cost": cost},
        },
        "cache_hit": "False",
        "cache_key": "Cache OFF",
        "request_tags": [f"feature:{dice.choice(FEATURES)}", "env:prod"],
        "team_id": f"t{number % 9}",
        "end_user": "",
        "requester_ip_address": "10.1.2.3",
        "messages": {},
        "response": {},
        "proxy_server_request": {},
        "session_id": digest[:32],
        "status": "success",
    }


def opened(path: Path, mode: str) -> IO[bytes]:
    """Open a file as its name says: plain, gzip or zstd, as the standard library packs it."""
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, mode, compresslevel=6) if "w" in mode else gzip.open(path, mode))
    if path.suffix == ".zst":
        return cast("IO[bytes]", zstd.open(path, mode))
    return cast("IO[bytes]", path.open(mode))


ROWS = {"plain": lines, "month": month_lines, "prompts": prompt_lines}
"""What the log holds."""


def run_unpack(log: Path, _: Path) -> int:
    """Unpack the log and do nothing with it; return its lines."""
    begin()
    found = 0
    with opened(log, "rb") as source:
        while data := source.read(1 << 22):
            found += data.count(b"\n")
    return found


def run_llmaudit(log: Path, database: Path) -> int:
    """Ingest through the Python API, as the command line does; return the rows that are then in the database."""
    from llmaudit.ingest import Setup, ingest  # noqa: PLC0415 -- imports are not what is measured
    from llmaudit.store import Store  # noqa: PLC0415

    with Store(database) as store:
        begin()
        return ingest(store, [str(log)], Setup(store.hash_key)).totals.accepted


def run_duckdb(log: Path, database: Path) -> int:
    """Read with DuckDB's reader into a table on disk; return its rows."""
    import duckdb  # noqa: PLC0415

    with duckdb.connect(str(database)) as connection:
        begin()
        connection.execute(
            f"CREATE TABLE requests AS SELECT * FROM read_json(?, format = 'newline_delimited', columns = {COLUMNS})",
            [str(log)],
        )
        row = connection.execute("SELECT count(*) FROM requests").fetchone()
    return int(row[0]) if row else 0


RUNNERS = {"llmaudit": run_llmaudit, "duckdb": run_duckdb, "unpack": run_unpack}
_began: list[float] = []


def begin() -> None:
    """Mark the start of what is measured: imports are done, the database is open."""
    _began.append(time.perf_counter())


def child(name: str, log: Path, database: Path) -> None:
    """Run once in this process and print what it took, until the database is closed on disk."""
    rows = RUNNERS[name](log, database)
    seconds = time.perf_counter() - _began[0]
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in used)
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu_seconds": cpu}))


def measure(name: str, log: Path, folder: Path) -> dict[str, float]:
    """Run once in a fresh process with a fresh database; peak memory is that of it and its children together."""
    database = folder / f"{name}.duckdb"
    database.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--child", name, str(log), str(database)]
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, _memory_of_tree(process.pid))
            time.sleep(0.1)
        answer: dict[str, float] = json.loads(process.communicate()[0])
    size = database.stat().st_size if database.exists() else 0
    return {**answer, "peak_mb": peak / 1e6, "database_mb": size / 1e6}


def _memory_of_tree(pid: int) -> int:
    """Return the resident bytes of a process and its children (Linux), 0 where that cannot be told."""
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return resident + sum(_memory_of_tree(int(each)) for each in children)


def benchmark(count: int, repeats: int, packed: str | None, place: Path | None, rows: str) -> dict[str, Any]:
    """Measure the readers alternately; return everything that was seen."""
    names = [name for name in RUNNERS if packed or name != "unpack"]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="llmaudit-bench-", dir=place) as folder:
        log = Path(folder) / {"gzip": "log.jsonl.gz", "zstd": "log.jsonl.zst"}.get(packed or "", "log.jsonl")
        with opened(log, "wb") as sink:
            sink.writelines(ROWS[rows](count))
        print(f"{count:,} lines, {log.stat().st_size / 1e6:,.0f} MB on disk")
        for _ in range(repeats):
            for name, seen in runs.items():
                seen.append(measure(name, log, Path(folder)))
                print(f"  {name:9} {seen[-1]['seconds']:7.2f} s, {seen[-1]['peak_mb']:6.0f} MB peak")
                if seen[-1]["rows"] != count:
                    raise SystemExit(f"{name} read {seen[-1]['rows']} of {count} lines")
        size = log.stat().st_size
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"shared virtual machine, {os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "load": os.getloadavg()[1],
        "python": platform.python_version(),
        "lines": count,
        "log_bytes": size,
        "packed": packed,
        "kind": rows,
        **summary(runs),
        "runs": runs,
    }


def summary(runs: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Return the medians, and for each peer the ratios of the pairs that ran in one round."""
    return {
        "median_seconds": {name: statistics.median(run["seconds"] for run in seen) for name, seen in runs.items()},
        "peak_mb_max": {name: max(run["peak_mb"] for run in seen) for name, seen in runs.items()},
        "against": {name: _against(runs["llmaudit"], seen) for name, seen in runs.items() if name != "llmaudit"},
    }


def _against(ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> dict[str, Any]:
    pairs = list(zip(ours, theirs, strict=True))
    ratios = [our["seconds"] / their["seconds"] for our, their in pairs]
    cpu = statistics.median(our["cpu_seconds"] / their["cpu_seconds"] for our, their in pairs)
    return {"ratio_median": statistics.median(ratios), "ratios": ratios, "cpu_ratio_median": cpu}


def main() -> None:
    """Run the benchmark and keep its result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=LINES, help=f"fewer than {LINES:,} are not kept as a result")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--packed", choices=("gzip", "zstd"), help="measure on a packed file")
    parser.add_argument("--rows", choices=ROWS, default="plain", help="month: of many shapes; prompts: with text")
    parser.add_argument("--folder", type=Path, help="where there is room for the log and the databases")
    parser.add_argument("--keep", action="store_true", help="keep the result whatever the number of lines")
    parser.add_argument("--child", nargs=3, metavar=("NAME", "LOG", "DATABASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, log, database = arguments.child
        child(name, Path(log), Path(database))
        return
    result = benchmark(arguments.lines, arguments.repeats, arguments.packed, arguments.folder, arguments.rows)
    if arguments.lines == LINES or arguments.keep:  # a short run is a look, not a result
        RESULTS.mkdir(exist_ok=True)
        kind = "" if arguments.rows == "plain" else arguments.rows
        parts = [result["date"], kind, arguments.packed or "", "" if arguments.lines == LINES else str(arguments.lines)]
        target = RESULTS / f"ingest-{'-'.join(part for part in parts if part)}.json"
        target.write_text(json.dumps(result, indent=1) + "\n")
    for name, found in result["against"].items():
        pairs = ", ".join(f"{ratio:.2f}" for ratio in found["ratios"])
        print(f"against {name}: {pairs}: median {found['ratio_median']:.2f}, of CPU {found['cpu_ratio_median']:.2f}")


if __name__ == "__main__":
    main()
