"""What is known of one sentence: its words for charges, its figures, and which figure belongs to which word."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llmaudit.pages.lexicon.files import Lexicon
from llmaudit.pages.sentence.denial import is_denied
from llmaudit.pages.sentence.examples import example_at
from llmaudit.pages.sentence.figures import Amount
from llmaudit.pages.sentence.setting import Setting
from llmaudit.pages.sentence.terms import Term
from llmaudit.pages.source.variables import OPEN

FEE_NOUNS = {"fee", "platform", "topup", "payment", "orchestration", "byok", "markup"}
"""Words that own a figure before a verb does: in "a surcharge of 3% applies" it is the surcharge's."""

JOINS = re.compile(
    r"\s*(?:\+|plus|and|und|et|y|más|および|＋|，|,|\()?\s*(?:an additional |a fixed |zzgl\. |a flat )?", re.IGNORECASE
)

_PARTED = re.compile(r"[,;，；、/|]|\s(?:and|or|und|oder|et|ou|y|o|plus)\s", re.IGNORECASE)
"""What parts one figure's words from the last one's."""

_IN_CASE = re.compile(
    r"\s?(?:and |und |et |y )?(?:for|when|with|on|if|bei|mit|für|wenn|pour|avec|si|para|con|al)\b", re.IGNORECASE
)
"""How a case begins that a figure is told for."""


@dataclass
class Sentence:
    """A sentence with everything found in it; `free` and `untaken` are where it says that nothing is charged."""

    text: str
    lexicon: Lexicon
    setting: Setting
    terms: list[Term]
    zero: list[Term]
    amounts: list[Amount]
    spans: list[tuple[int, int]]
    free: list[tuple[int, int]]
    untaken: list[tuple[int, int]]
    owned: dict[int, list[Amount]] = field(default_factory=dict)
    refuted: list[Amount] = field(default_factory=list)

    def span_of(self, at: int) -> tuple[int, int]:
        """Return the part of the sentence in which a place lies."""
        return next((span for span in self.spans if span[0] <= at < span[1]), (0, len(self.text)))

    def window(self, term: Term, amount: Amount) -> tuple[int, int] | None:
        """Return the part of a sentence that says what one of several figures of a term is on; None for an only one.

        "5.5% on card purchases, 5% with crypto": the words after a figure, up to the next one; and those before it,
        back to what parts it from the last one.
        """
        index = next((i for i, t in enumerate(self.terms) if t == term), None)
        figures = [a for a in self.owned.get(index, []) if a.kind in {"pct", "variable"}] if index is not None else []
        if len(figures) < 2 or amount not in figures:  # noqa: PLR2004 -- one figure and another
            return None
        place = figures.index(amount)
        start = figures[place - 1].end if place else self.span_of(amount.start)[0]
        parted = [match.end() for match in _PARTED.finditer(self.text, start, amount.start)] if place else []
        if len(parted) > 1 and _IN_CASE.match(self.text, parted[-2], parted[-1]):
            parted.pop()  # "5% on cards and, with own keys, 3%": the case goes with the figure after it
        end = figures[place + 1].start if place + 1 < len(figures) else len(self.text)
        return (parted[-1] if parted else start), end

    def is_example(self, at: int) -> bool:
        """Say whether a place belongs to an example or to what is only supposed."""
        return self.setting.example or example_at(self.text, at, self.lexicon)

    def denied(self, term: Term) -> bool:
        """Say whether the sentence denies a charge."""
        before = (self.text[end : term.start] for _, end in self.untaken if end <= term.start)
        if any(len(gap.split()) <= 1 and not re.search(r"[^\w\s]|\d", gap) for gap in before):
            return True  # "ni cobramos comisión"
        return is_denied(self.text, term, self.span_of(term.start), self.amounts, self.lexicon)


_NAMES_PRICE = re.compile(r"price|cost|fee|rate|charge|amount|premium_requests?", re.IGNORECASE)
"""What in the name of a variable says that it stands for money: "{{ cfi_price_per_month }} per calendar month"."""


def is_money_like(sentence: Sentence, amount: Amount) -> bool:
    """Say whether a variable stands for money: a currency sign comes before it, or is its own in a price per unit."""
    if amount.unit is not None and (amount.text.startswith(f"{OPEN}$") or _NAMES_PRICE.search(amount.text)):
        return True
    return bool(re.search(r"[$€£¥]\s?$", sentence.text[: amount.start]))
