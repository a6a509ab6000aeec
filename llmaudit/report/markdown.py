"""The audit as Markdown for a pull request or a wiki: the same sections, plain tables, no charts.

Everything stays text in the renderer: pipes, HTML, links, mentions and formulas in strangers' names are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from llmaudit.audit import Audit
from llmaudit.errors import printable
from llmaudit.phrases import counted
from llmaudit.report import wording
from llmaudit.report.content import (
    Answer,
    Answers,
    Block,
    Bullets,
    Figures,
    KeyFigure,
    Kind,
    Mark,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
)
from llmaudit.report.grid import grid
from llmaudit.report.sections import contents

TEXT_LIMIT = 4000
TABLE_ROWS = 6
FOLDED_ITEMS = 12
"""Sentences of a folded list that are kept."""

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~])")
LINKING = re.compile(r"([@#])(?=\w)|(:)(?=//)|(?<=www)(\.)")
"""What a forge turns into a mention, an issue or a link; a zero-width space after it keeps it text."""

FORMULA = re.compile(r"\$(?!\d)")
CODE = re.compile(r"(`[^`]+`)")


def render_markdown(audit: Audit) -> str:
    """Return the report as Markdown; the same audit gives the same bytes."""
    head = (
        "# LLM cost audit",
        (
            f"{wording.covered(audit.spend)} (days in {text(audit.timezone)}), "
            f"price catalog {text(audit.catalog_version)}, llmaudit {text(audit.version)}."
        ),
    )
    parts = (_section(section, content) for section, content in contents(audit))
    return "\n\n".join((*head, *(block for part in parts for block in part))) + "\n"


def render_blocks(title: str, about: str, content: Iterable[Block], foot: str) -> str:
    """Return blocks as a Markdown document of their own."""
    return "\n\n".join((f"# {text(title)}", text(about), *_blocks(content), f"_{text(foot)}_")) + "\n"


def text(value: str) -> str:
    """Return one line of a stranger's text that Markdown shows as it is."""
    escaped = SPECIAL.sub(r"\\\1", printable(value, TEXT_LIMIT).replace("&", "&amp;")).replace("\\<", "&lt;")
    return FORMULA.sub(r"\\$", LINKING.sub(lambda found: f"{found.group(0)}\u200b", escaped))


def prose(value: str) -> str:
    """Return a sentence; what stands between backticks is code."""
    parts = CODE.split(printable(value, TEXT_LIMIT))
    return "".join(code(part[1:-1]) if CODE.fullmatch(part) else text(part) for part in parts)


def code(value: str) -> str:
    """Return a name as code, inside which a forge makes nothing of it."""
    inside = printable(value, wording.NAME_LIMIT).replace("`", "'").replace("|", "\\|")
    return f"`{inside}`"


def _section(section: Section, content: SectionContent) -> Iterator[str]:
    yield f"## {section.title}"
    yield from _blocks(_short(content.blocks))
    if content.caveat:
        yield f"> {prose(content.caveat)}"


def _short(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks with a line for what the page folds away: nothing folds here, and a comment has an end."""
    for block in blocks:
        match block:
            case Table(collapsed=True):
                yield Prose(f"{block.caption}: {counted(len(block.rows), 'row')}, in the HTML report.")
            case Part(collapsed=True):
                said = next((one.text for one in block.blocks if isinstance(one, Prose)), "")
                yield Prose(f"{block.title}{f' ({block.mark.text})' if block.mark else ''}: {said}")
            case Part():
                yield replace(block, blocks=tuple(_short(block.blocks)))
            case Bullets(collapsed=True) if len(block.items) > FOLDED_ITEMS:
                more = f"{len(block.items) - FOLDED_ITEMS:,} more, in the HTML report"
                yield replace(block, items=(*block.items[:FOLDED_ITEMS], more))
            case _:
                yield block


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Prose():
                yield f"**{prose(block.text)}**" if block.lead and "`" not in block.text else prose(block.text)
            case Bullets():
                yield f"**{prose(block.title)}**"
                yield "\n".join(f"- {prose(item)}" for item in block.items)
            case Figures():
                yield "\n".join(_figure(item) for item in block.items)
            case Answers():
                yield "\n".join(_answer(item) for item in block.items)
            case Table():
                yield from _table(block)
            case Part():
                yield f"### {text(block.title)}{_standing(block.mark)}"
                yield from _blocks(block.blocks)
            case _:  # a chart: the table beside it has the same numbers
                continue


def _figure(item: KeyFigure) -> str:
    note = f": {prose(item.note)}" if item.note else ""
    return f"- {text(item.label)} **{text(item.value)}**{_standing(item.mark)}{note}"


def _answer(item: Answer) -> str:
    return f"- **{text(item.question)}**{_standing(item.mark)} {prose(item.text)}"


def _standing(mark: Mark | None) -> str:
    return f" ({text(mark.text)})" if mark else ""


def _table(table: Table) -> Iterator[str]:
    """Yield a table, a long one with its rest in one row."""
    yield f"**{prose(table.caption)}**"
    if not table.rows:
        yield "None."
        return
    shown = grid(table, TABLE_ROWS)
    names = [column.kind is Kind.NAME for column in shown.columns]
    lines = [_row(text(column.title) for column in shown.columns)]
    lines.append(_row("---" if column.words else "---:" for column in shown.columns))
    lines.extend(_row(_cell(cell, name) for cell, name in zip(row, names, strict=True)) for row in shown.rows)
    if shown.foot:
        lines.append(_row(f"**{text(cell)}**" if cell else "" for cell in shown.foot))
    yield "\n".join(lines)
    if table.note:
        yield prose(table.note)


def _cell(value: str | Mark, name: bool) -> str:  # noqa: FBT001 -- private, called once
    """Return a cell; a name as code, but not the words that stand for no name and for the rest."""
    if isinstance(value, Mark):
        return text(value.text)
    is_name = name and value and value != wording.NOT_ATTRIBUTED and not value.startswith("other (")
    return code(value) if is_name else prose(value)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
