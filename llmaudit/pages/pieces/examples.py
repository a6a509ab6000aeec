"""Blocks and rows that are an example: what a heading announces, a bill that adds up, a row that works a sum out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from llmaudit.pages.lexicon.files import everywhere
from llmaudit.pages.lexicon.language import lexicons_for
from llmaudit.pages.model import Block, Table
from llmaudit.pages.sentence.examples import SUM_OF_MONEY


def _is_bill(table: Table) -> bool:
    """Say whether a table adds up what somebody spends: its rows are no prices of the page's."""
    return any(everywhere("total", r"\W*{}\b.{0,30}").fullmatch(row[0].strip()) for row in table.rows[1:] if row)


_CASE = re.compile(rf"\W*{SUM_OF_MONEY}\W*|\W*\d[\d.,]*\s?[%％]\W*|\W*\d[\d.,]*\s?[A-Z]{{3,4}}\W*")

_WORKED_OUT = re.compile(rf"\W*{SUM_OF_MONEY}\s?(?:\(.*\))?\W*")

_ARITHMETIC = re.compile(rf"\d[^=≈]{{0,60}}[×x*+]\s?[$€£¥￥]?\d[^=≈]{{0,60}}[=≈]\s?{SUM_OF_MONEY}")


def is_case(row: Sequence[str]) -> bool:
    """Say whether a row works out what an amount costs: it is headed by the amount, and others follow from it."""
    if any(_ARITHMETIC.search(cell) for cell in row):
        return True
    return bool(row and _CASE.fullmatch(row[0])) and any(_WORKED_OUT.fullmatch(cell) for cell in row[1:])


def is_example(text: str, language: str) -> bool:
    """Say whether a heading or what introduces a list announces an example."""
    return any(
        lexicon["examples"].search(text) or lexicon["supposed"].search(text) for lexicon in lexicons_for(text, language)
    )


def is_spent(text: str, language: str) -> bool:
    """Say whether a label is one of what somebody spends, or may spend."""
    return any(lexicon["spending"].search(text) for lexicon in lexicons_for(text, language))


def in_examples(blocks: Iterable[Block | Table], language: str) -> Iterator[tuple[Block | Table, bool]]:
    """Yield every block and whether it belongs to an example that a heading or a line with a colon announces."""
    announced = False
    for block in blocks:
        text = block.text.rstrip() if isinstance(block, Block) else ""
        if isinstance(block, Block) and (block.kind in {"heading", "question"} or not re.search(r"\d", text)):
            announced = False
        if is_example(block.heading, language) or (isinstance(block, Table) and _is_bill(block)):
            yield block, True
            continue
        yield block, announced
        if text.endswith((":", "：")) and is_example(text, language):
            announced = True
