"""A component's source (TSX, JSX, TS, JSON) to blocks: the text between its tags, and the lists and objects it spells out.

Plans, questions and comparisons stand in such files as lists of objects: their short values make a table, headed by
their keys, and their texts and lists stand below their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmaudit.pages.model import Block, BlockKind, Page, Table
from llmaudit.pages.source.html import read_html
from llmaudit.pages.source.literals import Text, Value, literals
from llmaudit.pages.source.variables import constants, marked_variables, with_constants

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

_PROSE_WORDS = 8
"""Words from which a value is a text and no cell of a table."""

_TAG = re.compile(r"<(?:[A-Za-z][\w.]*|(?=>))")
_MARKUP = re.compile(r"(?:\breturn\b|=>|&&|\?|:|=)\s*\(?\s*(?=<(?:[A-Za-z][\w.-]*[\s/>]|>))")
_COMMENT = re.compile(r"\{\s*/\*.*?\*/\s*\}", re.DOTALL)
_STRING = re.compile(r"\{\s*([\"'`])((?:(?!\1)[^\\\n]){1,2000})\1\s*\}")
_SCRIPT = re.compile(r"<(?:script|style)\b[^<>]*/>")
"""Scripts closed as JSX closes them; in HTML they would take the rest of the page."""

_LOOP = re.compile(r"\{[^{}<>]{0,200}?(?:=>|&&|\?)\s*(?:\(|\{\s*return\s*\(?)?\s*(?=<)")
_ATTRIBUTE = re.compile(
    r"""\b(title|label|question|answer|description|heading|summary)=(?:"([^"]{2,1000})"|'([^']{2,1000})')"""
)


_COMPONENT = re.compile(r"<(/?)((?:[A-Z]\w*\.)*[A-Z]\w*)")
_ELEMENTS = (
    (re.compile(r"\w*(?:Link|Badge|Button|Icon|Strong|Bold|Em|Code|Span|Anchor|A)"), ""),
    (re.compile(r"\w*Row|Tr"), "tr"),
    (re.compile(r"(?:Table)?(?:Head(?:er)?Cell)|TableHead|Th"), "th"),
    (re.compile(r"\w*Cell|Td"), "td"),
    (re.compile(r"\w*Table"), "table"),
    (re.compile(r"\w*(?:Trigger|Question|Summary)"), "summary"),
    (re.compile(r"\w*(?:Title|Heading)"), "h4"),
    (re.compile(r"\w*(?:ListItem|Li)"), "li"),
    (
        re.compile(
            r"\w*(?:Item|Content|Card|Section|Header|Footer|Panel|Container|Box|Stack|Text|Paragraph|Description|Callout"
            r"|Note|Alert|List|Accordion|Group|Grid|Answer|Body|Step|Tab)s?"
        ),
        "div",
    ),
)
"""What components of such names show as; the others stand within a line."""


def _element(component: str) -> str:
    """Return the element that a component shows as, or its own name for one within a line."""
    name = component.rpartition(".")[2]
    return next((element or component for shape, element in _ELEMENTS if shape.fullmatch(name)), component)


