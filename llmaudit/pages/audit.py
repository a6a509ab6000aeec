"""A page to its audit: every block and table read, the clauses found, the prices compared, one verdict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from llmaudit.catalog import Catalog
from llmaudit.errors import InputError, printable
from llmaudit.pages.clauses import Clause, clauses
from llmaudit.pages.listprice import ListPrices
from llmaudit.pages.model import MAX_BLOCKS, Block, Finding, Page, PageAudit, Table, joined
from llmaudit.pages.names import other_gateways, own_name, owner_of
from llmaudit.pages.pricetable import compare, is_price_table
from llmaudit.pages.read import read_page
from llmaudit.pages.sentences import sentences
from llmaudit.pages.terms import Setting, find_terms
from llmaudit.pages.variables import marked_variables, unmarked
from llmaudit.pages.verdict import judge, what_if
from llmaudit.pages.words import Lexicon, language_of, lexicons, lexicons_for

MAX_TEXT = 300_000
MAX_ROWS, MAX_COLUMNS = 3_000, 60
"""What is read of one page: several times the longest pricing page. What is left out is said in its notes."""

MAX_QUOTE = 400
LABEL_WORDS = 8
VALUE_WORDS = 7
_VALUE = re.compile(
    r"(?:from |up to |ab |dès |desde )?[~≈+]?\s?[$€£¥]?\d[\d.,]*\s?(?:%|％|[$€£]|percent)?(?:\s?\+.*|\s?[(/].*| (?:per|pro|par|por|on|of) .*)?"
    r"|none|no|zero|free|waived|keine?|entfällt|aucune?s?|gratuit|ninguno|ninguna|gratis|无|無|免费|なし|無料|\u2045.*",
    re.IGNORECASE,
)

_MARGIN_SETTING = re.compile(
    r"\w+_(?:margin|markup)\w*|(?:margin|markup)_\w+|\b(?:margin|markup)(?:Percent|Percentage|Rate|Config)\b"
    r"|pricing_adjustments|(?:cost|price|pricing|rate)_?multiplier|\bmarkup[\"']?\s*[:=]",
    re.IGNORECASE,
)
"""Keys of a configuration: a page that shows them is about a margin its reader sets."""


@dataclass(frozen=True)
class Piece:
    """A sentence to read, and how to get from a place in it to a line of the file."""

    text: str
    block: Block
    offset: int
    quote: str | None = None
    lead: int = 0
    heading: bool = False


def audit_page(
    path: Path, catalog: Catalog, *, on: date | None = None, today: date, spend_usd: Decimal | None = None
) -> PageAudit:
    """Return what a saved pricing page says, against the catalog's list prices.

    Args:
        path: HTML, Markdown or text.
        catalog: The list prices.
        on: The day to compare prices on; else the day the page states, else `today`.
        today: The day that stands for "now"; passed in so that a result can be made again.
        spend_usd: What is spent in a month, for the what-if of an undisclosed markup; None is unknown.

    Raises:
        InputError: The file cannot be used.
    """
    return audit(read_page(path), str(path), catalog, on=on, today=today, spend_usd=spend_usd)


def audit(
    page: Page, path: str, catalog: Catalog, *, on: date | None = None, today: date, spend_usd: Decimal | None = None
) -> PageAudit:
    """Return the audit of a page that was read; see `audit_page`."""
    page = _bounded(page)
    owner = owner_of(page.title, Path(path).stem, " ".join(block.text for block in page.text_blocks)[:500_000])
    language = page_language(page)
    day, day_note = _day(page, on, today)
    findings = find_clauses(page, language, owner)
    prices = ListPrices(catalog, day)
    rows = [row for table in _price_tables(page) for row in compare(table, prices, owner)]
    verdict, reason = judge(findings, rows)
    compared = any(row.basis == "catalog" for row in rows)
    return PageAudit(
        path=path,
        verdict=verdict,
        reason=reason,
        gateway=owner,
        language=language,
        dated=day.isoformat(),
        findings=findings,
        rows=rows,
        what_if=what_if(spend_usd) if verdict == "undisclosed" else None,
        notes=[*page.notes, *([day_note] if compared and day_note else [])],
    )


def _bounded(page: Page) -> Page:
    """Return a page of bounded size, with a note on what was cut off."""
    kept: list[Block | Table] = []
    length = 0
    for block in page.blocks[:MAX_BLOCKS]:
        if isinstance(block, Table):
            rows = tuple(row[:MAX_COLUMNS] for row in block.rows[:MAX_ROWS])
            kept.append(replace(block, rows=rows, lines=block.lines[:MAX_ROWS]))
            length += sum(len(cell) for row in rows for cell in row)
        else:
            kept.append(block)
            length += len(block.text)
        if length > MAX_TEXT:
            break
    if len(kept) == len(page.blocks) and length <= MAX_TEXT:
        return replace(page, blocks=tuple(kept))
    cut = [replace(b, text=b.text[:MAX_TEXT]) if isinstance(b, Block) else b for b in kept]
    note = (
        f"the page is longer than a pricing page: its first {MAX_TEXT:,} characters or {MAX_BLOCKS:,} blocks were read"
    )
    return replace(page, blocks=tuple(cut), notes=(*page.notes, note))


def page_language(page: Page) -> str:
    """Return the page's language: what most of its text is in, or what its markup declares where little tells."""
    declared = (page.declared_language or "")[:2].lower()
    text = " ".join(block.text for block in page.text_blocks)[:200_000]
    return language_of(text, declared if declared in lexicons() else "en") or "en"


