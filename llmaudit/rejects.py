"""The reasons why a record was not used, in words: the single source for ingest, the report and docs/rejects.md."""

from __future__ import annotations

REJECTED = {
    "absurd-amount": "An amount is negative, not finite, or more than $100,000 for one request.",
    "field-count": "A CSV row has more or fewer cells than the header has columns.",
    "line-too-long": "A line is longer than 64 MB.",
    "malformed-csv": "A CSV row is not well formed: a quote is never closed, or is in a place where none is allowed.",
    "malformed-json": "The line is not valid JSON.",
    "malformed-line": "A line does not have the form of its log or stream.",
    "missing-field": "A required field is missing.",
    "nested-too-deep": "The JSON is nested deeper than the decoder allows.",
    "not-a-number": "A cell that must hold a number holds something else.",
    "not-a-time": "A time is not an ISO 8601 date and time.",
    "not-an-integer": "A token count has a fraction, such as 12.5.",
    "not-utf8": "The record is not UTF-8 text.",
    "out-of-range": "A number is outside its valid range: tokens, a time, a duration, an HTTP status.",
    "wrong-type": "A field has another type than the format requires, such as text instead of an object.",
}
"""Reasons of rejected records; those of ignored ones are words already, such as `outside the period asked for`."""


def told(reason: str) -> str:
    """Return a reason for people: its sentence with the slug by which it can be looked up, or the words that it is."""
    sentence = REJECTED.get(reason)
    return f"{sentence} ({reason})" if sentence else reason
