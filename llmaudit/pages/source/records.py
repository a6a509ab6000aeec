"""The lists and objects of a script to blocks: plans, questions and comparisons stand in components as such.

Their short values make a table, headed by their keys; their texts and lists stand below their names.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from llmaudit.pages.model import Block, BlockKind, Table
from llmaudit.pages.source.literals import Text, Value
from llmaudit.pages.source.variables import marked_variables

_LABELS = ("name", "title", "label", "question", "q", "heading", "feature", "plan", "category", "term")
"""Keys of what names an object, the likeliest first."""

_SILENT = re.compile(
    r"(?:class\w*|href|url|src|link|icon\w*|id|slug|image\w*|img|colou?r\w*|variant|cta\w*|key|type|path|to|className"
    r"|button\w*|alt|gradient|size|lang|locale|\w+(?:Id|Url|Href|Class|Icon|Color))",
    re.IGNORECASE,
)
"""Keys whose values no reader of the page sees as a statement."""

_TEXTS = re.compile(
    r"(?:sub_?title|desc\w*|text|content|answer|a|body|details?|notes?|summary|tag_?line|intro|explanation|highlight)",
    re.IGNORECASE,
)
"""Keys whose values are texts however short they are."""

_MONTHLY = re.compile(
    r"(?:\w+ )?(?:(?:monthly|per_?month)_?(?:price|cost|fee)|(?:price|cost|fee)_?(?:monthly|per_?month)|price_?month"
    r"|(?:extra|additional)_?seat_?(?:price_?)?monthly)(?:_?usd)?",
    re.IGNORECASE,
)
"""Keys of numbers that are prices by the month. Their currency is the one that the file shows beside other figures."""

_INTERVAL = re.compile(r"period|interval|cadence|frequency|suffix|billing|per|unit", re.IGNORECASE)
_PER = re.compile(r"\s?(?:/|per |a |pro |par |al |im )\s?[^\W\d]", re.IGNORECASE)
_MONEY = re.compile(r"[$€£¥]\s?\d[\d.,]*|\d[\d.,]*\s?[€$£]")
"""A price and, in an entry of its own, the time that it is for: `price: "$15", interval: "/month"`."""

_PROSE_WORDS = 8
"""Words from which a value is a text and no cell of a table."""


class Records:
    """Reads the lists and objects of a source.

    Attributes:
        lists_plans: What is read next is a list of plans, in which a price without a time is a subscription's.
    """

    def __init__(self, source: str) -> None:
        self.breaks = [match.start() for match in re.finditer("\n", source)]
        self.lists_plans = False
        signs = set(re.findall(r"[$€£¥](?=\d)", source))
        self.sign = signs.pop() if len(signs) == 1 else ""

    def line(self, at: int) -> int:
        """Return the line of the file on which a place lies."""
        return bisect_left(self.breaks, at) + 1

    def block(self, text: Text, kind: BlockKind, heading: str) -> Block:
        """Return a string as a block; one that asks is a question."""
        shown = marked_variables(" ".join(text.text.split()))
        kind = "question" if shown.endswith(("?", "？")) else kind
        return Block(shown, ((0, self.line(text.at)),), kind, shown if kind in {"heading", "question"} else heading)

    def read(self, value: Value, heading: str = "") -> Iterator[Block | Table]:
        """Yield what a literal says, below a heading."""
        if isinstance(value, Text):
            if not value.is_number and _speaks(value.text):
                yield self.block(value, "item", heading)
        elif isinstance(value, list):
            rows = [entry for entry in value if isinstance(entry, dict)]
            yield from self._table(rows, heading)
            for entry in value:
                yield from self._object(entry, heading) if isinstance(entry, dict) else self.read(entry, heading)
        elif isinstance(value, dict):
            yield from self._table([value], heading)
            yield from self._object(value, heading)

    def _table(self, rows: Sequence[dict[str, Value]], heading: str) -> Iterator[Table]:
        """Yield the table that the short values of objects make, headed by their keys; names are its first column."""
        cells = [dict(self._cells(row)) for row in rows]
        columns = list(dict.fromkeys(key for row in cells for key in row))
        named = [(label, row) for entry, row in zip(rows, cells, strict=True) if row and (label := _label(entry))]
        if not named or not columns:
            return
        head = ("", *(self._head(column) for column in columns))
        body = tuple((label.text, *(row[c].text if c in row else "" for c in columns)) for label, row in named)
        lines = (self.line(named[0][0].at), *(self.line(label.at) for label, _ in named))
        marked = tuple(tuple(marked_variables(" ".join(cell.split())) for cell in row) for row in body)
        places = [[label, *(row.get(c, label) for c in columns)] for label, row in named]
        cell_lines = tuple(tuple(self.line(place.at) for place in row) for row in places)
        yield Table((head, *marked), lines, heading, cell_lines=((lines[0],) * len(head), *cell_lines))

    def _head(self, column: str) -> str:
        return "subscription" if self.lists_plans and column.lower() == "price" else _spoken(column)

    def _cells(self, row: dict[str, Value]) -> Iterator[tuple[str, Text]]:
        """Yield the cells of an object; of its numbers those that its keys call a price by the month or year."""
        found = dict(_short(row))
        period = next((value.text for key, value in found.items() if _INTERVAL.fullmatch(key)), "")
        for key, value in found.items():
            if value.is_number and not (self.sign and float(value.text)):
                continue
            money = f"{self.sign}{value.text}" if value.is_number else value.text
            if _MONTHLY.fullmatch(key) and value.is_number:
                yield key, Text(f"{money}/month", value.at)
            elif key.lower() == "price" and _MONEY.fullmatch(money) and _PER.match(period):
                yield key, Text(f"{money} {period}", value.at)
            elif not value.is_number:
                yield key, value

    def _object(self, entry: dict[str, Value], heading: str) -> Iterator[Block | Table]:
        label = _label(entry)
        below = list(self._below(entry, label, heading if label is None else label.text))
        if label is not None and below and _speaks(label.text, name=True):
            yield self.block(label, "heading", heading)
        yield from below

    def _below(self, entry: dict[str, Value], label: Text | None, heading: str) -> Iterator[Block | Table]:
        """Yield what an object says beside its name and its short values, which are in the table."""
        for key, value in entry.items():
            if value is label or _SILENT.fullmatch(key):
                continue
            if label is not None and next(_short({key: value}), None):
                continue
            yield from self.read(value, heading)


def _label(entry: dict[str, Value]) -> Text | None:
    """Return what names an object."""
    found = (entry.get(key) for key in _LABELS)
    return next((v for v in found if isinstance(v, Text) and not v.is_number and v.text.strip()), None)


def _short(entry: dict[str, Value], above: str = "") -> Iterator[tuple[str, Text]]:
    """Yield the values of an object that are cells of a table, with their keys; those of an object in it too."""
    label = _label(entry) if not above else None
    for key, value in entry.items():
        if _SILENT.fullmatch(key) or (value is label and label is not None):
            continue
        if isinstance(value, Text) and _is_cell(value) and not _TEXTS.fullmatch(key):
            yield f"{above}{key}", value
        elif isinstance(value, dict) and not above:
            yield from _short(value, f"{key} ")


def _is_cell(value: Text) -> bool:
    return 0 < len(value.text.split()) < _PROSE_WORDS and not re.search(r"[.。!?？]$", value.text.strip())


def _speaks(text: str, *, name: bool = False) -> bool:
    """Say whether a string is said to a reader, and is no name of a class or an address."""
    if re.match(r"[a-z]+:|/|#|\.", text) or not text.strip():
        return False
    return name or bool(re.search(r"\s|[\u3040-\u9fff%％$€]", text.strip()))


def _spoken(key: str) -> str:
    """Return a key as words: `monthlyPrice`, `fee_pct`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", key)
