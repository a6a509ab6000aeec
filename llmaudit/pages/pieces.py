"""A page to the sentences that are read: of text, of questions with their answers, of cards and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from llmaudit.pages.model import Block, Page, Table, joined
from llmaudit.pages.pricetable import is_price_table
from llmaudit.pages.sentences import sentences
from llmaudit.pages.terms import find_terms
from llmaudit.pages.variables import unmarked
from llmaudit.pages.words import lexicons_for

MAX_LABEL = 80
MAX_ANSWER = 200
"""Characters of a label ("Platform fee"), and of an answer to a question; longer ones are prose."""

_LABEL = re.compile(r"([^:：.。!?]{2,50}?)(?:[:：]|\s[—–-])\s?(?=\S)")
"""What a paragraph or an entry begins with that says what all of it is about: "Own keys: …", "Top-ups — …"."""

LABEL_WORDS = 8
VALUE_WORDS = 7
_VALUE = re.compile(
    r"(?:from |up to |ab |dès |desde )?[~≈+]?\s?[$€£¥]?\d[\d.,]*\s?(?:%|％|[$€£]|percent)?"
    r"(?:\s?\+.*|\s?[(/].*| (?:per|pro|par|por|on|of) .*)?"
    r"|none|no|zero|free|waived|keine?|entfällt|aucune?s?|gratuit|ninguno|ninguna|gratis|无|無|免费|なし|無料|\u2045.*",
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
    """

    text: str
    block: Block
    offset: int
    quote: str | None = None
    lead: int = 0
    heading: bool = False


def pieces(page: Page, language: str) -> Iterator[Piece]:
    """Yield every sentence to read: of text, of questions with their answers, of tables."""
    blocks = _with_intros(_with_values(page.blocks, language))
    before: Block | None = None
    for block in blocks:
        if isinstance(block, Table):
            yield from _of_table(block, language)
            before = None
        elif block.kind == "question":
            before = block
        else:
            yield from _of_text(block, before, language)
            before = block if block.kind == "heading" else None


def _with_intros(blocks: Iterable[Block | Table]) -> Iterator[Block | Table]:
    """Put what introduces a list beside the heading of its entries: "Merchants can configure:", "You pay for:"."""
    intro = ""
    for block in blocks:
        if isinstance(block, Block) and block.kind == "item" and intro:
            yield replace(block, heading=f"{block.heading} {intro}".strip())
            continue
        text = block.text.rstrip() if isinstance(block, Block) else ""
        intro = text[-MAX_ANSWER:] if text.endswith((":", "：")) else ""
        yield block


def _of_text(block: Block, before: Block | None, language: str) -> Iterator[Piece]:
    if before is not None and before.kind == "question":
        block = Block(block.text, block.marks, block.kind, before.text)
    elif label := _LABEL.match(block.text):
        block = replace(block, heading=f"{block.heading} {label[1]}".strip())
    first = True
    for offset, sentence in sentences(block.text):
        if sentence.endswith(("?", "？")):
            before, first = Block(sentence, block.marks, "question", block.heading), True
            block = replace(block, heading=f"{block.heading} {sentence}".strip())
            continue
        lead = _lead(before, sentence, language, first=first) if before is not None else None
        if lead is None and first and before is not None and before.kind == "question":
            yield from _denied_in_passing(before, sentence, block, offset, language)
        first = False
        if lead is not None:
            quote = f"{before.text} {sentence}" if before is not None and before.kind == "question" else sentence
            yield Piece(lead + sentence, block, offset, quote, len(lead))
        else:
            yield Piece(sentence, block, offset, heading=block.kind == "heading")


