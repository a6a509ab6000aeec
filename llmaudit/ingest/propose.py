"""Proposes a column map for a file in no known format, ready to be edited, from the names and values of its columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from llmaudit.formats.mapped import ColumnMap, Columns, value_at
from llmaudit.formats.values import text_time, unit_of, without_thousands
from llmaudit.ingest.layout import READ_AS
from llmaudit.ingest.sample import look_at
from llmaudit.money import parse_decimal
from llmaudit.request import Reject

MIN_SHARE = 0.5
"""Of a column's values so many must look like what it is proposed for."""

UNITS = {1: "s", 1_000: "ms", 1_000_000: "us", 1_000_000_000: "ns"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

SYNONYMS: dict[str, str] = {
    "input_tokens": (
        "prompt tokens, input tokens, tokens prompt, tokens input, tokens in, prompt token count, input token count, "
        "in tokens, usage input, token in, prompt size tokens, context tokens"
    ),
    "output_tokens": (
        "completion tokens, output tokens, tokens completion, tokens output, tokens out, generated tokens, "
        "output token count, completion token count, out tokens, response tokens, usage output, token out"
    ),
    "cache_read_tokens": (
        "cached tokens, cache read tokens, cache read input tokens, tokens cached, cached input tokens, "
        "cache hit tokens, cache read, cached"
    ),
    "cache_write_tokens": "cache write tokens, cache creation input tokens, cache creation tokens, cache write",
    "reasoning_tokens": "reasoning tokens, thinking tokens, thoughts tokens, tokens reasoning, thoughts",
    "model": "model, model name, model id, llm model, llm, engine, deployment, model raw",
    "started_at": (
        "started at, start time, created at, timestamp, time, created, date, datetime, ts, request time, logged at, "
        "event time, when"
    ),
    "ended_at": "ended at, end time, completed at, finished at",
    "latency": (
        "latency ms, latency, duration ms, duration, response time ms, response time, elapsed ms, elapsed, total time, "
        "took ms, latency s, duration s, latency seconds, duration seconds"
    ),
    "first_token_latency": "ttft ms, ttft, time to first token ms, time to first token",
    "billed_amount": (
        "cost usd, cost, total cost, price, spend, amount, charge, usd, cost cents, price usd, cost in usd, "
        "billed amount"
    ),
    "request_id": "request id, id, call id, call, uuid, generation id, log id, event id",
    "session_id": "session id, conversation id, thread id, chat id",
    "trace_id": "trace id",
    "seller": "provider, seller, vendor, provider name",
    "status": "status, state, outcome, success, result",
    "http_status": "status code, http status, response status, code, response code",
    "finish_reason": "finish reason, stop reason",
    "user_id": "user id, user, username, end user, customer id",
    "team": "team, team id, department, dept, organization",
    "feature": "feature, app, application, use case, route, service, app name, project",
    "key_id": "api key, key id, api key id, key name, api key name",
    "endpoint": "endpoint, path, operation",
    "is_streamed": "stream, streamed, is streamed, streaming",
    "is_batch": "batch, is batch",
    "cache_write_5m_tokens": "cache write 5 m tokens",
    "cache_write_1h_tokens": "cache write 1 h tokens",
    "service_tier": "service tier",
    "gateway": "gateway",
}
"""Words of source columns by what they mean, the plainest first."""


@dataclass(frozen=True)
class Proposal:
    """A proposed map.

    Attributes:
        column_map: The map.
        text: The same as YAML, with a remark where a line rests on a guess.
        unused: Source columns that it does not use.
    """

    column_map: ColumnMap
    text: str
    unused: tuple[str, ...]


def propose(path: Path) -> Proposal | None:
    """Return a map for a file, or None where neither tokens nor a model can be found in it.

    Raises:
        InputError: The file cannot be read.
    """
    look = look_at(path)
    best: Proposal | None = None
    for sample in look.samples:
        if READ_AS.get(sample.layout.container) not in {"json", "table"}:
            continue
        records = [seen.value for seen in sample.records if isinstance(seen.value, dict) and seen.value]
        found = _of(path, records) if records else None
        if found and (best is None or len(found.column_map.sources) > len(best.column_map.sources)):
            best = found
    return best


def _of(path: Path, records: Sequence[dict[str, Any]]) -> Proposal | None:
    paths = list(dict.fromkeys(key for record in records for key in _leaves(record, "", 4)))
    chosen: dict[str, str] = {}
    for name, words in SYNONYMS.items():
        fits = CHECKS.get(name, _is_text)
        candidates = [p for p in paths if p not in chosen.values() and _fits(records, p, fits)]
        ranked = sorted((rank, len(p), p) for p in candidates if (rank := _rank(p, words.split(", "))) is not None)
        if ranked:
            chosen[name] = ranked[0][2]
    if not {"input_tokens", "output_tokens"} & chosen.keys() or not {"model", "started_at"} & chosen.keys():
        return None
    inclusive, how = _includes_cached(records, chosen)
    times = [_numeric(value_at(r, chosen[n])) for n in ("started_at", "ended_at") if n in chosen for r in records]
    numbers = [value for value in times if value is not None]
    duration = _duration_unit(records, chosen.get("latency") or chosen.get("first_token_latency"))
    found = ColumnMap(
        name=re.sub(r"[^\w-]+", "-", path.name.partition(".")[0]).strip("-") or "log",
        columns=Columns(**chosen),
        input_includes_cached=inclusive,
        time_unit=UNITS[unit_of(numbers)] if numbers else None,  # type: ignore[arg-type]  # one of the four
        duration_unit=duration,  # type: ignore[arg-type]
        cost_unit="cents" if "cent" in chosen.get("billed_amount", "").lower() else "usd",
    )
    unused = tuple(p for p in paths if p not in chosen.values())
    return Proposal(found, _text(found, how, unused), unused)


def _leaves(value: dict[str, Any], before: str, depth: int) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, dict) and depth > 1:
            yield from _leaves(inner, f"{before}{key}.", depth - 1)
        elif not isinstance(inner, dict | list):
            yield before + key


