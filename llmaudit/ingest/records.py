"""Blocks to numbered records, and the account of those that did not become requests.

A record that cannot even be told apart is rejected here, and a blank line ignored; both are noted in the `Tally`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from llmaudit.ingest.blocks import MAX_LINE_BYTES, Block

BLANK = "blank line"
FRAME = "frame of an event stream"
Numbered = Iterator[tuple[int, Any]]
"""Line number and record: a JSON value still encoded, a row as column name to cell, or a line of text."""

_SSE = re.compile(rb"(?P<name>[a-z]*): ?(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Rejected:
    """One rejected record: where, why, and in which field; never its text."""

    line: int
    reason: str
    field: str | None = None


@dataclass
class Tally:
    """Every record that did not become a request.

    Attributes:
        records: Records seen, requests included.
        rejects: Those that cannot be used.
        ignored: Counts by reason of those that are no requests.
        held: Records that a format put into its state; requests may still come of them.
        masked: Values that looked like live keys and were replaced.
    """

    records: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    held: int = 0
    masked: int = 0

    def reject(self, line: int, reason: str, where: str | None = None) -> None:
        """Note a record that cannot be used."""
        self.rejects.append(Rejected(line, reason, where))

    def add(self, other: Tally) -> None:
        """Add what became of other records of the same file."""
        self.records += other.records
        self.rejects += other.rejects
        self.ignored.update(other.ignored)
        self.held += other.held
        self.masked += other.masked


def is_utf8(data: bytes) -> bool:
    """Say whether bytes are UTF-8 throughout."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def text_lines(block: Block, tally: Tally) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a block that hold something."""
    lines = block.lines()
    tally.records += len(lines) or 1
    if block.data is None:
        tally.reject(block.first_line, "line-too-long")
    for line, raw in enumerate(lines, start=block.first_line):
        if not raw or raw.isspace():
            tally.ignored[BLANK] += 1
        elif len(raw) > MAX_LINE_BYTES:
            tally.reject(line, "line-too-long")
        else:
            yield line, raw


def event_lines(block: Block, tally: Tally) -> Iterator[tuple[int, bytes]]:
    """Yield the payload of each `data:` line, and each comment as a JSON object; other lines frame the events.

    Some gateways add what a call cost as a comment at the end of its stream.
    """
    for line, raw in text_lines(block, tally):
        found = _SSE.match(raw.rstrip(b"\r"))
        name, value = (found["name"], found["value"].strip()) if found else (b"", raw)
        if name == b"data" and value != b"[DONE]":
            yield line, value
        elif found and not name and value:
            yield line, msgspec.json.encode({"comment": value.decode("utf-8", "replace")})
        elif found:
            tally.ignored[FRAME] += 1
        else:
            tally.reject(line, "malformed-line")


def matched_lines(block: Block, tally: Tally, pattern: re.Pattern[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each line that a pattern matches as the mapping of its named groups."""
    for line, raw in text_lines(block, tally):
        try:
            found = pattern.match(raw.rstrip(b"\r").decode("utf-8"))
        except UnicodeDecodeError:
            tally.reject(line, "not-utf8")
            continue
        if found is None:
            tally.reject(line, "malformed-line")
        else:
            yield line, {name: value for name, value in found.groupdict().items() if value is not None}
