"""What a pricing page says, as frozen values: blocks of text, clauses with their quotes, compared rows, one verdict."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal[
    "token_pct",
    "topup_pct",
    "byok_pct",
    "platform_pct",
    "orchestration_pct",
    "payment_processing",
    "subscription",
    "per_request",
    "per_log",
    "tool_per_request",
    "credit_conversion",
    "none_on_tokens",
    "hidden_fees",
    "other_fees",
]
"""The catalog's fee kinds (`llmaudit.catalog.model.FeeKind`), and three that only words have: a fee on nothing in
particular (`platform_pct`), the assurance that nothing is hidden (`hidden_fees`), and the denial of some other fee
("no agent surcharge", `other_fees`). The last two are no claim that nothing is added to the price of tokens."""

Who = Literal["gateway", "customer", "provider", "payment_processor", "other", "unknown"]
"""Whose money is meant: the gateway's own fee, a margin its customer sets for others, the model maker's price, the
bank's or card processor's fee, somebody else's (a competitor in a comparison), or unknown: a figure on a page about
several gateways that does not say whose it is. Only the gateway's own decide the verdict."""

Base = Literal["tokens", "credits", "request", "log", "byok", "payment", "subscription", "tool"]
Verdict = Literal[
    "above_list", "fee_stated", "fee_without_number", "zero_claimed_other_fees", "zero_claimed", "undisclosed"
]
RowStatus = Literal["above", "equal", "below", "explained", "unknown"]

BlockKind = Literal["heading", "question", "text", "item"]
MAX_BLOCKS = 10_000
"""Blocks read of one page: many times the longest pricing page."""


@dataclass(frozen=True)
class Block:
    """A run of text that reads as one: a paragraph, an item, a heading, a table cell.

    Attributes:
        text: Without markup. A template variable stands as it was written, between U+2045 and U+2046.
        marks: Offsets in `text` with the line of the file on which the text from there on stands.
        kind: heading, question, text or item (of a list or a table).
        heading: The nearest heading above.
    """

    text: str
    marks: tuple[tuple[int, int], ...]
    kind: BlockKind = "text"
    heading: str = ""

    def line_at(self, offset: int) -> int:
        """Return the line of the file on which a character of the text stands."""
        index = bisect_right([start for start, _ in self.marks], offset) - 1
        return self.marks[max(index, 0)][1]


@dataclass(frozen=True)
class Table:
    """A table as rows of cells (each with the file's line of the row), the heading above it, the text before it.

    `cell_lines` has the line of every cell where a row takes several, as an object of a script does.
    """

    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    heading: str = ""
    before: str = ""
    cell_lines: tuple[tuple[int, ...], ...] = ()

    def line_of(self, row: int, column: int) -> int:
        """Return the line of the file on which a cell stands."""
        return self.cell_lines[row][column] if self.cell_lines else self.lines[row]