def _rank(path: str, words: Sequence[str]) -> int | None:
    """Return how plainly a column's words are those looked for: its whole name, its last part, or the end of it."""
    spelled = [" ".join(w.lower() for w in _WORD.findall(part)) for part in (path, path.rpartition(".")[2])]
    for number, word in enumerate(words):
        if word in spelled:
            return number
    for number, word in enumerate(words):
        if " " in word and any(text.endswith(f" {word}") for text in spelled):
            return 100 + number
    return None


def _fits(records: Sequence[dict[str, Any]], path: str, check: Callable[[Any], bool]) -> bool:
    values = [value for record in records if (value := value_at(record, path)) not in (None, "")]
    return bool(values) and sum(check(value) for value in values) >= MIN_SHARE * len(values)


def _numeric(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(parse_decimal(without_thousands(str(value).strip().removeprefix("$"))))
    except ValueError:
        return None


def _is_count(value: Any) -> bool:
    number = _numeric(value)
    return number is not None and number >= 0 and number.is_integer()


def _is_amount(value: Any) -> bool:
    return _numeric(value) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | bool)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and any(letter.isalpha() for letter in value) and len(value) < 200  # noqa: PLR2004


def _is_time(value: Any) -> bool:
    number = _numeric(value)
    if number is not None:
        return number > 1e9  # noqa: PLR2004 -- seconds since 1970, or a finer unit
    try:
        return text_time(str(value), "time") is not None
    except Reject:
        return False


TOKENS = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "reasoning_tokens",
)  # fmt: skip
CHECKS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(TOKENS, _is_count),
    **dict.fromkeys(("started_at", "ended_at"), _is_time),
    **dict.fromkeys(("latency", "first_token_latency", "billed_amount"), _is_amount),
    "http_status": _is_count,
    "model": _is_name,
}


def _includes_cached(records: Sequence[dict[str, Any]], chosen: dict[str, str]) -> tuple[bool, str]:
    """Return whether input includes cached tokens, and what shows it: a total, or more cached than input."""
    if "cache_read_tokens" not in chosen or "input_tokens" not in chosen:
        return True, "no cached tokens are mapped"
    votes = {True: 0, False: 0}
    for record in records:
        sent, read, made = (
            _numeric(value_at(record, chosen[name])) or 0.0 if name in chosen else 0.0
            for name in ("input_tokens", "cache_read_tokens", "output_tokens")
        )
        if not read:
            continue
        if read > sent:
            votes[False] += 1
        totals = [_numeric(value_at(record, path)) for path in _leaves(record, "", 4) if "total" in path.lower()]
        votes[True] += sent + made in totals
        votes[False] += sent + read + made in totals
    if votes[True] == votes[False]:
        return True, "the file does not show it: check with the system that wrote it"
    shown = votes[True] > votes[False]
    return shown, f"{votes[shown]} of {len(records)} records show it"


def _duration_unit(records: Sequence[dict[str, Any]], path: str | None) -> str:
    if path is None:
        return "ms"
    words = [word.lower() for word in _WORD.findall(path)]
    named = {"ms": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "seconds": "s", "ns": "ns", "us": "us"}
    for word in words:
        if word in named:
            return named[word]
    values = sorted(v for record in records if (v := _numeric(value_at(record, path))))
    return "s" if values and values[len(values) // 2] < 60 else "ms"  # noqa: PLR2004 -- no call takes 60 ms in the middle


def _text(found: ColumnMap, how: str, unused: Sequence[str]) -> str:
    """Return the map as YAML; names are quoted, for a column may be called anything."""
    quoted = {name: msgspec.json.encode(source).decode() for name, source in found.sources.items()}
    lines = [
        "# A column map proposed by `llmaudit detect`. Check it, then: llmaudit ingest FILE --map THIS",
        f"name: {msgspec.json.encode(found.name).decode()}",
        "columns:",
        *(f"  {name}: {source}" for name, source in quoted.items()),
        f"input_includes_cached: {str(found.input_includes_cached).lower()}  # {how}",
        f"output_includes_reasoning: {str(found.output_includes_reasoning).lower()}",
    ]
    if found.time_unit:
        lines.append(f"time_unit: {found.time_unit}  # by the size of the numbers")
    if {"latency", "first_token_latency"} & quoted.keys():
        lines.append(f"duration_unit: {found.duration_unit}")
    if "billed_amount" in quoted:
        lines.append(f"cost_unit: {found.cost_unit}  # usd, cents, microdollars or nanodollars")
    wanted = {"seller": "openai", "model": "gpt-4o"}
    left = [f"#   {name}: {example}" for name, example in wanted.items() if name not in quoted]
    if left:
        lines += ["# constants:  # the same in every record; without a model nothing has a price", *left]
    if unused:
        listed = ", ".join(msgspec.json.encode(name).decode() for name in unused[:20])
        lines.append(f"# not used: {listed}{' and more' if len(unused) > 20 else ''}")  # noqa: PLR2004
    return "\n".join(lines) + "\n"
