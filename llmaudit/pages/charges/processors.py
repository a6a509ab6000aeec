"""What is a card processor's or a bank's: fees told with its name, and figures told as its own."""

from __future__ import annotations

import re
from functools import cache

from llmaudit.pages.lexicon.files import everywhere
from llmaudit.pages.names import names


@cache
def _shape(pattern: str) -> re.Pattern[str]:
    """Return a pattern with the names of all processors for `{}`."""
    return re.compile(pattern.replace("{}", f"(?:{'|'.join(names().processors)})"), re.IGNORECASE)


_TAKES = (
    r"(?<!\w){}(?:'s)?,?\s(?:(?:itself|also|then|selbst|lui-même) )?(?:charges?|takes?|keeps?|deducts?|collects?|bills?"
    r"|berechnet|erhebt|nimmt|verlangt|behält|prélève|facture|prend|cobra|retiene|aplica)(?!\w)"
    r"|{}\s?(?:会|将|另)?(?:收取|扣除|收)|{}\s?(?:が|は|に).{0,16}(?:徴収|請求|手数料)"
)
"""A processor that takes something for itself: "Stripe takes 2.9% + $0.30 of every payment"."""

_FEE = (
    r"(?<!\w){}(?:'s)?(?:[\s-](?:\w+[\s-]){0,2}?(?:fees?|\w*gebühr\w*)|\s?の?(?:手数料|手续费))"
    r"|(?<!\w)(?:frais|comisi\w+|tarifas?) (?:de |d')?{}"
)
_WITH = r"^\W*(?:with|bei|mit|avec|chez|con) {}\b"
"""A fee with a processor's name, or told of one: "Stripe fees (2.9%)", "With PayPal, a fee of 3% applies"."""

_FIGURE = r"(?<!\w){}(?:'s (?:\w+ ){0,3}|(?:'s)? (?:standard|regular|usual|own|normal) (?:\w+ ){0,2})$"

FIGURE_WITHIN = 60
"""Characters before a figure in which a processor is named that it is told of."""


def is_processor_figure(sentence: str, at: int) -> bool:
    """Say whether the figure at a place is told as a processor's: "on top of Stripe's standard 2.9%"."""
    return bool(_shape(_FIGURE).search(sentence, max(0, at - FIGURE_WITHIN), at))


def takes_for_itself(part: str, before: str) -> bool:
    """Say whether a processor takes what a part of a sentence names, or has its name; `before` leads to the fee."""
    return any(_shape(shape).search(part) for shape in (_TAKES, _FEE)) or bool(_shape(_WITH).search(before))


def of_bank(sentence: str) -> bool:
    """Say whether a sentence is about what the customer's own bank or card issuer charges."""
    return bool(everywhere("bank").search(sentence))
