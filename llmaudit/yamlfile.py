"""YAML written by people, read without changing the meaning of any value.

PyYAML turns `010` into 8, `1_000` into 1000, `1:30` into 90 and `1e-7` into a string, and silently lets the last of
several equal keys win. Here every scalar keeps the text that was written and is converted by the type that expects it
(`msgspec.convert`). Repeated keys, anchors and unknown keys are errors with line and column.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import msgspec
import yaml

from llmaudit.errors import InputError, printable

T = TypeVar("T")
Position = tuple[int, int]

MAX_BYTES = 20_000_000
_NULLS = {"", "~", "null", "Null", "NULL"}
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Constructs nothing and resolves nothing: every scalar is text."""
_ODD_NUMBER = re.compile(r"[+-]?[\d_.]*(?:\d_[\d_.]*|[^\x00-\x7f][\d.]*)")
"""Digits with underscores or of another script, which `Decimal` would take and a reader would not expect."""

_PLAINER = {
    "Invalid decimal string": "not a number in plain digits",
    "Invalid RFC3339 encoded datetime": "not an instant such as 2026-10-01T00:00:00Z",
}
"""What a person calls what msgspec says."""

INPUT = Path("-")
_INPUT: WeakKeyDictionary[Any, bytes] = WeakKeyDictionary()
"""What came on standard input."""

_IN_FULL = {"deployments": "deployments file"}
"""How a kind of file is called whose name alone is a plural."""

_PATH_PART = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


def read_yaml(path: Path, into: type[T], *, what: str) -> T:
    """Read a YAML file into a msgspec type.

    Args:
        path: The file.
        into: The type; its structs should forbid unknown fields.
        what: What the file is, for error messages, such as "plan".

    Raises:
        InputError: Missing, too large, not UTF-8, not YAML, or not of the type; the message has line and column.
    """
    return parse_yaml(read_bytes(path, what=what), into, name=said_name(path), what=what)


def said_name(path: Path) -> str:
    """Return what messages call a file."""
    return "standard input" if path == INPUT else path.name


def read_bytes(path: Path, *, what: str) -> bytes:
    """Return the bytes of a file, or of standard input for `-`: that is read once, and is the same however often asked.

    Raises:
        InputError: Missing, or not to be read.
    """
    if path == INPUT:
        source = sys.stdin.buffer
        if source not in _INPUT:
            _INPUT[source] = source.read()
        return _INPUT[source]
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the {what.removesuffix(' file')} file {printable(str(path))} cannot be read: {error.strerror}",
            next_step="Check the path and its permissions.",
            slug="file-unreadable",
        ) from None


def parse_yaml(data: bytes, into: type[T], *, name: str, what: str) -> T:
    """Parse YAML bytes into a msgspec type; see `read_yaml`."""
    if len(data) > MAX_BYTES:
        raise _error(name, what, None, f"is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        root = yaml.compose(data.decode("utf-8-sig"), Loader=_LOADER)
    except UnicodeDecodeError:
        raise _error(name, what, None, "is not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = (mark.line + 1, mark.column + 1) if mark else None
        raise _error(name, what, where, f"is not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise _error(name, what, None, f"is not valid YAML: {type(error).__name__}") from None
    positions: dict[str, Position] = {}
    plain = _plain(root, "$", positions, name, what, set()) if root is not None else {}
    try:
        return msgspec.convert(plain, into, strict=False)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `")
        said, found = _PLAINER.get(text, text[:1].lower() + text[1:]), _written(plain, path.rstrip("`"))
        said += f": {found}" if found and f"'{found}'" not in said else ""
        raise _error(name, what, _nearest(path.rstrip("`"), positions), f"does not fit: {said}") from None


def located(data: bytes, path: str) -> Position | None:
    """Return line and column of a value in a file that `parse_yaml` takes, or of the nearest thing that holds it.

    Args:
        data: The file's bytes.
        path: The value's path, such as `$.rules[0].use`.
    """
    positions: dict[str, Position] = {}
    root = yaml.compose(data.decode("utf-8-sig"), Loader=_LOADER)
    if root is not None:
        _plain(root, "$", positions, "", "", set())
    return _nearest(path, positions)


def _plain(node: yaml.Node, path: str, positions: dict[str, Position], name: str, what: str, seen: set[int]) -> Any:
    """Return a node as dicts, lists and text, remembering the position of each."""
    where = (node.start_mark.line + 1, node.start_mark.column + 1)
    positions[path] = where
    if id(node) in seen:
        raise _error(name, what, where, "uses an anchor; write the value out")
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        if not node.style and _ODD_NUMBER.fullmatch(node.value) and any(map(str.isdecimal, node.value)):
            raise _error(
                name, what, where, f"has {printable(node.value)}; write a number in plain digits, or quote a name"
            )
        return None if not node.style and node.value in _NULLS else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, f"{path}[{i}]", positions, name, what, seen) for i, child in enumerate(node.value)]
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 -- the three node kinds of YAML
    mapping: dict[str, Any] = {}
    for key_node, child in node.value:
        key = str(key_node.value)
        if key in mapping:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            raise _error(name, what, (line, column), f"has the key {printable(key)!r} twice")
        mapping[key] = _plain(child, f"{path}.{key}", positions, name, what, seen)
    return mapping


def _written(plain: Any, path: str) -> str:
    """Return the value at a validation path, for a message; nothing if it is not a single value."""
    for key, index in _PATH_PART.findall(path):
        try:
            plain = plain[key] if key else plain[int(index)]
        except (KeyError, IndexError, TypeError, ValueError):
            return ""
    return printable(plain, 80) if isinstance(plain, str) else ""


def _nearest(path: str, positions: dict[str, Position]) -> Position | None:
    """Return the position of a validation path, or of the longest part of it that exists in the file."""
    parts = ["$"] + [f".{key}" if key else f"[{index}]" for key, index in _PATH_PART.findall(path)]
    for length in range(len(parts), 0, -1):
        where = positions.get("".join(parts[:length]))
        if where:
            return where
    return None


def _error(name: str, what: str, where: Position | None, problem: str) -> InputError:
    said = _IN_FULL.get(what, what)
    place = f"{printable(name)}:{where[0]}:{where[1]}" if where else printable(name)
    return InputError(
        f"{place}: the {said} {problem}",
        next_step=f"Correct the file; docs/files.md shows how to write a {said}.",
        slug=f"bad-{what.replace(' ', '-')}",
    )
