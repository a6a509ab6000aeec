"""The keys of JSON objects that any format looks for, told from their text: no value is made.

A folder of sessions has thousands of files and few kinds of lines. What a set of keys means is worked out once; of a
line only the names of its keys are read, and of what lies inside it only where a format looks there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import msgspec

from llmaudit.ingest import registry
from llmaudit.ingest.layout import ENVELOPES, SHIPPER_KEYS, WRAPPERS

DEPTH = 3
"""Keys are looked at so deep."""

MAX_KINDS = 20_000
"""Kinds of lines remembered; a log whose keys hold ids has one a line, and memory must stay bounded."""

OBJECT, LIST = b"{["
"""What a value begins with."""

_as_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_as_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _Kind(NamedTuple):
    """What the names of an object's keys mean.

    Attributes:
        shown: The keys that a format looks for, dotted.
        inside: Keys whose value matters: the key; the same dotted, where a format looks inside; and the first bytes of
            a value that may hold records, as an export's envelope or a shipper's wrapper does.
    """

    shown: frozenset[str]
    inside: tuple[tuple[str, str | None, bytes], ...]


class Shapes:
    """Tells lines apart by their keys.

    Args:
        looked_for: Every key that a format looks for, dotted where nested.
    """

    def __init__(self, looked_for: Iterable[str]) -> None:
        self._looked_for = frozenset(looked_for)
        self._parents = {key[:at] for key in self._looked_for for at, sign in enumerate(key) if sign == "."}
        self._kinds: dict[tuple[str, tuple[str, ...]], _Kind] = {}
        self._joined: dict[tuple[frozenset[str], frozenset[str]], frozenset[str]] = {}

    def of(self, line: bytes) -> tuple[frozenset[str], bool]:
        """Return the keys of a JSON object that any format looks for, and whether it may hold records around it.

        Such an object has to be decoded: it is an envelope, a wrapper, or a record that looks like one.

        Raises:
            msgspec.DecodeError: It is none, or damaged.
            UnicodeDecodeError: A key is not UTF-8. What is inside a text is not looked at.
            RecursionError: It is nested without end.
        """
        found = _as_object(line)
        shown, inside = self._kind("", found)
        around = False
        for key, dotted, holds in inside:
            raw = found[key]
            first = memoryview(raw)[0]
            around = around or first in holds
            if dotted is not None and first in b"{[":
                shown = self._with(shown, raw, dotted, 2)
        return shown, around

    def _with(self, shown: frozenset[str], raw: msgspec.Raw, dotted: str, depth: int) -> frozenset[str]:
        """Return some keys and those inside a value: an object's own, or those of the first object of a list."""
        first = memoryview(raw)[0]
        if first == LIST:
            listed = _as_list(raw)
            raw = listed[0] if listed else raw
            first = memoryview(raw)[0]
        if first != OBJECT or depth > DEPTH:
            return shown
        found = _as_object(raw)
        inner, inside = self._kind(dotted, found)
        shown = self._union(shown, inner)
        for key, below, _ in inside:
            if below is not None:
                shown = self._with(shown, found[key], below, depth + 1)
        return shown

    def _union(self, one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
        """Return two sets as one, the same object each time: its hash is then known."""
        union = self._joined.get((one, other))
        if union is None:
            if len(self._joined) >= MAX_KINDS:
                self._joined.clear()
            union = self._joined[one, other] = one | other
        return union

    def _kind(self, dotted: str, found: dict[str, msgspec.Raw]) -> _Kind:
        names = (dotted, tuple(found))
        kind = self._kinds.get(names)
        if kind is None:
            if len(self._kinds) >= MAX_KINDS:
                self._kinds.clear()
            kind = self._kinds[names] = self._new_kind(*names)
        return kind

    def _new_kind(self, before: str, names: tuple[str, ...]) -> _Kind:
        dotted = {name: f"{before}.{name}" if before else name for name in names}
        holds = {name: b"" if before else _holds(name, len(names)) for name in names}
        return _Kind(
            frozenset(key for key in dotted.values() if key in self._looked_for),
            tuple(
                (name, key if key in self._parents else None, holds[name])
                for name, key in dotted.items()
                if key in self._parents or holds[name]
            ),
        )


def _holds(name: str, keys: int) -> bytes:
    """Return the first bytes of a value under a key that may hold records, in an object of so many keys."""
    if name in ENVELOPES:
        return b"[{"
    if name not in WRAPPERS or keys > SHIPPER_KEYS:
        return b""
    return b'"' if name == "message" else b'"{'


@cache
def shapes() -> Shapes:
    """Return the shapes of all formats and bills there are."""
    return Shapes(key for form in registry.known() for key in (*form.marks, *form.needs, *form.lacks))