def _denied_in_passing(before: Block, sentence: str, block: Block, offset: int, language: str) -> Iterator[Piece]:
    """Yield the "no" to what was asked where the answer goes on about something else: "No, there is no seat fee"."""
    answer = _without_marker(sentence)
    comma = re.match(r"[^,，、:：—]{1,24}[,，、:：—]", answer)
    no = next(lexicons_for(f"{before.text} {sentence}", language)).sources["no"]
    denies = comma is not None and re.match(rf"(?:{no})\W", comma[0], re.IGNORECASE)
    lead = _lead(before, comma[0], language, first=True) if comma and denies else None
    if lead is not None and comma is not None:
        yield Piece(lead + comma[0], block, offset, f"{before.text} {sentence}", len(lead))


_MARKER = re.compile(r"(?:A|Ans|Answer|Antwort|R|Réponse|Respuesta|答|回答)\s?[.:：．、]\s?")


def _without_marker(sentence: str) -> str:
    """Return an answer without what marks it as one."""
    return _MARKER.sub("", sentence.lstrip("—–-:： \"'“「"), count=1)


def _lead(before: Block, sentence: str, language: str, *, first: bool) -> str | None:
    """Return the question or heading that a sentence needs to be understood ("No.", "5% of each top-up"), or None."""
    lexicon = next(lexicons_for(f"{before.text} {sentence}", language))
    found = find_terms(before.text, lexicon)
    asked = [term for term in found if term.name not in {"charge", "multiplier", "overage", "plus"}]
    asks_more = before.kind == "question" and not asked and bool(lexicon["more"].search(before.text))
    if not (asked or asks_more) or any(term.name != "charge" for term in find_terms(sentence, lexicon)):
        return None
    name = "" if lexicon.wide else r"(?!\w)"
    term = before.text[asked[-1].start :].rstrip("?？ ") if asked else lexicon.phrases["markup"]
    answer = _without_marker(sentence)
    denies = bool(asked) and not lexicon.wide and bool(lexicon["negators"].search(before.text, 0, asked[-1].start))
    if before.kind == "question" and first and len(sentence) < MAX_ANSWER:
        if re.match(rf"(?:{lexicon.sources['no']}){name}", answer, re.IGNORECASE):
            return lexicon.phrases["none"].replace("…", term)
        if re.match(rf"(?:{lexicon.sources['yes']}){name}", answer, re.IGNORECASE):
            return lexicon.phrases["none" if denies else "some"].replace("…", term)
    if re.search(r"\d\s?[%％]|\u2046\s?%?", sentence) and any(t.name != "subscription" for t in asked):
        return f"{term}: "
    return None


def _with_values(blocks: Iterable[Block | Table], language: str) -> list[Block | Table]:
    """Join a label with the value in the next block, as cards and definition lists have them: "Platform fee", "5%"."""
    out: list[Block | Table] = []
    for block in blocks:
        last = out[-1] if out else None
        if isinstance(block, Block) and isinstance(last, Block):
            if _is_label(last, language) and _is_value(block):
                out[-1] = joined([Block(last.text.rstrip(":："), last.marks, "text", last.heading), block], ": ")
                continue
            if _is_value(last) and re.search(r"\d[^/]*$", last.text) and _is_label(block, language):
                out[-1] = joined([Block(last.text, last.marks, "text", last.heading), block], " ")
                continue
        out.append(block)
    return out


def _is_label(block: Block, language: str) -> bool:
    text = block.text
    if (
        block.kind == "question"
        or len(text.split()) > LABEL_WORDS
        or len(text) > MAX_LABEL
        or re.search(r"[.!?。！？%]$|\d", text)
    ):
        return False
    return any(term.name != "charge" for lexicon in lexicons_for(text, language) for term in find_terms(text, lexicon))


def _is_value(block: Block) -> bool:
    return len(block.text.split()) <= VALUE_WORDS and bool(_VALUE.fullmatch(block.text.rstrip(".")))


