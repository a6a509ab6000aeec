"""A log in no known format, read by the user's own column map (`--map FILE`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from llmaudit import usage
from llmaudit.errors import InputError, printable
from llmaudit.formats.base import Context, Format
from llmaudit.formats.filling import fill_cost
from llmaudit.formats.values import (
    HTTP_ERROR,
    after,
    epoch,
    error_class,
    or_none,
    stated_tier,
    text_flag,
    text_time,
    without_thousands,
)
from llmaudit.money import parse_decimal
from llmaudit.request import Ignored, Reject, Request
from llmaudit.yamlfile import read_yaml

NAME = "mapped"
COUNTERS = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "reasoning_tokens",
)  # fmt: skip
TEXTS = (
    "request_id", "response_id", "call_id", "session_id", "trace_id", "gateway", "seller", "model_requested",
    "model_served", "endpoint", "region_class", "service_tier", "finish_reason", "user_id", "team", "feature", "key_id",
)  # fmt: skip
TIMES = ("started_at", "ended_at", "first_token_at")
FAILED = {"error", "failed", "failure", "false", "err", "ko"}
CANCELLED = {"cancelled", "canceled", "aborted"}
TIME_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
DURATION_MS = {"s": 1000.0, "ms": 1.0, "us": 0.001, "ns": 0.000001}
PER_DOLLAR = {"usd": 1, "cents": 100, "microdollars": 1_000_000, "nanodollars": 1_000_000_000}


class Columns(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Canonical column to source column (dotted inside objects), or to a constant where it stands under `constants`.

    Attributes:
        request_id: Identifies a call; without it every record is a call of its own.
        model: Served and requested model, if the log has only one name for both.
        status: `ok`, `error`, `cancelled` or a word for them.
        latency: From start to end, in `duration_unit`.
        first_token_latency: From start to the first token, in `duration_unit`.
        billed_amount: What was charged, in `cost_unit`.
        input_tokens: Prompt tokens; `input_includes_cached` says which.
        cache_write_tokens: Written to a cache, of any lifetime.
    """

    request_id: str | None = None
    response_id: str | None = None
    call_id: str | None = None
    session_id: str | None = None
    trace_id: str | None = None
    attempt: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    first_token_at: str | None = None
    latency: str | None = None
    first_token_latency: str | None = None
    gateway: str | None = None
    seller: str | None = None
    model: str | None = None
    model_requested: str | None = None
    model_served: str | None = None
    endpoint: str | None = None
    region_class: str | None = None
    service_tier: str | None = None
    is_batch: str | None = None
    is_streamed: str | None = None
    status: str | None = None
    http_status: str | None = None
    finish_reason: str | None = None
    billed_amount: str | None = None
    user_id: str | None = None
    team: str | None = None
    feature: str | None = None
    key_id: str | None = None
    stated_tier: str | None = None
    input_tokens: str | None = None
    output_tokens: str | None = None
    cache_read_tokens: str | None = None
    cache_write_tokens: str | None = None
    cache_write_5m_tokens: str | None = None
    cache_write_1h_tokens: str | None = None
    reasoning_tokens: str | None = None
    web_searches: str | None = None


