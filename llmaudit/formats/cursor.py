"""Cursor: the usage-events CSV of its dashboard."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec

from llmaudit import usage
from llmaudit.formats.base import Context, Format
from llmaudit.formats.values import (
    dollars,
    or_none,
    text_decimal,
    text_flag,
    text_integer,
    text_time,
    without_thousands,
)
from llmaudit.money import ZERO
from llmaudit.request import Reject, Request

WITH, WITHOUT, READ, OUTPUT, TOTAL = (
    "Input (w/ Cache Write)",
    "Input (w/o Cache Write)",
    "Cache Read",
    "Output Tokens",
    "Total Tokens",
)
FREE = {"included", "free", "included in pro", "included in business", "no charge"}
ABSENT = {"", "-", "nan", "n/a"}
Meaning = Literal["writes", "input", "unknown"]


def convert(row: dict[str, str], context: Context) -> Request:
    """Return the request of one usage event."""
    model, kind = or_none(row.get("Model")), row.get("Kind", "")
    request = Request(
        request_id=_key(row),
        started_at=text_time(row.get("Date"), "Date"),
        gateway="cursor",
        model_raw=model,
        model_requested=model,
        model_served=model,
        endpoint="cursor",
        feature="coding-agent",
        user_id=or_none(row.get("User")),
        needs_tools=True,
        billed_currency="USD",
        tags=msgspec.json.encode(_tags(row)).decode(),
    )
    if "error" in kind.lower():
        request.status, request.error_class = "error", "other"
    elif "abort" in kind.lower():
        request.status = "cancelled"
    counts = {name: text_integer(_number(row.get(name)), name) for name in (WITH, WITHOUT, READ, OUTPUT)}
    _fill(request, counts, context.file.study or "unknown")
    request.raw_usage = msgspec.json.encode({name: row[name] for name in (*counts, TOTAL) if name in row}).decode()
    request.billed_amount = _cost(row.get("Cost"))
    request.billed_kind = None if request.billed_amount is None else "seller_reported"
    return request


def _fill(request: Request, counts: dict[str, int | None], meaning: Meaning) -> None:
    """Read the two input columns as the file's own totals show."""
    first, second = counts[WITH], counts[WITHOUT]
    written = first
    if meaning == "input" and first is not None and second is not None:
        if first < second:
            raise Reject("out-of-range", WITH)
        written = first - second
    usage.stated(
        request,
        input_=second,
        output=counts[OUTPUT],
        read=counts[READ],
        written=written,
        input_has_cache=False,
        output_has_reasoning=True,
    )
    if meaning == "unknown" and first:
        request.usage_status = "inconsistent"


def study(rows: Sequence[dict[str, Any]]) -> Meaning:
    """Say what `Input (w/ Cache Write)` includes in this file, by the sum that gives the total in most rows.

    writes: the tokens written to the cache, beside the other input (all four columns add up to the total).
    input: the input with the writes in it (the total is it, or the input without, plus reads and output).
    """
    votes = {"writes": 0, "input": 0}
    for row in rows:
        try:
            first, second, read, output, whole = (
                text_integer(_number(row.get(name)), name) or 0 for name in (WITH, WITHOUT, READ, OUTPUT, TOTAL)
            )
        except Reject:
            continue
        if not first or not whole:
            continue
        votes["writes"] += whole == first + second + read + output
        votes["input"] += first >= second and whole in {first + read + output, second + read + output}
    if votes["writes"] == votes["input"]:
        return "unknown"
    return "writes" if votes["writes"] > votes["input"] else "input"


def _number(cell: str | None) -> str | None:
    text = without_thousands((cell or "").strip())
    return None if text.lower() in ABSENT else text


def _cost(cell: str | None) -> Decimal | None:
    """Return the charge: `Included` and `Free` say that there was none; a dash says nothing."""
    text = (cell or "").strip()
    if text.lower() in FREE:
        return ZERO
    number = _number(text.removeprefix("US$").removeprefix("$"))
    return dollars(text_decimal(number, "Cost"), "Cost")


def _tags(row: dict[str, str]) -> dict[str, str]:
    names = {"kind": "Kind", "max_mode": "Max Mode", "cost": "Cost", "requests": "Requests", "agent": "Cloud Agent ID"}
    tags = {name: row[column] for name, column in names.items() if row.get(column)}
    if text_flag(tags.get("max_mode")) is False or tags.get("max_mode") == "No":
        tags.pop("max_mode")
    return tags


def _key(row: dict[str, str]) -> str:
    """Return what makes an event one: there is no id, and overlapping exports repeat it."""
    told = "|".join(row.get(name, "") for name in ("Date", "User", "Kind", "Model", WITH, WITHOUT, READ, OUTPUT))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


FORMAT = Format(
    name="cursor",
    title="Cursor usage export",
    reads=("table",),
    marks=("Date", "Kind", "Model", "Max Mode", WITH, WITHOUT, READ, OUTPUT, TOTAL),
    needs=("Date", "Model", WITH, WITHOUT),
    record=None,
    convert=convert,
    study=study,
    repeats="first",
    semantics=(
        "Input (w/o Cache Write) is the uncached input, Cache Read is separate. What Input (w/ Cache Write) means "
        "differs between exports: per file it is taken as the writes if all four columns add up to the total, and "
        "as the input including the writes if three do; if the totals do not decide, rows with it are flagged and "
        "left out of money. `Included` and `Free` are a charge of 0; a dash is unknown."
    ),
    verified="Columns on two published exports, which disagree on the input columns; the rule is tested on each file.",
    about=(
        "The CSV of the dashboard's usage page. There is no id: an event is known by its time, user, model and counts, "
        "so that overlapping exports count once."
    ),
    traps=(
        ("two layouts disagree on the input columns", "decided per file by the totals, else flagged"),
        ("a subscription's rows cost `Included`", "billed is 0 there; list cost says what the tokens are worth"),
        ("rows of kind `Errored, No Charge` and `Aborted, Not Charged`", "counted as failed and as cancelled"),
    ),
)