def _of_table(table: Table, language: str) -> Iterator[Piece]:
    """Yield a sentence for each cell: its row's label, its column's header, and itself."""
    if is_price_table(table):
        return
    first = table.rows[0]
    headed = not any(_AMOUNT.match(cell) for cell in first[1:])
    above = " ".join([table.heading[:MAX_ANSWER], *(first[1:] if headed else ())])
    shares = {i for i, cell in enumerate(first) if headed and i and re.search(r"\d\s?[%％]", cell)}
    for column in sorted(shares):  # "Basic fee (7%)": the amounts below are examples of it
        block = Block(first[column], ((0, table.lines[0]),), "item", table.heading)
        yield Piece(first[column], block, 0, unmarked(" | ".join(first)), heading=True)
    for row, line in list(zip(table.rows, table.lines, strict=True))[1 if headed else 0 :]:
        quote = unmarked(" | ".join(row))
        for column, cell in enumerate(row):
            if not cell or column in shares or re.fullmatch(r"[\s—–✓✔✗✘✅❌-]*", cell):
                continue
            header = first[column] if headed and column < len(first) and column else ""
            text = cell if len(cell.split()) > LABEL_WORDS else _cell_sentence(row[0], header, cell, language, table)
            if column == 0 and text != cell:
                continue
            for offset, sentence in sentences(text):
                block = Block(text, ((0, line),), "item", f"{above} {row[0][:MAX_LABEL]}" if column else above)
                yield Piece(sentence, block, offset, quote, heading=text != cell)


_AMOUNT = re.compile(r"(?:from |ab |dès |desde )?[~≈+]?\s?(?:US)?[$€£¥￥]?\s?\d")
"""What a cell begins with that holds a figure; one "per 1M tokens" heads a column."""

_BARE_MONEY = re.compile(r"[~≈+]?\s?(?:US)?[$€£¥￥]\s?\d[\d.,]*|\d[\d.,]*\s?(?:[$€£¥元円]|USD|EUR)", re.IGNORECASE)
_PERIOD = re.compile(
    r"(?:/|\bper |\bpro |\bpar |\bpor |\bal |\bim )\s?(?:(?P<year>year|yr|annum|jahr|an|año)|month|mo|monat|mois|mes)\b"
    r"|monthly|monatlich|mensuel|mensual|月額|月费|每月|毎月|/月",
    re.IGNORECASE,
)
"""How a column of plain amounts is headed that are paid by the month or year."""

_SHARE = re.compile(r"[~≈+]?\s?\d[\d.,]*\s?[%％]")
_PRICED = re.compile(
    r"fee|charge|cost|price|pricing|how much|rate|gebühr|kosten|preis|frais|coût|tarif|prix|comisi|coste|precio|费|費|价格|手数料|料金",
    re.IGNORECASE,
)
"""What a table is headed whose shares are fees: its rows may be named for what is charged, "Card top-up", "Own keys"."""


def _cell_sentence(label: str, header: str, cell: str, language: str, table: Table) -> str:
    period = _PERIOD.search(header)
    if period and _BARE_MONEY.fullmatch(cell):
        cell = f"{cell}/{next(lexicons_for(label, language)).phrases['year' if period['year'] else 'month']}"
    names_fee = any(
        term.name not in {"charge", "plus"} for lex in lexicons_for(label, language) for term in find_terms(label, lex)
    )
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{1,4})?", cell):
        factor = next((header[t.start : t.end] for lex in lexicons_for(header, language)
                       for t in find_terms(header, lex) if t.name == "multiplier"), None)  # fmt: skip
        header = factor or header
    if not names_fee and _SHARE.match(cell) and _PRICED.search(f"{table.rows[0][0]} {header} {table.heading}"):
        lexicon = next(lexicons_for(label, language))
        charged = any(lexicon.bases[name].search(label) for name in ("credits", "byok", "payment"))
        if charged and not any(term.name != "charge" for term in find_terms(header, lexicon)):
            header = lexicon.phrases["fee"]
    words = [header, label, cell] if names_fee else [label, header, cell]
    return " ".join(word.strip(" :：") for word in words if word)
