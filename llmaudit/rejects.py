"""The reasons why a record was not used, in words: the single source for ingest, the report and docs/rejects.md."""

from __future__ import annotations

REJECTED = {
    "absurd-amount": "An amount is negative, not finite, or more than $100,000 for one request.",
    "field-count": "A CSV row has more or fewer cells than the header has columns.",
    "line-too-long": "A line is longer than 64 MB.",
    "malformed-csv": "A CSV row is not well formed: a quote never closes, or stands where none may.",
    "malformed-json": "The line is not JSON; it was cut, most often.",
    "malformed-line": "A line is not of the form that its log or stream has.",
    "missing-field": "A field without which the record is no request is not there.",
    "nested-too-deep": "The JSON is nested deeper than the decoder goes.",
    "not-a-number": "A cell that must hold a number holds something else.",
    "not-a-time": "A time is not an ISO 8601 date and time.",
    "not-an-integer": "A token count has a fraction, such as 12.5.",
    "not-utf8": "The record is not UTF-8 text.",
    "out-of-range": "A number lies outside what it can be: tokens, a time, a duration, an HTTP status.",
    "wrong-type": "A field holds another type than the format says, such as text where an object stands.",
}
"""Reasons of rejected records; those of ignored ones are words already, such as `outside the period asked for`."""


def told(reason: str) -> str:
    """Return a reason for people: its sentence with the slug by which it can be looked up, or the words that it is."""
    sentence = REJECTED.get(reason)
    return f"{sentence} ({reason})" if sentence else reason