def read_script(source: str, name: str) -> Page:
    """Return the page that a component's source shows.

    Raises:
        InputError: More markup than any page has.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    known = constants(source)
    blocks: list[Block | Table] = []
    for start, end, value in list(literals(source)):
        found = [*_Data(source).read(value)]
        if found:
            blocks += found
            source = source[:start] + _blank(source[start:end]) + source[end:]
    markup = _markup_of(with_constants(source, known))
    shown = read_html(markup, name) if _TAG.search(markup) else Page(())
    return replace(shown, blocks=tuple(sorted((*blocks, *shown.blocks), key=_line)))


def _line(block: Block | Table) -> int:
    return block.lines[0] if isinstance(block, Table) else block.line_at(0)


def _blank(text: str) -> str:
    """Return white space that keeps the lines of a text where they are."""
    return re.sub(r"[^\n]", " ", text)


def _markup_of(source: str) -> str:
    """Return a source with everything but its markup blank; what stands in attributes for a reader stands as text."""
    parts, done = [], 0
    for match in _MARKUP.finditer(source):
        if match.end() < done:
            continue
        end = _end_of_markup(source, match.end())
        parts += [_blank(source[done : match.end()]), _without_code(source[match.end() : end])]
        done = end
    return "".join([*parts, _blank(source[done:])])


def _end_of_markup(source: str, at: int) -> int:
    """Return where the element that begins at a place is closed; tags inside braces and strings are its own."""
    depth = 0
    for match in re.compile(r"<(/?)([A-Za-z][\w.-]*)?(?=[\s/>])|/>", re.DOTALL).finditer(source, at):
        if match[0] == "/>":
            depth -= 1
        elif match[1]:
            depth -= 1
        else:
            depth += 1
        if depth <= 0:
            return source.find(">", match.start()) + 1 or len(source)
    return len(source)


def _without_code(markup: str) -> str:
    """Return markup without the code in it: comments, loops, expressions in attributes; strings stand as text."""
    markup = _COMMENT.sub(lambda match: _blank(match[0]), markup)
    markup = _STRING.sub(lambda match: match[2] if match[2].strip() else " ", markup)
    markup = _without_expressions(markup)
    markup = _SCRIPT.sub(lambda match: _blank(match[0]), markup)
    markup = _without_elements_of_lists(markup)
    markup = _LOOP.sub(lambda match: _blank(match[0]), markup)
    markup = re.sub(r"^[\s)}\](;,:?]+$", "", markup, flags=re.MULTILINE)
    markup = re.sub(r"<([A-Z][\w.]*)\b[^<>]*>", lambda match: _texts_of(match[0]) + match[0], markup)
    return _COMPONENT.sub(lambda match: f"<{match[1]}{_element(match[2])}", markup)


_EACH = re.compile(r"\.map\(\s*\(?\s*(?:\{([^{}]{1,200})\}|(\w+))")


def _without_elements_of_lists(markup: str) -> str:
    """Return markup without `{plan.price}` of a list's entries: the list itself is read where it stands."""
    names = {name for m in _EACH.finditer(markup) for name in re.findall(r"\w+", m[1] or m[2])}
    if not names:
        return markup
    return re.sub(rf"\{{\s*(?:{'|'.join(sorted(names))})\b[^{{}}<>]*\}}", lambda match: _blank(match[0]), markup)


def _texts_of(tag: str) -> str:
    """Return what a component's attributes say, as elements before it: `question="…"`."""
    found = ((match[1], match[2] or match[3]) for match in _ATTRIBUTE.finditer(tag))
    return "".join(
        f"<h4>{text}</h4>" if name in {"title", "question", "label", "heading"} else f"<p>{text}</p>"
        for name, text in found
    )


def _without_expressions(markup: str) -> str:
    """Blank the expressions in attributes: `onClick={() => …}` would end its tag at the arrow."""
    parts, done = [], 0
    for match in re.finditer(r"(?<=[\w-])=\{", markup):
        if match.start() < done:
            continue
        depth, at = 0, match.end() - 1
        while at < len(markup):
            depth += (markup[at] == "{") - (markup[at] == "}")
            at += 1
            if not depth:
                break
        parts += [markup[done : match.start()], "=x" + _blank(markup[match.start() : at])]
        done = at
    return "".join([*parts, markup[done:]])


class _Data:
    """Reads the lists and objects of a source."""

    def __init__(self, source: str) -> None:
        self.source = source

    def line(self, at: int) -> int:
        return self.source.count("\n", 0, at) + 1

    def block(self, text: Text, kind: BlockKind, heading: str) -> Block:
        shown = marked_variables(" ".join(text.text.split()))
        kind = "question" if shown.endswith(("?", "？")) else kind
        return Block(shown, ((0, self.line(text.at)),), kind, shown if kind in {"heading", "question"} else heading)

    def read(self, value: Value, heading: str = "") -> Iterator[Block | Table]:
        """Yield what a literal says, below a heading."""
        if isinstance(value, Text):
            if _speaks(value.text):
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
        cells = [dict(_short(row)) for row in rows]
        columns = list(dict.fromkeys(key for row in cells for key in row))
        named = [(label, row) for entry, row in zip(rows, cells, strict=True) if row and (label := _label(entry))]
        if not named or not columns:
            return
        head = ("", *(_spoken(column) for column in columns))
        body = tuple((label.text, *(row[c].text if c in row else "" for c in columns)) for label, row in named)
        lines = (self.line(named[0][0].at), *(self.line(label.at) for label, _ in named))
        marked = tuple(tuple(marked_variables(" ".join(cell.split())) for cell in row) for row in body)
        yield Table((head, *marked), lines, heading)

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
    return next((value for value in found if isinstance(value, Text) and value.text.strip()), None)


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
