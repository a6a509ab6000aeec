"""What a page's scripts hand to React to show, where the saved page does not show it yet. Nothing is executed.

A page that React builds in the browser carries its elements as strings: rows of JSON, each element `["$", tag, key,
props]`, inside `self.__next_f.push([1, "…"])`. They are written out as the tags they stand for and read as HTML.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

_PUSH = re.compile(r"self\.__next_f\.push\(\[1,\s*(\"(?:[^\"\\]|\\.)*\")\s*\]\)")
_ROW = re.compile(r"^[0-9a-f]{1,8}:(\[.*\])\s*$")
_REFERENCE = re.compile(r"\$(?:[A-Za-z@]{0,2}[0-9a-f]{0,6}|undefined|S[\w.]+|-?Infinity|NaN|-0)")
"""A string that stands for something else; one that begins with a dollar sign of its own has two: "$$49"."""

MAX_PUSHED = 2_000_000
"""Characters of such strings that are read."""

MAX_DEPTH = 200
"""Elements inside elements."""

ELEMENT = 4
"""Parts of an element: the sign, its tag, its key, its properties."""


def shown_by_scripts(source: str) -> tuple[str, int]:
    """Return the elements that a page's scripts would show, as HTML, and the line on which the first of them stands."""
    pushed = list(_PUSH.finditer(source))
    if not pushed:
        return "", 1
    text, first = "", pushed[0].start()
    for match in pushed:
        if len(text) > MAX_PUSHED:
            break
        text += _string(match[1])
    markup = "".join(part for row in text.split("\n") for part in _of_row(row))
    return markup, source.count("\n", 0, first) + 1


def _string(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return ""


def _of_row(row: str) -> Iterator[str]:
    match = _ROW.match(row)
    try:
        node = json.loads(match[1]) if match else None
    except (ValueError, RecursionError):
        return
    yield from _written(node, 0)


def _written(node: object, depth: int) -> Iterator[str]:
    """Yield an element as the tags it stands for; what only refers to another row says nothing."""
    if depth > MAX_DEPTH or node is None or isinstance(node, bool):
        return
    if isinstance(node, str):
        yield "" if _REFERENCE.fullmatch(node) else html.escape(node.removeprefix("$") if node[:2] == "$$" else node)
    elif isinstance(node, int | float):
        yield str(node)
    elif isinstance(node, list) and len(node) >= ELEMENT and node[0] == "$" and isinstance(node[3], dict):
        tag = node[1] if isinstance(node[1], str) and re.fullmatch(r"[a-z][a-z0-9]{0,12}", node[1]) else "div"
        yield f"<{tag}>"
        yield from _written(node[3].get("children"), depth + 1)
        yield f"</{tag}>"
    elif isinstance(node, list):
        for child in node:
            yield from _written(child, depth + 1)
