"""Why a record cannot be decoded, by a name from docs/rejects.md."""

from __future__ import annotations

import msgspec


def reason_of(error: Exception) -> tuple[str, str | None]:
    """Return the reason of a decoding error and the field. The path inside the record is kept, its text is not."""
    if isinstance(error, RecursionError):
        return "nested-too-deep", None
    if isinstance(error, UnicodeDecodeError):
        return "not-utf8", None
    if not isinstance(error, msgspec.DecodeError):
        return "out-of-range", None
    text, _, path = str(error).partition(" - at `")
    where = path.rstrip("`").removeprefix("$.") or None
    if "out of range" in text or "Expected `int` " in text or "Expected `float` " in text:  # a bound: `int` <= 599
        return "out-of-range", where
    if not isinstance(error, msgspec.ValidationError):
        return "malformed-json", None
    if "RFC3339" in text:
        return "not-a-time", where
    if "missing required field" in text:
        return "missing-field", text.rpartition("`")[0].rpartition("`")[2] or where
    return "wrong-type", where