def _day(page: Page, on: date | None, today: date) -> tuple[date, str | None]:
    if on:
        return on, None
    if page.dated:
        try:
            return date.fromisoformat(page.dated), None
        except ValueError:
            pass  # 2026-02-31: as good as no date
    return (
        today,
        f"the page bears no date: its prices are compared with the list of {today.isoformat()}; --date sets another",
    )


def _price_tables(page: Page) -> Iterator[Table]:
    yield from (block for block in page.blocks if isinstance(block, Table) and is_price_table(block))


def find_clauses(page: Page, language: str, owner: str | None) -> list[Finding]:
    """Return every clause of a page in its order."""
    others, own = other_gateways(owner), own_name(owner)
    settings_page = bool(_MARGIN_SETTING.search(page.code))
    found: list[Finding] = []
    for piece in _pieces(page, language):
        setting = Setting(piece.block.heading, others, own, settings_page)
        for clause in _read(piece.text, language, setting, heading=piece.heading):
            finding = _finding(clause, piece)
            if finding not in found:
                found.append(finding)
    return found


@lru_cache(maxsize=512)
def _read(text: str, language: str, setting: Setting, *, heading: bool) -> tuple[Clause, ...]:
    """Read a sentence with each lexicon that may be meant, until one finds something. What repeats is read once."""
    for lexicon in lexicons_for(text, language):
        found = clauses(text.replace("’", "'"), lexicon, setting, heading=heading)
        if found:
            return tuple(found)
    return ()


def _pieces(page: Page, language: str) -> Iterator[Piece]:
    """Yield every sentence to read: of text, of questions with their answers, of tables."""
    blocks = _with_values(page.blocks, language)
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


def _of_text(block: Block, before: Block | None, language: str) -> Iterator[Piece]:
    if before is not None and before.kind == "question":
        block = Block(block.text, block.marks, block.kind, before.text)
    for index, (offset, sentence) in enumerate(sentences(block.text)):
        if sentence.endswith(("?", "？")):
            continue
        lead = _lead(before, sentence, language, first=index == 0) if before is not None else None
        if lead is not None:
            quote = f"{before.text} {sentence}" if before is not None and before.kind == "question" else sentence
            yield Piece(lead + sentence, block, offset, quote, len(lead))
        else:
            yield Piece(sentence, block, offset, heading=block.kind == "heading")


def _lead(before: Block, sentence: str, language: str, *, first: bool) -> str | None:
    """Return the question or heading that a sentence needs to be understood ("No.", "5% of each top-up"), or None."""
    lexicon = next(lexicons_for(f"{before.text} {sentence}", language))
    asked = [
        term
        for term in find_terms(before.text, lexicon)
        if term.name not in {"charge", "multiplier", "overage", "plus"}
    ]
    if not asked or any(term.name != "charge" for term in find_terms(sentence, lexicon)):
        return None
    name = "" if lexicon.wide else r"(?!\w)"
    term = before.text[asked[-1].start :].rstrip("?？ ")
    if before.kind == "question" and first and len(sentence) < 200:  # noqa: PLR2004 -- an answer, not a paragraph
        if re.match(rf"(?:{lexicon.sources['no']}){name}", sentence, re.IGNORECASE):
            return {"zh": f"没有{term}：", "ja": f"{term}はありません。"}.get(
                lexicon.language, f"{_no(lexicon)} {term}: "
            )
        if re.match(rf"(?:{lexicon.sources['yes']}){name}", sentence, re.IGNORECASE):
            return f"{_charges(lexicon)}{term}: "
    if re.search(r"\d\s?[%％]|\u2046\s?%?", sentence):
        return f"{term}: "
    return None


