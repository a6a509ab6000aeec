"""Markdown, MDX and plain text to blocks, with the line of every word. Code and comments are no statement."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace

from llmaudit.pages.model import MAX_BLOCKS, MAX_QUESTION, Block, BlockKind, Page, Table, TextBuilder
from llmaudit.pages.source.html import tables_of
from llmaudit.pages.source.variables import constants, marked_variables, stated_date, with_constants, without_spacers

_FENCE = re.compile(r"^\s{0,12}(```+|~~~+)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"^\s*(?:[*+•–-]|\d{1,3}[.)])\s+")
_UNDERLINE = re.compile(r"^\s*(?:={3,}|-{3,})\s*$")
_MODULE = re.compile(r"^(?:import\s.+from\s|import\s+['\"]|export\s+(?:const|let|default|function|type)\b)")
_LINK = re.compile(
    r"!?\[((?:[^\[\]]|\[[^\[\]]{0,80}\]){0,300})\]\((?:[^()\s]|\([^()\s]{0,80}\)){0,500}(?:\s+\"[^\"]{0,200}\")?\)"
)
_REFERENCE = re.compile(r"\[([^\[\]]{1,200})\]\[[^\[\]]{0,80}\]")
_TITLE = re.compile(
    r"""<[A-Z]\w{0,40}\s[^<>]{0,300}?\b(?:title|label|question|summary|header)\s*=\s*(?:"([^"]{1,300})"|'([^']{1,300})'|\{["'`]([^"'`]{1,300})["'`]\})"""
)
_PRICE = re.compile(r"""\bprice\s*=\s*["']([^"'<>]{1,60})["']""")
_TAG = re.compile(r"</?(?:[A-Z][\w.]{0,40}|[a-z][a-z0-9-]{0,20})(?:\s[^<>]{0,500})?>(?!\u2046)")
_STRUCK = re.compile(r"~~(?=\S).{1,400}?(?<=\S)~~|<(s|del|strike)>.{0,400}?</\1>", re.IGNORECASE)
_EMPHASIS = re.compile(r"(\*{1,3}|_{2,3}|`+)(?=\S)(.{1,400}?)(?<=\S)\1")
_SINGLE = re.compile(r"(?<![\w_])_(?=\S)([^_]{1,300})(?<=\S)_(?![\w_])")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!$|<>~-])")
_COMMENT = re.compile(r"<!--.*?-->|\{/\*.*?\*/\}", re.DOTALL)
_LONG_TAG = re.compile(r"<[A-Za-z][\w.-]{0,40}(?=[^<>]{0,2000}\n)\s[^<>]{1,2000}>")
_TABLE = re.compile(r"<table\b", re.IGNORECASE)
_TABLE_ENDS = re.compile(r"</table\s*>", re.IGNORECASE)
MAX_CODE = 2_000
"""Lines of code samples kept."""

FULL_LINE = 60
"""A line of text shorter than this that ends without a stop is an entry of its own, not a wrapped line."""


def read_markdown(source: str) -> Page:
    """Return the page that Markdown or MDX text shows."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    front, source = _front_matter(source)
    known = constants(source)
    source = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), source)
    source = _LONG_TAG.sub(_on_one_line, source)
    reader = _Reader(known, is_markdown=True)
    code: list[str] = []
    table: list[str] = []
    for number, line in _without_code(source, code):
        if table or _TABLE.search(line):
            table.append(line)
            if _TABLE_ENDS.search(line):
                reader.take_html(number - len(table) + 1, "\n".join(table))
                table = []
            continue
        reader.take(number, line)
        if len(reader.blocks) > MAX_BLOCKS:
            break
    for number, line in enumerate(table, start=source.count("\n") + 2 - len(table)):
        reader.take(number, line)  # a table that nothing closes
    reader.end_block()
    reader.end_table()
    title = f"{front.get('title', '')} {front.get('url', '')} {reader.first_heading}".strip()
    dates = [front.get(name, "") for name in ("last_updated", "lastUpdated", "updated", "lastmod", "date")]
    texts = " ".join(block.text for block in reader.blocks if isinstance(block, Block))
    dated = next((day for day in map(stated_date, [*dates, texts]) if day), None)
    return Page(tuple(reader.blocks), title, dated, front.get("lang"), code="\n".join(code[:MAX_CODE]))


