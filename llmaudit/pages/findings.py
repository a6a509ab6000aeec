"""A page to its findings: every sentence read, each clause with its quote and its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import chain, zip_longest

from llmaudit.pages.charges.clause import Clause
from llmaudit.pages.charges.clauses import clauses
from llmaudit.pages.lexicon.files import everywhere
from llmaudit.pages.lexicon.language import lexicons_for, simplified
from llmaudit.pages.model import Finding, Page, Table
from llmaudit.pages.names import (
    other_gateways,
    own_name,
    own_party,
    own_words,
)
from llmaudit.pages.pieces.cells import parties
from llmaudit.pages.pieces.pieces import pieces
from llmaudit.pages.pieces.split import Piece
from llmaudit.pages.sentence.parse import sets_aside
from llmaudit.pages.sentence.refuted import speaks_of_what_is_wrong, takes_back
from llmaudit.pages.sentence.setting import Setting
from llmaudit.pages.sentence.spoken import in_digits
from llmaudit.pages.source.variables import unmarked

MAX_QUOTE = 400
"""Characters of a quote; a longer sentence is cut around its words."""

_MARGIN_SETTING = re.compile(
    r"(?:\w+_(?:margin|markup)\w*|(?:margin|markup)_\w+)[\"']?\s*[:=]|\b(?:margin|markup)(?:Percent|Percentage|Rate|Config)\b"
    r"|pricing_adjustments|(?:cost|price|pricing|rate)_?multiplier"
    r"|(?<!const )(?<!let )(?<!var )\bmarkup[\"']?\s*[:=]|[\"']multiplier[\"']\s*:",
    re.IGNORECASE,
)
"""Keys of a configuration: a page that shows them is about a margin its reader sets."""

_PROSE = re.compile(r"[.。!！]\s*$|\d\s?[%％]")
"""What makes of a text's first line a sentence and no title."""


def find_clauses(
    page: Page, language: str, owner: str | None, site: str | None = None, *, several: bool = False
) -> list[Finding]:
    """Return every clause of a page in its order.

    Args:
        page: The page.
        language: What most of it is in.
        owner: The known gateway whose page it is, or None.
        site: The name of a site that is no known gateway's, or None.
        several: It is about several gateways.
    """
    whole = _page_setting(page, owner, site, several=several)
    row_of_party = replace(whole, several=True, titled=_own_row(page) or whole.titled)
    found: list[Finding] = []
    read = list(pieces(page, language))
    for piece, following in zip_longest(read, read[1:]):
        if following is not None and not following.heading and _is_taken_back(piece, following, language):
            continue
        setting = replace(
            row_of_party if piece.party else whole,
            heading=piece.block.heading or whole.heading,
            example=piece.example,
            subject=piece.subject,
            is_heading=piece.heading,
        )
        for clause in _read(piece.text, language, setting):
            finding = _finding(clause, piece)
            if not any(_says_again(finding, other) for other in found):
                found.append(finding)
    if everywhere("about_models").search(" ".join([page.title, page.site, *_texts(page)])):
        return found
    return [finding for finding in found if not (finding.negated and finding.kind == "none_on_tokens")]


def _page_setting(page: Page, owner: str | None, site: str | None, *, several: bool) -> Setting:
    """Return what surrounds every sentence of a page; its title stands above what has no heading."""
    title = "" if _PROSE.search(page.title) else page.title
    texts = [block.text for block in page.text_blocks]
    handed_over = any(everywhere("handed_over").search(text) for text in texts if text.rstrip().endswith((":", "：")))
    return Setting(
        heading=title,
        others=other_gateways(owner),
        own=own_name(owner, site),
        settings_page=handed_over or bool(_MARGIN_SETTING.search(page.code)),
        reader_sets=any(map(everywhere("reader_sets").search, texts)),
        several=several,
        titled=own_words(title) if several else None,
    )


def _own_row(page: Page) -> re.Pattern[str] | None:
    """Return the name of the one company of the page's tables that its text goes on about, or None."""
    tables = [block for block in page.blocks if isinstance(block, Table)]
    return own_party(parties(tables), " ".join(block.text for block in page.text_blocks))


_FOOTNOTES = str.maketrans("¹²³⁴⁵⁶⁷⁸⁹", " " * 9)
"""Marks of footnotes, which make no part of a word: "$0.30 per 1,000 requests²"."""


def _texts(page: Page) -> Iterator[str]:
    for block in page.blocks:
        yield from chain.from_iterable(block.rows) if isinstance(block, Table) else (block.text,)


def _is_taken_back(piece: Piece, following: Piece, language: str) -> bool:
    """Say whether a figure is called wrong by the sentence after it: 'It spoke of "a 5% fee". That was a mistake.'."""
    if not re.search(r"\d", piece.text):
        return False
    text = following.text[following.lead :].lstrip(" »”\"'’)）」』")
    return any(
        takes_back(simplified(text) if lexicon.language == "zh" else text.replace("’", "'"), lexicon)
        for lexicon in lexicons_for(text, language)
    )


def _says_again(finding: Finding, other: Finding) -> bool:
    """Say whether a finding is there already: the factor that labels a row is read with each of its cells."""
    if finding.multiplier is not None and finding.line == other.line:
        return (finding.kind, finding.multiplier, finding.who) == (other.kind, other.multiplier, other.who)
    return finding == other


@lru_cache(maxsize=512)
def _read(text: str, language: str, setting: Setting) -> tuple[Clause, ...]:
    """Read a sentence with each lexicon that may be meant, until one finds something. What repeats is read once."""
    for lexicon in lexicons_for(text, language):
        plain = (simplified(text) if lexicon.language == "zh" else text).translate(_FOOTNOTES)
        spoken = in_digits(plain.replace("’", "'"), lexicon)
        if found := clauses(spoken.text, lexicon, setting):
            return tuple(replace(clause, at=spoken.place(clause.at)) for clause in found)
        if found is None or speaks_of_what_is_wrong(plain, lexicon) or sets_aside(plain, lexicon):
            break  # what one language takes back, another that knows fewer of its words must not state
    return ()


def _finding(clause: Clause, piece: Piece) -> Finding:
    """Return a clause with its quote and line."""
    at = piece.offset + max(0, clause.at - piece.lead)
    return Finding(
        kind=clause.kind,
        quote=_quote(piece, clause.at),
        line=piece.block.line_at(at),
        pct=None if clause.pct is None else float(clause.pct),
        pct_from=None if clause.pct_from is None else float(clause.pct_from),
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
        taken=clause.taken,
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
