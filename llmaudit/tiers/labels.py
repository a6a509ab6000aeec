"""Labels that people gave: read from JSON lines or CSV, one per row, and matched with requests or prompts.

A row names a request (`request_id` or `case_id`), or contains its `prompt` or `messages`. `tier` is the label, and
`acceptable_tiers` may name further tiers that would do. `labeller` distinguishes people, `source` groups rows, and
`weight` is the number of requests that a sampled row represents.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from llmaudit.errors import InputError, printable
from llmaudit.tiers.signals import TIERS

MAX_BYTES = 200_000_000


class Label(msgspec.Struct, frozen=True):
    """One label.

    Attributes:
        line: Its line or CSV row, the first being 1.
        tier: 0 to 3.
        acceptable: Tiers that would do, `tier` among them.
        request_id: The request it labels, or None if it holds the prompt itself.
        prompt: The last user message, or None.
        system: The system message that came with it.
        labeller: Who gave it, or None.
        source: What it is from, or None.
        weight: How many requests it represents, or None.
    """

    line: int
    tier: int
    acceptable: tuple[int, ...]
    request_id: str | None = None
    prompt: str | None = None
    system: str = ""
    labeller: str | None = None
    source: str | None = None
    weight: float | None = None


class Labels(msgspec.Struct, frozen=True):
    """A file of labels.

    Attributes:
        path: As it was named.
        rows: The labels.
        blank: Rows whose tier a person has not filled in.
        sha256: Of the file.
    """

    path: str
    rows: list[Label]
    blank: int
    sha256: str


def read_labels(path: Path) -> Labels:
    """Read a file of labels.

    Raises:
        InputError: Missing, too large, not JSON lines or CSV, a row without request and prompt, or a tier out of 0 to
            3; the message has the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the labels {printable(str(path))} cannot be read: {error.strerror}",
            next_step="Check the path and its permissions.",
            slug="file-unreadable",
        ) from None
    if len(data) > MAX_BYTES:
        raise _wrong(path, f"is larger than {MAX_BYTES // 1_000_000} MB")
    rows, blank = [], 0
    for line, row in _rows(path, data):
        if row.get("tier", row.get("expected_tier")) in (None, "") and not row.get("acceptable_tiers"):
            blank += 1
        else:
            rows.append(_label(path, line, row))
    if not rows:
        raise _wrong(path, f"holds no label ({blank} rows without a tier)")
    return Labels(str(path), rows, blank, hashlib.sha256(data).hexdigest())


def _rows(path: Path, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong(path, "is not UTF-8") from None
    if text.lstrip()[:1] == "{":
        for line, row in enumerate(text.split("\n"), start=1):
            if row.strip():
                yield line, _object(path, line, row)
        return
    try:
        yield from enumerate(csv.DictReader(io.StringIO(text), strict=True), start=2)
    except csv.Error as error:
        raise _wrong(path, f"is neither JSON lines nor CSV: {error}") from None


def _object(path: Path, line: int, text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise _wrong(path, f"line {line} is no JSON object: {error}") from None


def _label(path: Path, line: int, row: dict[str, Any]) -> Label:
    acceptable = _tiers(path, line, row.get("acceptable_tiers"))
    stated = row.get("tier", row.get("expected_tier"))
    (tier,) = _tiers(path, line, [acceptable[0] if stated in (None, "") else stated])
    prompt = prompt_of(row)
    request = row.get("request_id") or row.get("case_id")
    if not request and prompt.text is None:
        raise _wrong(path, f"line {line} names no `request_id` and holds no `prompt`")
    return Label(
        line=line,
        tier=tier,
        acceptable=acceptable or (tier,),
        request_id=str(request) if prompt.text is None else None,
        prompt=prompt.text,
        system=prompt.system,
        labeller=str(row["labeller"]) if row.get("labeller") else None,
        source=str(row["source"]) if row.get("source") else None,
        weight=_weight(path, line, row.get("weight")),
    )


class Prompt(NamedTuple):
    """What was asked.

    Attributes:
        text: The user's message that says what the conversation is about; None if there is none.
        system: The system message, or empty.
    """

    text: str | None
    system: str


NO_PROMPT = Prompt(None, "")


def prompt_of(row: dict[str, Any]) -> Prompt:
    """Return the prompt of a JSON object with `messages`, or with `prompt` and `system`."""
    messages = row.get("messages")
    if isinstance(messages, list):
        from llmaudit.tiers.text import subject  # noqa: PLC0415 -- polars only where there is text

        texts_by_role = [
            (str(message.get("role")), _text(message.get("content")))
            for message in messages
            if isinstance(message, dict)
        ]
        user_texts = [text for role, text in texts_by_role if role == "user"]
        system_text = next((text for role, text in texts_by_role if role in {"system", "developer"}), "")
        return Prompt(subject(user_texts) if user_texts else None, system_text)
    text = row.get("prompt")
    return Prompt(text, str(row.get("system") or "")) if isinstance(text, str) else NO_PROMPT


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part["text"]) for part in parts if isinstance(part, dict) and part.get("text"))


def _tiers(path: Path, line: int, value: Any) -> tuple[int, ...]:
    """Return tiers of a list, of text such as `1 2` or `[1, 2]`, or of one number."""
    if value in (None, ""):
        return ()
    parts = value if isinstance(value, list) else str(value).strip("[] ").replace(",", " ").split()
    try:
        found = tuple(int(str(part)) for part in parts)
    except ValueError:
        found = (-1,)
    if any(tier not in TIERS for tier in found):
        raise _wrong(path, f"line {line}: tier {printable(str(value))}, must be 0 to 3")
    return found


def _weight(path: Path, line: int, value: Any) -> float | None:
    if value in (None, ""):
        return None
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = -1.0
    if not 0 < weight < 1e15:  # noqa: PLR2004 -- more requests than anybody has; also refuses nan and inf
        raise _wrong(path, f"line {line}: weight {printable(str(value))}, must be a number above 0")
    return weight


def _wrong(path: Path, what: str) -> InputError:
    return InputError(
        f"the labels {printable(str(path))}: {printable(what)}",
        next_step="A row has `request_id` (or `prompt`) and `tier`; `llmaudit tag sample` writes a file to fill in.",
        slug="bad-labels",
    )
