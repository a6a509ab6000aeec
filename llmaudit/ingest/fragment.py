"""JSON documents of which only the start is at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from llmaudit.ingest.layout import UNDECODABLE

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[\]}])$")
_CLOSER = {"{": "}", "[": "]"}


def documents_at_start(text: str) -> Iterator[Any]:
    """Yield the JSON documents at the start of a file; the last, where it is cut off, as far as it goes."""
    stack: list[str] = []
    start = cut = 0
    closers = ""
    for token in _TOKENS.finditer(text):
        mark = token[0]
        if mark in "[{":
            if not stack:
                start = token.start()
            stack.append(mark)
        elif mark in "]}" and stack:
            stack.pop()
            cut, closers = token.end(), _closing(stack)
            if not stack:
                yield from _decoded(text[start:cut])
        elif mark == "," and stack:
            cut, closers = token.start(), _closing(stack)
    if stack and cut > start:
        yield from _decoded(text[start:cut] + closers)


def _closing(stack: Sequence[str]) -> str:
    return "".join(_CLOSER[mark] for mark in reversed(stack))


def _decoded(text: str) -> Iterator[Any]:
    """Yield the value of a document, which may have a comma too many before its last bracket."""
    for tried in (text, _TRAILING_COMMA.sub(r"\1", text)):
        try:
            yield msgspec.json.decode(tried)
        except UNDECODABLE:
            continue
        return