class ColumnMap(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """How a log is read.

    Attributes:
        name: What the log is called; records of maps with one name share their ids.
        columns: The source of each canonical column.
        constants: Canonical columns that are the same in every record.
        input_includes_cached: Whether input_tokens counts cached reads and writes.
        output_includes_reasoning: Whether output_tokens counts reasoning.
        time_unit: Of times that are numbers; if left out, it is inferred from their size.
        duration_unit: Of latencies.
        cost_unit: Of the amount.
    """

    name: str
    columns: Columns
    constants: Columns = msgspec.field(default_factory=Columns)
    input_includes_cached: bool
    output_includes_reasoning: bool = True
    time_unit: Literal["s", "ms", "us", "ns"] | None = None
    duration_unit: Literal["s", "ms", "us", "ns"] = "ms"
    cost_unit: Literal["usd", "cents", "microdollars", "nanodollars"] = "usd"

    @property
    def sources(self) -> dict[str, str]:
        """Canonical column to source column, as far as mapped."""
        return {name: source for name in Columns.__struct_fields__ if (source := getattr(self.columns, name))}


def load_map(path: Path) -> ColumnMap:
    """Read a column map.

    Raises:
        InputError: Missing, no YAML, an unknown column, or one that is mapped and constant; with line and column.
    """
    found = read_yaml(path, ColumnMap, what="column map")
    twice = [name for name in Columns.__struct_fields__ if getattr(found.constants, name) and name in found.sources]
    if twice or not {"input_tokens", "output_tokens", "model", "model_served", "http_status"} & {*found.sources}:
        problem = f"{twice[0]} is mapped and constant" if twice else "it maps neither tokens nor a model"
        raise InputError(
            f"{printable(path.name)}: the column map cannot be used: {problem}",
            next_step="Fix the file; docs/files.md shows the shape of a column map.",
            slug="bad-column-map",
        )
    return found


def format_of(column_map: ColumnMap) -> Format:
    """Return the format that a column map is."""
    sources = column_map.sources
    inside = "includes" if column_map.input_includes_cached else "excludes"
    return Format(
        name=NAME,
        title=f"{column_map.name} (column map)",
        reads=("json", "table"),
        marks=tuple(dict.fromkeys(sources.values())),
        convert=_converter(column_map),
        study=lambda records: _check(records, sources),
        epochs=tuple(sources[name] for name in TIMES if name in sources),
        repeats="first",
        id_space=f"map:{column_map.name}",
        semantics=f"As the column map says: input {inside} cached tokens.",
    )


def _not_kept(_: object, __: Context) -> Ignored:
    return Ignored("the column map is not kept in the database")


GENERAL = Format(
    name=NAME,
    title="a column map",
    convert=_not_kept,
    semantics="As the column map said that the file was read with.",
)
"""Stands for every column map where only the name is left, as in the ledger."""


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Return the value of a name, or of a dotted path through objects; None if there is none."""
    if path in record:
        return record[path]
    value: Any = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _check(records: Sequence[dict[str, Any]], sources: Mapping[str, str]) -> None:
    """Refuse a map that names a source which no record of the file's head, middle and tail has.

    Raises:
        InputError: The column is nowhere; most likely it is misspelt, and every record would come out without it.
    """
    for name, source in sources.items():
        if records and all(value_at(record, source) is None and source not in record for record in records):
            there = ", ".join(sorted({key for record in records for key in record})[:12])
            raise InputError(
                f"the column map takes {name} from {printable(source)}, which no record has",
                next_step=f"The file has {printable(there)}. Fix the map, or take the line out.",
                slug="no-such-column",
            )


def _converter(column_map: ColumnMap) -> Callable[[dict[str, Any], Context], Request | Ignored]:
    sources = column_map.sources
    constants = {name: value for name in Columns.__struct_fields__ if (value := getattr(column_map.constants, name))}

    def convert(record: dict[str, Any], context: Context) -> Request | Ignored:
        """Return the request of one record."""
        row: dict[str, Any] = {name: value_at(record, source) for name, source in sources.items()}
        return _request({**row, **constants}, column_map, sources, context)

    return convert


def _request(row: dict[str, Any], column_map: ColumnMap, sources: Mapping[str, str], context: Context) -> Request:
    model = _text(row.get("model"))
    request = Request()
    for name in TEXTS:
        setattr(request, name, _text(row.get(name)))
    request.model_requested = request.model_requested or model
    request.model_served = request.model_served or model
    request.model_raw = request.model_served or request.model_requested
    for name in TIMES:
        setattr(request, name, _time(row.get(name), sources.get(name, name), column_map, context))
    scale = DURATION_MS[column_map.duration_unit]
    for name, into in (("latency", "ended_at"), ("first_token_latency", "first_token_at")):
        took = _number(row.get(name), sources.get(name, name))
        if took is not None and getattr(request, into) is None:
            setattr(request, into, after(request.started_at, float(took) * scale, sources.get(name, name)))
    request.attempt, request.http_status = _count(row, "attempt", sources), _count(row, "http_status", sources)
    request.web_searches, request.stated_tier = (
        _count(row, "web_searches", sources),
        stated_tier(row.get("stated_tier")),
    )
    request.is_batch, request.is_streamed = _flag(row.get("is_batch")), _flag(row.get("is_streamed"))
    _status(request, _text(row.get("status")))
    counts = {name: _number(row.get(name), sources.get(name, name)) for name in COUNTERS}
    usage.stated(
        request,
        input_=_whole(counts["input_tokens"]),
        output=_whole(counts["output_tokens"]),
        read=_whole(counts["cache_read_tokens"]),
        written=_whole(counts["cache_write_tokens"]),
        written_5m=_whole(counts["cache_write_5m_tokens"]),
        written_1h=_whole(counts["cache_write_1h_tokens"]),
        reasoning=_whole(counts["reasoning_tokens"]),
        input_has_cache=column_map.input_includes_cached,
        output_has_reasoning=column_map.output_includes_reasoning,
    )
    request.raw_usage = msgspec.json.encode(
        {name: count for name, count in counts.items() if count is not None}, enc_hook=str
    ).decode()
    cost_field = sources.get("billed_amount", "billed_amount")
    amount = _number(row.get("billed_amount"), cost_field)
    fill_cost(request, amount, cost_field, PER_DOLLAR[column_map.cost_unit])
    return request


def _status(request: Request, word: str | None) -> None:
    failed = (request.http_status or 0) >= HTTP_ERROR or (word or "").lower() in FAILED
    if (word or "").lower() in CANCELLED:
        request.status = "cancelled"
    elif failed:
        request.status, request.error_class = "error", error_class(request.http_status)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, dict | list):
        return None
    return or_none(str(value).strip())


def _number(value: Any, field: str) -> Decimal | None:
    """Return a number, its digits kept; a dollar sign and commas between thousands are passed over."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and not value.strip()):
        return None
    text = without_thousands(value.strip().removeprefix("$")) if isinstance(value, str) else repr(value)
    try:
        return value if isinstance(value, Decimal) else parse_decimal(text)
    except ValueError:
        raise Reject("not-a-number", field) from None


def _whole(value: Decimal | None) -> int | float | None:
    """Return a count as `usage` judges it: a fraction stays one, to be refused there."""
    return None if value is None else int(value) if value == value.to_integral_value() else float(value)


def _count(row: Mapping[str, Any], name: str, sources: Mapping[str, str]) -> int | None:
    return usage.checked(sources.get(name, name), _whole(_number(row.get(name), sources.get(name, name))))


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else text_flag(_text(value))


def _time(value: Any, field: str, column_map: ColumnMap, context: Context) -> datetime | None:
    """Return a time: ISO 8601 text, a date that Parquet has as one, or a number in the unit of the map or the file."""
    if isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
        return text_time(value, field)
    number = _number(value, field)
    if number is None:
        return None
    exact = int(number) if number == number.to_integral_value() else float(number)
    if column_map.time_unit is not None:
        return epoch(exact, field, TIME_UNITS[column_map.time_unit])
    return context.epoch(exact, field)
