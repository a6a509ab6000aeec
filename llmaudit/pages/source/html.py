"""HTML to text: what a reader of the page sees, with the line of every word. Nothing is executed or fetched.

The parser is the standard library's: it reports the line of each piece, which a quote needs and the faster parsers
(lexbor, libxml2 past line 65,535) do not keep, it forgives broken markup, and it adds no dependency. Its slow paths on
hostile input (unclosed comments, unclosed tags) are cut off before it sees them.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from llmaudit.errors import InputError, printable
from llmaudit.pages.model import MAX_QUESTION, Block, BlockKind, Page, Table, TextBuilder
from llmaudit.pages.source.html_table import TableReader
from llmaudit.pages.source.variables import marked_variables, stated_date, without_spacers

MAX_MARKUP = 4_000_000
"""Characters left once scripts, styles and comments are gone."""

MAX_DEPTH = 400
MAX_CODE = 1_000
"""Pieces of code samples kept."""

BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "button", "caption", "center", "dd", "details", "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
        "html", "label", "legend", "li", "main", "ol", "option", "p", "section", "summary", "table", "tbody", "td",
        "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
VOID = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
        "wbr",
    }
)  # fmt: skip
UNSEEN = frozenset(
    {
        "canvas", "datalist", "del", "footer", "head", "iframe", "math", "nav", "noscript", "object", "pre", "s",
        "select", "strike", "svg", "template", "textarea",
    }
)  # fmt: skip
"""Elements whose text is no statement of the page: navigation, footers, code, drawings, forms, what is struck out."""

CLOSES = {
    "p": {"p"},
    "li": {"li", "p"},
    "dt": {"dt", "dd", "p"},
    "dd": {"dt", "dd", "p"},
    "td": {"td", "th", "p"},
    "th": {"td", "th", "p"},
    "tr": {"td", "th", "tr", "p"},
    "option": {"option"},
}
"""Which open elements an opening tag ends where their closing tag was left out."""

_RAW = re.compile(r"<(script|style)\b", re.IGNORECASE)
_HIDES = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_COLLAPSED = re.compile(r"accordion|collaps|disclosure|expand|faq|panel|tab-?(?:content|pane)", re.IGNORECASE)
_STRUCK = re.compile(r"\bline-through\b|\bold-price\b|\bprice-old\b", re.IGNORECASE)
"""How pages strike out a price that no longer holds."""

_DATE_NAMES = {"article:modified_time", "last-modified", "date", "dcterms.modified", "og:updated_time", "revised"}


def read_html(source: str, name: str) -> Page:
    """Return the page that HTML shows.

    Raises:
        InputError: More markup than any page has.
    """
    source = _without_raw_text(_without_comments(source))
    end = source.rfind(">") + 1
    if len(source) > MAX_MARKUP:
        raise InputError(
            f"{printable(name)} has more than {MAX_MARKUP // 1_000_000} MB of markup beside its scripts",
            next_step="Save only the pricing page, or save it as text.",
            slug="page-unusable",
        )
    reader = _Reader()
    reader.feed(source[:end])
    reader.close()
    reader.handle_data(source[end:])
    return reader.page()


def tables_of(fragment: str, line: int) -> list[Table]:
    """Return the tables of a piece of HTML that begins on a line of the file."""
    reader = _Reader()
    reader.feed("\n" * (line - 1) + _without_raw_text(_without_comments(fragment)))
    reader.close()
    return [block for block in reader.page().blocks if isinstance(block, Table)]


def _without_comments(source: str) -> str:
    """Blank out comments, keeping line breaks; one that never closes takes the rest, as in a browser."""
    parts: list[str] = []
    at = 0
    while (start := source.find("<!--", at)) >= 0:
        end = source.find("-->", start + 4)
        parts.append(source[at:start])
        if end < 0:
            return "".join(parts)
        parts.append("\n" * source.count("\n", start, end))
        at = end + 3
    return "".join((*parts, source[at:]))


def _without_raw_text(source: str) -> str:
    """Blank out scripts and styles, keeping line breaks."""
    parts: list[str] = []
    lower = source.lower()
    at = 0
    while match := _RAW.search(source, at):
        end = lower.find(f"</{match[1].lower()}", match.end())
        parts.append(source[at : match.start()])
        if end < 0:
            return "".join(parts)
        close = source.find(">", end)
        at = close + 1 if close >= 0 else len(source)
        parts.append("\n" * source.count("\n", match.start(), at))
    return "".join((*parts, source[at:]))


class _Reader(HTMLParser):
    """Collects blocks and tables while the parser walks the tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block | Table] = []
        self.text = TextBuilder()
        self.open: list[str] = []
        self.unseen_from: int | None = None
        self.heading = self.title = self.headline = self.site = ""
        self.language: str | None = None
        self.dated: str | None = None
        self.controlled: set[str] = set()
        self.hidden = 0
        self.code: list[str] = []
        self.in_title = False
        self.tables: list[TableReader] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        given = {name: value or "" for name, value in attrs}
        self._notice(tag, given)
        if tag == "br":
            self._end_block()
        if tag in VOID:
            return
        for closed in CLOSES.get(tag, ()):
            if self.open and self.open[-1] == closed:
                self._close_to(len(self.open) - 1)
        if tag in BLOCKS:
            self._end_block()
        if len(self.open) < MAX_DEPTH:
            self.open.append(tag)
            self._opened(tag, given)

    def _opened(self, tag: str, given: dict[str, str]) -> None:
        self.in_title = self.in_title or (tag == "title" and "svg" not in self.open)
        if self.unseen_from is not None:
            return
        if self._is_unseen(tag, given):
            self.unseen_from = len(self.open) - 1
        elif tag == "table":
            self.tables.append(TableReader(self.heading, self._last_text()))
        elif self.tables:
            self.tables[-1].start(tag, given, self.getpos()[0])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open and close; HTML knows no `<div/>`, but a void element may be written so."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID and tag not in BLOCKS:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and those inside it that were left open."""
        if tag == "title":
            self.in_title = False
        for index in range(len(self.open) - 1, -1, -1):
            if self.open[index] == tag:
                self._close_to(index)
                return

    def handle_data(self, data: str) -> None:
        """Take text, line by line."""
        if self.in_title:
            self.title += data
            return
        if self.unseen_from is not None:
            if self.open[self.unseen_from] == "pre" and len(self.code) < MAX_CODE:
                self.code.append(data)
            return
        first = self.getpos()[0]
        for number, part in enumerate(data.split("\n")):
            text = marked_variables(without_spacers(part if number == 0 else f" {part}"))
            if self.tables and self.tables[-1].in_cell:
                self.tables[-1].cell.add(text, first + number)
            else:
                self.text.add(text, first + number)

    def _notice(self, tag: str, given: dict[str, str]) -> None:
        if tag == "html" and given.get("lang"):
            self.language = given["lang"]
        if "aria-controls" in given:
            self.controlled.update(given["aria-controls"].split())
        name = (given.get("property") or given.get("name") or given.get("itemprop") or "").lower()
        if tag == "meta" and name in _DATE_NAMES:
            self.dated = self.dated or stated_date(given.get("content", ""))
        if tag == "meta" and name in {"og:site_name", "application-name"}:
            self.title += f" {given.get('content', '')} "
            self.site = self.site or given.get("content", "").strip()
        if tag == "link" and given.get("rel") == "canonical":
            self.title += f" {given.get('href', '')} "

    def _is_unseen(self, tag: str, given: dict[str, str]) -> bool:
        if tag in UNSEEN or _STRUCK.search(f"{given.get('class', '')} {given.get('style', '')[:500]}"):
            return True
        hidden = (
            "hidden" in given or given.get("aria-hidden") == "true" or bool(_HIDES.search(given.get("style", "")[:500]))
        )
        if not hidden:
            return False
        words = f"{given.get('class', '')} {given.get('id', '')} {given.get('role', '')}"
        opens = "data-state" in given or given.get("role") in {"region", "tabpanel"} or _COLLAPSED.search(words)
        if opens or given.get("id") in self.controlled:
            return False  # a reader opens it with one click: an answer of a list of questions, a tab
        self.hidden += 1
        return True

    def _close_to(self, index: int) -> None:
        for tag in reversed(self.open[index:]):
            if tag in BLOCKS:
                self._end_block(tag)
            if tag == "table" and self.unseen_from is None and self.tables:
                table = self.tables.pop().table()
                if table:
                    self.blocks.append(table)
            elif self.tables and self.unseen_from is None:
                self.tables[-1].end(tag)
        del self.open[index:]
        if self.unseen_from is not None and self.unseen_from >= index:
            self.unseen_from = None

    def _last_text(self) -> str:
        last = self.blocks[-1] if self.blocks else None
        return last.text if isinstance(last, Block) else ""

    def _end_block(self, tag: str = "") -> None:
        text, marks = self.text.take()
        if not text:
            return
        is_heading = bool(re.fullmatch(r"h[1-6]", tag))
        is_question = text.endswith(("?", "？")) and (
            is_heading or tag in {"summary", "dt", "button"} or len(text) < MAX_QUESTION
        )
        if is_heading or tag == "summary":
            self.heading = text
            self.headline = self.headline or (text if tag == "h1" else "")
        kind: BlockKind = "question" if is_question else "heading" if is_heading else "item" if tag == "li" else "text"
        self.blocks.append(Block(text, marks, kind, self.heading))

    def page(self) -> Page:
        """Return what was read."""
        self._close_to(0)
        self._end_block()
        notes = (f"{self.hidden} hidden part(s) of the page were not read",) if self.hidden else ()
        title = " ".join(f"{self.title} {self.headline}".split())
        texts = " ".join(block.text for block in self.blocks if isinstance(block, Block))
        dated = self.dated or stated_date(texts)
        return Page(tuple(self.blocks), title, dated, self.language, notes, "".join(self.code), self.site)