def _no(lexicon: Lexicon) -> str:
    return {"de": "keine", "fr": "aucun", "es": "sin"}.get(lexicon.language, "no")


def _charges(lexicon: Lexicon) -> str:
    return {"de": "zuzüglich ", "fr": "nous appliquons ", "es": "se aplica ", "zh": "收取", "ja": ""}.get(
        lexicon.language, "there is a "
    )


def _with_values(blocks: Iterable[Block | Table], language: str) -> list[Block | Table]:
    """Join a label with the value in the next block, as cards and definition lists have them: "Platform fee", "5%"."""
    out: list[Block | Table] = []
    for block in blocks:
        last = out[-1] if out else None
        if isinstance(block, Block) and isinstance(last, Block):
            if _is_label(last, language) and _is_value(block):
                out[-1] = joined([Block(last.text.rstrip(":："), last.marks, "text", last.heading), block], ": ")
                continue
            if _is_value(last) and re.search(r"\d", last.text) and _is_label(block, language):
                out[-1] = joined([Block(last.text, last.marks, "text", last.heading), block], " ")
                continue
        out.append(block)
    return out


def _is_label(block: Block, language: str) -> bool:
    text = block.text
    if (
        block.kind == "question"
        or len(text.split()) > LABEL_WORDS
        or len(text) > 80
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
    headed = not any(re.search(r"\d", cell) for cell in first[1:])
    for row, line in list(zip(table.rows, table.lines, strict=True))[1 if headed else 0 :]:
        quote = unmarked(" | ".join(row))
        for column, cell in enumerate(row):
            if not cell or re.fullmatch(r"[\s—–✓✔✗✘✅❌-]*", cell):
                continue
            header = first[column] if headed and column < len(first) and column else ""
            text = cell if len(cell.split()) > LABEL_WORDS else _cell_sentence(row[0], header, cell, language)
            if column == 0 and text != cell:
                continue
            for offset, sentence in sentences(text):
                yield Piece(sentence, Block(text, ((0, line),), "item", table.heading[:200]), offset, quote)


def _cell_sentence(label: str, header: str, cell: str, language: str) -> str:
    names_fee = any(
        term.name not in {"charge", "plus"} for lex in lexicons_for(label, language) for term in find_terms(label, lex)
    )
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{1,4})?", cell):
        factor = next((header[t.start : t.end] for lex in lexicons_for(header, language)
                       for t in find_terms(header, lex) if t.name == "multiplier"), None)  # fmt: skip
        header = factor or header
    words = [header, label, cell] if names_fee else [label, header, cell]
    return " ".join(word.strip(" :：") for word in words if word)


def _finding(clause: Clause, piece: Piece) -> Finding:
    at = piece.offset + max(0, clause.at - piece.lead)
    return Finding(
        kind=clause.kind,
        quote=_quote(piece, clause.at),
        line=piece.block.line_at(at),
        pct=None if clause.pct is None else float(clause.pct),
        fixed_usd=clause.usd,
        base=clause.base,
        negated=clause.negated,
        who=clause.who,
        per=clause.per,
        minimum_usd=clause.minimum,
        threshold=clause.threshold,
        hedges=list(clause.hedges),
        hedged=bool(clause.hedges),
        condition=clause.condition,
        template=clause.template,
        multiplier=None if clause.multiplier is None else float(clause.multiplier),
        taken=clause.taken,  # type: ignore[arg-type] -- one of its two literals
        other_amount=clause.other_amount,
        language=clause.language,
    )


def _quote(piece: Piece, at: int) -> str:
    """Return the sentence as the page has it, cut around the words where it is long."""
    text = unmarked(piece.quote or piece.text)
    if len(text) <= MAX_QUOTE:
        return text
    start = max(0, min(at - MAX_QUOTE // 2, len(text) - MAX_QUOTE))
    return ("…" if start else "") + text[start : start + MAX_QUOTE] + ("…" if start + MAX_QUOTE < len(text) else "")


def audit_text(text: str, catalog: Catalog, *, today: date) -> PageAudit:
    """Return the audit of text at hand, for programs that hold no file; plain text only."""
    if not text.strip():
        raise InputError(f"{printable('text')} is empty", next_step="Give the text of a page.", slug="page-unusable")
    block = Block(marked_variables(" ".join(text.split())), ((0, 1),))
    return audit(Page((block,)), "text", catalog, today=today)