def read_text(source: str) -> Page:
    """Return the page that plain text shows; tabs between figures make a table."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    reader = _Reader({}, is_markdown=False)
    for number, line in enumerate(source.split("\n"), start=1):
        cells = [cell.strip() for cell in line.strip("\t").split("\t")]
        if len(cells) > 1 and all(cells):  # an indented line is no row
            reader.take_row(number, cells)
        else:
            reader.take(number, line)
        if len(reader.blocks) > MAX_BLOCKS:
            break
    reader.end_block()
    reader.end_table()
    first = next((block.text for block in reader.blocks if isinstance(block, Block)), "")
    texts = " ".join(block.text for block in reader.blocks if isinstance(block, Block))
    return Page(tuple(reader.blocks), first[:120], stated_date(texts))


_BOLD_LINE = re.compile(r"\s*\*\*[^*\d%$.:]{2,40}\*\*(?:\s\([^()\d]{1,20}\))?\s*$")
"""A short line in bold, by itself or with a number before it: a heading."""


def _front_matter(source: str) -> tuple[dict[str, str], str]:
    """Return the scalar fields above the page, and the page with blank lines in their place."""
    match = re.match(r"---\n(.{0,20000}?)\n---[ \t]*(?:\n|$)", source, re.DOTALL)
    if not match:
        return {}, source
    fields = re.findall(r"^([A-Za-z_]{1,40}):[ \t]*[\"']?(.{0,300}?)[\"']?[ \t]*$", match[1], re.MULTILINE)
    return dict(fields), "\n" * match[0].count("\n") + source[match.end() :]


def _without_code(source: str, code: list[str]) -> Iterator[tuple[int, str]]:
    """Yield numbered lines; fenced code (put into `code`), imports and exports become empty ones."""
    fence = ""
    braces = 0
    for number, line in enumerate(source.split("\n"), start=1):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = ""
            code.append(line)
            yield number, ""
        elif braces > 0 or _MODULE.match(line):
            braces = max(0, braces + line.count("{") - line.count("}"))
            yield number, ""
        elif mark:
            fence = mark[1][:3]
            yield number, ""
        else:
            yield number, line


def _on_one_line(match: re.Match[str]) -> str:
    """Return a tag on its first line; the lines that it took stay lines, and none that ends a paragraph.

    A price stays on its line.
    """
    first, *others = match[0].split("\n")
    prices = [_PRICE.search(line) for line in others]
    attributes = (_PRICE.sub("", line) for line in others)
    kept = (f"\n<i {price[0]}>" if price else "\n<i>" for price in prices)
    return " ".join(" ".join((first, *attributes)).split()) + "".join(kept)


class _Reader:
    """Joins lines into blocks and tables."""

    def __init__(self, known: dict[str, str], *, is_markdown: bool) -> None:
        self.known = known
        self.is_markdown = is_markdown
        self.blocks: list[Block | Table] = []
        self.text = TextBuilder()
        self.kind: BlockKind = "text"
        self.heading = self.first_heading = ""
        self.rows: list[tuple[list[str], int]] = []
        self.before = ""
        self.last = ""
        self.bold = False

    def take(self, number: int, line: str) -> None:
        """Take the next line."""
        quoted = re.sub(r"^\s{0,3}(?:(?:>\s?)+|:::+\s?\w*)", "", line)
        if quoted.count("|") >= (1 if self.rows else 2) and not quoted.strip().endswith("?"):
            self.end_block()
            self.take_row(number, _cells(quoted))
            return
        self.end_table()
        title = _TITLE.search(line)
        if title:
            self.end_block()
            self._put(number, next(value for value in title.groups() if value), heading=True)
        if line.lstrip().startswith("<") and (price := _PRICE.search(line)):
            self._put(number, f"{self.heading}: {price[1]}", heading=False)
        heading = _HEADING.match(quoted)
        if heading:
            self.end_block()
            self._put(number, heading[1], heading=True)
        elif not quoted.strip():
            self.end_block()
        elif _UNDERLINE.match(quoted) and self.last:
            self.kind = "heading"
            self.end_block()
        else:
            self._prose(number, quoted)

    def _prose(self, number: int, line: str) -> None:
        item = _ITEM.match(line)
        if item or self._begins_anew(line):
            self.end_block()
        if item:
            self.kind = "item"
            line = line[item.end() :]
        text = self.plain(line)
        self.bold = not self.last and bool(_BOLD_LINE.match(line)) and not (item and not item[0].strip()[0].isdigit())
        if text:
            wide = bool(self.last) and re.match(r"[\u3000-\u9fff\uff00-\uffef]", text[0]) is None
            self.text.add(f" {text}" if wide else text, number)
            self.last = text

    def _begins_anew(self, line: str) -> bool:
        """Say whether a line of plain text begins an entry of its own; in Markdown an empty line ends a paragraph."""
        if self.is_markdown or not self.last or re.match(r"\s*[a-z(]", line):
            return False
        short = len(self.last) < FULL_LINE and not re.search(r"[,;(]$", self.last)
        after_item = self.kind == "item" and not line[:1].isspace()
        return short or after_item or bool(re.search(r"[.?!:。？！：]$", self.last))

    def _put(self, number: int, text: str, *, heading: bool) -> None:
        self.text.add(self.plain(text), number)
        self.kind = "heading" if heading else "text"
        self.end_block()

    def plain(self, line: str) -> str:
        """Return a line without its markup."""
        line = without_spacers(with_constants(line, self.known))
        line = _LINK.sub(r"\1", _STRUCK.sub("", line))
        line = _REFERENCE.sub(r"\1", line)
        line = marked_variables(line)
        line = _TAG.sub(" ", line)
        for _ in range(3):
            line = _EMPHASIS.sub(r"\2", line)
        line = _SINGLE.sub(r"\1", line).replace("**", "")  # emphasis that goes on in the next line
        return html.unescape(_ESCAPE.sub(r"\1", line)).strip()

    def end_block(self) -> None:
        """Close the block at hand."""
        text, marks = self.text.take()
        kind: BlockKind = "heading" if self.bold else self.kind
        self.kind, self.last, self.bold = "text", "", False
        if not text:
            return
        if kind == "heading":
            self.heading = text
            self.first_heading = self.first_heading or text
        if text.endswith(("?", "？")) and (kind == "heading" or len(text) < MAX_QUESTION):
            kind = "question"
        self.blocks.append(Block(text, marks, kind, self.heading))

    def take_row(self, number: int, cells: list[str]) -> None:
        """Take a row of a table; the rule under the header is none."""
        self.end_block()
        if not self.rows:
            self.before = self.last_text()
        if not all(re.fullmatch(r":?-*:?", cell) for cell in cells) or not any(cells):
            self.rows.append(([self.plain(cell) for cell in cells], number))

    def take_html(self, line: int, source: str) -> None:
        """Take a table written in HTML, and what stands before and after it on its lines."""
        start, end = source.lower().index("<table"), source.lower().rindex("</table")
        self.take(line, source[:start].rpartition("\n")[2])
        self.end_block()
        before = self.last_text()
        for table in tables_of(with_constants(source[start:end], self.known), line):
            rows = tuple(tuple(self.plain(cell) for cell in row) for row in table.rows)
            self.blocks.append(replace(table, rows=rows, heading=self.heading, before=before))
        self.take(line + source.count("\n"), source[end:].partition(">")[2])

    def last_text(self) -> str:
        """Return the text right before, unless that is the heading."""
        last = self.blocks[-1] if self.blocks else None
        return last.text if isinstance(last, Block) and last.text != self.heading else ""

    def end_table(self) -> None:
        """Close the table at hand; a single row is text with bars in it."""
        if len(self.rows) > 1:
            rows, lines = zip(*self.rows, strict=True)
            self.blocks.append(Table(tuple(map(tuple, rows)), lines, self.heading, self.before))
        elif self.rows:
            cells, line = self.rows[0]
            text = " | ".join(cells)
            self.blocks.append(Block(text, ((0, line),), "text", self.heading))
        self.rows = []


def _cells(line: str) -> list[str]:
    parts = re.split(r"(?<!\\)\|", line.strip())
    if parts and not parts[0].strip():
        parts = parts[1:]
    if parts and not parts[-1].strip():
        parts = parts[:-1]
    return [part.strip() for part in parts]
