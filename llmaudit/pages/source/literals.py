"""The strings, numbers, lists and objects that a script spells out, each with its place. Nothing is evaluated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_DEPTH = 40
"""Objects inside objects that are looked into; more are no page's."""

MAX_UNCLOSED = 20
"""Objects that are never closed, after which no more is looked for."""


@dataclass(frozen=True)
class Text:
    """A string or a number as it stands, and where."""

    text: str
    at: int
    is_number: bool = False


Value = Text | list["Value"] | dict[str, "Value"] | None
"""A literal; None is what is no literal: a call, a condition."""

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?(?=\s*[,}\]\n])")

_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_KEY = re.compile(r"""([A-Za-z_$][\w$]*|'[^'\n]{0,80}'|"[^"\n]{0,80}")\s*:""")
_BEGINS = re.compile(
    r"(?:(?<![=!<>\w])=|\breturn|\bdefault|\bas const,?|=\s*\w+\()\s*\(?\s*(?=[\[{])|\w=\{\s*(?=[\[{])|\A\s*(?=[\[{])"
)
"""What stands before a literal that a page may show: a name, a `return`, a function, an attribute of a component."""
_QUOTES = {"'": "'", '"': '"', "`": "`"}
_PAIRS = {"(": ")", "[": "]", "{": "}"}


class _UnbalancedError(Exception):
    """A bracket closes what another kind has opened: where it was left, no end would ever be found."""


def literals(source: str) -> Iterator[tuple[int, int, Value]]:
    """Yield every list and object that is given a name, returned or exported, with where it begins and ends."""
    done = unclosed = 0
    for match in _BEGINS.finditer(source):
        if match.end() < done:
            continue
        try:
            value, done = _value(source, match.end(), 0)
        except (IndexError, RecursionError, _UnbalancedError):
            unclosed += 1  # a brace that nothing closes: each is looked for to the end of the file
            if unclosed > MAX_UNCLOSED:
                return
            continue
        yield match.end(), done, value


def _value(source: str, at: int, depth: int) -> tuple[Value, int]:
    """Return the literal at a place, and where it ends; what goes on after a string ("a" + b) makes none of it."""
    if depth > MAX_DEPTH:
        raise RecursionError
    at = _skipped(source, at)
    value: Value = None
    if source[at] in _QUOTES:
        value, at = _string(source, at)
    elif source[at] == "[":
        value, at = _list(source, at + 1, depth)
    elif source[at] == "{":
        value, at = _object(source, at + 1, depth)
    elif number := _NUMBER.match(source, at):
        value, at = Text(number[0], at, is_number=True), number.end()
    after = _skipped(source, at)
    if after < len(source) and depth and source[after] not in ",]}":
        return None, _rest(source, after)
    return value, at


def _skipped(source: str, at: int) -> int:
    match = _SPACE.match(source, at)
    return match.end() if match else at


def _string(source: str, at: int) -> tuple[Text, int]:
    end = at + 1
    while source[end] != source[at]:
        end += 2 if source[end] == "\\" else 1
    return Text(_unescaped(source[at + 1 : end]), at + 1), end + 1


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    plain = re.sub(r"\\(?![bfnrtu\\/\"])", "", text)
    try:
        return str(json.loads('"' + re.sub(r'(?<!\\)"', r"\"", plain).replace("\n", " ") + '"'))
    except ValueError:
        return plain


def _list(source: str, at: int, depth: int) -> tuple[list[Value], int]:
    found: list[Value] = []
    while source[at := _skipped(source, at)] != "]":
        if source[at] == "}":
            raise _UnbalancedError
        value, at = _value(source, at, depth + 1)
        found.append(value)
        at = _skipped(source, at)
        at += source[at] == ","
    return found, at + 1


def _object(source: str, at: int, depth: int) -> tuple[dict[str, Value], int]:
    found: dict[str, Value] = {}
    while source[at := _skipped(source, at)] != "}":
        if source[at] == "]":
            raise _UnbalancedError
        if key := _KEY.match(source, at):
            found[key[1].strip("'\"")], at = _value(source, key.end(), depth + 1)
        else:
            at = _rest(source, at)  # a shorthand, a method, a spread
        at = _skipped(source, at)
        at += source[at] == ","
    return found, at + 1


def _rest(source: str, at: int) -> int:
    """Return where an expression ends: before the comma or the bracket that closes what it stands in."""
    closing: list[str] = []
    while closing or source[at] not in ",]}":
        char = source[at]
        if char in _QUOTES:
            _, at = _string(source, at)
            continue
        if char in _PAIRS:
            closing.append(_PAIRS[char])
        elif closing and char == closing[-1]:
            closing.pop()
        at += 1
    return at
