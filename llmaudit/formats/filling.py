"""What several formats fill in the same way: how a call ended, what it cost, who asked, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from llmaudit import usage
from llmaudit.formats.values import (
    HTTP_ERROR,
    as_number,
    dollars,
    epoch,
    error_class,
    http_status,
    or_none,
    stated_tier,
    text_decimal,
    text_integer,
    text_time,
    utc,
)
from llmaudit.money import EXACT
from llmaudit.request import COUNTERS, GATEWAY_CACHE, BilledKind, Reject, Request

T = TypeVar("T")

MAX_TAG_CHARS = 200
"""A longer metadata value is no label; it may be text of the prompt, and is not kept."""

CLIENT_GAVE_UP = 499
"""What nginx and its kin log where the caller hung up; the upstream may well bill what it had written by then."""


def fill_status(request: Request, status: int | None, words: str = "", *, failed: bool | None = None) -> None:
    """Fill how a call ended, in place.

    Args:
        request: `status`, `error_class` and `http_status` are set.
        status: HTTP's, as logged; what is no HTTP status (0, -1, -4) is left out.
        words: The error's own type name or code, never its message.
        failed: What the log itself says; None where it says nothing, and a status of 400 or more is a failure.
    """
    request.http_status = http_status(status)
    if request.http_status == CLIENT_GAVE_UP:
        request.status = "cancelled"
    elif failed or (failed is None and (request.http_status or 0) >= HTTP_ERROR):
        request.status, request.error_class = "error", error_class(request.http_status, words)


def fill_cost(
    request: Request,
    amount: Decimal | None,
    field: str,
    per_dollar: int = 1,
    *,
    kind: BilledKind = "seller_reported",
) -> None:
    """Fill the amount that the log states, in dollars or parts of one; None stays unknown.

    Args:
        request: Filled in place.
        amount: As written.
        field: For the reject.
        per_dollar: Parts a dollar: 100 for cents.
        kind: `list_estimate` where the system does not charge the call itself but computes it from a price table.

    Raises:
        Reject: The amount is not finite, negative, or more than a request can cost.
    """
    request.billed_amount = dollars(amount, field, per_dollar)
    if request.billed_amount is not None:
        request.billed_currency, request.billed_kind = "USD", kind


def none_if_zero(amount: Decimal | None, *, free: bool = False) -> Decimal | None:
    """Return an amount, or None for a zero that the log does not show to be a real one.

    Most gateways write 0 where they have no price for the model. Only what shows that nothing was charged (a hit in the
    gateway's own cache, say) makes it an amount.
    """
    return None if amount is not None and not amount and not free else amount


def fill_gateway_cache(request: Request, *, hit: bool, is_lookup_cost: bool = False) -> None:
    """Say that a gateway answered from its own cache, in place; last of all, when counts and amount are filled.

    No provider was called, so that nothing was used and a provider bills nothing. The counts stay: they are those of
    the stored answer, and tell what the cache has saved. Counts that contradict each other, are all 0 or were counted
    offline tell nothing and go. What the gateway itself charges for a hit is an amount; what a tool works out from a
    price table for a call that nobody made is none.

    Args:
        request: A failure is no answer, and stays what it is.
        hit: Whether the record says so.
        is_lookup_cost: Whether the amount is what finding the stored answer cost (an embedding), and so was spent.
    """
    if not hit or request.status != "ok":
        return
    if request.usage_status != "reported" or not any(getattr(request, counter) for counter in COUNTERS):
        for counter in (*COUNTERS, "reasoning_tokens"):
            setattr(request, counter, None)
    request.usage_status = GATEWAY_CACHE
    if request.billed_kind == "list_estimate" and request.billed_amount and not is_lookup_cost:
        request.billed_amount = request.billed_currency = request.billed_kind = None


def with_upstream(cost: Decimal | None, upstream: Decimal | None, *, is_byok: bool | None) -> Decimal | None:
    """Return the whole charge of a call.

    With the user's own key `cost` is the gateway's fee only, and what was paid upstream comes on top (unknown where it
    is not stated); without it `cost` already holds that, and adding it would count it twice.
    """
    if not is_byok or cost is None:
        return cost
    return None if upstream is None else EXACT.add(cost, upstream)


def labels_of(about: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the metadata that are labels: no nested value and nothing that is as long as a text."""
    kept = (str, int, float, bool)
    return {
        key: value
        for key, value in (about or {}).items()
        if isinstance(value, kept) and len(str(value)) <= MAX_TAG_CHARS
    }


def fill_labels(request: Request, about: Mapping[str, Any] | None) -> None:
    """Fill tags, and from labels of these names: feature, team, user, session, trace and tier; in place.

    Names are compared without case, a leading underscore and the difference of `-` and `_` (`_user`, `Session-Id`).
    What is already known is left as it is.
    """
    labels = labels_of(about)
    if not labels:
        return
    request.tags = msgspec.json.encode(labels).decode()
    plain = {key.lower().lstrip("_").replace("-", "_"): or_none(str(value)) for key, value in labels.items()}
    request.feature = request.feature or plain.get("feature")
    request.team = request.team or plain.get("team")
    request.user_id = request.user_id or plain.get("user") or plain.get("user_id")
    request.session_id = request.session_id or plain.get("session_id")
    request.trace_id = request.trace_id or plain.get("trace_id")
    request.stated_tier = stated_tier(plain.get("tier")) if request.stated_tier is None else request.stated_tier


def studied_by(
    records: Sequence[dict[str, Any]],
    record: type[T],
    told: Callable[[T], tuple[str | None, str | None, usage.Reading]],
    usual: usage.Rule | None = None,
) -> usage.Study:
    """Return what the sampled records of a file show about its counts, by provider and model.

    Args:
        records: Decoded records; a damaged one shows nothing.
        record: The format's record type.
        told: Record to provider, model and counts.
        usual: The rule of a system that counts alike for every provider; by default the provider's own.
    """
    readings = []
    for each in records:
        try:
            provider, model, reading = told(msgspec.convert(each, record, strict=False))
        except (msgspec.DecodeError, Reject):
            continue
        rule = usage.usual_rule(provider, model) if usual is None else usual
        readings.append((usage.rule_name(provider, model), rule, reading))
    return usage.studied(readings)


def moment(value: float | str | datetime | None, field: str, unit: int = 1) -> datetime | None:
    """Return a time that a system writes as epoch number or as text, as naive UTC.

    Args:
        value: Units since 1970, or ISO 8601.
        field: For the reject.
        unit: Units a second of an epoch number.

    Raises:
        Reject: It is no time, or lies outside 2020 to 2100.
    """
    if isinstance(value, datetime):
        return utc(value, field)
    return text_time(value, field) if isinstance(value, str) else epoch(value, field, unit)


def number(value: object, field: str) -> float | None:
    """Return a duration that some systems write as text (`0.412`); `-` and nothing are unknown.

    Raises:
        Reject: The text is no number, or it is neither text nor a number.
    """
    if not isinstance(value, str):
        return _figure(value, field)
    found = text_decimal(None if value.strip() == "-" else value, field)
    return None if found is None else float(found)


def whole(value: object, field: str) -> int | float | None:
    """Return a count that some systems write as text (ClickHouse quotes integers of 64 bits, access logs quote all).

    `-` and nothing are unknown, as access logs write them.

    Raises:
        Reject: The text is no whole number, or it is neither text nor a number.
    """
    if not isinstance(value, str):
        return _figure(value, field)
    return text_integer(None if value.strip() == "-" else value, field)


def _figure(value: object, field: str) -> int | float | None:
    """Return a value that is a number, or nothing."""
    if value is not None and as_number(value) is None:
        raise Reject("wrong-type", field)
    return as_number(value)


def text_of(value: object) -> str | None:
    """Return an id that some versions write as a number as text; None for nothing."""
    return None if value is None or value == "" else str(value)
