"""A component's source (TSX, JSX, TS, JSON) to blocks: the text between its tags, the lists and objects in it."""

from __future__ import annotations

import re
from dataclasses import replace

from llmaudit.pages.model import Block, Page, Table
from llmaudit.pages.source.html import read_html
from llmaudit.pages.source.literals import literals
from llmaudit.pages.source.records import Records
from llmaudit.pages.source.variables import constants, with_constants

MAX_SOURCE = 2_000_000
"""Characters of a component's source that are read: a hundred times a long one."""

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


_PLANS = re.compile(
    r"\b(?:\w+_)?\w*(?:plans?|tiers?|subscriptions?)\b(?:\s*:[^=;]{1,60})?\s*=\s*\(?\s*$", re.IGNORECASE
)
"""What before a list calls it one of plans: `const plans: Plan[] = `."""

NAMED_WITHIN = 120
"""Characters before a list in which its name stands."""

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
    long = len(source) > MAX_SOURCE
    source = source[:MAX_SOURCE].replace("\r\n", "\n").replace("\r", "\n")
    known = constants(source)
    blocks: list[Block | Table] = []
    records, parts, done = Records(source), [], 0
    for start, end, value in literals(source):
        records.lists_plans = bool(_PLANS.search(source, max(0, start - NAMED_WITHIN), start))
        found = [*records.read(value)]
        if found:
            blocks += found
            parts += [source[done:start], _blank(source[start:end])]
            done = end
    markup = _markup_of(with_constants("".join([*parts, source[done:]]), known))
    shown = read_html(markup, name) if _TAG.search(markup) else Page(())
    notes = (*shown.notes, *([f"only the first {MAX_SOURCE:,} characters of the source were read"] if long else []))
    return replace(shown, blocks=tuple(sorted((*blocks, *shown.blocks), key=_line)), notes=notes)


_TEMPLATE = re.compile(r"<(/?)template\b", re.IGNORECASE)
_OWN_SCRIPT = re.compile(r"<script\b[^<>]*>(.*?)</script>|\A---\n(.*?)\n---$", re.DOTALL | re.IGNORECASE | re.MULTILINE)


def read_component(source: str, name: str) -> Page:
    """Return the page that a component with markup of its own shows (Vue, Svelte, Astro), and the lists in its script.

    Raises:
        InputError: More markup than any page has.
    """
    source = source[:MAX_SOURCE].replace("\r\n", "\n").replace("\r", "\n")
    scripts, done = [], 0
    for match in _OWN_SCRIPT.finditer(source):
        start, end = match.span(1 if match[1] is not None else 2)
        scripts += [_blank(source[done:start]), source[start:end]]
        done = end
    listed = read_script("".join(scripts), name).blocks
    markup = _OWN_SCRIPT.sub(lambda match: _blank(match[0]), source)
    shown = read_html(_TEMPLATE.sub(r"<\1section", with_constants(markup, constants(source))), name)
    return replace(shown, blocks=tuple(sorted((*shown.blocks, *listed), key=_line)))


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
        depth += -1 if match[0] == "/>" or match[1] else 1
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
    markup = re.sub(r"^[\s)}\](;,:?]+$", lambda match: _blank(match[0]), markup, flags=re.MULTILINE)
    markup = re.sub(r"<([A-Z][\w.]*)\b[^<>]*>", lambda match: _with_texts(match[0]), markup)
    return _COMPONENT.sub(lambda match: f"<{match[1]}{_element(match[2])}", markup)


_EACH = re.compile(r"\.map\(\s*\(?\s*(?:\{([^{}]{1,200})\}|(\w+))")


def _without_elements_of_lists(markup: str) -> str:
    """Return markup without `{plan.price}` of a list's entries: the list itself is read where it stands."""
    names = {name for m in _EACH.finditer(markup) for name in re.findall(r"\w+", m[1] or m[2])}
    if not names:
        return markup
    return re.sub(rf"\{{\s*(?:{'|'.join(sorted(names))})\b[^{{}}<>]*\}}", lambda match: _blank(match[0]), markup)


def _with_texts(tag: str) -> str:
    """Return a component's tag after what its attributes say, as elements on their own lines: `question="…"`."""
    parts, done = [], 0
    for match in _ATTRIBUTE.finditer(tag):
        element = "h4" if match[1] in {"title", "question", "label", "heading"} else "p"
        parts += ["\n" * tag.count("\n", done, match.start()), f"<{element}>{match[2] or match[3]}</{element}>"]
        done = match.end()
    return "".join([*parts, "\n" * tag.count("\n", done), tag.replace("\n", " ")])


def _without_expressions(markup: str) -> str:
    """Blank the expressions in attributes: `onClick={() => …}` would end its tag at the arrow.

    Markup in one (`sub={<>…</>}`) is shown: the tag ends before it, and its other attributes stand in one of their own.
    """
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
        inside = markup[match.end() : at - 1]
        shown = (
            f"=x><p>{inside}</p><X"
            if inside.lstrip("( \n\t").startswith("<")
            else "=x" + _blank(markup[match.start() : at])
        )
        parts += [markup[done : match.start()], shown]
        done = at
    return "".join([*parts, markup[done:]])
