"""A page to its audit: every block and table read, the clauses found, the prices compared, one verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from llmaudit.catalog import Catalog
from llmaudit.errors import InputError, printable
from llmaudit.pages.charges.owners import has_own_voice
from llmaudit.pages.findings import find_clauses
from llmaudit.pages.lexicon.files import lexicons
from llmaudit.pages.lexicon.language import language_of
from llmaudit.pages.model import MAX_BLOCKS, Block, Page, PageAudit, Table
from llmaudit.pages.names import (
    SEVERAL,
    count_of_gateways,
    is_about_several,
    owner_of,
    site_of,
)
from llmaudit.pages.prices.compare import compare
from llmaudit.pages.prices.listprice import ListPrices
from llmaudit.pages.prices.shape import is_price_table
from llmaudit.pages.source.read import read_page
from llmaudit.pages.source.variables import marked_variables
from llmaudit.pages.verdict import judge, what_if

MAX_TEXT = 300_000
MAX_ROWS, MAX_COLUMNS = 3_000, 60
"""What is read of one page: several times the longest pricing page. What is left out is said in its notes."""


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
    site = site_of(page.title, page.site)
    body = " ".join(block.text for block in page.text_blocks)[:500_000]
    owner = owner_of(page.title, Path(path).stem, body, site, own_voice=has_own_voice(body))
    language = page_language(page)
    day, day_note = _day(page, on, today)
    several = owner is None and (
        is_about_several(page.title, body) or (count_of_gateways(body) >= SEVERAL and not has_own_voice(body))
    )
    findings = find_clauses(page, language, owner, site, several=several, year=today.year)
    prices = ListPrices(catalog, day)
    rows = [row for table in _price_tables(page) for row in compare(table, prices)]
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


def audit_text(text: str, catalog: Catalog, *, today: date) -> PageAudit:
    """Return the audit of text at hand, for programs that hold no file; plain text only."""
    if not text.strip():
        raise InputError(f"{printable('text')} is empty", next_step="Give the text of a page.", slug="page-unusable")
    block = Block(marked_variables(" ".join(text.split())), ((0, 1),))
    return audit(Page((block,)), "text", catalog, today=today)
