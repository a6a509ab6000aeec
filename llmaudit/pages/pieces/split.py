"""Sentences, and the parts of a sentence within which a word can reach another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llmaudit.pages.model import Block

MAX_SENTENCE = 600
"""Longer runs without a stop are lists or code; they are cut, so that no search grows with the page."""

_ENDS = re.compile(
    r"[。！？!?]+[\"'”’）)」』]*|\.[\"'”’)]*(?=\s|$)|[.](?=[\u3000-\u9fff])|\s[|•·]\s|；|(?<=[a-z)%])\s{2,}(?=[A-Z])"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|approx|vs|no|nr|inc|ltd|co|min|max|ca|bzw|evtl|ggf|zzgl|inkl|mio|mrd|mind|z\.\s?b|u\.\s?a"
    r"|d\.\s?h|p\.\s?ex|env|par ex|aprox|mín|máx|ej|p\.\s?ej|u\.s|usd|st|fig)|\b[A-Za-z])\.$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Piece:
    """A sentence to read, and how to get from a place in it to a line of the file.

    Attributes:
        text: The sentence; a cell of a table comes with its labels, an answer with its question.
        block: Where it stands.
        offset: Where in the block it begins.
        quote: What to quote where that is not the text itself.
        lead: How much of the text was put before it.
        heading: A heading or a labelled cell: what it denies or prices counts, a fee it merely names does not.
        example: It belongs to an example, which states no charge by its sums.
        subject: What the row or the column of a table is headed, or the heading of a text: whom it may be about.
        party: It is of a table whose every row is about another company.
    """

    text: str
    block: Block
    offset: int
    quote: str | None = None
    lead: int = 0
    heading: bool = False
    example: bool = False
    subject: str = ""
    party: bool = False


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield sentences with their offsets; a decimal point, an abbreviation or a file name ends none."""
    start = 0
    for match in _ENDS.finditer(text):
        if match[0].startswith(".") and _is_abbreviation(text, match):
            continue
        yield from _cut(text, start, match.end())
        start = match.end()
    yield from _cut(text, start, len(text))


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    """Say whether a full stop ends an abbreviation and no sentence."""
    following = text[match.end() : match.end() + 3].lstrip()
    if not _ABBREVIATION.search(text[max(0, match.start() - 12) : match.start() + 1]):
        return False
    return (
        not following
        or not following[0].isupper()
        or bool(re.search(r"\b[A-Za-z]\.$|z\.\s?b\.$|e\.g\.$", text[: match.start() + 1], re.IGNORECASE))
    )


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Yield a sentence, in pieces of bounded length, without what parts it from the last one."""
    while start < end:
        stop = min(end, start + MAX_SENTENCE)
        piece = text[start:stop]
        stripped = piece.lstrip(" |•·")
        if stripped.strip():
            yield start + len(piece) - len(stripped), stripped.rstrip()
        start = stop
