"""From a saved file to a page: bytes to characters, and the reader that fits. Nothing is executed or fetched."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

from llmaudit.errors import InputError, printable
from llmaudit.pages.model import Page, Table
from llmaudit.pages.source.html import read_html
from llmaudit.pages.source.markdown import read_markdown, read_text
from llmaudit.pages.source.payload import shown_by_scripts
from llmaudit.pages.source.script import read_component, read_script

MAX_BYTES = 20_000_000
"""A saved page with its scripts inlined has a few megabytes; anything larger is something else."""

HTML_ENDINGS = {".html", ".htm", ".xhtml", ".shtml"}
SCRIPT_ENDINGS = {".tsx", ".jsx", ".ts", ".js", ".mjs", ".json"}
COMPONENT_ENDINGS = {".vue", ".svelte", ".astro"}
MARKDOWN_ENDINGS = {".md", ".mdx", ".markdown", ".mdoc", ".rst"}
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_LOOKS_HTML = re.compile(r"<(?:!doctype html|html|head|body|main|div|table|p)\b", re.IGNORECASE)
_LOOKS_MARKDOWN = re.compile(r"^(?:#{1,6} \S|```)", re.MULTILINE)
_NOT_PAGES = ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "a zip archive"), (b"\x1f\x8b", "a gzip file"))


def read_page(path: Path) -> Page:
    """Read a saved pricing page.

    Args:
        path: HTML, Markdown (MDX too) or plain text; the ending decides, else the content. `-` is standard input,
            which has no ending: HTML where it has such tags, Markdown where it has headings or fences, else text.

    Raises:
        InputError: Missing, empty, too large, or not text.
    """
    if str(path) == "-":
        return page_of(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"the page {printable(str(path))} cannot be read: {error.strerror}",
            next_step="Check the path and its permissions.",
            slug="file-unreadable",
        ) from None
    return page_of(data, path.name)


def page_of(data: bytes, name: str) -> Page:
    """Return the page that bytes hold; see `read_page`."""
    if len(data) > MAX_BYTES:
        raise _unusable(name, f"is larger than {MAX_BYTES // 1_000_000} MB")
    if not data.strip():
        raise _unusable(name, "is empty")
    text, encoding_note = decoded(data, name)
    ending = Path(name).suffix.lower()
    if ending in SCRIPT_ENDINGS and (page := read_script(text, name)).blocks:
        pass
    elif ending in COMPONENT_ENDINGS:
        page = read_component(text, name)
    elif ending in HTML_ENDINGS or (ending not in MARKDOWN_ENDINGS and _LOOKS_HTML.search(text[:20_000])):
        page = _with_payload(read_html(text, name), text, name)
    elif ending in MARKDOWN_ENDINGS or _LOOKS_MARKDOWN.search(text[:20_000]):
        page = read_markdown(text)
    else:
        page = read_text(text)
    if not page.blocks:
        raise _unusable(name, "has no text in it", "A page built by scripts must be saved after it has loaded.")
    notes = (*page.notes, encoding_note) if encoding_note else page.notes
    return replace(page, notes=notes)


def _with_payload(page: Page, text: str, name: str) -> Page:
    """Return a page with what its scripts would show and it does not yet."""
    markup, line = shown_by_scripts(text)
    if not markup:
        return page
    seen = " ".join(block.text for block in page.text_blocks)
    found = read_html("\n" * (line - 1) + markup, name).blocks
    new = [block for block in found if isinstance(block, Table) or block.text not in seen]
    return replace(page, blocks=(*page.blocks, *new))


def decoded(data: bytes, name: str) -> tuple[str, str | None]:
    """Return bytes as text, and a note where the encoding had to be guessed."""
    for magic, what in _NOT_PAGES:
        if data.startswith(magic):
            raise _unusable(name, f"is {what}")
    for bom, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(bom):
            return data.decode(encoding, "replace"), None
    if b"\0" in data:
        raise _unusable(name, "is not text")
    if data[:200].lstrip().lower().startswith((b"mime-version:", b"from: <saved by")):
        raise _unusable(name, "is a web archive", "Save the page as HTML, or as text.")
    declared = _CHARSET.search(data[:4096])
    for encoding in (declared[1].decode("ascii") if declared else "utf-8", "utf-8"):
        try:
            return data.decode(encoding), None
        except (UnicodeDecodeError, LookupError):
            continue
    encoding = _guessed(data)
    return data.decode(encoding, "replace"), f"the encoding is not stated and not UTF-8: read as {encoding}"


def _guessed(data: bytes) -> str:
    """Return the likeliest old encoding: the one in which the page is mostly kana or common Han characters."""
    for encoding, letters in (
        ("shift_jis", "[\u3040-\u30ff]"),
        ("gb18030", "[\u4e00-\u9fff]"),
        ("big5", "[\u4e00-\u9fff]"),
    ):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        foreign = len(re.findall(r"[^\x00-\x7f]", text))
        runs = sum(map(len, re.findall(f"(?:{letters}){{2,}}", text)))  # an umlaut misread gives one letter, not a run
        if foreign and runs * 2 > foreign:
            return encoding
    return "cp1252"


def _unusable(name: str, why: str, next_step: str = "Give a saved pricing page: HTML, Markdown or text.") -> InputError:
    return InputError(f"{printable(name)} {why}", next_step=next_step, slug="page-unusable")