@dataclass(frozen=True)
class Page:
    """A page as a reader sees it.

    Attributes:
        blocks: Its text in order; a table stands among them as itself.
        title: The page's own name, for telling whose page it is.
        dated: The day the page gives for itself, `YYYY-MM-DD`, or None.
        declared_language: What its markup says, or None.
        notes: What had to be assumed or left out while reading.
        code: Its code samples: no statement of the page, but they tell a page about a setting from one about prices.
        site: The name of the site it stands on, where its markup says it.
    """

    blocks: tuple[Block | Table, ...]
    title: str = ""
    dated: str | None = None
    declared_language: str | None = None
    notes: tuple[str, ...] = ()
    code: str = ""
    site: str = ""

    @property
    def text_blocks(self) -> list[Block]:
        """The blocks that are text."""
        return [block for block in self.blocks if isinstance(block, Block)]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One clause about money.

    Attributes:
        kind: What is charged, or denied.
        quote: The sentence as the page has it.
        line: The line of the file on which the words stand.
        pct: Percent, or None where the clause has none; of a range its upper end.
        pct_from: The lower end, where the page gives a range.
        fixed_usd: US dollars a time, or None.
        base: What it is charged on, or None where the page does not say.
        negated: The clause says that this is not charged.
        who: Whose fee it is.
        per: For how many requests, logs or calls `fixed_usd` is.
        minimum_usd: The least that is charged.
        threshold: From or up to where it holds, in the page's words.
        hedges: Words that take the firmness out ("may", "typically"); empty for a plain statement.
        hedged: Whether there are such words.
        condition: Words that limit it to some customers or plans ("for the paid tier"), or None.
        template: The variable that stands where a number should, or None.
        multiplier: A factor on the price (1.2), or None.
        taken: Whether a percentage is added to a payment or taken out of it, where the page says so.
        other_amount: An amount in another currency, as written.
        language: Language whose lexicon matched.
    """

    kind: Kind
    quote: str
    line: int
    pct: float | None = None
    pct_from: float | None = None
    fixed_usd: Decimal | None = None
    base: Base | None = None
    negated: bool = False
    who: Who = "gateway"
    per: int | None = None
    minimum_usd: Decimal | None = None
    threshold: str | None = None
    hedges: list[str] = []
    hedged: bool = False
    condition: str | None = None
    template: str | None = None
    multiplier: float | None = None
    taken: Literal["added", "inside"] | None = None
    other_amount: str | None = None
    language: str = "en"


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One price of a table on the page beside the provider's list.

    Attributes:
        model: As the page writes it.
        unit: input, output, cache_read or cache_write.
        page_usd: The page's price per million tokens, or in a table of two columns per whatever unit it uses.
        list_usd: The list price: the page's own provider column, or the catalog's on the page's date.
        pct: Page over list in percent.
        status: above, equal (within half a percent), below, explained (equal to another list price of that model) or
            unknown.
        basis: `page` where the page itself has both columns, else `catalog`.
        note: Why the row is explained or unknown, or which assumption it rests on.
    """

    model: str
    unit: str
    line: int
    quote: str
    page_usd: Decimal | None
    list_usd: Decimal | None
    pct: float | None
    status: RowStatus
    basis: Literal["page", "catalog"]
    note: str | None = None


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """What an undisclosed markup would cost if it were the size assumed. An assumption, not a finding."""

    assumed_pct: float
    per_1000_usd: Decimal
    monthly_usd: Decimal | None
    yearly_usd: Decimal | None


class PageAudit(msgspec.Struct, frozen=True, kw_only=True):
    """What one page says about what its gateway adds.

    Attributes:
        path: The file.
        verdict: The strongest statement on the scale of docs/markup-page.md.
        reason: The verdict in a sentence, with what decided it.
        gateway: Whose page it seems to be, or None.
        language: The page's language.
        dated: The day prices are compared on.
        findings: Every clause, in the order of the page.
        rows: Every price compared.
        what_if: Set where the verdict is `undisclosed`.
        notes: Assumptions, and what was left out.
    """

    path: str
    verdict: Verdict
    reason: str
    gateway: str | None
    language: str
    dated: str | None
    findings: list[Finding]
    rows: list[PriceRow]
    what_if: WhatIf | None
    notes: list[str]


MAX_QUESTION = 160
"""Characters of a question that stands as a label; a longer one is prose."""


@dataclass
class TextBuilder:
    """Collects text with the line of every piece; white space is folded."""

    pieces: list[str] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, line: int) -> None:
        """Add a piece of one line of the file."""
        folded = " ".join(text.split())
        if not folded:
            if text and self.pieces and not self.pieces[-1].endswith(" "):
                self._put(" ")
            return
        if text[0].isspace() and self.pieces and not self.pieces[-1].endswith(" "):
            self._put(" ")
        self.marks.append((self.length, line))
        self._put(folded + (" " if text[-1].isspace() else ""))

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)

    def take(self) -> tuple[str, tuple[tuple[int, int], ...]]:
        """Return the text with its marks, and begin anew."""
        text, marks = "".join(self.pieces), tuple(self.marks)
        self.pieces, self.marks, self.length = [], [], 0
        stripped = text.lstrip()
        gone = len(text) - len(stripped)
        return stripped.rstrip(), tuple((max(0, at - gone), line) for at, line in marks)


def joined(blocks: Sequence[Block], separator: str) -> Block:
    """Return blocks as one, each part still knowing its line."""
    text, marks = "", []
    for block in blocks:
        text += separator if text else ""
        marks += [(at + len(text), line) for at, line in block.marks]
        text += block.text
    return Block(text, tuple(marks), blocks[0].kind, blocks[0].heading)
